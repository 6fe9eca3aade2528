//! The hostile set: for every limit a plugin that breaks it. Each is held, with the reason named; and each gets its way
//! as soon as that one limit is taken out, so that none is there for show and none does another's work.

mod answers;
mod endless;
mod greedy;

use provost_core::contact::ContactKind;
use provost_core::district::Help;
use provost_core::notice::NoticeKind;
use provost_sandbox::limits::Limits;
use provost_sandbox::{
    Engine, Moment, NoticeView, Plugin, Recipient, RecipientRole, Reply, Settings,
};
use serde_json::Map;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use crate::facts::{facts, person};
use crate::forge::{Forged, ForgedChannel};
use crate::{ask, load};

/// Stack of the thread that calls plugins whose own stack is not limited.
const AMPLE_STACK_BYTES: usize = 64 << 20;

/// More than any call takes, compiling it included.
const HELD_WITHIN: Duration = Duration::from_secs(20);

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is loaded, instantiated and describes itself.
    Load,
    /// It is asked whether somebody may do `forged.act`.
    Evaluate,
    Render,
    Judge,
}

/// One hostile plugin and what it is up to.
struct Attack {
    name: &'static str,
    component: Vec<u8>,
    way: Way,
    /// Part of the reason for which it is stopped.
    held: &'static str,
    /// The limit that holds it, taken out.
    lift: fn(&mut Limits),
    /// Part of the reason of the next limit behind it; most attacks meet none and get their way.
    then: Option<&'static str>,
}

impl Attack {
    fn policy(name: &'static str, way: Way, forged: &Forged) -> Self {
        Self::of(name, way, forged.component())
    }

    fn channel(name: &'static str, way: Way, forged: &ForgedChannel) -> Self {
        Self::of(name, way, forged.component())
    }

    fn of(name: &'static str, way: Way, component: Vec<u8>) -> Self {
        Self {
            name,
            component,
            way,
            held: "",
            lift: |_| (),
            then: None,
        }
    }

    fn held(self, held: &'static str, lift: fn(&mut Limits)) -> Self {
        Self { held, lift, ..self }
    }
}

fn engine(limits: Limits) -> Engine {
    Engine::new(Settings {
        limits,
        ..Settings::default()
    })
    .unwrap()
}

/// What the plugin achieves: an answer that the host takes, or the reason why not.
fn outcome(engine: &Engine, component: &[u8], way: Way) -> Result<(), String> {
    let plugin = load(engine, component).map_err(|why| said(&why))?;
    match (&plugin, way) {
        (_, Way::Load) => Ok(()),
        (Plugin::Policy(policy), _) => {
            let facts = facts("forged", person("ana", &["sis"]));
            let answer = ask(policy, "forged.act", &facts);
            answer.map(drop).map_err(|why| said(&why))
        }
        (Plugin::Channel(channel), Way::Judge) => {
            let reply = Reply::Mail {
                code: 250,
                enhanced: None,
                text: "ok".to_owned(),
            };
            channel.judge(&reply).map(drop).map_err(|why| said(&why))
        }
        (Plugin::Channel(channel), _) => {
            let rendered = channel.render(&notice(), &recipient(), &Map::new());
            rendered.map(drop).map_err(|why| said(&why))
        }
    }
}

fn said(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        said = format!("{said}: {why}");
        cause = why.source();
    }
    said
}

fn recipient() -> Recipient {
    Recipient {
        address: "ana@bigsky.example".to_owned(),
        name: "Ana Ortiz".to_owned(),
        role: RecipientRole::Contact,
    }
}

fn notice() -> NoticeView {
    let moment = Moment::new(
        "2025-03-02T17:00:00Z".parse().unwrap(),
        &provost_core::time::Zone::utc(),
    );
    NoticeView {
        id: "1".to_owned(),
        kind: NoticeKind::Notice,
        person: "Ana Ortiz".to_owned(),
        contact_kind: ContactKind::Support,
        district: "Big Sky Unified".to_owned(),
        written: moment.clone(),
        last_activity: None,
        deadline: Some(moment),
        days_left: 30,
        last_contact: false,
        others: Vec::new(),
        restoring_case: "Modify Support Contact".to_owned(),
        help: Help::default(),
    }
}

/// Runs on a thread with room for a plugin whose stack is not limited.
fn with_ample_stack(test: fn()) {
    let thread = thread::Builder::new().stack_size(AMPLE_STACK_BYTES);
    thread.spawn(test).unwrap().join().unwrap();
}

/// Every attack is held within time, memory and length of what is said, for the named reason; and without its limit
/// it gets its way.
fn all_held(attacks: &[Attack]) {
    let real = engine(Limits::default());
    for attack in attacks {
        let Attack { name, way, .. } = attack;
        let began = Instant::now();
        let why = outcome(&real, &attack.component, *way).expect_err(name);
        assert!(why.contains(attack.held), "{name}: {why}");
        assert!(why.len() < 2048, "{name}: {} bytes said", why.len());
        assert!(began.elapsed() < HELD_WITHIN, "{name}");

        let mut limits = Limits::default();
        (attack.lift)(&mut limits);
        assert_ne!(limits, Limits::default(), "{name} is held by no limit");
        let freed = outcome(&engine(limits), &attack.component, *way);
        match (attack.then, freed) {
            (None, freed) => assert_eq!(freed, Ok(()), "{name} without its limit"),
            (Some(then), freed) => {
                let why = freed.expect_err(name);
                assert!(why.contains(then), "{name} without its limit: {why}");
            }
        }
    }
}

#[test]
fn each_way_to_run_on_and_on_is_stopped_by_fuel() {
    with_ample_stack(|| all_held(&endless::burners()));
}

#[test]
fn what_fuel_does_not_count_is_stopped_by_the_clock() {
    with_ample_stack(|| all_held(&endless::sitters()));
}

#[test]
fn each_way_to_take_memory_tables_and_stack_is_stopped() {
    with_ample_stack(|| all_held(&greedy::attacks()));
}

#[test]
fn each_answer_that_is_too_much_is_refused() {
    with_ample_stack(|| all_held(&answers::too_much()));
}

#[test]
fn each_answer_that_makes_no_sense_is_refused_and_the_same_plugin_goes_on() {
    with_ample_stack(|| {
        let real = engine(Limits::default());
        for (attack, mended) in answers::senseless() {
            let why = outcome(&real, &attack.component, attack.way).expect_err(attack.name);
            assert!(why.contains(attack.held), "{}: {why}", attack.name);
            assert!(why.len() < 2048 && !why.contains(char::is_control));
            let well = outcome(&real, &mended, attack.way);
            assert_eq!(well, Ok(()), "{} without it", attack.name);
        }
    });
}
