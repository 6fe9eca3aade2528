//! Everything that a reload swaps at once: the configuration, the roles and the plugins in force.

use provost_core::decision::{self, Facts, Finding, Relations, Request};
use provost_core::document::Problem;
use provost_core::id::{DistrictId, EditionId, FeedId, PluginId};
use provost_core::role::{Granted, Roles};
use provost_sandbox::{
    CallError, Channel, Digest, Evaluation, Plugin, Policy, SettingProblem, Usage,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::checkpoint::CheckpointKey;
use crate::config::{Config, PluginOffer, custody};
use crate::deliver::{Carrier, Deliver, Grant, Http, Smtp};
use crate::http::tls;

mod loader;
mod trial;
mod ward;

pub use loader::Loader;
pub(crate) use ward::OfCall;
pub use ward::{Quarantined, Ward};

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
    /// Who keeps failing rests.
    pub ward: Arc<Ward>,
    /// What signs checkpoints of the journal, if the configuration names it.
    pub checkpoint_key: Option<Arc<CheckpointKey>>,
}

impl Live {
    /// Loads, tries and describes every plugin whose file the configuration offers, whatever was approved: for those who
    /// look at a configuration by itself. What a plugin without a file gives, nobody can say there.
    ///
    /// # Errors
    /// Every plugin that cannot be loaded and every name that no plugin gives: all of them at once.
    pub fn load(config: Config, loader: &Loader) -> Result<Self, Vec<Problem>> {
        let (mut plugins, mut problems) = (Vec::new(), Vec::new());
        let mut unseen = false;
        for offer in config.plugins.values() {
            match offer
                .file
                .as_deref()
                .map(|file| loader.load(&offer.id, file))
            {
                Some(Ok(plugin)) => plugins.push(plugin),
                Some(Err(why)) => problems.push(unfit(offer, why)),
                None => unseen = true,
            }
        }
        let live = Self::assemble(config, plugins, loader, &mut problems);
        if !unseen {
            problems.extend(live.unknown_names());
        }
        live.if_sound(problems)
    }

    /// Puts a configuration and these plugins together. `problems` are those that are known already.
    ///
    /// # Errors
    /// Everything that does not fit, those included.
    pub fn with(
        config: Config,
        plugins: Vec<Plugin>,
        loader: &Loader,
        mut problems: Vec<Problem>,
    ) -> Result<Self, Vec<Problem>> {
        let live = Self::assemble(config, plugins, loader, &mut problems);
        problems.extend(live.unknown_names());
        live.if_sound(problems)
    }

    fn if_sound(self, problems: Vec<Problem>) -> Result<Self, Vec<Problem>> {
        match problems.is_empty() {
            true => Ok(self),
            false => Err(problems),
        }
    }

    fn assemble(
        config: Config,
        plugins: Vec<Plugin>,
        loader: &Loader,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut live = Self {
            roles: Arc::new(Roles::standard()),
            policies: Vec::new(),
            tls: None,
            channels: BTreeMap::new(),
            relay: Arc::new(Carrier::default()),
            ward: Arc::clone(&loader.ward),
            checkpoint_key: None,
            config,
        };
        problems.extend(custody::exposed(
            &live.config,
            loader.credentials.as_deref(),
        ));
        if let Some(files) = &live.config.listen.tls {
            match tls::server(files) {
                Ok(server) => live.tls = Some(server),
                Err(why) => problems.push(problem("listen.tls", chain(&why))),
            }
        }
        if let Some(file) = &live.config.checkpoint_key {
            match CheckpointKey::given(file, loader.credentials.as_deref()) {
                Ok(key) => live.checkpoint_key = Some(Arc::new(key)),
                Err(why) => problems.push(problem("store.checkpoint-key-file", chain(&why))),
            }
        }
        let grants = live.plug_in(plugins, loader, problems);
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
        problems.extend(live.unfit_routes());
        live
    }

    /// The plugin in force of this id, if it is this version.
    pub(crate) fn plugin(&self, id: &PluginId, digest: &Digest) -> Option<Plugin> {
        let policies = self.policies.iter();
        let mut policies = policies.filter(|policy| policy.id() == id);
        let channel = self.channels.get(id);
        let channel = channel.map(|live| Plugin::Channel(live.channel.clone()));
        let policy = policies.next().cloned().map(Plugin::Policy);
        policy
            .or(channel)
            .filter(|plugin| plugin.digest() == digest)
    }

    /// Takes the plugins in; what channels that send requests may do.
    fn plug_in(
        &mut self,
        plugins: Vec<Plugin>,
        loader: &Loader,
        problems: &mut Vec<Problem>,
    ) -> BTreeMap<PluginId, Grant> {
        let mut roles = Roles::standard();
        let mut grants = BTreeMap::new();
        for plugin in plugins {
            let offer = self.config.plugins.get(plugin.id()).cloned();
            let offer = offer.unwrap_or_else(|| PluginOffer::bare(plugin.id().clone()));
            let secrets = loader.secrets(&offer, problems);
            match plugin {
                Plugin::Policy(policy) => {
                    for taken in roles.add_edition(policy.edition().roles.iter().cloned()) {
                        problems.push(unfit(
                            &offer,
                            format!("describes role `{taken}`, which exists already"),
                        ));
                    }
                    self.policies.push(policy);
                }
                Plugin::Channel(channel) => {
                    let wrong = channel.check_settings(&offer.settings);
                    problems.extend(wrong.into_iter().map(|wrong| setting(&offer, &wrong)));
                    let grant = trial::grant(&offer, &channel, secrets, problems);
                    grants.extend(grant.map(|grant| (offer.id.clone(), grant)));
                    let settings = offer.settings;
                    self.channels
                        .insert(offer.id, LiveChannel { channel, settings });
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

    /// What the edition policies concerned say of a request. One in quarantine is not asked: it forbids.
    pub fn findings(&self, request: &Request, facts: &Facts) -> Vec<Finding> {
        self.each_policy(request, facts, |policy, relations| {
            let version = (policy.id(), policy.digest());
            let evaluate = || policy.evaluate(request, facts, relations);
            match self.ward.call(version, facts.now, evaluate) {
                Ok(evaluated) => said(evaluated),
                Err(until) => vec![ward::finding(policy.id(), until)],
            }
        })
    }

    /// The same for a decision that is made again: it was not made now, and no quarantine concerns it.
    pub fn findings_again(&self, request: &Request, facts: &Facts) -> Vec<Finding> {
        self.each_policy(request, facts, |policy, relations| {
            said(policy.evaluate(request, facts, relations))
        })
    }

    fn each_policy(
        &self,
        request: &Request,
        facts: &Facts,
        ask: impl Fn(&Policy, &Relations) -> Vec<Finding>,
    ) -> Vec<Finding> {
        if !self.concerns_plugins(request, facts) {
            return Vec::new();
        }
        let relations = decision::relations(request, facts);
        let concerned = self.policies.iter();
        let concerned = concerned.filter(|policy| policy.concerns(request, facts));
        concerned
            .flat_map(|policy| ask(policy, &relations))
            .collect()
    }

    /// What the calls of a plugin in force have cost.
    pub fn usage(&self, id: &PluginId) -> Option<Usage> {
        let policy = self.policies.iter().find(|policy| policy.id() == id);
        let channel = self.channels.get(id);
        let channel = channel.map(|live| live.channel.usage());
        policy.map(Policy::usage).or(channel)
    }
}

/// What a policy has said, or that it failed.
fn said(evaluated: Result<Evaluation, CallError>) -> Vec<Finding> {
    match evaluated {
        Ok(evaluation) => evaluation.findings,
        Err(error) => {
            tracing::warn!(plugin = %error.plugin, error = %chain(&error), "plugin failed");
            vec![error.finding()]
        }
    }
}

fn problem(key: &str, why: String) -> Problem {
    Problem {
        key: key.to_owned(),
        value: None,
        why,
    }
}

pub(crate) fn unfit(offer: &PluginOffer, why: String) -> Problem {
    let file = offer.file.as_ref();
    Problem {
        key: match file {
            Some(_) => format!("plugin.{}.file", offer.id),
            None => format!("plugin.{}", offer.id),
        },
        value: file.map(|file| file.display().to_string()),
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
