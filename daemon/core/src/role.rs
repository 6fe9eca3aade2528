//! Security roles, user groups and the grants that give them to people.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::id::{DistrictId, EditionId, GroupId, PersonId, PluginId, ProductId, RoleId, SourceId};
use crate::rights::{CalendarRight, Letters, ListedRights, ToolName};

/// What kind of role it is. Rule: domain §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleKind {
    /// Carries a product: all its tool rights, all calendars.
    Full,
    /// Carries one feature.
    Sub,
    /// Assigns product roles in multi-product districts; carries nothing else.
    Delegation,
    /// Given by an edition plugin; like full for its products, in districts of that edition only.
    Edition,
}

/// A security role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its name as people say it.
    pub title: String,
    /// What kind of role it is.
    pub kind: RoleKind,
    /// Products whose rights it carries.
    pub products: BTreeSet<ProductId>,
    /// The edition it belongs to; `None` for the standard ones, which exist in every edition.
    pub edition: Option<EditionId>,
    /// Actions it permits beyond what the rules say; only an edition role's plugin asks for such.
    #[serde(default)]
    pub may: BTreeSet<String>,
}

/// The roles that exist: the standard ones and those of the edition plugins in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeMap<RoleId, Role>);

impl Default for Roles {
    fn default() -> Self {
        Self::standard()
    }
}

impl Roles {
    /// The roles shipped with the standard edition. Rule: domain §2.
    pub fn standard() -> Self {
        use RoleKind::{Delegation, Full, Sub};
        let table: [(&str, &str, RoleKind); 9] = [
            ("sis", "Student Information System", Full),
            ("hr", "Human Resources", Full),
            ("finance", "Finance", Full),
            ("payroll", "Payroll", Full),
            ("staff-evaluation", "Staff Evaluation", Full),
            ("point-of-sale", "Point of Sale", Full),
            ("sis.group-assignment", "SIS Group Assignment", Sub),
            ("sis.login-as", "SIS Login As User", Sub),
            ("application-security", "Application Security", Delegation),
        ];
        let roles = table.into_iter().filter_map(|(id, title, kind)| {
            let products = if kind == Full {
                ProductId::new(id).ok().into_iter().collect()
            } else {
                BTreeSet::new()
            };
            let id = RoleId::new(id).ok()?;
            Some((
                id.clone(),
                Role {
                    id,
                    title: title.to_owned(),
                    kind,
                    products,
                    edition: None,
                    may: BTreeSet::new(),
                },
            ))
        });
        Self(roles.collect())
    }

    /// Adds the roles of an edition plugin. A standard role cannot be replaced: the ids refused are returned.
    pub fn add_edition(&mut self, roles: impl IntoIterator<Item = Role>) -> Vec<RoleId> {
        let mut refused = Vec::new();
        for role in roles {
            if self.0.contains_key(&role.id) {
                refused.push(role.id);
            } else {
                self.0.insert(role.id.clone(), role);
            }
        }
        refused
    }

    /// A role that exists in districts of `edition`; an edition's role is unknown everywhere else.
    pub fn in_edition(&self, id: &RoleId, edition: &EditionId) -> Option<&Role> {
        self.0
            .get(id)
            .filter(|role| role.edition.as_ref().is_none_or(|of| of == edition))
    }

    /// A role of whatever edition.
    pub fn get(&self, id: &RoleId) -> Option<&Role> {
        self.0.get(id)
    }

    /// All roles, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.0.values()
    }
}

/// A user group: a named set of tool and calendar rights given to its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Group {
    /// Its id, unique in its district.
    pub id: GroupId,
    /// The district whose group it is.
    pub district: DistrictId,
    /// Tool rights of every member.
    #[serde(default)]
    pub rights: ListedRights,
    /// Calendar rights of every member.
    #[serde(default)]
    pub calendars: BTreeSet<CalendarRight>,
}

/// What a grant gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Granted {
    /// A security role.
    Role(RoleId),
    /// Membership of a user group of the person's district.
    Group(GroupId),
    /// Letters on one tool.
    Tool(ToolName, Letters),
    /// A calendar right.
    Calendar(CalendarRight),
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "role {role}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Tool(tool, letters) => write!(f, "right {tool} ({letters})"),
            Self::Calendar(right) => {
                let school = right.school.as_ref().map_or("*", |school| school.as_str());
                let calendar = right.calendar.as_deref().unwrap_or("*");
                write!(
                    f,
                    "calendar {school}/{calendar}{}",
                    if right.modify { " (modify)" } else { "" }
                )
            }
        }
    }
}

/// Who gave a grant; only the origin takes it away. Rule: directory design, groups → grants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A person or operator.
    Manual,
    /// A mapped group of a directory source.
    Source(SourceId),
    /// A plugin.
    Plugin(PluginId),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual => f.write_str("manual"),
            Self::Source(source) => write!(f, "source {source}"),
            Self::Plugin(plugin) => write!(f, "plugin {plugin}"),
        }
    }
}

/// A role, group membership or right given to a person. Identified by person, what and origin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Grant {
    /// Who holds it.
    pub person: PersonId,
    /// What it gives.
    pub what: Granted,
    /// Who gave it.
    pub origin: Origin,
    /// The grantor as the journal names actors, e.g. `person ana`, `operator root`.
    pub by: String,
    /// When it was given.
    pub at: Timestamp,
    /// From this moment on it is not held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl Grant {
    /// Held at that moment. Rule: domain §2, a grant with `expires` is not held from that moment on.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}
