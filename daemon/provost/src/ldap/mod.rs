//! Reading a district's directory over LDAP. Never writes to it.
//!
//! [`Directory`] is the seam: the flow reads through it, the daemon stands [`LdapDirectory`] behind it, scenarios and
//! tests an [`InMemory`] one. A reading answers everything or an error: there is no such thing as a partial result.

mod connect;
mod driver;
mod error;
mod lookup;
mod member;
mod memory;
mod message;
mod people;
mod profile;
mod reading;
mod schema;
mod search;
mod tls;

pub use error::DirectoryError;
pub use memory::{InMemory, Shown};
pub use profile::{Profile, RootDse, Vendor};
pub use reading::LdapDirectory;
pub use schema::check_filter;

use futures_util::future::BoxFuture;
use provost_core::directory::{Absence, Entry, IdAttribute};
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
    },
    /// An entry without a list of members: a person, or an empty group.
    NoList,
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

    /// Sends everything that belongs to the source, in batches, and says how many entries it was. An error means that
    /// what was sent is not everything and must be forgotten.
    fn people(&mut self, out: Sender<Vec<Seen>>) -> BoxFuture<'_, Result<u64, DirectoryError>>;

    /// The list of one group, not followed into nested ones.
    fn members<'a>(&'a mut self, group: &'a str) -> BoxFuture<'a, Result<Members, DirectoryError>>;

    /// Looks an absent id up by itself: under its last name, and anywhere without the source's filter.
    fn look_up<'a>(
        &'a mut self,
        stable_id: &'a str,
        dn: &'a str,
    ) -> BoxFuture<'a, Result<Absence, DirectoryError>>;
}
