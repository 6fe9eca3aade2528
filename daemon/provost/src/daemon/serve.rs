//! The running daemon: its tasks, the one select loop, and the stop.

use std::sync::Arc;

use super::reloader::{Reloader, reload};
use super::tasks::Tasks;
use super::{Daemon, DaemonError, STOP_TIME, watchdog};
use crate::http::Door;
use crate::log::event;
use crate::signals::Signal;
use crate::timer::{self, SyncTimers};
use crate::watch::Watch;
use crate::{fault, flow, http, spool, systemd};

/// The tasks that live as long as the daemon.
fn start(daemon: &Arc<Daemon>, doors: Vec<Door>) -> Tasks {
    let (mine, stop) = (|| Arc::clone(daemon), || daemon.stopping.clone());
    let mut tasks = Tasks::default();
    tasks.spawn("the API", http::serve(mine(), doors, stop()));
    tasks.spawn("the writer of the register", timer::writer(mine(), stop()));
    tasks.spawn("the sweep timer", timer::sweep(mine(), stop()));
    tasks.spawn("the notifier", timer::notify(mine(), stop()));
    tasks.spawn("the recorder of decisions", timer::record(mine(), stop()));
    tasks.spawn("the ward of plugins", timer::ward(mine(), stop()));
    tasks.spawn("the watch over the store", fault::watch(mine(), stop()));
    tasks.spawn("the watchdog", watchdog::look(mine(), stop()));
    if let Some(folder) = daemon.config().config.listen.spool.clone() {
        tasks.spawn("the spool", spool::watch(mine(), folder, stop()));
    }
    tasks
}

/// The select loop: signals, file events, and tasks that must not end.
pub(super) async fn serve(
    daemon: &Arc<Daemon>,
    doors: Vec<Door>,
    (mut signals, mut watch): (tokio::sync::mpsc::Receiver<Signal>, Option<Watch>),
    reloader: &Arc<Reloader>,
) -> Result<(), DaemonError> {
    let stop = daemon.stopping.clone();
    let mut tasks = start(daemon, doors);
    let mut timers = SyncTimers::start(daemon);
    systemd::ready(&flow::status::line(daemon));
    tracing::info!(message_id = event::READY.id, socket = %daemon.config().config.listen.socket.display(), "provost is ready");
    timer::examine(daemon);
    let outcome = loop {
        tokio::select! {
            signal = signals.recv() => match signal {
                Some(Signal::Reload) => {}
                Some(Signal::Stop) | None => break Ok(()),
            },
            () = settled(&mut watch) => {}
            died = tasks.ended() => break Err(died),
            died = timers.panicked() => break Err(died),
        }
        systemd::reloading();
        if reloaded(daemon, reloader).await {
            timers.stop().await;
            timers = SyncTimers::start(daemon);
        }
        systemd::ready(&flow::status::line(daemon));
    };
    systemd::stopping();
    tracing::info!(message_id = event::STOPPING.id, "provost stops");
    stop.cancel();
    let finish = async {
        timers.stop().await;
        tasks.finish().await;
    };
    if tokio::time::timeout(STOP_TIME, finish).await.is_err() {
        tracing::warn!("work in flight was cut off; what was not committed will be done again");
    }
    outcome
}

async fn settled(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.settled().await,
        None => std::future::pending().await,
    }
}

/// Reloads outside the runtime's own threads: a new plugin may take long to compile.
async fn reloaded(daemon: &Arc<Daemon>, reloader: &Arc<Reloader>) -> bool {
    let (mine, with) = (Arc::clone(daemon), Arc::clone(reloader));
    let reloading = tokio::task::spawn_blocking(move || reload(&mine, &with));
    reloading.await.unwrap_or_else(|error| {
        tracing::error!(%error, "the reload broke off");
        false
    })
}
