//! What operators do: they see to it that districts have contacts, restore some, let some go, and change settings.

use provost::flow::FlowError;
use provost::flow::contact::{self, OnWordOf};
use provost_core::contact::ContactKind;

use crate::daemon::{Crash, is_crash};
use crate::life::Happening;
use crate::model::{Broken, Contact, Standing};
use crate::world::{World, draw_settings};

fn operator() -> OnWordOf {
    OnWordOf::Operator("simulation".to_owned())
}

impl World<'_> {
    /// Operators see to it that a district has contacts, restore some, and let some go.
    pub(crate) fn operate(&mut self, district: usize) -> Result<(), Broken> {
        let here: Vec<usize> = (0..self.people.len())
            .filter(|person| self.people[*person].district == district)
            .collect();
        let person = here[self.lot.usize(..here.len())];
        let valid = self.valid(district);
        let kind = if self.technical(district) == 0 {
            ContactKind::Technical
        } else {
            ContactKind::Support
        };
        let standing = self.people[person]
            .contact
            .as_ref()
            .map(|contact| (contact.standing, contact.shut_out));
        match standing {
            None | Some((Standing::Removed, _)) => self.designate(person, kind),
            Some((Standing::Deactivated(_), None)) if valid > 0 => self.reactivate(person, &here),
            Some((Standing::Valid, None)) if valid > 2 && self.lot.u32(..3) == 0 => {
                self.remove(person)
            }
            _ => Ok(()),
        }
    }

    fn designate(&mut self, person: usize, kind: ContactKind) -> Result<(), Broken> {
        let reference = format!("p{person}");
        let (designated, _) = self.insist(|running| {
            answered(running.flow(|scene| contact::designate(scene, &reference, kind, &operator())))
        })?;
        let now = self.running.wall();
        if let Ok((row, _)) = designated {
            let mut contact = Contact::new(kind == ContactKind::Technical, row.designated, now);
            contact.shut_out = row.suspended.map(|(_, since)| since);
            self.people[person].contact = Some(contact);
        }
        Ok(())
    }

    fn reactivate(&mut self, person: usize, here: &[usize]) -> Result<(), Broken> {
        let valid = here.iter().find(|other| {
            self.people[**other]
                .contact
                .as_ref()
                .is_some_and(Contact::is_valid)
        });
        let by = OnWordOf::Party(provost_core::decision::Reference {
            kind: Some("person".to_owned()),
            id: format!("p{}", valid.unwrap()),
        });
        let taken = self.technical(self.people[person].district) > 0;
        let technical = self.contact(person).technical;
        let kind = if technical && taken {
            Some(ContactKind::Support)
        } else {
            None
        };
        let reference = format!("p{person}");
        let (restored, _) = self.insist(|running| {
            answered(running.flow(|scene| contact::reactivate(scene, &reference, kind, &by)))
        })?;
        let now = self.running.wall();
        let row = self.running.row(person).unwrap();
        let at = row.reactivated.filter(|_| row.is_valid()).ok_or_else(|| {
            let by = self.running.row(*valid.unwrap());
            format!("person {person} is not restored by a valid contact: {restored:?}, by {by:?}")
        })?;
        let contact = self.people[person].contact.as_mut().unwrap();
        contact.technical = kind.is_none() && technical;
        contact.standing = Standing::Valid;
        contact.begin_anew(at, now);
        Ok(())
    }

    fn remove(&mut self, person: usize) -> Result<(), Broken> {
        let reference = format!("p{person}");
        let (_, _) = self.insist(|running| {
            answered(running.flow(|scene| contact::remove(scene, &reference, &operator())))
        })?;
        self.people[person].contact.as_mut().unwrap().standing = Standing::Removed;
        Ok(())
    }

    pub(crate) fn configure(&mut self, district: usize) -> Result<(), Broken> {
        let next = self.around(2500.0);
        self.later(next, Happening::Configure(district));
        let drawn = draw_settings(&mut self.lot);
        let mut settings = self.settings.clone();
        let mine = &mut settings[district];
        match self.lot.u32(..5) {
            0 => mine.zone = drawn.zone,
            1 => (mine.warn, mine.off) = (drawn.warn, drawn.off),
            2 => mine.holds_last = !mine.holds_last,
            // What a feed has said stays known, should it come back.
            3 => mine.feed = !mine.feed,
            _ => mine.qualifying = drawn.qualifying,
        }
        let ((), _) = self.insist(|running| running.configure(&settings))?;
        self.settings = settings;
        self.edited_at[district] = self.running.wall();
        self.freed(Some(district));
        Ok(())
    }
}

/// The answer of a flow, a refusal included.
fn answered<T>(result: Result<T, FlowError>) -> Result<Result<T, FlowError>, Crash> {
    match result {
        Err(error) if is_crash(&error) => Err(Crash),
        other => Ok(other),
    }
}
