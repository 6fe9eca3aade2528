//! The life of plugins: versions come from the configuration or an operator, come into force by approval, and can be
//! returned to. Each step is a plan that is tried before it is committed; decisions go on meanwhile.

mod offers;
mod quarantine;
mod wants;

pub use offers::settle;
pub use quarantine::tell;

use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::document::Problem;
use provost_core::id::PluginId;
use provost_core::plugin::{Approval, Installed, Origin, Unfit, Version};
use provost_sandbox::{Digest, Plugin};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{FlowError, NotFound, Refusal, plan, write};
use crate::config::{Config, PluginOffer};
use crate::daemon::Daemon;
use crate::live::{Live, Loader, unfit};
use crate::log::event;
use crate::store::Snapshot;
use wants::wants;

/// What the life of plugins needs of a daemon.
#[derive(Default)]
pub struct Plugins {
    loader: OnceLock<Arc<Loader>>,
    /// Held while what is in force is being changed.
    changing: Mutex<()>,
}

impl Plugins {
    /// Gives it what loads plugins; the first one stays.
    pub fn equip(&self, loader: Arc<Loader>) {
        let _ = self.loader.set(loader);
    }

    /// Nobody else changes what is in force until this is dropped.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn loader(&self, what: &str) -> Result<&Arc<Loader>, FlowError> {
        self.loader.get().ok_or_else(|| FlowError::Refused {
            what: what.to_owned(),
            source: Refusal::because("nothing loads plugins here"),
        })
    }
}

/// How far an installation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The version is tried and compared; nothing is kept.
    Look,
    /// It is kept, and in force if it asks for nothing new.
    Install,
    /// It is kept, approved and in force.
    Approve,
}

/// What an operator wants to have installed.
pub struct Component {
    /// As which plugin.
    pub id: PluginId,
    /// The component.
    pub bytes: Vec<u8>,
}

/// A plugin after a step, and the version that the step was about.
pub struct Stepped {
    /// The plugin.
    pub plugin: Installed,
    /// The version; `None` after a removal.
    pub version: Option<Version>,
}

/// Compiles and tries a version and keeps it, as far as `extent` says.
///
/// # Errors
/// [`FlowError::Invalid`] if it is no plugin of this Provost, [`FlowError::Conflict`] if it does not fit what is in
/// force.
pub fn install(
    daemon: &Daemon,
    component: Component,
    extent: Extent,
    actor: &Actor,
) -> Result<Stepped, FlowError> {
    let Component { id, bytes } = component;
    let what = format!("install plugin {id}");
    let loader = daemon.plugins.loader(&what)?;
    // This is what takes long, and nobody waits for it.
    let tried = loader
        .load_bytes(&id, &bytes)
        .map_err(|why| FlowError::Invalid {
            what: what.clone(),
            source: Refusal::because(why),
        })?;
    let by = word(daemon, actor);
    let version = version(&tried, bytes.len(), Origin::Installed, by.clone());
    let hash = version.hash.clone();
    if extent == Extent::Look {
        let known = daemon.store.read()?.plugins()?;
        let plugin = known.get(&id).cloned();
        let plugin = plugin.unwrap_or_else(|| Installed::new(id));
        let version = Some(version);
        return Ok(Stepped { plugin, version });
    }
    let step = Step {
        what,
        id,
        actor,
        about: Some(hash.clone()),
        new: Some((tried, bytes)),
    };
    step.take(daemon, |before| {
        let before = before.cloned();
        let before = before.unwrap_or_else(|| Installed::new(step.id.clone()));
        let after = before.with(version.clone());
        match extent {
            Extent::Approve if after.running.as_ref() != Some(&hash) => {
                after.approve(Some(&hash), &by)
            }
            _ => Ok(after),
        }
    })
}

/// Approves a version and brings it into force: the one whose hash begins so, or the newest that waits.
///
/// # Errors
/// [`FlowError::Conflict`] if there is no such version, or it does not fit what is in force.
pub fn approve(
    daemon: &Daemon,
    id: PluginId,
    hash: Option<&str>,
    actor: &Actor,
) -> Result<Stepped, FlowError> {
    let by = word(daemon, actor);
    Step::of("approve", id, actor).on(daemon, |before| before.approve(hash, &by))
}

/// Returns to an earlier version: the one whose hash begins so, or the one that was in force before.
///
/// # Errors
/// As [`approve`].
pub fn roll_back(
    daemon: &Daemon,
    id: PluginId,
    hash: Option<&str>,
    actor: &Actor,
) -> Result<Stepped, FlowError> {
    let by = word(daemon, actor);
    Step::of("roll back", id, actor).on(daemon, |before| before.roll_back(hash, &by))
}

/// Takes a plugin out of force and forgets what was approved for it.
///
/// # Errors
/// As [`approve`]; the configuration may need what the plugin gives.
pub fn remove(daemon: &Daemon, id: PluginId, actor: &Actor) -> Result<Stepped, FlowError> {
    let removed = Step::of("remove", id, actor).on(daemon, Installed::removed)?;
    Ok(Stepped {
        version: None,
        ..removed
    })
}

/// A step in the life of a plugin.
struct Step<'a> {
    /// What is attempted.
    what: String,
    id: PluginId,
    actor: &'a Actor,
    /// The version that it is about, where it is not the one in force afterwards.
    about: Option<String>,
    /// A version that was tried just now, and its component.
    new: Option<(Plugin, Vec<u8>)>,
}

impl<'a> Step<'a> {
    fn of(verb: &str, id: PluginId, actor: &'a Actor) -> Self {
        Self {
            what: format!("{verb} plugin {id}"),
            id,
            actor,
            about: None,
            new: None,
        }
    }

    /// A step of a plugin that must be there.
    fn on(
        &self,
        daemon: &Daemon,
        step: impl Fn(&Installed) -> Result<Installed, Unfit>,
    ) -> Result<Stepped, FlowError> {
        if !daemon.store.read()?.plugins()?.contains_key(&self.id) {
            return Err(FlowError::Unknown {
                what: "plugin",
                id: self.id.to_string(),
                source: NotFound::None,
            });
        }
        self.take(daemon, |before| match before {
            Some(before) => step(before),
            None => Err(Unfit::NotThere),
        })
    }

    /// Plans the step, tries what would be in force after it, commits, and puts it in force.
    fn take(
        &self,
        daemon: &Daemon,
        step: impl Fn(Option<&Installed>) -> Result<Installed, Unfit>,
    ) -> Result<Stepped, FlowError> {
        let _changing = daemon.plugins.hold();
        let loader = daemon.plugins.loader(&self.what)?;
        if let Some((tried, bytes)) = &self.new {
            let hash = tried.digest().as_str();
            daemon.store.keep_component(hash, bytes.clone())?;
        }
        let (now, old) = (daemon.ports.clock.now(), daemon.config());
        let loaded = |id: &PluginId, digest: &Digest| {
            let new = self.new.as_ref().map(|(tried, _)| tried);
            let new = new.filter(|tried| (tried.id(), tried.digest()) == (id, digest));
            new.cloned().or_else(|| old.plugin(id, digest))
        };
        let mut next = None;
        let after = write(&daemon.store, |register| {
            let mut known = register.plugins()?;
            let before = known.get(&self.id).cloned();
            let after = step(before.as_ref()).map_err(|why| self.conflict(why.to_string()))?;
            known.insert(self.id.clone(), after.clone());
            let runs = |plugin: &Installed| in_force(&old.config, plugin).map(|it| it.hash.clone());
            if before.as_ref().and_then(runs) != runs(&after) {
                let live = assemble(old.config.clone(), &known, loader, register, &loaded);
                next = Some(live.map_err(|problems| self.conflict(lines(&problems)))?);
            }
            let changes = match before.as_ref() == Some(&after) {
                true => Vec::new(),
                false => vec![Change::Plugin {
                    before: before.map(Box::new),
                    after: Box::new(after.clone()),
                }],
            };
            Ok((plan(register, self.actor.clone(), now, changes), after))
        })?;
        if let Some(live) = next {
            daemon.live.store(Arc::new(live));
        }
        let hash = self.about.as_ref().or(after.running.as_ref());
        let version = hash.and_then(|hash| after.version(hash)).cloned();
        let running = after.running.as_deref().unwrap_or("none");
        tracing::info!(message_id = event::PLUGIN_CHANGED.id, plugin = %self.id, running, step = %self.what, "plugin changed");
        Ok(Stepped {
            plugin: after,
            version,
        })
    }

    fn conflict(&self, why: String) -> FlowError {
        FlowError::Conflict {
            what: self.what.clone(),
            source: Refusal::because(why),
        }
    }
}

fn word(daemon: &Daemon, actor: &Actor) -> Approval {
    Approval {
        by: actor.clone(),
        at: daemon.ports.clock.now(),
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// What a plugin that was tried is, as a version of it.
fn version(tried: &Plugin, bytes: usize, origin: Origin, added: Approval) -> Version {
    let title = match tried {
        Plugin::Policy(policy) => &policy.edition().title,
        Plugin::Channel(channel) => &channel.describe().title,
    };
    Version {
        hash: tried.digest().to_string(),
        kind: tried.kind().word().to_owned(),
        title: title.clone(),
        bytes: bytes as u64,
        wants: wants(tried),
        origin,
        added,
        approved: None,
        since: None,
    }
}

/// The version of a plugin that is in force with this configuration: one that only the configuration offered goes with
/// its entry.
pub fn in_force<'p>(config: &Config, plugin: &'p Installed) -> Option<&'p Version> {
    let named = config.plugins.contains_key(&plugin.id);
    plugin
        .running()
        .filter(|version| named || version.origin == Origin::Installed)
}

/// Finds a version that is loaded already.
type Loaded<'l> = dyn Fn(&PluginId, &Digest) -> Option<Plugin> + 'l;

/// Puts the versions in force together with a configuration.
fn assemble(
    config: Config,
    known: &BTreeMap<PluginId, Installed>,
    loader: &Loader,
    register: &Snapshot<'_>,
    loaded: &Loaded<'_>,
) -> Result<Live, Vec<Problem>> {
    let (mut plugins, mut problems) = (Vec::new(), Vec::new());
    for (id, plugin) in known {
        let version = in_force(&config, plugin);
        let Some(digest) = version.and_then(|version| Digest::parse(&version.hash)) else {
            continue;
        };
        let component = || {
            let kept = register.component(digest.as_str());
            kept.map_err(|why| crate::live::chain(&why))
        };
        let plugin = match loaded(id, &digest) {
            Some(plugin) => Ok(plugin),
            None => loader.load_version(id, &digest, component),
        };
        match plugin {
            Ok(plugin) => plugins.push(plugin),
            Err(why) => problems.push(unfit(&PluginOffer::bare(id.clone()), why)),
        }
    }
    Live::with(config, plugins, loader, problems)
}

/// The moment and word of the configuration.
fn configured(now: Timestamp) -> Approval {
    Approval {
        by: Actor::Configuration,
        at: now,
    }
}
