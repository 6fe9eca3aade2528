//! The road through the demo: staff come in, contacts are designated, one goes quiet, questions are answered.

use provost_core::Timestamp;
use provost_core::change::Actor;
use provost_core::contact::{Activity, ActivityKind, ContactKind, ContactState};
use provost_core::decision::{Decision, Reference, Request};
use provost_core::id::{DistrictId, EventId, SourceId};
use provost_core::person::Person;
use provost_core::time::Zone;
use serde_json::Map;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use super::StageClock;
use crate::daemon::{Daemon, blocking};
use crate::flow::contact::OnWordOf;
use crate::flow::sync::{Approval, Extent, SyncError};
use crate::flow::{self, FlowError, NotFound};
use crate::store::{NoticeFilter, NoticeState, Page};

/// Monday morning in Montana.
const START: &str = "2025-01-06T09:00:00-07:00";
const DISTRICT: &str = "lone-pine";
const SOURCE: &str = "staff-ldap";

/// When the demo begins.
pub fn start() -> Timestamp {
    START.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// One question and its answer, as the summary prints it.
struct Answered {
    question: String,
    decision: Decision,
}

/// What the demo ends with.
pub struct Summary {
    people: u64,
    pending: usize,
    deactivated: usize,
    notices: usize,
    letters: usize,
    answered: Vec<Answered>,
}

impl Summary {
    /// Every part of the road was driven: people read, notices captured as mail, someone pending, someone deactivated.
    pub fn is_whole(&self) -> bool {
        let counts = self.people > 0 && self.pending > 0 && self.deactivated > 0;
        counts && self.notices > 0 && self.notices == self.letters && !self.answered.is_empty()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nsummary")?;
        writeln!(f, "  people read          {}", self.people)?;
        writeln!(f, "  contacts pending     {}", self.pending)?;
        writeln!(f, "  contacts deactivated {}", self.deactivated)?;
        writeln!(
            f,
            "  notices delivered    {} ({} messages captured)",
            self.notices, self.letters
        )?;
        writeln!(f, "  decisions            {}", self.answered.len())?;
        for Answered { question, decision } in &self.answered {
            let codes: Vec<_> = decision
                .reasons
                .iter()
                .map(|reason| reason.code.as_str())
                .collect();
            let word = if decision.decision { "allow" } else { "deny" };
            writeln!(f, "    {word:5} {question}: {}", codes.join(", "))?;
        }
        Ok(())
    }
}

/// The people of the story.
struct Cast {
    admin: Person,
    quiet: Person,
    slow: Person,
    teacher: Person,
}

/// Drives the road once.
///
/// # Errors
/// Where the road breaks.
pub async fn drive(
    daemon: &Arc<Daemon>,
    clock: &StageClock,
    mail: &Path,
) -> Result<Summary, RoadError> {
    let live = daemon.config();
    let source = SourceId::new(SOURCE)
        .ok()
        .and_then(|id| live.config.sources.get(&id));
    let source = source.ok_or_else(|| missing("source", SOURCE))?;
    let approval = Approval::Operator("demo".to_owned());
    let report = daemon
        .syncs
        .apply(
            source,
            None,
            daemon.ports.clock.now(),
            Extent::Everything,
            approval,
        )
        .await?;
    println!(
        "\n{START}  {} people read over LDAP, {} added",
        report.summary.read, report.summary.added
    );
    let mine = Arc::clone(daemon);
    let cast = Arc::new(blocking(move || choose(&mine)).await?);
    designate(daemon, &cast).await?;
    go_quiet(daemon, clock, &cast).await?;
    let mine = Arc::clone(daemon);
    let mut summary = blocking(move || conclude(&mine, &cast)).await?;
    summary.letters =
        std::fs::read_dir(mail).map_or(0, |files| files.flatten().filter(is_letter).count());
    Ok(summary)
}

/// Where the road broke.
#[derive(Debug, thiserror::Error)]
pub enum RoadError {
    /// At the directory.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Later.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

fn is_letter(file: &std::fs::DirEntry) -> bool {
    file.path()
        .extension()
        .is_some_and(|extension| extension == "eml")
}

fn missing(what: &'static str, id: &str) -> FlowError {
    FlowError::Unknown {
        what,
        id: id.to_owned(),
        source: NotFound::None,
    }
}

/// An administrator, two who will be contacts, and a teacher.
fn choose(daemon: &Daemon) -> Result<Cast, FlowError> {
    let district = DistrictId::new(DISTRICT).map_err(|_| missing("district", DISTRICT))?;
    let register = daemon.store.read()?;
    let people = register.people(Some(&district), None, 10_000)?;
    let mut admin = None;
    for person in people
        .iter()
        .filter(|person| person.title.as_deref() == Some("IT Technician"))
    {
        if admin.is_none() && !register.grants(&person.id)?.is_empty() {
            admin = Some(person.clone());
        }
    }
    let mut others = people
        .iter()
        .filter(|person| person.title.as_deref() == Some("Teacher"))
        .cloned();
    let mut next = || {
        others
            .next()
            .ok_or_else(|| missing("person", "a teacher of the sample"))
    };
    Ok(Cast {
        admin: admin.ok_or_else(|| missing("person", "an administrator of the sample"))?,
        quiet: next()?,
        slow: next()?,
        teacher: next()?,
    })
}

async fn designate(daemon: &Arc<Daemon>, cast: &Arc<Cast>) -> Result<(), FlowError> {
    let (mine, cast) = (Arc::clone(daemon), Arc::clone(cast));
    blocking(move || {
        let by = OnWordOf::Operator("demo".to_owned());
        for (person, kind) in [
            (&cast.admin, ContactKind::Technical),
            (&cast.quiet, ContactKind::Support),
            (&cast.slow, ContactKind::Support),
        ] {
            mine.scene(|scene| flow::contact::designate(scene, person.id.as_str(), kind, &by))?;
            println!(
                "{START}  {} ({}) is {} contact",
                person.name,
                person.username,
                kind.word()
            );
        }
        Ok(())
    })
    .await
}

/// Lives through 210 days: the administrator works on, one contact logs in once more, one never does.
async fn go_quiet(
    daemon: &Arc<Daemon>,
    clock: &StageClock,
    cast: &Arc<Cast>,
) -> Result<(), FlowError> {
    let zone = Zone::new("America/Denver").unwrap_or_else(|_| Zone::utc());
    let stop = CancellationToken::new();
    for day in [25_i64, 150, 180, 195, 205, 209, 210] {
        let now = zone.plus_days(start(), day);
        clock.set(now);
        let (mine, cast) = (Arc::clone(daemon), Arc::clone(cast));
        blocking(move || {
            if day == 150 {
                log_in(&mine, &cast.admin, now)?;
            }
            if day == 25 {
                log_in(&mine, &cast.slow, now)?;
            }
            mine.scene(|scene| flow::sweep::run(scene, &Actor::Timer))
        })
        .await?;
        let before = delivered(daemon).await?;
        flow::notify::deliver_due(daemon, &stop).await?;
        let sent = delivered(daemon).await?.saturating_sub(before);
        let notices = if sent == 1 { "notice" } else { "notices" };
        println!(
            "{}  day {day}: {sent} {notices} delivered",
            zone.rfc3339(now)
        );
    }
    Ok(())
}

async fn delivered(daemon: &Arc<Daemon>) -> Result<usize, FlowError> {
    let mine = Arc::clone(daemon);
    blocking(move || accepted(&mine)).await
}

fn accepted(daemon: &Daemon) -> Result<usize, FlowError> {
    let filter = NoticeFilter {
        state: Some(NoticeState::Accepted),
        ..NoticeFilter::default()
    };
    Ok(daemon
        .store
        .read()?
        .notices(&filter, Page::newest(10_000))?
        .len())
}

fn log_in(daemon: &Daemon, person: &Person, now: Timestamp) -> Result<(), FlowError> {
    let id = EventId::new(format!("demo-{}-{now}", person.username))
        .map_err(|_| missing("event", "demo"))?;
    let activity = Activity {
        id,
        person: person.id.clone(),
        kind: ActivityKind::PortalLogin,
        occurred: now,
        feed: None,
    };
    daemon.scene(|scene| {
        flow::activity::record(scene, &activity, &Actor::Operator("demo".to_owned()))
    })?;
    let zone = Zone::new("America/Denver").unwrap_or_else(|_| Zone::utc());
    println!(
        "{}  {} logs in to the portal",
        zone.rfc3339(now),
        person.name
    );
    Ok(())
}

fn ask(
    daemon: &Daemon,
    subject: &Person,
    action: &str,
    resource: (&str, &str),
) -> Result<Answered, FlowError> {
    let reference = |kind: &str, id: &str| Reference {
        kind: Some(kind.to_owned()),
        id: id.to_owned(),
    };
    let request = Request {
        subject: reference("person", subject.id.as_str()),
        action: action.to_owned(),
        resource: reference(resource.0, resource.1),
        properties: Map::new(),
        context: Map::new(),
    };
    let register = daemon.store.read()?;
    let decision =
        daemon.scene(|scene| flow::decide::decide(&register, scene.live, &request, scene.now))?;
    let whom = match resource.0 {
        "person" => flow::person(&register, resource.1)?.username,
        _ => resource.1.to_owned(),
    };
    Ok(Answered {
        question: format!("{} {action} {whom}", subject.username),
        decision,
    })
}

fn conclude(daemon: &Daemon, cast: &Cast) -> Result<Summary, FlowError> {
    let district = ("district", DISTRICT);
    let person = |person: &'_ Person| person.id.to_string();
    let answered = vec![
        ask(daemon, &cast.admin, "case.submit", district)?,
        ask(daemon, &cast.slow, "case.submit", district)?,
        ask(daemon, &cast.quiet, "case.submit", district)?,
        ask(daemon, &cast.teacher, "case.submit", district)?,
        ask(
            daemon,
            &cast.admin,
            "login-as",
            ("person", &person(&cast.teacher)),
        )?,
        ask(
            daemon,
            &cast.teacher,
            "login-as",
            ("person", &person(&cast.admin)),
        )?,
        ask(
            daemon,
            &cast.quiet,
            "contact.reactivate",
            ("person", &person(&cast.quiet)),
        )?,
        ask(
            daemon,
            &cast.slow,
            "contact.reactivate",
            ("person", &person(&cast.quiet)),
        )?,
        ask(daemon, &cast.admin, "montana.aim-submit", district)?,
    ];
    let register = daemon.store.read()?;
    let contacts = register.contacts(None)?;
    let count = |state| {
        contacts
            .iter()
            .filter(|(contact, _)| contact.state == state)
            .count()
    };
    Ok(Summary {
        people: register.counts()?.people,
        pending: count(ContactState::Pending),
        deactivated: count(ContactState::Deactivated),
        notices: accepted(daemon)?,
        letters: 0,
        answered,
    })
}
