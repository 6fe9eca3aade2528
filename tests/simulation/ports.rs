//! What the daemon is given from outside: a clock that is set, and a post office with moods.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
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

/// Ends the writer of the register at a fail point, as a crash of the daemon would.
pub(crate) struct Fuse {
    /// Commits until it blows; below zero it is not lit.
    left: AtomicI64,
    /// The fail point at which it blows.
    point: Mutex<&'static str>,
}

pub(crate) static FUSE: Fuse = Fuse {
    left: AtomicI64::new(-1),
    point: Mutex::new(Fuse::BEFORE),
};

impl Fuse {
    pub(crate) const BEFORE: &'static str = "store.commit.before";
    pub(crate) const AFTER: &'static str = "store.commit.after";

    /// From here on fail points are this fuse's. Once a process.
    pub(crate) fn install(&'static self) {
        provost::failpoint::react(|name| self.hit(name));
    }

    /// Lets the commit after so many others be the last one.
    pub(crate) fn light(&self, point: &'static str, commits: i64) {
        *self.point.lock().unwrap_or_else(PoisonError::into_inner) = point;
        self.left.store(commits, Ordering::SeqCst);
    }

    pub(crate) fn put_out(&self) {
        self.left.store(-1, Ordering::SeqCst);
    }

    fn hit(&self, name: &str) {
        let mine = *self.point.lock().unwrap_or_else(PoisonError::into_inner) == name;
        if mine && self.left.load(Ordering::SeqCst) >= 0 {
            let left = self.left.fetch_sub(1, Ordering::SeqCst);
            if left == 0 {
                // Unlike panic!, this says nothing on standard error: dying here is the plan.
                std::panic::resume_unwind(Box::new("crash"));
            }
        }
    }
}
