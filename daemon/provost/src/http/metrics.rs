//! `/metrics`: what a monitoring system watches, as OpenMetrics text 1.0.
//!
//! Labels have few values: routes are templates, sources are those of the configuration.

use axum::Extension;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use provost_core::Timestamp;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::crowd::Crowd;
use super::plugin_metrics::of_plugins;
use super::problem::Problem;
use crate::daemon::{Daemon, blocking};
use crate::flow::FlowError;
use crate::flow::sync::{Liveness, SourceState};

pub(super) fn routes() -> OpenApiRouter<Arc<Daemon>> {
    OpenApiRouter::default().routes(routes!(metrics))
}

/// Names and values of labels.
pub(super) type Labels = Vec<(&'static str, String)>;

/// What is counted while it happens. The rest is looked up when somebody asks.
#[derive(Debug)]
pub(super) struct Metrics {
    requests: Family<Labels, Counter>,
    allowed: Counter,
    denied: Counter,
    decision_seconds: Histogram,
    doors: Vec<(&'static str, Arc<Crowd>)>,
    registry: Registry,
}

impl Metrics {
    /// Metrics of a service with these doors.
    pub(super) fn new(doors: Vec<(&'static str, Arc<Crowd>)>) -> Arc<Self> {
        let requests = Family::default();
        let decisions = Family::<Labels, Counter>::default();
        let of = |outcome: &str| {
            let labels = vec![("outcome", outcome.to_owned())];
            decisions.get_or_create(&labels).clone()
        };
        let (allowed, denied) = (of("allow"), of("deny"));
        // From 25 µs, a quarter of what a decision from a cold store may take, to 1.6 s.
        let decision_seconds = Histogram::new(exponential_buckets(25e-6, 4.0, 9));
        let mut registry = Registry::with_prefix("provost");
        registry.register(
            "http_requests",
            "Requests by route and status",
            Family::clone(&requests),
        );
        registry.register("decisions", "Decisions by outcome", decisions);
        registry.register(
            "decision_seconds",
            "Time of a decision from reading its facts to its reasons",
            decision_seconds.clone(),
        );
        Arc::new(Self {
            requests,
            allowed,
            denied,
            decision_seconds,
            doors,
            registry,
        })
    }

    /// A decision was made.
    pub(super) fn decided(&self, allowed: bool, took: Duration) {
        let outcome = if allowed { &self.allowed } else { &self.denied };
        outcome.inc();
        self.decision_seconds.observe(took.as_secs_f64());
    }
}

/// Answers a request and counts it by its route's template, so that no caller can make up new values.
pub(super) async fn counted(metrics: &Metrics, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_str().to_owned();
    let labels = vec![("route", route.to_owned()), ("status", status)];
    metrics.requests.get_or_create(&labels).inc();
    response
}

/// Figures for a monitoring system: OpenMetrics text. They name no person.
#[utoipa::path(get, path = "/metrics", tag = "service", security(("token" = [])),
    responses((status = 200, description = "all figures", body = String,
        content_type = "application/openmetrics-text")))]
async fn metrics(
    State(daemon): State<Arc<Daemon>>,
    Extension(metrics): Extension<Arc<Metrics>>,
) -> Result<Response, Problem> {
    let mut sources = Vec::new();
    for id in daemon.config().config.sources.keys() {
        sources.push((daemon.syncs.status(id).await?, daemon.syncs.liveness(id)));
    }
    let text = blocking(move || {
        let mut now = Registry::with_prefix("provost");
        of_register(&mut now, &daemon)?;
        of_sources(&mut now, &sources);
        of_plugins(&mut now, &daemon);
        of_process(&mut now, &metrics);
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode_registry(&mut text, &metrics.registry)
            .and_then(|()| encode_registry(&mut text, &now))
            .and_then(|()| encode_eof(&mut text));
        Ok(text)
    })
    .await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    registry.register(name, help, ConstGauge::new(value));
}

fn of_register(registry: &mut Registry, daemon: &Daemon) -> Result<(), FlowError> {
    let register = daemon.store.read()?;
    let counts = register.counts()?;
    let revision = register.revision().0;
    gauge(
        registry,
        "store_revision",
        "Commits of the register so far",
        revision,
    );
    gauge(registry, "people", "People of the register", counts.people);
    let waiting = counts.notices_waiting;
    gauge(
        registry,
        "notices_waiting",
        "Notices that wait to be delivered",
        waiting,
    );
    gauge(
        registry,
        "notices_held",
        "Notices of a mass that wait for an operator's word",
        counts.notices_held,
    );
    gauge(
        registry,
        "notices_failed",
        "Notices that were given up",
        counts.notices_failed,
    );
    let unrecorded: Counter = Counter::default();
    unrecorded.inc_by(daemon.store.unrecorded());
    let help = "Decisions that were dropped instead of recorded, because too many waited";
    registry.register("decisions_unrecorded", help, unrecorded);
    let contacts = Family::<Labels, Gauge>::default();
    let others = counts.contacts.saturating_sub(counts.pending + counts.held);
    let states = [
        ("pending", counts.pending),
        ("held", counts.held),
        ("other", others),
    ];
    for (state, count) in states {
        let labels = vec![("state", state.to_owned())];
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        contacts.get_or_create(&labels).set(count);
    }
    registry.register("contacts", "Authorized contacts by state", contacts);
    let refused = u64::from(!daemon.reload_refused.load().is_empty());
    let help = "1 while a configuration that was refused waits to be mended";
    gauge(registry, "configuration_refused", help, refused);
    Ok(())
}

fn of_sources(registry: &mut Registry, sources: &[(SourceState, Option<Liveness>)]) {
    let applied = Family::<Labels, Gauge>::default();
    let entries = Family::<Labels, Gauge>::default();
    let failing = Family::<Labels, Gauge>::default();
    let missed = Family::<Labels, Counter>::default();
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    for (state, _) in sources {
        let labels = vec![("source", state.source.to_string())];
        if let Some(at) = state.applied {
            applied.get_or_create(&labels).set(Timestamp::as_second(at));
        }
        if let Some(summary) = &state.summary {
            entries.get_or_create(&labels).set(signed(summary.read));
        }
        let failed = i64::from(state.error.is_some());
        failing.get_or_create(&labels).set(failed);
        missed.get_or_create(&labels).inc_by(state.missed);
    }
    let help = "When a plan of the source was last applied, seconds since 1970";
    registry.register("sync_applied_timestamp_seconds", help, applied);
    registry.register("sync_entries", "People of the last complete read", entries);
    registry.register(
        "sync_failing",
        "1 if the last try to read the source failed",
        failing,
    );
    let help = "Changes that verifications found and streams or reads of changes had missed";
    registry.register("sync_missed", help, missed);
    of_streams(registry, sources);
}

fn of_streams(registry: &mut Registry, sources: &[(SourceState, Option<Liveness>)]) {
    let following = Family::<Labels, Gauge>::default();
    let told = Family::<Labels, Gauge>::default();
    let lag = Family::<Labels, Gauge<f64, AtomicU64>>::default();
    let reconnects = Family::<Labels, Counter>::default();
    for (state, live) in sources {
        let labels = vec![("source", state.source.to_string())];
        let Some(live) = live else { continue };
        let follows = i64::from(live.following);
        following.get_or_create(&labels).set(follows);
        if let Some(at) = live.last_message {
            told.get_or_create(&labels).set(Timestamp::as_second(at));
        }
        if let Some(last) = live.lag {
            lag.get_or_create(&labels).set(last.as_secs_f64());
        }
        reconnects.get_or_create(&labels).inc_by(live.reconnects);
    }
    let help = "1 while the server tells changes as they happen";
    registry.register("sync_live", help, following);
    let help = "When the stream last told something, seconds since 1970";
    registry.register("sync_live_message_timestamp_seconds", help, told);
    let help = "From the arrival of the stream's last change to its being in force";
    registry.register("sync_live_lag_seconds", help, lag);
    let help = "Streams that had broken off and were taken up again";
    registry.register("sync_live_reconnects", help, reconnects);
}

fn of_process(registry: &mut Registry, metrics: &Metrics) {
    let connections = Family::<Labels, Gauge>::default();
    for (door, crowd) in &metrics.doors {
        let labels = vec![("door", (*door).to_owned())];
        let present = i64::try_from(crowd.present()).unwrap_or(i64::MAX);
        connections.get_or_create(&labels).set(present);
    }
    registry.register(
        "connections",
        "Connections by the door they came through",
        connections,
    );
    // Where /proc is not mounted there is nothing to say.
    if let Some(bytes) = resident_bytes() {
        gauge(
            registry,
            "process_resident_memory_bytes",
            "Memory in use",
            bytes,
        );
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        let open = open.count() as u64;
        gauge(registry, "process_open_fds", "Descriptors in use", open);
    }
}

/// The line `VmRSS:  1234 kB` of the process's own status.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}
