//! `provost plugin bench`: what a plugin costs, in the daemon's own sandbox, and how near that is to its limits.

use provost_core::id::PluginId;
use provost_sandbox::{CodeForm, EngineError, Kind, LoadError, Plugin};
use serde_json::{Value, json};
use std::io;
use std::time::{Duration, Instant};

use super::run::{Answer, Call, Function, RunError};
use super::trial::Trial;
use crate::compile::{self, Compiler};
use crate::live::chain;

/// What was measured of a plugin.
#[derive(Debug)]
pub struct Figures {
    kind: Kind,
    form: CodeForm,
    calls: u32,
    /// From the bytes of the component to a plugin that has described itself.
    compiled: Duration,
    /// The same from its compiled form.
    loaded: Duration,
    instantiated: Spread<Duration>,
    called: Spread<Duration>,
    fuel: Spread<u64>,
    /// The most memory of any call.
    memory_bytes: u64,
    limits: Bounds,
}

/// The limits that figures are held against.
#[derive(Debug)]
struct Bounds {
    compiled: Duration,
    called: Duration,
    /// Channels have none.
    fuel: Option<u64>,
    memory_bytes: u64,
}

/// Of many figures the middle one, that which 99 of 100 do not exceed, and the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spread<T> {
    p50: T,
    p99: T,
    most: T,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No plugin can run on this machine.
    #[error("set up the sandbox")]
    Engine(#[from] EngineError),
    /// There is no folder for the compiled form.
    #[error("make a temporary folder for the compiled form")]
    Folder(#[source] io::Error),
    /// The plugin is refused.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The call cannot be made or was not answered.
    #[error(transparent)]
    Call(#[from] RunError),
    /// There is no call to measure.
    #[error("describe is called once, when a plugin is loaded: name evaluate, render or judge")]
    Describe,
    /// One of the calls failed, although others had not.
    #[error("call {number} of {calls} failed")]
    Failed {
        /// Which.
        number: u32,
        /// How many there were to be.
        calls: u32,
        /// How.
        #[source]
        source: RunError,
    },
}

/// Compiles a component as the daemon does, and makes a call of it so many times.
///
/// # Errors
/// [`BenchError`] if the plugin is refused, the call does not fit or fails.
pub fn measure(
    (id, component): (&PluginId, &[u8]),
    (function, given): (Option<Function>, &Value),
    calls: u32,
    compiler: Compiler,
) -> Result<Figures, BenchError> {
    let folder = tempfile::tempdir().map_err(BenchError::Folder)?;
    let trial = Trial::new(Some(folder.path()), compiler)?;
    let (plugin, compiled) = timed(|| trial.load(id, None, component));
    let plugin = plugin?;
    let call = Call::prepare(&plugin, function, given)?;
    if matches!(call, Call::Describe(_)) {
        return Err(BenchError::Describe);
    }
    // The first call finds cold caches, and says at once what is wrong.
    call.make()?;
    let (loaded_again, loaded) = timed(|| trial.load(id, None, component));
    drop(loaded_again?);
    let mut measured = Measured::default();
    for number in 1..=calls {
        let made = measured.call(&plugin, &call);
        made.map_err(|source| BenchError::Failed {
            number,
            calls,
            source,
        })?;
    }
    Ok(measured.figures(&plugin, &trial, calls, (compiled, loaded)))
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}

#[derive(Debug, Default)]
struct Measured {
    instantiated: Vec<Duration>,
    called: Vec<Duration>,
    fuel: Vec<u64>,
}

impl Measured {
    fn call(&mut self, plugin: &Plugin, call: &Call<'_>) -> Result<Answer, RunError> {
        let (instantiated, took) = timed(|| plugin.instantiate());
        instantiated.map_err(|why| RunError::Failed(chain(&why)))?;
        self.instantiated.push(took);
        let before = plugin.usage().fuel;
        let (answer, took) = timed(|| call.make());
        self.called.push(took);
        self.fuel.push(plugin.usage().fuel.saturating_sub(before));
        answer
    }

    fn figures(
        self,
        plugin: &Plugin,
        trial: &Trial,
        calls: u32,
        (compiled, loaded): (Duration, Duration),
    ) -> Figures {
        let limits = trial.limits();
        let (fuel, memory_bytes) = match plugin.kind() {
            Kind::RolePolicy => (Some(limits.policy_fuel), limits.policy_memory_bytes),
            Kind::Channel => (None, limits.channel_memory_bytes),
        };
        Figures {
            kind: plugin.kind(),
            form: trial.form(),
            calls,
            compiled,
            loaded,
            instantiated: spread(self.instantiated),
            called: spread(self.called),
            fuel: spread(self.fuel),
            memory_bytes: plugin.usage().memory_bytes,
            limits: Bounds {
                compiled: compile::TIME,
                called: limits.call_time,
                fuel,
                memory_bytes: u64::try_from(memory_bytes).unwrap_or(u64::MAX),
            },
        }
    }
}

fn spread<T: Ord + Copy + Default>(mut found: Vec<T>) -> Spread<T> {
    found.sort_unstable();
    let at = |percent: usize| {
        let place = (found.len() * percent / 100).min(found.len().saturating_sub(1));
        found.get(place).copied().unwrap_or_default()
    };
    Spread {
        p50: at(50),
        p99: at(99),
        most: at(100),
    }
}

/// How much of a limit is used, in percent, to a tenth; more than 0 if anything is.
fn percent(used: u128, limit: u128) -> f64 {
    let tenths = used
        .saturating_mul(1000)
        .div_ceil(limit.max(1))
        .min(u32::MAX.into());
    f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0
}

/// Three digits: more would be noise.
fn shown(time: Duration) -> String {
    let (number, unit) = match time.as_nanos() {
        0..1_000_000 => (time.as_secs_f64() * 1e6, "µs"),
        1_000_000..1_000_000_000 => (time.as_secs_f64() * 1e3, "ms"),
        _ => (time.as_secs_f64(), "s"),
    };
    let digits = match number {
        number if number >= 100.0 => 0,
        number if number >= 10.0 => 1,
        _ => 2,
    };
    format!("{number:.digits$} {unit}")
}

fn mebibytes(bytes: u64) -> String {
    let tenths = (bytes.saturating_mul(10)).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

fn micros(time: Duration) -> Value {
    json!(time.as_micros())
}

impl Figures {
    /// With stable names: times in microseconds, memory in bytes, shares of limits in percent.
    pub fn json(&self) -> Value {
        let spread = |of: Spread<Duration>| json!({"p50": micros(of.p50), "p99": micros(of.p99), "most": micros(of.most)});
        let fuel = self.fuel;
        json!({
            "kind": self.kind.to_string(),
            "code": self.form.word(),
            "calls": self.calls,
            "compile-us": micros(self.compiled),
            "load-us": micros(self.loaded),
            "instantiate-us": spread(self.instantiated),
            "call-us": spread(self.called),
            "fuel": {"p50": fuel.p50, "p99": fuel.p99, "most": fuel.most},
            "memory-bytes": self.memory_bytes,
            "limits": {
                "compile-us": micros(self.limits.compiled),
                "call-us": micros(self.limits.called),
                "fuel": self.limits.fuel,
                "memory-bytes": self.limits.memory_bytes,
            },
            "percent": {
                "compile": percent(self.compiled.as_micros(), self.limits.compiled.as_micros()),
                "call": percent(self.called.most.as_micros(), self.limits.called.as_micros()),
                "fuel": self.limits.fuel.map(|limit| percent(fuel.most.into(), limit.into())),
                "memory": percent(self.memory_bytes.into(), self.limits.memory_bytes.into()),
            },
        })
    }

    /// A row for each thing that was measured, for people.
    pub fn rows(&self) -> Vec<Value> {
        let once = |what, took: Duration| json!({"what": what, "most": shown(took)});
        let times = |what, of: Spread<Duration>| json!({"what": what, "p50": shown(of.p50), "p99": shown(of.p99), "most": shown(of.most)});
        let fuel = json!({
            "what": "fuel", "p50": self.fuel.p50, "p99": self.fuel.p99, "most": self.fuel.most,
        });
        let memory = json!({"what": "memory", "most": mebibytes(self.memory_bytes)});
        let held = |mut row: Value, limit: String, share: &str| {
            row["limit"] = json!(limit);
            row["used"] = json!(format!("{} %", self.json()["percent"][share]));
            row
        };
        vec![
            held(
                once("compile", self.compiled),
                shown(self.limits.compiled),
                "compile",
            ),
            once("load compiled", self.loaded),
            times("instantiate", self.instantiated),
            held(
                times("call", self.called),
                shown(self.limits.called),
                "call",
            ),
            match self.limits.fuel {
                Some(limit) => held(fuel, limit.to_string(), "fuel"),
                None => fuel,
            },
            held(memory, mebibytes(self.limits.memory_bytes), "memory"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_figures_the_middle_the_99th_of_a_hundred_and_the_most_are_kept() {
        let of = |found: std::ops::RangeInclusive<u64>| spread(found.rev().collect());
        let expected = Spread {
            p50: 51,
            p99: 100,
            most: 100,
        };
        assert_eq!(of(1..=100), expected);
        assert_eq!(of(1..=1000).p99, 991);
        assert_eq!((of(7..=7).p50, of(7..=7).most), (7, 7));
    }

    #[test]
    fn a_share_of_a_limit_is_never_rounded_to_nothing_and_never_overflows() {
        assert_eq!(percent(0, 100), 0.0);
        assert_eq!(percent(1, 50_000_000), 0.1);
        assert_eq!(percent(25, 50), 50.0);
        assert_eq!(percent(u128::MAX, 0), 429_496_729.5);
    }

    #[test]
    fn figures_are_shown_with_three_digits() {
        let said = [1_234, 12_340, 1_234_000, 1_500_000_000].map(Duration::from_nanos);
        assert_eq!(said.map(shown), ["1.23 µs", "12.3 µs", "1.23 ms", "1.50 s"]);
        assert_eq!(mebibytes(65_536), "0.1 MiB");
    }
}
