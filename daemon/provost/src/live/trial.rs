//! Tries a channel that sends requests before it is in force: what would stop every notice is said at once.

use provost_core::Timestamp;
use provost_core::contact::ContactKind;
use provost_core::district::Help;
use provost_core::document::Problem;
use provost_core::notice::NoticeKind;
use provost_core::time::Zone;
use provost_sandbox::{
    CallError, Channel, Delivery, Failure, Moment, NoticeView, Recipient, RecipientRole,
    RenderError, RenderFailure,
};

use super::{chain, problem, unfit};
use crate::config::PluginOffer;
use crate::config::allow::Origin;
use crate::deliver::{Grant, Secrets};

/// What a channel may send, if it sends requests: all that it needs for them must be there.
pub(super) fn grant(
    offer: &PluginOffer,
    channel: &Channel,
    secrets: Secrets,
    problems: &mut Vec<Problem>,
) -> Option<Grant> {
    let described = channel.describe();
    if !described.sends_http {
        return None;
    }
    let missing = described
        .secrets
        .iter()
        .filter(|name| !offer.secrets.contains_key(*name));
    problems.extend(missing.map(|name| {
        let why = "is missing: the plugin needs a file that holds this secret";
        problem(
            &format!("plugin.{}.secrets.{name}", offer.id),
            why.to_owned(),
        )
    }));
    let mut declared = Vec::new();
    for host in &described.hosts {
        match host.parse::<Origin>() {
            Ok(origin) => {
                if !offer.allow.iter().any(|entry| entry.reaches(&origin)) {
                    let why = format!(
                        "does not name {origin}, which the plugin declares that it sends to: without it such requests \
                         would be refused one by one"
                    );
                    problems.push(problem(&format!("plugin.{}.allow", offer.id), why));
                }
                declared.push(origin);
            }
            Err(why) => problems.push(unfit(
                offer,
                format!("declares the host {host}, which {why}"),
            )),
        }
    }
    let allow = offer.allow.clone();
    match Grant::new(declared, allow, secrets, offer.ca_file.as_deref()) {
        Ok(grant) => {
            let prefix = format!("plugin.{}.", offer.id);
            if problems
                .iter()
                .all(|problem| !problem.key.starts_with(&prefix))
            {
                problems.extend(objections(offer, channel, &grant));
            }
            Some(grant)
        }
        Err(why) => {
            problems.push(problem(
                &format!("plugin.{}.ca-file", offer.id),
                chain(&why),
            ));
            None
        }
    }
}

/// What stands against the requests that the channel renders of a sample. A channel that objects to the sample or traps
/// is left in peace, it may do better with a true notice; one that objects to its settings or renders what must not be
/// sent is not.
fn objections(offer: &PluginOffer, channel: &Channel, grant: &Grant) -> Vec<Problem> {
    let key = |part: &str| format!("plugin.{}.{part}", offer.id);
    match channel.render(&sample(), &recipient(), &offer.settings) {
        Ok(deliveries) => {
            let requests = deliveries.iter().filter_map(|delivery| match delivery {
                Delivery::Http(request) => grant.objection(request),
                Delivery::Mail(_) => None,
            });
            requests
                .map(|(part, why)| problem(&key(part), why))
                .collect()
        }
        Err(RenderError::Refused {
            why: RenderFailure::Settings(why),
            ..
        }) => vec![problem(&key("settings"), why)],
        Err(RenderError::Call(
            error @ CallError {
                failure: Failure::Answer(_),
                ..
            },
        )) => vec![problem(&key("settings"), chain(&error))],
        Err(_) => Vec::new(),
    }
}

fn recipient() -> Recipient {
    Recipient {
        address: "sample@district.invalid".to_owned(),
        name: "Sample".to_owned(),
        role: RecipientRole::Contact,
    }
}

/// A notice about nobody.
fn sample() -> NoticeView {
    let moment = Moment::new(Timestamp::UNIX_EPOCH, &Zone::utc());
    NoticeView {
        id: "sample".to_owned(),
        kind: NoticeKind::Notice,
        person: "Sample".to_owned(),
        contact_kind: ContactKind::Support,
        district: "Sample".to_owned(),
        written: moment.clone(),
        last_activity: None,
        deadline: Some(moment),
        days_left: 30,
        last_contact: true,
        others: Vec::new(),
        restoring_case: "Modify Support Contact".to_owned(),
        help: Help::default(),
    }
}
