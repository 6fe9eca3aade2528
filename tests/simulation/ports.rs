//! What the daemon is given from outside: a clock that is set, and a post office with moods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use provost::deliver::{Deliver, Parcel, Reply, Sending};
use provost::ports::Clock;
use provost_core::id::NoticeId;
use provost_core::lifecycle::clock::Reading;

/// The time that it really is, and what the machine makes of it.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// The true time.
    pub(crate) time: Timestamp,
    /// How far the wall clock is ahead of it.
    pub(crate) ahead: SignedDuration,
    /// When the machine was started.
    pub(crate) booted: Timestamp,
    /// How often.
    pub(crate) boots: u32,
}

/// The clock of a machine.
pub(crate) struct SimulatedClock(pub(crate) Mutex<Machine>);

impl SimulatedClock {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Machine) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.with(|machine| machine.time + machine.ahead)
    }

    fn reading(&self) -> Reading {
        self.with(|machine| Reading {
            wall: machine.time + machine.ahead,
            boot: format!("boot {}", machine.boots),
            uptime_ms: u64::try_from(machine.time.duration_since(machine.booted).as_millis())
                .unwrap_or(0),
        })
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// How the post office answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Takes everything.
    Takes,
    /// Refuses everything for good.
    Refuses,
    /// Asks to come back later.
    Defers,
    /// Takes the mail, and its answer is lost.
    LosesAnswers,
}

/// What the post office did with a mail.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) notice: NoticeId,
    /// It has reached its reader.
    pub(crate) taken: bool,
    /// The daemon was told.
    pub(crate) told: bool,
}

/// Everything that mail is taken or refused by.
pub(crate) struct Post {
    pub(crate) mood: Mutex<Mood>,
    /// Mails since this was last emptied.
    pub(crate) posted: Mutex<Vec<Posted>>,
    /// Attempts for each notice; some are put off once, as greylisting does.
    attempts: Mutex<BTreeMap<NoticeId, u32>>,
}

impl Post {
    pub(crate) fn new() -> Self {
        Self {
            mood: Mutex::new(Mood::Takes),
            posted: Mutex::default(),
            attempts: Mutex::default(),
        }
    }

    pub(crate) fn mood(&self) -> Mood {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    pub(crate) fn take(&self) -> Vec<Posted> {
        std::mem::take(&mut self.posted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, parcel: &Parcel) -> Reply {
        let Parcel::Mail(mail) = parcel else {
            return Reply::failed("only mail is posted here");
        };
        let attempt = {
            let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = attempts.entry(mail.notice.clone()).or_default();
            *count += 1;
            *count
        };
        // The last digit of the id is a lot that the seed has drawn already: three of sixteen are put off once.
        let greylisted = attempt == 1 && mail.notice.as_str().ends_with(['0', '1', '2']);
        let (taken, told) = match self.mood() {
            Mood::Takes if greylisted => (false, false),
            Mood::Takes => (true, true),
            Mood::LosesAnswers => (true, false),
            Mood::Refuses | Mood::Defers => (false, false),
        };
        let posted = Posted {
            notice: mail.notice.clone(),
            taken,
            told,
        };
        self.posted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(posted);
        let why = "the post office says so".to_owned();
        match self.mood() {
            Mood::Refuses => Reply::failed(why),
            _ if told => Reply::Accepted {
                receipt: "taken".to_owned(),
                refused: Vec::new(),
            },
            _ => Reply::retry(why),
        }
    }
}

impl Deliver for Post {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a, Reply> {
        Box::pin(std::future::ready(self.answer(parcel)))
    }
}

/// Where a crash hits a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    /// In the middle of a transaction, after a row was written.
    Within,
    /// With all rows written and none durable.
    Before,
    /// With everything durable, and nobody told.
    After,
}

impl Point {
    pub(crate) const ALL: [Self; 3] = [Self::Within, Self::Before, Self::After];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Kinds of write that inactivity consists of: the nouns of changes, and the clock, which is kept beside them.
pub(crate) const WRITES: [&str; 9] = [
    "district", "person", "contact", "feed", "activity", "notice", "delivery", "alarm", CLOCK,
];

/// A transaction without a change keeps the highest reading of the clock.
pub(crate) const CLOCK: &str = "clock";

/// Ends the writer of the register at a fail point, as a crash of the daemon would.
#[derive(Default)]
pub(crate) struct Fuse(Mutex<Lit>);

#[derive(Default)]
struct Lit {
    /// Where it blows, and how many times that is passed before.
    at: Option<(Point, u32)>,
    /// What the transaction that runs has written.
    written: BTreeSet<String>,
    /// How often each kind of write was hit where.
    blown: BTreeMap<(Point, String), u64>,
}

pub(crate) static FUSE: LazyLock<Fuse> = LazyLock::new(Fuse::default);

impl Fuse {
    /// From here on fail points are this fuse's. Once a process.
    pub(crate) fn install(&'static self) {
        provost::failpoint::react(|name| {
            if self.is_blown(name) {
                // Unlike panic!, this says nothing on standard error: dying here is the plan.
                std::panic::resume_unwind(Box::new("crash"));
            }
        });
    }

    fn lit(&self) -> MutexGuard<'_, Lit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the point be the last one that is passed, after so many others.
    pub(crate) fn light(&self, point: Point, others: u32) {
        self.lit().at = Some((point, others));
    }

    pub(crate) fn put_out(&self) {
        self.lit().at = None;
    }

    /// How often each kind of write was hit where, since this was asked last.
    pub(crate) fn blown(&self) -> BTreeMap<(Point, String), u64> {
        std::mem::take(&mut self.lit().blown)
    }

    fn is_blown(&self, name: &str) -> bool {
        let mut lit = self.lit();
        let point = match (name, name.strip_prefix("store.write.")) {
            (_, Some(noun)) => {
                lit.written.insert(noun.to_owned());
                Point::Within
            }
            ("store.commit.before", _) => Point::Before,
            ("store.commit.after", _) => Point::After,
            _ => return false,
        };
        let blows = match &mut lit.at {
            Some((at, others)) if *at == point && *others == 0 => true,
            Some((at, others)) if *at == point => {
                *others -= 1;
                false
            }
            _ => false,
        };
        if blows {
            // Once: a start that dies in the middle of what it has to do is started again, and would die for ever.
            lit.at = None;
            lit.note(point, name);
        }
        if blows || point == Point::After {
            lit.written.clear();
        }
        blows
    }
}

impl Lit {
    fn note(&mut self, point: Point, name: &str) {
        let hit: Vec<String> = match name.strip_prefix("store.write.") {
            Some(noun) => vec![noun.to_owned()],
            None if self.written.is_empty() => vec![CLOCK.to_owned()],
            None => self.written.iter().cloned().collect(),
        };
        for noun in hit {
            *self.blown.entry((point, noun)).or_default() += 1;
        }
    }
}
