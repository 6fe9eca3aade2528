//! From a file or the register to a plugin that has been tried; the secrets of its requests.

use provost_core::document::Problem;
use provost_core::id::PluginId;
use provost_sandbox::{
    CodeKey, CodeOrigin, Compiler, Digest, Engine, Plugin, Settings, TrustInMemory, TrustedCode,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Ward, chain, problem};
use crate::config::PluginOffer;
use crate::daemon::DaemonError;
use crate::deliver::Secrets;
use crate::store::Store;

/// Compiles and tries plugins; the hashes of compiled forms lie in the store, where who can write the folder cannot.
pub struct Loader {
    engine: Engine,
    trust: Box<dyn TrustedCode + Send + Sync>,
    /// The service's credentials directory.
    pub(super) credentials: Option<PathBuf>,
    /// What it loads is watched by the same ward, reload after reload.
    pub(super) ward: Arc<Ward>,
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
            ward: Arc::default(),
        })
    }

    /// A loader that keeps compiled plugins in a folder beside the database, compiled where `compiler` says.
    ///
    /// # Errors
    /// If no plugin can run on this machine.
    pub fn beside(
        store: &Arc<Store>,
        database: &Path,
        credentials: Option<&Path>,
        compiler: Compiler,
    ) -> Result<Self, DaemonError> {
        let cache_dir = database
            .parent()
            .map(|folder| folder.join("compiled-plugins"));
        let engine = Engine::new(Settings {
            cache_dir,
            compiler,
            ..Settings::default()
        })
        .map_err(DaemonError::Engine)?;
        Ok(Self {
            engine,
            trust: Box::new(TrustInStore(Arc::clone(store))),
            credentials: credentials.map(Path::to_owned),
            ward: Arc::default(),
        })
    }

    /// Reads the secrets that a plugin's requests may name.
    pub(super) fn secrets(&self, offer: &PluginOffer, problems: &mut Vec<Problem>) -> Secrets {
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

    /// Reads, compiles, tries and describes the plugin in a file.
    ///
    /// # Errors
    /// In one line, why it is refused.
    pub fn load(&self, id: &PluginId, file: &Path) -> Result<Plugin, String> {
        let bytes = std::fs::read(file).map_err(|why| format!("cannot be read: {why}"))?;
        self.load_bytes(id, &bytes)
    }

    /// Compiles, tries and describes a component.
    ///
    /// # Errors
    /// In one line, why it is refused.
    pub(crate) fn load_bytes(&self, id: &PluginId, bytes: &[u8]) -> Result<Plugin, String> {
        let loaded = self
            .engine
            .load(id.clone(), None, bytes, self.trust.as_ref());
        loaded
            .map(|plugin| self.told(plugin))
            .map_err(|why| chain(&why))
    }

    /// Tries and describes the plugin of this hash: from its compiled form, or else from the component, which is asked
    /// for only then.
    ///
    /// # Errors
    /// In one line, why it is refused.
    pub(crate) fn load_version(
        &self,
        id: &PluginId,
        digest: &Digest,
        component: impl FnOnce() -> Result<Option<Vec<u8>>, String>,
    ) -> Result<Plugin, String> {
        let fetched = self
            .engine
            .fetch(id.clone(), digest.clone(), self.trust.as_ref());
        if let Some(plugin) = fetched.map_err(|why| chain(&why))? {
            return Ok(self.told(plugin));
        }
        let bytes = component()?.ok_or("the register has not kept its component")?;
        if Digest::of(&bytes) != *digest {
            return Err(
                "the component that the register has kept is not the approved one".to_owned(),
            );
        }
        self.load_bytes(id, &bytes)
    }

    fn told(&self, plugin: Plugin) -> Plugin {
        if let CodeOrigin::Replaced { .. } = plugin.origin() {
            tracing::warn!(plugin = %plugin.id(), "the compiled form had been changed and was compiled anew");
        }
        tracing::info!(plugin = %plugin.id(), hash = %plugin.digest(), code = self.engine.form().word(), "plugin loaded");
        plugin
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
