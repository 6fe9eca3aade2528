//! The configuration is authoritative for districts: at start and reload the register follows it.

use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::district::{District, LastContact};
use provost_core::id::DistrictId;
use provost_core::lifecycle;
use provost_core::register::Feed;

use super::neighbourhood::Neighbourhood;
use super::sync::Report;
use super::{FlowError, Scene, plan, write};
use crate::store::Store;

/// Brings the register's districts to those of the configuration. Districts that the configuration no longer names
/// stay with their people: leaving out a table must not orphan a district.
///
/// # Errors
/// If the store cannot be read or written.
pub fn follow(
    store: &Store,
    districts: &[District],
    feeds: &[Feed],
    now: Timestamp,
) -> Result<usize, FlowError> {
    let count = write(store, |register| {
        let mut changes = Vec::new();
        for district in districts {
            let before = register.district(&district.id)?;
            let mut after = district.clone();
            // Schools that people work at are known without being configured; they keep their entry.
            for (id, name) in before.iter().flat_map(|before| &before.schools) {
                after
                    .schools
                    .entry(id.clone())
                    .or_insert_with(|| name.clone());
            }
            if before.as_ref() != Some(&after) {
                changes.push(Change::District {
                    before: before.map(Box::new),
                    after: Box::new(after),
                });
            }
        }
        let count = changes.len();
        Ok((plan(register, Actor::Configuration, now, changes), count))
    })?;
    for district in districts {
        recheck(store, &district.id, feeds, &Actor::Configuration, now)?;
    }
    Ok(count)
}

/// The district has gained a valid contact: one who was held as its last is so no longer, and due at once. Rule:
/// domain §3, last valid contact.
///
/// # Errors
/// If the store cannot be read or written. A crash before this is made good at the next start, or by the daily look at
/// those who are held.
pub fn gained(scene: Scene<'_>, district: &DistrictId, actor: &Actor) -> Result<(), FlowError> {
    let config = &scene.live.config;
    let known = config.districts.get(district);
    if known.is_none_or(|known| known.inactivity.last_contact == LastContact::Deactivate) {
        return Ok(());
    }
    recheck(scene.store, district, &config.feeds, actor, scene.now)
}

/// A directory was read and may have let people in again.
///
/// # Errors
/// As [`gained`].
pub fn synced(scene: Scene<'_>, report: &Report) -> Result<(), FlowError> {
    let source = scene.live.config.sources.get(&report.source);
    let restored = source.filter(|_| report.summary.restored > 0);
    restored.map_or(Ok(()), |source| {
        let actor = Actor::Source(report.source.clone());
        gained(scene, &source.district, &actor)
    })
}

/// A changed time zone or feed moves what is due: every contact's next moment is worked out anew. Rule: domain §3.
pub(super) fn recheck(
    store: &Store,
    district: &DistrictId,
    feeds: &[Feed],
    actor: &Actor,
    now: Timestamp,
) -> Result<(), FlowError> {
    write(store, |register| {
        let here = Neighbourhood::read(register, feeds, district)?;
        let changes = register
            .contacts(Some(district))?
            .into_iter()
            .filter_map(|(before, _)| {
                let after = lifecycle::recheck(&before, &here.around(&before.person), now)?;
                Some(Change::Contact {
                    before: Some(Box::new(before)),
                    after: Box::new(after),
                })
            })
            .collect();
        Ok((plan(register, actor.clone(), now, changes), ()))
    })
}
