//! A person with what grants, roles and groups add up to at one moment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::tool::USER_ACCOUNT;
use crate::contact::Contact;
use crate::district::District;
use crate::id::{DistrictId, GroupId, PersonId, ProductId, RoleId};
use crate::person::Person;
use crate::rights::{CalendarRights, Letters, ToolName, ToolRights, Tools};
use crate::role::{Grant, Granted, Group, Role, RoleKind, Roles};

/// A person with everything that the rules ask of one.
#[derive(Debug, Clone)]
pub struct PersonFacts {
    /// The person.
    pub person: Person,
    /// The contact, if the person is or was one.
    pub contact: Option<Contact>,
    /// Grants held now, whatever their origin.
    pub grants: Vec<Grant>,
    /// Roles that have an effect: held now, known in the district's edition, on the main homepage.
    /// Rules: `role.homepage`, domain §2.
    pub roles: BTreeSet<RoleId>,
    /// What those roles amount to.
    pub holding: Holding,
    /// Tool rights from roles, groups and single grants, added up.
    pub rights: ToolRights,
    /// Letters on the tool `user-account`, among `rights`; asked at every login-as.
    pub user_account: Letters,
    /// Calendar rights likewise.
    pub calendars: CalendarRights,
}

/// What the effective roles of a person amount to: worked out once, asked by nearly every rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Holding {
    /// Products carried by a full or edition role.
    pub products: BTreeSet<ProductId>,
    /// Holds the standard role `sis` itself.
    pub sis: bool,
    /// Holds `sis.group-assignment`.
    pub group_assignment: bool,
    /// Holds `sis.login-as`.
    pub login_as: bool,
    /// Holds `application-security`.
    pub application_security: bool,
    /// Products of roles and rights held that the district has not licensed. They count, with a warning. Rule: domain §2.
    pub unlicensed: BTreeSet<ProductId>,
}

impl Holding {
    /// A full or edition role of that product.
    pub fn carries(&self, product: &str) -> bool {
        self.products.iter().any(|held| held.as_str() == product)
    }

    /// `sis`, or the edition role that carries the sis with its user security.
    pub fn has_user_security(&self) -> bool {
        self.sis || self.carries("sis")
    }

    /// A full or edition role of any product. Rules: `role.all-calendars`, `login-as.feature`.
    pub fn has_product(&self) -> bool {
        !self.products.is_empty()
    }

    /// `sis.login-as`, with its limits: no full or edition role of the sis lifts them. Rule: domain §2.
    ///
    /// A full role of another product gives the feature, too, but does not lift the limits of a sub role of the sis.
    pub fn is_limited_login_as(&self) -> bool {
        self.login_as && !self.has_user_security()
    }

    /// `sis.group-assignment`, with its limits. Rule: domain §2.
    pub fn is_limited_group_assignment(&self) -> bool {
        self.group_assignment && !self.has_user_security()
    }

    fn take_role(&mut self, role: &Role) {
        match role.id.as_str() {
            "sis" => self.sis = true,
            "sis.group-assignment" => self.group_assignment = true,
            "sis.login-as" => self.login_as = true,
            "application-security" => self.application_security = true,
            _ => {}
        }
        if matches!(role.kind, RoleKind::Full | RoleKind::Edition) {
            self.products.extend(role.products.iter().cloned());
        }
    }
}

impl PersonFacts {
    /// Works out effective roles, rights and calendars at `now`.
    ///
    /// `grants` are all grants of the person, held or not; `groups` the groups of the person's district that are
    /// granted. Every tool named in grants and groups must be interned in `tools` already: a tool that is not gives
    /// nothing. A disabled account keeps its rights; the rules that need an enabled one ask for it.
    pub fn new(
        person: Person,
        contact: Option<Contact>,
        mut grants: Vec<Grant>,
        groups: &BTreeMap<GroupId, Group>,
        district: &District,
        catalogue: (&Roles, &Tools),
        now: Timestamp,
    ) -> Self {
        grants.retain(|grant| grant.is_held(now));
        let mut sum = Sum {
            tools: catalogue.1,
            rights: ToolRights::default(),
            calendars: CalendarRights::default(),
            products: BTreeSet::new(),
        };
        let mut roles = BTreeSet::new();
        let mut holding = Holding::default();
        for grant in &grants {
            match &grant.what {
                Granted::Role(id) => {
                    if let Some(role) = effective(&person, id, district, catalogue.0) {
                        roles.insert(id.clone());
                        holding.take_role(role);
                    }
                }
                Granted::Group(id) => {
                    if let Some(group) = own_group(groups, id, &person.district) {
                        sum.group(group);
                    }
                }
                Granted::Tool(tool, letters) => sum.tool(tool, *letters),
                Granted::Calendar(right) => sum.calendars.add(right.clone()),
            }
        }
        sum.roles(&holding);
        sum.products
            .retain(|product| !district.products.contains(product));
        holding.unlicensed = sum.products;
        let user_account = USER_ACCOUNT.parse().map_or(Letters::default(), |tool| {
            sum.rights.letters(&tool, catalogue.1)
        });
        Self {
            person,
            contact,
            grants,
            roles,
            holding,
            rights: sum.rights,
            user_account,
            calendars: sum.calendars,
        }
    }

    /// The person's id.
    pub fn id(&self) -> &PersonId {
        &self.person.id
    }

    /// The letters held on one tool.
    pub fn letters(&self, tool: &ToolName, tools: &Tools) -> Letters {
        self.rights.letters(tool, tools)
    }
}

/// Rights while they are being added up.
struct Sum<'t> {
    tools: &'t Tools,
    rights: ToolRights,
    calendars: CalendarRights,
    /// Products that any right or role is of.
    products: BTreeSet<ProductId>,
}

impl Sum<'_> {
    fn tool(&mut self, tool: &ToolName, letters: Letters) {
        if let Some(place) = self.tools.place(tool) {
            self.rights.add(place, letters);
        }
        if !self.products.contains(tool.product()) {
            self.products.insert(tool.product().clone());
        }
    }

    fn group(&mut self, group: &Group) {
        for (tool, letters) in &group.rights {
            self.tool(tool, *letters);
        }
        for right in &group.calendars {
            self.calendars.add(right.clone());
        }
    }

    /// Rules: `role.inherits-rights`, `role.all-calendars`, `role.sis-excludes`: a role gives its products, no others.
    fn roles(&mut self, holding: &Holding) {
        for product in &holding.products {
            self.rights.add_product(product, self.tools);
            self.products.insert(product.clone());
        }
        if holding.has_product() {
            self.calendars.add_all();
        }
    }
}

/// A group gives rights only inside its own district.
fn own_group<'g>(
    groups: &'g BTreeMap<GroupId, Group>,
    id: &GroupId,
    district: &DistrictId,
) -> Option<&'g Group> {
    groups.get(id).filter(|group| group.district == *district)
}

/// The role, if it has an effect: on the main homepage, in a district of its edition. Rules: `role.homepage`, domain §2.
fn effective<'r>(
    person: &Person,
    id: &RoleId,
    district: &District,
    roles: &'r Roles,
) -> Option<&'r Role> {
    if !person.has_main_homepage() || person.district != district.id {
        return None;
    }
    roles.in_edition(id, &district.edition)
}
