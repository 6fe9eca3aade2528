//! Wiring: the parts of the daemon, how they are put together, and how they start.

mod reloader;
mod serve;
mod tasks;
mod watchdog;

pub(crate) use tasks::Tasks;

use arc_swap::{ArcSwap, ArcSwapOption};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::deliver::Deliver;
use crate::doors::{Doors, DoorsError};
use crate::flow::plugin::Plugins;
use crate::flow::sync::Syncs;
use crate::flow::token::Tokens;
use crate::flow::{self, FlowError, Scene, reload::ReloadError};
use crate::live::{Live, Loader};
use crate::log::{self, Sink, event};
use crate::ports::Ports;
use crate::pulse::Pulses;
use crate::signals::Signal;
use crate::store::{Store, StoreError};
use crate::watch::Watch;
use crate::{compile, fault, signals, spool, systemd};

use reloader::Reloader;
use serve::serve;

/// Time for work in flight when the daemon stops; systemd's `TimeoutStopSec=` is longer.
const STOP_TIME: Duration = Duration::from_secs(20);

/// Why the daemon did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration is not believed.
    #[error(transparent)]
    Reload(#[from] ReloadError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first commit failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// No plugin can run on this machine.
    #[error("start the plugin engine")]
    Engine(#[source] provost_sandbox::EngineError),
    /// Nobody could come in.
    #[error(transparent)]
    Doors(#[from] DoorsError),
    /// The runtime or the signal handlers cannot be set up.
    #[error("set up the runtime")]
    Runtime(#[source] std::io::Error),
    /// A task that lives as long as the daemon ended by itself.
    #[error("keep {task} running")]
    Died {
        /// Which.
        task: String,
        /// Why, if it panicked.
        #[source]
        source: Died,
    },
}

/// How a task ended that should not have.
#[derive(Debug, thiserror::Error)]
pub enum Died {
    /// It returned.
    #[error("it ended by itself")]
    Returned,
    /// It panicked.
    #[error(transparent)]
    Panicked(tokio::task::JoinError),
}

/// The parts that flows and handlers work with.
pub struct Daemon {
    /// The register.
    pub store: Arc<Store>,
    /// What a reload swaps.
    pub live: ArcSwap<Live>,
    /// What is given from outside.
    pub ports: Ports,
    /// Directory sync of all sources.
    pub syncs: Syncs,
    /// What programs show to be let in.
    pub tokens: Tokens,
    /// What the life of plugins needs.
    pub plugins: Plugins,
    /// Why the last reload was refused; empty if it was not.
    pub reload_refused: ArcSwap<Vec<String>>,
    /// What the spool is doing, if there is one.
    pub spool: ArcSwapOption<spool::Standing>,
    /// Why the register takes no writes, while it does not.
    pub hindrance: ArcSwapOption<fault::Hindrance>,
    /// Who among the parts still answers.
    pub pulses: Pulses,
    /// Wakes the sweep.
    pub(crate) sweep: Notify,
    /// Wakes the notifier.
    pub(crate) notify: Notify,
    /// Wakes those who follow the register.
    commits: watch::Sender<()>,
    /// Told when the daemon stops: whoever waits for long ends its wait.
    pub(crate) stopping: CancellationToken,
}

impl Daemon {
    /// Puts the parts together: the daemon, the demo and the tests differ in their ports alone.
    ///
    /// # Errors
    /// If the districts of the configuration cannot be committed.
    pub fn new(store: Arc<Store>, live: Live, ports: Ports) -> Result<Arc<Self>, FlowError> {
        let districts: Vec<_> = live.config.districts.values().cloned().collect();
        flow::districts::follow(&store, &districts, &live.config.feeds, ports.clock.now())?;
        let syncs = Syncs::new(Arc::clone(&store), Arc::clone(&ports.directory));
        let tokens = Tokens::of(&store)?;
        Ok(Arc::new(Self {
            store,
            tokens,
            plugins: Plugins::default(),
            syncs,
            live: ArcSwap::from_pointee(live),
            ports,
            reload_refused: ArcSwap::default(),
            spool: ArcSwapOption::empty(),
            hindrance: ArcSwapOption::empty(),
            pulses: Pulses::default(),
            sweep: Notify::new(),
            notify: Notify::new(),
            commits: watch::Sender::default(),
            stopping: CancellationToken::new(),
        }))
    }

    /// Something was written: what is due may be due earlier now.
    pub fn changed(&self) {
        self.sweep.notify_one();
        self.notify.notify_one();
        self.commits.send_replace(());
    }

    /// The notifier has written: as [`Daemon::changed`], but it need not wake itself.
    pub(crate) fn delivered(&self) {
        self.sweep.notify_one();
        self.commits.send_replace(());
    }

    /// Tells of every commit.
    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.commits.subscribe()
    }

    /// Runs a flow on the register, with what is in force, at this moment.
    pub fn scene<T>(&self, flow: impl FnOnce(Scene<'_>) -> T) -> T {
        let live = self.live.load();
        flow(Scene {
            store: &self.store,
            live: &live,
            now: self.ports.clock.now(),
        })
    }

    /// The way out: the port's, or else that of the configuration in force.
    pub(crate) fn deliver(&self) -> Arc<dyn Deliver> {
        let port = self.ports.deliver.as_ref();
        port.map_or_else(|| Arc::clone(&self.live.load().relay), Arc::clone)
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<Live> {
        self.live.load_full()
    }
}

/// Runs blocking work (store, plugins) outside the runtime's own threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FlowError> + Send + 'static,
) -> Result<T, FlowError> {
    tokio::task::spawn_blocking(work).await?
}

/// `provost run`: the daemon in the foreground until it is told to stop. `credentials` is what `%d` in paths stands for,
/// `journal_stream` what systemd says of standard error.
///
/// # Errors
/// [`DaemonError`] says what failed; the configuration's own problems are in its chain.
pub fn run(
    config: &Path,
    credentials: Option<&Path>,
    journal_stream: Option<&str>,
) -> Result<(), DaemonError> {
    let sink = log::start(journal_stream);
    enough_descriptors();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(DaemonError::Runtime)?;
    let result = runtime.block_on(async {
        // Handlers come first: a stop that arrives during start-up is not lost.
        let signals = signals::listen().map_err(DaemonError::Runtime)?;
        let watch = reloader::watch(config);
        let watched = watch.as_ref().map(Watch::watched);
        let believed = reloader::read(config, credentials, watched.as_deref());
        let believed = believed.map_err(ReloadError::from)?;
        let store = Arc::new(Store::open_telling(&believed.store, &systemd::upgrading)?);
        let loader = Loader::beside(&store, &believed.store, credentials, compile::apart())?;
        let (ports, offered) = (Ports::real(), (believed, config));
        let live = flow::plugin::settle(&store, offered, &loader, None, ports.clock.now())?;
        let daemon = Daemon::new(store, live, ports)?;
        let credentials = credentials.map(Path::to_owned);
        let reloader = Reloader {
            path: config.to_owned(),
            credentials,
            loader: Arc::new(loader),
            watched,
        };
        answer(&daemon, (signals, watch), Arc::new(reloader)).await
    });
    runtime.shutdown_timeout(STOP_TIME);
    if let Err(error) = &result {
        let reason = refusal(error);
        systemd::status(&reason);
        // Whoever called us prints it; the journal has it with its fields besides.
        if sink == Sink::Journal {
            tracing::error!(message_id = event::FAILED.id, reason, "provost ends");
        }
    }
    result
}

/// Why the daemon ended.
fn refusal(error: &DaemonError) -> String {
    match error {
        DaemonError::Reload(reload) => reload.lines().join("; "),
        other => crate::live::chain(other),
    }
}

/// Lets a daemon that was put together elsewhere (the demo) answer until it is told to stop.
///
/// # Errors
/// As [`run`].
pub async fn serve_demo(
    daemon: &Arc<Daemon>,
    config: PathBuf,
    loader: Loader,
) -> Result<(), DaemonError> {
    let signals = signals::listen().map_err(DaemonError::Runtime)?;
    let watch = reloader::watch(&config);
    let reloader = Reloader {
        path: config,
        credentials: None,
        loader: Arc::new(loader),
        watched: watch.as_ref().map(Watch::watched),
    };
    answer(daemon, (signals, watch), Arc::new(reloader)).await
}

/// Descriptors that the daemon wants: every connection that it admits, and some for files. The service's unit grants
/// them; a shell often allows fewer, though it could allow as many.
const DESCRIPTORS: u64 = 16_384;

/// Raises the soft limit of descriptors as far as the hard one lets it. With fewer the daemon works as well, for fewer
/// callers at once.
fn enough_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < DESCRIPTORS
    {
        let wanted = DESCRIPTORS.min(hard);
        if let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard) {
            tracing::warn!(%error, soft, "the limit of descriptors was not raised");
        }
    }
}

/// Opens the doors, serves, and takes the socket away.
async fn answer(
    daemon: &Arc<Daemon>,
    (signals, watch): (tokio::sync::mpsc::Receiver<Signal>, Option<Watch>),
    reloader: Arc<Reloader>,
) -> Result<(), DaemonError> {
    daemon.plugins.equip(Arc::clone(&reloader.loader));
    let live = daemon.config();
    let doors = Doors::open(&live.config.listen, live.tls.is_some()).await?;
    let result = serve(daemon, doors.open, (signals, watch), &reloader).await;
    drop(doors.own_socket);
    result
}
