//! Reading a district's directory over LDAP. Never writes to it.
//!
//! [`Directory`] is the seam: the flow reads through it, the daemon stands [`LdapDirectory`] behind it, scenarios and
//! tests an [`InMemory`] one. A reading answers everything or an error: there is no such thing as a partial result.

mod by_id;
mod change_number;
mod connect;
mod content_sync;
mod dirsync;
mod dirsync_control;
mod driver;
mod ds389;
mod ds389_text;
mod error;
mod expiry;
mod file_time;
mod frame;
mod groups;
mod line;
mod live;
mod lookup;
mod member;
mod member_value;
mod memory;
mod message;
mod mode;
mod pages;
mod people;
mod primary;
mod profile;
mod quirks;
mod reading;
mod refresh;
mod schema;
mod search;
mod since;
mod tls;

pub use error::DirectoryError;
pub use groups::Groups;
pub use member_value::Member;
pub use memory::{InMemory, Shown};
pub use mode::{How, Mode, Way};
pub use profile::{Profile, RootDse, Vendor};
pub use reading::LdapDirectory;
pub use schema::check_filter;

use futures_util::future::BoxFuture;
use provost_core::directory::{Absence, Entry, IdAttribute, Reach};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::config::source::Source;
use change_number::ChangeNumbers;

/// One thing that a server says about its staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// An entry that is there.
    Entry(Entry),
    /// A deletion that the server itself reports. It counts once a look-up of the id has confirmed it.
    Deleted {
        /// The identity of the entry that was.
        stable_id: String,
    },
}

/// A group's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// It has a list, or is a group whose list is empty; members that are no names were left out and counted.
    Group {
        /// Members, in the server's order.
        members: Vec<Member>,
        /// Values that were left out.
        unreadable: u64,
        /// Changes whenever the list does; `None` if the server does not show that.
        version: Option<String>,
    },
    /// An entry without a list of members that does not say that it is a group: a person.
    NoList {
        /// As of a list.
        version: Option<String>,
    },
    /// Nothing there, or nothing that we may see.
    Absent,
}

/// What is known of the server that a reading talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address.
    pub address: String,
    /// What it says of itself.
    pub root: RootDse,
    /// By what its entries are known.
    pub id: IdAttribute,
    /// How it is read.
    pub way: Way,
}

/// Where a read stood: what a later one needs to read only what changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mark {
    /// The server that gave the cookie; no other one is asked to go on from it.
    pub server: String,
    /// The database behind that address, where several may answer there.
    #[serde(default)]
    pub instance: Option<String>,
    /// The server's clock then, in Windows file time: accounts that have expired since tell nobody.
    #[serde(default)]
    pub clock: Option<i64>,
    /// The cookie. Source: RFC 4533 §2.1.3, MS-ADTS 3.1.1.3.4.1.3.
    pub cookie: Vec<u8>,
    /// The schema that the filter was checked against, by the time it was made.
    pub schema: String,
}

/// Where a server stood when it was read, as far as it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stood {
    /// Its address.
    server: String,
    /// The database behind that address, if it is known.
    instance: Option<String>,
    /// Its cookie, if it gave one.
    cookie: Option<Vec<u8>>,
}

impl From<&Mark> for Stood {
    fn from(mark: &Mark) -> Self {
        Self {
            server: mark.server.clone(),
            instance: mark.instance.clone(),
            cookie: Some(mark.cookie.clone()),
        }
    }
}

impl Stood {
    /// A server that does not say more than that it was read.
    pub fn at(server: &Server) -> Self {
        Self {
            server: server.address.clone(),
            instance: None,
            cookie: None,
        }
    }

    /// How far this is beside what was read `before`. Change numbers tell, whichever servers gave them: behind one address
    /// there may be another server, or one that came back from a backup. Without them a server is level with itself.
    pub fn reach(&self, before: &Self) -> Reach {
        let numbers = |stood: &Self| ChangeNumbers::of(stood.cookie.as_ref()?);
        let databases = self.instance.as_ref().zip(before.instance.as_ref());
        let same = self.server == before.server && databases.is_none_or(|(now, then)| now == then);
        match numbers(before).zip(numbers(self)) {
            Some((before, now)) if before.is_ahead_of(&now) => Reach::Behind,
            Some(_) => Reach::Level,
            None if same => Reach::Level,
            None => Reach::Unknown,
        }
    }
}

/// What a complete read came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Entries that were sent.
    pub entries: u64,
    /// Where it stood, or why the server cannot go on from there.
    pub mark: Result<Mark, &'static str>,
}

/// What a read of changes came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// What was sent is all that changed; the next read goes on from here.
    Since(Mark),
    /// What was sent, if anything, is not to be believed: everything must be read. Says why.
    Unusable(&'static str),
}

/// One entry that somebody asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// By distinguished name.
    Dn(String),
    /// By stable id, anywhere in the naming context.
    StableId(String),
}

/// What the first page of a source came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Entries that came.
    pub entries: u64,
    /// The server sends pages.
    pub paged: bool,
    /// What the server said at its end, if that was no success: a limit, a busy server.
    pub said: Option<String>,
}

/// Something in which servers differ, and what this one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirk {
    /// In what.
    pub name: &'static str,
    /// What trying it came to.
    pub found: String,
}

/// What looking an absent id up came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Why it is absent.
    pub absence: Absence,
    /// The entry itself shows that, or that there is none: nothing that an access rule may hide was needed to tell.
    pub shown: bool,
}

/// What came of the wish to be told changes as they happen.
pub enum Follow {
    /// The server tells them from the mark on.
    Stream(Box<dyn Following>),
    /// This server is not followed. Says why.
    Not(String),
    /// It cannot go on from the mark: something has to be read first. Says why.
    Stale(&'static str),
}

/// What a server told by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Changes.
    News(News),
    /// It tells no more, and cannot go on from here: something has to be read first. Says why.
    Stale(&'static str),
}

/// Changes that a server told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Entries and deletions, each id once and as it was told last. Absence from them says nothing.
    pub seen: Vec<Seen>,
    /// Where the directory stood then.
    pub mark: Mark,
    /// Something else has changed, too, or instead: a group, a container, or what does not concern us.
    pub elsewhere: bool,
    /// Why what was told is not all that changed, or not to be believed to be: everything must be read besides.
    pub doubt: Option<&'static str>,
}

/// A server that tells changes as they happen, over a connection of its own. Dropped, it ends.
pub trait Following: Send {
    /// The server's address.
    fn server(&self) -> &str;

    /// Waits until something is told, and takes along what has arrived besides. The first news come when the server
    /// has told everything since the mark, and may be empty. Dropped while it waits, it loses nothing.
    fn next(&mut self) -> BoxFuture<'_, Result<Told, DirectoryError>>;

    /// Asks the server for something small, to hear whether it is still there.
    fn ping(&mut self) -> BoxFuture<'_, Result<(), DirectoryError>>;

    /// Another connection to the same server, for questions.
    fn beside(&mut self) -> BoxFuture<'_, Result<Box<dyn Reading>, DirectoryError>>;
}

/// Where staff are read from.
pub trait Directory: Send + Sync {
    /// Connects, binds and finds out what kind of server it is.
    fn open<'a>(
        &'a self,
        source: &'a Source,
    ) -> BoxFuture<'a, Result<Box<dyn Reading>, DirectoryError>>;

    /// Connects, and asks to be told what changes from the mark on.
    fn follow<'a>(
        &'a self,
        source: &'a Source,
        since: &'a Mark,
    ) -> BoxFuture<'a, Result<Follow, DirectoryError>>;
}

/// One reading of one directory, over one connection.
pub trait Reading: Send {
    /// The server.
    fn server(&self) -> &Server;

    /// Sends everything that belongs to the source, in batches. An error means that what was sent is not everything and
    /// must be forgotten.
    fn people(&mut self, out: Sender<Vec<Seen>>) -> BoxFuture<'_, Result<Content, DirectoryError>>;

    /// Sends what changed since the mark, in batches. Absence from them says nothing.
    fn changes<'a>(
        &'a mut self,
        since: &'a Mark,
        out: Sender<Vec<Seen>>,
    ) -> BoxFuture<'a, Result<Changes, DirectoryError>>;

    /// The list of one group, not followed into nested ones.
    fn members<'a>(&'a mut self, group: &'a str) -> BoxFuture<'a, Result<Members, DirectoryError>>;

    /// Where groups are; `None` if every name has to be asked for by itself.
    fn groups(&mut self) -> BoxFuture<'_, Result<Option<Groups>, DirectoryError>>;

    /// What changes whenever the list of the group does, without reading the list; `None` if nothing shows it.
    fn group_version<'a>(
        &'a mut self,
        group: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, DirectoryError>>;

    /// Whether entries lie below one of these entries: if it was moved or renamed, they were too, without a word.
    fn has_container<'a>(
        &'a mut self,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<bool, DirectoryError>>;

    /// Whether an entry that holds others has changed since the mark. Only those are looked at that are no staff.
    fn containers_changed<'a>(
        &'a mut self,
        since: &'a Mark,
    ) -> BoxFuture<'a, Result<bool, DirectoryError>>;

    /// All entries of the source with a username.
    fn namesakes<'a>(
        &'a mut self,
        username: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Entry>, DirectoryError>>;

    /// Checks the names of the filter and the mapping against the server's schema; says whether it shows one.
    fn check(&mut self) -> BoxFuture<'_, Result<bool, DirectoryError>>;

    /// Reads the first page, to see what comes.
    fn sample(&mut self) -> BoxFuture<'_, Result<Sample, DirectoryError>>;

    /// Tries in what this server differs from others.
    fn quirks(&mut self) -> BoxFuture<'_, Result<Vec<Quirk>, DirectoryError>>;

    /// One entry, whether it belongs to the source or not.
    fn entry<'a>(
        &'a mut self,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Result<Option<Entry>, DirectoryError>>;

    /// The entry of that name, if it belongs to the source.
    fn staff<'a>(&'a mut self, dn: &'a str)
    -> BoxFuture<'a, Result<Option<Entry>, DirectoryError>>;

    /// Looks an absent id up by itself: under its last name, and anywhere without the source's filter.
    fn look_up<'a>(
        &'a mut self,
        stable_id: &'a str,
        dn: &'a str,
    ) -> BoxFuture<'a, Result<Found, DirectoryError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stood(server: &str, instance: Option<&str>, cookie: Option<&str>) -> Stood {
        Stood {
            server: server.to_owned(),
            instance: instance.map(str::to_owned),
            cookie: cookie.map(|cookie| cookie.as_bytes().to_vec()),
        }
    }

    #[test]
    fn change_numbers_tell_who_is_behind_and_without_them_another_server_may_be() {
        let csn = |second| format!("rid=000,csn=202503021700{second}.000000Z#000000#001#000000");
        let (early, late) = (csn("00"), csn("01"));
        let [one, two] = ["ldap://one", "ldap://two"];
        let cases = [
            (
                (one, None, Some(&*late)),
                (one, None, Some(&*early)),
                Reach::Behind,
            ),
            (
                (one, None, Some(&*late)),
                (two, None, Some(&*early)),
                Reach::Behind,
            ),
            (
                (one, None, Some(&*early)),
                (two, None, Some(&*late)),
                Reach::Level,
            ),
            ((one, None, Some(&*late)), (one, None, None), Reach::Level),
            ((one, None, Some(&*late)), (two, None, None), Reach::Unknown),
            ((one, None, None), (one, None, None), Reach::Level),
            (
                (one, Some("a"), Some("x")),
                (one, Some("a"), Some("y")),
                Reach::Level,
            ),
            (
                (one, Some("a"), Some("x")),
                (one, Some("b"), Some("y")),
                Reach::Unknown,
            ),
        ];
        for (before, now, reach) in cases {
            let [before, now] =
                [before, now].map(|(server, instance, cookie)| stood(server, instance, cookie));
            assert_eq!(now.reach(&before), reach, "{before:?} then {now:?}");
        }
    }
}
