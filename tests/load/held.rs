//! What a process holds once nobody asks it anything.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Threads that wait for work go after ten seconds (tokio); memory is handed back meanwhile.
const SETTLES: Duration = Duration::from_secs(15);

/// After that so many looks must see the same threads and descriptors.
const LOOKS: usize = 10;

/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Of some things there are as many as were once needed at the same moment, and never more than this.
const AT_MOST: [(&str, usize); 3] = [
    // SQLite keeps the descriptor of a connection that was closed for the next one, because closing it would lift the
    // locks of all others. Eight connections stay open by design.
    ("provost.db", 24),
    // An idle place for a plugin's memory keeps the image that it ran last.
    ("memfd:wasm-memory-image", 16),
    // The pool shrinks after ten quiet seconds, which it never has here: the tests' clock is looked at every 50 ms.
    ("tokio-rt-worker", 48),
];

/// What a process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Resident memory, KiB.
    resident: u64,
    /// That of it which is no file's.
    anonymous: u64,
    /// That of it which is shared or of a memory file, as plugin code is.
    shared: u64,
    /// By what they are: files and sockets by their kind.
    descriptors: BTreeMap<String, usize>,
    /// By name.
    threads: BTreeMap<String, usize>,
}

impl Held {
    fn now(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
            number.unwrap_or_else(|| panic!("no {name} in {status}"))
        };
        Self {
            resident: number("VmRSS:"),
            anonymous: number("RssAnon:"),
            shared: number("RssShmem:"),
            threads: kinds(pid, "task", |task| {
                std::fs::read_to_string(task.join("comm"))
            }),
            descriptors: kinds(pid, "fd", |fd| {
                std::fs::read_link(fd).map(|path| path.display().to_string())
            }),
        }
    }

    /// Once threads and descriptors no longer change: what it holds, and of memory the least that was seen.
    pub(crate) fn settled(pid: u32) -> Self {
        let began = Instant::now();
        let mut looks: Vec<Self> = Vec::new();
        loop {
            std::thread::sleep(Duration::from_millis(300));
            looks.push(Self::now(pid));
            let last = &looks[looks.len().saturating_sub(LOOKS)..];
            let same = |held: &Self| {
                held.descriptors == last[0].descriptors && held.threads == last[0].threads
            };
            let calm = last.iter().all(same);
            if began.elapsed() > SETTLES && calm {
                return last
                    .iter()
                    .min_by_key(|held| held.resident)
                    .unwrap()
                    .clone();
            }
            assert!(began.elapsed() < PATIENCE, "it does not settle: {last:#?}");
        }
    }

    /// # Panics
    /// If it holds more than before, save for such a growth of memory.
    pub(crate) fn is_no_more_than(&self, before: &Self, growth: Option<f64>) {
        flat(&self.descriptors, &before.descriptors);
        flat(&self.threads, &before.threads);
        #[expect(
            clippy::cast_precision_loss,
            reason = "KiB of a process are far below 2^52"
        )]
        let grown = self.resident as f64 / before.resident as f64;
        println!("memory of the second day: {grown:.3} × that of the first");
        let within = growth.is_none_or(|most| grown <= most);
        assert!(within, "resident memory grows by {grown:.3} ×");
    }
}

/// # Panics
/// If there is more or less of a kind than before, or more than there ever may be.
fn flat(now: &BTreeMap<String, usize>, before: &BTreeMap<String, usize>) {
    let most = |kind: &str| AT_MOST.iter().find(|(some, _)| kind.starts_with(some));
    let fixed = |kinds: &BTreeMap<String, usize>| {
        let mut kinds = kinds.clone();
        kinds.retain(|kind, _| most(kind).is_none());
        kinds
    };
    assert_eq!(fixed(now), fixed(before));
    for (kind, count) in now {
        let within = most(kind).is_none_or(|(_, most)| count <= most);
        assert!(within, "{kind}: {count}");
    }
}

/// How many there are of each kind. Those that are gone while they are looked at are none.
fn kinds(
    pid: u32,
    folder: &str,
    kind: impl Fn(&Path) -> std::io::Result<String>,
) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for entry in std::fs::read_dir(format!("/proc/{pid}/{folder}")).unwrap() {
        let Ok(name) = entry.and_then(|entry| kind(&entry.path())) else {
            continue;
        };
        // What stands in brackets is the number of a socket or pipe.
        let name = name.trim().split('[').next().unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default();
        *kinds.entry(name.to_owned()).or_default() += 1;
    }
    kinds
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} KiB of memory ({} anonymous, {} shared), {} descriptors, {} threads",
            self.resident,
            self.anonymous,
            self.shared,
            self.descriptors.values().sum::<usize>(),
            self.threads.values().sum::<usize>(),
        )
    }
}
