//! Identifiers. Each noun has its own type, so that a district can never be passed where a person is meant.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::limits::ID_BYTES_MAX;

/// Why a text cannot be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than [`ID_BYTES_MAX`].
    #[error("must not be longer than {ID_BYTES_MAX} bytes")]
    TooLong,
    /// Control characters would let a name forge log lines and terminal output.
    #[error("must not contain control characters or begin or end with white space")]
    Unprintable,
    /// A district's id is the first part of `district/username`.
    #[error("must not contain `/`")]
    Slash,
}

fn checked(text: &str) -> Result<(), BadId> {
    if text.is_empty() {
        return Err(BadId::Empty);
    }
    if text.len() > ID_BYTES_MAX {
        return Err(BadId::TooLong);
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(BadId::Unprintable);
    }
    Ok(())
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident $(without $slash:literal)?;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a printable text of 1 to [`ID_BYTES_MAX`] bytes.
            ///
            /// # Errors
            /// [`BadId`] says what is wrong with the text.
            pub fn new(text: impl Into<String>) -> Result<Self, BadId> {
                let text = text.into();
                checked(&text)?;
                $(if text.contains($slash) { return Err(BadId::Slash); })?
                Ok(Self(text))
            }

            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text_id! {
    /// A district, the tenant of everything.
    DistrictId without '/';
    /// A person. Staff from a directory carry `SOURCE:STABLE-ID`, people of a register document their id there.
    PersonId;
    /// A user group.
    GroupId;
    /// A security role, e.g. `sis` or `montana`.
    RoleId;
    /// A licensed product, e.g. `sis`, `finance`.
    ProductId without '/';
    /// An edition, e.g. `standard`, `montana`.
    EditionId;
    /// A school of a district.
    SchoolId;
    /// A directory source of the configuration.
    SourceId without '/';
    /// A plugin.
    PluginId without '/';
    /// An activity feed of the configuration.
    FeedId;
    /// An activity event; the key by which duplicates are known.
    EventId;
    /// A case.
    CaseId;
    /// A call.
    CallId;
    /// A request for an update.
    UpdateId;
    /// A session of the application.
    SessionId;
    /// An agent of the vendor's support desk.
    AgentId;
    /// A notice in the outbox.
    NoticeId;
    /// The public part of a token.
    TokenId;
}

/// The number of the commit that a state belongs to; grows by one with every commit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
