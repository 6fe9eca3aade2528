//! `provost demo`: a whole district on an embedded default.
//!
//! The same daemon with other ports: a sample directory served in-process over real LDAP, a real store in a temporary
//! folder, the first-party plugins, a clock that is set by hand, and mail captured into a folder.

pub mod directory_server;
mod road;
mod staff;

use provost_core::Timestamp;
use provost_core::lifecycle::clock::Reading;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cli::{CliError, DemoArgs, plugin_folder};
use crate::compile;
use crate::daemon::{self, Daemon};
use crate::deliver::Folder;
use crate::flow::{self, reload::ReloadError};
use crate::ldap::LdapDirectory;
use crate::live::Loader;
use crate::ports::{Clock, Ports};
use crate::store::Store;
use directory_server::{Account, DirectoryServer};

/// The sample directory holds nothing secret; a bind shows that binding works.
const PASSWORD: &str = "sample";

/// Nothing is sent from the demo, so nothing is signed with it; a key must be there all the same.
const WEBHOOK_KEY: &str = "whsec_c2FtcGxlIGtleSBvZiB0aGUgZGVtbzogMzIgYnl0ZXM=";

/// Writes a file as secrets are kept, or the daemon would refuse it.
fn secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut new = OpenOptions::new();
    let mut file = new.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// A clock that is set by hand; its time counts as time that has passed.
pub struct StageClock(Mutex<Timestamp>);

impl StageClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Sets the time.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> Reading {
        let wall = self.now();
        Reading {
            wall,
            boot: "stage".to_owned(),
            uptime_ms: u64::try_from(wall.as_millisecond()).unwrap_or(0),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(200)
    }
}

fn other(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CliError {
    CliError::Other {
        what: what.to_owned(),
        source: source.into(),
    }
}

/// Runs the demo.
///
/// # Errors
/// If a part cannot be started or the road breaks somewhere.
pub fn run(args: &DemoArgs) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| other("start the demo", source))?;
    runtime.block_on(stage(args))
}

async fn stage(args: &DemoArgs) -> Result<ExitCode, CliError> {
    let folder = tempfile::Builder::new()
        .prefix("provost-demo-")
        .tempdir()
        .map_err(|source| other("create the demo's folder", source))?;
    let account = Account {
        dn: staff::READER.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let server = DirectoryServer::start(staff::tree(args.staff, args.seed), account)
        .await
        .map_err(|source| other("serve the sample directory", source))?;
    let config = folder.path().join("provost.toml");
    let text = configuration(
        folder.path(),
        &server.url(),
        &plugin_folder(args.plugins.as_deref()),
    );
    secret(&folder.path().join("ldap-password"), PASSWORD)
        .and_then(|()| secret(&folder.path().join("webhook-key"), WEBHOOK_KEY))
        .and_then(|()| std::fs::write(&config, text))
        .map_err(|source| CliError::File {
            what: "write",
            path: config.clone(),
            source,
        })?;
    let believed = crate::config::read(&config, None).map_err(ReloadError::from)?;
    let store = Store::open(&believed.store).map_err(daemon::DaemonError::from)?;
    let store = Arc::new(store);
    let loader = Loader::beside(&store, &believed.store, None, compile::apart())?;
    let clock = Arc::new(StageClock::new(road::start()));
    let offered = (believed, config.as_path());
    let live = flow::plugin::settle(&store, offered, &loader, None, clock.now())?;
    let mail = folder.path().join("mail");
    let from = live.config.mail.as_ref().map(|mail| mail.from.clone());
    let from =
        from.ok_or_else(|| other("capture mail", "the demo's configuration has no sender"))?;
    let deliver = Folder::new(&mail, from).map_err(|source| other("capture mail", source))?;
    let ports = Ports {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        directory: Arc::new(LdapDirectory),
        deliver: Some(Arc::new(deliver)),
    };
    let daemon = Daemon::new(store, live, ports).map_err(daemon::DaemonError::from)?;
    println!(
        "sample directory  {} (base ou=staff,{})",
        server.url(),
        staff::SUFFIX
    );
    println!("configuration     {}", config.display());
    println!("captured mail     {}", mail.display());
    let summary = road::drive(&daemon, &clock, &mail)
        .await
        .map_err(|source| other("drive the road", source))?;
    println!("{summary}");
    if !args.once {
        serve(&daemon, config, loader).await?;
    }
    drop(server);
    Ok(if summary.is_whole() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Goes on as a daemon until told to stop, so that one can look around.
async fn serve(daemon: &Arc<Daemon>, config: PathBuf, loader: Loader) -> Result<(), CliError> {
    let socket = daemon.config().config.listen.socket.clone();
    println!(
        "\nThe demo's daemon answers on {} until Ctrl-C. In another terminal:",
        socket.display()
    );
    println!("  export PROVOST_SOCKET={}", socket.display());
    println!("  provost status; provost contact list; provost notice list; provost sync plan");
    Ok(daemon::serve_demo(daemon, config, loader).await?)
}

/// The demo's `provost.toml`: an ordinary one.
fn configuration(folder: &Path, directory: &str, plugins: &Path) -> String {
    let (folder, plugins) = (folder.display(), plugins.display());
    format!(
        r#"[store]
path = "{folder}/provost.db"

[listen]
socket = "{folder}/provost.sock"

[mail]
relay = "smtp://127.0.0.1:25"
from = "provost@lonepine.example"

[[district]]
id = "lone-pine"
name = "Lone Pine Unified"
timezone = "America/Denver"
edition = "montana"
hosting = "cloud-choice"
sites = ["sandbox"]
help = {{ phone = "+1 555 0100", mail = "help@lonepine.example" }}
mailbox = "it@lonepine.example"

[[source]]
id = "staff-ldap"
district = "lone-pine"
urls = ["{directory}"]
bind = {{ dn = "{reader}", password-file = "{folder}/ldap-password" }}
base = "ou=staff,{suffix}"
filter = "(objectClass=inetOrgPerson)"
map = {{ username = "uid", name = "cn", mail = "mail", phone = "telephoneNumber", employee-number = "employeeNumber", title = "title", school = "departmentNumber" }}
every = "15m"
[[source.grant]]
group = "cn=SIS Admins,ou=groups,{suffix}"
role = "montana"

[[plugin]]
id = "email"
file = "{plugins}/email.wasm"

[[plugin]]
id = "webhook"
file = "{plugins}/webhook.wasm"
allow = ["https://hooks.lonepine.example"]
secrets = {{ signing-key = "{folder}/webhook-key" }}
settings = {{ url = "https://hooks.lonepine.example/provost" }}

[[plugin]]
id = "montana-edition"
file = "{plugins}/montana-edition.wasm"

[[route]]
notices = ["inactivity.*"]
to = "contact"
channels = ["email", "webhook"]
"#,
        suffix = staff::SUFFIX,
        reader = staff::READER,
    )
}
