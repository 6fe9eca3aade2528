//! One attempt to deliver a notice: the rounds of its recipients, until somebody takes it or may take it later.

use provost_core::Timestamp;
use provost_core::notice::{Delivery, Fate, Notice, Outcome, RecipientRole, Trial};
use provost_sandbox::{NoticeView, Recipient};
use std::sync::Arc;
use std::time::Duration;

use super::parcel::{judged, parcel};
use super::recipients::{Round, Somebody, Way};
use crate::daemon::{Daemon, blocking};
use crate::deliver::{self, Parcel, Reply};
use crate::flow::FlowError;
use crate::live::{Live, OfCall, chain};

/// What an attempt stands on.
pub(super) struct Attempt {
    pub(super) daemon: Arc<Daemon>,
    /// What was in force when it began.
    pub(super) live: Arc<Live>,
    pub(super) notice: Notice,
    /// Counted from 1.
    pub(super) number: u32,
    /// Everything that the text needs.
    pub(super) view: NoticeView,
}

/// Whether everybody refused for good: the contact is held then, and the stage tried again. Rule: domain §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Everybody did, by every channel.
    ForGood,
    /// At least one may still take it, or did.
    No,
}

/// A message that was tried, and how long the other side wants to be left alone.
struct Tried {
    trial: Trial,
    after: Option<Duration>,
}

impl Attempt {
    /// Goes through the rounds and says what became of the notice.
    pub(super) async fn run(&self, rounds: Vec<Round>) -> Result<(Delivery, Refused), FlowError> {
        let mut tried = Vec::new();
        for round in rounds {
            let before = tried.len();
            for somebody in &round {
                self.tell(somebody, &mut tried).await?;
            }
            if tried[before..]
                .iter()
                .any(|tried| tried.trial.fate != Fate::Refused)
            {
                break;
            }
        }
        Ok(self.summary(tried))
    }

    /// Tells somebody by the first way that works. If a channel does not work now, neither will it for another address,
    /// but another channel may.
    async fn tell(&self, somebody: &Somebody, tried: &mut Vec<Tried>) -> Result<(), FlowError> {
        let mut resting = None;
        for way in &somebody.ways {
            if resting == Some(&way.channel) {
                continue;
            }
            let one = self.try_way(somebody, way).await?;
            let fate = one.trial.fate;
            tried.push(one);
            match fate {
                Fate::Accepted => return Ok(()),
                Fate::Later => resting = Some(&way.channel),
                Fate::Refused => {}
            }
        }
        Ok(())
    }

    async fn try_way(&self, somebody: &Somebody, way: &Way) -> Result<Tried, FlowError> {
        let mut trial = Trial {
            channel: way.channel.to_string(),
            role: somebody.role,
            to: String::new(),
            fate: Fate::Refused,
            said: String::new(),
            message_id: None,
            sha256: None,
        };
        let reply = match &way.recipient {
            Err(why) => Reply::failed(*why),
            Ok(recipient) => {
                trial.to.clone_from(&recipient.address);
                self.send(way, recipient, &mut trial).await?
            }
        };
        let mut after = None;
        (trial.fate, trial.said) = match reply {
            Reply::Accepted { receipt, .. } => (Fate::Accepted, receipt),
            Reply::Failed { why } => (Fate::Refused, why),
            Reply::Retry { why, after: wait } => {
                after = wait;
                (Fate::Later, why)
            }
            Reply::Answered(answer) => (
                Fate::Later,
                format!("nobody judged the answer {}", answer.status),
            ),
        };
        Ok(Tried { trial, after })
    }

    /// Renders and sends; keeps in the trial what was handed over.
    async fn send(
        &self,
        way: &Way,
        recipient: &Recipient,
        trial: &mut Trial,
    ) -> Result<Reply, FlowError> {
        let now = self.daemon.ports.clock.now();
        let (live, view) = (Arc::clone(&self.live), self.view.clone());
        let (notice, way, to) = (self.notice.id.clone(), way.clone(), recipient.clone());
        let rendered = blocking(move || {
            Ok(render((&live, now), &view, &way, &to).map(|delivery| {
                let parcel = parcel(&way.channel, &notice, &to, delivery, now);
                let from = live.config.mail.as_ref().map(|mail| &mail.from);
                let (id, sha256) = (parcel.id(from), parcel.sha256(from));
                (parcel, id, sha256)
            }))
        })
        .await?;
        let parcel: Parcel;
        (parcel, trial.message_id, trial.sha256) = match rendered {
            Ok(rendered) => rendered,
            Err(Unrendered::Resting(until)) => {
                let why = format!("the channel is in quarantine until {until}");
                return Ok(Reply::retry(why));
            }
            Err(Unrendered::Failed(why)) => return Ok(Reply::failed(why)),
        };
        let channel = match &parcel {
            Parcel::Mail(mail) => &mail.channel,
            Parcel::Http(request) => &request.channel,
        };
        let reply = self.daemon.deliver().send(&parcel).await;
        Ok(judged(&self.daemon, channel, reply).await)
    }

    /// What became of the notice by all that was tried.
    fn summary(&self, tried: Vec<Tried>) -> (Delivery, Refused) {
        let now = self.daemon.ports.clock.now();
        let waits = tried.iter().filter_map(|tried| tried.after).max();
        let trials: Vec<Trial> = tried.into_iter().map(|tried| tried.trial).collect();
        let accepted: Vec<&Trial> = trials
            .iter()
            .filter(|trial| trial.fate == Fate::Accepted)
            .collect();
        let refused = match trials.iter().all(|trial| trial.fate == Fate::Refused) {
            true => Refused::ForGood,
            false => Refused::No,
        };
        let outcome = match accepted.is_empty() {
            true => self.again(&trials, waits, now),
            false => Outcome::Accepted {
                receipt: joined(accepted.iter().map(|trial| trial.said.clone())),
            },
        };
        let shown = match accepted.is_empty() {
            true => trials.last().into_iter().collect(),
            false => accepted,
        };
        let delivery = Delivery {
            notice: self.notice.id.clone(),
            channel: shown
                .first()
                .map_or_else(String::new, |trial| trial.channel.clone()),
            recipients: shown
                .iter()
                .map(|trial| trial.to.clone())
                .filter(|to| !to.is_empty())
                .collect(),
            message_id: shown.first().and_then(|trial| trial.message_id.clone()),
            at: now,
            outcome,
            trials,
        };
        (delivery, refused)
    }

    fn again(&self, trials: &[Trial], waits: Option<Duration>, now: Timestamp) -> Outcome {
        let why = match trials.is_empty() {
            true => format!("no [[route]] carries {}", self.notice.kind.topic()),
            false => joined(reasons(trials).into_iter()),
        };
        let reply = Reply::Retry { why, after: waits };
        reply.outcome(&self.notice.id, self.number, now)
    }
}

/// What each channel said, once, however many it said it of.
fn reasons(trials: &[Trial]) -> Vec<String> {
    let mut reasons: Vec<(&Trial, Vec<String>)> = Vec::new();
    for trial in trials {
        let of = match trial.role {
            RecipientRole::Contact => "the contact".to_owned(),
            role => format!("{} {}", role.word(), trial.to)
                .trim_end()
                .to_owned(),
        };
        let same = |(first, _): &&mut (&Trial, Vec<String>)| {
            (&first.channel, &first.said) == (&trial.channel, &trial.said)
        };
        match reasons.iter_mut().find(same) {
            Some((_, told)) => told.push(of),
            None => reasons.push((trial, vec![of])),
        }
    }
    let text = |(trial, told): (&Trial, Vec<String>)| match (trial.role, told.as_slice()) {
        (RecipientRole::Contact, [_]) => format!("{}: {}", trial.channel, trial.said),
        _ => format!("{} to {}: {}", trial.channel, told.join(", "), trial.said),
    };
    reasons.into_iter().map(text).collect()
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    deliver::printable(&parts.join("; "))
}

/// Why a channel sends nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unrendered {
    /// It failed too often, and is not asked until then.
    #[error("the channel is in quarantine until {0}")]
    Resting(Timestamp),
    /// It objects, or failed.
    #[error("{0}")]
    Failed(String),
}

impl From<&str> for Unrendered {
    fn from(why: &str) -> Self {
        Self::Failed(why.to_owned())
    }
}

/// What a channel sends to a recipient.
///
/// # Errors
/// Why it sends nothing.
pub(super) fn render(
    (live, now): (&Live, Timestamp),
    view: &NoticeView,
    way: &Way,
    recipient: &Recipient,
) -> Result<provost_sandbox::Delivery, Unrendered> {
    let channel = live.channels.get(&way.channel);
    let channel = channel.ok_or("no such channel is in force")?;
    let version = (&way.channel, channel.channel.digest());
    let render = || channel.channel.render(view, recipient, &channel.settings);
    let rendered = live.ward.call(version, now, render);
    let rendered = rendered.map_err(Unrendered::Resting)?;
    let rendered = rendered.map_err(|error| {
        if error.of_call().is_some() {
            tracing::warn!(plugin = %way.channel, error = %chain(&error), "plugin failed");
        }
        Unrendered::Failed(chain(&error))
    });
    let mut rendered = rendered?.into_iter();
    match (rendered.next(), rendered.next()) {
        (Some(delivery), None) => Ok(delivery),
        (None, _) => Err("the channel rendered nothing".into()),
        (Some(_), Some(_)) => Err("the channel rendered more than one delivery".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_channel_says_of_many_is_said_once() {
        let trial = |channel: &str, role, to: &str, said: &str| Trial {
            channel: channel.to_owned(),
            role,
            to: to.to_owned(),
            fate: Fate::Refused,
            said: said.to_owned(),
            message_id: None,
            sha256: None,
        };
        let (contact, colleague) = (RecipientRole::Contact, RecipientRole::Colleague);
        let trials = [
            trial("email", contact, "a@d.example", "550 no such user"),
            trial("webhook", contact, "", "410 Gone"),
            trial("email", colleague, "b@d.example", "550 away"),
            trial("webhook", colleague, "", "410 Gone"),
            trial("webhook", colleague, "c", "410 Gone"),
        ];
        let expected = [
            "email: 550 no such user",
            "webhook to the contact, colleague, colleague c: 410 Gone",
            "email to colleague b@d.example: 550 away",
        ];
        assert_eq!(reasons(&trials), expected);
    }
}
