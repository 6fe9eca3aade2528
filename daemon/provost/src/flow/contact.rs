//! Designate, remove and reactivate contacts: each is a decision first, then a lifecycle step.

use jiff::civil::Date;
use provost_core::change::{Actor, Change};
use provost_core::contact::{Contact, ContactKind, ContactState};
use provost_core::decision::{Decision, Finding, Reference, Request};
use provost_core::id::PersonId;
use provost_core::lifecycle;
use provost_core::notice::Alarm;
use provost_core::time::Zone;
use provost_core::training::{COURSES_MAX, Course};
use serde_json::{Map, Value};

use super::neighbourhood::Neighbourhood;
use super::{
    FlowError, Refusal, Scene, changes_of, contact, decide, districts, person, plan, write,
};
use crate::store::Snapshot;

/// On whose word a contact is changed.
#[derive(Debug, Clone)]
pub enum OnWordOf {
    /// An operator of the daemon. Rule: `contact.designate`.
    Operator(String),
    /// A person or agent, by reference; the rules say whether they may.
    Party(Reference),
}

/// The party that a text names: a person, or `agent=ID`.
pub fn on_word_of(text: &str) -> OnWordOf {
    let (kind, id) = match text.strip_prefix("agent=") {
        Some(agent) => (Some("agent".to_owned()), agent),
        None => (None, text),
    };
    OnWordOf::Party(Reference {
        kind,
        id: id.to_owned(),
    })
}

impl OnWordOf {
    /// An operator acts with an agent's authority: the same rules forbid.
    pub(crate) fn reference(&self) -> Reference {
        match self {
            Self::Operator(name) => Reference {
                kind: Some("agent".to_owned()),
                id: format!("operator:{name}"),
            },
            Self::Party(reference) => reference.clone(),
        }
    }

    pub(crate) fn actor(&self, register: &Snapshot<'_>) -> Result<Actor, FlowError> {
        match self {
            Self::Operator(name) => Ok(Actor::Operator(name.clone())),
            Self::Party(Reference {
                kind: Some(kind),
                id,
            }) if kind == "agent" => agent(id),
            Self::Party(Reference { id, .. }) => match person(register, id) {
                Ok(person) => Ok(Actor::Person(person.id)),
                // A name that nobody has is a slip of the pen, not a new agent.
                Err(FlowError::Unknown { .. }) if register.is_agent(id)? => agent(id),
                Err(error) => Err(error),
            },
        }
    }
}

fn agent(id: &str) -> Result<Actor, FlowError> {
    provost_core::id::AgentId::new(id)
        .map(Actor::Agent)
        .map_err(|why| FlowError::Invalid {
            what: format!("name agent `{id}`"),
            source: Refusal::because(why.to_string()),
        })
}

/// Asks the rules; a denial becomes the flow's refusal.
fn allowed(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    action: &str,
    by: &OnWordOf,
    target: &PersonId,
    kind: Option<ContactKind>,
    context: Map<String, Value>,
) -> Result<Decision, FlowError> {
    let request = Request {
        subject: by.reference(),
        action: action.to_owned(),
        resource: Reference {
            kind: Some("person".to_owned()),
            id: target.to_string(),
        },
        properties: kind
            .map(|kind| ("type".to_owned(), Value::from(kind.word())))
            .into_iter()
            .collect(),
        context,
    };
    let decision = match by {
        // An operator is judged below, by more than the rules.
        OnWordOf::Operator(_) => decide::decide(register, scene.live, &request, scene.now)?,
        OnWordOf::Party(_) => decide::for_flow(scene, register, &request)?,
    };
    let decision = match by {
        OnWordOf::Operator(name) if action == DESIGNATE => on_operators_word(decision, name),
        _ => decision,
    };
    if decision.decision {
        return Ok(decision);
    }
    Err(FlowError::Refused {
        what: format!("{action} {target}"),
        source: Refusal::denied(decision),
    })
}

/// The action, and the code of its permit rule.
const DESIGNATE: &str = "contact.designate";

/// Operators designate by their own right, also a district's first contact, where agents would need each other's
/// evidence. What other rules forbid stays forbidden. Rule: `contact.designate`.
fn on_operators_word(mut decision: Decision, name: &str) -> Decision {
    decision.reasons.retain(|reason| reason.code != DESIGNATE);
    if decision.reasons.is_empty() {
        let message = format!("The operator {name} designates, changes and removes contacts.");
        decision.reasons.push(Finding::permit(DESIGNATE, message));
        decision.decision = true;
        decision.redirect = None;
    }
    decision
}

/// Makes a person a contact, or changes the kind of one.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids (`contact.designate`, `contact.technical-cap`).
pub fn designate(
    scene: Scene<'_>,
    reference: &str,
    kind: ContactKind,
    by: &OnWordOf,
) -> Result<(Contact, Decision), FlowError> {
    designate_on_evidence(scene, reference, kind, by, &Map::new())
}

/// The same with what a second agent and both agents' records say, in `second-agent`, `evidence` and
/// `second-evidence`: how a district without any valid contact is recovered. Rule: `contact.orphan`.
///
/// # Errors
/// As [`designate`].
pub fn designate_on_evidence(
    scene: Scene<'_>,
    reference: &str,
    kind: ContactKind,
    by: &OnWordOf,
    evidence: &Map<String, Value>,
) -> Result<(Contact, Decision), FlowError> {
    let (actor, designated) = write(scene.store, |register| {
        let person = person(register, reference)?;
        let decision = allowed(
            scene,
            register,
            "contact.designate",
            by,
            &person.id,
            Some(kind),
            evidence.clone(),
        )?;
        let here = Neighbourhood::read(register, &scene.live.config.feeds, &person.district)?;
        let before = register.contact(&person.id)?;
        let after = match &before {
            Some(contact) if contact.state != ContactState::Removed => Contact {
                kind,
                ..contact.clone()
            },
            _ => Contact {
                // What was learned, and what was reported, stays with the person.
                training: before.iter().flat_map(|of| of.training.clone()).collect(),
                sharing_reported: before.as_ref().and_then(|of| of.sharing_reported),
                ..lifecycle::designate(&person, kind, scene.now, &here.around(&person.id))
            },
        };
        let change = Change::Contact {
            before: before.clone().map(Box::new),
            after: Box::new(after.clone()),
        };
        let changes = if before.as_ref() == Some(&after) {
            Vec::new()
        } else {
            vec![change]
        };
        let actor = by.actor(register)?;
        Ok((
            plan(register, actor.clone(), scene.now, changes),
            (actor, (after, decision)),
        ))
    })?;
    districts::gained(scene, &designated.0.district, &actor)?;
    Ok(designated)
}

/// Takes the authority away.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids (`contact.designate`).
pub fn remove(scene: Scene<'_>, reference: &str, by: &OnWordOf) -> Result<Contact, FlowError> {
    write(scene.store, |register| {
        let (person, before) = contact(register, reference)?;
        allowed(
            scene,
            register,
            "contact.designate",
            by,
            &person.id,
            None,
            Map::new(),
        )?;
        let after = lifecycle::remove(&before);
        let change = Change::Contact {
            before: Some(Box::new(before)),
            after: Box::new(after.clone()),
        };
        Ok((
            plan(register, by.actor(register)?, scene.now, vec![change]),
            after,
        ))
    })
}

/// Restores a deactivated contact on the word of another valid contact. Rule: `contact.reactivation`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids or a technical contact's slot is taken.
pub fn reactivate(
    scene: Scene<'_>,
    reference: &str,
    kind: Option<ContactKind>,
    by: &OnWordOf,
) -> Result<Contact, FlowError> {
    let (actor, restored) = write(scene.store, |register| {
        let (person, before) = contact(register, reference)?;
        let kind = kind.unwrap_or(before.kind);
        allowed(
            scene,
            register,
            "contact.reactivate",
            by,
            &person.id,
            Some(kind),
            Map::new(),
        )?;
        let here = Neighbourhood::read(register, &scene.live.config.feeds, &person.district)?;
        let step = lifecycle::reactivate(&before, &here.around(&person.id), kind, scene.now)
            .map_err(|refusal| FlowError::Refused {
                what: format!("contact.reactivate {}", person.id),
                source: Refusal::because(refusal.to_string()),
            })?;
        let (actor, after) = (by.actor(register)?, step.contact.clone());
        let changes = changes_of(&before, step);
        let plan = plan(register, actor.clone(), scene.now, changes);
        Ok((plan, (actor, after)))
    })?;
    districts::gained(scene, &restored.district, &actor)?;
    Ok(restored)
}

/// Code of the alarm for credentials that several people are said to use, and of the remark on the contact's page.
pub const SHARING: &str = "contact.no-sharing";

/// Records that a contact has completed a course; the latest day counts. Rule: `contact.training`.
///
/// # Errors
/// If the person never was a contact, has more courses than anyone takes, or the day is still to come.
pub fn trained(
    scene: Scene<'_>,
    reference: &str,
    (course, completed): (&Course, Date),
    by: &OnWordOf,
) -> Result<Contact, FlowError> {
    write(scene.store, |register| {
        let (person, before) = contact(register, reference)?;
        let refused = |why: String| FlowError::Invalid {
            what: format!("record a course of {}", person.id),
            source: Refusal::because(why),
        };
        let today = match register.district(&person.district)? {
            Some(district) => district.timezone.wall(scene.now).date(),
            None => Zone::utc().wall(scene.now).date(),
        };
        if completed > today {
            return Err(refused(format!("{completed} is still to come")));
        }
        let mut after = before.clone();
        let day = after.training.entry(course.clone()).or_insert(completed);
        *day = completed.max(*day);
        if after.training.len() > COURSES_MAX {
            let why = format!("at most {COURSES_MAX} courses are recorded");
            return Err(refused(why));
        }
        let changes = changed(before, &after);
        Ok((
            plan(register, by.actor(register)?, scene.now, changes),
            after,
        ))
    })
}

/// Records a report that a contact's credentials are shared, and tells the operators. Rule: `contact.no-sharing`.
///
/// # Errors
/// If the person never was a contact.
pub fn sharing_reported(
    scene: Scene<'_>,
    reference: &str,
    note: Option<&str>,
    by: &OnWordOf,
) -> Result<Contact, FlowError> {
    write(scene.store, |register| {
        let (person, before) = contact(register, reference)?;
        let after = Contact {
            sharing_reported: Some(scene.now),
            ..before.clone()
        };
        let actor = by.actor(register)?;
        let said = note.map(|note| format!(": {note}")).unwrap_or_default();
        let alarm = Alarm {
            code: SHARING.to_owned(),
            district: Some(after.district.clone()),
            person: Some(person.id),
            message: format!("{actor} reports that credentials are shared{said}"),
            at: scene.now,
        };
        let mut changes = changed(before, &after);
        changes.push(Change::Alarm {
            alarm: Box::new(alarm),
        });
        Ok((plan(register, actor, scene.now, changes), after))
    })
}

fn changed(before: Contact, after: &Contact) -> Vec<Change> {
    if before == *after {
        return Vec::new();
    }
    vec![Change::Contact {
        before: Some(Box::new(before)),
        after: Box::new(after.clone()),
    }]
}
