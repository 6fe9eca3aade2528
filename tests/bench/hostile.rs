//! Decisions while hostile plugins do their worst beside them.

use provost_tests::hostile::{self, Hostile};
use provost_tests::process::Running;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Extent;
use crate::measure::in_turns;
use crate::serve::{Door, latency, runtime};
use crate::start;
use crate::table::{Amount, Mark, Row};

/// Runs of each kind.
const RUNS: usize = 5;

/// Decisions a second of everybody else: an office at work, far from what the machine can do.
const RATE: u64 = 250;

/// Programs that ask each hostile policy.
const ASKERS: usize = 3;

/// How long each of them waits after an answer. Without it they would measure how the machine fares with so many
/// clients: a policy that rests is answered for in microseconds.
const PAUSE: Duration = Duration::from_millis(50);

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let people = extent.of(10_000, 100_000);
    let set = hostile::in_force();
    let folder = start::configured(people, 1);
    let folder = folder.path();
    add(folder, &set);
    let (_, daemon): (_, Running) = start::ready(folder);
    let socket = folder.join("provost.sock");
    let door = Door::Unix(socket.clone());
    let runtime = runtime();
    let (together, alone) = in_turns(
        RUNS,
        || {
            let hammer = Hammer::start(&socket, &set);
            let p99 = runtime.block_on(latency(&door, RATE));
            hammer.end();
            p99
        },
        || runtime.block_on(latency(&door, RATE)),
    );
    let memory = start::memory(&daemon, "VmHWM:");
    drop(daemon);
    let policies = set.len();
    vec![
        Row::new(
            format!("p99 of decisions at {RATE}/s, {policies} hostile policies asked at once"),
            Amount::Seconds(together),
        )
        .against("the same alone", Amount::Seconds(alone))
        .first(Mark::RatioAtMost(2.0)),
        Row::new("most memory of this daemon", Amount::Bytes(memory))
            .first(Mark::AtMost(Amount::Bytes(512e6))),
    ]
}

/// Brings the hostile policies into the configuration.
fn add(folder: &Path, set: &[Hostile]) {
    let more = hostile::configuration(folder, set);
    let mut file = OpenOptions::new()
        .append(true)
        .open(folder.join("provost.toml"))
        .unwrap();
    file.write_all(more.as_bytes()).unwrap();
}

/// Programs that ask the hostile policies until they are to end.
struct Hammer {
    stop: Arc<AtomicBool>,
    programs: Vec<JoinHandle<()>>,
}

impl Hammer {
    fn start(socket: &Path, set: &[Hostile]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let program = |hostile: &Hostile| {
            let (stop, socket, asked) = (Arc::clone(&stop), socket.to_owned(), question(hostile));
            std::thread::spawn(move || ask(socket, &asked, &stop))
        };
        let programs = set.iter().flat_map(|hostile| [hostile; ASKERS]);
        Self {
            programs: programs.map(program).collect(),
            stop,
        }
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for program in self.programs {
            program.join().unwrap();
        }
    }
}

fn question(hostile: &Hostile) -> Value {
    json!({
        "subject": { "type": "person", "id": "nobody" },
        "action": { "name": "forged.act" },
        "resource": { "type": "district", "id": hostile.id },
    })
}

fn ask(socket: PathBuf, asked: &Value, stop: &AtomicBool) {
    let mut client = provost_tests::Client::unix(&socket);
    while !stop.load(Ordering::Relaxed) {
        let answer = client.post("/access/v1/evaluation", asked);
        assert_eq!(answer.status, 200, "{}", answer.text());
        std::thread::sleep(PAUSE);
    }
}
