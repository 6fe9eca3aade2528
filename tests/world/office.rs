//! The office of a district: an independent LDAP client that changes a directory and says what it holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::process::must;
use crate::staff::{BASE, StaffPerson, group_dn, school_code};

/// Something that the office does: a verb of `office.py` and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Step(Value);

/// How a directory is reached by its own administrators, and what of it is staff.
#[derive(Debug, Clone)]
pub struct Office {
    /// Its address.
    pub url: String,
    /// The certificate to trust, where it speaks TLS.
    pub ca: Option<PathBuf>,
    /// An account that may do everything.
    pub account: String,
    /// Its password.
    pub password: &'static str,
    /// `openldap`, `ds389` or `samba-ad`.
    pub vendor: &'static str,
    /// Which entries below `ou=staff` are staff.
    pub filter: &'static str,
    /// Attribute and value that disable an account.
    pub disabling: (&'static str, &'static str),
    /// Attribute and value that enable it; no value takes the attribute away.
    pub enabling: (&'static str, Option<&'static str>),
}

impl Office {
    /// Does all of it, in order.
    ///
    /// # Panics
    /// If the server refuses one of the steps.
    pub fn apply(&self, steps: &[Step]) {
        self.run(steps, false);
    }

    /// What the directory holds: staff by employee number.
    pub fn people(&self) -> BTreeMap<String, Value> {
        let answer = self.run(&[], true);
        let people = answer["people"].as_object().cloned().unwrap_or_default();
        people.into_iter().collect()
    }

    fn run(&self, steps: &[Step], read: bool) -> Value {
        let steps: Vec<&Value> = steps.iter().map(|step| &step.0).collect();
        let task = json!({
            "url": self.url,
            "ca": self.ca,
            "account": self.account,
            "password": self.password,
            "vendor": self.vendor,
            "suffix": BASE,
            "base": format!("ou=staff,{BASE}"),
            "filter": self.filter,
            "group": group_dn("SIS Admins"),
            "disabling": [self.disabling.0, [self.disabling.1]],
            "enabling": [self.enabling.0, Vec::from_iter(self.enabling.1)],
            "steps": steps,
            "read": read,
        });
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("world/office.py");
        let mut command = Command::new("/usr/bin/python3");
        let answer = must("python3-ldap", command.arg(script), &task.to_string());
        serde_json::from_str(&answer)
            .unwrap_or_else(|why| panic!("read the office: {why}\n{answer}"))
    }
}

impl Step {
    /// A new unit.
    pub fn unit(dn: &str) -> Self {
        Self(json!(["unit", dn]))
    }

    /// A program's account in a domain.
    pub fn account(name: &str, password: &str) -> Self {
        Self(json!(["account", name, password]))
    }

    /// An account becomes one that may do everything.
    pub fn administrator(name: &str) -> Self {
        Self(json!(["administrator", name]))
    }

    /// A program's account goes.
    pub fn remove(name: &str) -> Self {
        Self(json!(["remove", name]))
    }

    /// Somebody new, in this unit.
    pub fn hire(person: &StaffPerson, unit: &str) -> Self {
        let mut attributes = Map::new();
        let mut set =
            |name: &str, values: Vec<String>| attributes.insert(name.to_owned(), json!(values));
        let one = |text: &str| vec![text.to_owned()];
        set("objectClass", one("inetOrgPerson"));
        set("cn", vec![person.name()]);
        set("sn", one(person.surname));
        set("givenName", one(person.given));
        set("displayName", vec![person.name()]);
        set("uid", one(&person.uid));
        set("mail", person.mail.clone());
        set("employeeNumber", one(&person.employee_number));
        set("title", one(person.title));
        set("telephoneNumber", one(&person.phone));
        set("departmentNumber", vec![school_code(person.school)]);
        let (attribute, value) = person.rdn();
        let hired = json!({
            "number": person.number,
            "name": person.name(),
            "rdn": [attribute, value.trim()],
            "attributes": attributes,
        });
        Self(json!(["hire", hired, unit]))
    }

    /// Other values of an attribute; none take it away.
    pub fn modify(person: &StaffPerson, attribute: &str, values: &[&str]) -> Self {
        Self(json!(["modify", person.employee_number, attribute, values]))
    }

    /// Another name in the DN.
    pub fn rename(person: &StaffPerson) -> Self {
        Self(json!(["rename", person.employee_number]))
    }

    /// Into another unit.
    pub fn relocate(person: &StaffPerson, unit: &str) -> Self {
        Self(json!(["move", person.employee_number, unit]))
    }

    /// The entry is deleted.
    pub fn delete(person: &StaffPerson) -> Self {
        Self(json!(["delete", person.employee_number]))
    }

    /// The account is disabled.
    pub fn disable(person: &StaffPerson) -> Self {
        Self(json!(["disable", person.employee_number]))
    }

    /// The account is enabled.
    pub fn enable(person: &StaffPerson) -> Self {
        Self(json!(["enable", person.employee_number]))
    }

    /// A unit gets another name, and everybody in it.
    pub fn rename_unit(dn: &str, name: &str) -> Self {
        Self(json!(["rename_unit", dn, name]))
    }

    /// A unit is put below another one, with everybody in it.
    pub fn move_unit(dn: &str, parent: &str) -> Self {
        Self(json!(["move_unit", dn, parent]))
    }

    /// A new group of people.
    pub fn group(name: &str, people: &[&StaffPerson], groups: &[&str]) -> Self {
        let numbers: Vec<_> = people
            .iter()
            .map(|person| &person.employee_number)
            .collect();
        let groups: Vec<_> = groups.iter().map(|name| group_dn(name)).collect();
        Self(json!(["group", group_dn(name), numbers, groups]))
    }

    /// Somebody becomes a member of a group.
    pub fn join(group: &str, person: &StaffPerson) -> Self {
        Self(json!(["join", group_dn(group), person.employee_number]))
    }

    /// A group becomes a member of a group.
    pub fn join_group(group: &str, member: &str) -> Self {
        Self(json!(["join_group", group_dn(group), group_dn(member)]))
    }

    /// Somebody is no member of a group any more.
    pub fn quit(group: &str, person: &StaffPerson) -> Self {
        Self(json!(["quit", group_dn(group), person.employee_number]))
    }

    /// So many people and nobody else become the members of a group.
    pub fn fill(group: &str, count: u32) -> Self {
        Self(json!(["fill", group_dn(group), count]))
    }
}
