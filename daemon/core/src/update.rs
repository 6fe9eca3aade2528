//! A request for a site refresh or a version update, and where it stands. Rules: domain §1, `update.*`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::contact::BadWord;
use crate::id::{DistrictId, PersonId, UpdateId};
use crate::limits::TEXT_BYTES_MAX;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateKind {
    /// The sandbox is filled anew.
    SandboxRefresh,
    /// The staging site is filled anew.
    StagingRefresh,
    /// The application comes to a newer version.
    VersionUpdate,
}

impl UpdateKind {
    /// All kinds with their words.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::SandboxRefresh, "sandbox-refresh"),
        (Self::StagingRefresh, "staging-refresh"),
        (Self::VersionUpdate, "version-update"),
    ];

    /// The word of the kind.
    pub fn word(self) -> &'static str {
        word(&Self::WORDS, self)
    }

    /// The site that is refreshed, as the district's `sites` name it.
    pub fn site(self) -> Option<&'static str> {
        match self {
            Self::SandboxRefresh => Some("sandbox"),
            Self::StagingRefresh => Some("staging"),
            Self::VersionUpdate => None,
        }
    }
}

fn word<T: PartialEq>(words: &[(T, &'static str)], of: T) -> &'static str {
    let mut words = words.iter();
    words
        .find(|(thing, _)| *thing == of)
        .map_or("", |(_, word)| word)
}

fn named<T: Copy>(
    words: &[(T, &'static str)],
    text: &str,
    allowed: &'static str,
) -> Result<T, BadWord> {
    let found = words.iter().find(|(_, word)| *word == text);
    found.map(|(thing, _)| *thing).ok_or_else(|| BadWord {
        found: text.to_owned(),
        allowed,
    })
}

impl std::str::FromStr for UpdateKind {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        let allowed = "sandbox-refresh, staging-refresh or version-update";
        named(&Self::WORDS, text, allowed)
    }
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateState {
    /// The technical contact has asked.
    Requested,
    /// The vendor has taken it on.
    Accepted,
    /// The vendor has carried it out.
    Done,
    /// The vendor has refused it, with a reason.
    Declined,
    /// The district has taken it back.
    Withdrawn,
}

impl UpdateState {
    /// All states with their words.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Requested, "requested"),
        (Self::Accepted, "accepted"),
        (Self::Done, "done"),
        (Self::Declined, "declined"),
        (Self::Withdrawn, "withdrawn"),
    ];

    /// The word of the state.
    pub fn word(self) -> &'static str {
        word(&Self::WORDS, self)
    }

    /// Nothing comes after it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Requested | Self::Accepted)
    }
}

impl fmt::Display for UpdateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for UpdateState {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        let allowed = "requested, accepted, done, declined or withdrawn";
        named(&Self::WORDS, text, allowed)
    }
}

/// A request for an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateRequest {
    /// Its id.
    pub id: UpdateId,
    /// The district whose site or version it is about.
    pub district: DistrictId,
    /// What is asked for.
    pub kind: UpdateKind,
    /// The technical contact who asked.
    pub requester: PersonId,
    /// Where it stands.
    pub state: UpdateState,
    /// Why it stands there, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was asked for.
    pub requested: Timestamp,
    /// When it came to where it stands.
    pub changed: Timestamp,
}

/// Who moves a request on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mover {
    /// The vendor's support desk: an agent, or an operator.
    Desk,
    /// A valid technical contact of the district.
    TechnicalContact,
    /// Anybody else.
    Other,
}

/// Why a request does not move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUpdateStep {
    /// It stands where nothing comes after.
    #[error("the request is {0} already")]
    Over(UpdateState),
    /// It stands there.
    #[error("the request is {0} already, and not for a second time")]
    Again(UpdateState),
    /// Nothing becomes `requested` again.
    #[error("a request is made anew, not set back")]
    Back,
    /// The vendor's part.
    #[error("only an agent of the vendor's support desk says that a request is {0}")]
    NotTheDesk(UpdateState),
    /// The district's part.
    #[error("only a valid technical contact of the district, or an agent, withdraws a request")]
    NotTechnical,
    /// A refusal without a reason helps nobody.
    #[error("a request is declined for a reason, which must be said")]
    NoReason,
    /// No reason but an essay.
    #[error("a reason must not be longer than {TEXT_BYTES_MAX} bytes")]
    TooLong,
}

impl UpdateRequest {
    /// The request as it stands after `mover` has moved it to `to`.
    ///
    /// The vendor accepts, carries out and declines; the district withdraws. Who may ask for what is judged by the
    /// rules (`update.*`) before there is a request at all.
    ///
    /// # Errors
    /// [`BadUpdateStep`] says why not.
    pub fn moved(
        &self,
        to: UpdateState,
        mover: Mover,
        reason: Option<String>,
        now: Timestamp,
    ) -> Result<Self, BadUpdateStep> {
        match (to, mover) {
            (UpdateState::Requested, _) => return Err(BadUpdateStep::Back),
            (_, Mover::Desk) | (UpdateState::Withdrawn, Mover::TechnicalContact) => {}
            (UpdateState::Withdrawn, Mover::Other) => return Err(BadUpdateStep::NotTechnical),
            _ => return Err(BadUpdateStep::NotTheDesk(to)),
        }
        if self.state.is_final() {
            return Err(BadUpdateStep::Over(self.state));
        }
        if self.state == to {
            return Err(BadUpdateStep::Again(to));
        }
        let reason = reason.filter(|reason| !reason.trim().is_empty());
        if to == UpdateState::Declined && reason.is_none() {
            return Err(BadUpdateStep::NoReason);
        }
        if reason
            .as_ref()
            .is_some_and(|reason| reason.len() > TEXT_BYTES_MAX)
        {
            return Err(BadUpdateStep::TooLong);
        }
        Ok(Self {
            state: to,
            reason,
            changed: now,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(state: UpdateState) -> UpdateRequest {
        UpdateRequest {
            id: UpdateId::new("u1").unwrap(),
            district: DistrictId::new("pine").unwrap(),
            kind: UpdateKind::VersionUpdate,
            requester: PersonId::new("tess").unwrap(),
            state,
            reason: None,
            requested: Timestamp::UNIX_EPOCH,
            changed: Timestamp::UNIX_EPOCH,
        }
    }

    /// Where each state leads, by the hand of the desk.
    #[test]
    fn what_is_over_stays_over_and_nothing_is_asked_for_twice() {
        for (from, _) in UpdateState::WORDS {
            for (to, _) in UpdateState::WORDS {
                let reason = Some("because".to_owned());
                let moved = request(from).moved(to, Mover::Desk, reason, Timestamp::MAX);
                let expected = match (from, to) {
                    (_, UpdateState::Requested) => Err(BadUpdateStep::Back),
                    (from, _) if from.is_final() => Err(BadUpdateStep::Over(from)),
                    (from, to) if from == to => Err(BadUpdateStep::Again(to)),
                    _ => Ok(to),
                };
                assert_eq!(moved.map(|request| request.state), expected);
            }
        }
    }

    #[test]
    fn the_district_withdraws_and_the_vendor_does_the_rest() {
        for (to, _) in UpdateState::WORDS {
            let by = |mover| {
                let moved = request(UpdateState::Requested).moved(to, mover, None, Timestamp::MAX);
                moved.map(|request| request.state)
            };
            let technical = match to {
                UpdateState::Requested => Err(BadUpdateStep::Back),
                UpdateState::Withdrawn => Ok(to),
                _ => Err(BadUpdateStep::NotTheDesk(to)),
            };
            assert_eq!(by(Mover::TechnicalContact), technical);
            assert!(by(Mover::Other).is_err());
        }
    }

    #[test]
    fn a_refusal_has_a_reason_of_some_length() {
        let decline = |reason: Option<&str>| {
            let reason = reason.map(str::to_owned);
            let from = request(UpdateState::Accepted);
            from.moved(UpdateState::Declined, Mover::Desk, reason, Timestamp::MAX)
        };
        assert_eq!(decline(None), Err(BadUpdateStep::NoReason));
        assert_eq!(decline(Some(" ")), Err(BadUpdateStep::NoReason));
        let essay = "x".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!(decline(Some(&essay)), Err(BadUpdateStep::TooLong));
        let declined = decline(Some("end of term")).unwrap();
        assert_eq!(declined.reason.as_deref(), Some("end of term"));
    }
}
