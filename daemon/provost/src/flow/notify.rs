//! Notification: outbox row → channel renders → deliver → what became of it → commit.

use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::contact::Contact;
use provost_core::id::PluginId;
use provost_core::lifecycle::{self, Wanted};
use provost_core::notice::{Delivery, Notice, NoticeKind, Outcome};
use provost_core::person::Person;
use provost_sandbox::{NoticeView, Recipient, RecipientRole};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use super::neighbourhood::Neighbourhood;
use super::parcel::{judged, parcel, shown};
use super::{FlowError, Scene, changes_of, contact, plan, write};
use crate::daemon::{Daemon, blocking};
use crate::deliver::{self, Parcel, Reply};
use crate::live::chain;
use crate::store::{Outgoing, Snapshot};

/// Notices read from the outbox at once.
const BATCH: usize = 50;

/// Delivers what is due in the outbox until nothing is, or until told to stop; says when the next attempt is due.
///
/// # Errors
/// If the store cannot be read or written. Trouble with a channel or relay is an outcome, not an error.
pub async fn deliver_due(
    daemon: &Arc<Daemon>,
    stop: &CancellationToken,
) -> Result<Option<Timestamp>, FlowError> {
    loop {
        if daemon.store.obstacle().is_some() {
            // What cannot be recorded is not sent: it would be sent again and again.
            return Ok(None);
        }
        let mine = Arc::clone(daemon);
        let now = daemon.ports.clock.now();
        let due = blocking(move || Ok(mine.store.read()?.outbox_due(now, BATCH)?)).await?;
        if due.is_empty() {
            daemon.deliver().rest().await;
            let mine = Arc::clone(daemon);
            return blocking(move || Ok(mine.store.read()?.outbox_next()?)).await;
        }
        for queued in due {
            if stop.is_cancelled() {
                return Ok(None);
            }
            attempt(daemon, queued).await?;
        }
    }
}

/// One notice: what to send, sending it, and what became of it. Not cut off by a stop between sending and recording.
async fn attempt(daemon: &Arc<Daemon>, queued: Outgoing) -> Result<(), FlowError> {
    let (mine, notice) = (Arc::clone(daemon), queued.notice.clone());
    let letters = blocking(move || mine.scene(|scene| prepare(scene, &notice))).await?;
    let tried = queued.attempts + 1;
    let (delivery, refused) = match letters {
        Prepared::Withdrawn => result(daemon, &queued.notice, "", Vec::new(), Outcome::Withdrawn),
        Prepared::Later => {
            let not_before =
                deliver::not_before(&queued.notice.id, tried, daemon.ports.clock.now());
            let why = "the directory shuts the contact out at present".to_owned();
            result(
                daemon,
                &queued.notice,
                "",
                Vec::new(),
                Outcome::Retry { why, not_before },
            )
        }
        Prepared::Letters(letters) => send(daemon, &queued.notice, tried, letters).await,
    };
    tracing::info!(notice = %delivery.notice, channel = %delivery.channel, outcome = word(&delivery.outcome), "notice");
    let (mine, notice) = (Arc::clone(daemon), queued.notice);
    blocking(move || mine.scene(|scene| record(scene, &notice, &delivery, refused))).await?;
    daemon.changed();
    Ok(())
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Retry { .. } => "retry",
        Outcome::Failed { .. } => "failed",
        Outcome::Withdrawn => "withdrawn",
    }
}

/// Whether every channel refused for good: the contact is held then, and the stage tried again. Rule: domain §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Every channel did.
    ForGood,
    /// At least one may still take it, or did.
    No,
}

fn result(
    daemon: &Daemon,
    notice: &Notice,
    channel: &str,
    recipients: Vec<String>,
    outcome: Outcome,
) -> (Delivery, Refused) {
    let delivery = Delivery {
        notice: notice.id.clone(),
        channel: channel.to_owned(),
        recipients,
        message_id: None,
        at: daemon.ports.clock.now(),
        outcome,
    };
    (delivery, Refused::No)
}

/// What is to be sent.
enum Prepared {
    /// The episode ended before it went out.
    Withdrawn,
    /// The contact is shut out at present.
    Later,
    /// A parcel by each channel of the route, the preferred one first; or why a channel has none.
    Letters(Vec<(PluginId, Result<Parcel, String>)>),
}

fn prepare(scene: Scene<'_>, notice: &Notice) -> Result<Prepared, FlowError> {
    let register = scene.store.read()?;
    let (person, contact) = match contact(&register, notice.person.as_str()) {
        Ok(found) => found,
        Err(FlowError::Unknown { .. }) => return Ok(Prepared::Withdrawn),
        Err(error) => return Err(error),
    };
    match lifecycle::wanted(&contact, notice) {
        Wanted::Never => return Ok(Prepared::Withdrawn),
        Wanted::Later => return Ok(Prepared::Later),
        Wanted::Now => {}
    }
    let here = neighbourhood(scene, &register, &contact)?;
    let Some(view) = view(scene, &here, &contact, notice) else {
        return Ok(Prepared::Withdrawn);
    };
    let topic = notice.kind.topic();
    let channels = scene
        .live
        .config
        .routes
        .iter()
        .filter(|route| route.carries(&topic))
        .flat_map(|route| &route.channels);
    Ok(Prepared::Letters(
        channels
            .map(|id| (id.clone(), render(scene, id, &view, &person, notice)))
            .collect(),
    ))
}

/// Everything that a notice's text needs, true at this attempt.
fn view(
    scene: Scene<'_>,
    here: &Neighbourhood,
    contact: &Contact,
    notice: &Notice,
) -> Option<NoticeView> {
    let deadline = match notice.kind {
        NoticeKind::Deactivated => contact.deactivated,
        _ => lifecycle::deadline(contact, &here.around(&contact.person), scene.now),
    };
    NoticeView::new(notice, here.facts(), scene.now, deadline)
}

fn neighbourhood(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    contact: &Contact,
) -> Result<Neighbourhood, FlowError> {
    Neighbourhood::read(register, &scene.live.config.feeds, &contact.district)
}

fn render(
    scene: Scene<'_>,
    id: &PluginId,
    view: &NoticeView,
    person: &Person,
    notice: &Notice,
) -> Result<Parcel, String> {
    let live = scene
        .live
        .channels
        .get(id)
        .ok_or("no such channel is in force")?;
    let address = person
        .mail
        .first()
        .ok_or("the person has no mail address")?;
    let recipient = Recipient {
        address: address.clone(),
        name: person.name.clone(),
        role: RecipientRole::Contact,
    };
    let rendered = live
        .channel
        .render(view, &recipient, &live.settings)
        .map_err(|error| chain(&error))?;
    let mut rendered = rendered.into_iter();
    match (rendered.next(), rendered.next()) {
        (Some(delivery), None) => Ok(parcel(id, &notice.id, address, delivery, scene.now)),
        (None, _) => Err("the channel rendered nothing".to_owned()),
        (Some(_), Some(_)) => Err("the channel rendered more than one delivery".to_owned()),
    }
}

/// Tries the channels in order until one accepts.
async fn send(
    daemon: &Arc<Daemon>,
    notice: &Notice,
    attempt: u32,
    letters: Vec<(PluginId, Result<Parcel, String>)>,
) -> (Delivery, Refused) {
    let now = daemon.ports.clock.now();
    let not_before = deliver::not_before(&notice.id, attempt, now);
    let (mut whys, mut refused, mut last) =
        (Vec::new(), Refused::ForGood, (String::new(), Vec::new()));
    for (channel, letter) in letters {
        let recipients = letter
            .as_ref()
            .map(|parcel| parcel.to().to_vec())
            .unwrap_or_default();
        last = (channel.to_string(), recipients.clone());
        let reply = match &letter {
            Ok(parcel) => {
                let reply = daemon.deliver().send(parcel).await;
                judged(daemon, &channel, reply).await
            }
            Err(why) => Reply::failed(why),
        };
        match reply {
            Reply::Accepted { .. } => {
                let outcome = reply.outcome(&notice.id, attempt, now);
                let (delivery, _) = result(daemon, notice, channel.as_str(), recipients, outcome);
                return (
                    Delivery {
                        message_id: letter.ok().and_then(|parcel| message_id(daemon, &parcel)),
                        ..delivery
                    },
                    Refused::No,
                );
            }
            Reply::Retry { why, .. } => {
                refused = Refused::No;
                whys.push(format!("{channel}: {why}"));
            }
            Reply::Failed { why } => whys.push(format!("{channel}: {why}")),
            Reply::Answered(_) => {}
        }
    }
    if whys.is_empty() {
        whys.push(format!("no [[route]] carries {}", notice.kind.topic()));
    }
    let outcome = Outcome::Retry {
        why: whys.join("; "),
        not_before,
    };
    (result(daemon, notice, &last.0, last.1, outcome).0, refused)
}

/// By what the other side knows the parcel again: Message-ID or webhook-id.
fn message_id(daemon: &Daemon, parcel: &Parcel) -> Option<String> {
    let mail = match parcel {
        Parcel::Http(request) => return Some(request.id()),
        Parcel::Mail(mail) => mail,
    };
    let live = daemon.config();
    let from = &live.config.mail.as_ref()?.from;
    Some(deliver::message_id(
        &mail.notice,
        &mail.channel,
        from.email.domain(),
    ))
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
        let mut changes = vec![Change::Delivery {
            delivery: Box::new(delivery.clone()),
        }];
        if let Some(contact) = register.contact(&notice.person)? {
            let here = neighbourhood(scene, register, &contact)?;
            let around = here.around(&notice.person);
            let step = match (&delivery.outcome, refused) {
                (Outcome::Accepted { .. }, _) => {
                    lifecycle::accepted(&contact, &around, notice, delivery.at)
                }
                (_, Refused::ForGood) => lifecycle::refused(&contact, &around, notice, delivery.at),
                _ => None,
            };
            changes.extend(step.into_iter().flat_map(|step| changes_of(&contact, step)));
        }
        Ok((plan(register, Actor::Timer, delivery.at, changes), ()))
    })
}

/// What the channels would send to a contact now, without sending it.
///
/// # Errors
/// If the person is no contact or the store cannot be read.
pub fn preview(scene: Scene<'_>, reference: &str, kind: NoticeKind) -> Result<Value, FlowError> {
    let register = scene.store.read()?;
    let (person, contact) = contact(&register, reference)?;
    let here = neighbourhood(scene, &register, &contact)?;
    let notice = Notice::new(
        kind,
        &contact,
        contact.episodes.max(1),
        scene.now,
        scene.now,
    );
    let Some(view) = view(scene, &here, &contact, &notice) else {
        return Ok(Value::Null);
    };
    let mails =
        scene
            .live
            .channels
            .keys()
            .map(|id| match render(scene, id, &view, &person, &notice) {
                Ok(parcel) => shown(id, &parcel),
                Err(why) => json!({ "channel": id, "why": why }),
            });
    Ok(mails.collect())
}
