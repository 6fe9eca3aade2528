//! Notification: outbox row → channel renders → deliver → what became of it → commit.

mod attempt;
mod lanes;
mod parcel;
pub(crate) mod recipients;

use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::contact::Contact;
use provost_core::decision::DistrictFacts;
use provost_core::lifecycle::{self, Step, Surroundings, Wanted};
use provost_core::notice::{Alarm, Delivery, Notice, NoticeKind, Outcome, RecipientRole};
use provost_sandbox::NoticeView;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use super::neighbourhood::{Headcount, nearby};
use super::{FlowError, Scene, changes_of, clock, contact, plan, write};
use crate::daemon::{Daemon, blocking};
use crate::deliver;
use crate::log::event;
use crate::store::{NoticeState, Outgoing, Snapshot};

pub(crate) use attempt::Refused;

use attempt::{Attempt, render};
use lanes::Lanes;
use parcel::{parcel, shown};
use recipients::Round;

/// How long an attempt may take. Every wait of it has a time-out of its own, but it may have many recipients.
const LEASE: Duration = Duration::from_secs(30 * 60);

/// Why a stage's notice is not tried any more.
const COUNTS_AS_GIVEN: &str = "nobody accepted it in time; its stage counts as given";

/// Delivers what is due in the outbox until nothing is, or until told to stop; says when the next attempt is due.
///
/// # Errors
/// If the store cannot be read or written. Trouble with a channel or relay is an outcome, not an error.
pub async fn deliver_due(
    daemon: &Arc<Daemon>,
    stop: &CancellationToken,
) -> Result<Option<Timestamp>, FlowError> {
    let mine = Arc::clone(daemon);
    if !blocking(move || clock::runs(&mine.store, &mine.ports.clock.reading())).await? {
        // Nobody can tell what day a notice would have to name, and what is accepted begins an episode on that day.
        return Ok(None);
    }
    let (mut lanes, mut outcome) = (Lanes::new(), Ok(()));
    loop {
        // What cannot be recorded is not sent: it would be sent again and again.
        if outcome.is_ok() && !stop.is_cancelled() && daemon.store.obstacle().is_none() {
            outcome = lanes.fill(daemon).await;
        }
        tokio::select! {
            landed = lanes.landed() => match landed {
                // What is on its way arrives in any case: it would be sent again otherwise.
                Some(result) => outcome = outcome.and(result),
                None => break,
            },
            () = daemon.notify.notified() => lanes.look_again(),
            () = tokio::time::sleep(daemon.ports.clock.patience()) => lanes.look_again(),
        }
    }
    daemon.deliver().rest().await;
    outcome?;
    let mine = Arc::clone(daemon);
    blocking(move || Ok(mine.store.read()?.outbox_next()?)).await
}

/// One notice: what to send, sending it, and what became of it. Not cut off by a stop between sending and recording.
pub(super) async fn attempt(daemon: &Arc<Daemon>, queued: Outgoing) -> Result<(), FlowError> {
    let live = daemon.config();
    let (mine, in_force, notice) = (Arc::clone(daemon), Arc::clone(&live), queued.notice.clone());
    let prepared = blocking(move || {
        let scene = Scene {
            store: &mine.store,
            live: &in_force,
            now: mine.ports.clock.now(),
        };
        prepare(scene, &notice)
    });
    let prepared = prepared.await?;
    let number = queued.attempts + 1;
    let unsent = |outcome| {
        let now = daemon.ports.clock.now();
        let delivery = Delivery::unsent(queued.notice.id.clone(), now, outcome);
        (delivery, Refused::No)
    };
    let (delivery, refused) = match prepared {
        Prepared::Settled => return Ok(()),
        Prepared::Unsent(outcome) => unsent(outcome),
        Prepared::Later(why) => unsent(again(daemon, &queued.notice, number, why)),
        Prepared::Ready(view, rounds) => {
            let attempt = Attempt {
                daemon: Arc::clone(daemon),
                live,
                notice: queued.notice.clone(),
                number,
                view: *view,
            };
            match tokio::time::timeout(LEASE, attempt.run(rounds)).await {
                Ok(done) => done?,
                Err(_) => unsent(again(daemon, &queued.notice, number, "it took too long")),
            }
        }
    };
    tracing::info!(message_id = event::NOTICE_TRIED.id, notice = %delivery.notice, channel = %delivery.channel, outcome = word(&delivery.outcome), "notice");
    let mine = Arc::clone(daemon);
    blocking(move || mine.scene(|scene| record(scene, &queued.notice, &delivery, refused))).await?;
    daemon.delivered();
    Ok(())
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Retry { .. } => "retry",
        Outcome::Failed { .. } => "failed",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Held => "held",
        Outcome::Released => "released",
    }
}

fn again(daemon: &Daemon, notice: &Notice, number: u32, why: &str) -> Outcome {
    Outcome::Retry {
        why: why.to_owned(),
        not_before: deliver::not_before(&notice.id, number, daemon.ports.clock.now()),
    }
}

/// What an attempt comes to before anything is sent.
enum Prepared {
    /// It does not wait to be sent any more.
    Settled,
    /// Nothing is sent, for good.
    Unsent(Outcome),
    /// Nothing is sent at present.
    Later(&'static str),
    /// What it says, and to whom.
    Ready(Box<NoticeView>, Vec<Round>),
}

fn prepare(scene: Scene<'_>, notice: &Notice) -> Result<Prepared, FlowError> {
    let register = scene.store.read()?;
    if register.notice_state(&notice.id)? != Some(NoticeState::Waiting) {
        return Ok(Prepared::Settled);
    }
    let withdrawn = Ok(Prepared::Unsent(Outcome::Withdrawn));
    let (person, contact) = match contact(&register, notice.person.as_str()) {
        Ok(found) => found,
        Err(FlowError::Unknown { .. }) => return withdrawn,
        Err(error) => return Err(error),
    };
    match lifecycle::wanted(&contact, notice) {
        Wanted::Now => {}
        Wanted::Never => return withdrawn,
        Wanted::Later => {
            return Ok(Prepared::Later(
                "the directory shuts the contact out at present",
            ));
        }
        Wanted::Unnotified => {
            let why = COUNTS_AS_GIVEN.to_owned();
            return Ok(Prepared::Unsent(Outcome::Failed { why }));
        }
    }
    let near = nearby(&register, &contact, &person)?;
    let Some(view) = view(scene, &register, &near, &contact, notice)? else {
        return withdrawn;
    };
    let (routes, reach) = (&scene.live.config.routes, recipients::reach(scene.live));
    let rounds = recipients::rounds(routes, &reach, notice, &near);
    Ok(Prepared::Ready(Box::new(view), rounds))
}

/// Everything that a notice's text needs, true at this attempt.
fn view(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    near: &DistrictFacts,
    contact: &Contact,
    notice: &Notice,
) -> Result<Option<NoticeView>, FlowError> {
    let deadline = match (notice.kind, contact.deactivated) {
        (NoticeKind::Deactivated, Some(off)) => Some(off),
        // A preview of what has not happened yet names the day on which it would.
        _ => {
            let here = headcount(scene, register, contact)?;
            lifecycle::deadline(contact, &here.around(contact), scene.now)
        }
    };
    Ok(NoticeView::new(notice, near, scene.now, deadline))
}

fn headcount(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    contact: &Contact,
) -> Result<Headcount, FlowError> {
    Headcount::read(register, &scene.live.config.feeds, &contact.district, 1)
}

/// Commits the outcome and what it means for the contact, in one transaction.
///
/// # Errors
/// If the store cannot be read or written.
pub(crate) fn record(
    scene: Scene<'_>,
    notice: &Notice,
    delivery: &Delivery,
    refused: Refused,
) -> Result<(), FlowError> {
    write(scene.store, |register| {
        let mut delivery = Box::new(delivery.clone());
        let mut follows = Vec::new();
        if let Some(contact) = register.contact(&notice.person)? {
            let here = headcount(scene, register, &contact)?;
            let around = here.around(&contact);
            let step = follow_up((&contact, &around), notice, &mut delivery, refused);
            follows.extend(step.into_iter().flat_map(|step| changes_of(&contact, step)));
            follows.extend(give_up(
                register,
                (&contact, &around),
                notice,
                &mut delivery,
            )?);
        }
        let at = delivery.at;
        let changes = std::iter::once(Change::Delivery { delivery }).chain(follows);
        Ok((plan(register, Actor::Timer, at, changes.collect()), ()))
    })
}

/// What the outcome means for the contact. A refusal is tried again at the latest when its contact has been held for 14
/// days, so that the stage counts as given neither sooner nor later; from then on nothing is tried any more.
fn follow_up(
    (contact, around): (&Contact, &Surroundings<'_>),
    notice: &Notice,
    delivery: &mut Delivery,
    refused: Refused,
) -> Option<Step> {
    let at = delivery.at;
    let Outcome::Retry { why, not_before } = &mut delivery.outcome else {
        let accepted = matches!(delivery.outcome, Outcome::Accepted { .. });
        return accepted
            .then(|| lifecycle::accepted(contact, around, notice, at))
            .flatten();
    };
    let step = match refused {
        Refused::ForGood => lifecycle::refused(contact, around, notice, at),
        Refused::No => lifecycle::put_off(contact, around, notice, at),
    };
    let after = step.as_ref().map_or(contact, |step| &step.contact);
    if step.is_some() && lifecycle::wanted(after, notice) == Wanted::Unnotified {
        let why = format!("{why}; {COUNTS_AS_GIVEN}");
        delivery.outcome = Outcome::Failed { why };
    } else if let (Refused::ForGood, Some(last)) =
        (refused, lifecycle::last_attempt(after, around, notice))
    {
        *not_before = (*not_before).min(last);
    }
    step
}

/// A notice that holds nobody up is not tried for ever: it becomes a dead letter, which an operator hears of.
fn give_up(
    register: &Snapshot<'_>,
    (contact, around): (&Contact, &Surroundings<'_>),
    notice: &Notice,
    delivery: &mut Delivery,
) -> Result<Option<Change>, FlowError> {
    let Outcome::Retry { why, .. } = &delivery.outcome else {
        return Ok(None);
    };
    let at = delivery.at;
    if !lifecycle::given_up(contact, around, notice, notice.queued, at) {
        return Ok(None);
    }
    // An operator may have put it back since.
    let found = register.notice(&notice.id)?;
    let mut tries = found.iter().flat_map(|(_, deliveries)| deliveries);
    let released = tries.rfind(|earlier| earlier.outcome == Outcome::Released);
    let since = released.map_or(notice.queued, |released| released.at);
    if !lifecycle::given_up(contact, around, notice, since, at) {
        return Ok(None);
    }
    let why = format!("given up: {why}");
    let alarm = Alarm {
        code: lifecycle::DEAD_LETTER.to_owned(),
        district: Some(notice.district.clone()),
        person: Some(notice.person.clone()),
        message: format!("notice {} ({}) was {why}", notice.id, notice.kind.word()),
        at,
    };
    delivery.outcome = Outcome::Failed { why };
    Ok(Some(Change::Alarm {
        alarm: Box::new(alarm),
    }))
}

/// What the channels would send to a contact now, without sending it.
///
/// # Errors
/// If the person is no contact or the store cannot be read.
pub fn preview(scene: Scene<'_>, reference: &str, kind: NoticeKind) -> Result<Value, FlowError> {
    let register = scene.store.read()?;
    let (person, contact) = contact(&register, reference)?;
    let near = nearby(&register, &contact, &person)?;
    let (episode, now) = (contact.episodes.max(1), scene.now);
    let notice = Notice::new(kind, &contact, episode, now, now);
    let Some(view) = view(scene, &register, &near, &contact, &notice)? else {
        return Ok(Value::Null);
    };
    let reach = recipients::reach(scene.live);
    let shows = |id| {
        let ways = recipients::ways_to(&reach, id, &person, RecipientRole::Contact);
        let way = ways.first().ok_or("the person has no address for it")?;
        let to = way.recipient.as_ref().map_err(|why| *why)?;
        let delivery = render((scene.live, now), &view, way, to).map_err(|why| why.to_string())?;
        Ok(shown(id, &parcel(id, &notice.id, to, delivery, now)))
    };
    let each = scene
        .live
        .channels
        .keys()
        .map(|id| shows(id).unwrap_or_else(|why: String| json!({ "channel": id, "why": why })));
    Ok(each.collect())
}
