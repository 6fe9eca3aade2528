//! Reading a district's directory over LDAP. Never writes to it.
//!
//! [`Directory`] is the seam: the flow reads through it, the daemon stands [`LdapDirectory`] behind it, scenarios and
//! tests an [`InMemory`] one. A reading answers everything or an error: there is no such thing as a partial result.

mod by_id;
mod connect;
mod content_sync;
mod dirsync;
mod driver;
mod ds389;
mod error;
mod expiry;
mod lookup;
mod member;
mod memory;
mod message;
mod mode;
mod people;
mod profile;
mod quirks;
mod reading;
mod refresh;
mod schema;
mod search;
mod tls;

pub use error::DirectoryError;
pub use memory::{InMemory, Shown};
pub use mode::{How, Mode, Way};
pub use profile::{Profile, RootDse, Vendor};
pub use reading::LdapDirectory;
pub use schema::check_filter;

use futures_util::future::BoxFuture;
use provost_core::directory::{Absence, Entry, IdAttribute};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::config::source::Source;

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

/// A member of a group. Source: RFC 4519 §2.17 (`member`), §2.40 (`uniqueMember`), RFC 2307 §2.2 (`memberUid`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// By distinguished name, normalised: a person or a nested group.
    Name(String),
    /// By username, in lower case.
    Username(String),
}

/// A group's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// It has a list; members that are no names were left out and counted.
    Group {
        /// Members, in the server's order.
        members: Vec<Member>,
        /// Values that were left out.
        unreadable: u64,
        /// Changes whenever the list does; `None` if the server does not show that.
        version: Option<String>,
    },
    /// An entry without a list of members: a person, or an empty group.
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

/// Where staff are read from.
pub trait Directory: Send + Sync {
    /// Connects, binds and finds out what kind of server it is.
    fn open<'a>(
        &'a self,
        source: &'a Source,
    ) -> BoxFuture<'a, Result<Box<dyn Reading>, DirectoryError>>;
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

    /// Looks an absent id up by itself: under its last name, and anywhere without the source's filter.
    fn look_up<'a>(
        &'a mut self,
        stable_id: &'a str,
        dn: &'a str,
    ) -> BoxFuture<'a, Result<Found, DirectoryError>>;
}
