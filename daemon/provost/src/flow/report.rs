//! Reports: who holds which role, what a person has and where it comes from, who could log in as somebody.

use provost_core::decision::{Facts, PersonFacts, Reference, Request, Visible, visible_rights};
use provost_core::district::District;
use provost_core::id::{DistrictId, PersonId, RoleId};
use provost_core::person::Person;
use provost_core::rights::{CalendarRight, CalendarRights, Letters, ToolName};
use provost_core::role::{Grant, Granted};
use provost_core::time::Zone;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

use super::contact::OnWordOf;
use super::search::{self, Sought, Span};
use super::{FlowError, NotFound, Refusal, Scene, decide, person};
use crate::store::Snapshot;

/// People read at once.
const PAGE: usize = 1_000;

/// What the product security role report is to show. Rule: `report.product-roles`.
#[derive(Debug, Clone, Default)]
pub struct ProductRoles {
    /// Only these roles; all if none is named.
    pub roles: BTreeSet<RoleId>,
    /// Holders whose account is disabled, too.
    pub include_disabled: bool,
    /// By role, then by person; otherwise by person, then by role.
    pub by_role: bool,
}

fn question(by: &OnWordOf, action: &str, kind: &str, id: &str) -> Request {
    Request {
        subject: by.reference(),
        action: action.to_owned(),
        resource: Reference {
            kind: Some(kind.to_owned()),
            id: id.to_owned(),
        },
        properties: Map::new(),
        context: Map::new(),
    }
}

/// Operators see everything; on anyone else's word the rules say whether they may.
fn allowed(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    by: &OnWordOf,
    request: &Request,
) -> Result<(), FlowError> {
    if matches!(by, OnWordOf::Operator(_)) {
        return Ok(());
    }
    let decision = decide::for_flow(scene, register, request)?;
    if decision.decision {
        return Ok(());
    }
    Err(FlowError::Refused {
        what: format!("{} {}", request.action, request.resource.id),
        source: Refusal::denied(decision),
    })
}

fn district_of(register: &Snapshot<'_>, id: &DistrictId) -> Result<District, FlowError> {
    register.district(id)?.ok_or_else(|| FlowError::Unknown {
        what: "district",
        id: id.to_string(),
        source: NotFound::None,
    })
}

/// The product security roles of a district's people, a row for each grant that is held.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids, [`FlowError::Unknown`] if there is no such district.
pub fn product_roles(
    scene: Scene<'_>,
    district: &DistrictId,
    wanted: &ProductRoles,
    by: &OnWordOf,
) -> Result<Vec<Value>, FlowError> {
    let register = scene.store.read()?;
    let place = district_of(&register, district)?;
    let request = question(by, "report.product-roles", "district", district.as_str());
    allowed(scene, &register, by, &request)?;
    let mut rows: Vec<(RoleId, String, Value)> = Vec::new();
    let mut after = String::new();
    loop {
        let holders = register.role_holders(district, &after, PAGE)?;
        let Some(last) = holders.last() else { break };
        after.clone_from(last);
        for id in &holders {
            let Some(holder) = register.person(&id.parse().map_err(|_| gone(id))?)? else {
                continue;
            };
            if !wanted.include_disabled && !holder.account_enabled() {
                continue;
            }
            for grant in register.grants(&holder.id)? {
                let Granted::Role(role) = &grant.what else {
                    continue;
                };
                let named = wanted.roles.is_empty() || wanted.roles.contains(role);
                if named && grant.is_held(scene.now) {
                    let row = role_row(scene, &holder, role, &grant, &place);
                    rows.push((role.clone(), holder.username.clone(), row));
                }
            }
        }
    }
    rows.sort_by(|(role, name, _), (other, other_name, _)| {
        if wanted.by_role {
            (role, name).cmp(&(other, other_name))
        } else {
            (name, role).cmp(&(other_name, other))
        }
    });
    Ok(rows.into_iter().map(|(.., row)| row).collect())
}

fn gone(id: &str) -> FlowError {
    FlowError::Unknown {
        what: "person",
        id: id.to_owned(),
        source: NotFound::None,
    }
}

fn role_row(
    scene: Scene<'_>,
    holder: &Person,
    role: &RoleId,
    grant: &Grant,
    place: &District,
) -> Value {
    let known = scene.live.roles.in_edition(role, &place.edition);
    let zone = &place.timezone;
    json!({
        "district": holder.district,
        "person": holder.id,
        "username": holder.username,
        "name": holder.name,
        "enabled": holder.account_enabled(),
        "role": role,
        "kind": known.map(|role| role.kind),
        "effective": known.is_some() && holder.has_main_homepage(),
        "origin": grant.origin.to_string(),
        "by": grant.by,
        "at": zone.rfc3339(grant.at),
        "expires": grant.expires.map(|at| zone.rfc3339(at)),
    })
}

/// The contacts of a district or of all, of every state, with what the desk should know of each.
///
/// # Errors
/// If the store cannot be read.
pub fn contacts(scene: Scene<'_>, district: Option<&DistrictId>) -> Result<Vec<Value>, FlowError> {
    let register = scene.store.read()?;
    let mut rows = Vec::new();
    for (contact, person) in register.contacts(district)? {
        let zone = district_of(&register, &contact.district)?.timezone;
        let time = |at| zone.rfc3339(at);
        let remarks: Vec<_> = contact.remarks().into_iter().map(|of| of.code).collect();
        rows.push(json!({
            "district": contact.district,
            "person": person.id,
            "username": person.username,
            "name": person.name,
            "type": contact.kind,
            "state": contact.state,
            "mail": person.mail,
            "phone": person.phone,
            "designated": time(contact.designated),
            "last-activity": contact.last_activity.map(time),
            "next-due": contact.next_due.map(time),
            "remarks": remarks,
        }));
    }
    Ok(rows)
}

/// Everything that a person has, a row for each right and each way in which it comes. On the word of a holder of
/// `sis.login-as` only what that holder has, too. Rule: `right.view`.
///
/// # Errors
/// [`FlowError::Refused`] if a rule forbids.
pub fn rights(scene: Scene<'_>, reference: &str, by: &OnWordOf) -> Result<Vec<Value>, FlowError> {
    let register = scene.store.read()?;
    let target = person(&register, reference)?;
    let zone = district_of(&register, &target.district)?.timezone;
    let request = question(by, "right.view", "person", target.id.as_str());
    allowed(scene, &register, by, &request)?;
    let facts = register.facts(&request, scene.now, &scene.live.roles)?;
    let Some(of) = facts.resource_person() else {
        return Err(gone(target.id.as_str()));
    };
    let limited = facts
        .subject_person()
        .filter(|viewer| visible_rights(viewer) == Some(Visible::OwnRights));
    let mut rows = Rows {
        of,
        viewer: limited.filter(|_| matches!(by, OnWordOf::Party(_))),
        facts: &facts,
        zone,
        rows: Vec::new(),
    };
    for grant in &of.grants {
        rows.grant(&register, grant)?;
    }
    Ok(rows.rows)
}

/// Rows of rights while they are being told.
struct Rows<'f> {
    of: &'f PersonFacts,
    /// Who sees no more than is theirs, too, if it is somebody like that.
    viewer: Option<&'f PersonFacts>,
    facts: &'f Facts,
    zone: Zone,
    rows: Vec<Value>,
}

impl Rows<'_> {
    fn grant(&mut self, register: &Snapshot<'_>, grant: &Grant) -> Result<(), FlowError> {
        match &grant.what {
            Granted::Role(id) => self.role(id, grant),
            Granted::Group(id) => {
                let mut through = "a group".to_owned();
                if self.is_shown(&grant.what) {
                    self.row("group", id.as_str(), "", "grant", grant, true);
                    through = format!("group {id}");
                }
                let group = register.group(&self.of.person.district, id)?;
                if let Some(group) = group {
                    for (tool, letters) in &group.rights {
                        self.tool(tool, *letters, &through, grant);
                    }
                    for right in &group.calendars {
                        self.calendar(right, &through, grant);
                    }
                }
            }
            Granted::Tool(tool, letters) => self.tool(tool, *letters, "grant", grant),
            Granted::Calendar(right) => self.calendar(right, "grant", grant),
        }
        Ok(())
    }

    /// The role or group is the viewer's, too.
    fn is_shown(&self, what: &Granted) -> bool {
        self.viewer.is_none_or(|viewer| {
            let mut held = viewer.grants.iter();
            held.any(|grant| grant.what == *what && grant.is_held(self.facts.now))
        })
    }

    fn role(&mut self, id: &RoleId, grant: &Grant) {
        let effective = self.of.roles.contains(id);
        let mut through = "a role".to_owned();
        if self.is_shown(&grant.what) {
            self.row("role", id.as_str(), "", "grant", grant, effective);
            through = format!("role {id}");
        }
        let products = self.facts.roles.get(id).map(|role| role.products.clone());
        let products = products.unwrap_or_default();
        for product in &products {
            let carried = |viewer: &PersonFacts| viewer.holding.carries(product.as_str());
            if self.viewer.is_none_or(carried) {
                let all = format!("{product}/*");
                self.row("tool", &all, "RWAD", &through, grant, effective);
            }
        }
        if !products.is_empty() {
            let mut all = CalendarRights::default();
            all.add_all();
            for right in all.iter() {
                self.calendar_row(right, &through, grant, effective);
            }
        }
    }

    /// Those letters that the viewer has, too.
    fn tool(&mut self, tool: &ToolName, letters: Letters, through: &str, grant: &Grant) {
        let tools = &self.facts.tools;
        let shown = self.viewer.map_or(letters, |viewer| {
            letters.intersection(viewer.letters(tool, tools))
        });
        if !shown.is_empty() {
            let (tool, letters) = (tool.to_string(), shown.to_string());
            self.row("tool", &tool, &letters, through, grant, true);
        }
    }

    fn calendar(&mut self, right: &CalendarRight, through: &str, grant: &Grant) {
        self.calendar_row(right, through, grant, true);
    }

    /// As far as the viewer's own calendars reach: whole, or without modifying, or not at all.
    fn calendar_row(
        &mut self,
        right: &CalendarRight,
        through: &str,
        grant: &Grant,
        effective: bool,
    ) {
        let seen = CalendarRight {
            modify: false,
            ..right.clone()
        };
        let covered =
            |right: &&CalendarRight| self.viewer.is_none_or(|of| of.calendars.covers(right));
        if let Some(shown) = [right, &seen].into_iter().find(covered) {
            let name = Granted::Calendar(shown.clone()).to_string();
            self.row("calendar", &name, "", through, grant, effective);
        }
    }

    fn row(
        &mut self,
        what: &str,
        name: &str,
        letters: &str,
        through: &str,
        grant: &Grant,
        effective: bool,
    ) {
        self.rows.push(json!({
            "what": what,
            "name": name,
            "letters": if letters.is_empty() { Value::Null } else { letters.into() },
            "through": through,
            "origin": grant.origin.to_string(),
            "by": grant.by,
            "expires": grant.expires.map(|at| self.zone.rfc3339(at)),
            "effective": effective,
        }));
    }
}

/// Everybody who could log in as a person now, in a fresh session.
///
/// # Errors
/// [`FlowError::TimeUp`] if it was `enough` before all were looked at; if there is no such person or the store cannot be
/// read.
pub fn could_enter(
    scene: Scene<'_>,
    reference: &str,
    enough: &dyn Fn() -> bool,
) -> Result<Vec<Value>, FlowError> {
    let register = scene.store.read()?;
    let target = person(&register, reference)?;
    let nobody = OnWordOf::Party(Reference {
        kind: Some("person".to_owned()),
        id: String::new(),
    });
    let request = question(&nobody, "login-as", "person", target.id.as_str());
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let span = Span {
            after: &after,
            rows: PAGE,
            enough,
        };
        let found = search::run(scene, Sought::Subject, &request, span, None)?;
        for id in found.ids {
            let id: PersonId = id.parse().map_err(|_| gone(&id))?;
            let grants = register.grants(&id)?.into_iter();
            let roles: Vec<_> = grants
                .filter(|grant| grant.is_held(scene.now))
                .filter_map(|grant| match grant.what {
                    Granted::Role(role) => Some(role),
                    _ => None,
                })
                .collect();
            if let Some(actor) = register.person(&id)? {
                rows.push(json!({
                    "person": actor.id, "username": actor.username, "name": actor.name, "roles": roles,
                }));
            }
        }
        match found.next {
            None => return Ok(rows),
            Some(_) if enough() => return Err(time_up(&target)),
            Some(next) => after = next,
        }
    }
}

fn time_up(target: &Person) -> FlowError {
    let why = "the time of one request is up, because a plugin takes long over each of them; \
               /access/v1/search/subject asks page by page";
    FlowError::TimeUp {
        what: format!("tell who could log in as {}", target.id),
        source: Refusal::because(why),
    }
}
