//! Authorized contacts, and when something is due for them.

use jiff::Timestamp;
use provost_core::contact::Contact;
use provost_core::decision::DistrictFacts;
use provost_core::id::{DistrictId, PersonId, Revision};
use provost_core::person::Person;
use rusqlite::{Row, params};

use super::commit::{Commit, Expected};
use super::error::{Attempt, CommitError, StoreError};
use super::person;
use super::row::{collect, execute, from_column, limit, many, micros, one, to_body, to_u64, value};
use super::snapshot::Snapshot;

pub(super) fn put(
    commit: &mut Commit<'_>,
    expected: Expected,
    after: &Contact,
) -> Result<(), CommitError> {
    const WHAT: &str = "find a contact";
    const STORED: &str = "SELECT revision, state FROM contact WHERE person = ?1";
    let person = after.person.as_str();
    let stored: Vec<(i64, String)> = collect(commit.connection, WHAT, STORED, [person], |row| {
        Ok((row.get(0).attempting(WHAT)?, row.get(1).attempting(WHAT)?))
    })?;
    let (revision, state) = stored.into_iter().next().unzip();
    commit.check(revision, expected, || format!("contact {person}"))?;
    commit.counts().contact(state.as_deref(), after.state);
    execute(
        commit.connection,
        "write a contact",
        include_str!("contact/put.sql"),
        params![
            person,
            after.district.as_str(),
            after.state.word(),
            after.next_due.map(micros),
            commit.number(),
            to_body("contact", after)?,
        ],
    )?;
    Ok(person::unsettle(commit.connection, &after.person)?)
}

fn with_person(row: &Row<'_>) -> Result<(Contact, Person), StoreError> {
    Ok((
        from_column("contact", row, 0)?,
        from_column("person", row, 1)?,
    ))
}

impl Snapshot<'_> {
    /// The contact that a person is or was.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn contact(&self, person: &PersonId) -> Result<Option<Contact>, StoreError> {
        const SQL: &str = "SELECT body FROM contact WHERE person = ?1";
        one(self.connection(), "contact", SQL, [person.as_str()])
    }

    /// Contacts of every state with the person behind each, of one district or of all; by district, then person.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn contacts(
        &self,
        district: Option<&DistrictId>,
    ) -> Result<Vec<(Contact, Person)>, StoreError> {
        let connection = self.connection();
        match district {
            None => {
                let sql = include_str!("contact/all.sql");
                collect(connection, "read contacts", sql, [], with_person)
            }
            Some(district) => {
                let sql = include_str!("contact/district.sql");
                collect(
                    connection,
                    "read contacts",
                    sql,
                    [district.as_str()],
                    with_person,
                )
            }
        }
    }

    /// A page of contacts of every state with the person behind each: at most `rows`, by district, then person, those
    /// that come after the one given.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn contacts_page(
        &self,
        district: Option<&DistrictId>,
        after: Option<&(DistrictId, PersonId)>,
        rows: usize,
    ) -> Result<Vec<(Contact, Person)>, StoreError> {
        let (from, person) = match after {
            Some((district, person)) => (district.as_str(), person.as_str()),
            None => ("", ""),
        };
        let sql = include_str!("contact/page.sql");
        let only = district.map(DistrictId::as_str);
        let params = params![from, person, only, limit(rows)];
        collect(self.connection(), "read contacts", sql, params, with_person)
    }

    /// Contacts for whom something is due at `now`, by due time, then id, at most `rows`; and the revision that a plan
    /// about them is made on.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn due(&self, now: Timestamp, rows: usize) -> Result<(Revision, Vec<Contact>), StoreError> {
        let sql = include_str!("contact/due.sql");
        let mut contacts: Vec<Contact> = many(
            self.connection(),
            "contact",
            sql,
            params![micros(now), limit(rows)],
        )?;
        // The index rounds down to microseconds, the contact itself knows better.
        contacts.retain(|contact| contact.next_due.is_some_and(|due| due <= now));
        contacts.sort_by(|one, other| {
            (one.next_due, &one.person).cmp(&(other.next_due, &other.person))
        });
        Ok((self.revision(), contacts))
    }

    /// How many valid contacts a district has, and how many of them are technical; neither is counted further than
    /// `enough`, so that a large district takes no longer than a small one.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn valid_contacts(
        &self,
        district: &DistrictId,
        enough: usize,
    ) -> Result<(usize, usize), StoreError> {
        const WHAT: &str = "count the contacts of a district";
        let count = |sql| {
            let params = params![district.as_str(), limit(enough)];
            let found: Option<i64> = value(self.connection(), WHAT, sql, params)?;
            let count = to_u64("number of contacts", found.unwrap_or(0))?;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        };
        Ok((
            count(include_str!("contact/valid.sql"))?,
            count(include_str!("contact/technical.sql"))?,
        ))
    }

    /// Other valid contacts of a contact's district: the first `rows` by person id, and as many technical ones as
    /// `technical` says, which may be among them.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn other_contacts(
        &self,
        contact: &Contact,
        rows: usize,
        technical: usize,
    ) -> Result<Vec<(Contact, Person)>, StoreError> {
        let (district, person) = (contact.district.as_str(), contact.person.as_str());
        let read = |sql, rows| {
            let params = params![district, person, limit(rows)];
            collect(self.connection(), "read contacts", sql, params, with_person)
        };
        let mut others = read(include_str!("contact/others.sql"), rows)?;
        others.extend(read(
            include_str!("contact/other_technical.sql"),
            technical,
        )?);
        Ok(others)
    }

    /// When something is due next for anybody.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = include_str!("contact/next_due.sql");
        let first: Option<Contact> = one(self.connection(), "contact", sql, [])?;
        Ok(first.and_then(|contact| contact.next_due))
    }

    /// A district with its contacts and building coaches; `None` if there is no such district.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn district_facts(&self, id: &DistrictId) -> Result<Option<DistrictFacts>, StoreError> {
        let Some(district) = self.district(id)? else {
            return Ok(None);
        };
        const COACHES: &str =
            "SELECT body FROM person WHERE district = ?1 AND coach = 1 ORDER BY id";
        Ok(Some(DistrictFacts {
            contacts: self.contacts(Some(id))?,
            coaches: many(self.connection(), "person", COACHES, [id.as_str()])?,
            district,
        }))
    }
}
