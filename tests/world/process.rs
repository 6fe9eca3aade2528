//! Processes that a test starts: each writes its own log and ends with its owner.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::wait;

/// A running process. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a program. What it prints goes to `NAME.log` in the folder.
    ///
    /// `setpriv` ties it to the thread that started it: even a test that is killed leaves nothing behind.
    ///
    /// # Panics
    /// If it cannot be started, naming what is missing.
    pub fn start(name: &'static str, folder: &Path, command: &Command) -> Self {
        let log = folder.join(format!("{name}.log"));
        let out = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap_or_else(|why| panic!("write {}: {why}", log.display()));
        let err = out.try_clone().unwrap_or_else(|why| panic!("{why}"));
        let mut tied = Command::new("setpriv");
        tied.args(["--pdeathsig", "KILL", "--"])
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => tied.env(key, value),
                None => tied.env_remove(key),
            };
        }
        let child = tied
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .unwrap_or_else(|why| panic!("start {name} with setpriv (package util-linux): {why}"));
        Self { name, child, log }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until it ends by itself.
    pub fn wait_end(&mut self) -> ExitStatus {
        let (name, log) = (self.name, self.log.clone());
        let state = || std::fs::read_to_string(&log).unwrap_or_default();
        wait::until(&format!("{name} to end"), state, || {
            self.child.try_wait().ok().flatten()
        })
    }

    /// Waits until it listens on a loopback port.
    ///
    /// # Panics
    /// If it ends before, with what it printed.
    pub fn wait_port(&mut self, port: u16) {
        let log = self.log.clone();
        let name = self.name;
        let state = || std::fs::read_to_string(&log).unwrap_or_default();
        wait::until(&format!("{name} on port {port}"), state, || {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{name} ended with {status} before it listened\n{}", state());
            }
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap_or(i32::MAX);
        let _ = kill(Pid::from_raw(pid), signal);
    }

    /// Asks it to end, and makes it end if it does not within ten seconds. The status tells which it was.
    pub fn stop(&mut self, signal: Signal) -> Option<ExitStatus> {
        if let Some(status) = self.ended() {
            return Some(status);
        }
        self.signal(signal);
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop(Signal::SIGTERM);
    }
}

/// A loopback port that nobody uses at this moment, and that nobody is given before the test's server takes it: it lies
/// below those that the kernel gives to connections, and this program hands it out once.
///
/// # Panics
/// If all are taken.
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const PORTS: u32 = 22_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Another program of tests begins elsewhere.
    let start = std::process::id().wrapping_mul(7_919);
    let port = (0..PORTS).find_map(|_| {
        let number = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + number % PORTS).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .is_ok()
            .then_some(port)
    });
    port.unwrap_or_else(|| panic!("every port from {FIRST} is taken"))
}

/// Runs a tool to its end; `input` is its standard input.
///
/// # Panics
/// If it cannot be started, naming the package that has it.
pub fn run(package: &str, command: &mut Command, input: &str) -> Output {
    use std::io::Write as _;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("run {command:?} (Debian package {package}): {why}"));
    let mut stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(stdin) = &mut stdin {
                let _ = stdin.write_all(input.as_bytes());
            }
        });
        child
            .wait_with_output()
            .unwrap_or_else(|why| panic!("wait for {command:?}: {why}"))
    })
}

/// Runs a tool that must succeed and gives what it printed.
///
/// # Panics
/// If it fails, with what it said.
pub fn must(package: &str, command: &mut Command, input: &str) -> String {
    let output = run(package, command, input);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
