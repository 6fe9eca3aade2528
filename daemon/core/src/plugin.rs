//! Plugins as the register knows them: which versions there are, what each asks for, and which one is in force by whose
//! word.
//!
//! A version is a component's SHA-256. It comes into force by approval, once; a later version needs approval only for
//! what it asks beyond everything that was approved before it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

use crate::change::Actor;
use crate::id::PluginId;
use crate::limits::PLUGIN_VERSIONS_MAX;

/// One thing that a plugin asks for, in words that an administrator approves: `judge montana.aim-submit`,
/// `send to https://hooks.example.org`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Want(String);

impl Want {
    /// A want in words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a version came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The configuration offered its file: it runs while the configuration names the plugin.
    Offered,
    /// An operator installed it.
    Installed,
}

/// Somebody's word for a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// Whose.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// One version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Version {
    /// SHA-256 of its component, in hexadecimal.
    pub hash: String,
    /// `role-policy` or `channel`.
    pub kind: String,
    /// What it calls itself.
    pub title: String,
    /// Bytes of the component.
    pub bytes: u64,
    /// Everything that it asks for.
    pub wants: BTreeSet<Want>,
    /// Where it came from.
    pub origin: Origin,
    /// Who brought it, and when.
    pub added: Approval,
    /// Whose word let it in, if it was let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
    /// When it came into force last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// How a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is the one that runs.
    InForce,
    /// It was never approved.
    Waiting,
    /// It was in force once.
    Earlier,
}

impl Standing {
    /// `in-force`, `waiting`, `earlier`.
    pub fn word(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Waiting => "waiting",
            Self::Earlier => "earlier",
        }
    }
}

/// A plugin with all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Installed {
    /// Its id.
    pub id: PluginId,
    /// Its versions, the oldest first; at most [`PLUGIN_VERSIONS_MAX`].
    pub versions: Vec<Version>,
    /// Hash of the version in force; none before the first approval and after a removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    /// Everything that was ever approved for it; a removal forgets it.
    pub approved: BTreeSet<Want>,
}

/// Why a version cannot be brought into force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No version has a hash that begins so.
    #[error("no version has a hash that begins with {0}; `provost plugin list` shows all")]
    Unknown(String),
    /// Several have.
    #[error("several versions have a hash that begins with {0}: say more of it")]
    Several(String),
    /// There is no version that it could be.
    #[error("no version waits to be approved")]
    NothingWaits,
    /// There is no earlier version.
    #[error("no earlier version was ever in force")]
    NothingEarlier,
    /// It is in force already.
    #[error("version {0} is in force already")]
    InForce(String),
    /// Nobody approved it since the plugin is there.
    #[error("version {0} is not approved: `provost plugin approve` approves it")]
    Unapproved(String),
    /// Nothing is in force that could be removed.
    #[error("no version of it is in force or waits")]
    NotThere,
}

impl Installed {
    /// A plugin without a version yet.
    pub fn new(id: PluginId) -> Self {
        Self {
            id,
            versions: Vec::new(),
            running: None,
            approved: BTreeSet::new(),
        }
    }

    /// The version in force.
    pub fn running(&self) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| self.is_running(version))
    }

    fn is_running(&self, version: &Version) -> bool {
        self.running.as_ref() == Some(&version.hash)
    }

    /// The version of exactly this hash.
    pub fn version(&self, hash: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.hash == hash)
    }

    /// How one of its versions stands.
    pub fn standing(&self, version: &Version) -> Standing {
        match &version.approved {
            _ if self.is_running(version) => Standing::InForce,
            Some(_) => Standing::Earlier,
            None => Standing::Waiting,
        }
    }

    /// What a version asks beyond what was approved.
    pub fn beyond(&self, version: &Version) -> Vec<Want> {
        version.wants.difference(&self.approved).cloned().collect()
    }

    /// With one more version. It comes into force at once if the plugin runs and it asks for nothing new, or if it is the
    /// first that the configuration ever offered: whoever wrote file, `allow` and `secrets` there has approved it. Else
    /// it waits.
    #[must_use]
    pub fn with(&self, version: Version) -> Self {
        let mut after = self.clone();
        let by = version.added.clone();
        let first = self.versions.is_empty() && version.origin == Origin::Offered;
        let hash = version.hash.clone();
        match after.versions.iter_mut().find(|known| known.hash == hash) {
            // What an operator installs does not go with the configuration's entry.
            Some(known) if version.origin == Origin::Installed => known.origin = version.origin,
            Some(_) => {}
            None => after.versions.push(version),
        }
        let quiet = after
            .version(&hash)
            .is_some_and(|version| after.beyond(version).is_empty());
        if first || (self.running.is_some() && quiet) {
            after.bring(&hash, &by);
        }
        after.prune();
        after
    }

    /// With a version approved and in force: the one whose hash begins so, or the newest that waits.
    ///
    /// # Errors
    /// [`Unfit`] if there is no such version, or it is in force already.
    pub fn approve(&self, hash: Option<&str>, by: &Approval) -> Result<Self, Unfit> {
        let version = match hash {
            Some(hash) => self.named(hash)?,
            None => {
                let waits = |version: &&Version| self.standing(version) == Standing::Waiting;
                let newest = self.versions.iter().rfind(waits);
                newest.ok_or(Unfit::NothingWaits)?
            }
        };
        self.must_change(version)?;
        let mut after = self.clone();
        after.bring(&version.hash, by);
        Ok(after)
    }

    /// With an earlier version in force again: the one whose hash begins so, or the one that was in force before.
    ///
    /// # Errors
    /// [`Unfit`] if there is none, or it is not approved.
    pub fn roll_back(&self, hash: Option<&str>, by: &Approval) -> Result<Self, Unfit> {
        let version = match hash {
            Some(hash) => self.named(hash)?,
            None => {
                let earlier = self.versions.iter();
                let earlier = earlier.filter(|version| !self.is_running(version));
                let last = earlier.filter(|version| version.since.is_some());
                let last = last.max_by_key(|version| version.since);
                last.ok_or(Unfit::NothingEarlier)?
            }
        };
        self.must_change(version)?;
        if version.approved.is_none() {
            return Err(Unfit::Unapproved(version.hash.clone()));
        }
        let mut after = self.clone();
        after.bring(&version.hash, by);
        Ok(after)
    }

    /// With no version in force, and nothing approved. Its versions stay known, so that what the configuration goes on
    /// offering does not come back by itself.
    ///
    /// # Errors
    /// [`Unfit::NotThere`] if that is so already.
    pub fn removed(&self) -> Result<Self, Unfit> {
        if self.running.is_none() && self.approved.is_empty() {
            return Err(Unfit::NotThere);
        }
        let mut after = self.clone();
        after.running = None;
        after.approved.clear();
        for version in &mut after.versions {
            version.approved = None;
        }
        Ok(after)
    }

    fn must_change(&self, version: &Version) -> Result<(), Unfit> {
        match self.is_running(version) {
            true => Err(Unfit::InForce(version.hash.clone())),
            false => Ok(()),
        }
    }

    fn named(&self, beginning: &str) -> Result<&Version, Unfit> {
        let fits = |version: &&Version| version.hash.starts_with(beginning);
        let mut found = self.versions.iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(version), None) => Ok(version),
            (None, _) => Err(Unfit::Unknown(beginning.to_owned())),
            (Some(_), Some(_)) => Err(Unfit::Several(beginning.to_owned())),
        }
    }

    /// Brings a known version into force and approves all that it asks.
    fn bring(&mut self, hash: &str, by: &Approval) {
        let known = self.versions.iter_mut();
        for version in known.filter(|version| version.hash == hash) {
            self.approved.extend(version.wants.iter().cloned());
            version.approved.get_or_insert_with(|| by.clone());
            version.since = Some(by.at);
            self.running = Some(version.hash.clone());
        }
    }

    /// Forgets the oldest versions that are not in force.
    fn prune(&mut self) {
        while self.versions.len() > PLUGIN_VERSIONS_MAX {
            let running = self.running.clone();
            let newest = self.versions.len() - 1;
            let mut others = self.versions.iter().take(newest);
            match others.position(|version| Some(&version.hash) != running.as_ref()) {
                Some(oldest) => drop(self.versions.remove(oldest)),
                None => return,
            }
        }
    }
}

impl fmt::Display for Installed {
    /// The version in force, by the beginning of its hash: `webhook: 1f3a5b7c9d0e in force of 3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = self.running.as_deref().unwrap_or("nothing");
        let running = running.get(..12).unwrap_or(running);
        write!(
            f,
            "{}: {running} in force of {}",
            self.id,
            self.versions.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(who: &str, second: i64) -> Approval {
        Approval {
            by: Actor::Operator(who.to_owned()),
            at: Timestamp::from_second(second).unwrap(),
        }
    }

    fn version(hash: &str, origin: Origin, wants: &[&str], second: i64) -> Version {
        Version {
            hash: hash.to_owned(),
            kind: "role-policy".to_owned(),
            title: "Montana".to_owned(),
            bytes: 7,
            wants: wants.iter().map(|want| Want::new(*want)).collect(),
            origin,
            added: by("root", second),
            approved: None,
            since: None,
        }
    }

    fn offered() -> Installed {
        let first = version("aa01", Origin::Offered, &["judge a"], 1);
        Installed::new("montana".parse().unwrap()).with(first)
    }

    fn running(plugin: &Installed) -> Option<&str> {
        plugin.running.as_deref()
    }

    #[test]
    fn the_first_version_that_the_configuration_offers_is_in_force_at_once() {
        let plugin = offered();
        assert_eq!(running(&plugin), Some("aa01"));
        assert_eq!(plugin.approved, [Want::new("judge a")].into());
        assert_eq!(plugin.versions[0].approved, Some(by("root", 1)));
    }

    #[test]
    fn the_first_version_that_somebody_installs_waits_for_approval() {
        let new = Installed::new("own".parse().unwrap());
        let waits = new.with(version("aa01", Origin::Installed, &[], 1));
        assert_eq!(running(&waits), None);
        assert_eq!(waits.standing(&waits.versions[0]), Standing::Waiting);
        let approved = waits.approve(None, &by("kim", 2)).unwrap();
        assert_eq!(running(&approved), Some("aa01"));
        assert_eq!(approved.versions[0].approved, Some(by("kim", 2)));
    }

    #[test]
    fn an_upgrade_waits_only_if_it_asks_for_more() {
        let plugin = offered();
        let same = plugin.with(version("bb02", Origin::Offered, &["judge a"], 2));
        assert_eq!(running(&same), Some("bb02"));
        let less = plugin.with(version("bb02", Origin::Installed, &[], 2));
        assert_eq!(running(&less), Some("bb02"));
        let more = version("bb02", Origin::Offered, &["judge a", "judge *"], 2);
        let waits = plugin.with(more);
        assert_eq!(running(&waits), Some("aa01"));
        assert_eq!(waits.beyond(&waits.versions[1]), [Want::new("judge *")]);
        let approved = waits.approve(Some("bb"), &by("kim", 3)).unwrap();
        assert_eq!(running(&approved), Some("bb02"));
        // From now on it is no more than what was approved.
        let next = version("cc03", Origin::Offered, &["judge *"], 4);
        assert_eq!(running(&approved.with(next)), Some("cc03"));
    }

    #[test]
    fn rolling_back_returns_to_the_version_before_or_to_any_by_its_hash() {
        let plugin = offered()
            .with(version("bb02", Origin::Offered, &["judge a"], 2))
            .with(version("cc03", Origin::Offered, &["judge a"], 3));
        let back = plugin.roll_back(None, &by("kim", 4)).unwrap();
        assert_eq!(running(&back), Some("bb02"));
        let first = plugin.roll_back(Some("aa"), &by("kim", 4)).unwrap();
        assert_eq!(running(&first), Some("aa01"));
        // Offered once more, the file that was rolled back from changes nothing.
        assert_eq!(
            plugin.roll_back(Some("c"), &by("kim", 5)),
            Err(Unfit::InForce("cc03".to_owned()))
        );
        assert_eq!(
            plugin.roll_back(Some("ff"), &by("kim", 5)),
            Err(Unfit::Unknown("ff".to_owned()))
        );
        assert_eq!(
            offered().roll_back(None, &by("kim", 5)),
            Err(Unfit::NothingEarlier)
        );
    }

    #[test]
    fn what_waits_is_no_version_to_roll_back_to() {
        let waits = offered().with(version("bb02", Origin::Offered, &["judge *"], 2));
        let back = waits.roll_back(Some("bb"), &by("kim", 3));
        assert_eq!(back, Err(Unfit::Unapproved("bb02".to_owned())));
    }

    #[test]
    fn a_removed_plugin_comes_back_by_approval_alone() {
        let removed = offered().removed().unwrap();
        assert_eq!((running(&removed), removed.approved.len()), (None, 0));
        assert_eq!(removed.removed(), Err(Unfit::NotThere));
        let other = removed.with(version("bb02", Origin::Offered, &[], 2));
        assert_eq!(running(&other), None);
        assert!(other.roll_back(None, &by("kim", 3)).is_err());
        let again = other.approve(Some("aa"), &by("kim", 3)).unwrap();
        assert_eq!(running(&again), Some("aa01"));
    }

    #[test]
    fn old_versions_are_forgotten_but_never_the_one_in_force() {
        let mut plugin = offered();
        for number in 0..2 * PLUGIN_VERSIONS_MAX {
            let hash = format!("f{number:03}");
            let second = 2 + i64::try_from(number).unwrap();
            plugin = plugin.with(version(&hash, Origin::Offered, &["judge *"], second));
        }
        assert_eq!(plugin.versions.len(), PLUGIN_VERSIONS_MAX);
        assert_eq!(plugin.running().unwrap().hash, "aa01");
        assert_eq!(plugin.versions.last().unwrap().hash, "f039");
    }
}
