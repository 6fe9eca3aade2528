//! `[[plugin]]`: a plugin on offer, and the most that can be approved for it.

use provost_core::document::Table;
use provost_core::id::PluginId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::allow::Allowed;
use super::secret::SecretFile;

/// Files of one secret at most: a rotation has the new one, the old one, and perhaps one that was forgotten.
const FILES_MAX: usize = 4;

/// A plugin on offer.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginOffer {
    /// Its id.
    pub id: PluginId,
    /// The component on offer; without one only `provost plugin install` brings versions.
    pub file: Option<PathBuf>,
    /// Servers that its requests may go to, and private addresses that these may have.
    pub allow: Vec<Allowed>,
    /// Secrets that its requests may name, each with the files that hold it: the first is the one in use, all of them
    /// sign while a signing key is changed.
    pub secrets: BTreeMap<String, Vec<SecretFile>>,
    /// Certificates that its requests trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Its settings, checked by the plugin's own schema.
    pub settings: Map<String, Value>,
}

impl PluginOffer {
    /// A plugin of which nothing is said: it has no settings, and may send nothing.
    pub fn bare(id: PluginId) -> Self {
        Self {
            id,
            file: None,
            allow: Vec::new(),
            secrets: BTreeMap::new(),
            ca_file: None,
            settings: Map::new(),
        }
    }
}

pub(super) fn read(table: &Table<'_>) -> Option<PluginOffer> {
    let id = table.need_parse("id");
    let file = table.text("file").map(PathBuf::from);
    let allow = table.list("allow");
    let secrets = table.table("secrets").map_or_else(BTreeMap::new, |listed| {
        let names = listed.keys();
        names
            .map(|name| (name.to_owned(), files(&listed, name)))
            .collect()
    });
    let ca_file = table.text("ca-file").map(PathBuf::from);
    let settings = match table.value("settings") {
        None => Map::new(),
        Some(Value::Object(settings)) => settings.clone(),
        Some(_) => {
            table.problem("settings", "must be a table");
            Map::new()
        }
    };
    table.done();
    Some(PluginOffer {
        id: id?,
        file,
        allow,
        secrets,
        ca_file,
        settings,
    })
}

/// One file, or a list of them.
fn files(secrets: &Table<'_>, name: &str) -> Vec<SecretFile> {
    match secrets.value(name) {
        Some(Value::String(_)) => secrets.parse(name).into_iter().collect(),
        Some(Value::Array(files)) if (1..=FILES_MAX).contains(&files.len()) => secrets.list(name),
        _ => {
            let why = format!("must be a file, or a list of 1 to {FILES_MAX} files");
            secrets.problem(name, why);
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::document::Problems;

    fn read_json(json: &str) -> (Option<PluginOffer>, Vec<String>) {
        let problems = Problems::default();
        let value: Value = serde_json::from_str(json).unwrap();
        let offer = read(&Table::top(value.as_object().unwrap(), &problems));
        let said = problems.into_vec();
        (offer, said.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_secret_is_one_file_or_several_while_it_is_changed() {
        let (offer, said) = read_json(
            r#"{"id": "webhook", "file": "w.wasm", "allow": ["https://h.example", "10.0.0.7"],
                "secrets": {"signing-key": "%d/new", "token": ["/a", "/b"]}}"#,
        );
        assert_eq!(said, [""; 0]);
        let offer = offer.unwrap();
        let files = |name: &str| -> Vec<_> {
            offer.secrets[name]
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(files("signing-key"), ["%d/new"]);
        assert_eq!(files("token"), ["/a", "/b"]);
        assert_eq!(offer.allow.len(), 2);
    }

    #[test]
    fn every_wrong_server_and_secret_is_named() {
        let (_, said) = read_json(
            r#"{"id": "webhook", "file": "w.wasm", "allow": ["hooks.example"],
                "secrets": {"a": "key", "b": [], "c": 7, "d": ["/a", "b"]}}"#,
        );
        let keys: Vec<_> = said
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(
            keys,
            [
                "allow[0]",
                "secrets.a",
                "secrets.b",
                "secrets.c",
                "secrets.d[1]"
            ]
        );
    }
}
