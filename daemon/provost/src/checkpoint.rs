//! Signed checkpoints of the journal: one line each, to be kept where the register's machine cannot reach it.
//!
//! A chain of hashes proves that no row was altered by somebody who left the others alone. Whoever rewrites all rows
//! makes a chain that is as sound as the first; only what was noted elsewhere before tells them apart. A checkpoint
//! notes where the chain stood, and its signature (Ed25519, RFC 8032) that it was this register's daemon that noted it.

mod key;

pub use key::{CheckpointKey, KeyError};

use provost_core::{Timestamp, limits, unhex};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// How checkpoints are written and what their signatures cover.
pub const FORMAT: &str = "provost checkpoint 1";

/// Where the journal of a register stood at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The register's own name.
    pub register: String,
    /// Number of the journal's last entry; 0 before the first.
    pub seq: u64,
    /// The commit it belongs to.
    pub revision: u64,
    /// When this was noted.
    pub at: Timestamp,
    /// The entry's chain hash, in hexadecimal.
    pub chain: String,
}

impl fmt::Display for Place {
    /// What is signed: the format and one line a field, none of which can hold a line end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            register,
            seq,
            revision,
            at,
            chain,
        } = self;
        write!(
            f,
            "{FORMAT}\nregister {register}\nseq {seq}\nrevision {revision}\nat {at}\nchain {chain}\n"
        )
    }
}

/// A place with its signature, as it is kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// `provost checkpoint 1`: how it is written, and what the signature covers.
    pub format: String,
    /// The register's own name.
    pub register: String,
    /// Number of the journal's last entry.
    pub seq: u64,
    /// The commit it belongs to.
    pub revision: u64,
    /// When this was noted.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The entry's chain hash, in hexadecimal.
    pub chain: String,
    /// The public key (Ed25519), in hexadecimal.
    pub key: String,
    /// The signature of [`Place`] as text, in hexadecimal.
    pub signature: String,
}

/// Why a checkpoint proves nothing, or proves that the history is another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// The line is no checkpoint.
    #[error("it is no checkpoint: {0}")]
    Unreadable(String),
    /// A format that this build does not know.
    #[error("it is of the format `{0}`; this provost knows `{FORMAT}`")]
    Format(String),
    /// The signature does not fit.
    #[error("its signature does not fit: it was altered, or never signed")]
    BadSignature,
    /// Signed by somebody whom nobody named.
    #[error(
        "it is signed with the key {0}, which is not the register's; if that was its key once, name it"
    )]
    AnotherKey(String),
    /// It is about another register.
    #[error("it is of the register {theirs}, this is {ours}")]
    AnotherRegister {
        /// That of the checkpoint.
        theirs: String,
        /// That which was looked at.
        ours: String,
    },
    /// Noted later than now.
    #[error("it is from the future: noted at {at}, and it is {now}")]
    Future {
        /// When it was noted.
        at: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// The journal ends before it.
    #[error(
        "entries {first} to {last} are missing: the history was cut off, or an older one put in its place"
    )]
    Missing {
        /// The first entry that is missing.
        first: u64,
        /// The entry of the checkpoint.
        last: u64,
    },
    /// The journal has another entry in its place.
    #[error(
        "entry {last} is not the one that was there: the history was rewritten from an entry of {first} to {last} on"
    )]
    Differs {
        /// The first entry that no other checkpoint proves.
        first: u64,
        /// The entry of the checkpoint.
        last: u64,
    },
}

impl Unmet {
    /// The word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Format(_) => "format",
            Self::BadSignature => "bad-signature",
            Self::AnotherKey(_) => "another-key",
            Self::AnotherRegister { .. } => "another-register",
            Self::Future { .. } => "from-the-future",
            Self::Missing { .. } => "missing",
            Self::Differs { .. } => "differs",
        }
    }

    /// The first entry that is missing or may differ, if that is what was found.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        match self {
            Self::Missing { first, .. } | Self::Differs { first, .. } => Some(*first),
            _ => None,
        }
    }
}

impl Checkpoint {
    /// Signs a place.
    #[must_use]
    pub fn sign(place: Place, key: &CheckpointKey) -> Self {
        let signature = key.sign(&place.to_string());
        Self {
            format: FORMAT.to_owned(),
            register: place.register,
            seq: place.seq,
            revision: place.revision,
            at: place.at,
            chain: place.chain,
            key: key.public(),
            signature,
        }
    }

    /// Reads a line that was kept.
    ///
    /// # Errors
    /// [`Unmet::Unreadable`] or [`Unmet::Format`].
    pub fn read(line: &str) -> Result<Self, Unmet> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
        }
        let unreadable = |why: serde_json::Error| Unmet::Unreadable(why.to_string());
        let head: Head = serde_json::from_str(line).map_err(unreadable)?;
        if head.format != FORMAT {
            return Err(Unmet::Format(head.format));
        }
        serde_json::from_str(line).map_err(unreadable)
    }

    fn place(&self) -> Place {
        Place {
            register: self.register.clone(),
            seq: self.seq,
            revision: self.revision,
            at: self.at,
            chain: self.chain.clone(),
        }
    }

    /// Checks everything that needs no journal: that one of these keys has signed it, for this register, before now.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, keys: &[String], register: &str, now: Timestamp) -> Result<(), Unmet> {
        let bytes = |digits: &str| unhex(digits).unwrap_or_default();
        let (key, signature) = (bytes(&self.key), bytes(&self.signature));
        UnparsedPublicKey::new(&ED25519, key)
            .verify(self.place().to_string().as_bytes(), &signature)
            .map_err(|_| Unmet::BadSignature)?;
        if !keys
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&self.key))
        {
            return Err(Unmet::AnotherKey(self.key.clone()));
        }
        if self.register != register {
            return Err(Unmet::AnotherRegister {
                theirs: self.register.clone(),
                ours: register.to_owned(),
            });
        }
        if self.at.as_second() > now.as_second() + limits::SKEW_SECONDS_MAX {
            return Err(Unmet::Future { at: self.at, now });
        }
        Ok(())
    }
}
