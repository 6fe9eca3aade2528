//! From bytes to a plugin that has been tried: look, compile or fetch, check the surface, instantiate, describe.

use provost_core::id::PluginId;
use std::sync::Arc;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::binary::{self, NotComponent};
use crate::cache::{CacheError, CodeKey, CodeOrigin, Digest, TrustedCode};
use crate::call::{CallError, Failure, Guest};
use crate::channel::Channel;
use crate::code::load_compiled;
use crate::engine::{CodeForm, Compiler, Engine, Parts, config};
use crate::interface::{Kind, Mismatch, Surface};
use crate::limits::{AnswerLimits, Limits};
use crate::policy::Policy;
use crate::tally::{Tally, Usage};

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
    pub(crate) tally: Arc<Tally>,
}

impl About {
    /// What a call stands on.
    pub(crate) fn ground(&self) -> (&Parts, &Tally) {
        (&self.engine.0, &self.tally)
    }

    /// What may be in its answers.
    pub(crate) fn answers(&self) -> &AnswerLimits {
        &self.engine.0.limits.answer
    }

    /// A call of this function that failed.
    pub(crate) fn failed(&self, function: &'static str, failure: Failure) -> CallError {
        let error = CallError {
            plugin: self.id.clone(),
            function,
            failure,
        };
        if error.is_its_own() {
            self.tally.failed();
        }
        error
    }
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

    /// What its calls have cost.
    pub fn usage(&self) -> Usage {
        self.about().tally.usage()
    }

    /// Makes a fresh instance as every call does, calls nothing of it and drops it: for measuring.
    ///
    /// # Errors
    /// [`CallError`] if that fails, which it did not when the plugin was loaded.
    pub fn instantiate(&self) -> Result<(), CallError> {
        match self {
            Self::Policy(policy) => policy.instantiate(),
            Self::Channel(channel) => channel.instantiate(),
        }
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

    /// The plugin of which this is the component's hash, if its compiled form lies in the folder and is the trusted one:
    /// in a few milliseconds, without the component.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn fetch(
        &self,
        id: PluginId,
        digest: Digest,
        trust: &dyn TrustedCode,
    ) -> Result<Option<Plugin>, LoadError> {
        let fetched = || {
            let key = self.key_of(digest);
            let Kept::Trusted(component) = kept(&self.0, &key, trust)? else {
                return Ok(None);
            };
            let code = (*component, CodeOrigin::Cached);
            self.try_out(&id, None, key.component, code).map(Some)
        };
        let fetched = fetched();
        fetched.map_err(|refusal| LoadError {
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
        binary::check(bytes, self.0.limits.component_bytes)?;
        let key = self.key_of(Digest::of(bytes));
        let code = match kept(&self.0, &key, trust)? {
            Kept::Trusted(component) => (*component, CodeOrigin::Cached),
            Kept::Nothing => compiled(&self.0, &key, bytes, trust, CodeOrigin::Compiled)?,
            Kept::Other(found) => {
                let origin = CodeOrigin::Replaced { found };
                compiled(&self.0, &key, bytes, trust, origin)?
            }
        };
        self.try_out(id, wanted, key.component, code)
    }

    fn key_of(&self, component: Digest) -> CodeKey {
        CodeKey {
            component,
            engine: self.0.key.clone(),
        }
    }

    /// Instantiates and describes what was compiled.
    fn try_out(
        &self,
        id: &PluginId,
        wanted: Option<Kind>,
        digest: Digest,
        (component, origin): (Component, CodeOrigin),
    ) -> Result<Plugin, Refusal> {
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
            digest,
            origin,
            tally: Arc::default(),
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

/// What the folder has of a component.
enum Kept {
    /// The form that was recorded.
    Trusted(Box<Component>),
    /// Nothing that anybody vouches for.
    Nothing,
    /// Another file than the one that was recorded, with this hash.
    Other(Digest),
}

fn doubt(key: &CodeKey) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> CacheError {
    |source| CacheError::Trust {
        component: key.component.clone(),
        source,
    }
}

/// The code of a component from the folder, if the file there is the trusted one.
fn kept(engine: &Parts, key: &CodeKey, trust: &dyn TrustedCode) -> Result<Kept, Refusal> {
    let Some(forms) = &engine.forms else {
        return Ok(Kept::Nothing);
    };
    let Some(trusted) = trust.trusted(key).map_err(doubt(key))? else {
        return Ok(Kept::Nothing);
    };
    let Some((compiled, found)) = forms.fetch(key)? else {
        return Ok(Kept::Nothing);
    };
    if found != trusted {
        return Ok(Kept::Other(found));
    }
    let component = load_compiled(&engine.wasm, &compiled);
    let component = component.map_err(|error| Refusal::Compiled(error.into()))?;
    Ok(Kept::Trusted(Box::new(component)))
}

/// The code of a component, compiled now and kept in the folder.
fn compiled(
    engine: &Parts,
    key: &CodeKey,
    bytes: &[u8],
    trust: &dyn TrustedCode,
    origin: CodeOrigin,
) -> Result<(Component, CodeOrigin), Refusal> {
    let compiled = match &engine.compiler {
        Compiler::Here => engine
            .wasm
            .precompile_component(bytes)
            .map_err(|error| Refusal::Compile(error.into()))?,
        Compiler::Apart(elsewhere) => elsewhere
            .compile(engine.form, bytes)
            .map_err(Refusal::Compile)?,
    };
    let component =
        load_compiled(&engine.wasm, &compiled).map_err(|error| Refusal::Compiled(error.into()))?;
    if let Some(forms) = &engine.forms {
        forms.keep(key, &compiled)?;
        let recorded = trust.record(key, &Digest::of(&compiled));
        recorded.map_err(doubt(key))?;
    }
    Ok((component, origin))
}

/// Compiles a component for engines of this form. Bytes in, bytes out: for a short-lived process with limits of its
/// own, whose compiler is the same as that of the process that loads what it wrote.
///
/// # Errors
/// What the compiler says of the component.
pub fn compile(
    form: CodeForm,
    component: &[u8],
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let engine = wasmtime::Engine::new(&config(form, &Limits::default())?)?;
    Ok(engine.precompile_component(component)?)
}
