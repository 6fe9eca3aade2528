//! Calls: who comes is a decision, who goes is a fact, and where a call stands follows from who is on it.
//! Rule: domain §1, `call.accompanied`.

use provost_core::call::{BadCallStep, Call, CallState};
use provost_core::change::{Actor, Change};
use provost_core::contact::ActivityKind;
use provost_core::decision::{Decision, Reference, Request};
use provost_core::id::{CallId, DistrictId, PersonId};
use serde::Serialize;
use serde_json::Map;
use std::collections::{BTreeMap, BTreeSet};

use super::contact::OnWordOf;
use super::{FlowError, NotFound, Refusal, Scene, activity, decide, person, plan, write};
use crate::store::Snapshot;

/// A call, and where it stands at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Seen {
    /// The call.
    #[serde(flatten)]
    pub call: Call,
    /// Open, paused or ended.
    pub state: CallState,
}

/// A call that begins.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its id.
    pub id: CallId,
    /// The district that it is about.
    pub district: DistrictId,
    /// Who calls, by reference: the first person on it.
    pub person: String,
    /// Who records it.
    pub by: OnWordOf,
}

fn find(register: &Snapshot<'_>, id: &CallId) -> Result<Call, FlowError> {
    let missing = || FlowError::Unknown {
        what: "call",
        id: id.to_string(),
        source: NotFound::None,
    };
    register.call(id)?.ok_or_else(missing)
}

/// The valid contacts of a district.
fn contacts(
    register: &Snapshot<'_>,
    district: &DistrictId,
) -> Result<BTreeSet<PersonId>, FlowError> {
    let facts = register.district_facts(district)?;
    let valid = facts.iter().flat_map(|facts| facts.valid_contacts());
    Ok(valid.map(|(contact, _)| contact.person.clone()).collect())
}

fn seen(call: Call, contacts: &BTreeSet<PersonId>) -> Seen {
    let state = call.state(|person| contacts.contains(person));
    Seen { call, state }
}

/// May this person talk? On a call that is recorded, those who are on it count.
fn talk(person: &PersonId, district: &DistrictId, on: Option<&CallId>) -> Request {
    let reference = |kind: &str, id: &str| Reference {
        kind: Some(kind.to_owned()),
        id: id.to_owned(),
    };
    let call = on.map(|id| ("call".to_owned(), id.as_str().into()));
    Request {
        subject: reference("person", person.as_str()),
        action: "call.talk".to_owned(),
        resource: reference("district", district.as_str()),
        properties: call.into_iter().collect(),
        context: Map::new(),
    }
}

fn conflict(id: &CallId, what: &str, why: impl ToString) -> FlowError {
    FlowError::Conflict {
        what: format!("{what} call {id}"),
        source: Refusal::because(why.to_string()),
    }
}

fn put(before: Option<Call>, after: &Call) -> Change {
    Change::Call {
        before: before.map(Box::new),
        after: Box::new(after.clone()),
    }
}

/// A contact who is put on a call was identified: that is activity. The first one's event has the id that a support
/// desk's own feed would give it, so that both count once.
fn verified(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    call: &Call,
    person: &PersonId,
) -> Result<Vec<Change>, FlowError> {
    let dealing = match call.participants.len() {
        0 | 1 => call.id.to_string(),
        place => format!("{}:{place}", call.id),
    };
    activity::of_dealing(
        scene,
        register,
        &dealing,
        person,
        ActivityKind::VerifiedCall,
    )
}

/// Opens a call with its first person, who must be one who may talk alone. Rules: `contact.only`, `call.accompanied`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids, [`FlowError::Conflict`] if there is a call of that id.
pub fn open(scene: Scene<'_>, opening: &Opening) -> Result<(Seen, Decision), FlowError> {
    write(scene.store, |register| {
        let caller = person(register, &opening.person)?.id;
        let actor = opening.by.actor(register)?;
        let (id, district) = (&opening.id, &opening.district);
        let decision = decide::allowed(scene, register, &talk(&caller, district, None))?;
        if register.call(id)?.is_some() {
            return Err(conflict(id, "open", "a call of that id exists already"));
        }
        let call = Call::open(id.clone(), district.clone(), caller.clone(), scene.now);
        let mut changes = vec![put(None, &call)];
        changes.extend(verified(scene, register, &call, &caller)?);
        let seen = seen(call, &contacts(register, district)?);
        Ok((plan(register, actor, scene.now, changes), (seen, decision)))
    })
}

/// Puts one more person on a call. Rules: `contact.only`, `call.accompanied`, `contact.third-party`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids, [`FlowError::Conflict`] if the call is over or the person on it.
pub fn join(
    scene: Scene<'_>,
    id: &CallId,
    who: &str,
    by: &OnWordOf,
) -> Result<(Seen, Decision), FlowError> {
    write(scene.store, |register| {
        let before = find(register, id)?;
        let who = person(register, who)?.id;
        let actor = by.actor(register)?;
        let after = before.joined(who.clone(), scene.now);
        let after = after.map_err(|why| conflict(id, "join", why))?;
        let request = talk(&who, &before.district, Some(id));
        let decision = decide::allowed(scene, register, &request)?;
        let contacts = contacts(register, &before.district)?;
        let mut changes = vec![put(Some(before), &after)];
        if contacts.contains(&who) {
            changes.extend(verified(scene, register, &after, &who)?);
        }
        let seen = seen(after, &contacts);
        Ok((plan(register, actor, scene.now, changes), (seen, decision)))
    })
}

/// Takes a person off a call. When the last contact leaves, the call pauses.
///
/// # Errors
/// [`FlowError::Conflict`] if the call is over or the person is not on it.
pub fn leave(scene: Scene<'_>, id: &CallId, who: &str, by: &OnWordOf) -> Result<Seen, FlowError> {
    step(scene, id, "leave", by, |register, call| {
        let who = person(register, who)?.id;
        Ok(call.left(&who, scene.now))
    })
}

/// Ends a call.
///
/// # Errors
/// [`FlowError::Conflict`] if it is over already.
pub fn end(scene: Scene<'_>, id: &CallId, by: &OnWordOf) -> Result<Seen, FlowError> {
    step(scene, id, "end", by, |_, call| Ok(call.closed(scene.now)))
}

/// A step that no rule is asked about.
fn step(
    scene: Scene<'_>,
    id: &CallId,
    what: &str,
    by: &OnWordOf,
    go: impl Fn(&Snapshot<'_>, &Call) -> Result<Result<Call, BadCallStep>, FlowError>,
) -> Result<Seen, FlowError> {
    write(scene.store, |register| {
        let before = find(register, id)?;
        let actor: Actor = by.actor(register)?;
        let after = go(register, &before)?.map_err(|why| conflict(id, what, why))?;
        let seen = seen(after.clone(), &contacts(register, &after.district)?);
        let changes = vec![put(Some(before), &after)];
        Ok((plan(register, actor, scene.now, changes), seen))
    })
}

/// The call of that id.
///
/// # Errors
/// If there is none.
pub fn one(register: &Snapshot<'_>, id: &CallId) -> Result<Seen, FlowError> {
    let call = find(register, id)?;
    let contacts = contacts(register, &call.district)?;
    Ok(seen(call, &contacts))
}

/// Calls after `after` by id, of one district or of all, at most `rows`.
///
/// # Errors
/// If the store cannot be read.
pub fn page(
    register: &Snapshot<'_>,
    district: Option<&DistrictId>,
    after: &str,
    rows: usize,
) -> Result<Vec<Seen>, FlowError> {
    let mut valid = BTreeMap::new();
    let calls = register.calls_page(district, after, rows)?;
    let seen = calls.into_iter().map(|call| {
        if !valid.contains_key(&call.district) {
            valid.insert(call.district.clone(), contacts(register, &call.district)?);
        }
        let contacts = &valid[&call.district];
        Ok(seen(call, contacts))
    });
    seen.collect()
}
