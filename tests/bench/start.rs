//! The service: from its start to READY, and the memory it takes while nobody asks anything.

use provost_tests::process::Running;
use provost_tests::provost::{binary, plugin};
use std::fmt::Write as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Extent;
use crate::measure::median;
use crate::register::{self, EDITION, STANDARD};
use crate::table::{Amount, Mark, Row};

/// Starts of which the median is taken; the very first, which compiles the plugins, is not among them.
const STARTS: usize = 5;

/// How long a start may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long the daemon is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(3);

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let people = extent.of(100_000, 1_000_000);
    let (start, _) = started(people, 10);
    let (_, memory) = started(10_000, 3);
    vec![
        Row::new(
            format!("start to READY, {people} people, 10 compiled plugins"),
            start,
        )
        .first(Mark::AtMost(Amount::Seconds(1.0))),
        Row::new("idle memory (VmRSS), 10000 people, 3 plugins", memory)
            .first(Mark::AtMost(Amount::Bytes(40e6))),
    ]
}

/// Median time to READY and median memory of a daemon with so many people and plugins.
fn started(people: u64, plugins: usize) -> (Amount, Amount) {
    let folder = configured(people, plugins);
    let (_, mut first) = ready(folder.path());
    first.stop(nix::sys::signal::Signal::SIGTERM);
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let (took, mut daemon) = ready(folder.path());
        times.push(took.as_secs_f64());
        std::thread::sleep(REST);
        sizes.push(memory(&daemon, "VmRSS:"));
        daemon.stop(nix::sys::signal::Signal::SIGTERM);
    }
    (Amount::Seconds(median(times)), Amount::Bytes(median(sizes)))
}

/// A folder with the register and the configuration of a daemon that answers on a Unix socket.
pub(crate) fn configured(people: u64, plugins: usize) -> tempfile::TempDir {
    configured_with(people, plugins, "")
}

/// The same with further lines in `[listen]`.
pub(crate) fn configured_with(people: u64, plugins: usize, listen: &str) -> tempfile::TempDir {
    let folder = register::folder();
    drop(register::staffed(folder.path(), people));
    configure(folder.path(), plugins, listen);
    folder
}

/// One edition's policy; all others are the mail channel under names of their own.
fn configure(folder: &Path, plugins: usize, listen: &str) {
    let mut text = format!(
        "[store]\npath = \"{folder}/provost.db\"\n[listen]\nsocket = \"{folder}/provost.sock\"\n{listen}\
         [[district]]\nid = \"{STANDARD}\"\nname = \"Lone Pine Unified\"\ntimezone = \"America/Denver\"\n\
         edition = \"standard\"\nproducts = [\"sis\"]\n\
         [[district]]\nid = \"{EDITION}\"\nname = \"Big Sky Unified\"\ntimezone = \"America/Denver\"\n\
         edition = \"montana\"\nproducts = [\"sis\"]\n\
         [[plugin]]\nid = \"montana-edition\"\nfile = \"{}\"\n",
        plugin("montana-edition").display(),
        folder = folder.display(),
    );
    for n in 1..plugins {
        // A copy of its own, with a byte more in a section that nobody reads, so that each is compiled by itself.
        let file = folder.join(format!("email-{n}.wasm"));
        let mut component = std::fs::read(plugin("email")).unwrap();
        component.extend([0, 3, 1, b'n', u8::try_from(n).unwrap()]);
        std::fs::write(&file, component).unwrap();
        let _ = write!(
            text,
            "[[plugin]]\nid = \"email-{n}\"\nfile = \"{}\"\n",
            file.display()
        );
    }
    std::fs::write(folder.join("provost.toml"), text).unwrap();
}

/// Starts the daemon and waits until it says READY as it would to systemd.
pub(crate) fn ready(folder: &Path) -> (Duration, Running) {
    let socket = folder.join("notify.sock");
    drop(std::fs::remove_file(&socket));
    let notified = UnixDatagram::bind(&socket).unwrap();
    notified.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = Command::new(binary());
    command
        .args(["run", "--config"])
        .arg(folder.join("provost.toml"));
    command.env("NOTIFY_SOCKET", &socket);
    let start = Instant::now();
    let daemon = Running::start("provost", folder, &command);
    let mut message = [0; 4096];
    loop {
        let length = notified
            .recv(&mut message)
            .unwrap_or_else(|why| panic!("wait for READY: {why}\n{}", daemon.log()));
        let text = String::from_utf8_lossy(&message[..length]);
        if text.lines().any(|line| line == "READY=1") {
            return (start.elapsed(), daemon);
        }
    }
}

/// Bytes in memory: `VmRSS:` now, `VmHWM:` at most.
pub(crate) fn memory(daemon: &Running, which: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(which));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    1024.0 * kib.unwrap_or(f64::NAN)
}
