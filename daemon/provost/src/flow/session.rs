//! Sessions: open, log in as another user, return, close; each with its lines in the access logs.

use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::decision::{Decision, Reference, Request};
use provost_core::id::{PersonId, SessionId};
use provost_core::person::Person;
use provost_core::session::{Access, Session, ThirdPartyAdmin};
use serde_json::Map;

use super::{
    FlowError, NotFound, Refusal, Scene, decide, person, plan, record, write, write_on_record,
};
use crate::store::{Snapshot, Store};

/// From where a session comes.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Remote address.
    pub remote: Option<String>,
    /// Client program.
    pub client: Option<String>,
}

fn access(
    person: &PersonId,
    event: &str,
    session: &SessionId,
    now: Timestamp,
    success: bool,
) -> Access {
    Access {
        person: person.clone(),
        event: event.to_owned(),
        at: now,
        success,
        session: session.clone(),
        remote: None,
        client: None,
        third_party_admin: None,
        target: None,
    }
}

fn log(access: Access) -> Change {
    Change::Access {
        access: Box::new(access),
    }
}

fn open_session(register: &Snapshot<'_>, id: &SessionId) -> Result<Session, FlowError> {
    let missing = || FlowError::Unknown {
        what: "open session",
        id: id.to_string(),
        source: NotFound::None,
    };
    register
        .session(id)?
        .filter(|session| session.closed.is_none())
        .ok_or_else(missing)
}

fn put(before: &Session, after: Session) -> Change {
    Change::Session {
        before: Some(Box::new(before.clone())),
        after: Box::new(after),
    }
}

/// Opens a session: a login. A disabled account is refused, and the refusal is logged.
///
/// # Errors
/// [`FlowError::Refused`] if the account is disabled or the session's id is taken.
pub fn open(
    store: &Store,
    id: &SessionId,
    reference: &str,
    origin: &Origin,
    now: Timestamp,
) -> Result<Session, FlowError> {
    let refused = |why: &str| FlowError::Refused {
        what: format!("open session {id}"),
        source: Refusal::because(why),
    };
    let (session, opened) = write(store, |register| {
        let person = person(register, reference)?;
        if register.session(id)?.is_some() {
            return Err(refused("a session of that id exists already"));
        }
        let enabled = person.account_enabled();
        let login = Access {
            remote: origin.remote.clone(),
            client: origin.client.clone(),
            ..access(&person.id, "login", id, now, enabled)
        };
        let session = Session {
            id: id.clone(),
            actor: person.id.clone(),
            target: None,
            used_login_as: false,
            opened: now,
            closed: None,
        };
        let mut changes = vec![log(login)];
        if enabled {
            changes.push(Change::Session {
                before: None,
                after: Box::new(session.clone()),
            });
        }
        Ok((
            plan(register, Actor::Person(person.id), now, changes),
            (session, enabled),
        ))
    })?;
    if opened {
        Ok(session)
    } else {
        Err(refused("the account is disabled"))
    }
}

/// Enters another person's account. Both get a line in their access logs, also when it is refused; these lines, the
/// session and the decision's record are one commit, durable before anybody is told of it.
/// Rules: `login-as.*`, `login-as.third-party`.
///
/// # Errors
/// [`FlowError::Refused`] with every rule that forbids.
pub fn login_as(scene: Scene<'_>, id: &SessionId, target: &str) -> Result<Decision, FlowError> {
    let decision = write_on_record(scene.store, |register| {
        let before = open_session(register, id)?;
        let actor = person(register, before.actor.as_str())?;
        let target = person(register, target)?;
        let request = Request {
            subject: Reference {
                kind: Some("person".to_owned()),
                id: actor.id.to_string(),
            },
            action: "login-as".to_owned(),
            resource: Reference {
                kind: Some("person".to_owned()),
                id: target.id.to_string(),
            },
            properties: Map::new(),
            context: [("session".to_owned(), id.as_str().into())]
                .into_iter()
                .collect(),
        };
        let facts = register.facts(&request, scene.now, &scene.live.roles)?;
        let decision = decide::decide_on(scene.live, &request, &facts);
        let noted = record::noted(scene.live, request, facts, &decision);
        let mut changes = both_logs(&actor, &target, id, scene.now, decision.decision);
        if decision.decision {
            let after = Session {
                target: Some(target.id.clone()),
                used_login_as: true,
                ..before.clone()
            };
            changes.push(put(&before, after));
        }
        let plan = plan(register, Actor::Person(actor.id), scene.now, changes);
        Ok((plan, Some(noted), decision))
    })?;
    if decision.decision {
        return Ok(decision);
    }
    Err(FlowError::Refused {
        what: format!("log in as {target}"),
        source: Refusal::denied(decision),
    })
}

fn both_logs(
    actor: &Person,
    target: &Person,
    id: &SessionId,
    now: Timestamp,
    success: bool,
) -> Vec<Change> {
    let admin = ThirdPartyAdmin {
        name: actor.name.clone(),
        id: actor.id.clone(),
        username: actor.username.clone(),
    };
    let theirs = Access {
        third_party_admin: Some(admin),
        ..access(&target.id, "login-as", id, now, success)
    };
    let own = Access {
        target: Some(target.id.clone()),
        ..access(&actor.id, "logged-in-as", id, now, success)
    };
    vec![log(theirs), log(own)]
}

/// Leaves the account that was entered; the session goes on as the actor's own.
///
/// # Errors
/// If the session is not open or has entered nobody.
pub fn leave(store: &Store, id: &SessionId, now: Timestamp) -> Result<Session, FlowError> {
    write(store, |register| {
        let before = open_session(register, id)?;
        if before.target.is_none() {
            let source = Refusal::because("the session has entered nobody's account");
            return Err(FlowError::Refused {
                what: format!("return in session {id}"),
                source,
            });
        }
        let after = Session {
            target: None,
            ..before.clone()
        };
        let changes = vec![
            put(&before, after.clone()),
            log(access(&before.actor, "return", id, now, true)),
        ];
        Ok((
            plan(register, Actor::Person(before.actor.clone()), now, changes),
            after,
        ))
    })
}

/// Closes the session.
///
/// # Errors
/// If it is not open.
pub fn close(store: &Store, id: &SessionId, now: Timestamp) -> Result<Session, FlowError> {
    write(store, |register| {
        let before = open_session(register, id)?;
        let after = Session {
            target: None,
            closed: Some(now),
            ..before.clone()
        };
        let changes = vec![
            put(&before, after.clone()),
            log(access(&before.actor, "logout", id, now, true)),
        ];
        Ok((
            plan(register, Actor::Person(before.actor.clone()), now, changes),
            after,
        ))
    })
}
