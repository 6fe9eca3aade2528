//! What keeps or restores the access, and who helps.

use provost_plugin::channel::RecipientRole;
use provost_plugin::letter::Letter;

use crate::words::Words;

impl Words<'_> {
    /// What keeps it.
    pub(crate) fn keep(&self, letter: &mut Letter) {
        let portal = self.portal.map_or(String::new(), |url| format!(": {url}"));
        let day = self.day.date();
        letter.paragraph(&match self.you {
            true => format!("One of these before {day} keeps it:"),
            false => format!(
                "{} keeps it by one of these before {day}:",
                self.about.person
            ),
        });
        let ways = [
            "log in to the support portal",
            "submit a case or comment on one",
            "call support",
        ];
        let mut ways = ways.map(str::to_owned);
        ways[0] += &portal;
        letter.list(ways);
        if !self.you {
            letter.paragraph(&format!(
                "If {} does this work no longer, a case \"{}\" names another contact.",
                self.about.person, self.about.restoring_case
            ));
        }
    }

    /// What restores it.
    pub(crate) fn restore(&self) -> String {
        let case = &self.about.restoring_case;
        match (self.to.role, self.about.last_contact) {
            (_, true) => "Call support: it has to verify the district anew.".to_owned(),
            (RecipientRole::Contact, false) => format!(
                "Ask another contact of the district to submit a case \"{case}\": it restores your access. Nobody \
                 restores their own."
            ),
            (RecipientRole::Colleague, false) => {
                format!("If it is still needed, submit a case \"{case}\": it restores the access.")
            }
            (RecipientRole::Mailbox, false) => format!(
                "If it is still needed, a contact of the district submits a case \"{case}\": it restores the access."
            ),
        }
    }

    /// The other contacts and the district's help; there is always somebody.
    pub(crate) fn ask(&self) -> Vec<String> {
        let line = |name: &str, ways: [&Option<String>; 2]| {
            let ways = ways.into_iter().flatten().map(String::as_str);
            std::iter::once(name)
                .chain(ways)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let about = self.about;
        let reader = &self.to.address;
        let others = about
            .others
            .iter()
            .filter(|other| other.mail.as_ref() != Some(reader));
        let mut lines: Vec<String> = others
            .map(|other| line(&other.name, [&other.mail, &other.phone]))
            .collect();
        if about.help_mail.is_some() || about.help_phone.is_some() {
            lines.push(line(
                "Help of the district",
                [&about.help_mail, &about.help_phone],
            ));
        }
        if lines.is_empty() {
            lines.push("Support, as you usually reach it".to_owned());
        }
        lines
    }
}
