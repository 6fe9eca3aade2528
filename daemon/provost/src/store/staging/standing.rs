//! The state of a district before a plan.

use jiff::Timestamp;
use provost_core::contact::ContactKind;
use provost_core::directory::Standing;
use provost_core::district::District;
use provost_core::id::{RoleId, SourceId};
use provost_core::person::Person;
use provost_core::role::Granted;
use std::collections::{BTreeMap, BTreeSet};

use super::super::error::{Attempt, StoreError};
use super::super::row::{collect, from_column, to_u64, value};
use super::super::snapshot::Snapshot;

impl Snapshot<'_> {
    /// What the guards need to know of a district at `now`, and of the source that answers for its people.
    /// `applied_before` and the feed's watermark are the caller's knowledge.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn standing(
        &self,
        district: District,
        source: &SourceId,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        let contacts = self.contacts(Some(&district.id))?;
        let valid = contacts.iter().filter(|(contact, _)| contact.is_valid());
        let technical = valid
            .clone()
            .filter(|(contact, _)| contact.kind == ContactKind::Technical);
        let known: Option<i64> = value(
            self.connection(),
            "count the people of a source",
            include_str!("known.sql"),
            [source.as_str()],
        )?;
        Ok(Standing {
            valid: valid.clone().count(),
            technical: technical.count(),
            holders: self.role_holders(&district, now)?,
            feed: None,
            known: to_u64("people of a source", known.unwrap_or(0))?,
            applied_before: false,
            district,
        })
    }

    /// Accounts that may log in and hold a role at `now`, for each role that anybody holds.
    fn role_holders(
        &self,
        district: &District,
        now: Timestamp,
    ) -> Result<BTreeMap<RoleId, u64>, StoreError> {
        const WHAT: &str = "count the holders of roles";
        let sql = include_str!("holders.sql");
        let rows = collect(
            self.connection(),
            WHAT,
            sql,
            [district.id.as_str()],
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
