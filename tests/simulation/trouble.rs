//! What goes wrong: mail that is refused, put off or answered by nobody, a daemon that is down, clocks that leap.

use jiff::{SignedDuration, Timestamp};
use provost::flow;
use provost_core::change::Actor;

use crate::daemon::crashed;
use crate::life::Happening;
use crate::model::{Broken, FINAL};
use crate::ports::Mood;
use crate::world::{World, days};

impl World<'_> {
    /// A trouble has ended: from now on everything goes its way.
    pub(crate) fn freed(&mut self, district: Option<usize>) {
        let now = self.running.wall();
        let here = self
            .people
            .iter_mut()
            .filter(|person| district.is_none_or(|here| person.district == here));
        let contacts = here.filter_map(|person| person.contact.as_mut());
        contacts.for_each(|contact| contact.free_since = contact.free_since.max(now));
    }

    pub(crate) fn post(&mut self, mood: Mood) {
        self.running.post.set(mood);
        self.freed(None);
        let (after, next) = if mood == Mood::Takes {
            let moods = [Mood::Refuses, Mood::Defers, Mood::LosesAnswers];
            (self.until_trouble(), moods[self.lot.usize(..3)])
        } else {
            let long = if mood == Mood::Refuses { 15.0 } else { 2.0 };
            let mean = [0.02, 0.5, long][self.lot.usize(..3)];
            let after = self.around(mean);
            // After the first stage that becomes due in it, if one does.
            let (now, lot) = (self.now(), self.lot.f64());
            let dues = (0..self.people.len()).filter_map(|person| self.next_told(person));
            let dues = dues.map(|due| due.duration_since(now));
            let quiet = dues.filter(|due| *due < after).min().unwrap_or_default();
            self.later(quiet + (after - quiet).mul_f64(lot), Happening::Awkward);
            (after, Mood::Takes)
        };
        self.later(after, Happening::Post(next));
    }

    /// Often trouble comes just when somebody is to be told.
    fn until_trouble(&mut self) -> SignedDuration {
        let (now, person) = (self.now(), self.lot.usize(..self.people.len()));
        let before = self.around(0.01);
        let due = self.next_told(person).filter(|_| self.lot.u32(..3) == 0);
        match due {
            Some(due) => (due - before).duration_since(now),
            None => self.around(450.0),
        }
    }

    /// When somebody is to be told of their next stage, if that lies ahead.
    fn next_told(&self, person: usize) -> Option<Timestamp> {
        let contact = self.people[person].contact.as_ref()?;
        let (stage, settings) = (contact.next(), self.settings_of(person));
        let told = contact.is_valid() && stage <= FINAL;
        let due = told.then(|| contact.due(stage, settings).first)?;
        (due > self.now()).then_some(due)
    }

    pub(crate) fn down(&mut self) {
        self.running.stop();
        let mean = [0.02, 0.2, 6.0, 60.0][self.lot.usize(..4)];
        let pause = self.around(mean);
        let reboot = self.lot.bool();
        self.later(pause, Happening::Up { reboot });
        let next = pause + self.around(1000.0);
        self.later(next, Happening::Down);
    }

    pub(crate) fn set_clock(&mut self) {
        let by = match self.lot.u32(..3) {
            0 => -(SignedDuration::from_mins(6) + self.around(3.0)),
            1 => days(31.0) + self.around(100.0),
            _ => SignedDuration::from_secs(self.lot.i64(0..200)),
        };
        self.running.clock.with(|machine| machine.ahead = by);
        // The timer's patience is short: it soon asks the clock again.
        self.ticked_at = None;
        let patience = self.around(1.0);
        self.later(patience, Happening::Confirm);
        let next = patience + self.around(2500.0);
        self.later(next, Happening::ClockSet);
    }

    /// An operator sets the clock right and says so.
    pub(crate) fn confirm(&mut self) -> Result<(), Broken> {
        self.running
            .clock
            .with(|machine| machine.ahead = SignedDuration::ZERO);
        let actor = Actor::Operator("simulation".to_owned());
        let (_, _) = self.insist(|running| {
            use provost::ports::Clock as _;
            let reading = running.clock.reading();
            crashed(running.flow(|scene| flow::clock::confirm(scene, &actor, &reading)))
        })?;
        self.running_since = self.running.wall();
        self.freed(None);
        Ok(())
    }
}
