//! Plugins as the daemon runs them, for their authors: the same engine, the same limits.
//!
//! Compiling a Python or JavaScript component takes many seconds, so the compiled form is kept in the author's own cache
//! folder, which nobody else may write: who can, runs programs as the author anyway.

use provost_core::id::PluginId;
use provost_sandbox::limits::Limits;
use provost_sandbox::{
    CodeForm, CodeKey, Compiler, Digest, Engine, EngineError, Kind, LoadError, Plugin, Settings,
    TrustInMemory, TrustedCode,
};
use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// An engine and what it remembers.
pub struct Trial {
    engine: Engine,
    trust: Box<dyn TrustedCode>,
}

impl Trial {
    /// An engine that keeps compiled forms in `cache`, compiled where `compiler` says; nothing is kept without a
    /// folder.
    ///
    /// # Errors
    /// If no plugin can run on this machine, or the folder cannot be made.
    pub fn new(cache: Option<&Path>, compiler: Compiler) -> Result<Self, EngineError> {
        let engine = Engine::new(Settings {
            cache_dir: cache.map(Path::to_owned),
            compiler,
            ..Settings::default()
        })?;
        Ok(Self {
            engine,
            trust: match cache {
                Some(folder) => Box::new(TrustBeside(folder.to_owned())),
                None => Box::new(TrustInMemory::default()),
            },
        })
    }

    /// What plugins are held to.
    pub fn limits(&self) -> &Limits {
        self.engine.limits()
    }

    /// How plugins are run.
    pub fn form(&self) -> CodeForm {
        self.engine.form()
    }

    /// Compiles a component or fetches it compiled, instantiates it and asks it to describe itself.
    ///
    /// # Errors
    /// [`LoadError`] says why it is refused.
    pub fn load(
        &self,
        id: &PluginId,
        wanted: Option<Kind>,
        component: &[u8],
    ) -> Result<Plugin, LoadError> {
        self.engine
            .load(id.clone(), wanted, component, self.trust.as_ref())
    }
}

/// Hashes of compiled forms in a file beside each.
struct TrustBeside(PathBuf);

impl TrustBeside {
    fn path(&self, key: &CodeKey) -> PathBuf {
        self.0
            .join(format!("{}-{}.sha256", key.component, key.engine))
    }
}

impl TrustedCode for TrustBeside {
    fn trusted(&self, key: &CodeKey) -> Result<Option<Digest>, Box<dyn Error + Send + Sync>> {
        match fs::read_to_string(self.path(key)) {
            Ok(text) => Ok(Digest::parse(text.trim())),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    fn record(&self, key: &CodeKey, form: &Digest) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(fs::write(self.path(key), format!("{form}\n"))?)
    }
}
