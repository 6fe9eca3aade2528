//! Inactivity: timer → due contacts → lifecycle → commit.

use provost_core::change::{Actor, Change, Plan};
use provost_core::contact::Contact;
use provost_core::id::DistrictId;
use provost_core::lifecycle::{self, Step};
use provost_core::notice::{Alarm, Delivery, Outcome};
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
    batch(scene, register, actor, 0).map(|(plan, _)| plan)
}

/// The first [`BATCH`] contacts that are due, in a tick that has queued some stages' notices already; says how many
/// there are with these.
fn batch(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    actor: Actor,
    queued: usize,
) -> Result<(Plan, usize), FlowError> {
    let (base, due) = register.due(scene.now, BATCH)?;
    let feeds = &scene.live.config.feeds;
    let mut around: BTreeMap<DistrictId, Headcount> = BTreeMap::new();
    let mut steps = Vec::new();
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
            steps.push((contact, step));
        }
    }
    let notices: usize = steps
        .iter()
        .map(|(_, step)| lifecycle::stage_notices(step))
        .sum();
    let mut plan = Plan::new(base, actor, scene.now);
    plan.changes = guarded(scene, register, steps, queued + notices)?;
    Ok((plan, queued + notices))
}

/// The changes of the steps. Where they are a mass, or one waits already, every stage's notice waits for an operator's
/// word with its contact; the operators hear of it once.
fn guarded(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    steps: Vec<(Contact, Step)>,
    notices: usize,
) -> Result<Vec<Change>, FlowError> {
    let waiting = register.counts()?.notices_held;
    let is_mass = notices > scene.live.config.approve_above || waiting > 0;
    let (mut changes, mut held) = (Vec::new(), 0);
    for (contact, step) in steps {
        if !is_mass || lifecycle::stage_notices(&step) == 0 {
            changes.extend(changes_of(&contact, step));
            continue;
        }
        let step = lifecycle::held_back(step, scene.now);
        held += step.notices.len();
        let waits = step.notices.clone().into_iter().map(|notice| {
            let delivery = Delivery::unsent(notice.id, scene.now, Outcome::Held);
            Change::Delivery {
                delivery: Box::new(delivery),
            }
        });
        changes.extend(changes_of(&contact, step));
        changes.extend(waits);
    }
    if held > 0 && waiting == 0 {
        let message =
            format!("{held} notices are due at once and wait for `provost notice approve`");
        let alarm = Box::new(Alarm {
            code: lifecycle::MASS.to_owned(),
            district: None,
            person: None,
            message,
            at: scene.now,
        });
        changes.push(Change::Alarm { alarm });
    }
    Ok(changes)
}

/// Does what is due now; says how many changes were committed.
///
/// # Errors
/// If the store cannot be read or written.
pub fn run(scene: Scene<'_>, actor: &Actor) -> Result<usize, FlowError> {
    let (mut changes, mut queued) = (0, 0);
    loop {
        let (size, notices) = write(scene.store, |register| {
            let (plan, notices) = batch(scene, register, actor.clone(), queued)?;
            let size = plan.changes.len();
            Ok((plan, (size, notices)))
        })?;
        changes += size;
        queued = notices;
        if size == 0 {
            return Ok(changes);
        }
    }
}
