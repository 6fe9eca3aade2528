//! What keeps a plan from being applied by itself. Rule: directory design, *guards*.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

use super::effects::Effects;
use crate::id::{DistrictId, RoleId};
use crate::limits::{MISSING_CEILING, MISSING_FLOOR, MISSING_MAX_PERCENT, ROLE_GAINS_MAX};

/// A share in hundredths of a percent, so that it compares exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

/// Not a share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a percentage from \"0%\" to \"100%\", e.g. \"5%\" or \"2.5%\"")]
pub struct BadPercent;

impl Percent {
    /// The share of a whole, rounded down.
    fn of(self, whole: u64) -> u64 {
        whole.saturating_mul(u64::from(self.0)) / 10_000
    }
}

impl std::str::FromStr for Percent {
    type Err = BadPercent;
    fn from_str(text: &str) -> Result<Self, BadPercent> {
        let number = text.trim().strip_suffix('%').ok_or(BadPercent)?.trim();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 2 {
            return Err(BadPercent);
        }
        let whole: u32 = whole.parse().map_err(|_| BadPercent)?;
        let hundredths: u32 = format!("{part:0<2}").parse().map_err(|_| BadPercent)?;
        let share = whole.checked_mul(100).map(|whole| whole + hundredths);
        share
            .filter(|share| *share <= 10_000)
            .map(Self)
            .ok_or(BadPercent)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 100 {
            0 => write!(f, "{}%", self.0 / 100),
            rest => write!(f, "{}.{rest:02}%", self.0 / 100),
        }
    }
}

/// Bounds of what one plan may do without an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// Share of the source's people whose entries may be absent; `guard.missing-max`.
    pub missing_max: Percent,
}

impl Default for Guard {
    fn default() -> Self {
        // 5 % in hundredths; the constant is a small positive number, so nothing is cut off.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = (MISSING_MAX_PERCENT * 100.0) as u32;
        Self {
            missing_max: Percent(share),
        }
    }
}

impl Guard {
    /// Absences that a plan may hold, of `known` people: at least 3, at most 500.
    pub fn allowed(&self, known: u64) -> u64 {
        self.missing_max
            .of(known)
            .clamp(MISSING_FLOOR, MISSING_CEILING)
    }
}

/// Why a plan is not applied by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "concern")]
pub enum Concern {
    /// The source has never been applied.
    FirstPlan,
    /// More people than [`ROLE_GAINS_MAX`] would gain product roles.
    RoleGains {
        /// How many.
        people: u64,
    },
    /// What answers has not come as far as what was read before: what it shows may be older.
    Behind,
    /// Another server answers, and nobody can tell whether it has come as far as the one before: whoever would be back by
    /// its word may have left without its knowledge.
    ReturnedElsewhere {
        /// Who would be back.
        people: u64,
    },
    /// More disabled people than the guard lets through would be enabled at once: what an access rule that hides the
    /// evidence looks like.
    TooManyEnabled {
        /// Who would be.
        people: u64,
        /// Let through.
        allowed: u64,
    },
    /// More entries are absent than the guard lets through.
    TooManyMissing {
        /// Absent in this read and not known to be before, or about to count as gone.
        missing: u64,
        /// Let through.
        allowed: u64,
        /// People of the source.
        known: u64,
    },
    /// More people than the guard lets through lose all values of one mapped attribute: what an access rule that hides
    /// it looks like, or a mapping that names another one.
    Emptied {
        /// The key of the mapping.
        attribute: String,
        /// Who lose it.
        people: u64,
        /// Let through.
        allowed: u64,
    },
    /// By omission the district would be left without a valid contact.
    NoContactLeft {
        /// The district.
        district: DistrictId,
    },
    /// By omission nobody would hold a product role any more.
    NoHolderLeft {
        /// The role.
        role: RoleId,
    },
}

impl Concern {
    /// Refuses the plan: only its hash, given by an operator, lets it through. The others wait for any apply by one.
    pub fn refuses(&self) -> bool {
        !matches!(self, Self::FirstPlan | Self::RoleGains { .. })
    }

    /// Once there, more of the plan cannot make it go away: a count that only grows, or a fact about the source.
    pub(super) fn only_grows(&self) -> bool {
        match self {
            Self::FirstPlan
            | Self::RoleGains { .. }
            | Self::Behind
            | Self::ReturnedElsewhere { .. }
            | Self::TooManyEnabled { .. }
            | Self::TooManyMissing { .. }
            | Self::Emptied { .. } => true,
            Self::NoContactLeft { .. } | Self::NoHolderLeft { .. } => false,
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstPlan => f.write_str("this is the source's first plan"),
            Self::RoleGains { people } => write!(
                f,
                "{people} people would gain product roles, more than {ROLE_GAINS_MAX}"
            ),
            Self::Behind => f.write_str(
                "what answers has not come as far as what was read before: what it shows may be older",
            ),
            Self::ReturnedElsewhere { people } => write!(
                f,
                "another server answers, which may not have come as far as the one before, and {people} departed or disabled people would be back by its word"
            ),
            Self::TooManyEnabled { people, allowed } => write!(
                f,
                "{people} disabled people would be enabled at once, more than the {allowed} that guard.missing-max allows; may the account still read what disables them?"
            ),
            Self::TooManyMissing {
                missing,
                allowed,
                known,
            } => write!(
                f,
                "{missing} of {known} known people are missing from the directory, more than the {allowed} that guard.missing-max allows"
            ),
            Self::Emptied {
                attribute,
                people,
                allowed,
            } => write!(
                f,
                "{people} people would be left without {attribute}, more than the {allowed} that guard.missing-max allows; may the account still read it?"
            ),
            Self::NoContactLeft { district } => write!(
                f,
                "district {district} would be left without a valid contact by omission"
            ),
            Self::NoHolderLeft { role } => write!(
                f,
                "product role {role} would be left without a holder by omission"
            ),
        }
    }
}

/// What a plan does, in numbers, and what keeps it from being applied by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Entries read that are staff.
    pub read: u64,
    /// People of the source in the register, departed ones left out.
    pub known: u64,
    /// People new to the register.
    pub added: u64,
    /// People of the register who were linked to their entry.
    pub linked: u64,
    /// People whose data changes.
    pub updated: u64,
    /// People whom the directory has disabled.
    pub disabled: u64,
    /// People who are back: enabled again, or their entry is.
    pub returned: u64,
    /// Entries absent for the first time.
    pub missing: u64,
    /// Entries whose absence is proved.
    pub gone: u64,
    /// Entries whose deletion the server reported.
    pub deleted: u64,
    /// Grants given.
    pub granted: u64,
    /// Grants taken away.
    pub revoked: u64,
    /// Contacts suspended.
    pub suspended: u64,
    /// Contacts whose suspension ends.
    pub restored: u64,
    /// People who gain a product role.
    pub role_gains: u64,
    /// People who were disabled and are not any more.
    #[serde(default)]
    pub enabled: u64,
    /// People who lose all values of an attribute, by the key of the mapping.
    #[serde(default)]
    pub emptied: BTreeMap<String, u64>,
    /// Entries that cannot become a person.
    pub quarantined: u64,
    /// Changes in all.
    pub changes: u64,
    /// Identifies the changes; see [`crate::directory::Reconciler`].
    pub hash: String,
    /// What keeps the plan from being applied by itself.
    pub concerns: Vec<Concern>,
}

impl Summary {
    /// A guard refuses it; only an operator who names its hash lets it through.
    pub fn is_refused(&self) -> bool {
        self.concerns.iter().any(Concern::refuses)
    }

    /// What counts together with other plans.
    pub fn effects(&self) -> Effects {
        Effects {
            role_gains: self.role_gains,
            enabled: self.enabled,
            emptied: self.emptied.clone(),
        }
    }

    /// Nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes == 0
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.added, "added"),
            (self.linked, "linked"),
            (self.updated, "updated"),
            (self.disabled, "disabled"),
            (self.returned, "returned"),
            (self.missing, "missing"),
            (self.gone, "gone"),
            (self.deleted, "deleted"),
            (self.granted, "grants given"),
            (self.revoked, "grants taken"),
            (self.suspended, "contacts suspended"),
            (self.restored, "contacts restored"),
            (self.quarantined, "quarantined"),
        ];
        write!(f, "{} read, {} changes", self.read, self.changes)?;
        for (count, word) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {word}")?;
        }
        self.concerns
            .iter()
            .try_for_each(|concern| write!(f, "\n! {concern}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_has_a_floor_and_a_ceiling() {
        let guard = Guard::default();
        let allowed: Vec<_> = [0, 10, 60, 100, 3_000, 10_000, 1_000_000]
            .map(|known| guard.allowed(known))
            .into();
        assert_eq!(allowed, [3, 3, 3, 5, 150, 500, 500]);
    }

    #[test]
    fn a_percentage_is_read_exactly_or_refused() {
        let read = |text: &str| text.parse::<Percent>().map(|share| share.to_string());
        assert_eq!(read("5%"), Ok("5%".to_owned()));
        assert_eq!(read("2.5%"), Ok("2.50%".to_owned()));
        assert_eq!(read("100%"), Ok("100%".to_owned()));
        for bad in [
            "5",
            "-1%",
            "100.01%",
            "1.234%",
            "%",
            "5 percent",
            "99999999999%",
        ] {
            assert_eq!(read(bad), Err(BadPercent), "{bad}");
        }
    }
}
