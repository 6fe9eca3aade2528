//! A world: some small districts, their people, one daemon, and everything that happens to them in a few decades.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use provost_core::id::{NoticeId, PersonId, Revision};
use provost_core::notice::NoticeKind;

use crate::daemon::{Crash, Done, House, Running, Settings, Tick};
use crate::judge::Delivered;
use crate::life::Happening;
use crate::model::{Broken, Contact};
use crate::ports::{FUSE, Point};

/// Daylight saving time in both halves of the year, half an hour of it, half-hour offsets, and none.
const ZONES: [&str; 10] = [
    "America/Denver",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "America/Santiago",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "America/St_Johns",
    "UTC",
];

/// Kinds of activity; the last one is switched off in some districts.
pub(crate) const KINDS: [&str; 3] = ["portal-login", "case-comment", "verified-call"];

/// A person of a district.
pub(crate) struct Someone {
    pub(crate) district: usize,
    /// As the rules see it, once designated.
    pub(crate) contact: Option<Contact>,
    /// Days between two things that this person does, on the whole.
    pub(crate) lively: f64,
}

/// What was lived through.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) worlds: u64,
    pub(crate) district_years: f64,
    pub(crate) steps: u64,
    pub(crate) mails: u64,
    pub(crate) crashes: u64,
    /// How often each thing happened.
    pub(crate) happened: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.district_years += other.district_years;
        self.steps += other.steps;
        self.mails += other.mails;
        self.crashes += other.crashes;
        for (what, times) in other.happened {
            *self.happened.entry(what).or_default() += times;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} worlds, {:.0} district-years, {} steps, {} mails, {} crashes; {:?}",
            self.worlds, self.district_years, self.steps, self.mails, self.crashes, self.happened
        )
    }
}

/// One world.
pub(crate) struct World<'h> {
    pub(crate) seed: u64,
    pub(crate) lot: Rng,
    pub(crate) running: Running<'h>,
    pub(crate) settings: Vec<Settings>,
    /// When a district's settings changed last.
    pub(crate) edited_at: Vec<Timestamp>,
    pub(crate) watermarks: Vec<Option<Timestamp>>,
    pub(crate) people: Vec<Someone>,
    pub(crate) queue: BTreeMap<(Timestamp, u64), Happening>,
    /// Events that a feed has not brought yet.
    pub(crate) pending: Vec<Vec<crate::life::Event>>,
    pub(crate) numbers: u64,
    /// Whom the notices that were mailed are about, and what they tell.
    pub(crate) notices: BTreeMap<NoticeId, (usize, NoticeKind)>,
    /// Numbers of the events that the daemon has recorded.
    known: std::collections::BTreeSet<u64>,
    /// The register's revision when the timer ran last; none since the daemon was started.
    pub(crate) ticked_at: Option<Revision>,
    /// The daemon does not believe its clock.
    pub(crate) frozen: bool,
    /// Since when the daemon runs and believes its clock.
    pub(crate) running_since: Timestamp,
    end: Timestamp,
    folder: tempfile::TempDir,
    pub(crate) tally: Tally,
}

/// Where registers lie: in memory if the machine has such a place, so that a durable commit costs nothing.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    tempfile::Builder::new()
        .prefix("provost-simulation-")
        .tempdir_in(folder)
        .unwrap()
}

pub(crate) fn days(days: f64) -> SignedDuration {
    #[allow(clippy::cast_possible_truncation)] // seconds of some decades
    SignedDuration::from_secs((days * 86_400.0) as i64)
}

impl<'h> World<'h> {
    pub(crate) fn new(seed: u64, house: &'h House) -> Self {
        let mut lot = Rng::with_seed(seed);
        let start = Timestamp::from_second(1_577_836_800 + lot.i64(0..300_000_000)).unwrap();
        let folder = folder();
        let file: PathBuf = folder.path().join("provost.db");
        let count = lot.usize(1..=3);
        let settings: Vec<_> = (0..count).map(|_| draw_settings(&mut lot)).collect();
        let mut people = Vec::new();
        for district in 0..count {
            for _ in 0..lot.usize(2..=3) {
                let lively = [90.0, 150.0, 250.0, 500.0][lot.usize(..4)];
                people.push(Someone {
                    district,
                    contact: None,
                    lively,
                });
            }
        }
        let mut world = Self {
            seed,
            running: Running::new(house, file, start),
            edited_at: vec![start - days(400.0); count],
            watermarks: vec![None; count],
            pending: vec![Vec::new(); count],
            settings,
            people,
            queue: BTreeMap::new(),
            numbers: 0,
            notices: BTreeMap::new(),
            known: std::collections::BTreeSet::new(),
            ticked_at: None,
            frozen: false,
            running_since: start,
            end: start + days(365.25 * lot.f64().mul_add(20.0, 12.0)),
            folder,
            tally: Tally::default(),
            lot,
        };
        world.running.start(&world.settings);
        world.populate();
        world.schedule_lives();
        world
    }

    pub(crate) fn contact(&self, person: usize) -> &Contact {
        self.people[person].contact.as_ref().unwrap()
    }

    pub(crate) fn settings_of(&self, person: usize) -> &Settings {
        &self.settings[self.people[person].district]
    }

    pub(crate) fn person_of(&self, id: &PersonId) -> usize {
        id.as_str()[1..].parse().unwrap()
    }

    pub(crate) fn seen(&self, event: u64) -> bool {
        self.known.contains(&event)
    }

    pub(crate) fn mark_seen(&mut self, event: u64) {
        self.known.insert(event);
    }

    /// How many valid contacts a district has.
    pub(crate) fn valid(&self, district: usize) -> usize {
        let here = self
            .people
            .iter()
            .filter(|person| person.district == district);
        here.filter(|person| person.contact.as_ref().is_some_and(Contact::is_valid))
            .count()
    }

    /// The district's settings changed so lately that a stage may still follow the old ones.
    pub(crate) fn edited_lately(&self, person: usize, now: Timestamp) -> bool {
        let edited = self.edited_at[self.people[person].district];
        now.duration_since(edited) < days(2.0)
    }

    /// Lives to the end of this world.
    pub(crate) fn live(mut self) -> Tally {
        let seed = self.seed;
        let begun = self.running.clock.with(|machine| machine.time);
        if let Err(broken) = self.run() {
            let now = self.running.clock.with(|machine| machine.time);
            panic!(
                "a rule is broken in world {seed} at {now}: {broken}\nreplay it: \
                 PROVOST_SEED={seed} cargo test --workspace --test simulation -- --nocapture"
            );
        }
        let lived = self.end.duration_since(begun).as_hours();
        #[allow(clippy::cast_precision_loss)] // hours of some decades
        let years = lived as f64 / 24.0 / 365.25 * self.settings.len() as f64;
        self.tally.worlds = 1;
        self.tally.district_years = years;
        drop(self.folder);
        self.tally
    }

    fn run(&mut self) -> Result<(), Broken> {
        let mut next = self.step()?;
        loop {
            let first = self.queue.first_key_value().map(|((at, _), _)| *at);
            let due = next.filter(|_| self.running.is_up());
            let Some(at) = [first, due]
                .into_iter()
                .flatten()
                .min()
                .filter(|at| *at < self.end)
            else {
                break;
            };
            self.running
                .clock
                .with(|machine| machine.time = machine.time.max(at));
            if first == Some(at) {
                let (_, happening) = self.queue.pop_first().unwrap();
                let word = happening.word();
                *self.tally.happened.entry(word).or_default() += 1;
                // What is rare shall be hit as well. Most of what happens is one commit of a few rows.
                let odds = match happening {
                    Happening::Configure(_) => 5,
                    _ => 50,
                };
                self.with_risk(odds, [0, 0, 1, 3], |world| world.happen(happening))?;
            }
            // The timer wakes when something is due, and when something has changed.
            if self.running.is_up()
                && (due.is_some_and(|due| due <= self.now()) || self.has_changed())
            {
                // The first commit of the timer is the clock's.
                next = self.with_risk(50, [0, 1, 1, 3], Self::step)?;
            }
        }
        if !self.running.is_up() {
            self.start();
            self.step()?;
        }
        self.judge_books()
    }

    /// The register has changed since the timer ran last, or the daemon has been started since.
    fn has_changed(&self) -> bool {
        self.ticked_at != Some(self.running.revision())
    }

    /// Sometimes, once in `odds`, the daemon dies in the middle of it, at a point that was passed `others` times before.
    fn with_risk<T>(
        &mut self,
        odds: u32,
        others: [u32; 4],
        work: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        if self.lot.u32(..odds) == 0 {
            let point = Point::ALL[self.lot.usize(..3)];
            FUSE.light(point, others[self.lot.usize(..4)]);
        }
        let done = work(self);
        FUSE.put_out();
        done
    }

    /// What the timer does, and what is said of it. Says when it wants to go on.
    fn step(&mut self) -> Result<Option<Timestamp>, Broken> {
        loop {
            self.tally.steps += 1;
            let at = self.running.wall();
            let ticked = self.running.tick();
            let delivered = Delivered {
                at,
                posted: self.running.post.take(),
                lived: ticked.is_ok(),
            };
            self.tally.mails += delivered.posted.len() as u64;
            if ticked.is_err() {
                self.crash()?;
            }
            self.judge_mails(&delivered)?;
            if let Ok(tick) = ticked {
                self.settle(&tick);
                self.ticked_at = Some(self.running.revision());
                self.observe()?;
                let ahead = self.running.clock.with(|machine| machine.ahead);
                let now = self.running.clock.with(|machine| machine.time);
                return Ok(match tick {
                    Tick::Next(next) => {
                        next.map(|next| (next - ahead).max(now + SignedDuration::from_secs(1)))
                    }
                    Tick::Frozen => None,
                });
            }
        }
    }

    /// Takes down whether the clock is believed.
    fn settle(&mut self, tick: &Tick) {
        let frozen = *tick == Tick::Frozen;
        if self.frozen != frozen || frozen {
            self.running_since = self.running.wall();
        }
        self.frozen = frozen;
    }

    /// The daemon has died and is started again.
    pub(crate) fn crash(&mut self) -> Result<(), Broken> {
        FUSE.put_out();
        self.tally.crashes += 1;
        self.running.stop();
        let pause = SignedDuration::from_secs(self.lot.i64(0..90));
        self.running.clock.with(|machine| machine.time += pause);
        self.start();
        if self.lot.u32(..20) == 0 {
            self.judge_books()
        } else {
            Ok(())
        }
    }

    pub(crate) fn start(&mut self) {
        self.running.start(&self.settings);
        self.ticked_at = None;
        self.running_since = self.running.wall();
        self.freed(None);
    }

    /// Does it, again after a crash if it must. Says whether it was done more than once.
    pub(crate) fn insist<T>(
        &mut self,
        work: impl Fn(&Running<'_>) -> Done<T>,
    ) -> Result<(T, bool), Broken> {
        let mut again = false;
        loop {
            match work(&self.running) {
                Ok(done) => return Ok((done, again)),
                Err(Crash) => self.crash()?,
            }
            again = true;
        }
    }
}

/// Periods are mostly the usual ones; some districts have short ones, the shortest allowed among them.
pub(crate) fn draw_settings(lot: &mut Rng) -> Settings {
    let (warn, off) = match lot.u32(..10) {
        0..5 => (180, 210),
        5 => (lot.i64(5..40), 0),
        6 => (lot.i64(5..400), 0),
        7 => (90, 120),
        8 => (300, 365),
        _ => (180, 183),
    };
    let off = if off == 0 {
        warn + [3, 4, 7, 14, 45][lot.usize(..5)]
    } else {
        off
    };
    let count = if lot.u32(..3) == 0 { 2 } else { 3 };
    Settings {
        zone: ZONES[lot.usize(..ZONES.len())],
        warn,
        off,
        holds_last: lot.u32(..5) == 0,
        qualifying: KINDS[..count].to_vec(),
        feed: lot.u32(..4) == 0,
    }
}
