//! A daemon of two districts for the tests of flows: everything real but clock, directory and mail.

use provost_core::Timestamp;
use provost_core::contact::Contact;
use provost_core::id::PersonId;
use provost_core::lifecycle::clock::Reading;
use provost_core::role::Roles;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::daemon::Daemon;
use crate::flow;
use crate::ldap::InMemory;
use crate::live::Live;
use crate::ports::{Clock, Ports};
use crate::store::Store;

/// Two districts, each with its feed.
const CONFIGURATION: &str = r#"
[store]
path = "/nonexistent/provost.db"
[[district]]
id = "lone-pine"
name = "Lone Pine Unified"
timezone = "America/Denver"
[[district]]
id = "big-sky"
name = "Big Sky"
timezone = "America/Denver"
[[feed]]
id = "portal"
district = "lone-pine"
max-lag = "26h"
[[feed]]
id = "big-sky-portal"
district = "big-sky"
"#;

/// Ana and Ben are contacts of Lone Pine, Ned is a teacher there, Kim is the contact of Big Sky.
const REGISTER: &str = r#"
[[person]]
id = "ana"
district = "lone-pine"
username = "aortiz"
name = "Ana Ortiz"
[[person]]
id = "ben"
district = "lone-pine"
username = "bwhite"
name = "Ben White"
[[person]]
id = "ned"
district = "lone-pine"
username = "nkirk"
name = "Ned Kirk"
[[person]]
id = "kim"
district = "big-sky"
username = "kibrahim"
name = "Kim Ibrahim"
[[contact]]
person = "ana"
type = "support"
designated = "2024-09-03T16:00:00Z"
[[contact]]
person = "ben"
type = "support"
designated = "2024-09-03T16:00:00Z"
[[contact]]
person = "kim"
type = "support"
designated = "2024-09-03T16:00:00Z"
"#;

/// A clock that stands where it was set.
struct Still(Mutex<Timestamp>);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> Reading {
        Reading {
            wall: self.now(),
            boot: "rig".to_owned(),
            uptime_ms: u64::try_from(self.now().as_millisecond()).unwrap_or(0),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(10)
    }
}

pub(crate) struct Rig {
    pub(crate) daemon: Arc<Daemon>,
    clock: Arc<Still>,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Rig {
    /// In memory, on 3 September 2024.
    pub(crate) fn new() -> Self {
        Self::on(Store::in_memory().unwrap())
    }

    pub(crate) fn on(store: Store) -> Self {
        let clock = Arc::new(Still(Mutex::new(at("2024-09-03T16:00:00Z"))));
        let written = crate::document::parse("rig", CONFIGURATION).unwrap();
        let config = crate::config::parse(&written, None).unwrap();
        let live = Live {
            config,
            roles: Arc::new(Roles::standard()),
            policies: Vec::new(),
            channels: BTreeMap::new(),
            relay: Arc::new(crate::deliver::Carrier::default()),
            tls: None,
            ward: Arc::default(),
            checkpoint_key: None,
        };
        let ports = Ports {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            directory: Arc::new(InMemory::default()),
            deliver: None,
        };
        let daemon = Daemon::new(Arc::new(store), live, ports).unwrap();
        let document = crate::document::parse("rig", REGISTER).unwrap();
        let actor = provost_core::change::Actor::Operator("rig".to_owned());
        daemon
            .scene(|scene| flow::import::run(scene, &document, &actor, false))
            .unwrap();
        Self { daemon, clock }
    }

    pub(crate) fn set_clock(&self, to: &str) {
        *self.clock.0.lock().unwrap() = at(to);
    }

    pub(crate) fn contact(&self, person: &str) -> Contact {
        let register = self.daemon.store.read().unwrap();
        let person = PersonId::new(person).unwrap();
        register.contact(&person).unwrap().unwrap()
    }
}
