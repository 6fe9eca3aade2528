//! The engine: Wasmtime set up for plugins that import nothing and are given little.

use std::path::PathBuf;
use std::sync::Arc;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::brake::Brake;
use crate::cache::{CacheError, Digest, Forms};
use crate::code::SealedCode;
use crate::limits::{CALLS_AT_ONCE, Limits};

/// How plugins are to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Code {
    /// Natively if this process may map code, else interpreted.
    #[default]
    Auto,
    /// Natively, or not at all.
    Native,
    /// Interpreted by Pulley, about twelve times slower; needs nothing from the operating system.
    Pulley,
}

/// How plugins are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeForm {
    /// As machine code.
    Native,
    /// Interpreted by Pulley.
    Pulley,
}

impl CodeForm {
    /// `native` or `pulley`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Pulley => "pulley",
        }
    }

    /// The form of this word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Native, Self::Pulley]
            .into_iter()
            .find(|form| form.word() == word)
    }
}

/// Compiles components somewhere else, where what they cost hurts nobody.
pub trait Compile: std::fmt::Debug + Send + Sync {
    /// What [`compile`](crate::compile) makes of the component for an engine of this form.
    ///
    /// # Errors
    /// What the compiler says, or what stopped it.
    fn compile(
        &self,
        form: CodeForm,
        component: &[u8],
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>>;
}

/// Where components are compiled.
#[derive(Debug, Clone, Default)]
pub enum Compiler {
    /// In this process: for those that compile what their caller gave them, and end.
    #[default]
    Here,
    /// Elsewhere.
    Apart(Arc<dyn Compile>),
}

/// What an engine is made from.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Folder of compiled forms, writable by nobody else; without one every load compiles.
    pub cache_dir: Option<PathBuf>,
    /// How plugins are to be run.
    pub code: Code,
    /// Where they are compiled.
    pub compiler: Compiler,
    /// What they are held to.
    pub limits: Limits,
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Native code was asked for and this process may not map any.
    #[error("map code for plugins from a sealed memory file")]
    MapCode(#[source] std::io::Error),
    /// Wasmtime refused its settings or found no room for the pool of instances.
    #[error("set up Wasmtime")]
    Wasmtime(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The thread that cuts off calls could not be started.
    #[error("start the thread that cuts off plugins")]
    Thread(#[source] std::io::Error),
    /// The folder of compiled forms can't be used.
    #[error("use the folder of compiled plugins")]
    Cache(#[source] CacheError),
}

/// Loads and runs plugins. Cheap to clone; all clones are the same engine.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) wasm: wasmtime::Engine,
    pub(crate) brake: Brake,
    pub(crate) forms: Option<Forms>,
    pub(crate) key: Digest,
    pub(crate) compiler: Compiler,
    pub(crate) form: CodeForm,
    pub(crate) limits: Limits,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("form", &self.0.form)
            .field("key", &self.0.key)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Sets Wasmtime up. Takes some milliseconds and tens of GiB of address space, none of it memory.
    ///
    /// # Errors
    /// [`EngineError`] says which part failed.
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        let form = form(settings.code)?;
        let config = config(form, &settings.limits).map_err(wasmtime_error)?;
        let wasm = wasmtime::Engine::new(&config).map_err(wasmtime_error)?;
        let forms = settings
            .cache_dir
            .map(Forms::open)
            .transpose()
            .map_err(EngineError::Cache)?;
        let key = Digest::of_hash(&wasm.precompile_compatibility_hash());
        Ok(Self(Arc::new(Parts {
            brake: Brake::new(wasm.clone()).map_err(EngineError::Thread)?,
            key,
            wasm,
            forms,
            compiler: settings.compiler,
            form,
            limits: settings.limits,
        })))
    }

    /// How plugins are run, for `status`.
    pub fn form(&self) -> CodeForm {
        self.0.form
    }

    /// What plugins are held to.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What compiled forms fit this engine: Wasmtime's version, settings and target, as a digest. Recorded with
    /// decisions, because fuel and code depend on it.
    pub fn compatibility(&self) -> &Digest {
        &self.0.key
    }
}

fn wasmtime_error(error: wasmtime::Error) -> EngineError {
    EngineError::Wasmtime(error.into())
}

fn form(wanted: Code) -> Result<CodeForm, EngineError> {
    match (wanted, SealedCode::probe()) {
        (Code::Pulley, _) | (Code::Auto, Err(_)) => Ok(CodeForm::Pulley),
        (Code::Auto | Code::Native, Ok(())) => Ok(CodeForm::Native),
        (Code::Native, Err(error)) => Err(EngineError::MapCode(error)),
    }
}

pub(crate) fn config(form: CodeForm, limits: &Limits) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        // Plugins are pure functions and decisions are replayed: what differs between machines is left out.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack_bytes)
        // The unwinder never walks through guest code, and the tables cost a registration for every load.
        .native_unwind_info(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    match form {
        CodeForm::Native => {
            config.with_custom_code_memory(Some(Arc::new(SealedCode)));
        }
        CodeForm::Pulley => {
            // Memory images need memfd_create, whose absence is one reason to be here.
            config.target("pulley64")?.memory_init_cow(false);
        }
    }
    Ok(config)
}

/// Room for [`CALLS_AT_ONCE`] plugins of the largest kind. A warm slot whose touched pages are found by the kernel
/// (PAGEMAP_SCAN, Linux 6.7) makes a fresh instance cost 22 µs instead of 67.
fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let calls = CALLS_AT_ONCE;
    let each = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(calls)
        .total_core_instances(calls * each(limits.instances))
        .max_core_instances_per_component(each(limits.instances))
        .total_memories(calls * each(limits.memories))
        .max_memories_per_component(each(limits.memories))
        .max_memory_size(limits.policy_memory_bytes.max(limits.channel_memory_bytes))
        .total_tables(calls * each(limits.tables))
        .max_tables_per_component(each(limits.tables))
        .table_elements(limits.table_elements)
        .total_stacks(0)
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(1 << 16)
        .pagemap_scan(Enabled::Auto);
    pool
}
