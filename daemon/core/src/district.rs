//! A district: the tenant, with its time zone, edition, products, settings and published help.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::contact::ActivityKinds;
use crate::id::{DistrictId, EditionId, ProductId, SchoolId};
use crate::limits::{EPISODE_DAYS_MIN, PERIOD_DAYS_MAX};
use crate::time::Zone;

/// What happens when the last valid contact of a district reaches deactivation. Rule: domain §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastContact {
    /// Deactivated like any other (the default).
    #[default]
    Deactivate,
    /// Held for at most 30 days, with an alarm that escalates.
    Hold,
}

/// The inactivity periods of a district, in calendar days from the anchor. Rule: domain §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inactivity {
    /// Day of the notice of pending deactivation; `warn-after`.
    pub warn_after: u16,
    /// Day of the deactivation; `deactivate-after`.
    pub deactivate_after: u16,
    /// What happens to the last valid contact; `last-contact`.
    pub last_contact: LastContact,
    /// Which kinds of activity count; `qualifying`.
    #[serde(default, skip_serializing_if = "ActivityKinds::is_all")]
    pub qualifying: ActivityKinds,
}

impl Default for Inactivity {
    fn default() -> Self {
        Self {
            warn_after: 180,
            deactivate_after: 210,
            last_contact: LastContact::Deactivate,
            qualifying: ActivityKinds::ALL,
        }
    }
}

/// Periods that contradict each other or lie out of bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadInactivity {
    /// Zero or more than ten years.
    #[error("periods must be 1 to {PERIOD_DAYS_MAX} days")]
    OutOfRange,
    /// The stages after the notice need a day each.
    #[error(
        "warn-after = \"{warn}d\" must be at least {EPISODE_DAYS_MIN} days shorter than deactivate-after = \"{off}d\""
    )]
    TooClose {
        /// `warn-after` in days.
        warn: u16,
        /// `deactivate-after` in days.
        off: u16,
    },
    /// Without any kind of activity that counts everybody would be deactivated.
    #[error("qualifying must name at least one kind of activity")]
    NothingQualifies,
}

impl Inactivity {
    /// Checks the periods together.
    ///
    /// # Errors
    /// [`BadInactivity`] if a period is out of range, the two leave no room for the stages between them, or no activity
    /// counts.
    pub fn checked(self) -> Result<Self, BadInactivity> {
        let (warn, off) = (self.warn_after, self.deactivate_after);
        if [warn, off]
            .iter()
            .any(|days| !(1..=PERIOD_DAYS_MAX).contains(days))
        {
            return Err(BadInactivity::OutOfRange);
        }
        if off < warn.saturating_add(EPISODE_DAYS_MIN) {
            return Err(BadInactivity::TooClose { warn, off });
        }
        if self.qualifying.is_empty() {
            return Err(BadInactivity::NothingQualifies);
        }
        Ok(self)
    }

    /// Days from notice to deactivation, the `n` of domain §3; 30 by default.
    pub fn episode_days(&self) -> i64 {
        i64::from(self.deactivate_after) - i64::from(self.warn_after)
    }
}

/// Switches of a district. All off by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Preferences {
    /// Nobody enters an account that holds any product role; `login-as.restrict`.
    pub restrict_login_as: bool,
    /// `sis.group-assignment` never assigns a group that exceeds the holder's own rights; `group.ceiling`.
    pub group_assignment_ceiling: bool,
}

/// What the district publishes to anyone on its login page. Rule: `contact.redirect`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Help {
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
}

/// A school district, the tenant of everything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct District {
    /// Its id.
    pub id: DistrictId,
    /// Its name as people say it.
    pub name: String,
    /// Where its calendar days begin and end.
    pub timezone: Zone,
    /// `standard`, or an edition that a plugin gives.
    pub edition: EditionId,
    /// Licensed products; more than one makes it a multi-product district (`role.grant`).
    pub products: BTreeSet<ProductId>,
    /// Where the application runs; `cloud-choice` is the vendor's cloud (`update.version`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosting: Option<String>,
    /// Non-production sites: `sandbox`, `staging` (`update.technical`).
    #[serde(default)]
    pub sites: BTreeSet<String>,
    /// Schools and their names.
    #[serde(default)]
    pub schools: BTreeMap<SchoolId, String>,
    /// Switches.
    #[serde(default)]
    pub preferences: Preferences,
    /// Inactivity periods.
    #[serde(default)]
    pub inactivity: Inactivity,
    /// Help published to anyone.
    #[serde(default)]
    pub help: Help,
    /// Fallback recipient of notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
    /// State or consortium the district is linked to (`update.group-process`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_to: Option<String>,
    /// Technical contacts allowed; `contact.technical-cap`.
    #[serde(default = "one")]
    pub technical_cap: u32,
    /// Third parties with a recorded licence agreement for this district; `contact.third-party`.
    #[serde(default)]
    pub third_parties: BTreeSet<String>,
}

fn one() -> u32 {
    1
}

impl District {
    /// More than one licensed product: only `application-security` grants product roles. Rule: `role.grant`.
    pub fn is_multi_product(&self) -> bool {
        self.products.len() > 1
    }
}
