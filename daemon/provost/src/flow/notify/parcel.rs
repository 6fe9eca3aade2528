//! What lies between a channel and the way out: what it rendered becomes a parcel, and it judges what was answered.

use provost_core::Timestamp;
use provost_core::id::{NoticeId, PluginId};
use provost_sandbox::{self as sandbox, Recipient, Verdict};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::daemon::{Daemon, blocking};
use crate::deliver::{Mail, Parcel, Reply, Request};
use crate::live::chain;

/// What a channel rendered, with the labels that the way out needs.
pub(super) fn parcel(
    channel: &PluginId,
    notice: &NoticeId,
    recipient: &Recipient,
    delivery: sandbox::Delivery,
    date: Timestamp,
) -> Parcel {
    let (notice, channel) = (notice.clone(), channel.clone());
    let to = vec![recipient.address.clone()];
    match delivery {
        sandbox::Delivery::Mail(mail) => Parcel::Mail(Mail {
            notice,
            channel,
            role: recipient.role,
            to,
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            headers: mail
                .headers
                .into_iter()
                .map(|header| (header.name, header.value))
                .collect(),
            date,
        }),
        sandbox::Delivery::Http(request) => Parcel::Http(Request {
            notice,
            channel,
            to,
            request,
            date,
        }),
    }
}

/// The reply as it counts: what an HTTP server's answer means is for the channel to say.
pub(super) async fn judged(daemon: &Arc<Daemon>, channel: &PluginId, reply: Reply) -> Reply {
    let Reply::Answered(answer) = reply else {
        return reply;
    };
    let (live, id) = (daemon.config(), channel.clone());
    let answered = sandbox::Reply::Http {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
    };
    let now = daemon.ports.clock.now();
    let verdict = blocking(move || {
        let channel = live.channels.get(&id).map(|live| live.channel.clone());
        Ok(channel.map(|channel| {
            let version = (&id, channel.digest());
            let judge = || channel.judge(&answered);
            live.ward.call(version, now, judge)
        }))
    });
    let resting = |until| Reply::retry(format!("the channel is in quarantine until {until}"));
    let verdict = match verdict.await {
        Ok(Some(Err(until))) => return resting(until),
        Ok(Some(Ok(judged))) => Ok(Some(judged)),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    match verdict {
        Ok(Some(Ok(Verdict::Delivered { receipt }))) => Reply::Accepted {
            receipt,
            refused: Vec::new(),
        },
        Ok(Some(Ok(Verdict::Retry { why, after }))) => Reply::Retry { why, after },
        Ok(Some(Ok(Verdict::Failed { why }))) => Reply::Failed { why },
        Ok(Some(Err(error))) => Reply::retry(chain(&error)),
        Ok(None) => Reply::retry("no such channel is in force any more"),
        Err(error) => Reply::retry(chain(&error)),
    }
}

/// What would be sent, for people who look before.
pub(super) fn shown(channel: &PluginId, parcel: &Parcel) -> Value {
    match parcel {
        Parcel::Mail(mail) => {
            json!({ "channel": channel, "to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html })
        }
        Parcel::Http(http) => {
            json!({ "channel": channel, "to": http.to, "text": String::from_utf8_lossy(&http.shown()) })
        }
    }
}
