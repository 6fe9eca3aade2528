//! From bytes to a plugin that has been tried: look, compile or fetch, check the surface, instantiate, describe.

use provost_core::id::PluginId;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::binary::{self, NotComponent};
use crate::cache::{CacheError, CodeKey, CodeOrigin, Digest, TrustedCode};
use crate::call::{Failure, Guest};
use crate::channel::Channel;
use crate::code::load_compiled;
use crate::engine::{Engine, Parts};
use crate::interface::{Kind, Mismatch, Surface};
use crate::policy::Policy;

/// A file that could not become a plugin.
#[derive(Debug, thiserror::Error)]
#[error("load plugin {plugin}")]
pub struct LoadError {
    /// Which plugin it was to be.
    pub plugin: PluginId,
    /// Why it is refused.
    #[source]
    pub refusal: Refusal,
}

/// Why a plugin is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The bytes are no component.
    #[error(transparent)]
    NotComponent(#[from] NotComponent),
    /// The compiler refuses it.
    #[error("compile it")]
    Compile(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The folder or the hashes of compiled forms failed.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The compiled form doesn't load: no more room for code, most likely.
    #[error("load its compiled form")]
    Compiled(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It speaks no interface of this Provost.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// Its functions have other parameters than those of the interface that it claims.
    #[error(
        "its exports do not have the types of {}: build it with the SDK that `provost plugin new` writes",
        .kind.interface()
    )]
    Shape {
        /// What it claims to be.
        kind: Kind,
        /// Which export and why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It could not be instantiated, or did not describe itself as it must.
    #[error("try it: call describe")]
    Describe(#[source] Failure),
}

/// What all plugins have in common.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) id: PluginId,
    pub(crate) engine: Engine,
    pub(crate) digest: Digest,
    pub(crate) origin: CodeOrigin,
}

/// A plugin that was loaded and tried.
#[derive(Debug, Clone)]
pub enum Plugin {
    /// A role policy.
    Policy(Policy),
    /// A channel.
    Channel(Channel),
}

impl Plugin {
    fn about(&self) -> &About {
        match self {
            Self::Policy(policy) => &policy.about,
            Self::Channel(channel) => &channel.about,
        }
    }

    /// Its id.
    pub fn id(&self) -> &PluginId {
        &self.about().id
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Policy(_) => Kind::RolePolicy,
            Self::Channel(_) => Kind::Channel,
        }
    }

    /// SHA-256 of its component: the version that runs.
    pub fn digest(&self) -> &Digest {
        &self.about().digest
    }

    /// Where its code came from; [`CodeOrigin::Replaced`] is worth an alarm.
    pub fn origin(&self) -> &CodeOrigin {
        &self.about().origin
    }
}

impl Engine {
    /// Loads a component, instantiates it once and asks it to describe itself, all within the limits of its calls.
    ///
    /// `wanted` is the kind that the caller has a place for; without one the component's exports decide. Compiling
    /// takes some 60 ms for a Rust guest and many seconds for one in Python or JavaScript; afterwards the compiled
    /// form comes from the folder in a few milliseconds, if `trust` knows its hash.
    ///
    /// # Errors
    /// [`LoadError`] with the [`Refusal`]; nothing of the plugin stays behind.
    pub fn load(
        &self,
        id: PluginId,
        wanted: Option<Kind>,
        component: &[u8],
        trust: &dyn TrustedCode,
    ) -> Result<Plugin, LoadError> {
        self.try_load(&id, wanted, component, trust)
            .map_err(|refusal| LoadError {
                plugin: id,
                refusal,
            })
    }

    fn try_load(
        &self,
        id: &PluginId,
        wanted: Option<Kind>,
        bytes: &[u8],
        trust: &dyn TrustedCode,
    ) -> Result<Plugin, Refusal> {
        binary::check(bytes)?;
        let key = CodeKey {
            component: Digest::of(bytes),
            engine: self.0.key.clone(),
        };
        let (component, origin) = code(&self.0, &key, bytes, trust)?;
        let kind = Surface::of(&component).kind()?;
        if let Some(expected) = wanted.filter(|expected| *expected != kind) {
            return Err(Mismatch::OtherKind {
                found: kind,
                expected,
            }
            .into());
        }
        let about = About {
            id: id.clone(),
            engine: self.clone(),
            digest: key.component,
            origin,
        };
        let shape = |source: wasmtime::Error| Refusal::Shape {
            kind,
            source: source.into(),
        };
        let pre: InstancePre<Guest> = Linker::new(&self.0.wasm)
            .instantiate_pre(&component)
            .map_err(shape)?;
        match kind {
            Kind::RolePolicy => Policy::try_out(about, pre).map(Plugin::Policy),
            Kind::Channel => Channel::try_out(about, pre).map(Plugin::Channel),
        }
    }
}

/// The code of a component: from the folder if the file there is the trusted one, else compiled and kept.
fn code(
    engine: &Parts,
    key: &CodeKey,
    bytes: &[u8],
    trust: &dyn TrustedCode,
) -> Result<(Component, CodeOrigin), Refusal> {
    let doubt = |source| CacheError::Trust {
        component: key.component.clone(),
        source,
    };
    let compiled_form = |error: wasmtime::Error| Refusal::Compiled(error.into());
    let mut origin = CodeOrigin::Compiled;
    if let Some(forms) = &engine.forms
        && let Some(trusted) = trust.trusted(key).map_err(doubt)?
        && let Some((compiled, found)) = forms.fetch(key)?
    {
        if found == trusted {
            let component = load_compiled(&engine.wasm, &compiled).map_err(compiled_form)?;
            return Ok((component, CodeOrigin::Cached));
        }
        origin = CodeOrigin::Replaced { found };
    }
    let compiled = compile(&engine.wasm, bytes).map_err(|error| Refusal::Compile(error.into()))?;
    let component = load_compiled(&engine.wasm, &compiled).map_err(compiled_form)?;
    if let Some(forms) = &engine.forms {
        forms.keep(key, &compiled)?;
        trust.record(key, &Digest::of(&compiled)).map_err(doubt)?;
    }
    Ok((component, origin))
}

/// Compiles a component. Bytes in, bytes out, so that a short-lived process with limits of its own can do it instead.
fn compile(engine: &wasmtime::Engine, component: &[u8]) -> wasmtime::Result<Vec<u8>> {
    engine.precompile_component(component)
}
