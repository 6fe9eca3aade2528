//! The binary under test: the daemon as a process, and its command line.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::process::{Running, run};
use crate::wait;

/// What a command answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Exit code; 128 and more for a signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Answer {
    /// The answer, which must be a success.
    ///
    /// # Panics
    /// If it is none, with everything that was said.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "\n{}\n{}", self.out, self.err);
        self
    }

    /// The JSON answer of a command that refused: exit code 1.
    ///
    /// # Panics
    /// If it did something else, or printed no JSON.
    pub fn refused(self) -> Value {
        assert_eq!(self.code, 1, "\n{}\n{}", self.out, self.err);
        Self { code: 0, ..self }.json()
    }

    /// The answer of a successful `--json` command.
    ///
    /// # Panics
    /// If the command failed or printed no JSON.
    pub fn json(self) -> Value {
        let answer = self.ok();
        serde_json::from_str(&answer.out)
            .unwrap_or_else(|why| panic!("read JSON: {why}\n{}\n{}", answer.out, answer.err))
    }
}

/// A configured provost: the daemon that may be running, and the command line that talks to it.
#[derive(Debug)]
pub struct Provost {
    folder: PathBuf,
    daemon: Option<Running>,
}

impl Provost {
    /// A provost whose files lie in `folder`; nothing runs yet.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            daemon: None,
        }
    }

    /// `provost.toml`.
    pub fn config(&self) -> PathBuf {
        self.folder.join("provost.toml")
    }

    /// The Unix socket of the API.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("provost.sock")
    }

    /// The file that sets the daemon's clock.
    pub fn clock(&self) -> PathBuf {
        self.folder.join("clock")
    }

    /// Sets the daemon's clock; a running daemon follows.
    pub fn set_clock(&self, at: &str) {
        let new = self.folder.join("clock.new");
        // Renamed into place: the daemon never reads half a time.
        std::fs::write(&new, at)
            .and_then(|()| std::fs::rename(&new, self.clock()))
            .unwrap_or_else(|why| panic!("set the clock: {why}"));
    }

    /// Starts the daemon and waits until it answers.
    ///
    /// # Panics
    /// If it ends before, with its log.
    pub fn start(&mut self) {
        self.start_only(None);
        let socket = self.socket();
        let daemon = self.daemon.as_mut().unwrap_or_else(|| unreachable!());
        let log_of = daemon.log();
        wait::until(
            "the daemon to answer",
            || log_of.clone(),
            || {
                if let Some(status) = daemon.ended() {
                    panic!(
                        "the daemon ended with {status} at its start\n{}",
                        daemon.log()
                    );
                }
                let answer = cli(&socket, &["status", "--json"], "");
                (answer.code == 0).then_some(())
            },
        );
    }

    /// Starts the daemon and does not wait.
    pub fn spawn(&mut self) {
        self.start_only(None);
    }

    /// Starts the daemon with a fail point, `name`, `name:N` or several with `>` between: it dies at the last one.
    pub fn start_to_die_at(&mut self, failpoint: &str) {
        self.start_only(Some(failpoint));
    }

    fn start_only(&mut self, failpoint: Option<&str>) {
        assert!(self.daemon.is_none(), "the daemon runs already");
        let mut command = Command::new(binary());
        command.args(["run", "--config"]).arg(self.config());
        command.env("PROVOST_CLOCK", self.clock());
        command
            .env("RUST_BACKTRACE", "1")
            .env_remove("NOTIFY_SOCKET");
        if let Some(failpoint) = failpoint {
            command.env("PROVOST_FAILPOINT", failpoint);
        }
        self.daemon = Some(Running::start("provost", &self.folder, &command));
    }

    /// Waits until the daemon has ended by itself.
    ///
    /// # Panics
    /// If it does not, or if it does not run.
    pub fn wait_end(&mut self) -> ExitStatus {
        let mut daemon = self
            .daemon
            .take()
            .unwrap_or_else(|| panic!("no daemon runs"));
        daemon.wait_end()
    }

    /// Asks the daemon to stop, as systemd does, and says how it ended.
    ///
    /// # Panics
    /// If none runs.
    pub fn stop(&mut self) -> ExitStatus {
        let mut daemon = self
            .daemon
            .take()
            .unwrap_or_else(|| panic!("no daemon runs"));
        let status = daemon.stop(Signal::SIGTERM);
        status.unwrap_or_else(|| panic!("the daemon cannot be waited for\n{}", daemon.log()))
    }

    /// The daemon's process id.
    ///
    /// # Panics
    /// If none runs.
    pub fn pid(&self) -> u32 {
        let daemon = self.daemon.as_ref();
        daemon.unwrap_or_else(|| panic!("no daemon runs")).pid()
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(daemon) = &self.daemon {
            daemon.signal(signal);
        }
    }

    /// What the daemon has logged over all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("provost.log")).unwrap_or_default()
    }

    /// Runs a command against the daemon.
    pub fn cli(&self, args: &[&str]) -> Answer {
        cli(&self.socket(), args, "")
    }

    /// A new token of a program, with these scopes in these districts.
    ///
    /// # Panics
    /// If the daemon refuses it.
    pub fn token(&self, scopes: &str, districts: &str) -> String {
        let asked = ["--scopes", scopes, "--districts", districts, "--json"];
        let made = self
            .cli(&[&["token", "create"], &asked[..]].concat())
            .json();
        let secret = made["secret"].as_str();
        secret.unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// Runs a command that reads a directory. The timer may be at the source just then: one works on it at a time, so
    /// this waits its turn.
    pub fn in_turn(&self, args: &[&str]) -> Answer {
        let busy =
            |answer: &Answer| answer.code != 0 && answer.err.contains("being worked on already");
        wait::until(
            "the source to be free",
            || self.log(),
            || Some(self.cli(args)).filter(|answer| !busy(answer)),
        )
    }

    /// Runs a command and waits until its JSON answer is as wanted.
    ///
    /// # Panics
    /// If it never is, with the last answer.
    pub fn wait_json(&self, args: &[&str], wanted: impl Fn(&Value) -> bool) -> Value {
        let last = std::cell::RefCell::new(String::new());
        let state = || format!("{}\n{}", last.borrow(), self.log());
        wait::until(&format!("{args:?}"), state, || {
            let answer = self.cli(args);
            last.replace(format!("{}{}", answer.out, answer.err));
            let value: Value = serde_json::from_str(&answer.out).ok()?;
            wanted(&value).then_some(value)
        })
    }
}

/// Runs the binary by itself: `check`, `test` and other commands that need no daemon.
pub fn alone(args: &[&str]) -> Answer {
    cli(Path::new("/nonexistent/provost.sock"), args, "")
}

fn cli(socket: &Path, args: &[&str], input: &str) -> Answer {
    let mut command = Command::new(binary());
    command
        .args(args)
        .env("PROVOST_SOCKET", socket)
        .env("NO_COLOR", "1");
    let output = run("(this workspace)", &mut command, input);
    use std::os::unix::process::ExitStatusExt as _;
    let signal = || 128 + output.status.signal().unwrap_or_default();
    Answer {
        code: output.status.code().unwrap_or_else(signal),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The folder of the profile that this test was built in: `target/debug`.
///
/// # Panics
/// If the test does not lie where cargo puts it.
pub fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|why| panic!("find this test: {why}"));
    let folder = test.parent().and_then(Path::parent);
    folder.map_or_else(
        || panic!("no profile folder above {}", test.display()),
        Path::to_owned,
    )
}

/// The binary, beside this test.
///
/// # Panics
/// If it is not built.
pub fn binary() -> PathBuf {
    let binary = profile_folder().join("provost");
    assert!(
        binary.exists(),
        "{} is missing: build it with `cargo build -p provost`",
        binary.display()
    );
    binary
}

/// A first-party plugin, as `cargo demo` and `cargo verify` build them.
///
/// # Panics
/// If it is not built.
pub fn plugin(name: &str) -> PathBuf {
    let target = profile_folder()
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default();
    let file = target.join("plugins").join(format!("{name}.wasm"));
    assert!(
        file.exists(),
        "{} is missing: build the plugins with `cargo verify` or `cargo demo --once`",
        file.display()
    );
    file
}
