//! The world of `provost test`: the real store, the real rules and the daemon's own flows on a virtual clock, with a
//! channel that takes or refuses every notice and a directory that says what the steps say.

mod act;
mod clock;
mod directory;
mod gain;
mod outbox;
mod shelf;

use provost_core::change::Actor;
use provost_core::id::PluginId;
use provost_core::notice::RecipientRole;
use provost_core::register::{self, Existing, Feed};
use provost_core::role::Roles;
use provost_sandbox::{Channel, Policy};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::report::{Ending, Report};
use super::run::{Outcome, StepError, World, run};
use super::{Act, Delivering, Scenario, Step, read};
use crate::config::{Config, Decisions, Listen, Retention, Route};
use crate::flow::{self, FlowError, Scene};
use crate::live::{Live, LiveChannel, chain};
use crate::store::{Store, StoreError};
use clock::VirtualClock;
use gain::Seen;
pub use shelf::Shelf;

/// A world that begins with a scenario's register.
pub struct Simulation {
    store: Store,
    live: Live,
    clock: VirtualClock,
    channel: Delivering,
    seen: Seen,
}

/// Why a world could not be made or broke down.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// The store in memory cannot be set up or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The register cannot be committed.
    #[error("commit the scenario's register")]
    Commit(#[from] crate::store::CommitError),
    /// A flow failed for another reason than a rule.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl Simulation {
    /// A world with the scenario's register at its start; `policies` are the edition plugins that it names, `channel` the
    /// plugin that renders its notices.
    ///
    /// # Errors
    /// If the store cannot be set up or does not take the register.
    pub fn new(
        scenario: &Scenario,
        roles: Roles,
        policies: Vec<Policy>,
        channel: Option<Channel>,
    ) -> Result<Self, SimulationError> {
        let store = Store::in_memory()?;
        let existing = Existing::default();
        let actor = Actor::Operator("scenario".to_owned());
        let plan = register::plan(&scenario.register, &existing, actor, scenario.start);
        store.commit(plan)?;
        let live = Live {
            tls: None,
            config: config(scenario),
            roles: Arc::new(roles),
            policies,
            ward: Arc::default(),
            checkpoint_key: None,
            channels: channels(scenario, channel),
            relay: Arc::new(crate::deliver::Carrier::default()),
        };
        let clock = VirtualClock::new(scenario.start);
        // The register was running before the first step: what the clock showed then is the highest time seen.
        flow::clock::watch(&store, clock.reading())?;
        let mut simulation = Self {
            store,
            live,
            clock,
            channel: Delivering::Accept,
            seen: Seen::default(),
        };
        simulation.recheck(scenario)?;
        simulation.seen = Seen::now(&simulation.store)?;
        Ok(simulation)
    }

    /// Feeds that only steps name gate their district from the start, which the register's plan does not know.
    fn recheck(&self, scenario: &Scenario) -> Result<(), FlowError> {
        let districts = &scenario.register.districts;
        flow::districts::follow(
            &self.store,
            districts,
            &self.live.config.feeds,
            scenario.start,
        )
        .map(drop)
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            store: &self.store,
            live: &self.live,
            now: self.clock.wall(),
        }
    }

    fn play(&mut self, step: &Step) -> Result<Outcome, SimulationError> {
        if let Some(at) = step.at {
            self.clock.set(at);
        }
        let mut outcome = Outcome::default();
        for act in &step.acts {
            self.act(act, &mut outcome)?;
        }
        // The timer did not run in a step without a sweep: what waited before goes on waiting.
        if !step.acts.contains(&Act::Sweep) {
            self.deliver_new(&mut outcome)?;
        }
        self.seen.gain(&self.store, &mut outcome)?;
        outcome.now = Some(self.clock.wall());
        Ok(outcome)
    }
}

impl World for Simulation {
    fn step(&mut self, step: &Step) -> Result<Outcome, StepError> {
        self.play(step).map_err(|source| StepError {
            number: step.number,
            source: Box::new(source),
        })
    }
}

/// The plugin that renders notices, with the scenario's settings.
fn channels(scenario: &Scenario, channel: Option<Channel>) -> BTreeMap<PluginId, LiveChannel> {
    let live = scenario.channel.iter().zip(channel).map(|(by, channel)| {
        let settings = by.settings.clone();
        (by.plugin.clone(), LiveChannel { channel, settings })
    });
    live.collect()
}

/// The configuration that a scenario amounts to.
fn config(scenario: &Scenario) -> Config {
    let districts = scenario.register.districts.iter();
    Config {
        store: PathBuf::new(),
        backups: PathBuf::new(),
        checkpoint_key: None,
        listen: Listen {
            tls: None,
            socket: PathBuf::new(),
            http: None,
            spool: None,
        },
        mail: None,
        operators: Vec::new(),
        districts: districts
            .map(|district| (district.id.clone(), district.clone()))
            .collect(),
        feeds: feeds(scenario),
        sources: BTreeMap::new(),
        plugins: BTreeMap::new(),
        routes: routes(),
        approve_above: scenario.approve_above,
        decisions: Decisions::default(),
        retention: Retention::default(),
    }
}

/// Every notice goes to its contact by the scenario's channel.
fn routes() -> Vec<Route> {
    let channel = PluginId::new("scenario").ok();
    vec![Route {
        notices: vec!["inactivity.*".to_owned()],
        to: RecipientRole::Contact,
        channels: channel.into_iter().collect(),
    }]
}

/// Feeds of the document, and those that its steps bring.
fn feeds(scenario: &Scenario) -> Vec<Feed> {
    let mut feeds = scenario.register.feeds.clone();
    for act in scenario.steps.iter().flat_map(|step| &step.acts) {
        if let Act::Feed { id, district, .. } = act
            && feeds.iter().all(|feed| feed.id != *id)
        {
            feeds.push(Feed::of(id.clone(), district.clone()));
        }
    }
    feeds
}

/// Plays scenario files, each in a world of its own, with plugins from the shelf.
pub fn run_files(files: &[PathBuf], plugins: &Shelf<'_>) -> Report {
    let endings = files.iter().map(|file| {
        play_file(file, plugins).unwrap_or_else(|why| Ending::Broken {
            file: file.display().to_string(),
            why,
        })
    });
    Report {
        endings: endings.collect(),
    }
}

/// # Errors
/// In words, why the file could not be played; a line for each problem of it.
fn play_file(file: &Path, plugins: &Shelf<'_>) -> Result<Ending, String> {
    let mut policies = Vec::new();
    let mut roles = Roles::standard();
    let scenario = read::read_file(file, |ids| {
        policies = plugins.policies(ids)?;
        for policy in &policies {
            roles.add_edition(policy.edition().roles.iter().cloned());
        }
        Ok(roles.clone())
    });
    let scenario = scenario.map_err(|error| chain(&error))?;
    let channel = channel(&scenario, plugins)?;
    let world = Simulation::new(&scenario, roles, policies, channel);
    let mut world = world.map_err(|error| chain(&error))?;
    let story = run(&file.display().to_string(), &scenario, &mut world);
    story.map(Ending::Played).map_err(|error| chain(&error))
}

/// The channel plugin that the scenario names, with settings that it takes.
fn channel(scenario: &Scenario, plugins: &Shelf<'_>) -> Result<Option<Channel>, String> {
    let Some(by) = &scenario.channel else {
        return Ok(None);
    };
    let channel = plugins.channel(&by.plugin)?;
    let wrong = channel.check_settings(&by.settings);
    if wrong.is_empty() {
        return Ok(Some(channel));
    }
    let wrong = wrong
        .iter()
        .map(|wrong| format!("channel.settings: {wrong}"));
    Err(wrong.collect::<Vec<_>>().join("\n"))
}
