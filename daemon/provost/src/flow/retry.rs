//! Notices that an operator wants tried again, at once.

use provost_core::change::{Actor, Change};
use provost_core::id::{DistrictId, NoticeId};
use provost_core::lifecycle::{self, Wanted};
use provost_core::notice::{Delivery, Notice, Outcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::{FlowError, NotFound, Refusal, Scene, plan, write};
use crate::store::{NoticeState, Outgoing, Snapshot};

/// Dead letters that are put back in one transaction.
const CHUNK: usize = 500;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Retried {
    /// Notices that are tried again now.
    pub retried: usize,
    /// Dead letters that nobody waits for any more: they stay.
    pub left: usize,
}

/// A notice by its id.
///
/// # Errors
/// If there is none of that id, or the store cannot be read.
pub fn find(register: &Snapshot<'_>, id: &NoticeId) -> Result<Outgoing, FlowError> {
    let found = register.notice(id)?.map(|(outgoing, _)| outgoing);
    found.ok_or_else(|| FlowError::Unknown {
        what: "notice",
        id: id.to_string(),
        source: NotFound::None,
    })
}

/// Tries one notice again at once, whether it waits for its next attempt or was given up.
///
/// # Errors
/// [`FlowError::Conflict`] if it was accepted or withdrawn, waits for an operator's word or is no longer wanted.
pub fn one(scene: Scene<'_>, id: &NoticeId, by: &Actor) -> Result<Retried, FlowError> {
    write(scene.store, |register| {
        let outgoing = find(register, id)?;
        if let Some(why) = hindrance(register, &outgoing)? {
            return Err(FlowError::Conflict {
                what: format!("try notice {id} again"),
                source: Refusal::because(why),
            });
        }
        let changes = vec![released(scene, &outgoing.notice)];
        let retried = Retried {
            retried: 1,
            left: 0,
        };
        Ok((plan(register, by.clone(), scene.now, changes), retried))
    })
}

/// Tries all dead letters of a district or of all again at once.
///
/// # Errors
/// If the store cannot be read or written.
pub fn failed(
    scene: Scene<'_>,
    district: Option<&DistrictId>,
    by: &Actor,
) -> Result<Retried, FlowError> {
    let (mut all, mut after) = (Retried::default(), 0);
    loop {
        let (done, last) = write(scene.store, |register| {
            let (mut done, mut changes) = (Retried::default(), Vec::new());
            let dead = register.notices_failed(district, after, CHUNK)?;
            for outgoing in &dead {
                match hindrance(register, outgoing)? {
                    Some(_) => done.left += 1,
                    None => changes.push(released(scene, &outgoing.notice)),
                }
            }
            done.retried = changes.len();
            let last = dead.last().map(|outgoing| outgoing.seq);
            Ok((plan(register, by.clone(), scene.now, changes), (done, last)))
        })?;
        all.retried += done.retried;
        all.left += done.left;
        match last {
            Some(last) => after = last,
            None => return Ok(all),
        }
    }
}

fn released(scene: Scene<'_>, notice: &Notice) -> Change {
    let delivery = Delivery::unsent(notice.id.clone(), scene.now, Outcome::Released);
    Change::Delivery {
        delivery: Box::new(delivery),
    }
}

/// Why a notice cannot be tried again.
fn hindrance(
    register: &Snapshot<'_>,
    outgoing: &Outgoing,
) -> Result<Option<&'static str>, FlowError> {
    let contact = register.contact(&outgoing.notice.person)?;
    let wanted = contact.map(|contact| lifecycle::wanted(&contact, &outgoing.notice));
    Ok(match (outgoing.state, wanted) {
        (NoticeState::Accepted, _) => Some("it was accepted"),
        (NoticeState::Withdrawn, _) => Some("it was withdrawn"),
        (NoticeState::Held, _) => Some("it waits for `provost notice approve`"),
        (_, Some(Wanted::Now | Wanted::Later)) => None,
        (_, Some(Wanted::Unnotified)) => Some("its stage counts as given"),
        (_, Some(Wanted::Never) | None) => Some("what it tells is no longer so"),
    })
}
