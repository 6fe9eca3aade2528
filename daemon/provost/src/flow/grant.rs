//! Roles, groups and rights: given and taken back; each is a decision first. Rules: `role.grant`, `right.grant`,
//! `group.assign`.

use provost_core::Timestamp;
use provost_core::change::Change;
use provost_core::decision::{Decision, REVOKE, Reference, Request};
use provost_core::person::Person;
use provost_core::role::{Grant, Granted, Group, Origin};
use serde_json::{Map, Value, json};

use super::contact::OnWordOf;
use super::{FlowError, NotFound, Refusal, Scene, decide, person, plan, write};
use crate::store::Snapshot;

/// The question whether `by` may give that to the person; `None` for what no rule lets a person give.
fn request(by: &OnWordOf, person: &Person, what: &Granted) -> Option<Request> {
    let (action, properties) = match what {
        Granted::Role(role) => ("role.grant", json!({"role": role})),
        Granted::Group(group) => ("group.assign", json!({"group": group})),
        Granted::Tool(tool, letters) => ("right.grant", json!({"tool": tool, "letters": letters})),
        Granted::Calendar(_) => return None,
    };
    Some(Request {
        subject: by.reference(),
        action: action.to_owned(),
        resource: Reference {
            kind: Some("person".to_owned()),
            id: person.id.to_string(),
        },
        properties: properties
            .as_object()
            .cloned()
            .unwrap_or_else(Map::<String, Value>::new),
        context: Map::new(),
    })
}

/// What is done with a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Give,
    Take,
}

/// Asks the rules for a person or agent. An operator's word stands for itself.
fn allowed(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    by: &OnWordOf,
    (deed, what): (Deed, &Granted),
    person: &Person,
) -> Result<Option<Decision>, FlowError> {
    let refused = |source| FlowError::Refused {
        what: format!("change {what} of {}", person.id),
        source,
    };
    if matches!(by, OnWordOf::Operator(_)) {
        return Ok(None);
    }
    let Some(mut request) = request(by, person, what) else {
        return Err(refused(Refusal::because(
            "calendar rights are given by operators or with a role",
        )));
    };
    if deed == Deed::Take {
        request.properties.insert(REVOKE.to_owned(), true.into());
    }
    let decision = decide::for_flow(scene, register, &request)?;
    if decision.decision {
        Ok(Some(decision))
    } else {
        Err(refused(Refusal::denied(decision)))
    }
}

/// The code of the rule that says where product roles are held.
const HOMEPAGE: &str = "role.homepage";

/// A product role where it could have no effect is given by nobody. Rule: `role.homepage`.
pub(super) fn check_homepage(person: &Person, what: &Granted) -> Result<(), FlowError> {
    if !matches!(what, Granted::Role(_)) || person.has_main_homepage() {
        return Ok(());
    }
    let why = format!(
        "homepage {} holds no product roles ({HOMEPAGE})",
        person.homepage
    );
    Err(FlowError::Refused {
        what: format!("grant {what} to {}", person.id),
        source: Refusal::because(why),
    })
}

/// What exists of a group or role that is named; a grant of nothing would never have an effect.
pub(super) fn check_known(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    person: &Person,
    what: &Granted,
) -> Result<(), FlowError> {
    let known = match what {
        Granted::Role(role) => scene.live.roles.get(role).is_some(),
        Granted::Group(group) => register.group(&person.district, group)?.is_some(),
        Granted::Tool(..) | Granted::Calendar(_) => true,
    };
    if known {
        return Ok(());
    }
    let source = Refusal::because("the register knows none of that name");
    Err(FlowError::Invalid {
        what: format!("grant {what} to {}", person.id),
        source,
    })
}

/// Gives something to a person; a manual grant of the same with another expiry is replaced. The decision is `None` if
/// an operator gave it.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids, [`FlowError::Invalid`] if there is no such role or group.
pub fn give(
    scene: Scene<'_>,
    reference: &str,
    what: &Granted,
    by: &OnWordOf,
    expires: Option<Timestamp>,
) -> Result<(Grant, Option<Decision>), FlowError> {
    write(scene.store, |register| {
        let person = person(register, reference)?;
        check_known(scene, register, &person, what)?;
        let decision = allowed(scene, register, by, (Deed::Give, what), &person)?;
        check_homepage(&person, what)?;
        let actor = by.actor(register)?;
        let grant = Grant {
            person: person.id.clone(),
            what: what.clone(),
            origin: Origin::Manual,
            by: actor.to_string(),
            at: scene.now,
            expires,
        };
        let held = manual(register, &person, what)?;
        let mut changes = Vec::new();
        if held.as_ref().is_none_or(|held| held.expires != expires) {
            changes.extend(held.map(|held| Change::Revoke {
                grant: Box::new(held),
            }));
            changes.push(Change::Grant {
                grant: Box::new(grant.clone()),
            });
        }
        Ok((plan(register, actor, scene.now, changes), (grant, decision)))
    })
}

/// Takes a manual grant back. A directory's or plugin's grant is taken away by its origin alone.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids or the person does not hold it by hand.
pub fn take(
    scene: Scene<'_>,
    reference: &str,
    what: &Granted,
    by: &OnWordOf,
) -> Result<(Grant, Option<Decision>), FlowError> {
    write(scene.store, |register| {
        let person = person(register, reference)?;
        let decision = allowed(scene, register, by, (Deed::Take, what), &person)?;
        let Some(held) = manual(register, &person, what)? else {
            let source = Refusal::because("it was not granted by hand, or not at all");
            return Err(FlowError::Refused {
                what: format!("revoke {what} of {}", person.id),
                source,
            });
        };
        let changes = vec![Change::Revoke {
            grant: Box::new(held.clone()),
        }];
        Ok((
            plan(register, by.actor(register)?, scene.now, changes),
            (held, decision),
        ))
    })
}

fn manual(
    register: &Snapshot<'_>,
    person: &Person,
    what: &Granted,
) -> Result<Option<Grant>, FlowError> {
    let grants = register.grants(&person.id)?.into_iter();
    Ok(grants
        .filter(|grant| grant.origin == Origin::Manual)
        .find(|grant| grant.what == *what))
}

/// Creates a user group, or gives one other rights. Rule: `group.create`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids, [`FlowError::Unknown`] if there is no such district.
pub fn put_group(scene: Scene<'_>, group: &Group, by: &OnWordOf) -> Result<Group, FlowError> {
    write(scene.store, |register| {
        if register.district(&group.district)?.is_none() {
            return Err(FlowError::Unknown {
                what: "district",
                id: group.district.to_string(),
                source: NotFound::None,
            });
        }
        if matches!(by, OnWordOf::Party(_)) {
            let request = Request {
                subject: by.reference(),
                action: "group.create".to_owned(),
                resource: Reference {
                    kind: Some("district".to_owned()),
                    id: group.district.to_string(),
                },
                properties: Map::new(),
                context: Map::new(),
            };
            let decision = decide::for_flow(scene, register, &request)?;
            if !decision.decision {
                return Err(FlowError::Refused {
                    what: format!("create group {}", group.id),
                    source: Refusal::denied(decision),
                });
            }
        }
        let before = register.group(&group.district, &group.id)?;
        rights_allowed(scene, register, group, before.as_ref(), by)?;
        // What the request does not speak of stays.
        let calendars = before.iter().flat_map(|of| of.calendars.clone()).collect();
        let after = Group {
            calendars,
            ..group.clone()
        };
        let mut changes = Vec::new();
        if before.as_ref() != Some(&after) {
            changes.push(Change::Group {
                before: before.map(Box::new),
                after: Some(Box::new(after.clone())),
            });
        }
        Ok((
            plan(register, by.actor(register)?, scene.now, changes),
            after,
        ))
    })
}

/// A right in a group is given to all who are ever in it: on a party's word each that is new is a right that the party
/// may grant, asked as one of its own. Rules: `right.grant`, `role.sis-excludes`.
fn rights_allowed(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    group: &Group,
    before: Option<&Group>,
    by: &OnWordOf,
) -> Result<(), FlowError> {
    let OnWordOf::Party(party) = by else {
        return Ok(());
    };
    let had = |tool| before.and_then(|before| before.rights.get(tool).copied());
    for (tool, letters) in &group.rights {
        if had(tool).is_some_and(|had| had.contains(*letters)) {
            continue;
        }
        let properties = json!({"tool": tool, "letters": letters});
        let request = Request {
            subject: by.reference(),
            action: "right.grant".to_owned(),
            resource: Reference {
                kind: Some("person".to_owned()),
                id: party.id.clone(),
            },
            properties: properties.as_object().cloned().unwrap_or_default(),
            context: Map::new(),
        };
        let decision = decide::for_flow(scene, register, &request)?;
        if !decision.decision {
            return Err(FlowError::Refused {
                what: format!("put {tool} into group {}", group.id),
                source: Refusal::denied(decision),
            });
        }
    }
    Ok(())
}
