//! Where a scenario's plugins come from. Each is loaded once, however many scenarios name it.

use provost_core::id::PluginId;
use provost_sandbox::{Channel, Engine, Plugin, Policy, Settings, TrustInMemory};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;

use crate::live::chain;

/// Finds a plugin; in words, why not.
type Find<'s> = dyn Fn(&PluginId) -> Result<Plugin, String> + 's;

/// Plugins at hand.
pub struct Shelf<'s> {
    find: Box<Find<'s>>,
    known: RefCell<BTreeMap<PluginId, Plugin>>,
}

impl<'s> Shelf<'s> {
    /// Plugins that `find` loads.
    pub fn new(find: impl Fn(&PluginId) -> Result<Plugin, String> + 's) -> Self {
        Self {
            find: Box::new(find),
            known: RefCell::default(),
        }
    }

    /// Plugins that lie in a folder, as `ID.wasm`. No engine is started before one is asked for.
    pub fn folder(folder: &'s Path) -> Self {
        let engine = OnceCell::new();
        Self::new(move |id| {
            let file = folder.join(format!("{id}.wasm"));
            let load = || {
                let bytes = std::fs::read(&file).map_err(|why| format!("cannot be read: {why}"))?;
                let engine = engine
                    .get_or_init(|| Engine::new(Settings::default()).map_err(|why| chain(&why)))
                    .as_ref()
                    .map_err(String::clone)?;
                let trust = TrustInMemory::default();
                let loaded = engine.load(id.clone(), None, &bytes, &trust);
                loaded.map_err(|why| chain(&why))
            };
            load().map_err(|why| format!("{}: {why}", file.display()))
        })
    }

    fn get(&self, id: &PluginId) -> Result<Plugin, String> {
        if let Some(known) = self.known.borrow().get(id) {
            return Ok(known.clone());
        }
        let found = (self.find)(id)?;
        self.known.borrow_mut().insert(id.clone(), found.clone());
        Ok(found)
    }

    /// The edition plugins of these ids.
    ///
    /// # Errors
    /// In words, why one is not to be had.
    pub(super) fn policies(&self, ids: &[PluginId]) -> Result<Vec<Policy>, String> {
        let policies = ids.iter().map(|id| match self.get(id)? {
            Plugin::Policy(policy) => Ok(policy),
            Plugin::Channel(_) => Err(format!("{id} is a channel, not an edition's role policy")),
        });
        policies.collect()
    }

    /// The channel of this id.
    ///
    /// # Errors
    /// In words, why it is not to be had.
    pub(super) fn channel(&self, id: &PluginId) -> Result<Channel, String> {
        match self.get(id)? {
            Plugin::Channel(channel) => Ok(channel),
            Plugin::Policy(_) => Err(format!("{id} is a role policy, not a channel")),
        }
    }
}
