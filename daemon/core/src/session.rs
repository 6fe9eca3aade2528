//! A session: one login to the application, with the real actor and the effective user.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{PersonId, SessionId};

/// One login. Rule: domain §2, login as another user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The real actor.
    pub actor: PersonId,
    /// Whom the actor has entered, until `return`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<PersonId>,
    /// A login-as has started in this session; `login-as.once` counts only such.
    #[serde(default)]
    pub used_login_as: bool,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
}

impl Session {
    /// The user whose account the application shows.
    pub fn effective(&self) -> &PersonId {
        self.target.as_ref().unwrap_or(&self.actor)
    }
}

/// The real actor of a login-as, as the target's access log names them. Rule: `login-as.third-party`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ThirdPartyAdmin {
    /// Name.
    pub name: String,
    /// Id.
    pub id: PersonId,
    /// Username.
    pub username: String,
}

/// One line of a person's access log. Rule: `login-as.third-party`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Access {
    /// In whose log it stands.
    pub person: PersonId,
    /// What happened: `login`, `login-as`, `logged-in-as` (the actor's own entry), `return`, `logout`.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// Whether it succeeded.
    pub success: bool,
    /// The session it belongs to.
    pub session: SessionId,
    /// Remote address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Client program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The real actor, in the target's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party_admin: Option<ThirdPartyAdmin>,
    /// Who was entered, in the actor's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<PersonId>,
}
