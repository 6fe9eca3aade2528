//! What is compared: one person of ours, one entry of theirs, and what stands around them.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

use super::absence::Absence;
use super::observed::Observed;
use crate::contact::{Contact, ContactKind};
use crate::district::District;
use crate::id::{RoleId, SourceId};
use crate::person::{DirectoryLink, DirectoryStatus, Person};
use crate::role::{Grant, Granted, Origin};

/// A person of the register with what belongs to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Ours {
    /// The person.
    pub person: Person,
    /// The contact, if the person is or was one.
    pub contact: Option<Contact>,
    /// All grants, whatever their origin.
    pub grants: Vec<Grant>,
}

impl Ours {
    /// Roles held at `now` by an account that may log in.
    pub(super) fn roles(&self, now: Timestamp) -> BTreeSet<RoleId> {
        if self.person.account_enabled() {
            roles(&self.grants, now)
        } else {
            BTreeSet::new()
        }
    }

    /// What the source gives this person now.
    pub(super) fn given_by(&self, source: &SourceId) -> BTreeMap<Granted, &Grant> {
        let origin = Origin::Source(source.clone());
        self.grants
            .iter()
            .filter(|grant| grant.origin == origin)
            .map(|grant| (grant.what.clone(), grant))
            .collect()
    }
}

pub(super) fn roles(grants: &[Grant], now: Timestamp) -> BTreeSet<RoleId> {
    grants
        .iter()
        .filter(|grant| grant.is_held(now))
        .filter_map(|grant| match &grant.what {
            Granted::Role(role) => Some(role.clone()),
            Granted::Group(_) | Granted::Tool(..) | Granted::Calendar(_) => None,
        })
        .collect()
}

/// Another person of the district who has the username that an entry was read with.
#[derive(Debug, Clone, PartialEq)]
pub struct Namesake {
    /// Who.
    pub ours: Ours,
    /// Where that person's own entry takes them, if it was read.
    pub goes: Option<Goes>,
}

/// The username with which the entry of a namesake was read, and what stands in the way of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Goes {
    /// The username.
    pub username: String,
    /// Other entries of the same read with it.
    pub rivals: u64,
    /// Whoever has it now.
    pub held: Held,
}

/// Who has a username that somebody else goes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// Nobody.
    Free,
    /// Somebody who was met before: all of them go on to the name of the next, in a circle.
    ByTheFirst,
    /// Another person, who may leave it in turn.
    By(Box<Namesake>),
    /// Others upon others, more than are looked at.
    ByMany,
}

impl Namesake {
    /// This plan frees the name: the entry of the same source was read with another one, and can have that. Each of a
    /// chain can have the next one's name if the last can have a free one; where one of them cannot, all before it keep
    /// theirs.
    pub(super) fn leaves(&self, source: &SourceId) -> bool {
        let mut namesake = self;
        loop {
            let person = &namesake.ours.person;
            let link = person.directory.as_ref();
            let Some(goes) = &namesake.goes else {
                return false;
            };
            let moves = goes.username.to_lowercase() != person.username.to_lowercase();
            if !moves || goes.rivals > 0 || link.is_none_or(|link| link.source != *source) {
                return false;
            }
            match &goes.held {
                Held::Free | Held::ByTheFirst => return true,
                Held::ByMany => return false,
                Held::By(next) => namesake = next,
            }
        }
    }
}

/// An entry that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Theirs {
    /// What it says, with the grants of the mapped groups.
    pub observed: Observed,
    /// Other entries of the same read with the same username.
    pub rivals: u64,
    /// Another person of the district with this username.
    pub namesake: Option<Namesake>,
}

/// One step of the comparison. Steps come in the order of their stable ids, each id once.
#[derive(Debug, Clone, PartialEq)]
pub enum Pair {
    /// Known and read.
    Both(Box<Ours>, Box<Theirs>),
    /// Read and not known.
    Theirs(Box<Theirs>),
    /// Known and not read; what looking the id up by itself found.
    Ours(Box<Ours>, Absence),
    /// Known, its deletion reported by the server and confirmed by looking the id up: positive evidence.
    Deleted(Box<Ours>),
    /// Neither side has anything that counts: an unusable entry of nobody.
    Unknown,
    /// Known, and read as an entry that cannot be used: neither absent nor to be changed.
    Unusable(Box<Ours>),
}

impl Pair {
    /// An entry that was read, and behind it nobody who is or was a contact.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Self::Both(ours, _) => ours.contact.is_none(),
            Self::Theirs(theirs) => {
                let namesake = theirs.namesake.as_ref();
                namesake.is_none_or(|namesake| namesake.ours.contact.is_none())
            }
            Self::Ours(..) | Self::Deleted(_) | Self::Unknown | Self::Unusable(_) => false,
        }
    }
}

/// The state of the district before the plan.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The district.
    pub district: District,
    /// Its valid contacts.
    pub valid: usize,
    /// Those of them who are technical.
    pub technical: usize,
    /// Accounts that may log in and hold the role now, for each role of the district that anybody holds.
    pub holders: BTreeMap<RoleId, u64>,
    /// The district's feed, if one is configured: its watermark, `None` as long as it has never reported.
    pub feed: Option<Option<Timestamp>>,
    /// The source's people in the register, departed ones left out.
    pub known: u64,
    /// The source has been applied before.
    pub applied_before: bool,
}

impl Standing {
    /// Counts a contact in or out.
    pub(super) fn contact_changes(&mut self, before: &Contact, after: &Contact) {
        let technical = |contact: &Contact| {
            usize::from(contact.is_valid() && contact.kind == ContactKind::Technical)
        };
        let valid = |contact: &Contact| usize::from(contact.is_valid());
        self.valid = (self.valid + valid(after)).saturating_sub(valid(before));
        self.technical = (self.technical + technical(after)).saturating_sub(technical(before));
    }

    /// Counts a person's roles in or out.
    pub(super) fn roles_change(&mut self, before: &BTreeSet<RoleId>, after: &BTreeSet<RoleId>) {
        for role in after.difference(before) {
            *self.holders.entry(role.clone()).or_default() += 1;
        }
        for role in before.difference(after) {
            let holders = self.holders.entry(role.clone()).or_default();
            *holders = holders.saturating_sub(1);
        }
    }
}

/// The person when another entry of the source takes the place of the one behind them: what an operator decides after
/// a proposal (same employee number, new id).
pub fn relink(person: &Person, source: &SourceId, stable_id: &str, dn: &str) -> Person {
    Person {
        directory: Some(DirectoryLink {
            source: source.clone(),
            stable_id: stable_id.to_owned(),
            dn: dn.to_owned(),
            status: DirectoryStatus::Present,
        }),
        ..person.clone()
    }
}
