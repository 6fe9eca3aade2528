//! `provost.toml`: what was written → what is believed. All problems at once.
//!
//! The file is read key by key through [`Table`], so that an administrator sees every mistake in one go. `provost
//! check`, start-up and reload share [`read`].

pub mod allow;
pub mod custody;
mod decisions;
mod listen;
pub mod mail;
mod operator;
pub mod period;
mod plugin;
mod retention;
mod route;
pub mod secret;
mod server_url;
pub mod source;

pub use decisions::{Decisions, Recording};
pub use listen::{Listen, TlsFiles};
pub use mail::MailSettings;
pub use operator::{Operator, Who};
pub use plugin::PluginOffer;
pub use retention::Retention;
pub use route::Route;
pub use secret::SecretFile;
pub use source::Source;

use provost_core::district::District;
use provost_core::document::{Problem, Problems, Table};
use provost_core::id::{DistrictId, PluginId, SourceId};
use provost_core::register::{self, Feed};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::document::{self, DocumentError};

/// `approve-above` unless written: more than a large district has due on any one day.
pub const APPROVE_ABOVE: usize = 50;
/// More would be no guard.
const APPROVE_ABOVE_MAX: u64 = 1_000_000;

/// Why a configuration is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read or is no TOML.
    #[error("read configuration {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: DocumentError,
    },
    /// Unknown, wrong or contradictory keys: all of them.
    #[error("{} in configuration {path}", count(.problems.len()))]
    Problems {
        /// Which file.
        path: PathBuf,
        /// Each with key, value and what is allowed.
        problems: Vec<Problem>,
    },
}

fn count(problems: usize) -> String {
    if problems == 1 {
        "1 problem".to_owned()
    } else {
        format!("{problems} problems")
    }
}

/// Everything that `provost.toml` says, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database file.
    pub store: PathBuf,
    /// The folder for backups that are given no name.
    pub backups: PathBuf,
    /// The key that signs checkpoints of the journal; without one the daemon makes its own beside the database.
    pub checkpoint_key: Option<SecretFile>,
    /// Where the daemon listens.
    pub listen: Listen,
    /// How mail goes out, if it does.
    pub mail: Option<MailSettings>,
    /// Local accounts that may ask.
    pub operators: Vec<Operator>,
    /// The districts, by id.
    pub districts: BTreeMap<DistrictId, District>,
    /// Where activity comes from.
    pub feeds: Vec<Feed>,
    /// Directories, by id.
    pub sources: BTreeMap<SourceId, Arc<Source>>,
    /// Plugins on offer, by id.
    pub plugins: BTreeMap<PluginId, PluginOffer>,
    /// Which notices go to whom by which channels.
    pub routes: Vec<Route>,
    /// More stages' notices than this in one tick wait for an operator's word.
    pub approve_above: usize,
    /// Which decisions are recorded, and how long a request may make them.
    pub decisions: Decisions,
    /// How long what piles up is kept.
    pub retention: Retention,
}

/// Reads and checks the file. `credentials` is what `%d` in paths stands for.
///
/// # Errors
/// [`ConfigError`]; its `Problems` lists everything that is wrong, not the first.
pub fn read(path: &Path, credentials: Option<&Path>) -> Result<Config, ConfigError> {
    let map = document::load(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    parse(&map, credentials).map_err(|problems| ConfigError::Problems {
        path: path.to_owned(),
        problems,
    })
}

/// Checks what was written; see [`read`].
///
/// # Errors
/// Every problem found.
pub fn parse(map: &Map<String, Value>, credentials: Option<&Path>) -> Result<Config, Vec<Problem>> {
    let problems = Problems::default();
    let top = Table::top(map, &problems);
    let store = read_store(&top);
    let listen = listen::read(&top, credentials);
    let mail = top
        .table("mail")
        .and_then(|table| MailSettings::read(&table));
    let operators = top
        .tables("operator")
        .iter()
        .filter_map(operator::read)
        .collect();
    let districts = unique(
        &top,
        "district",
        "id",
        register::district,
        |district: &District| district.id.clone(),
    );
    let feeds = top
        .tables("feed")
        .iter()
        .filter_map(register::feed)
        .collect();
    let sources = source::sources(&top, credentials);
    let sources = sources
        .into_iter()
        .map(|source| (source.id.clone(), Arc::new(source)))
        .collect();
    let plugins = unique(&top, "plugin", "id", plugin::read, |plugin| {
        plugin.id.clone()
    });
    let routes: Vec<Route> = top
        .tables("route")
        .iter()
        .filter_map(|table| route::read(table, &plugins))
        .collect();
    let approve_above = read_notices(&top);
    let decisions = decisions::read(&top);
    let retention = retention::retention(&top);
    for key in ["source", "feed"] {
        check_districts(&top, key, &districts);
    }
    top.done();
    match (store, listen) {
        (Some(store), Some(listen)) if problems.is_empty() => Ok(Config {
            store: store.path,
            backups: store.backups,
            checkpoint_key: store.checkpoint_key,
            listen,
            mail,
            operators,
            districts,
            feeds,
            sources,
            plugins,
            routes,
            approve_above,
            decisions,
            retention,
        }),
        _ => Err(problems.into_vec()),
    }
}

/// A list of tables by their ids; an id that stands twice is a problem.
fn unique<T, K: Ord>(
    top: &Table<'_>,
    key: &str,
    id: &str,
    read: impl Fn(&Table<'_>) -> Option<T>,
    id_of: impl Fn(&T) -> K,
) -> BTreeMap<K, T> {
    let mut all = BTreeMap::new();
    for table in top.tables(key) {
        if let Some(item) = read(&table)
            && all.insert(id_of(&item), item).is_some()
        {
            table.problem(id, "stands twice");
        }
    }
    all
}

/// Every source and feed belongs to a district that is configured.
fn check_districts(top: &Table<'_>, key: &str, districts: &BTreeMap<DistrictId, District>) {
    let known: BTreeSet<&str> = districts.keys().map(DistrictId::as_str).collect();
    for table in top.tables(key) {
        if table
            .value("district")
            .and_then(Value::as_str)
            .is_some_and(|id| !known.contains(id))
        {
            table.problem("district", "is no [[district]] of this configuration");
        }
    }
}

/// `[notices]`, all of it optional.
pub(crate) fn read_notices(top: &Table<'_>) -> usize {
    let table = top.table("notices");
    let above = table
        .as_ref()
        .and_then(|table| table.number("approve-above", 0..=APPROVE_ABOVE_MAX));
    if let Some(table) = table {
        table.done();
    }
    above
        .and_then(|above| usize::try_from(above).ok())
        .unwrap_or(APPROVE_ABOVE)
}

/// What `[store]` says.
struct StoreTable {
    path: PathBuf,
    backups: PathBuf,
    checkpoint_key: Option<SecretFile>,
}

/// The database file and the folder for backups, which is beside it if nothing is said.
fn read_store(top: &Table<'_>) -> Option<StoreTable> {
    let table = top.table("store");
    let path = match &table {
        None => Some(PathBuf::from("/var/lib/provost/provost.db")),
        Some(table) => table.need_text("path").map(PathBuf::from),
    };
    let said = table.as_ref().and_then(|table| table.text("backups"));
    let key = table.as_ref();
    let checkpoint_key = key.and_then(|table| table.parse("checkpoint-key-file"));
    if let Some(table) = table {
        table.done();
    }
    let path = path?;
    let backups = said.map_or_else(|| path.with_file_name("backups"), PathBuf::from);
    Some(StoreTable {
        path,
        backups,
        checkpoint_key,
    })
}
