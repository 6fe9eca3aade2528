//! What happens by itself: the sweep, the delivery of notices, the reading and following of directories.

mod live;

use provost_core::change::Actor;
use provost_core::id::SourceId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::daemon::{Daemon, DaemonError, Tasks, blocking};
use crate::flow::sync::{Approval, Extent, SyncError};
use crate::flow::{self, FlowError, Scene};
use crate::live::chain;
use crate::log::event;
use crate::pulse::Pulse;
use crate::store::StoreError;
use crate::{failpoint, fault};

/// Sleeps until something is due, something has changed, or the clock's patience ends.
async fn rest(
    daemon: &Daemon,
    wake: &Notify,
    next: Option<provost_core::Timestamp>,
    stop: &CancellationToken,
) {
    let until = next.map_or(Duration::MAX, |next| {
        Duration::try_from(next.duration_since(daemon.ports.clock.now())).unwrap_or_default()
    });
    // Something that stays due although it was just dealt with must not spin.
    let pause = until.clamp(Duration::from_millis(20), daemon.ports.clock.patience());
    tokio::select! {
        () = stop.cancelled() => {}
        () = wake.notified() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

/// Tells the operators of plugins that go into quarantine.
pub(crate) async fn ward(daemon: Arc<Daemon>, stop: CancellationToken) {
    let ward = Arc::clone(&daemon.config().ward);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = ward.wake.notified() => {}
        }
        let mine = Arc::clone(&daemon);
        if let Err(error) = blocking(move || flow::plugin::tell(&mine)).await {
            tracing::error!(error = %chain(&error), "a quarantine was not told");
        }
    }
}

/// How often what has grown old is looked for.
const TIDY: Duration = Duration::from_secs(3600);

/// How long a decision waits to be recorded at most. Until then the same question, asked again, makes no second row.
const RECORD: Duration = Duration::from_secs(1);

/// How often the queue is looked at: it holds more than can be decided meanwhile.
const RECORD_SOON: Duration = Duration::from_millis(200);

/// Records the decisions that wait.
pub(crate) async fn record(daemon: Arc<Daemon>, stop: CancellationToken) {
    let (mut unrecorded, mut waited) = (0, Duration::ZERO);
    loop {
        let stopping = stop.is_cancelled();
        let store = &daemon.store;
        if store.has_noted_many() || ((stopping || waited >= RECORD) && store.has_noted()) {
            waited = Duration::ZERO;
            let mine = Arc::clone(&daemon);
            let written = blocking(move || Ok(mine.store.record_noted()?)).await;
            if let Err(error) = written
                && fault::is_news(&error)
            {
                tracing::error!(error = %chain(&error), "decisions not recorded");
            }
            let dropped = daemon.store.unrecorded();
            if dropped > unrecorded {
                tracing::warn!(
                    dropped,
                    "decisions were not recorded: more came than could be written"
                );
                unrecorded = dropped;
            }
        }
        if stopping {
            return;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(RECORD_SOON) => waited += RECORD_SOON,
        }
    }
}

/// Answers for the writer's thread: each ping goes through it. Ends with it.
pub(crate) async fn writer(daemon: Arc<Daemon>, stop: CancellationToken) {
    let pulse = pulse(&daemon, "the writer of the register");
    loop {
        pulse.answer();
        tokio::select! {
            () = stop.cancelled() => return,
            () = pulse.pinged() => {}
        }
        let mine = Arc::clone(&daemon);
        // A transaction that fails was answered all the same; a thread that has gone answers nothing any more.
        if let Err(FlowError::Store(StoreError::Stopped)) =
            blocking(move || Ok(mine.store.ping()?)).await
        {
            return;
        }
    }
}

/// A part that stands on the writer: while that comes forward the part may wait for it.
fn pulse(daemon: &Arc<Daemon>, name: &'static str) -> Arc<Pulse> {
    let store = Arc::clone(&daemon.store);
    daemon.pulses.part(name, move || store.progress())
}

/// Does what is due, whenever it is.
pub(crate) async fn sweep(daemon: Arc<Daemon>, stop: CancellationToken) {
    let pulse = pulse(&daemon, "the sweep timer");
    let mut tidied: Option<tokio::time::Instant> = None;
    while !stop.is_cancelled() {
        let mine = Arc::clone(&daemon);
        let tidy = tidied.is_none_or(|at| at.elapsed() >= TIDY);
        if tidy {
            tidied = Some(tokio::time::Instant::now());
        }
        let swept = blocking(move || {
            let Some(now) = flow::clock::watch(&mine.store, mine.ports.clock.reading())? else {
                // Whatever is due waits for an operator's word, which wakes the timer.
                return Ok((0, None));
            };
            let live = mine.config();
            let scene = Scene {
                store: &mine.store,
                live: &live,
                now,
            };
            let changes = flow::sweep::run(scene, &Actor::Timer)?;
            if tidy {
                let rows = flow::retention::run(scene, &Actor::Timer)?;
                if rows > 0 {
                    tracing::info!(rows, "what had grown old was forgotten");
                }
            }
            Ok((changes, mine.store.read()?.next_due()?))
        })
        .await;
        let next = match swept {
            Ok((changes, next)) => {
                if changes > 0 {
                    tracing::info!(changes, "sweep committed");
                    daemon.changed();
                }
                next
            }
            Err(error) => {
                if fault::is_news(&error) {
                    tracing::error!(error = %chain(&error), "sweep failed");
                }
                None
            }
        };
        failpoint::stall("timer.sweep").await;
        pulse
            .waiting(rest(&daemon, &daemon.sweep, next, &stop))
            .await;
    }
}

/// Delivers what waits in the outbox.
pub(crate) async fn notify(daemon: Arc<Daemon>, stop: CancellationToken) {
    let pulse = pulse(&daemon, "the notifier");
    while !stop.is_cancelled() {
        let next = match flow::notify::deliver_due(&daemon, &stop).await {
            Ok(next) => next,
            Err(error) => {
                if fault::is_news(&error) {
                    tracing::error!(error = %chain(&error), "delivery failed");
                }
                None
            }
        };
        pulse
            .waiting(rest(&daemon, &daemon.notify, next, &stop))
            .await;
    }
}

/// Two tasks a source, one that reads and one that follows: a failing source never blocks another.
pub(crate) struct SyncTimers {
    stop: CancellationToken,
    tasks: Tasks,
}

impl SyncTimers {
    pub(crate) fn start(daemon: &Arc<Daemon>) -> Self {
        let (stop, mut tasks) = (CancellationToken::new(), Tasks::default());
        for source in daemon.config().config.sources.keys() {
            let timer = sync_timer(Arc::clone(daemon), source.clone(), stop.clone());
            tasks.spawn(format!("the reading of {source}"), timer);
            let follower = live::follow(Arc::clone(daemon), source.clone(), stop.clone());
            tasks.spawn(format!("the following of {source}"), follower);
        }
        Self { stop, tasks }
    }

    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        self.tasks.finish().await;
    }

    /// Waits for one of them to panic. They end by themselves where a source has gone or cannot be followed.
    pub(crate) async fn panicked(&mut self) -> DaemonError {
        self.tasks.panicked().await
    }
}

fn outcome_word(outcome: &flow::sync::Outcome) -> &'static str {
    use flow::sync::Outcome::{Applied, Moved, Refused, Waiting};
    match outcome {
        Applied { .. } => "applied",
        Waiting => "waits for an operator",
        Refused => "refused",
        Moved => "moved",
    }
}

/// Reads one source every so often.
async fn sync_timer(daemon: Arc<Daemon>, id: SourceId, stop: CancellationToken) {
    let mut failures = 0;
    let pulse = {
        let (mine, name) = (Arc::downgrade(&daemon), format!("the reading of {id}"));
        let id = id.clone();
        daemon.pulses.part(name, move || {
            mine.upgrade().map_or(0, |daemon| {
                let read = daemon.syncs.progress(&id).unwrap_or_default();
                read.wrapping_add(daemon.store.progress())
            })
        })
    };
    while !stop.is_cancelled() {
        let live = daemon.config();
        let Some(source) = live.config.sources.get(&id) else {
            return;
        };
        let feed = live.feed_of(&source.district);
        match daemon
            .syncs
            .apply(
                source,
                feed,
                daemon.ports.clock.now(),
                Extent::Changes,
                Approval::Automatic,
            )
            .await
        {
            Ok(report) => {
                let summary = &report.summary;
                let outcome = report.done.as_ref().map_or("planned", outcome_word);
                tracing::info!(message_id = event::SYNC_FINISHED.id, source = %id, outcome, read = summary.read, changes = summary.changes, "sync finished");
                synced(&daemon, report).await;
                failures = 0;
            }
            // Nothing failed: an operator's sync, or the stream's own, is at work. Its outcome may leave changes behind, so
            // this does not wait for a whole period.
            Err(SyncError::Busy { .. }) => {
                tracing::info!(source = %id, "sync passed over, the source is being worked on");
                failures = failures.max(1);
            }
            Err(error) => {
                tracing::error!(source = %id, error = %chain(&error), "sync failed");
                failures += 1;
            }
        }
        let pause = tokio::time::sleep(pause(source.every, failures, lot()));
        let rested = pulse.waiting(async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = pause => {}
            }
        });
        rested.await;
    }
}

/// A directory was read or followed, and what came of it is committed.
async fn synced(daemon: &Arc<Daemon>, report: flow::sync::Report) {
    let (mine, id) = (Arc::clone(daemon), report.source.clone());
    let looked = blocking(move || mine.scene(|scene| flow::districts::synced(scene, &report)));
    if let Err(error) = looked.await {
        tracing::error!(source = %id, error = %chain(&error), "held contacts not looked at");
    }
    daemon.changed();
}

/// First wait after a failure; a short outage should not cost a whole period.
const RETRY_FIRST: Duration = Duration::from_secs(30);
/// Longest wait after failures of a source that is read more often than that.
const RETRY_MAX: Duration = Duration::from_secs(300);

/// Time until the next read. After failures it doubles from [`RETRY_FIRST`] up to the source's period, and a fifth of
/// it is left to the `lot`, so that many sources of one server do not come back at the same moment.
fn pause(every: Duration, failures: u32, lot: u8) -> Duration {
    if failures == 0 {
        return every;
    }
    let doubled = every
        .min(RETRY_FIRST)
        .saturating_mul(1 << (failures - 1).min(16));
    let wait = doubled.min(every.max(RETRY_MAX));
    wait - wait / 5 * u32::from(lot) / 255
}

/// A random byte; without randomness everybody waits the full time.
fn lot() -> u8 {
    let mut byte = [0];
    match getrandom::fill(&mut byte) {
        Ok(()) => byte[0],
        Err(_) => 0,
    }
}

/// Examines a large register beside the daemon if the last one did not stop in good order.
pub(crate) fn examine(daemon: &Arc<Daemon>) {
    if !daemon.store.is_unexamined() {
        return;
    }
    let daemon = Arc::clone(daemon);
    tokio::task::spawn_blocking(move || match daemon.store.examine() {
        Ok(()) => tracing::info!("register examined after an unclean stop: sound"),
        Err(error) => {
            tracing::error!(message_id = event::STORE_DAMAGED.id, error = %chain(&error), "register damaged: restore a backup");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_fails_is_tried_soon_and_then_ever_later_within_bounds() {
        let every = |seconds| Duration::from_secs(seconds);
        let waits = |period, lot| -> Vec<u64> {
            (0..8)
                .map(|failures| pause(every(period), failures, lot).as_secs())
                .collect()
        };
        assert_eq!(waits(900, 0), [900, 30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(waits(5, 0), [5, 5, 10, 20, 40, 80, 160, 300]);
        assert_eq!(waits(900, 255), [900, 24, 48, 96, 192, 384, 720, 720]);
        assert_eq!(pause(every(900), u32::MAX, 0), every(900));
    }
}
