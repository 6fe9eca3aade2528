//! A person: a staff identity, normally from the district's LDAP directory, with an account of the application.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::id::{DistrictId, PersonId, SchoolId, SourceId};

/// The homepage on which product roles exist. Rule: `role.homepage`.
pub const MAIN_HOMEPAGE: &str = "campus-application";

/// What the directory says of a person, as far as it has been proved. Rule: directory design, proof before absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum DirectoryStatus {
    /// Read and enabled.
    Present,
    /// Read, and the directory says that the account is disabled.
    Disabled,
    /// Absent from one complete read; nothing follows from that yet.
    Missing {
        /// When the first complete read lacked the entry.
        since: Timestamp,
    },
    /// Absence proved: two complete reads agree and the look-up of the id explains it.
    Gone {
        /// When it was proved.
        since: Timestamp,
    },
    /// Deletion reported by the server and confirmed by a look-up of that id.
    Deleted {
        /// When it was confirmed.
        since: Timestamp,
    },
}

impl DirectoryStatus {
    /// The person has left or is shut out as far as the directory is concerned: no authority from that moment.
    pub fn suspends(self) -> bool {
        !matches!(self, Self::Present | Self::Missing { .. })
    }

    /// The directory has given the person up: no read is expected to bring their entry.
    pub fn departed(self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Deleted { .. })
    }

    /// The word of the status: `present`, `disabled`, `missing`, `gone`, `deleted`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Disabled => "disabled",
            Self::Missing { .. } => "missing",
            Self::Gone { .. } => "gone",
            Self::Deleted { .. } => "deleted",
        }
    }
}

/// Where in which directory a person comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DirectoryLink {
    /// The source that answers for this person.
    pub source: SourceId,
    /// `entryUUID`, `nsUniqueId` or `objectGUID`: the identity. The DN is data.
    pub stable_id: String,
    /// Distinguished name as last read.
    pub dn: String,
    /// What the directory says.
    #[serde(flatten)]
    pub status: DirectoryStatus,
}

/// A staff identity with its account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Person {
    /// The register's id; never changes.
    pub id: PersonId,
    /// The district the person belongs to.
    pub district: DistrictId,
    /// Account name, unique in the district.
    pub username: String,
    /// Name as people say it.
    pub name: String,
    /// Mail addresses; the first is the primary one.
    #[serde(default)]
    pub mail: Vec<String>,
    /// Telephone numbers; the first is the primary one.
    #[serde(default)]
    pub phone: Vec<String>,
    /// Employee number, by which a re-created entry is proposed as the same person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// Job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Homepage of the account; product roles exist only on [`MAIN_HOMEPAGE`].
    pub homepage: String,
    /// Whether the register lets the account log in. The directory's word comes on top: see [`Person::account_enabled`].
    pub enabled: bool,
    /// District assignment: the schools the person works at.
    #[serde(default)]
    pub schools: BTreeSet<SchoolId>,
    /// Third party (an outside firm) the person works for, if not for the district. Rule: `contact.third-party`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party: Option<String>,
    /// Building coach of these schools: answers how-to questions, no authority towards the vendor. Rule: `building-coach`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub coach_of: BTreeSet<SchoolId>,
    /// The directory entry behind this person, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectoryLink>,
}

impl Person {
    /// The account may log in: enabled here and not shut out by the directory.
    pub fn account_enabled(&self) -> bool {
        self.enabled && !self.is_shut_out()
    }

    /// The directory disabled the account or has lost it for good: no authority from that moment. Rule: domain §3.
    pub fn is_shut_out(&self) -> bool {
        self.directory
            .as_ref()
            .is_some_and(|link| link.status.suspends())
    }

    /// Product roles have an effect only on the main application's homepage. Rule: `role.homepage`.
    pub fn has_main_homepage(&self) -> bool {
        self.homepage == MAIN_HOMEPAGE
    }
}
