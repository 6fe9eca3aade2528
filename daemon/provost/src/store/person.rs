//! People, and the ways in which they are found.

use provost_core::id::{DistrictId, PersonId};
use provost_core::person::Person;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::params;
use rusqlite::{Connection, Row};
use std::collections::BTreeSet;

use super::commit::{Commit, Expected};
use super::error::{Attempt, CommitError, StoreError};
use super::register::Counts;
use super::row::{collect, execute, from_column, limit, many, one, value, values};
use super::snapshot::Snapshot;

/// District and username.
pub(super) type Account = (DistrictId, String);

/// A person, and the same as JSON.
type Worded<'p> = (&'p Person, &'p str);

/// Writes a person, or removes one.
pub(super) fn put(
    commit: &mut Commit<'_>,
    before: Option<&Person>,
    after: Option<Worded<'_>>,
) -> Result<(), CommitError> {
    match (before, after) {
        (None, Some(after)) => add(commit, after),
        (Some(before), _) => replace(commit, before, after),
        (None, None) => Ok(()),
    }
}

/// Writes somebody new.
fn add(commit: &mut Commit<'_>, worded: Worded<'_>) -> Result<(), CommitError> {
    const KEEP: &str = "INSERT INTO staged_address (address, person) VALUES (?1, ?2)";
    write(commit, include_str!("person/add.sql"), worded)?;
    let (person, _) = worded;
    Counts::follow(&mut commit.counts().people, false, true);
    commit.check_account(person);
    for address in addresses(person) {
        let row = [address.as_str(), person.id.as_str()];
        execute(commit.connection, "keep an address", KEEP, row)?;
        commit.addresses_wait = true;
    }
    Ok(())
}

/// Brings the addresses of new people to their place.
pub(super) fn keep_addresses(commit: &mut Commit<'_>) -> Result<(), StoreError> {
    const WHAT: &str = "keep addresses";
    const KEEP: &str = "INSERT INTO person_address (address, person) \
                        SELECT address, person FROM staged_address ORDER BY address, person";
    if commit.addresses_wait {
        execute(commit.connection, WHAT, KEEP, [])?;
        execute(commit.connection, WHAT, "DELETE FROM staged_address", [])?;
        commit.addresses_wait = false;
    }
    Ok(())
}

/// Writes somebody who is there already, or removes them.
fn replace(
    commit: &mut Commit<'_>,
    before: &Person,
    after: Option<Worded<'_>>,
) -> Result<(), CommitError> {
    const KEEP: &str = "INSERT INTO person_address (address, person) VALUES (?1, ?2)";
    const FORGET: &str = "DELETE FROM person_address WHERE address = ?1 AND person = ?2";
    const UNSETTLE: &str = "DELETE FROM settled WHERE source = ?1 AND stable_id = ?2";
    const REMOVE: &str = "DELETE FROM person WHERE id = ?1";
    let id = &before.id;
    // Somebody whom this very commit has added may have addresses that wait.
    keep_addresses(commit)?;
    let stored = stored(commit.connection, id)?;
    let revision = stored.as_ref().map(|(revision, _)| *revision);
    commit.check(revision, Expected::Row, || format!("person {id}"))?;
    let Some((_, old)) = stored else {
        return Ok(());
    };
    Counts::follow(&mut commit.counts().people, true, after.is_some());
    if let Some(link) = &old.directory {
        let entry = [link.source.as_str(), link.stable_id.as_str()];
        execute(commit.connection, UNSETTLING, UNSETTLE, entry)?;
    }
    let kept = after.map(|(after, _)| addresses(after)).unwrap_or_default();
    let had = addresses(&old);
    for address in had.difference(&kept) {
        let row = [address.as_str(), id.as_str()];
        execute(commit.connection, "forget an address", FORGET, row)?;
    }
    match after {
        Some(worded @ (after, _)) => {
            write(commit, include_str!("person/put.sql"), worded)?;
            if old.district != after.district || old.username != after.username {
                commit.check_account(after);
            }
        }
        None => {
            execute(commit.connection, "remove a person", REMOVE, [id.as_str()])?;
        }
    }
    for address in kept.difference(&had) {
        let row = [address.as_str(), id.as_str()];
        execute(commit.connection, "keep an address", KEEP, row)?;
    }
    Ok(())
}

const UNSETTLING: &str = "have an entry compared again";

/// Has the next sync compare a person's entry however little it has changed: something that hangs on them is different
/// now. A person's own row sees to that by itself.
pub(super) fn unsettle(connection: &Connection, id: &PersonId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM settled WHERE (source, stable_id) = (SELECT source, stable_id FROM person WHERE id = ?1)";
    execute(connection, UNSETTLING, SQL, [id.as_str()]).map(drop)
}

fn stored(connection: &Connection, id: &PersonId) -> Result<Option<(i64, Person)>, StoreError> {
    const SQL: &str = "SELECT revision, body FROM person WHERE id = ?1";
    let rows = collect(connection, "find a person", SQL, [id.as_str()], |row| {
        let revision = row.get(0).attempting("find a person")?;
        Ok((revision, from_column("person", row, 1)?))
    })?;
    Ok(rows.into_iter().next())
}

fn write(commit: &Commit<'_>, sql: &str, (person, body): Worded<'_>) -> Result<(), CommitError> {
    let link = person.directory.as_ref();
    let row = params![
        person.id.as_str(),
        person.district.as_str(),
        person.username,
        link.map(|link| link.source.as_str()),
        link.map(|link| link.stable_id.as_str()),
        i64::from(!person.coach_of.is_empty()),
        i64::from(link.is_some_and(|link| link.status.departed())),
        commit.number(),
        body,
    ];
    let written = execute(commit.connection, "write a person", sql, row);
    written
        .map(drop)
        .map_err(|error| taken(commit.connection, person, error))
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

/// Refuses accounts that two people have, wherever they are: cheaper than asking for each of very many.
pub(super) fn settle_all(connection: &Connection) -> Result<(), CommitError> {
    const WHAT: &str = "look for usernames that two people have";
    let shared = collect(
        connection,
        WHAT,
        include_str!("person/shared.sql"),
        [],
        |row| {
            let (district, username): (String, String) =
                (row.get(0).attempting(WHAT)?, row.get(1).attempting(WHAT)?);
            let found = || StoreError::Value {
                noun: "district of a person",
                found: district.clone(),
            };
            Ok((DistrictId::new(&*district).map_err(|_| found())?, username))
        },
    )?;
    shared
        .iter()
        .try_for_each(|account| settle(connection, account))
}

/// Says what was there already where a person could not be written: the person, or somebody with their entry.
fn taken(connection: &Connection, after: &Person, error: StoreError) -> CommitError {
    let code = match &error {
        StoreError::Sql { source, .. } => source.sqlite_error().map(|code| code.extended_code),
        _ => None,
    };
    if code == Some(SQLITE_CONSTRAINT_PRIMARYKEY) {
        return CommitError::Moved {
            what: format!("person {}", after.id),
        };
    }
    let unique = code == Some(SQLITE_CONSTRAINT_UNIQUE);
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
