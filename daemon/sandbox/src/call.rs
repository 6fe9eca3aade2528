//! One call: a fresh store, a fresh instance, every limit set before anything of the plugin runs.

use provost_core::decision::Finding;
use provost_core::id::PluginId;
use std::time::Instant;
use wasmtime::{Store, Trap};

use crate::answer::BadAnswer;
use crate::engine::Parts;
use crate::interface::Kind;
use crate::limits::{
    CALL_TIME, CALLS_AT_ONCE, CALLS_OF_ONE, HOSTCALL_FUEL, POLICY_FUEL, STACK_BYTES,
};
use crate::meter::Meter;
use crate::printable;
use crate::tally::Tally;

/// A call that gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("call {function} of plugin {plugin}")]
pub struct CallError {
    /// Which plugin.
    pub plugin: PluginId,
    /// Which of its functions: `describe`, `evaluate`, `render` or `judge`.
    pub function: &'static str,
    /// How it failed.
    #[source]
    pub failure: Failure,
}

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A policy used up its fuel. Happens again on every replay with the same engine.
    #[error("it used up its {POLICY_FUEL} units of fuel")]
    OutOfFuel,
    /// Cut off by the clock. Not replayable: a faster machine might have finished.
    #[error("it was cut off after {} ms", CALL_TIME.as_millis())]
    Deadline,
    /// It asked for more memory, tables or instances than it may have.
    #[error("it asked for more than its {} MiB of memory, or for too many tables", .memory_bytes >> 20)]
    Memory {
        /// Bytes it may have.
        memory_bytes: usize,
    },
    /// It called itself too deep.
    #[error("it used up its {} KiB of stack", STACK_BYTES >> 10)]
    Stack,
    /// It returned more than the host is ready to copy.
    #[error("it returned more than {} KiB", HOSTCALL_FUEL >> 10)]
    TooMuch,
    /// Its functions have other types than those of the interface that it claims. The text is Wasmtime's.
    #[error(
        "its exports do not have the types of the interface ({0}): build it with the SDK that `provost plugin new` writes"
    )]
    Shape(String),
    /// It trapped: most often a panic of the plugin. The text is Wasmtime's, made printable.
    #[error("it trapped: {0}")]
    Trap(String),
    /// Too many calls ran for too long; the plugin itself was not called.
    #[error(
        "{CALLS_OF_ONE} other calls of it, or {CALLS_AT_ONCE} of all plugins, were running for {} ms",
        CALL_TIME.as_millis()
    )]
    Busy,
    /// It answered, and the answer is not acceptable.
    #[error("its answer is not acceptable")]
    Answer(#[from] BadAnswer),
}

impl CallError {
    /// What a failed policy says of the request: forbid, naming itself. Rule: domain, *How a decision is made*.
    pub fn finding(&self) -> Finding {
        let mut finding = Finding::forbid(
            "plugin.failed",
            format!(
                "The plugin {} failed ({}); what it judges is denied until it works again.",
                self.plugin, self.failure
            ),
        );
        self.plugin.as_str().clone_into(&mut finding.source);
        finding
    }

    /// The plugin itself has failed: it was called.
    pub fn is_its_own(&self) -> bool {
        self.failure != Failure::Busy
    }

    /// The same call fails the same way wherever it is made again.
    pub fn is_replayable(&self) -> bool {
        !matches!(self.failure, Failure::Deadline | Failure::Busy)
    }
}

/// What a store holds beside the plugin.
#[derive(Debug)]
pub(crate) struct Guest {
    meter: Meter,
}

/// Runs `call` on a fresh store. Hands out its result and the fuel that it used, and counts what it cost.
pub(crate) fn run<R>(
    (engine, tally): (&Parts, &Tally),
    kind: Kind,
    call: impl FnOnce(&mut Store<Guest>) -> wasmtime::Result<R>,
) -> Result<(R, u64), Failure> {
    // Declared before the store, and so dropped after it: the pool's slots are free again when the next call enters.
    let _running = engine.brake.enter(&tally.running).ok_or(Failure::Busy)?;
    let limits = &engine.limits;
    let (fuel, memory_bytes) = match kind {
        Kind::RolePolicy => (limits.policy_fuel, limits.policy_memory_bytes),
        // A channel's answers are not replayed: the clock alone cuts it off.
        Kind::Channel => (u64::MAX, limits.channel_memory_bytes),
    };
    let began = Instant::now();
    let meter = Meter::new(memory_bytes, limits);
    let mut store = Store::new(&engine.wasm, Guest { meter });
    store.limiter(|guest| &mut guest.meter);
    store.set_hostcall_fuel(limits.hostcall_fuel);
    // Instantiating runs code of the plugin already, and a fresh store's deadline has passed: this comes first.
    store.set_epoch_deadline(limits.epochs());
    let answer = store.set_fuel(fuel).and_then(|()| call(&mut store));
    let left = store.get_fuel().unwrap_or(0);
    let used = fuel.saturating_sub(left);
    tally.called(began.elapsed(), used, store.data().meter.memory_bytes);
    match answer {
        Ok(answer) => Ok((answer, used)),
        Err(error) => Err(failure(&error, store.data())),
    }
}

fn failure(error: &wasmtime::Error, guest: &Guest) -> Failure {
    let memory = Failure::Memory {
        memory_bytes: guest.meter.memory_bytes_max,
    };
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => return Failure::OutOfFuel,
        Some(Trap::Interrupt) => return Failure::Deadline,
        Some(Trap::StackOverflow) => return Failure::Stack,
        // An allocator that gets no memory traps in one way or another.
        _ if guest.meter.refused => return memory,
        _ => {}
    }
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let text = chain.join(": ");
    // Wasmtime has no type for this one.
    if text.contains("fuel allocated for hostcalls") {
        return Failure::TooMuch;
    }
    if text.contains("resource limit exceeded") {
        return memory;
    }
    if text.contains("convert function") {
        return Failure::Shape(printable(&text));
    }
    Failure::Trap(printable(&text))
}
