//! What a plugin asks for, from what it describes: the words that an administrator approves.

use provost_core::plugin::Want;
use provost_core::role::RoleKind;
use provost_sandbox::{ChannelDescription, Edition, Need, Plugin};
use std::collections::BTreeSet;

/// Everything that a plugin asks for.
pub(super) fn wants(plugin: &Plugin) -> BTreeSet<Want> {
    match plugin {
        Plugin::Policy(policy) => of_edition(policy.edition()),
        Plugin::Channel(channel) => of_channel(channel.describe()),
    }
}

fn of_edition(edition: &Edition) -> BTreeSet<Want> {
    let mut wants = vec![format!("be edition {}", edition.id)];
    if edition.judges_all {
        wants.push("judge all actions".to_owned());
    }
    let judges = edition.judges.iter();
    wants.extend(judges.map(|action| format!("judge {action}")));
    wants.extend(edition.needs.iter().map(|need| see(*need).to_owned()));
    for role in &edition.roles {
        let (id, kind) = (&role.id, kind(role.kind));
        wants.push(format!("add {kind} role {id}"));
        let products = role.products.iter();
        wants.extend(products.map(|product| format!("give role {id} all rights of {product}")));
        let actions = role.may.iter();
        wants.extend(actions.map(|action| format!("permit role {id} {action}")));
    }
    wants.into_iter().map(Want::new).collect()
}

fn kind(kind: RoleKind) -> &'static str {
    match kind {
        RoleKind::Full => "full",
        RoleKind::Sub => "sub",
        RoleKind::Delegation => "delegation",
        RoleKind::Edition => "edition",
    }
}

fn see(need: Need) -> &'static str {
    match need {
        Need::Subject => "see the subject's record",
        Need::Resource => "see the resource's record",
        Need::Roles => "see roles of people",
        Need::Schools => "see schools of people",
        Need::District => "see the district's record",
        Need::Relations => "see relations of subject and resource",
        Need::Properties => "see properties of the request",
        Need::Context => "see the request's context",
    }
}

fn of_channel(channel: &ChannelDescription) -> BTreeSet<Want> {
    let mut wants = Vec::new();
    for (asked, words) in [
        (channel.sends_mail, "send mail"),
        (channel.sends_http, "send requests"),
        (channel.judges_mail, "judge what mail servers answer"),
    ] {
        wants.extend(asked.then(|| words.to_owned()));
    }
    wants.extend(channel.hosts.iter().map(|host| format!("send to {host}")));
    let secrets = channel.secrets.iter();
    wants.extend(secrets.map(|name| format!("use secret {name}")));
    wants.into_iter().map(Want::new).collect()
}
