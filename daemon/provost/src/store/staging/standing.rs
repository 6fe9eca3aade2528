//! The state of a district before a plan.

use jiff::Timestamp;
use provost_core::change::FeedMark;
use provost_core::contact::{Contact, ContactKind};
use provost_core::directory::Standing;
use provost_core::district::District;
use provost_core::id::{FeedId, RoleId};
use provost_core::person::Person;
use provost_core::role::Granted;
use std::collections::{BTreeMap, BTreeSet};

use super::super::error::{Attempt, StoreError};
use super::super::row::{collect, from_column, many, one, to_u64, value};
use super::pairs::Comparing;

impl Comparing<'_> {
    /// What the guards need to know at `now` of the district and of the source that answers for its people; `None` if
    /// there is no such district. `feed` is the district's activity feed, if it has one. `applied_before` is the caller's
    /// knowledge.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn standing(
        &self,
        feed: Option<&FeedId>,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        const DISTRICT: &str = "SELECT body FROM district WHERE id = ?1";
        const CONTACTS: &str = "SELECT body FROM contact WHERE district = ?1";
        const FEED: &str = "SELECT body FROM feed WHERE id = ?1";
        let (connection, district) = (self.connection, [self.of.district.as_str()]);
        let contacts: Vec<Contact> = many(connection, "contact", CONTACTS, district)?;
        let Some(district) = one::<District>(connection, "district", DISTRICT, district)? else {
            return Ok(None);
        };
        let valid = contacts.iter().filter(|contact| contact.is_valid());
        let technical = valid
            .clone()
            .filter(|contact| contact.kind == ContactKind::Technical);
        let known: Option<i64> = value(
            connection,
            "count the people of a source",
            include_str!("known.sql"),
            [self.of.source.as_str()],
        )?;
        let mark = |id: &FeedId| one::<FeedMark>(connection, "feed", FEED, [id.as_str()]);
        let feed = feed.map(mark).transpose()?;
        Ok(Some(Standing {
            valid: valid.count(),
            technical: technical.count(),
            holders: self.role_holders(now)?,
            feed: feed.map(|mark| mark.map(|mark| mark.watermark)),
            known: to_u64("people of a source", known.unwrap_or(0))?,
            applied_before: false,
            district,
        }))
    }

    /// Accounts that may log in and hold a role at `now`, for each role that anybody holds.
    fn role_holders(&self, now: Timestamp) -> Result<BTreeMap<RoleId, u64>, StoreError> {
        const WHAT: &str = "count the holders of roles";
        let sql = include_str!("holders.sql");
        let rows = collect(
            self.connection,
            WHAT,
            sql,
            [self.of.district.as_str()],
            |row| {
                let expires: Option<String> = row.get(1).attempting(WHAT)?;
                let expired = expires
                    .and_then(|text| text.parse::<Timestamp>().ok())
                    .is_some_and(|expires| expires <= now);
                let what: Granted = from_column("grant", row, 0)?;
                let person: Person = from_column("person", row, 3)?;
                Ok((what, person, expired))
            },
        )?;
        let mut holders: BTreeMap<RoleId, BTreeSet<_>> = BTreeMap::new();
        for (what, person, expired) in rows {
            if let (Granted::Role(role), false, true) = (what, expired, person.account_enabled()) {
                holders.entry(role).or_default().insert(person.id);
            }
        }
        Ok(holders
            .into_iter()
            .map(|(role, people)| (role, people.len() as u64))
            .collect())
    }
}
