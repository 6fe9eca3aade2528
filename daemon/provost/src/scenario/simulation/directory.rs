//! What a directory says of people, without a directory: the states that a sync would commit.

use jiff::Timestamp;
use provost_core::change::{Actor, Change, Plan};
use provost_core::id::{PersonId, SourceId};
use provost_core::lifecycle;
use provost_core::person::{DirectoryLink, DirectoryStatus, Person};

use super::super::Seen;
use super::{Simulation, SimulationError};
use crate::flow::neighbourhood::Neighbourhood;
use crate::flow::{self, changes_of};
use crate::store::Snapshot;

/// The source of people whom the document does not tie to one.
const SOURCE: &str = "directory";

/// The status after the directory was read once more. Absence by omission counts when two complete reads agree.
fn after(before: DirectoryStatus, seen: Seen, now: Timestamp) -> DirectoryStatus {
    use DirectoryStatus::{Deleted, Disabled, Gone, Missing, Present};
    match (seen, before) {
        (Seen::Present, _) => Present,
        (Seen::Disable, _) => Disabled,
        (Seen::Deleted, Deleted { since }) => Deleted { since },
        (Seen::Deleted, _) => Deleted { since: now },
        (Seen::Missing, Present) => Missing { since: now },
        (Seen::Missing, Disabled | Missing { .. }) => Gone { since: now },
        (Seen::Missing, gone) => gone,
    }
}

fn linked(person: &Person, seen: Seen, now: Timestamp) -> Person {
    let link = person.directory.clone().or_else(|| {
        Some(DirectoryLink {
            source: SourceId::new(SOURCE).ok()?,
            stable_id: person.id.to_string(),
            dn: String::new(),
            status: DirectoryStatus::Present,
        })
    });
    let link = link.map(|link| DirectoryLink {
        status: after(link.status, seen, now),
        ..link
    });
    Person {
        directory: link,
        ..person.clone()
    }
}

impl Simulation {
    /// One read of the directory that says this of these people.
    pub(super) fn directory(
        &self,
        seen: Seen,
        persons: &[PersonId],
    ) -> Result<(), SimulationError> {
        for id in persons {
            let plan = self.seen(&self.store.read()?, seen, id)?;
            let actor = plan.actor.clone();
            self.store.commit(plan)?;
            if let Some(person) = self.store.read()?.person(id)? {
                flow::districts::gained(self.scene(), &person.district, &actor)?;
            }
        }
        Ok(())
    }

    fn seen(
        &self,
        register: &Snapshot<'_>,
        seen: Seen,
        id: &PersonId,
    ) -> Result<Plan, SimulationError> {
        let scene = self.scene();
        let mut plan = Plan::new(register.revision(), Actor::Timer, scene.now);
        let Some(before) = register.person(id)? else {
            return Ok(plan);
        };
        let after = linked(&before, seen, scene.now);
        let Some(link) = &after.directory else {
            return Ok(plan);
        };
        plan.actor = Actor::Source(link.source.clone());
        if let Some(contact) = register.contact(id)? {
            let here = Neighbourhood::read(register, &self.live.config.feeds, &contact.district)?;
            let step = lifecycle::directory(&contact, &here.around(id), link.status, scene.now);
            plan.changes
                .extend(step.into_iter().flat_map(|step| changes_of(&contact, step)));
        }
        if before != after {
            plan.changes.push(Change::Person {
                before: Some(Box::new(before)),
                after: Some(Box::new(after)),
            });
        }
        Ok(plan)
    }
}
