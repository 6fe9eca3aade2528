//! `[[route]]`: which notices go to whom by which channels, in order of preference.

use provost_core::document::Table;
use provost_core::id::PluginId;
use provost_core::notice::RecipientRole;
use std::collections::BTreeMap;

use super::PluginOffer;

/// A route of notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Topics, `inactivity.*` or `inactivity.final`.
    pub notices: Vec<String>,
    /// To whom they go first.
    pub to: RecipientRole,
    /// Channel plugins, the preferred one first.
    pub channels: Vec<PluginId>,
}

impl Route {
    /// The route carries notices of this topic.
    pub fn carries(&self, topic: &str) -> bool {
        self.notices
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(start) => topic.starts_with(start),
                None => pattern == topic,
            })
    }
}

pub(super) fn read(table: &Table<'_>, plugins: &BTreeMap<PluginId, PluginOffer>) -> Option<Route> {
    let notices: Vec<String> = table.list("notices");
    if notices.is_empty() {
        table.problem("notices", "must name at least one topic, e.g. inactivity.*");
    }
    let to = match table.text("to") {
        None | Some("contact") => RecipientRole::Contact,
        Some("colleagues") => RecipientRole::Colleague,
        Some("mailbox") => RecipientRole::Mailbox,
        Some(_) => {
            table.problem("to", "must be contact, colleagues or mailbox");
            RecipientRole::Contact
        }
    };
    let channels: Vec<PluginId> = table.list("channels");
    for channel in &channels {
        if !plugins.contains_key(channel) {
            table.problem(
                "channels",
                format!("`{channel}` is no [[plugin]] of this configuration"),
            );
        }
    }
    if channels.is_empty() {
        table.problem("channels", "must name at least one plugin");
    }
    table.done();
    Some(Route {
        notices,
        to,
        channels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_carries_every_notice_of_its_topic() {
        let route = Route {
            notices: vec!["inactivity.*".to_owned()],
            to: RecipientRole::Contact,
            channels: Vec::new(),
        };
        assert!(route.carries("inactivity.final"));
        assert!(!route.carries("sync.refused"));
        let one = Route {
            notices: vec!["inactivity.final".to_owned()],
            to: RecipientRole::Contact,
            channels: Vec::new(),
        };
        assert!(!one.carries("inactivity.notice"));
    }
}
