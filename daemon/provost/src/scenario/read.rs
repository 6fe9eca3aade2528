//! A scenario file → a believed [`Scenario`], or every problem of it with file, step number and key.

use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use provost_core::document::{Problem, Problems, Table};
use provost_core::id::{AgentId, DistrictId, FeedId, PersonId, PluginId};
use provost_core::register::value::{label, moment};
use provost_core::register::{Existing, Given, Register, read_tables};
use provost_core::role::Roles;

use super::{Act, ByChannel, Expect, Scenario, Step};
use crate::config::read_notices;
use crate::document::{DocumentError, load};

/// A scenario file that is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file is no document.
    #[error("read the scenario")]
    Document(#[from] DocumentError),
    /// The roles of its edition plugins are not to be had.
    #[error("load the edition plugins of {file}: {why}")]
    Editions {
        /// Which file.
        file: String,
        /// Why.
        why: String,
    },
    /// The document contradicts itself or says what is not understood.
    #[error("{}", listed(file, problems))]
    Problems {
        /// Which file.
        file: String,
        /// All of them.
        problems: Vec<Problem>,
    },
}

fn listed(file: &str, problems: &[Problem]) -> String {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| format!("{file}: {}", Placed(problem)))
        .collect();
    lines.join("\n")
}

/// A problem whose step is counted from 1, as people count: `step 4: activity.kind = …`.
struct Placed<'p>(&'p Problem);

impl fmt::Display for Placed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = self.0.key.strip_prefix("step[");
        let parts = step.and_then(|rest| rest.split_once(']'));
        let Some((place, key)) = parts else {
            return self.0.fmt(f);
        };
        let number = place.parse::<usize>().map_or(0, |place| place + 1);
        let key = key.trim_start_matches('.').to_owned();
        write!(f, "step {number}: ")?;
        if key.is_empty() {
            return f.write_str(&self.0.why);
        }
        Problem {
            key,
            ..self.0.clone()
        }
        .fmt(f)
    }
}

/// Reads a scenario file. `roles` gives the roles in force with the edition plugins that the file names.
///
/// # Errors
/// [`ScenarioError`] if the file is no document, a plugin is not to be had, or with every problem of the document.
pub fn read_file(
    path: &Path,
    roles: impl FnOnce(&[PluginId]) -> Result<Roles, String>,
) -> Result<Scenario, ScenarioError> {
    let document = load(path)?;
    read(&path.display().to_string(), &document, roles)
}

/// Reads a scenario from a document; `file` is its name in problems.
///
/// # Errors
/// As [`read_file`].
pub fn read(
    file: &str,
    document: &Map<String, Value>,
    roles: impl FnOnce(&[PluginId]) -> Result<Roles, String>,
) -> Result<Scenario, ScenarioError> {
    let problems = Problems::default();
    let top = Table::top(document, &problems);
    let edition_plugins = top.list::<PluginId>("edition-plugins");
    let roles = roles(&edition_plugins).map_err(|why| ScenarioError::Editions {
        file: file.to_owned(),
        why,
    })?;
    let channel = top.table("channel").and_then(|table| by_channel(&table));
    let title = label(&top, "title").unwrap_or_else(|| file.to_owned());
    let steps = top.tables("step");
    let approve_above = read_notices(&top);
    let start = start(&steps, document);
    let existing = Existing::default();
    let given = Given {
        now: start,
        by: "operator scenario",
        roles: &roles,
        existing: &existing,
    };
    let mut register = read_tables(&top, given, &problems);
    let cast = Cast::new(&register, document);
    let steps: Vec<_> = (1..)
        .zip(&steps)
        .map(|(number, table)| step(number, table, &cast))
        .collect();
    if steps.is_empty() && !top.has("step") {
        problems.note(
            "step",
            None,
            "is missing: a scenario needs at least one [[step]]",
        );
    }
    top.done();
    register.agents = cast.agents.into_iter().collect();
    if !problems.is_empty() {
        let file = file.to_owned();
        let problems = problems.into_vec();
        return Err(ScenarioError::Problems { file, problems });
    }
    Ok(Scenario {
        title,
        edition_plugins,
        channel,
        register,
        start,
        approve_above,
        steps,
    })
}

/// The channel plugin that renders the notices.
fn by_channel(table: &Table) -> Option<ByChannel> {
    let plugin = table.need_parse("plugin");
    let settings = match table.value("settings") {
        None => Map::new(),
        Some(Value::Object(settings)) => settings.clone(),
        Some(_) => {
            table.problem("settings", "must be a table");
            Map::new()
        }
    };
    table.done();
    Some(ByChannel {
        plugin: plugin?,
        settings,
    })
}

/// The clock starts at the first step that says a time. A scenario that never says one needs no particular time:
/// it starts when the latest of its contacts was last heard of.
fn start(steps: &[Table], document: &Map<String, Value>) -> Timestamp {
    let said = |value: Option<&Value>| value.and_then(Value::as_str)?.parse::<Timestamp>().ok();
    let first = steps.iter().find_map(|step| said(step.value("at")));
    let contacts = document.get("contact").and_then(Value::as_array);
    let heard = contacts
        .into_iter()
        .flatten()
        .flat_map(|contact| ["designated", "last-activity"].map(|key| said(contact.get(key))));
    first.or_else(|| heard.flatten().max()).unwrap_or(TIMELESS)
}

/// 2025-01-01T12:00:00Z, for documents without any time.
const TIMELESS: Timestamp = Timestamp::constant(1_735_732_800, 0);

/// Who may appear in a step.
pub(super) struct Cast {
    persons: BTreeMap<PersonId, DistrictId>,
    pub(super) districts: BTreeSet<DistrictId>,
    pub(super) feeds: BTreeMap<FeedId, DistrictId>,
    pub(super) agents: BTreeSet<AgentId>,
    /// The document lists its agents: nobody else is one.
    agents_listed: bool,
}

impl Cast {
    fn new(register: &Register, document: &Map<String, Value>) -> Self {
        let persons = register.persons.iter();
        let feeds = register.feeds.iter();
        let mut cast = Self {
            persons: persons
                .map(|person| (person.id.clone(), person.district.clone()))
                .collect(),
            districts: register
                .districts
                .iter()
                .map(|district| district.id.clone())
                .collect(),
            feeds: feeds
                .map(|feed| (feed.id.clone(), feed.district.clone()))
                .collect(),
            agents: register.agents.iter().cloned().collect(),
            agents_listed: document.contains_key("agent"),
        };
        if !cast.agents_listed {
            cast.agents = cast.agents_of(document);
        }
        cast
    }

    /// In a document that lists no agents, whoever acts and is no person is one.
    fn agents_of(&self, document: &Map<String, Value>) -> BTreeSet<AgentId> {
        let steps = document.get("step").and_then(Value::as_array);
        let steps = || steps.into_iter().flatten();
        let verbs = [
            "case",
            "call",
            "update-request",
            "contact",
            "grant",
            "revoke",
        ];
        let acting = steps().flat_map(|step| verbs.map(|verb| step.get(verb)?.get("by")?.as_str()));
        let asking = steps().map(|step| {
            let question = step.get("decide")?;
            let for_agents = question.get("action")?.as_str()? == "case.open-for";
            question.get("subject")?.as_str().filter(|_| for_agents)
        });
        acting
            .chain(asking)
            .flatten()
            .filter(|id| *id != "operator")
            .filter(|id| PersonId::new(*id).is_ok_and(|id| !self.persons.contains_key(&id)))
            .filter_map(|id| AgentId::new(id).ok())
            .collect()
    }

    /// The district of a person of the document.
    pub(super) fn district_of(&self, id: &PersonId) -> Option<&DistrictId> {
        self.persons.get(id)
    }

    /// Who is meant by an untyped id that is no person's.
    pub(super) fn is_agent(&self, id: &str) -> bool {
        let person = PersonId::new(id).is_ok_and(|id| self.persons.contains_key(&id));
        !person && AgentId::new(id).is_ok_and(|id| self.agents.contains(&id))
    }
}

/// Reads one `[[step]]`.
fn step(number: usize, table: &Table, cast: &Cast) -> Step {
    let at = moment(table, "at");
    let acts = super::act::read(number, table, cast);
    let expect = table
        .table("expect")
        .map(|table| Expect::read(&table, cast))
        .unwrap_or_default();
    table.done();
    let idle = at.is_none() && acts.is_empty() && !table.has("expect");
    if idle && table.keys().next().is_none() {
        table.problem("", "says nothing");
    }
    let answers = acts.iter().any(answers);
    if !answers && expect.of_a_decision() && table.keys().all(|key| key == "expect" || key == "at")
    {
        table.problem("expect", "expects an answer of a step that asks nothing");
    }
    Step {
        number,
        at,
        acts,
        expect,
    }
}

/// Acts that are decided upon and so have a decision and reasons.
fn answers(act: &Act) -> bool {
    matches!(
        act,
        Act::Decide(_)
            | Act::Grant { .. }
            | Act::Contact { .. }
            | Act::CaseOpen(_)
            | Act::CaseClose { .. }
            | Act::CaseTransition { .. }
            | Act::CallOpen { .. }
            | Act::Call { .. }
            | Act::UpdateSubmit { .. }
            | Act::UpdateAdvance { .. }
            | Act::LoginAs { .. }
    )
}
