//! People, and the ways in which they are found.

use provost_core::id::{DistrictId, PersonId};
use provost_core::person::Person;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
use rusqlite::params;
use rusqlite::{Connection, Row};
use std::collections::BTreeSet;

use super::commit::{Commit, Expected};
use super::error::{Attempt, CommitError, StoreError};
use super::register::Counts;
use super::row::{collect, execute, from_column, limit, many, one, to_body, value, values};
use super::snapshot::Snapshot;

/// District and username.
pub(super) type Account = (DistrictId, String);

/// Writes a person, or removes one.
pub(super) fn put(
    commit: &mut Commit<'_>,
    before: Option<&Person>,
    after: Option<&Person>,
) -> Result<(), CommitError> {
    let Some(id) = after.or(before).map(|person| &person.id) else {
        return Ok(());
    };
    let stored = stored(commit.connection, id)?;
    let (revision, old) =
        stored.map_or((None, None), |(revision, old)| (Some(revision), Some(old)));
    commit.check(revision, Expected::by(&before), || format!("person {id}"))?;
    Counts::follow(&mut commit.counts().people, old.is_some(), after.is_some());
    let kept = after.map(addresses).unwrap_or_default();
    let had = old.as_ref().map(addresses).unwrap_or_default();
    const FORGET: &str = "DELETE FROM person_address WHERE address = ?1 AND person = ?2";
    for address in had.difference(&kept) {
        execute(
            commit.connection,
            "forget an address",
            FORGET,
            [address, id.as_str()],
        )?;
    }
    match after {
        Some(after) => write(commit, old.as_ref(), after)?,
        None => {
            const REMOVE: &str = "DELETE FROM person WHERE id = ?1";
            execute(commit.connection, "remove a person", REMOVE, [id.as_str()])?;
        }
    }
    const KEEP: &str = "INSERT INTO person_address (address, person) VALUES (?1, ?2)";
    for address in kept.difference(&had) {
        execute(
            commit.connection,
            "keep an address",
            KEEP,
            [address, id.as_str()],
        )?;
    }
    Ok(())
}

fn stored(connection: &Connection, id: &PersonId) -> Result<Option<(i64, Person)>, StoreError> {
    const SQL: &str = "SELECT revision, body FROM person WHERE id = ?1";
    let rows = collect(connection, "find a person", SQL, [id.as_str()], |row| {
        let revision = row.get(0).attempting("find a person")?;
        Ok((revision, from_column("person", row, 1)?))
    })?;
    Ok(rows.into_iter().next())
}

fn write(commit: &mut Commit<'_>, old: Option<&Person>, after: &Person) -> Result<(), CommitError> {
    let link = after.directory.as_ref();
    let written = execute(
        commit.connection,
        "write a person",
        include_str!("person/put.sql"),
        params![
            after.id.as_str(),
            after.district.as_str(),
            after.username,
            link.map(|link| link.source.as_str()),
            link.map(|link| link.stable_id.as_str()),
            i64::from(!after.coach_of.is_empty()),
            commit.number(),
            to_body("person", after)?,
        ],
    );
    written.map_err(|error| taken_entry(commit.connection, after, error))?;
    let same = |old: &Person| old.district == after.district && old.username == after.username;
    if old.is_some_and(same) {
        return Ok(());
    }
    let account = (after.district.clone(), after.username.clone());
    if holders(commit.connection, &account)?.len() > 1 {
        commit.disputed.insert(account);
    }
    Ok(())
}

/// The people who have an account: one, unless a plan is under way.
fn holders(connection: &Connection, account: &Account) -> Result<Vec<String>, StoreError> {
    let (district, username) = account;
    values(
        connection,
        "find the holder of a username",
        include_str!("person/holders.sql"),
        params![username, district.as_str()],
    )
}

/// Refuses an account that two people have at the end of a commit. Rule: usernames are unique in their district.
pub(super) fn settle(connection: &Connection, account: &Account) -> Result<(), CommitError> {
    let holders = holders(connection, account)?;
    match holders.as_slice() {
        [_, _, ..] => Err(CommitError::Duplicate {
            what: format!("username {}/{}", account.0, account.1),
            holder: holders.join(" and "),
        }),
        _ => Ok(()),
    }
}

/// Names who has the directory entry that a person was to be linked to.
fn taken_entry(connection: &Connection, after: &Person, error: StoreError) -> CommitError {
    let unique = match &error {
        StoreError::Sql { source, .. } => source
            .sqlite_error()
            .is_some_and(|code| code.extended_code == SQLITE_CONSTRAINT_UNIQUE),
        _ => false,
    };
    let Some(link) = after.directory.as_ref().filter(|_| unique) else {
        return error.into();
    };
    const HOLDER: &str = "SELECT id FROM person WHERE stable_id = ?1 AND source = ?2";
    let entry = [link.stable_id.as_str(), link.source.as_str()];
    match value(
        connection,
        "find the holder of a directory entry",
        HOLDER,
        entry,
    ) {
        Ok(Some(holder)) => CommitError::Duplicate {
            what: format!("directory entry {} of {}", link.stable_id, link.source),
            holder,
        },
        _ => error.into(),
    }
}

/// The addresses by which a person is found, as the table keeps them.
fn addresses(person: &Person) -> BTreeSet<String> {
    let mail = person.mail.iter().map(|mail| mail_key(mail));
    let phone = person.phone.iter().filter_map(|phone| phone_key(phone));
    mail.chain(phone).collect()
}

fn mail_key(mail: &str) -> String {
    format!("mail:{}", mail.trim().to_lowercase())
}

/// Only digits are compared, so that `+1 555 0100` and `1-555-0100` are the same number.
fn phone_key(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| format!("tel:{digits}"))
}

/// What a reference to a person leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// This one.
    One(Box<Person>),
    /// Nobody.
    None,
    /// Several: the reference is not clear.
    Many(Vec<PersonId>),
}

impl Lookup {
    fn of(mut people: Vec<Person>) -> Self {
        match (people.pop(), people.is_empty()) {
            (None, _) => Self::None,
            (Some(person), true) => Self::One(Box::new(person)),
            (Some(last), false) => {
                people.push(last);
                Self::Many(people.into_iter().map(|person| person.id).collect())
            }
        }
    }
}

/// The body of a person from the first column.
fn body(row: &Row<'_>) -> Result<Person, StoreError> {
    from_column("person", row, 0)
}

impl Snapshot<'_> {
    /// A person by the register's id.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        self.person_by_id(id.as_str())
    }

    fn person_by_id(&self, id: &str) -> Result<Option<Person>, StoreError> {
        const SQL: &str = "SELECT body FROM person WHERE id = ?1";
        one(self.connection(), "person", SQL, [id])
    }

    /// People after `after` by id, of one district or of all, at most `rows`.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn people(
        &self,
        district: Option<&DistrictId>,
        after: Option<&PersonId>,
        rows: usize,
    ) -> Result<Vec<Person>, StoreError> {
        const ALL: &str = "SELECT body FROM person WHERE id > ?1 ORDER BY id LIMIT ?2";
        let after = after.map_or("", PersonId::as_str);
        match district {
            None => many(
                self.connection(),
                "person",
                ALL,
                params![after, limit(rows)],
            ),
            Some(district) => many(
                self.connection(),
                "person",
                include_str!("person/page.sql"),
                params![district.as_str(), after, limit(rows)],
            ),
        }
    }

    /// Finds who is meant by the register's id, `district/username`, a username, `uuid:…` (stable id in the
    /// directory), `mail:…` or `tel:…`, tried in this order.
    ///
    /// A username alone means the person of `district` where one is given and has it, else the only one who has it.
    /// Usernames that differ in case only count where nobody has the very name.
    ///
    /// # Errors
    /// [`StoreError`] if the register cannot be read.
    pub fn find_person(
        &self,
        reference: &str,
        district: Option<&DistrictId>,
    ) -> Result<Lookup, StoreError> {
        if let Some(person) = self.person_by_id(reference)? {
            return Ok(Lookup::One(Box::new(person)));
        }
        let people = match reference.split_once(':') {
            Some(("uuid", stable_id)) => self.by_stable_id(stable_id.trim())?,
            Some(("mail", mail)) => self.by_address(&mail_key(mail))?,
            Some(("tel", phone)) => match phone_key(phone) {
                Some(key) => self.by_address(&key)?,
                None => Vec::new(),
            },
            _ => self.by_account(reference, district)?,
        };
        Ok(Lookup::of(people))
    }

    fn by_address(&self, address: &str) -> Result<Vec<Person>, StoreError> {
        let sql = include_str!("person/by_address.sql");
        collect(
            self.connection(),
            "find a person by address",
            sql,
            [address],
            body,
        )
    }

    fn by_stable_id(&self, stable_id: &str) -> Result<Vec<Person>, StoreError> {
        let sql = include_str!("person/by_stable_id.sql");
        let (lower, upper) = (stable_id.to_lowercase(), stable_id.to_uppercase());
        let spellings = [stable_id, &lower, &upper];
        collect(
            self.connection(),
            "find a person by stable id",
            sql,
            spellings,
            body,
        )
    }

    fn by_account(
        &self,
        reference: &str,
        district: Option<&DistrictId>,
    ) -> Result<Vec<Person>, StoreError> {
        if let Some((of, username)) = reference.split_once('/') {
            let people = self.by_username(username)?;
            let of_district = people
                .into_iter()
                .filter(|person| person.district.as_str() == of);
            let found = exact_first(of_district.collect(), username);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let people = self.by_username(reference)?;
        let near: Vec<_> = people
            .iter()
            .filter(|person| Some(&person.district) == district)
            .cloned()
            .collect();
        let choice = if near.is_empty() { people } else { near };
        Ok(exact_first(choice, reference))
    }

    /// Everybody of that username in whatever spelling, by id.
    fn by_username(&self, username: &str) -> Result<Vec<Person>, StoreError> {
        let sql = include_str!("person/by_username.sql");
        collect(
            self.connection(),
            "find a person by username",
            sql,
            [username],
            body,
        )
    }
}

/// Those who have the very name, or all if nobody does.
fn exact_first(people: Vec<Person>, username: &str) -> Vec<Person> {
    let (exact, other): (Vec<_>, Vec<_>) = people
        .into_iter()
        .partition(|person| person.username == username);
    if exact.is_empty() { other } else { exact }
}
