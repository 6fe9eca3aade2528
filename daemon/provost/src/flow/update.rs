//! Requests for site refreshes and version updates: asking is a decision, what becomes of it a step of the vendor's or
//! the district's. Rules: domain §1, `update.*`.

use provost_core::change::{Actor, Change};
use provost_core::contact::{ActivityKind, ContactKind};
use provost_core::decision::{Decision, Reference, Request};
use provost_core::id::{DistrictId, PersonId, UpdateId};
use provost_core::update::{BadUpdateStep, Mover, UpdateKind, UpdateRequest, UpdateState};
use serde_json::Map;

use super::contact::OnWordOf;
use super::{FlowError, NotFound, Refusal, Scene, activity, decide, plan, write};
use crate::store::Snapshot;

/// A request that is made.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Its id.
    pub id: UpdateId,
    /// The district whose site or version it is about.
    pub district: DistrictId,
    /// What is asked for.
    pub kind: UpdateKind,
    /// Who asks; the rules let only the technical contact.
    pub by: OnWordOf,
}

/// The request of that id.
///
/// # Errors
/// If there is none.
pub fn one(register: &Snapshot<'_>, id: &UpdateId) -> Result<UpdateRequest, FlowError> {
    let missing = || FlowError::Unknown {
        what: "update request",
        id: id.to_string(),
        source: NotFound::None,
    };
    register.update_request(id)?.ok_or_else(missing)
}

fn question(asking: &Asking) -> Request {
    Request {
        subject: asking.by.reference(),
        action: "update.request".to_owned(),
        resource: Reference {
            kind: Some("district".to_owned()),
            id: asking.district.to_string(),
        },
        properties: Map::from_iter([("kind".to_owned(), asking.kind.word().into())]),
        context: Map::new(),
    }
}

/// Records a request. Asking is activity of the technical contact who asks.
/// Rules: `update.technical`, `update.version`, `update.not-applicable`, `update.group-process`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids, [`FlowError::Conflict`] if there is a request of that id.
pub fn submit(scene: Scene<'_>, asking: &Asking) -> Result<(UpdateRequest, Decision), FlowError> {
    write(scene.store, |register| {
        let actor = asking.by.actor(register)?;
        let decision = decide::allowed(scene, register, &question(asking))?;
        let Actor::Person(requester) = &actor else {
            return Err(FlowError::Refused {
                what: format!("request update {}", asking.id),
                source: Refusal::because("only a person of the district asks for an update"),
            });
        };
        if register.update_request(&asking.id)?.is_some() {
            let why = "an update request of that id exists already";
            return Err(FlowError::Conflict {
                what: format!("request update {}", asking.id),
                source: Refusal::because(why),
            });
        }
        let request = UpdateRequest {
            id: asking.id.clone(),
            district: asking.district.clone(),
            kind: asking.kind,
            requester: requester.clone(),
            state: UpdateState::Requested,
            reason: None,
            requested: scene.now,
            changed: scene.now,
        };
        let mut changes = vec![Change::UpdateRequest {
            before: None,
            after: Box::new(request.clone()),
        }];
        let (dealing, kind) = (asking.id.as_str(), ActivityKind::UpdateRequest);
        let counted = activity::of_dealing(scene, register, dealing, requester, kind)?;
        changes.extend(counted);
        Ok((
            plan(register, actor, scene.now, changes),
            (request, decision),
        ))
    })
}

/// Moves a request on: the vendor accepts, carries out or declines it, the district withdraws it.
///
/// # Errors
/// [`FlowError::Refused`] for who may not, [`FlowError::Conflict`] if the request is past that, and
/// [`FlowError::Invalid`] for a refusal without a reason.
pub fn moved(
    scene: Scene<'_>,
    id: &UpdateId,
    to: UpdateState,
    reason: Option<&str>,
    by: &OnWordOf,
) -> Result<UpdateRequest, FlowError> {
    write(scene.store, |register| {
        let before = one(register, id)?;
        let actor = by.actor(register)?;
        let mover = mover(register, &actor, &before.district)?;
        let reason = reason.map(str::to_owned);
        let after = before.moved(to, mover, reason, scene.now);
        let after = after.map_err(|why| refused(id, to, why))?;
        let change = Change::UpdateRequest {
            before: Some(Box::new(before)),
            after: Box::new(after.clone()),
        };
        Ok((plan(register, actor, scene.now, vec![change]), after))
    })
}

fn mover(
    register: &Snapshot<'_>,
    actor: &Actor,
    district: &DistrictId,
) -> Result<Mover, FlowError> {
    let Actor::Person(person) = actor else {
        return Ok(Mover::Desk);
    };
    Ok(if is_technical(register, person, district)? {
        Mover::TechnicalContact
    } else {
        Mover::Other
    })
}

fn is_technical(
    register: &Snapshot<'_>,
    person: &PersonId,
    district: &DistrictId,
) -> Result<bool, FlowError> {
    let facts = register.district_facts(district)?;
    let mut valid = facts.iter().flat_map(|facts| facts.valid_contacts());
    Ok(valid
        .any(|(contact, _)| contact.person == *person && contact.kind == ContactKind::Technical))
}

fn refused(id: &UpdateId, to: UpdateState, why: BadUpdateStep) -> FlowError {
    let what = format!("take update request {id} for {to}");
    let source = Refusal::because(why.to_string());
    match why {
        BadUpdateStep::Over(_) | BadUpdateStep::Again(_) => FlowError::Conflict { what, source },
        BadUpdateStep::NotTheDesk(_) | BadUpdateStep::NotTechnical => {
            FlowError::Refused { what, source }
        }
        BadUpdateStep::Back | BadUpdateStep::NoReason | BadUpdateStep::TooLong => {
            FlowError::Invalid { what, source }
        }
    }
}
