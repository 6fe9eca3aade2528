//! What directories say of people: that they are there, disabled, deleted, missing or gone.

use jiff::Timestamp;
use provost_core::person::DirectoryStatus;

use crate::life::Happening;
use crate::model::{Broken, Standing};
use crate::world::World;

/// What a directory says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Disabled,
    /// Its deletion is reported, and confirmed by a look-up.
    Deleted,
    /// Absent from a complete read, which proves nothing yet.
    Missing,
    /// Absent from a second one.
    Gone,
    Back,
}

impl Seen {
    fn shuts_out(self) -> bool {
        matches!(self, Self::Disabled | Self::Deleted | Self::Gone)
    }

    fn status(self, now: Timestamp) -> DirectoryStatus {
        match self {
            Self::Disabled => DirectoryStatus::Disabled,
            Self::Deleted => DirectoryStatus::Deleted { since: now },
            Self::Missing => DirectoryStatus::Missing { since: now },
            Self::Gone => DirectoryStatus::Gone { since: now },
            Self::Back => DirectoryStatus::Present,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::Missing => "missing",
            Self::Gone => "gone",
            Self::Back => "back",
        }
    }
}

impl World<'_> {
    pub(crate) fn departure(&mut self) -> Seen {
        [Seen::Disabled, Seen::Deleted, Seen::Missing][self.lot.usize(..3)]
    }

    pub(crate) fn directory(&mut self, person: usize, seen: Seen) -> Result<(), Broken> {
        let (after, next) = match seen {
            Seen::Disabled | Seen::Deleted | Seen::Gone => {
                let days = [2.0, 15.0, 60.0][self.lot.usize(..3)];
                (self.around(days), Seen::Back)
            }
            // One of four was only overlooked.
            Seen::Missing if self.lot.u32(..4) == 0 => (self.around(1.0), Seen::Back),
            Seen::Missing => (self.around(1.0), Seen::Gone),
            Seen::Back => (self.around(2500.0), self.departure()),
        };
        self.later(after, Happening::Directory(person, next));
        self.reads(person, seen)
    }

    /// Somebody is shut out while a notice is on its way to them, and let in again later.
    pub(crate) fn awkward(&mut self) -> Result<(), Broken> {
        let on_its_way = |person: &usize| {
            let contact = self.people[*person].contact.as_ref();
            contact.is_some_and(|contact| {
                let stage = contact.sent.get(contact.next());
                contact.is_valid() && stage.is_some_and(Option::is_some)
            })
        };
        let told: Vec<usize> = (0..self.people.len()).filter(on_its_way).collect();
        if told.is_empty() {
            return Ok(());
        }
        let person = told[self.lot.usize(..told.len())];
        let pause = self.around(10.0);
        self.later(pause, Happening::LetIn(person));
        *self
            .tally
            .happened
            .entry("shut out while told")
            .or_default() += 1;
        self.reads(person, Seen::Disabled)
    }

    /// A read of the directory, as far as it concerns a person.
    pub(crate) fn reads(&mut self, person: usize, seen: Seen) -> Result<(), Broken> {
        let status = seen.status(self.running.wall());
        let ((), _) = self.insist(|running| running.directory(person, status))?;
        let row = self.running.row(person);
        let now = self.running.wall();
        let others = self.technical(self.people[person].district);
        let Some(contact) = &mut self.people[person].contact else {
            return Ok(());
        };
        if contact.standing == Standing::Removed {
            return Ok(());
        }
        match seen {
            // A crash in between leaves open which of two moments it is.
            seen if seen.shuts_out() => {
                let since = row.and_then(|row| row.suspended).map(|(_, since)| since);
                contact.shut_out = contact.shut_out.or(since.or(Some(now)));
            }
            Seen::Back if contact.shut_out.take().is_some() => {
                contact.free_since = now;
                if contact.is_valid() && contact.technical && others > 0 {
                    contact.technical = false;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
