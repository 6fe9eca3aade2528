//! Tokens: what a program shows to be let in, and the scopes that it and local accounts are given.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::id::{DistrictId, TokenId};

/// What a caller may do. `admin` may do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Ask for decisions.
    Decide,
    /// Report activity.
    Activity,
    /// The support desk's questions: who is this caller, what is the state of that contact.
    Desk,
    /// Everything.
    Admin,
    /// Read the journal, logs and reports.
    Audit,
    /// Have the register copied into the configured folder for backups and its journal verified; read nothing of it.
    Upkeep,
}

impl Scope {
    /// All scopes with their words.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::Decide, "decide"),
        (Self::Activity, "activity"),
        (Self::Desk, "desk"),
        (Self::Admin, "admin"),
        (Self::Audit, "audit"),
        (Self::Upkeep, "upkeep"),
    ];

    /// The word of the scope.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(scope, _)| *scope == self)
            .map_or("", |(_, word)| word)
    }
}

impl std::str::FromStr for Scope {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::WORDS
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(scope, _)| *scope)
            .ok_or("must be decide, activity, desk, admin, audit or upkeep")
    }
}

/// A token as the register knows it: what it opens, and a digest of its secret, which nobody can turn back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Token {
    /// Its public part: `provost_ID_SECRET` is what the program shows.
    pub id: TokenId,
    /// What it is for, in its maker's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// In which districts; `None` means all.
    pub districts: Option<Vec<DistrictId>>,
    /// SHA-256 of the secret, in hexadecimal.
    pub digest: String,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it opens nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

impl Token {
    /// It opens something at that moment.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

impl fmt::Display for Token {
    /// What it opens, without the digest: `1f3a: decide, desk in lone-pine until 2026-01-01T00:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes: Vec<_> = self.scopes.iter().map(|scope| scope.word()).collect();
        write!(f, "{}: {} in ", self.id, scopes.join(", "))?;
        match &self.districts {
            None => f.write_str("all districts")?,
            Some(districts) => {
                let districts: Vec<_> = districts.iter().map(DistrictId::as_str).collect();
                f.write_str(&districts.join(", "))?;
            }
        }
        self.expires
            .map_or(Ok(()), |expires| write!(f, " until {expires}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_until_it_expires_or_is_taken_back() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let token = Token {
            id: "1f3a".parse().unwrap(),
            name: None,
            scopes: vec![Scope::Decide, Scope::Desk],
            districts: Some(vec!["lone-pine".parse().unwrap()]),
            digest: "00".to_owned(),
            created: at("2025-01-01T00:00:00Z"),
            expires: Some(at("2026-01-01T00:00:00Z")),
            revoked: None,
        };
        assert!(token.is_valid(at("2025-12-31T23:59:59Z")));
        assert!(!token.is_valid(at("2026-01-01T00:00:00Z")));
        let revoked = Token {
            revoked: Some(at("2025-02-01T00:00:00Z")),
            ..token.clone()
        };
        assert!(!revoked.is_valid(at("2025-03-01T00:00:00Z")));
        assert_eq!(
            token.to_string(),
            "1f3a: decide, desk in lone-pine until 2026-01-01T00:00:00Z"
        );
    }
}
