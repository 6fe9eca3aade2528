//! What happens in a world: people do things, feeds and directories tell of them, operators act, machines fail.

use jiff::{SignedDuration, Timestamp};
use provost::flow;
use provost::flow::ingest::{self, Item, Mark, Sent};
use provost_core::change::Actor;

use crate::directory::Seen;
use crate::model::{Broken, FINAL, Verdict, verdict};
use crate::ports::Mood;
use crate::world::{KINDS, World, days};

/// Something that somebody did, on its way to the daemon.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    id: u64,
    person: usize,
    kind: &'static str,
    occurred: Timestamp,
}

/// Something that happens at a moment.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// A person does something.
    Act(usize),
    /// Events reach the daemon.
    Arrive(Vec<Event>),
    /// An export job brings what it has; where it is a feed, with its watermark.
    Report(usize),
    /// A directory says something of somebody, who has a fate of their own there.
    Directory(usize, Seen),
    /// A directory disables one of those whose notice is on its way, and does so at an awkward moment.
    Awkward,
    /// It lets them in again.
    LetIn(usize),
    /// Operators look after a district.
    Operate(usize),
    /// A district's settings change.
    Configure(usize),
    /// The post office changes its mood, and back.
    Post(Mood),
    /// The daemon is down until then, after a restart of the machine or not.
    Down,
    Up {
        reboot: bool,
    },
    /// The wall clock is set wrong; an operator puts it right and says so.
    ClockSet,
    Confirm,
}

impl Happening {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Act(_) => "act",
            Self::Arrive(_) => "arrive",
            Self::Report(_) => "report",
            Self::Directory(_, seen) => seen.word(),
            Self::Awkward => "awkward",
            Self::LetIn(_) => "let in",
            Self::Operate(_) => "operate",
            Self::Configure(_) => "configure",
            Self::Post(_) => "post",
            Self::Down => "down",
            Self::Up { .. } => "up",
            Self::ClockSet => "clock set",
            Self::Confirm => "confirm",
        }
    }
}

impl World<'_> {
    pub(crate) fn now(&self) -> Timestamp {
        self.running.clock.with(|machine| machine.time)
    }

    pub(crate) fn later(&mut self, after: SignedDuration, happening: Happening) {
        self.numbers += 1;
        let at = self.now() + after.max(SignedDuration::ZERO);
        self.queue.insert((at, self.numbers), happening);
    }

    /// Some time around so many days, often much less and sometimes a few times that.
    pub(crate) fn around(&mut self, mean: f64) -> SignedDuration {
        let lot = self.lot.f64().max(1e-6);
        days((-lot.ln() * mean).min(mean * 6.0)) + SignedDuration::from_secs(1)
    }

    /// The register at the beginning: everybody, and the first contacts.
    pub(crate) fn populate(&mut self) {
        use std::fmt::Write as _;
        let mut text = String::new();
        for (n, person) in self.people.iter().enumerate() {
            let _ = write!(
                text,
                "[[person]]\nid = \"p{n}\"\ndistrict = \"d{0}\"\nusername = \"p{n}\"\nname = \"Person {n}\"\n\
                 mail = [\"p{n}@d{0}.example\"]\n",
                person.district
            );
        }
        let document = provost::document::parse("people", &text).unwrap();
        let actor = Actor::Operator("simulation".to_owned());
        let done = self
            .running
            .daemon()
            .scene(|scene| flow::import::run(scene, &document, &actor, false));
        done.unwrap();
        for district in 0..self.settings.len() {
            self.operate(district).unwrap();
        }
    }

    pub(crate) fn schedule_lives(&mut self) {
        for person in 0..self.people.len() {
            let first = self.around(30.0);
            self.later(first, Happening::Act(person));
            let first = self.around(4000.0);
            let seen = self.departure();
            self.later(first, Happening::Directory(person, seen));
        }
        for district in 0..self.settings.len() {
            let first = self.around(400.0);
            self.later(first, Happening::Operate(district));
            let first = self.around(2500.0);
            self.later(first, Happening::Configure(district));
            let first = self.around(10.0);
            self.later(first, Happening::Report(district));
        }
        for (mean, first) in [
            (300.0, Happening::Post(Mood::Refuses)),
            (1000.0, Happening::Down),
            (2500.0, Happening::ClockSet),
        ] {
            let after = self.around(mean);
            self.later(after, first);
        }
    }

    pub(crate) fn happen(&mut self, happening: Happening) -> Result<(), Broken> {
        match happening {
            Happening::Act(person) => {
                self.act(person);
                Ok(())
            }
            Happening::Arrive(events) if self.running.is_up() => self.arrive(&events),
            Happening::Report(district) if self.running.is_up() => self.report(district),
            Happening::Directory(person, seen) if self.running.is_up() => {
                self.directory(person, seen)
            }
            Happening::Awkward if self.running.is_up() => self.awkward(),
            Happening::LetIn(person) if self.running.is_up() => self.reads(person, Seen::Back),
            Happening::Operate(district) if self.running.is_up() => {
                let next = self.around(400.0);
                self.later(next, Happening::Operate(district));
                self.operate(district)
            }
            Happening::Configure(district) if self.running.is_up() => self.configure(district),
            Happening::Post(mood) => {
                self.post(mood);
                Ok(())
            }
            Happening::Down if self.running.is_up() => {
                self.down();
                Ok(())
            }
            Happening::Up { reboot } => {
                if reboot {
                    self.running.clock.with(|machine| {
                        machine.booted = machine.time;
                        machine.boots += 1;
                    });
                }
                self.start();
                // The machine may have been off for so long that its clock is not believed.
                let patience = self.around(2.0);
                self.later(patience, Happening::Confirm);
                Ok(())
            }
            Happening::ClockSet => {
                self.set_clock();
                Ok(())
            }
            Happening::Confirm if self.running.is_up() => self.confirm(),
            // Who finds nobody at home comes again.
            other => {
                let again = self.around(1.0);
                self.later(again, other);
                Ok(())
            }
        }
    }

    fn act(&mut self, person: usize) {
        let mut pause = self.people[person].lively;
        // Now and then people go quiet for a long time.
        if self.lot.u32(..6) == 0 {
            pause = 300.0;
        }
        let next = self.around(pause);
        self.later(next, Happening::Act(person));
        if self.people[person].contact.is_none() && self.lot.u32(..8) > 0 {
            return;
        }
        let district = self.people[person].district;
        self.numbers += 1;
        let mut event = Event {
            id: self.numbers,
            person,
            kind: KINDS[self.lot.usize(..KINDS.len())],
            occurred: self.now(),
        };
        if self.lot.u32(..40) == 0 {
            // The portal's clock is ahead.
            event.occurred += self.around(0.05);
        }
        let (feed, lot) = (self.settings[district].feed, self.lot.u32(..8));
        if feed && lot > 0 || !feed && lot > 3 {
            self.pending[district].push(event);
            return;
        }
        let delay = match self.lot.u32(..10) {
            0..3 => self.around(20.0),
            3..6 => self.around(1.0),
            _ => SignedDuration::ZERO,
        };
        if self.lot.u32(..12) == 0 {
            let twice = self.around(5.0);
            self.later(twice, Happening::Arrive(vec![event.clone()]));
        }
        self.later(delay, Happening::Arrive(vec![event]));
    }

    fn sent(events: &[Event]) -> Vec<Sent> {
        let item = |event: &Event| {
            Item::Event(ingest::Event {
                person: format!("p{}", event.person),
                kind: event.kind.to_owned(),
                at: event.occurred.to_string(),
                id: Some(format!("e{}", event.id)),
                feed: None,
            })
        };
        let items = (1..).zip(events).map(|(line, event)| Sent {
            line,
            item: Ok(item(event)),
        });
        items.collect()
    }

    /// Events reach the daemon; each must become what the rule book says, in the order in which they happened.
    fn arrive(&mut self, events: &[Event]) -> Result<(), Broken> {
        let sent = Self::sent(events);
        let before = self.running.wall();
        let (taken, again) = self.insist(|running| running.ingest(&sent))?;
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|place| (events[*place].occurred, *place));
        let now = self.running.wall();
        for place in order {
            let (event, word) = (&events[place], taken[place].result.word());
            let contact = self.people[event.person].contact.as_ref();
            let settings = self.settings_of(event.person);
            let expected =
                [before, now].map(|at| verdict(contact, settings, event.kind, event.occurred, at));
            let known = word == "duplicate";
            let as_expected = expected.iter().any(|verdict| words(*verdict) == word);
            let repeated = known && (again || self.seen(event.id));
            if !(as_expected || repeated) {
                return Err(format!(
                    "{event:?} of {contact:?} is {word} and not {expected:?}"
                ));
            }
            if word == "future" {
                let patience = self.around(1.0);
                self.later(patience, Happening::Arrive(vec![event.clone()]));
                continue;
            }
            let verdict = expected[1];
            if known && self.seen(event.id) {
                continue;
            }
            if matches!(
                verdict,
                Verdict::Older | Verdict::Counted | Verdict::Rescinded
            ) {
                self.mark_seen(event.id);
            }
            if matches!(verdict, Verdict::Counted | Verdict::Rescinded) {
                self.counted(event, verdict);
            }
        }
        Ok(())
    }

    fn counted(&mut self, event: &Event, verdict: Verdict) {
        let now = self.running.wall();
        let district = self.people[event.person].district;
        let others = self.technical(district);
        let contact = self.people[event.person].contact.as_mut().unwrap();
        contact.begin_anew(event.occurred, now);
        if verdict == Verdict::Rescinded && contact.is_valid() && others > 0 {
            contact.technical = false;
        }
        *self.tally.happened.entry(words(verdict)).or_default() += 1;
    }

    /// Valid technical contacts of a district.
    pub(crate) fn technical(&self, district: usize) -> usize {
        let here = self
            .people
            .iter()
            .filter(|person| person.district == district);
        here.filter_map(|person| person.contact.as_ref())
            .filter(|contact| contact.technical && contact.is_valid())
            .count()
    }

    fn report(&mut self, district: usize) -> Result<(), Broken> {
        // A feed reports daily; what matters of it is how far behind it is when somebody waits for it.
        let waits = self.settings[district].feed
            && self.people.iter().any(|person| {
                let contact = person
                    .contact
                    .as_ref()
                    .filter(|_| person.district == district);
                contact.is_some_and(|contact| contact.is_valid() && contact.next() >= FINAL)
            });
        let next = match (self.lot.u32(..20), waits) {
            (0, _) => self.around(60.0),
            (_, true) => self.around(3.0),
            (_, false) => self.around(90.0),
        };
        self.later(next, Happening::Report(district));
        let events = std::mem::take(&mut self.pending[district]);
        if !events.is_empty() {
            self.arrive(&events)?;
        }
        if !self.settings[district].feed {
            return Ok(());
        }
        let lag = self.around(0.2);
        let watermark = self.now() - lag;
        let mark = Mark {
            feed: format!("f{district}"),
            watermark: watermark.to_string(),
        };
        let sent = [Sent {
            line: 1,
            item: Ok(Item::Mark(mark)),
        }];
        let (taken, _) = self.insist(|running| running.ingest(&sent))?;
        match taken[0].result.word() {
            "counted" | "older" => {
                let known = &mut self.watermarks[district];
                *known = (*known).max(Some(watermark));
                self.freed(Some(district));
                Ok(())
            }
            "future" => Ok(()),
            word => Err(format!("a watermark is {word}: {:?}", taken[0])),
        }
    }
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Future => "future",
        Verdict::NotAContact => "not-a-contact",
        Verdict::Refused => "refused",
        Verdict::Older => "older",
        Verdict::Counted => "counted",
        Verdict::Rescinded => "rescinded",
    }
}
