//! What people are given: roles, groups, tool and calendar rights; user groups themselves.

use std::collections::BTreeSet;

use super::value::{label, moment};
use super::{Known, Reading};
use crate::document::Table;
use crate::id::{DistrictId, GroupId, PersonId, PluginId, RoleId, SchoolId, SourceId};
use crate::rights::{CalendarRight, Letters, ListedRights, ToolName};
use crate::role::{Grant, Granted, Group, Origin};

/// Tool rights as a table of tools: `{ attendance = "RWAD", "finance/ledger" = "R" }`.
fn listed_rights(table: &Table, key: &str) -> ListedRights {
    let Some(listed) = table.table(key) else {
        return ListedRights::new();
    };
    let mut rights = ListedRights::new();
    for tool in listed.keys() {
        let letters = listed.parse::<Letters>(tool);
        let name = tool
            .parse::<ToolName>()
            .map_err(|why| listed.problem(tool, why.to_string()));
        if let (Ok(name), Some(letters)) = (name, letters)
            && rights.insert(name.clone(), letters).is_some()
        {
            listed.problem(tool, format!("says the rights on {name} a second time"));
        }
    }
    rights
}

/// `*` means all, which the rights write as `None`.
fn unless_all<T>(text: T, is_all: impl Fn(&T) -> bool) -> Option<T> {
    (!is_all(&text)).then_some(text)
}

/// One calendar right, `{ school = "HS01", calendar = "*", modify = true }`; the whole table is read.
fn calendar_right(table: &Table) -> Option<CalendarRight> {
    let school = table.need_parse::<SchoolId>("school");
    let calendar = label(table, "calendar");
    let modify = table.flag("modify").unwrap_or_default();
    table.done();
    Some(CalendarRight {
        school: unless_all(school?, |school| school.as_str() == "*"),
        calendar: calendar.and_then(|calendar| unless_all(calendar, |all| all == "*")),
        modify,
    })
}

impl Reading<'_> {
    /// Calendar rights under `calendars`. That their schools exist is checked when all people have been read.
    fn calendars(
        &mut self,
        table: &Table,
        district: Option<&DistrictId>,
    ) -> BTreeSet<CalendarRight> {
        let mut rights = BTreeSet::new();
        for entry in table.tables("calendars") {
            let Some(right) = calendar_right(&entry) else {
                continue;
            };
            if let (Some(district), Some(school)) = (district, &right.school) {
                let place = (entry.path("school"), district.clone(), school.clone());
                self.calendar_schools.push(place);
            }
            rights.insert(right);
        }
        rights
    }

    /// Reads one `[[group]]`.
    pub(super) fn group(&mut self, table: &Table) -> Option<Group> {
        let id = table.need_parse::<GroupId>("id");
        let district = self.district_named(table, Known::Needed);
        let rights = listed_rights(table, "rights");
        let calendars = self.calendars(table, district.as_ref());
        table.done();
        let group = Group {
            id: id?,
            district: district?,
            rights,
            calendars,
        };
        let key = (group.district.clone(), group.id.clone());
        self.once(table, "group", "id", format!("{}/{}", key.0, key.1));
        self.groups.insert(key);
        Some(group)
    }

    /// The grants that a `[[person]]` lists: roles, groups, rights and calendars.
    pub(super) fn grants_of(
        &mut self,
        table: &Table,
        person: Option<&PersonId>,
        district: Option<&DistrictId>,
    ) -> Vec<Grant> {
        let mut given: Vec<Granted> = Vec::new();
        for role in table.list::<RoleId>("roles") {
            self.check_role(table, "roles", &role);
            given.push(Granted::Role(role));
        }
        for group in table.list::<GroupId>("groups") {
            self.check_group(table, "groups", district, &group);
            given.push(Granted::Group(group));
        }
        let rights = listed_rights(table, "rights");
        given.extend(
            rights
                .into_iter()
                .map(|(tool, letters)| Granted::Tool(tool, letters)),
        );
        let calendars = self.calendars(table, district);
        given.extend(calendars.into_iter().map(Granted::Calendar));
        let Some(person) = person else {
            return Vec::new();
        };
        // A role that is listed twice is held once.
        let given: BTreeSet<Granted> = given.into_iter().collect();
        given
            .into_iter()
            .map(|what| self.manual(person.clone(), what))
            .collect()
    }

    fn manual(&self, person: PersonId, what: Granted) -> Grant {
        Grant {
            person,
            what,
            origin: Origin::Manual,
            by: self.given.by.to_owned(),
            at: self.given.now,
            expires: None,
        }
    }

    fn check_role(&self, table: &Table, key: &str, role: &RoleId) {
        if self.given.roles.get(role).is_none() {
            let known: Vec<_> = self
                .given
                .roles
                .iter()
                .map(|role| role.id.as_str())
                .collect();
            let why = format!(
                "no role `{role}` exists; an edition's role needs the edition's plugin; known: {}",
                known.join(", ")
            );
            table.problem(key, why);
        }
    }

    fn check_group(
        &self,
        table: &Table,
        key: &str,
        district: Option<&DistrictId>,
        group: &GroupId,
    ) {
        // Without a district the missing district is the problem, not the group.
        let Some(district) = district else { return };
        let place = (district.clone(), group.clone());
        if !self.groups.contains(&place) && !self.given.existing.groups.contains_key(&place) {
            table.problem(key, format!("no group `{group}` in district `{district}`"));
        }
    }

    /// Reads one `[[grant]]`: what a person's lists cannot say, e.g. when it expires or where it comes from.
    pub(super) fn grant(&mut self, table: &Table) -> Option<Grant> {
        let person = self.person_named(table, "person");
        let what = granted(table);
        let origin = origin(table);
        let by = label(table, "by");
        let at = moment(table, "at");
        let expires = moment(table, "expires");
        table.done();
        let (person, district) = person?;
        let what = what?;
        match &what {
            Granted::Role(role) => self.check_role(table, "role", role),
            Granted::Group(group) => self.check_group(table, "group", Some(&district), group),
            Granted::Calendar(right) => {
                let school = right.school.clone();
                let place = school.map(|school| (table.path("calendar.school"), district, school));
                self.calendar_schools.extend(place);
            }
            Granted::Tool(..) => {}
        }
        Some(Grant {
            by: by.unwrap_or_else(|| self.given.by.to_owned()),
            at: at.unwrap_or(self.given.now),
            expires,
            origin: origin?,
            ..self.manual(person, what)
        })
    }
}

/// What a grant gives: exactly one of `role`, `group`, `tool` with `letters`, or `calendar`. Marks those keys as read.
pub fn granted(table: &Table) -> Option<Granted> {
    let role = table.parse("role").map(Granted::Role);
    let group = table.parse("group").map(Granted::Group);
    let tool = granted_tool(table);
    let calendar = table
        .table("calendar")
        .and_then(|calendar| calendar_right(&calendar))
        .map(Granted::Calendar);
    let said = ["role", "group", "tool", "calendar"].map(|key| table.has(key));
    if said.iter().filter(|said| **said).count() != 1 {
        table.problem(
            "",
            "must name exactly one of role, group, tool (with letters) or calendar",
        );
        return None;
    }
    role.or(group).or(tool).or(calendar)
}

fn granted_tool(table: &Table) -> Option<Granted> {
    let tool = table.parse::<ToolName>("tool");
    let letters = table.parse::<Letters>("letters");
    if table.has("tool") && !table.has("letters") {
        table.problem("letters", "is missing: letters of RWAD on the tool");
    }
    if table.has("letters") && !table.has("tool") {
        table.problem("letters", "says letters of no tool");
    }
    Some(Granted::Tool(tool?, letters?))
}

/// `manual` (the default), `source:ID` or `plugin:ID`.
fn origin(table: &Table) -> Option<Origin> {
    let text = table.text("origin").unwrap_or("manual");
    let read = match text.split_once(':') {
        None if text == "manual" => Some(Origin::Manual),
        Some(("source", id)) => SourceId::new(id).ok().map(Origin::Source),
        Some(("plugin", id)) => PluginId::new(id).ok().map(Origin::Plugin),
        _ => None,
    };
    if read.is_none() {
        table.problem("origin", "must be manual, source:ID or plugin:ID");
    }
    read
}

/// The origin as [`origin`] reads it.
pub(super) fn origin_word(origin: &Origin) -> String {
    match origin {
        Origin::Manual => "manual".to_owned(),
        Origin::Source(id) => format!("source:{id}"),
        Origin::Plugin(id) => format!("plugin:{id}"),
    }
}
