//! Inactivity: timer → due contacts → lifecycle → commit.

use provost_core::change::{Actor, Plan};
use provost_core::id::DistrictId;
use provost_core::lifecycle;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::neighbourhood::Headcount;
use super::{FlowError, Scene, changes_of, write};
use crate::store::Snapshot;

/// Contacts evaluated in one transaction; the rest follow in the next.
const BATCH: usize = 1000;

/// What a sweep would do now.
///
/// Contacts are evaluated one after the other, by due time, then id, so that of two last contacts due together only
/// the second one is the last. Rule: domain §3.
///
/// # Errors
/// If the store cannot be read.
pub fn plan(scene: Scene<'_>, register: &Snapshot<'_>, actor: Actor) -> Result<Plan, FlowError> {
    let (base, due) = register.due(scene.now, BATCH)?;
    let mut plan = Plan::new(base, actor, scene.now);
    let feeds = &scene.live.config.feeds;
    let mut around: BTreeMap<DistrictId, Headcount> = BTreeMap::new();
    for contact in due {
        let here = match around.entry(contact.district.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let counted = Headcount::read(register, feeds, &contact.district, BATCH)?;
                new.insert(counted)
            }
        };
        if let Some(step) = lifecycle::step(&contact, &here.around(&contact), scene.now) {
            here.put(&contact, &step.contact);
            plan.changes.extend(changes_of(&contact, step));
        }
    }
    Ok(plan)
}

/// Does what is due now; says how many changes were committed.
///
/// # Errors
/// If the store cannot be read or written.
pub fn run(scene: Scene<'_>, actor: &Actor) -> Result<usize, FlowError> {
    let mut changes = 0;
    loop {
        let batch = write(scene.store, |register| {
            let plan = plan(scene, register, actor.clone())?;
            let size = plan.changes.len();
            Ok((plan, size))
        })?;
        changes += batch;
        if batch == 0 {
            return Ok(changes);
        }
    }
}
