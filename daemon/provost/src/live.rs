//! Everything that a reload swaps at once: the configuration, the roles and the plugins in force.

use provost_core::decision::{self, Facts, Finding, Request};
use provost_core::document::Problem;
use provost_core::id::{DistrictId, EditionId, FeedId, PluginId};
use provost_core::role::{Granted, Roles};
use provost_sandbox::{
    Channel, CodeKey, CodeOrigin, Digest, Engine, Plugin, Policy, SettingProblem, Settings,
    TrustInMemory, TrustedCode,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, PluginOffer};
use crate::daemon::DaemonError;
use crate::deliver::{Carrier, Deliver, Grant, Http, Secrets, Smtp};
use crate::http::tls;
use crate::store::Store;

mod trial;

/// A channel with its settings.
pub struct LiveChannel {
    /// The plugin.
    pub channel: Channel,
    /// Its settings, as the configuration gives them.
    pub settings: Map<String, Value>,
}

/// What is in force.
pub struct Live {
    /// The configuration.
    pub config: Config,
    /// The standard roles and those of the editions.
    pub roles: Arc<Roles>,
    /// Edition policies.
    pub policies: Vec<Policy>,
    /// What `listen.http` shows over TLS, if it does.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Notification channels, by plugin id.
    pub channels: BTreeMap<PluginId, LiveChannel>,
    /// The way out for mail and requests.
    pub relay: Arc<dyn Deliver>,
}

impl Live {
    /// Loads, tries and describes every plugin that the configuration offers.
    ///
    /// # Errors
    /// Every plugin that cannot be loaded and every name that no plugin gives: all of them at once.
    pub fn load(config: Config, loader: &Loader) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut live = Self {
            roles: Arc::new(Roles::standard()),
            policies: Vec::new(),
            tls: None,
            channels: BTreeMap::new(),
            relay: Arc::new(Carrier::default()),
            config,
        };
        if let Some(files) = &live.config.listen.tls {
            match tls::server(files) {
                Ok(server) => live.tls = Some(server),
                Err(why) => problems.push(problem("listen.tls", chain(&why))),
            }
        }
        let grants = live.plug_in(loader, &mut problems);
        let mut relay = None;
        if let Some(mail) = &live.config.mail {
            match Smtp::new(mail, loader.credentials.as_deref()) {
                Ok(smtp) => relay = Some(smtp),
                Err(why) => problems.push(problem(
                    "mail",
                    format!("cannot be put into force: {}", chain(&why)),
                )),
            }
        }
        live.relay = Arc::new(Carrier::new(relay, Http::new(grants)));
        problems.extend(live.unknown_names());
        problems.extend(live.unfit_routes());
        if problems.is_empty() {
            Ok(live)
        } else {
            Err(problems)
        }
    }

    /// Loads and tries the plugins; what channels that send requests may do.
    fn plug_in(
        &mut self,
        loader: &Loader,
        problems: &mut Vec<Problem>,
    ) -> BTreeMap<PluginId, Grant> {
        let mut roles = Roles::standard();
        let mut grants = BTreeMap::new();
        for offer in self.config.plugins.values() {
            let secrets = loader.secrets(offer, problems);
            match loader.load(offer) {
                Err(why) => problems.push(unfit(offer, why)),
                Ok(Plugin::Policy(policy)) => {
                    for taken in roles.add_edition(policy.edition().roles.iter().cloned()) {
                        problems.push(unfit(
                            offer,
                            format!("describes role `{taken}`, which exists already"),
                        ));
                    }
                    self.policies.push(policy);
                }
                Ok(Plugin::Channel(channel)) => {
                    let wrong = channel.check_settings(&offer.settings);
                    problems.extend(wrong.into_iter().map(|wrong| setting(offer, &wrong)));
                    let grant = trial::grant(offer, &channel, secrets, problems);
                    grants.extend(grant.map(|grant| (offer.id.clone(), grant)));
                    let settings = offer.settings.clone();
                    self.channels
                        .insert(offer.id.clone(), LiveChannel { channel, settings });
                }
            }
        }
        self.roles = Arc::new(roles);
        grants
    }

    /// Editions and roles that the configuration names and no plugin gives.
    fn unknown_names(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut editions: BTreeSet<&EditionId> = self
            .policies
            .iter()
            .map(|policy| &policy.edition().id)
            .collect();
        let standard = EditionId::new("standard").ok();
        editions.extend(standard.iter());
        let known: Vec<&str> = editions.iter().map(|edition| edition.as_str()).collect();
        for district in self
            .config
            .districts
            .values()
            .filter(|district| !editions.contains(&district.edition))
        {
            problems.push(Problem {
                key: format!("district.{}.edition", district.id),
                value: Some(district.edition.to_string()),
                why: format!("no plugin gives this edition; known: {}", known.join(", ")),
            });
        }
        for source in self.config.sources.values() {
            let roles = source.grants.iter().filter_map(|grant| match &grant.gives {
                Granted::Role(role) => Some(role),
                _ => None,
            });
            for role in roles.filter(|role| self.roles.get(role).is_none()) {
                problems.push(Problem {
                    key: format!("source.{}.grant.role", source.id),
                    value: Some(role.to_string()),
                    why: "no such security role, in the standard edition or any plugin".to_owned(),
                });
            }
        }
        problems
    }

    /// Routes by plugins that are no channels, and by mail without a relay.
    fn unfit_routes(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let routed: BTreeSet<_> = self
            .config
            .routes
            .iter()
            .flat_map(|route| &route.channels)
            .collect();
        for id in routed {
            if self.policies.iter().any(|policy| policy.id() == id) {
                problems.push(Problem {
                    key: "route.channels".to_owned(),
                    value: Some(id.to_string()),
                    why: "is a role policy, not a channel".to_owned(),
                });
            }
            let channel = self.channels.get(id).map(|live| live.channel.describe());
            if self.config.mail.is_none() && channel.is_some_and(|channel| channel.sends_mail) {
                let why = format!(
                    "is missing: channel {id} of a [[route]] sends mail, which needs a relay and a from address"
                );
                problems.push(problem("mail", why));
            }
        }
        problems
    }

    /// The activity feed of a district, if one is configured.
    pub fn feed_of(&self, district: &DistrictId) -> Option<FeedId> {
        self.config
            .feeds
            .iter()
            .find(|feed| feed.district == *district)
            .map(|feed| feed.id.clone())
    }

    /// An edition's policy has a say in this request.
    pub fn concerns_plugins(&self, request: &Request, facts: &Facts) -> bool {
        self.policies
            .iter()
            .any(|policy| policy.concerns(request, facts))
    }

    /// What the edition policies concerned say of a request.
    pub fn findings(&self, request: &Request, facts: &Facts) -> Vec<Finding> {
        if !self.concerns_plugins(request, facts) {
            return Vec::new();
        }
        let relations = decision::relations(request, facts);
        self.policies
            .iter()
            .flat_map(|policy| match policy.evaluate(request, facts, &relations) {
                Ok(evaluation) => evaluation.findings,
                Err(error) => {
                    tracing::warn!(plugin = %error.plugin, error = %chain(&error), "plugin failed");
                    vec![error.finding()]
                }
            })
            .collect()
    }
}

fn problem(key: &str, why: String) -> Problem {
    Problem {
        key: key.to_owned(),
        value: None,
        why,
    }
}

fn unfit(offer: &PluginOffer, why: String) -> Problem {
    Problem {
        key: format!("plugin.{}.file", offer.id),
        value: Some(offer.file.display().to_string()),
        why,
    }
}

fn setting(offer: &PluginOffer, wrong: &SettingProblem) -> Problem {
    Problem {
        key: format!("plugin.{}.settings", offer.id),
        value: None,
        why: wrong.to_string(),
    }
}

/// Compiles and tries plugins; the hashes of compiled forms lie in the store, where who can write the folder cannot.
pub struct Loader {
    engine: Engine,
    trust: Box<dyn TrustedCode + Send + Sync>,
    /// The service's credentials directory.
    credentials: Option<PathBuf>,
}

impl Loader {
    /// A loader that keeps nothing: for `provost check`, scenarios and the demo.
    ///
    /// # Errors
    /// If no plugin can run on this machine.
    pub fn forgetful(credentials: Option<&Path>) -> Result<Self, DaemonError> {
        let engine = Engine::new(Settings::default()).map_err(DaemonError::Engine)?;
        Ok(Self {
            engine,
            trust: Box::new(TrustInMemory::default()),
            credentials: credentials.map(Path::to_owned),
        })
    }

    /// A loader that keeps compiled plugins in a folder beside the database.
    ///
    /// # Errors
    /// If no plugin can run on this machine.
    pub fn beside(
        store: &Arc<Store>,
        database: &Path,
        credentials: Option<&Path>,
    ) -> Result<Self, DaemonError> {
        let cache_dir = database
            .parent()
            .map(|folder| folder.join("compiled-plugins"));
        let engine = Engine::new(Settings {
            cache_dir,
            ..Settings::default()
        })
        .map_err(DaemonError::Engine)?;
        Ok(Self {
            engine,
            trust: Box::new(TrustInStore(Arc::clone(store))),
            credentials: credentials.map(Path::to_owned),
        })
    }

    /// Reads the secrets that a plugin's requests may name.
    fn secrets(&self, offer: &PluginOffer, problems: &mut Vec<Problem>) -> Secrets {
        let mut secrets = BTreeMap::new();
        for (name, files) in &offer.secrets {
            let read = files
                .iter()
                .map(|file| file.read(self.credentials.as_deref()));
            match read.collect::<Result<Vec<_>, _>>() {
                Ok(read) => drop(secrets.insert(name.clone(), read)),
                Err(why) => problems.push(problem(
                    &format!("plugin.{}.secrets.{name}", offer.id),
                    chain(&why),
                )),
            }
        }
        Secrets::new(secrets)
    }

    /// Reads, compiles, tries and describes a plugin.
    ///
    /// # Errors
    /// In one line, why it is refused.
    pub fn load(&self, offer: &PluginOffer) -> Result<Plugin, String> {
        let bytes = std::fs::read(&offer.file).map_err(|why| format!("cannot be read: {why}"))?;
        let plugin = self
            .engine
            .load(offer.id.clone(), None, &bytes, self.trust.as_ref())
            .map_err(|why| chain(&why))?;
        if let CodeOrigin::Replaced { .. } = plugin.origin() {
            tracing::warn!(plugin = %offer.id, "the compiled form had been changed and was compiled anew");
        }
        tracing::info!(plugin = %offer.id, hash = %plugin.digest(), code = self.engine.form().word(), "plugin loaded");
        Ok(plugin)
    }
}

/// Hashes of compiled forms among the store's settings.
struct TrustInStore(Arc<Store>);

fn setting_of(key: &CodeKey) -> String {
    format!("plugin-code.{}.{}", key.component, key.engine)
}

impl TrustedCode for TrustInStore {
    fn trusted(
        &self,
        key: &CodeKey,
    ) -> Result<Option<Digest>, Box<dyn std::error::Error + Send + Sync>> {
        let text: Option<String> = self.0.read()?.get(&setting_of(key))?;
        Ok(text.as_deref().and_then(Digest::parse))
    }

    fn record(
        &self,
        key: &CodeKey,
        form: &Digest,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.put(&setting_of(key), form.as_str())?)
    }
}

/// An error with its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
