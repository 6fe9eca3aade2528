//! `plugin.toml`: what a plugin is called and what it asks for, for people to read before anything of it runs.

use provost_core::document::{Problem, Problems, Table};
use provost_core::id::PluginId;
use provost_core::register::value::label;
use provost_sandbox::{Kind, Need, Plugin, printable};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::Lang;
use crate::document::{DocumentError, parse};

/// Bytes of a project's name: it becomes a file's name and a part of codes.
const NAME_BYTES_MAX: usize = 48;

/// A manifest that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The plugin's id: that of `[[plugin]]` and of its file.
    pub id: PluginId,
    /// Its version, as its author counts.
    pub version: Version,
    /// Its name as people say it.
    pub title: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// What kind of plugin it is.
    pub kind: Kind,
    /// The language that it is written in.
    pub lang: Lang,
    /// What it asks for.
    pub wants: Wants,
}

/// What a plugin asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Actions that a role policy judges; `*` stands for all.
    pub actions: BTreeSet<String>,
    /// Facts that a role policy looks at.
    pub facts: BTreeSet<String>,
    /// How a channel sends: `mail`, `http`.
    pub sends: BTreeSet<String>,
    /// Hosts that a channel sends to.
    pub hosts: BTreeSet<String>,
    /// Secrets that a channel's deliveries refer to.
    pub secrets: BTreeSet<String>,
}

/// Why a manifest is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is no TOML.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// All that is wrong with it.
    #[error("{}", listed(file, problems))]
    Problems {
        /// Which file.
        file: String,
        /// What is wrong.
        problems: Vec<Problem>,
    },
}

fn listed(file: &str, problems: &[Problem]) -> String {
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    format!("{file} is not believed: {}", said.join("; "))
}

/// Three numbers: major, minor, patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

/// No such version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be three numbers, e.g. 1.0.0")]
pub struct BadVersion;

impl FromStr for Version {
    type Err = BadVersion;
    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let parts: Vec<_> = text.split('.').map(str::parse::<u32>).collect();
        match parts.as_slice() {
            [Ok(_), Ok(_), Ok(_)] => Ok(Self(text.to_owned())),
            _ => Err(BadVersion),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a plugin of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(pub PluginId);

/// Why a text is no such id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 1 to {NAME_BYTES_MAX} lower-case letters, digits and hyphens, the first a letter, e.g. valley-edition"
)]
pub struct BadName;

impl FromStr for Name {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = text.len() <= NAME_BYTES_MAX
            && text.starts_with(|letter: char| letter.is_ascii_lowercase())
            && !text.ends_with('-')
            && text.bytes().all(fits);
        let id = PluginId::new(text).ok().filter(|_| good);
        id.map(Self).ok_or(BadName)
    }
}

impl Manifest {
    /// Reads a manifest; `file` is its name in what is said about it.
    ///
    /// # Errors
    /// [`ManifestError`] with everything that is wrong at once.
    pub fn read(file: &str, text: &str) -> Result<Self, ManifestError> {
        let document = parse(file, text)?;
        let problems = Problems::default();
        let top = Table::top(&document, &problems);
        let id = top.need_parse::<Name>("id");
        let version = top.need_parse("version");
        let title = label(&top, "title");
        if !top.has("title") {
            top.problem("title", "is missing");
        }
        let authors = top.list("authors");
        let kind = top.need_parse("kind");
        let lang = top.need_parse("lang");
        let wants = top.table("wants").map(|table| Wants::read(&table, kind));
        top.done();
        match (id, version, title, kind, lang) {
            (Some(Name(id)), Some(version), Some(title), Some(kind), Some(lang))
                if problems.is_empty() =>
            {
                Ok(Self {
                    id,
                    version,
                    title: printable(&title),
                    authors,
                    kind,
                    lang,
                    wants: wants.unwrap_or_default(),
                })
            }
            _ => Err(ManifestError::Problems {
                file: file.to_owned(),
                problems: problems.into_vec(),
            }),
        }
    }
}

impl Wants {
    fn read(table: &Table<'_>, kind: Option<Kind>) -> Self {
        let list = |of: Kind, key| match kind {
            Some(kind) if kind != of => BTreeSet::new(),
            _ => table.list(key).into_iter().collect(),
        };
        let wants = Self {
            actions: list(Kind::RolePolicy, "actions"),
            facts: list(Kind::RolePolicy, "facts"),
            sends: list(Kind::Channel, "sends"),
            hosts: list(Kind::Channel, "hosts"),
            secrets: list(Kind::Channel, "secrets"),
        };
        table.done();
        wants
    }

    /// What the plugin itself says that it asks for.
    pub fn of(plugin: &Plugin) -> Self {
        let mut wants = Self::default();
        match plugin {
            Plugin::Policy(policy) => {
                let edition = policy.edition();
                wants.actions.clone_from(&edition.judges);
                wants.actions.extend(edition.judges_all.then(|| "*".into()));
                wants.facts = edition
                    .needs
                    .iter()
                    .map(|need| fact(*need).into())
                    .collect();
            }
            Plugin::Channel(channel) => {
                let described = channel.describe();
                wants
                    .sends
                    .extend(described.sends_mail.then(|| "mail".into()));
                wants
                    .sends
                    .extend(described.sends_http.then(|| "http".into()));
                wants.hosts.clone_from(&described.hosts);
                wants.secrets.clone_from(&described.secrets);
            }
        }
        wants
    }

    /// The lists with their keys; those that a plugin of this kind has.
    pub fn lists(&self, kind: Kind) -> Vec<(&'static str, &BTreeSet<String>)> {
        match kind {
            Kind::RolePolicy => vec![("actions", &self.actions), ("facts", &self.facts)],
            Kind::Channel => vec![
                ("sends", &self.sends),
                ("hosts", &self.hosts),
                ("secrets", &self.secrets),
            ],
        }
    }

    /// Where the manifest says something else than the plugin's `describe`; in words, what to do.
    pub fn differences(&self, described: &Self, kind: Kind) -> Vec<String> {
        let pairs = self.lists(kind).into_iter().zip(described.lists(kind));
        let mut said = Vec::new();
        for ((key, written), (_, asked)) in pairs {
            let words = |list: Vec<&String>| {
                let words: Vec<_> = list.into_iter().map(String::as_str).collect();
                words.join(", ")
            };
            let missing: Vec<_> = asked.difference(written).collect();
            let idle: Vec<_> = written.difference(asked).collect();
            if !missing.is_empty() {
                said.push(format!(
                    "describe() asks for {}, which wants.{key} does not name: add it there, or ask for less",
                    words(missing)
                ));
            }
            if !idle.is_empty() {
                said.push(format!(
                    "wants.{key} names {}, which describe() does not ask for: take it out",
                    words(idle)
                ));
            }
        }
        said
    }
}

/// The word of a fact, as in `flags needs` of the interface.
fn fact(need: Need) -> &'static str {
    match need {
        Need::Subject => "subject",
        Need::Resource => "resource",
        Need::Roles => "roles",
        Need::Schools => "schools",
        Need::District => "district",
        Need::Relations => "relations",
        Need::Properties => "properties",
        Need::Context => "context",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
id = "valley"
version = "0.1.0"
title = "Valley edition"
kind = "role-policy"
lang = "rust"
[wants]
actions = ["login-as", "valley.report"]
facts = ["subject"]
"#;

    #[test]
    fn a_manifest_says_what_the_plugin_is_and_asks_for() {
        let manifest = Manifest::read("plugin.toml", GOOD).unwrap();
        assert_eq!(manifest.id.as_str(), "valley");
        assert_eq!(manifest.kind, Kind::RolePolicy);
        assert_eq!(manifest.wants.actions.len(), 2);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let bad = GOOD
            .replace("\"valley\"", "\"Valley!\"")
            .replace("0.1.0", "one")
            .replace("role-policy", "policy")
            .replace("facts", "fact")
            .replace("lang = \"rust\"\n", "");
        let said = Manifest::read("plugin.toml", &bad).unwrap_err().to_string();
        for part in [
            "plugin.toml is not believed",
            "id = \"Valley!\": must be 1 to 48 lower-case letters",
            "version = \"one\": must be three numbers",
            "kind = \"policy\": must be role-policy or channel",
            "lang: is missing",
            "wants.fact = [\"subject\"]: unknown key; did you mean `facts`?",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }

    #[test]
    fn lists_of_the_other_kind_are_refused() {
        let bad = GOOD.replace("facts = [\"subject\"]", "secrets = [\"token\"]");
        let said = Manifest::read("plugin.toml", &bad).unwrap_err().to_string();
        assert!(said.contains("wants.secrets"), "{said}");
    }

    #[test]
    fn the_manifest_and_describe_must_agree() {
        let wants = Manifest::read("plugin.toml", GOOD).unwrap().wants;
        let mut described = wants.clone();
        assert_eq!(wants.differences(&described, Kind::RolePolicy), [""; 0]);
        described.actions.remove("login-as");
        described.facts.insert("roles".to_owned());
        assert_eq!(
            wants.differences(&described, Kind::RolePolicy),
            [
                "wants.actions names login-as, which describe() does not ask for: take it out",
                "describe() asks for roles, which wants.facts does not name: add it there, or ask for less",
            ]
        );
    }
}
