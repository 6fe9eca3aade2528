//! `[[person]]`: a staff identity with its account, and what it is given.

use super::value::{Label, MailAddress, label, moment, one_or_more};
use super::{Known, Reading};
use crate::document::Table;
use crate::id::{PersonId, SourceId};
use crate::limits::VALUES_MAX;
use crate::person::{DirectoryLink, DirectoryStatus, MAIN_HOMEPAGE, Person};
use crate::role::Grant;

/// The source of people whose stable id a document says without naming a directory.
pub const DOCUMENT_SOURCE: &str = "document";

impl Reading<'_> {
    /// Reads one `[[person]]` and the grants that it lists.
    pub(super) fn person(&mut self, table: &Table) -> Option<(Person, Vec<Grant>)> {
        let id = table.need_parse::<PersonId>("id");
        let district = self.district_named(table, Known::Needed);
        if let (Some(id), Some(district)) = (&id, &district) {
            self.once(table, "person", "id", id.to_string());
            let own = || district.clone();
            self.persons.entry(id.clone()).or_insert_with(own);
        }
        table.need_text("username");
        let username = label(table, "username");
        let grants = self.grants_of(table, id.as_ref(), district.as_ref());
        let name = label(table, "name");
        let mail: Vec<MailAddress> = one_or_more(table, "mail");
        let phone: Vec<Label> = one_or_more(table, "phone");
        for (key, values) in [("mail", mail.len()), ("phone", phone.len())] {
            if values > VALUES_MAX {
                table.problem(key, format!("must not list more than {VALUES_MAX}"));
            }
        }
        let employee_number = label(table, "employee-number");
        let title = label(table, "title");
        let homepage = label(table, "homepage");
        let enabled = table.flag("enabled").unwrap_or(true);
        let schools = table.list("schools").into_iter().collect();
        let third_party = label(table, "third-party");
        let coach_of = table.list("coach-of").into_iter().collect();
        let directory = self.directory_link(table);
        table.done();
        let (id, district, username) = (id?, district?, username?);
        self.once(
            table,
            "username",
            "username",
            format!("{district}/{username}"),
        );
        self.check_username_free(table, &id, &district, &username);
        let person = Person {
            name: name.unwrap_or_else(|| username.clone()),
            id,
            district,
            username,
            mail: mail.into_iter().map(|mail| mail.0).collect(),
            phone: phone.into_iter().map(|phone| phone.0).collect(),
            employee_number,
            title,
            homepage: homepage.unwrap_or_else(|| MAIN_HOMEPAGE.to_owned()),
            enabled,
            schools,
            third_party,
            coach_of,
            directory,
        };
        Some((person, grants))
    }

    /// `uuid` says the stable id alone; `directory` says the whole link, as an export writes it.
    fn directory_link(&self, table: &Table) -> Option<DirectoryLink> {
        let uuid = label(table, "uuid");
        let Some(link) = table.table("directory") else {
            return Some(DirectoryLink {
                source: SourceId::new(DOCUMENT_SOURCE).ok()?,
                stable_id: uuid?,
                dn: String::new(),
                status: DirectoryStatus::Present,
            });
        };
        if uuid.is_some() {
            table.problem("uuid", "is said by directory.stable-id already");
        }
        let source = link.need_parse("source");
        link.need_text("stable-id");
        let stable_id = label(&link, "stable-id");
        let dn = link.text("dn").unwrap_or_default().to_owned();
        let since = moment(&link, "since").unwrap_or(self.given.now);
        let status = match link.text("status") {
            None | Some("present") => DirectoryStatus::Present,
            Some("disabled") => DirectoryStatus::Disabled,
            Some("missing") => DirectoryStatus::Missing { since },
            Some("gone") => DirectoryStatus::Gone { since },
            Some("deleted") => DirectoryStatus::Deleted { since },
            Some(_) => {
                link.problem(
                    "status",
                    "must be present, disabled, missing, gone or deleted",
                );
                DirectoryStatus::Present
            }
        };
        link.done();
        Some(DirectoryLink {
            source: source?,
            stable_id: stable_id?,
            dn,
            status,
        })
    }
}
