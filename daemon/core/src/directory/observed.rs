//! What an entry says once it has been mapped.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;

use super::mapping::Mapping;
use crate::id::SchoolId;
use crate::role::Granted;

/// A staff member as the directory has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Observed {
    /// The identity, see [`super::IdAttribute`].
    pub stable_id: String,
    /// Distinguished name as the server wrote it. Data, not identity.
    pub dn: String,
    /// Account name.
    pub username: String,
    /// Name as people say it; the username where the entry has none.
    pub name: String,
    /// Mail addresses in the server's order.
    pub mail: Vec<String>,
    /// Telephone numbers.
    pub phone: Vec<String>,
    /// Employee number.
    pub employee_number: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Schools.
    pub schools: BTreeSet<SchoolId>,
    /// The attribute that says that the account is disabled, if one does.
    pub disabled: Option<String>,
    /// What the mapped groups give, worked out after the entries have been read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<Granted>,
}

impl Observed {
    /// A digest of everything that a comparison takes from the entry under this mapping, grants aside: an entry whose
    /// digest was settled once brings no news for as long as nobody changes the person behind it.
    pub fn content(&self, mapping: &Mapping) -> [u8; 16] {
        let mapped = [
            &mapping.name,
            &mapping.mail,
            &mapping.phone,
            &mapping.employee_number,
            &mapping.title,
            &mapping.school,
        ];
        // No text begins with this byte, so that no name of an entry can be taken for what an entry says.
        let mut hashed = vec![0xff];
        hashed.extend(mapped.map(|attribute| u8::from(attribute.is_some())));
        // Writing to memory cannot fail, nor can serialising: there are no maps with keys that are not text and no
        // numbers that are not finite.
        let _ = serde_json::to_writer(&mut hashed, self);
        let mut content = [0; 16];
        content.copy_from_slice(&Sha256::digest(hashed)[..16]);
        content
    }
}

/// An entry that cannot become a person. It is reported and left alone; the run goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Quarantined {
    /// The identity, where the entry has one: the person behind it is not absent.
    pub stable_id: Option<String>,
    /// Distinguished name as the server wrote it.
    pub dn: String,
    /// Why.
    pub why: String,
}

/// Something about one entry or person that an operator should know; nothing was changed on account of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Remark {
    /// Stable id or distinguished name.
    pub about: String,
    /// One sentence.
    pub text: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "? {}: {}", self.about, self.text)
    }
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A staff member, and values that were left out.
    Staff(Box<Observed>, Vec<Remark>),
    /// Not usable.
    Quarantined(Quarantined),
}
