//! The ward of plugins: who fails too often rests in quarantine, and is tried again.

use provost_core::Timestamp;
use provost_core::breaker::{Breaker, Fared, Turn};
use provost_core::decision::Finding;
use provost_core::id::PluginId;
use provost_sandbox::{CallError, Digest, RenderError};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Turns that wait to be told of; with more of them the oldest are enough.
const TOLD_MAX: usize = 64;

/// A plugin went into quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Which plugin.
    pub plugin: PluginId,
    /// When.
    pub at: Timestamp,
    /// Until when it rests at first.
    pub until: Timestamp,
    /// How its last call failed.
    pub why: String,
}

/// Watches how calls of plugins go. It outlives reloads; another version of a plugin begins anew.
#[derive(Debug, Default)]
pub struct Ward {
    beds: Mutex<BTreeMap<PluginId, (Digest, Breaker)>>,
    told: Mutex<Vec<Quarantined>>,
    /// Wakes who tells the operators.
    pub(crate) wake: Notify,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every statement leaves it consistent, so that a panic elsewhere spoils nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error that may be a plugin's failure.
pub trait OfCall {
    /// The call that failed, if one did.
    fn of_call(&self) -> Option<&CallError>;
}

impl OfCall for CallError {
    fn of_call(&self) -> Option<&CallError> {
        Some(self)
    }
}

impl OfCall for RenderError {
    /// A channel that objects has not failed.
    fn of_call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            Self::Refused { .. } => None,
        }
    }
}

impl Ward {
    /// Makes a call, if the plugin does not rest, and notes how it went.
    ///
    /// # Errors
    /// The moment until which it rests.
    pub fn call<T, E: OfCall>(
        &self,
        (plugin, digest): (&PluginId, &Digest),
        now: Timestamp,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Timestamp> {
        self.with(plugin, digest, |breaker| breaker.admit(now))?;
        let answer = call();
        let error = answer.as_ref().err().and_then(OfCall::of_call);
        // A plugin that was not called for want of room has not failed.
        let error = error.filter(|error| error.is_its_own());
        let fared = error.map_or(Fared::Well, |_| Fared::Badly);
        let turn = self.with(plugin, digest, |breaker| breaker.note(fared, now));
        if let Some(turn) = turn {
            self.tell(plugin, now, turn, error);
        }
        Ok(answer)
    }

    fn with<T>(
        &self,
        plugin: &PluginId,
        digest: &Digest,
        with: impl FnOnce(&mut Breaker) -> T,
    ) -> T {
        let mut beds = held(&self.beds);
        match beds.get_mut(plugin) {
            Some((of, breaker)) if of == digest => with(breaker),
            _ => {
                let mut breaker = Breaker::default();
                let done = with(&mut breaker);
                beds.insert(plugin.clone(), (digest.clone(), breaker));
                done
            }
        }
    }

    fn tell(&self, plugin: &PluginId, at: Timestamp, turn: Turn, error: Option<&CallError>) {
        match turn {
            Turn::Closed => tracing::info!(%plugin, "plugin out of quarantine"),
            Turn::Reopened { until } => {
                tracing::warn!(%plugin, %until, "plugin stays in quarantine")
            }
            Turn::Opened { until } => {
                tracing::error!(%plugin, %until, "plugin in quarantine");
                let mut told = held(&self.told);
                if told.len() < TOLD_MAX {
                    told.push(Quarantined {
                        plugin: plugin.clone(),
                        at,
                        until,
                        why: error.map(|error| super::chain(error)).unwrap_or_default(),
                    });
                    self.wake.notify_one();
                }
            }
        }
    }

    /// Until when this version of a plugin is in quarantine, if it is.
    pub fn resting(&self, plugin: &PluginId, digest: &str) -> Option<Timestamp> {
        let beds = held(&self.beds);
        let (of, breaker) = beds.get(plugin)?;
        breaker.resting().filter(|_| of.as_str() == digest)
    }

    /// Plugins that went into quarantine since this was asked last.
    pub fn news(&self) -> Vec<Quarantined> {
        std::mem::take(&mut *held(&self.told))
    }
}

/// What a policy in quarantine says of a request: forbid, naming itself.
pub(super) fn finding(plugin: &PluginId, until: Timestamp) -> Finding {
    let mut finding = Finding::forbid(
        "plugin.quarantined",
        format!(
            "The plugin {plugin} failed too often and rests until {until}; what it judges is denied until it works again."
        ),
    );
    plugin.as_str().clone_into(&mut finding.source);
    finding
}
