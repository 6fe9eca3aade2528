//! A daemon on a register in a file: started, crashed and started again. Everything in it is the real one.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use provost::compile::Compiler;
use provost::daemon::Daemon;
use provost::flow::ingest::{self, Sender, Sent, Taken};
use provost::flow::neighbourhood::Neighbourhood;
use provost::flow::{self, FlowError, Scene};
use provost::live::{Live, LiveChannel, Loader};
use provost::ports::{Clock as _, Ports};
use provost::store::Store;
use provost_core::change::{Actor, Change, Plan};
use provost_core::contact::Contact;
use provost_core::id::{PersonId, PluginId, Revision, SourceId};
use provost_core::lifecycle;
use provost_core::person::{DirectoryLink, DirectoryStatus};
use tokio_util::sync::CancellationToken;

use crate::ports::{Machine, Post, SimulatedClock};

/// What all worlds share: the compiled channel and a runtime.
pub(crate) struct House {
    /// Keeps what it has compiled in a folder, beside a register of its own.
    loader: Loader,
    _folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl House {
    pub(crate) fn new() -> Self {
        let folder = crate::world::folder();
        let database = folder.path().join("provost.db");
        let store = Arc::new(Store::open(&database).unwrap());
        Self {
            loader: Loader::beside(&store, &database, None, Compiler::Here).unwrap(),
            _folder: folder,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }
}

/// What a district's configuration says of inactivity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) zone: &'static str,
    pub(crate) warn: i64,
    pub(crate) off: i64,
    pub(crate) holds_last: bool,
    /// The kinds of activity that count.
    pub(crate) qualifying: Vec<&'static str>,
    pub(crate) feed: bool,
}

/// The daemon of a world.
pub(crate) struct Running<'h> {
    house: &'h House,
    file: PathBuf,
    pub(crate) clock: Arc<SimulatedClock>,
    pub(crate) post: Arc<Post>,
    daemon: Option<Arc<Daemon>>,
    /// What was in force last, to be put in force again without trying its plugins.
    loaded: RefCell<Option<(Vec<Settings>, Live)>>,
}

/// What came of a call.
pub(crate) type Done<T> = Result<T, Crash>;

/// The daemon died in the middle of it. Nobody knows whether the last commit was made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Crash;

impl<'h> Running<'h> {
    /// A daemon on a new register.
    pub(crate) fn new(house: &'h House, file: PathBuf, start: Timestamp) -> Self {
        let machine = Machine {
            time: start,
            ahead: SignedDuration::ZERO,
            booted: start,
            boots: 1,
        };
        Self {
            house,
            file,
            clock: Arc::new(SimulatedClock(Mutex::new(machine))),
            post: Arc::new(Post::new()),
            daemon: None,
            loaded: RefCell::default(),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.daemon.is_some()
    }

    pub(crate) fn daemon(&self) -> &Arc<Daemon> {
        self.daemon.as_ref().unwrap()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.daemon().store
    }

    /// What the wall clock shows.
    pub(crate) fn wall(&self) -> Timestamp {
        self.clock.now()
    }

    /// Starts the daemon; one that crashes while it starts is started again.
    pub(crate) fn start(&mut self, districts: &[Settings]) {
        loop {
            let store = Arc::new(Store::open(&self.file).unwrap());
            let ports = Ports {
                clock: Arc::clone(&self.clock) as _,
                directory: Arc::new(provost::ldap::InMemory::default()),
                deliver: Some(Arc::clone(&self.post) as _),
            };
            let live = self.live(districts);
            match Daemon::new(store, live, ports) {
                Ok(daemon) => {
                    self.daemon = Some(daemon);
                    return;
                }
                Err(error) => assert!(is_crash(&error), "start: {error:?}"),
            }
        }
    }

    pub(crate) fn stop(&mut self) {
        self.daemon = None;
    }

    /// What a reload puts in force.
    pub(crate) fn configure(&self, districts: &[Settings]) -> Done<()> {
        let live = self.live(districts);
        let all: Vec<_> = live.config.districts.values().cloned().collect();
        let feeds = &live.config.feeds;
        let now = self.wall();
        crashed(flow::districts::follow(self.store(), &all, feeds, now))?;
        self.daemon().live.store(Arc::new(live));
        Ok(())
    }

    fn live(&self, districts: &[Settings]) -> Live {
        let mut loaded = self.loaded.borrow_mut();
        let known = loaded.take().filter(|(known, _)| known == districts);
        let (_, live) = loaded.insert(known.unwrap_or_else(|| {
            let map = provost::document::parse("simulation", &configuration(districts)).unwrap();
            let config = provost::config::parse(&map, None).unwrap();
            let live = Live::load(config, &self.house.loader);
            let live = live.unwrap_or_else(|problems| panic!("{problems:?}"));
            (districts.to_vec(), live)
        }));
        same(live)
    }

    /// A flow on the register, as it is called by the API.
    pub(crate) fn flow<T>(
        &self,
        flow: impl FnOnce(Scene<'_>) -> Result<T, FlowError>,
    ) -> Result<T, FlowError> {
        self.daemon().scene(flow)
    }

    /// What the timer does: sweeps and deliveries, until nothing is due. Says when something is next, or that the clock
    /// is frozen.
    pub(crate) fn tick(&self) -> Done<Tick> {
        let daemon = self.daemon();
        let watched = flow::clock::watch(&daemon.store, self.clock.reading());
        let Some(now) = crashed(watched)? else {
            return Ok(Tick::Frozen);
        };
        let live = daemon.config();
        let scene = Scene {
            store: &daemon.store,
            live: &live,
            now,
        };
        for _ in 0..16 {
            let changes = crashed(flow::sweep::run(scene, &Actor::Timer))?;
            let (next_due, next_try) = {
                let register = daemon.store.read().unwrap();
                (
                    register.next_due().unwrap(),
                    register.outbox_next().unwrap(),
                )
            };
            if next_try.is_some_and(|next| next <= self.wall()) {
                let stop = CancellationToken::new();
                let delivery = flow::notify::deliver_due(daemon, &stop);
                crashed(self.house.runtime.block_on(delivery))?;
            } else if changes == 0 {
                return Ok(Tick::Next([next_due, next_try].into_iter().flatten().min()));
            }
        }
        panic!("the timer never comes to rest");
    }

    /// The register's last commit.
    pub(crate) fn revision(&self) -> Revision {
        self.store().read().unwrap().revision()
    }

    /// A person's contact, as the register has it.
    pub(crate) fn row(&self, person: usize) -> Option<Contact> {
        let id = PersonId::new(format!("p{person}")).unwrap();
        self.store().read().unwrap().contact(&id).unwrap()
    }

    /// What a sync commits when a directory says this of somebody.
    pub(crate) fn directory(&self, person: usize, status: DirectoryStatus) -> Done<()> {
        let id = PersonId::new(format!("p{person}")).unwrap();
        let register = self.store().read().unwrap();
        let before = register.person(&id).unwrap().unwrap();
        let mut after = before.clone();
        after.directory = Some(DirectoryLink {
            source: SourceId::new("directory").unwrap(),
            stable_id: id.to_string(),
            dn: String::new(),
            status,
        });
        let actor = Actor::Source(SourceId::new("directory").unwrap());
        let mut plan = Plan::new(register.revision(), actor.clone(), self.wall());
        if let Some(contact) = register.contact(&id).unwrap() {
            let feeds = &self.daemon().config().config.feeds.clone();
            let here = Neighbourhood::read(&register, feeds, &contact.district).unwrap();
            if let Some(step) =
                lifecycle::directory(&contact, &here.around(&id), status, self.wall())
            {
                plan.changes.push(Change::Contact {
                    before: Some(Box::new(contact)),
                    after: Box::new(step.contact),
                });
                let notices = step.notices.into_iter().map(Box::new);
                plan.changes
                    .extend(notices.map(|notice| Change::Notice { notice }));
            }
        }
        plan.changes.push(Change::Person {
            before: Some(Box::new(before.clone())),
            after: Some(Box::new(after)),
        });
        drop(register);
        let done = self.store().commit(plan).map(drop);
        crashed(done.map_err(FlowError::from))?;
        let district = before.district;
        crashed(self.flow(|scene| flow::districts::gained(scene, &district, &actor)))
    }

    /// A batch of activity.
    pub(crate) fn ingest(&self, sent: &[Sent]) -> Done<Vec<Taken>> {
        let sender = Sender {
            actor: Actor::Spool("portal".to_owned()),
            reach: None,
            unreadable_before: false,
        };
        crashed(self.flow(|scene| ingest::run(scene, sent, &sender)))
    }
}

/// The same plugins and configuration once more.
fn same(live: &Live) -> Live {
    let channel = |(id, it): (&PluginId, &LiveChannel)| {
        let it = LiveChannel {
            channel: it.channel.clone(),
            settings: it.settings.clone(),
        };
        (id.clone(), it)
    };
    Live {
        config: live.config.clone(),
        roles: Arc::clone(&live.roles),
        policies: live.policies.clone(),
        tls: live.tls.clone(),
        channels: live.channels.iter().map(channel).collect(),
        relay: Arc::clone(&live.relay),
        ward: Arc::clone(&live.ward),
        checkpoint_key: None,
    }
}

/// What the timer says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    Frozen,
    Next(Option<Timestamp>),
}

/// A flow that did not end because the daemon died; any other error of a flow is one of the simulation.
pub(crate) fn crashed<T>(result: Result<T, FlowError>) -> Done<T> {
    result.map_err(|error| {
        assert!(is_crash(&error), "{error:?}");
        Crash
    })
}

pub(crate) fn is_crash(error: &FlowError) -> bool {
    use provost::store::{CommitError, StoreError};
    matches!(
        error,
        FlowError::Store(StoreError::Stopped)
            | FlowError::Commit(CommitError::Store(StoreError::Stopped))
    )
}

fn configuration(districts: &[Settings]) -> String {
    let plugin = provost_tests::provost::plugin("email");
    let mut text = format!(
        "[store]\npath = \"/nonexistent/provost.db\"\n\
         [mail]\nrelay = \"smtp://127.0.0.1:25\"\nfrom = \"provost@district.example\"\n\
         [[plugin]]\nid = \"email\"\nfile = \"{}\"\n\
         [[route]]\nnotices = [\"inactivity.*\"]\nto = \"contact\"\nchannels = [\"email\"]\n",
        plugin.display()
    );
    for (n, district) in districts.iter().enumerate() {
        let last = if district.holds_last {
            "hold"
        } else {
            "deactivate"
        };
        let _ = write!(
            text,
            "[[district]]\nid = \"d{n}\"\nname = \"District {n}\"\ntimezone = \"{}\"\nmailbox = \"it@d{n}.example\"\n\
             inactivity = {{ warn-after = \"{}d\", deactivate-after = \"{}d\", last-contact = \"{last}\", \
             qualifying = {:?} }}\n",
            district.zone, district.warn, district.off, district.qualifying
        );
        if district.feed {
            let _ = write!(
                text,
                "[[feed]]\nid = \"f{n}\"\ndistrict = \"d{n}\"\nmax-lag = \"26h\"\n"
            );
        }
    }
    text
}
