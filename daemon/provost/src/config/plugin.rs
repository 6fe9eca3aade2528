//! `[[plugin]]`: a plugin on offer, and the most that can be approved for it.

use provost_core::document::Table;
use provost_core::id::PluginId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::secret::SecretFile;

/// A plugin on offer.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginOffer {
    /// Its id.
    pub id: PluginId,
    /// The component.
    pub file: PathBuf,
    /// Hosts it may ever be allowed to reach.
    pub allow: Vec<String>,
    /// Secrets it may ever be allowed to name, with the files that hold them.
    pub secrets: BTreeMap<String, SecretFile>,
    /// Its settings, checked by the plugin's own schema.
    pub settings: Map<String, Value>,
}

pub(super) fn read(table: &Table<'_>) -> Option<PluginOffer> {
    let id = table.need_parse("id");
    let file = table.need_text("file").map(PathBuf::from);
    let allow = table.list("allow");
    let mut secrets = BTreeMap::new();
    if let Some(listed) = table.table("secrets") {
        secrets.extend(
            listed
                .keys()
                .filter_map(|name| Some((name.to_owned(), listed.parse(name)?))),
        );
    }
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
        file: file?,
        allow,
        secrets,
        settings,
    })
}
