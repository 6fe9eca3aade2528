//! The flows: read, let the core decide, commit. One screen each; no protocol, no SQL and no rule in here.

pub mod activity;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod call;
pub mod case;
pub mod changes;
pub mod clock;
pub mod contact;
pub mod decide;
pub mod districts;
pub mod erase;
pub mod feed;
pub mod forecast;
pub mod grant;
pub mod import;
pub mod ingest;
pub mod neighbourhood;
pub mod notify;
pub mod plugin;
pub mod preview;
pub mod proof;
pub mod record;
pub mod reload;
pub mod report;
pub mod retention;
pub mod retry;
#[cfg(test)]
pub(crate) mod rig;
pub mod search;
pub mod session;
pub mod status;
pub mod sweep;
pub mod sync;
pub mod timeline;
pub mod token;
pub mod update;
pub mod who;

use provost_core::Timestamp;
use provost_core::change::{Actor, Change, Plan};
use provost_core::contact::Contact;
use provost_core::decision::Decision;
use provost_core::id::PersonId;
use provost_core::lifecycle::Step;
use provost_core::person::Person;

use crate::checkpoint::KeyError;
use crate::live::Live;
use crate::store::{CommitError, Lookup, Noted, Snapshot, Store, StoreError};

/// Why a flow ended without doing what was asked.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The register does not know it.
    #[error("find {what} `{id}`")]
    Unknown {
        /// What was looked for: person, contact, session, …
        what: &'static str,
        /// As it was written.
        id: String,
        /// Why it was not found.
        #[source]
        source: NotFound,
    },
    /// A rule says no.
    #[error("{what}")]
    Refused {
        /// What was attempted.
        what: String,
        /// Why, and whom to ask.
        #[source]
        source: Refusal,
    },
    /// What was sent makes no sense.
    #[error("{what}")]
    Invalid {
        /// What was attempted.
        what: String,
        /// What is wrong with it.
        #[source]
        source: Refusal,
    },
    /// Things are not as the caller takes them to be.
    #[error("{what}")]
    Conflict {
        /// What was attempted.
        what: String,
        /// How they are.
        #[source]
        source: Refusal,
    },
    /// It takes longer than one request may.
    #[error("{what}")]
    TimeUp {
        /// What was attempted.
        what: String,
        /// Why it takes so long, and what to do instead.
        #[source]
        source: Refusal,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan could not be committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The key of checkpoints cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The work was cut off by the daemon's stop or by a defect.
    #[error("finish the work")]
    Cut(#[from] tokio::task::JoinError),
}

/// Why something was not found.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// There is none.
    #[error("the register knows none of that name")]
    None,
    /// The name fits several.
    #[error("it fits several: {}", .0.iter().map(PersonId::as_str).collect::<Vec<_>>().join(", "))]
    Many(Vec<PersonId>),
}

/// Why a rule says no, in one sentence; a decision's reasons and redirect besides.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// One sentence.
    pub why: String,
    /// The decision, where one was made.
    pub decision: Option<Box<Decision>>,
}

impl Refusal {
    /// A refusal without a decision behind it.
    pub fn because(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            decision: None,
        }
    }

    /// A denial, in the words of its reasons.
    pub fn denied(decision: Decision) -> Self {
        let why: Vec<_> = decision
            .reasons
            .iter()
            .map(|reason| format!("{} ({})", reason.message, reason.code))
            .collect();
        Self {
            why: why.join("; "),
            decision: Some(Box::new(decision)),
        }
    }
}

/// What every flow stands on: the register, what is in force, and the moment.
#[derive(Clone, Copy)]
pub struct Scene<'s> {
    /// The register.
    pub store: &'s Store,
    /// Configuration, roles and plugins in force.
    pub live: &'s Live,
    /// The moment, from the clock port.
    pub now: Timestamp,
}

/// The person that a reference names.
///
/// # Errors
/// If it names nobody or several.
pub fn person(register: &Snapshot<'_>, reference: &str) -> Result<Person, FlowError> {
    let missing = |source| FlowError::Unknown {
        what: "person",
        id: reference.to_owned(),
        source,
    };
    match register.find_person(reference, None)? {
        Lookup::One(person) => Ok(*person),
        Lookup::None => Err(missing(NotFound::None)),
        Lookup::Many(ids) => Err(missing(NotFound::Many(ids))),
    }
}

/// The person and the contact that a reference names.
///
/// # Errors
/// If it names nobody, several, or someone who never was a contact.
pub fn contact(register: &Snapshot<'_>, reference: &str) -> Result<(Person, Contact), FlowError> {
    let person = person(register, reference)?;
    let contact = register
        .contact(&person.id)?
        .ok_or_else(|| FlowError::Unknown {
            what: "contact",
            id: reference.to_owned(),
            source: NotFound::None,
        })?;
    Ok((person, contact))
}

/// How often a plan is made anew when the ground has moved under it. Of those who collide one always gets through, so
/// this is how many may want the same contact at the same moment.
const ATTEMPTS: usize = 32;

/// Makes a plan and commits it; makes it anew if another commit has changed what it stands on. What is decided on the
/// way is on record once, as it was decided last.
pub(crate) fn write<T>(
    store: &Store,
    mut make: impl FnMut(&Snapshot<'_>) -> Result<(Plan, T), FlowError>,
) -> Result<T, FlowError> {
    write_on_record(store, |register| {
        make(register).map(|(plan, answer)| (plan, None, answer))
    })
}

/// The same with the decision that the plan rests on: both are committed at once.
pub(crate) fn write_on_record<T>(
    store: &Store,
    mut make: impl FnMut(&Snapshot<'_>) -> Result<(Plan, Option<Noted>, T), FlowError>,
) -> Result<T, FlowError> {
    let mut attempt = 0;
    loop {
        let register = store.read()?;
        let (plan, noted, answer) = make(&register)?;
        if plan.is_empty() {
            return Ok(answer);
        }
        attempt += 1;
        let made_on = register.end();
        let committed = match noted {
            Some(noted) => store.commit_on_record(plan, noted),
            None => store.commit(plan),
        };
        if attempt < ATTEMPTS
            && let Err(CommitError::Moved { .. } | CommitError::Duplicate { .. }) = committed
        {
            // An id that another commit has just taken is known when the plan is made anew; so is what was decided.
            continue;
        }
        made_on.into_iter().for_each(|noted| store.note(noted));
        return Ok(committed.map(|_| answer)?);
    }
}

/// A plan made on what was read.
pub(crate) fn plan(
    register: &Snapshot<'_>,
    actor: Actor,
    at: Timestamp,
    changes: Vec<Change>,
) -> Plan {
    Plan {
        base: register.revision(),
        actor,
        at,
        changes,
    }
}

/// The changes of a lifecycle step.
pub(crate) fn changes_of(before: &Contact, step: Step) -> Vec<Change> {
    let mut changes = Vec::with_capacity(1 + step.notices.len() + step.alarms.len());
    if *before != step.contact {
        changes.push(Change::Contact {
            before: Some(Box::new(before.clone())),
            after: Box::new(step.contact),
        });
    }
    changes.extend(step.notices.into_iter().map(|notice| Change::Notice {
        notice: Box::new(notice),
    }));
    changes.extend(step.alarms.into_iter().map(|alarm| Change::Alarm {
        alarm: Box::new(alarm),
    }));
    changes
}
