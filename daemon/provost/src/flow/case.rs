//! Cases: opened, closed, handed over; each is a decision first. Rules: domain §1, `case.*`.

use provost_core::Timestamp;
use provost_core::case::Case;
use provost_core::change::{Actor, Change};
use provost_core::contact::{ActivityKind, Contact};
use provost_core::decision::{Decision, DistrictFacts, Reference, Request};
use provost_core::id::{CaseId, DistrictId, PersonId};
use provost_core::notice::Alarm;
use serde_json::{Map, Value, json};

use super::contact::OnWordOf;
use super::neighbourhood::Neighbourhood;
use super::{FlowError, NotFound, Refusal, Scene, activity, decide, person, plan, write};
use crate::store::Snapshot;

/// Code of the alarm for an emergency case that no valid contact is there to own. Rule: `case.emergency`.
pub const UNOWNED: &str = "case.unowned";

/// A case to be opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its id.
    pub id: CaseId,
    /// The district that it is to belong to.
    pub district: DistrictId,
    /// Who opens it: a person, or an agent (an operator counts as one) for the requester.
    pub by: OnWordOf,
    /// For whom, by reference.
    pub requester: String,
    /// The valid contact who shall own it, by reference; otherwise the rules choose.
    pub owner: Option<String>,
    /// As an emergency.
    pub emergency: bool,
    /// Why it is one.
    pub reason: Option<String>,
}

impl Opening {
    /// A person submits for the own district; anyone else opens for the requester.
    fn request(&self, requester: &PersonId, opener: &Actor) -> Request {
        let (action, kind, id) = match opener {
            Actor::Person(_) => ("case.submit", "district", self.district.to_string()),
            _ => ("case.open-for", "person", requester.to_string()),
        };
        let properties = json!({"emergency": self.emergency, "reason": self.reason});
        Request {
            subject: self.by.reference(),
            action: action.to_owned(),
            resource: reference(kind, id),
            properties: properties.as_object().cloned().unwrap_or_default(),
            context: Map::new(),
        }
    }
}

fn reference(kind: &str, id: String) -> Reference {
    Reference {
        kind: Some(kind.to_owned()),
        id,
    }
}

fn refused(what: String, why: impl Into<String>) -> FlowError {
    FlowError::Refused {
        what,
        source: Refusal::because(why),
    }
}

fn case(register: &Snapshot<'_>, id: &CaseId) -> Result<Case, FlowError> {
    let missing = || FlowError::Unknown {
        what: "case",
        id: id.to_string(),
        source: NotFound::None,
    };
    register.case(id)?.ok_or_else(missing)
}

/// Opens a case. Submitting is activity of the contact who submits, opening for a contact is that contact's; an
/// emergency is nobody's. Rules: `case.on-behalf`, `case.emergency`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids, the case exists, or the chosen owner is no valid contact.
pub fn open(scene: Scene<'_>, opening: &Opening) -> Result<(Case, Decision), FlowError> {
    write(scene.store, |register| {
        let requester = person(register, &opening.requester)?;
        let actor = opening.by.actor(register)?;
        if requester.district != opening.district {
            let why = format!(
                "{} belongs to district {}",
                requester.id, requester.district
            );
            return Err(refused(format!("open case {}", opening.id), why));
        }
        let decision = decide::allowed(scene, register, &opening.request(&requester.id, &actor))?;
        if register.case(&opening.id)?.is_some() {
            return Err(refused(
                format!("open case {}", opening.id),
                "a case of that id exists already",
            ));
        }
        let here = Neighbourhood::read(register, &scene.live.config.feeds, &opening.district)?;
        let acting = match &actor {
            Actor::Person(id) => Some((id.clone(), ActivityKind::CaseSubmitted)),
            _ if is_valid(here.facts(), &requester.id) => {
                Some((requester.id.clone(), ActivityKind::CaseOpenedFor))
            }
            _ => None,
        };
        let own = acting.as_ref().map(|(id, _)| id.clone());
        let case = Case {
            id: opening.id.clone(),
            district: opening.district.clone(),
            owner: owner(register, opening, here.facts(), own.as_ref())?,
            requester: requester.id,
            // A case for a valid contact is an ordinary one, whatever the haste: nothing is to be transitioned.
            emergency: opening.emergency && acting.is_none(),
            reason: opening.reason.clone(),
            transitioned: false,
            opened: scene.now,
            closed: None,
        };
        let mut changes = vec![Change::Case {
            before: None,
            after: Box::new(case.clone()),
        }];
        if case.owner.is_none() {
            changes.push(unowned(&case, scene.now));
        }
        if let Some((id, kind)) = acting {
            let dealing = case.id.as_str();
            changes.extend(activity::of_dealing(scene, register, dealing, &id, kind)?);
        }
        Ok((plan(register, actor, scene.now, changes), (case, decision)))
    })
}

fn is_valid(district: &DistrictFacts, id: &PersonId) -> bool {
    valid(district).any(|contact| contact.person == *id)
}

fn valid(district: &DistrictFacts) -> impl Iterator<Item = &Contact> {
    district
        .contacts
        .iter()
        .map(|(contact, _)| contact)
        .filter(|contact| contact.is_valid())
}

/// The owner who was chosen, else who acts or is acted for, else a support contact, else any valid contact.
fn owner(
    register: &Snapshot<'_>,
    opening: &Opening,
    district: &DistrictFacts,
    own: Option<&PersonId>,
) -> Result<Option<PersonId>, FlowError> {
    if let Some(chosen) = &opening.owner {
        let chosen = person(register, chosen)?.id;
        if !is_valid(district, &chosen) {
            let why = format!(
                "{chosen} is no valid contact of district {}",
                opening.district
            );
            return Err(refused(format!("open case {}", opening.id), why));
        }
        return Ok(Some(chosen));
    }
    // `Support` sorts before `Technical`; the person's id makes the choice the same every time.
    let first = valid(district).min_by_key(|contact| (contact.kind, &contact.person));
    Ok(own.or(first.map(|contact| &contact.person)).cloned())
}

fn unowned(case: &Case, now: Timestamp) -> Change {
    let alarm = Alarm {
        code: UNOWNED.to_owned(),
        district: Some(case.district.clone()),
        person: Some(case.requester.clone()),
        message: format!(
            "emergency case {} has no owner: the district has no valid contact",
            case.id
        ),
        at: now,
    };
    Change::Alarm {
        alarm: Box::new(alarm),
    }
}

/// Closes a case. Rules: `contact.only`, `case.on-behalf`, `case.transition-first`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids or the case is closed already.
pub fn close(scene: Scene<'_>, id: &CaseId, by: &OnWordOf) -> Result<(Case, Decision), FlowError> {
    write(scene.store, |register| {
        let before = case(register, id)?;
        let decision =
            decide::allowed(scene, register, &on_case("case.close", id, by, Map::new()))?;
        if before.closed.is_some() {
            return Err(refused(format!("close case {id}"), "it is closed already"));
        }
        let actor = by.actor(register)?;
        let after = Case {
            closed: Some(scene.now),
            ..before.clone()
        };
        let mut changes = vec![put(before, &after)];
        if let Actor::Person(person) = &actor {
            let (dealing, kind) = (id.as_str(), ActivityKind::CaseClosed);
            changes.extend(activity::of_dealing(
                scene, register, dealing, person, kind,
            )?);
        }
        Ok((plan(register, actor, scene.now, changes), (after, decision)))
    })
}

/// Hands a case over to a valid contact of its district. Rule: `case.transition`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids.
pub fn transition(
    scene: Scene<'_>,
    id: &CaseId,
    to: &str,
    by: &OnWordOf,
) -> Result<(Case, Decision), FlowError> {
    write(scene.store, |register| {
        let before = case(register, id)?;
        let receiver = person(register, to)?.id;
        let properties = Map::from_iter([("to".to_owned(), Value::from(receiver.as_str()))]);
        let decision = decide::allowed(
            scene,
            register,
            &on_case("case.transition", id, by, properties),
        )?;
        let after = Case {
            owner: Some(receiver),
            transitioned: true,
            ..before.clone()
        };
        let changes = vec![put(before, &after)];
        Ok((
            plan(register, by.actor(register)?, scene.now, changes),
            (after, decision),
        ))
    })
}

fn on_case(action: &str, id: &CaseId, by: &OnWordOf, properties: Map<String, Value>) -> Request {
    Request {
        subject: by.reference(),
        action: action.to_owned(),
        resource: reference("case", id.to_string()),
        properties,
        context: Map::new(),
    }
}

fn put(before: Case, after: &Case) -> Change {
    Change::Case {
        before: Some(Box::new(before)),
        after: Box::new(after.clone()),
    }
}
