//! A case, as far as the rules need it: text and attachments stay with the vendor's portal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{CaseId, DistrictId, PersonId};

/// A support case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The district it belongs to.
    pub district: DistrictId,
    /// The valid contact who owns it; an emergency case may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PersonId>,
    /// For whom it was opened.
    pub requester: PersonId,
    /// Opened by an agent for someone who is not a valid contact. Rule: `case.emergency`.
    #[serde(default)]
    pub emergency: bool,
    /// Why it is an emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Handed to a valid contact since. Rule: `case.transition-first`.
    #[serde(default)]
    pub transitioned: bool,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
}
