//! What `/metrics` says of plugins. They are those of the configuration and of the operators, so the labels are few.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

use super::metrics::Labels;
use crate::daemon::Daemon;

pub(super) fn of_plugins(registry: &mut Registry, daemon: &Daemon) {
    let (calls, failures, fuel) = (family(), family(), family());
    let seconds = Family::<Labels, Counter<f64, AtomicU64>>::default();
    let (memory, quarantined) = (
        Family::<Labels, Gauge>::default(),
        Family::<Labels, Gauge>::default(),
    );
    let live = daemon.config();
    let policies = live.policies.iter();
    let policies = policies.map(|policy| (policy.id(), policy.digest(), policy.usage()));
    let channels = live.channels.iter();
    let channels = channels.map(|(id, it)| (id, it.channel.digest(), it.channel.usage()));
    for (id, digest, usage) in policies.chain(channels) {
        let labels = vec![("plugin", id.to_string())];
        calls.get_or_create(&labels).inc_by(usage.calls);
        failures.get_or_create(&labels).inc_by(usage.failures);
        fuel.get_or_create(&labels).inc_by(usage.fuel);
        seconds
            .get_or_create(&labels)
            .inc_by(usage.time.as_secs_f64());
        let most = i64::try_from(usage.memory_bytes).unwrap_or(i64::MAX);
        memory.get_or_create(&labels).set(most);
        let rests = live.ward.resting(id, digest.as_str()).is_some();
        quarantined.get_or_create(&labels).set(i64::from(rests));
    }
    registry.register(
        "plugin_calls",
        "Calls of the version in force since it was loaded",
        calls,
    );
    registry.register(
        "plugin_failures",
        "Calls among them that gave no usable answer",
        failures,
    );
    registry.register(
        "plugin_seconds",
        "Time of these calls, instantiation included",
        seconds,
    );
    registry.register(
        "plugin_fuel",
        "Fuel of these calls, about one unit an instruction",
        fuel,
    );
    let help = "The most memory that one of these calls has had";
    registry.register("plugin_memory_max_bytes", help, memory);
    let help = "1 while the plugin rests because it failed too often";
    registry.register("plugin_quarantined", help, quarantined);
}

fn family() -> Family<Labels, Counter> {
    Family::default()
}
