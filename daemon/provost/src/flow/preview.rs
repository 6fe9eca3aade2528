//! What a grant would change: what the person could do afterwards that they could not do before.

use provost_core::decision::{
    Action, Decision, Facts, Party, PersonFacts, Reference, Request, Thing,
};
use provost_core::id::GroupId;
use provost_core::role::{Grant, Granted, Group, Origin};
use serde::Serialize;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{FlowError, NotFound, Scene, decide, grant, person};
use crate::store::{Aside, Snapshot};

/// People of the district that are looked at, by id: a preview is a page, not a census.
const EXAMINED: usize = 2_000;

/// People named who could be entered.
const NAMED: usize = 100;

/// What comes in addition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Preview {
    /// Actions that are allowed on something or somebody of the district afterwards, and on nothing before.
    pub actions: BTreeSet<String>,
    /// Whole products whose tools open.
    pub products: BTreeSet<String>,
    /// Letters on single tools.
    pub rights: BTreeMap<String, String>,
    /// Calendar rights, in words.
    pub calendars: Vec<String>,
    /// People who could be entered, by username: the first of them.
    pub could_enter: Vec<String>,
    /// How many those are.
    pub could_enter_in_all: usize,
    /// Not everybody of the district was looked at, or not for everything; there may be more.
    pub and_more: bool,
}

impl Preview {
    /// Nothing would change.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
            && self.products.is_empty()
            && self.rights.is_empty()
            && self.calendars.is_empty()
            && self.could_enter_in_all == 0
    }
}

/// What a person could do with `what` that they cannot do without it, as far as can be told until it is `enough`: a
/// plugin may take long over every decision. Changes nothing.
///
/// # Errors
/// If there is no such person, role or group, if the role could have no effect, or the store cannot be read.
pub fn of(
    scene: Scene<'_>,
    reference: &str,
    what: &Granted,
    enough: &dyn Fn() -> bool,
) -> Result<Preview, FlowError> {
    let register = scene.store.read()?;
    let holder = person(&register, reference)?;
    grant::check_known(scene, &register, &holder, what)?;
    grant::check_homepage(&holder, what)?;
    let aside = Aside::new(&register);
    let about = request(holder.id.as_str(), "tool.use", "tool", "attendance");
    let facts = aside.facts(&about, scene.now, &scene.live.roles)?;
    let Some(before) = facts.subject_person().cloned() else {
        return Err(FlowError::Unknown {
            what: "person",
            id: reference.to_owned(),
            source: NotFound::None,
        });
    };
    let (tools, after) = with(scene, &register, &facts, &before, what)?;
    let beyond = after.rights.beyond(&before.rights, &tools);
    let had: BTreeSet<_> = before.calendars.iter().collect();
    let calendars = after.calendars.iter().filter(|right| !had.contains(right));
    let compare = Compare {
        scene,
        aside,
        tools,
        sides: [Arc::new(before.clone()), Arc::new(after.clone())],
        enough,
        cut: Cell::new(false),
    };
    let people = register.people(Some(&holder.district), None, EXAMINED)?;
    let mut preview = Preview {
        actions: compare.actions(
            &people
                .iter()
                .map(|of| of.id.to_string())
                .collect::<Vec<_>>(),
        )?,
        products: beyond.products.iter().map(ToString::to_string).collect(),
        rights: beyond
            .tools
            .iter()
            .map(|(tool, letters)| (tool.to_string(), letters.to_string()))
            .collect(),
        calendars: calendars
            .map(|right| Granted::Calendar(right.clone()).to_string())
            .collect(),
        could_enter: Vec::new(),
        could_enter_in_all: 0,
        and_more: people.len() >= EXAMINED,
    };
    for target in people {
        if compare.enough() {
            break;
        }
        if compare.gained(&request(
            holder.id.as_str(),
            "login-as",
            "person",
            target.id.as_str(),
        ))? {
            preview.could_enter_in_all += 1;
            if preview.could_enter.len() < NAMED {
                preview.could_enter.push(target.username);
            }
        }
    }
    preview.and_more |= compare.cut.get();
    Ok(preview)
}

fn request(subject: &str, action: &str, kind: &str, id: &str) -> Request {
    let reference = |kind: &str, id: &str| Reference {
        kind: Some(kind.to_owned()),
        id: id.to_owned(),
    };
    Request {
        subject: reference("person", subject),
        action: action.to_owned(),
        resource: reference(kind, id),
        properties: Map::new(),
        context: Map::new(),
    }
}

/// The person as they would be, and a catalogue that has every tool of it.
fn with(
    scene: Scene<'_>,
    register: &Snapshot<'_>,
    facts: &Facts,
    before: &PersonFacts,
    what: &Granted,
) -> Result<(provost_core::rights::Tools, PersonFacts), FlowError> {
    let mut grants = before.grants.clone();
    grants.push(Grant {
        person: before.person.id.clone(),
        what: what.clone(),
        origin: Origin::Manual,
        by: "preview".to_owned(),
        at: scene.now,
        expires: None,
    });
    let mut tools = (*facts.tools).clone();
    let mut groups: BTreeMap<GroupId, Group> = BTreeMap::new();
    for grant in &grants {
        match &grant.what {
            Granted::Group(id) => {
                if let Some(group) = register.group(&before.person.district, id)? {
                    groups.insert(id.clone(), group);
                }
            }
            Granted::Tool(tool, _) => drop(tools.intern(tool)),
            Granted::Role(_) | Granted::Calendar(_) => {}
        }
    }
    for tool in groups.values().flat_map(|group| group.rights.keys()) {
        tools.intern(tool);
    }
    let Some(district) = facts.subject_district() else {
        return Ok((tools, before.clone()));
    };
    let after = PersonFacts::new(
        before.person.clone(),
        before.contact.clone(),
        grants,
        &groups,
        &district.district,
        (&scene.live.roles, &tools),
        scene.now,
    );
    Ok((tools, after))
}

/// The same question asked of the person before and after.
struct Compare<'s> {
    scene: Scene<'s>,
    aside: Aside<'s, 's>,
    tools: provost_core::rights::Tools,
    sides: [Arc<PersonFacts>; 2],
    enough: &'s dyn Fn() -> bool,
    /// It was enough before all was told.
    cut: Cell<bool>,
}

impl Compare<'_> {
    fn enough(&self) -> bool {
        self.cut.set(self.cut.get() || (self.enough)());
        self.cut.get()
    }

    fn sides(&self, request: &Request) -> Result<[Decision; 2], FlowError> {
        let facts = self
            .aside
            .facts(request, self.scene.now, &self.scene.live.roles)?;
        let tools = Arc::new(self.tools.clone());
        Ok(self.sides.each_ref().map(|side| {
            let mut facts = facts.clone();
            let own = facts
                .resource_person()
                .is_some_and(|of| of.id() == side.id());
            if own {
                facts.resource = Thing::Person(Arc::clone(side));
            }
            facts.subject = Party::Person(Arc::clone(side));
            facts.tools = Arc::clone(&tools);
            decide::decide_on(self.scene.live, request, &facts)
        }))
    }

    /// Denied before, allowed after.
    fn gained(&self, request: &Request) -> Result<bool, FlowError> {
        let [before, after] = self.sides(request)?;
        Ok(!before.decision && after.decision)
    }

    /// Actions that nothing of the district allowed before and something allows after. What a tool opens is told by
    /// the rights.
    fn actions(&self, people: &[String]) -> Result<BTreeSet<String>, FlowError> {
        let holder = &self.sides[0].person;
        let core = Action::NAMES.iter().map(|(action, name)| {
            let kinds = action.resource_kinds();
            (
                *name,
                kinds.contains(&"person"),
                kinds.contains(&"district"),
            )
        });
        let policies = self.scene.live.policies.iter();
        let judged = policies.flat_map(|policy| policy.edition().judges.iter());
        let judged = judged.map(|name| (name.as_str(), false, true));
        let mut gained = BTreeSet::new();
        for (name, to_people, to_district) in core.chain(judged) {
            if self.enough() {
                break;
            }
            if to_district {
                let asked = request(
                    holder.id.as_str(),
                    name,
                    "district",
                    holder.district.as_str(),
                );
                if self.gained(&asked)? {
                    gained.insert(name.to_owned());
                }
            }
            if to_people && name != "login-as" && self.gains_over(name, people)? {
                gained.insert(name.to_owned());
            }
        }
        Ok(gained)
    }

    /// Somebody of these is one to whom it may be done after, and nobody is before. Few suffice: these actions hang on
    /// the one who acts, and on little of the one to whom it is done.
    fn gains_over(&self, action: &str, people: &[String]) -> Result<bool, FlowError> {
        const FEW: usize = 20;
        let mut gained = false;
        for id in people.iter().take(FEW) {
            if self.enough() {
                return Ok(false);
            }
            let mut asked = request(self.sides[0].id().as_str(), action, "person", id);
            if action == "right.grant" {
                let product = self.sides[1]
                    .holding
                    .products
                    .iter()
                    .find(|of| !self.sides[0].holding.products.contains(of));
                let tool =
                    product.map_or_else(|| "attendance".to_owned(), |of| format!("{of}/any"));
                asked
                    .properties
                    .insert("tool".to_owned(), Value::from(tool));
            }
            let [before, after] = self.sides(&asked)?;
            if before.decision {
                return Ok(false);
            }
            gained |= after.decision;
        }
        Ok(gained)
    }
}
