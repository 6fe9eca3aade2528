//! Wiring: the parts of the daemon, the one select loop, and the stop.

use arc_swap::{ArcSwap, ArcSwapOption};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::deliver::Deliver;
use crate::doors::{Doors, DoorsError};
use crate::flow::plugin::Plugins;
use crate::flow::sync::Syncs;
use crate::flow::token::Tokens;
use crate::flow::{self, FlowError, Scene, reload::ReloadError};
use crate::http::Door;
use crate::live::{Live, Loader, chain};
use crate::ports::Ports;
use crate::signals::Signal;
use crate::store::{Store, StoreError};
use crate::timer::{self, SyncTimers};
use crate::watch::Watch;
use crate::{compile, fault, http, signals, spool, systemd};

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
        task: &'static str,
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

/// `provost run`: the daemon in the foreground until it is told to stop.
///
/// # Errors
/// [`DaemonError`] says what failed; the configuration's own problems are in its chain.
pub fn run(config: &Path, credentials: Option<&Path>) -> Result<(), DaemonError> {
    logging();
    enough_descriptors();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(DaemonError::Runtime)?;
    let result = runtime.block_on(async {
        // Handlers come first: a stop that arrives during start-up is not lost.
        let signals = signals::listen().map_err(DaemonError::Runtime)?;
        let believed = crate::config::read(config, credentials).map_err(ReloadError::from)?;
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
        };
        answer(&daemon, signals, Arc::new(reloader)).await
    });
    runtime.shutdown_timeout(STOP_TIME);
    result
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
    let reloader = Reloader {
        path: config,
        credentials: None,
        loader: Arc::new(loader),
    };
    answer(daemon, signals, Arc::new(reloader)).await
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
    signals: tokio::sync::mpsc::Receiver<Signal>,
    reloader: Arc<Reloader>,
) -> Result<(), DaemonError> {
    daemon.plugins.equip(Arc::clone(&reloader.loader));
    let live = daemon.config();
    let doors = Doors::open(&live.config.listen, live.tls.is_some()).await?;
    let result = serve(daemon, doors.open, signals, &reloader).await;
    drop(doors.own_socket);
    result
}

/// Log lines go to standard error, where journald or the terminal takes them.
fn logging() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    let journald = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // journald and test logs have their own times; a terminal shows them.
    let set = if journald {
        lines.try_init()
    } else {
        lines.without_time().with_ansi(false).try_init()
    };
    drop(set);
}

/// What a reload needs.
struct Reloader {
    path: PathBuf,
    credentials: Option<PathBuf>,
    loader: Arc<Loader>,
}

/// The select loop: signals, file events, the watchdog, and tasks that must not end.
async fn serve(
    daemon: &Arc<Daemon>,
    doors: Vec<Door>,
    mut signals: tokio::sync::mpsc::Receiver<Signal>,
    reloader: &Arc<Reloader>,
) -> Result<(), DaemonError> {
    let stop = daemon.stopping.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(named(
        "the API",
        http::serve(Arc::clone(daemon), doors, stop.clone()),
    ));
    tasks.spawn(named(
        "the sweep timer",
        timer::sweep(Arc::clone(daemon), stop.clone()),
    ));
    let notifier = timer::notify(Arc::clone(daemon), stop.clone());
    tasks.spawn(named("the notifier", notifier));
    let recorder = timer::record(Arc::clone(daemon), stop.clone());
    tasks.spawn(named("the recorder of decisions", recorder));
    let ward = timer::ward(Arc::clone(daemon), stop.clone());
    tasks.spawn(named("the ward of plugins", ward));
    tasks.spawn(named(
        "the watch over the store",
        fault::watch(Arc::clone(daemon), stop.clone()),
    ));
    if let Some(folder) = daemon.config().config.listen.spool.clone() {
        tasks.spawn(named(
            "the spool",
            spool::watch(Arc::clone(daemon), folder, stop.clone()),
        ));
    }
    let mut timers = SyncTimers::start(daemon);
    let mut watch = watch(reloader, &daemon.config().config);
    let mut beat =
        tokio::time::interval(systemd::watchdog_interval().unwrap_or(Duration::from_secs(30)));
    let status = |daemon: &Arc<Daemon>| flow::status::line(&daemon.store);
    systemd::ready(&status(daemon));
    tracing::info!(socket = %daemon.config().config.listen.socket.display(), "provost is ready");
    timer::examine(daemon);
    let outcome = loop {
        tokio::select! {
            signal = signals.recv() => match signal {
                Some(Signal::Reload) => {}
                Some(Signal::Stop) | None => break Ok(()),
            },
            () = settled(&mut watch) => {}
            _ = beat.tick() => {
                feed_watchdog(daemon).await;
                continue;
            }
            Some(ended) = tasks.join_next() => break Err(died(ended)),
        }
        systemd::reloading();
        if reloaded(daemon, reloader, &mut beat).await {
            timers.stop().await;
            timers = SyncTimers::start(daemon);
            let new = self::watch(reloader, &daemon.config().config);
            watch = new.map(|new| new.following(watch.take()));
        }
        systemd::ready(&status(daemon));
    };
    systemd::stopping();
    tracing::info!("provost stops");
    stop.cancel();
    let finish = async {
        timers.stop().await;
        while tasks.join_next().await.is_some() {}
    };
    if tokio::time::timeout(STOP_TIME, finish).await.is_err() {
        tracing::warn!("work in flight was cut off; what was not committed will be done again");
    }
    outcome
}

async fn named<T>(name: &'static str, task: impl Future<Output = T>) -> &'static str {
    task.await;
    name
}

fn died(ended: Result<&'static str, tokio::task::JoinError>) -> DaemonError {
    match ended {
        Ok(task) => DaemonError::Died {
            task,
            source: Died::Returned,
        },
        Err(error) => DaemonError::Died {
            task: "a task",
            source: Died::Panicked(error),
        },
    }
}

/// Fed only while the store answers: a daemon whose writer hangs is better restarted.
async fn feed_watchdog(daemon: &Arc<Daemon>) {
    let line = {
        let daemon = Arc::clone(daemon);
        tokio::time::timeout(
            Duration::from_secs(5),
            blocking(move || {
                drop(daemon.store.read()?);
                Ok(flow::status::line(&daemon.store))
            }),
        )
        .await
    };
    match line {
        Ok(Ok(line)) => {
            systemd::alive();
            systemd::status(&line);
        }
        Ok(Err(error)) => tracing::error!(error = %chain(&error), "the store does not answer"),
        Err(_) => tracing::error!("the store does not answer in time"),
    }
}

fn watch(reloader: &Reloader, config: &Config) -> Option<Watch> {
    let mut files = vec![reloader.path.clone()];
    let offers = config.plugins.values();
    files.extend(offers.filter_map(|offer| offer.file.clone()));
    let tls = config.listen.tls.iter();
    files.extend(tls.flat_map(|tls| [tls.cert.clone(), tls.key.clone()]));
    Watch::new(&files)
        .map_err(|error| tracing::warn!(error = %chain(&error), "changes are not watched"))
        .ok()
}

async fn settled(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.settled().await,
        None => std::future::pending().await,
    }
}

/// Reloads beside the select loop, which goes on feeding the watchdog: a new plugin may take long to compile.
async fn reloaded(
    daemon: &Arc<Daemon>,
    reloader: &Arc<Reloader>,
    beat: &mut tokio::time::Interval,
) -> bool {
    let (mine, with) = (Arc::clone(daemon), Arc::clone(reloader));
    let mut reloading = tokio::task::spawn_blocking(move || reload(&mine, &with));
    loop {
        tokio::select! {
            done = &mut reloading => return done.unwrap_or_else(|error| {
                tracing::error!(%error, "the reload broke off");
                false
            }),
            _ = beat.tick() => feed_watchdog(daemon).await,
        }
    }
}

/// What is to be in force from now on.
fn loaded(daemon: &Daemon, reloader: &Reloader) -> Result<Live, ReloadError> {
    let new = crate::config::read(&reloader.path, reloader.credentials.as_deref())?;
    let (live, now) = (daemon.config(), daemon.ports.clock.now());
    let old = &live.config;
    if (&old.store, &old.listen) != (&new.store, &new.listen) {
        return Err(ReloadError::Fixed(flow::Refusal::because(
            "they are read at start only: restart the service",
        )));
    }
    let offered = (new, reloader.path.as_path());
    flow::plugin::settle(&daemon.store, offered, &reloader.loader, Some(&live), now)
}

/// Reads the configuration anew; says whether it is in force now. The old one stays on failure, said once.
fn reload(daemon: &Daemon, reloader: &Reloader) -> bool {
    let _changing = daemon.plugins.hold();
    let live = match loaded(daemon, reloader) {
        Ok(live) => live,
        Err(error) => {
            let mut lines = vec![chain(&error)];
            lines.extend(error.problems().iter().map(ToString::to_string));
            // A signal and a file event about the same mistake are one refusal.
            if **daemon.reload_refused.load() != lines {
                tracing::error!(reason = %lines.join("; "), "configuration refused; the old one stays in force");
                daemon.reload_refused.store(Arc::new(lines));
            }
            return false;
        }
    };
    let districts: Vec<_> = live.config.districts.values().cloned().collect();
    if let Err(error) = flow::districts::follow(
        &daemon.store,
        &districts,
        &live.config.feeds,
        daemon.ports.clock.now(),
    ) {
        tracing::error!(error = %chain(&error), "districts not committed; the old configuration stays in force");
        daemon.reload_refused.store(Arc::new(vec![chain(&error)]));
        return false;
    }
    daemon.live.store(Arc::new(live));
    daemon.reload_refused.store(Arc::default());
    daemon.changed();
    tracing::info!("configuration in force");
    true
}
