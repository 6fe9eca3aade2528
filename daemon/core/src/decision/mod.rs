//! "May this person do that?", with every reason.
//!
//! Each rule says permit, forbid or nothing. Any forbid denies; otherwise any permit allows; otherwise denied. Every
//! action has one permit rule, which permits or forbids under its own code; the others only forbid. The answer carries
//! all forbids of a denial, or all permits of an allow. Rule: domain, *How a decision is made*.

mod account;
mod action;
mod call;
mod case;
mod combine;
mod contact;
mod facts;
mod group;
mod holder;
mod judge;
mod login_as;
mod record;
mod redirect;
mod relations;
mod right;
mod role;
mod search;
mod tool;
mod update;
mod warnings;

#[cfg(test)]
mod tests;

pub use action::{Action, default_resource_kinds, default_subject_kinds};
pub use combine::{combine, decide, stamped};
pub use facts::{DistrictFacts, Facts, NestedSession, Party, Thing};
pub use holder::{Holding, PersonFacts};
pub use judge::judge;
pub use record::{Input, Record};
pub use redirect::{HOW_TO_TOPIC, TECHNICAL_TOPICS};
pub use relations::{Relations, relations};
pub use right::{Visible, visible as visible_rights};
pub use role::REVOKE;
pub use search::{Candidates, candidates};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::contact::ContactKind;
use crate::district::Help;
use crate::id::{PersonId, Revision};
use crate::limits::VALUE_BYTES;

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Allows, unless another rule forbids.
    Permit,
    /// Denies, whatever other rules say.
    Forbid,
}

/// What one rule says of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's code, e.g. `login-as.rights`.
    pub code: String,
    /// Permit or forbid.
    pub effect: Effect,
    /// One sentence for people.
    pub message: String,
    /// `core`, or the id of the plugin.
    pub source: String,
}

impl Finding {
    /// A permit of the core.
    pub fn permit(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            effect: Effect::Permit,
            message: message.into(),
            source: "core".to_owned(),
        }
    }

    /// A forbid of the core.
    pub fn forbid(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            effect: Effect::Forbid,
            message: message.into(),
            source: "core".to_owned(),
        }
    }
}

/// Who or what is meant: a type, if it was said, and an id. Without a type it follows from the action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// `person`, `district`, `case`, `group`, `tool` or `agent`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// For a person: the register's id, `district/username`, a unique username, `uuid:…`, `mail:…` or `tel:…`.
    pub id: String,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Who asks to act.
    pub subject: Reference,
    /// The action's name, e.g. `login-as`.
    pub action: String,
    /// On what.
    pub resource: Reference,
    /// Properties of the resource (and of the action), e.g. `kind = "sandbox-refresh"`.
    #[serde(default)]
    pub properties: Map<String, Value>,
    /// Circumstances, e.g. `session = "s1"`.
    #[serde(default)]
    pub context: Map<String, Value>,
}

impl Request {
    /// A text among the properties, or else in the context.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.properties
            .get(key)
            .or_else(|| self.context.get(key))
            .and_then(Value::as_str)
    }

    /// One text or a list of texts among the properties, or else in the context.
    pub fn texts(&self, key: &str) -> impl Iterator<Item = &str> {
        let value = self.properties.get(key).or_else(|| self.context.get(key));
        let listed = value.and_then(Value::as_array).into_iter().flatten();
        listed.chain(value).filter_map(Value::as_str)
    }

    /// Everything that it says, weighed in bytes, see [`weight`].
    pub fn weight(&self) -> usize {
        let ids = [&self.subject.id, &self.action, &self.resource.id];
        let kinds = [&self.subject.kind, &self.resource.kind];
        let texts = ids.into_iter().chain(kinds.into_iter().flatten());
        let texts: usize = texts.map(String::len).sum();
        texts + weight(&self.properties) + weight(&self.context)
    }

    /// A flag among the properties, or else in the context.
    pub fn flag(&self, key: &str) -> bool {
        self.properties
            .get(key)
            .or_else(|| self.context.get(key))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }
}

/// Bytes that an object takes in memory, about: its texts, and [`VALUE_BYTES`] for each of its values, of which a short
/// text may hold many.
pub fn weight(object: &Map<String, Value>) -> usize {
    let members = object.iter();
    members.map(|(key, value)| key.len() + heft(value)).sum()
}

fn heft(value: &Value) -> usize {
    let within = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(heft).sum(),
        Value::Object(members) => weight(members),
    };
    VALUE_BYTES + within
}

/// Someone to turn to instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectContact {
    /// Who.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Support or technical.
    pub kind: ContactKind,
    /// Primary mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// Primary telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A building coach to turn to: a help level inside the district, without authority towards the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectCoach {
    /// Who.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Primary mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// Primary telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Whom a denied person should ask. Rule: `contact.redirect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redirect {
    /// These contacts of the district.
    Contacts(Vec<RedirectContact>),
    /// A how-to question: the coaches of the school. Rule: `building-coach`.
    Coaches(Vec<RedirectCoach>),
    /// An unverified caller sees only what the district publishes.
    Help(Help),
    /// No valid contact is left: the vendor's verification path.
    VendorVerification,
    /// Updates of this district go through the group process of the state or consortium. Rule: `update.group-process`.
    GroupProcess(String),
}

/// A remark that denies nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The rule's code, e.g. `contact.recommended`.
    pub code: String,
    /// One sentence for people.
    pub message: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decision {
    /// Allowed or denied.
    pub decision: bool,
    /// All forbids of a denial, or all permits of an allow.
    pub reasons: Vec<Finding>,
    /// Whom to ask instead, on a denial that has such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// What the caller must do when it acts on an allow, e.g. `access-log`.
    pub obligations: Vec<String>,
    /// The action makes sense for this resource. Rule: `update.not-applicable`.
    pub applicable: bool,
    /// Remarks that deny nothing.
    pub warnings: Vec<Warning>,
    /// What a `right.view` shows: `all` or `own-rights`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible: Option<String>,
    /// The register's revision that was decided on.
    pub revision: Revision,
}
