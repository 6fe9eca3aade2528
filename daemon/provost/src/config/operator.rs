//! `[[operator]]`: local accounts that may ask over the Unix socket, what and of which districts.

use provost_core::document::Table;
use provost_core::id::DistrictId;
use provost_core::token::Scope;

/// A local account or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A user by name.
    User(String),
    /// Every member of a group.
    Group(String),
}

/// An account with its scopes and districts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Who.
    pub who: Who,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Of which districts; `None` means all, written `*`.
    pub districts: Option<Vec<DistrictId>>,
}

pub(super) fn read(table: &Table<'_>) -> Option<Operator> {
    let who = match (table.text("user"), table.text("group")) {
        (Some(user), None) => Some(Who::User(user.to_owned())),
        (None, Some(group)) => Some(Who::Group(group.to_owned())),
        (Some(_), Some(_)) => {
            table.problem("user", "names a user and a group; write one of the two");
            None
        }
        (None, None) => {
            table.problem("user", "or group is missing");
            None
        }
    };
    let scopes: Vec<Scope> = table.list("scopes");
    if !table.has("scopes") {
        table.problem(
            "scopes",
            "is missing: decide, activity, desk, admin, audit or upkeep",
        );
    }
    let districts: Vec<String> = table.list("districts");
    let districts = if districts.iter().any(|id| id == "*") {
        None
    } else {
        Some(table.list("districts"))
    };
    table.done();
    Some(Operator {
        who: who?,
        scopes,
        districts,
    })
}
