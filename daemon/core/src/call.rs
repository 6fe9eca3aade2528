//! A call with the vendor's support, as far as the rules need it: who is on it. Rule: domain §1, `call.accompanied`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::contact::BadWord;
use crate::id::{CallId, DistrictId, PersonId};

/// People that one call ever had on it: a call with more is a broadcast.
pub const PARTICIPANTS_MAX: usize = 100;

/// A call. Whoever hangs up stays in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// The district that it is about.
    pub district: DistrictId,
    /// Who is and who was on it, in the order in which they came; who comes back is there twice.
    pub participants: Vec<Participant>,
    /// When it began.
    pub opened: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// One person's time on a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Participant {
    /// Who.
    pub person: PersonId,
    /// Since when.
    pub joined: Timestamp,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Timestamp>,
}

/// Where a call stands.
///
/// It follows from who is on the call and who of them has authority at that moment, so it is worked out whenever it is
/// asked for: a contact who is deactivated in the middle of a call makes it pause as one who hangs up does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallState {
    /// A valid contact of the district is on it.
    Open,
    /// None is: the others wait. Rule: `call.accompanied`.
    Paused,
    /// It is over.
    Ended,
}

impl CallState {
    /// `open`, `paused` or `ended`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for CallState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for CallState {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        [Self::Open, Self::Paused, Self::Ended]
            .into_iter()
            .find(|state| state.word() == text)
            .ok_or(BadWord {
                found: text.to_owned(),
                allowed: "open, paused or ended",
            })
    }
}

/// Why a step of a call makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCallStep {
    /// Nobody comes or goes any more.
    #[error("the call is over")]
    Ended,
    /// They are on it.
    #[error("that person is on the call already")]
    OnIt,
    /// They are not on it.
    #[error("that person is not on the call")]
    NotOnIt,
    /// More than [`PARTICIPANTS_MAX`].
    #[error("a call has at most {PARTICIPANTS_MAX} participants, who come back included")]
    Full,
}

impl Call {
    /// A call that begins with one person on it.
    pub fn open(id: CallId, district: DistrictId, first: PersonId, now: Timestamp) -> Self {
        Self {
            id,
            district,
            participants: vec![Participant {
                person: first,
                joined: now,
                left: None,
            }],
            opened: now,
            ended: None,
        }
    }

    /// Who is on it now.
    pub fn present(&self) -> impl Iterator<Item = &PersonId> {
        let here = self.participants.iter().filter(|one| one.left.is_none());
        here.map(|one| &one.person)
    }

    /// Where it stands, if `is_valid` says who is a valid contact of its district.
    pub fn state(&self, is_valid: impl Fn(&PersonId) -> bool) -> CallState {
        if self.ended.is_some() {
            CallState::Ended
        } else if self.present().any(is_valid) {
            CallState::Open
        } else {
            CallState::Paused
        }
    }

    /// The same call with one more person on it.
    ///
    /// # Errors
    /// If it is over, they are on it already, or it has had too many.
    pub fn joined(&self, person: PersonId, now: Timestamp) -> Result<Self, BadCallStep> {
        if self.ended.is_some() {
            return Err(BadCallStep::Ended);
        }
        if self.present().any(|present| *present == person) {
            return Err(BadCallStep::OnIt);
        }
        if self.participants.len() >= PARTICIPANTS_MAX {
            return Err(BadCallStep::Full);
        }
        let mut after = self.clone();
        after.participants.push(Participant {
            person,
            joined: now,
            left: None,
        });
        Ok(after)
    }

    /// The same call without that person. Whoever is left waits if no valid contact is among them.
    ///
    /// # Errors
    /// If it is over or they are not on it.
    pub fn left(&self, person: &PersonId, now: Timestamp) -> Result<Self, BadCallStep> {
        if self.ended.is_some() {
            return Err(BadCallStep::Ended);
        }
        let mut after = self.clone();
        let mut present = after.participants.iter_mut();
        let leaving = present.find(|one| one.left.is_none() && one.person == *person);
        leaving.ok_or(BadCallStep::NotOnIt)?.left = Some(now);
        Ok(after)
    }

    /// The call, over: everybody has left it.
    ///
    /// # Errors
    /// If it is over already.
    pub fn closed(&self, now: Timestamp) -> Result<Self, BadCallStep> {
        if self.ended.is_some() {
            return Err(BadCallStep::Ended);
        }
        let mut after = self.clone();
        after.ended = Some(now);
        for one in &mut after.participants {
            one.left.get_or_insert(now);
        }
        Ok(after)
    }

    /// Whom the step from `before` is about: who came or went, else who began the call.
    pub fn concerns(&self, before: Option<&Self>) -> Option<&PersonId> {
        let known = before.map_or(&[][..], |call| call.participants.as_slice());
        let mut changed = (0..).zip(&self.participants);
        let changed = changed.find(|(place, one)| known.get(*place) != Some(one));
        let one = changed.map(|(_, one)| one).or(self.participants.first());
        one.map(|one| &one.person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str) -> PersonId {
        PersonId::new(id).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn call() -> Call {
        let (id, place) = (CallId::new("k1").unwrap(), DistrictId::new("pine").unwrap());
        Call::open(id, place, person("kim"), at(0))
    }

    fn state(call: &Call) -> CallState {
        call.state(|id| id.as_str() == "kim")
    }

    #[test]
    fn a_call_pauses_while_no_contact_is_on_it() {
        let both = call().joined(person("ned"), at(1)).unwrap();
        assert_eq!(state(&both), CallState::Open);
        let alone = both.left(&person("kim"), at(2)).unwrap();
        assert_eq!(state(&alone), CallState::Paused);
        let back = alone.joined(person("kim"), at(3)).unwrap();
        assert_eq!(state(&back), CallState::Open);
        assert_eq!(back.participants.len(), 3, "who left stays in the record");
        let over = back.closed(at(4)).unwrap();
        assert_eq!(
            (state(&over), over.present().count()),
            (CallState::Ended, 0)
        );
        assert_eq!(over.participants[0].left, Some(at(2)));
    }

    #[test]
    fn steps_that_make_no_sense_are_refused_by_name() {
        assert_eq!(call().joined(person("kim"), at(1)), Err(BadCallStep::OnIt));
        assert_eq!(
            call().left(&person("ned"), at(1)),
            Err(BadCallStep::NotOnIt)
        );
        let over = call().closed(at(1)).unwrap();
        assert_eq!(over.closed(at(2)), Err(BadCallStep::Ended));
        assert_eq!(over.left(&person("kim"), at(2)), Err(BadCallStep::Ended));
        assert_eq!(over.joined(person("ned"), at(2)), Err(BadCallStep::Ended));
        let mut full = call();
        let one = full.participants[0].clone();
        full.participants.resize(PARTICIPANTS_MAX, one);
        assert_eq!(full.joined(person("ned"), at(1)), Err(BadCallStep::Full));
    }

    #[test]
    fn each_step_concerns_who_came_or_went() {
        let both = call().joined(person("ned"), at(1)).unwrap();
        assert_eq!(call().concerns(None), Some(&person("kim")));
        assert_eq!(both.concerns(Some(&call())), Some(&person("ned")));
        let alone = both.left(&person("kim"), at(2)).unwrap();
        assert_eq!(alone.concerns(Some(&both)), Some(&person("kim")));
    }
}
