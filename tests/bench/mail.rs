//! Queued notices through a local mail server, beside a bare loop that speaks SMTP to the same server.

use provost::flow::{Scene, sweep};
use provost::live::{Live, Loader};
use provost::store::Store;
use provost_core::change::Actor;
use provost_core::{Timestamp, notice::NoticeKind};
use provost_tests::{Smtpd, World};
use rusqlite::{Connection, OpenFlags};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::Extent;
use crate::measure::{in_turns, seconds};
use crate::register::{commit, contact, district, file, person};
use crate::sweep::config;
use crate::table::{Amount, Mark, Row};

/// Runs of each kind.
const RUNS: usize = 5;

/// How long a run may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Contacts of one district.
const DISTRICT: u64 = 1_000;

/// Connections of the bare loop: as many as the daemon has.
const CONNECTIONS: u64 = 8;

/// Mails of one connection: OpenSMTPD takes no more of a session.
const MAILS: u64 = 100;

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let mails = extent.of(2_000, 10_000);
    let place = tempfile::tempdir().unwrap();
    let mut world = World::new(&wall().to_string())
        .with_store_in(place.path())
        .with_mail(&[]);
    world.configure("[notices]\napprove-above = 1000000\n");
    let port = world.smtpd().port();
    let (mut peak, mut arrived) = (0.0_f64, 0);
    // The first mails show the bare loop what one looks like.
    delivered(&mut world, place.path(), MAILS, &mut peak);
    settled(world.smtpd(), &mut arrived, MAILS);
    let letter = world.smtpd().mails()[0].text.clone();
    let world = std::cell::RefCell::new((world, arrived));
    let peak = std::cell::Cell::new(peak);
    let ours = || {
        let (world, arrived) = &mut *world.borrow_mut();
        let mut most = peak.get();
        let took = delivered(world, place.path(), mails, &mut most);
        peak.set(most);
        settled(world.smtpd(), arrived, mails);
        took
    };
    let theirs = || {
        let took = seconds(|| bare(port, &letter, mails));
        let (world, arrived) = &mut *world.borrow_mut();
        settled(world.smtpd(), arrived, mails);
        took
    };
    let (ours, theirs) = in_turns(RUNS, ours, theirs);
    let rate = |took: f64| Amount::PerSecond(mails as f64 / took);
    vec![
        Row::new(
            format!("{mails} queued notices through OpenSMTPD"),
            rate(ours),
        )
        .against(
            format!("a bare SMTP loop, {CONNECTIONS} connections"),
            rate(theirs),
        )
        .first(Mark::RatioAtLeast(0.8)),
        Row::new("peak memory (VmHWM) meanwhile", Amount::Bytes(peak.get())),
    ]
}

/// The moment that the daemon of a release build goes by.
#[allow(clippy::disallowed_methods)] // the daemon asks its own clock, and this must be the same
fn wall() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_second(now.as_secs().cast_signed()).unwrap()
}

/// Seconds from the start of a daemon with so many notices in its outbox until the last one is accepted. The plugin is
/// compiled before.
fn delivered(world: &mut World, place: &Path, mails: u64, peak: &mut f64) -> f64 {
    for entry in std::fs::read_dir(place).unwrap().flatten() {
        if entry.path().is_file() {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    world.provost.start();
    world.provost.stop();
    queue(place, mails);
    // Only a debug build looks there; it must not be behind what was queued.
    world.provost.set_clock(&wall().to_string());
    let took = seconds(|| {
        world.provost.start();
        let register = reader(place);
        patiently(|| is_done(&register, mails));
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.provost.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    *peak = peak.max(1024.0 * kib.unwrap_or(f64::NAN));
    world.provost.stop();
    took
}

/// Reads the register beside the daemon: to ask the daemon would take time away from what is measured.
fn reader(place: &Path) -> Connection {
    let register = Connection::open_with_flags(file(place), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let register = register.unwrap();
    register.busy_timeout(PATIENCE).unwrap();
    register
}

/// No notice waits any more, and each has moved its contact on.
fn is_done(register: &Connection, mails: u64) -> bool {
    let sql = "SELECT notices_waiting = 0 AND pending = ?1 FROM tally";
    register
        .query_one(sql, [mails.cast_signed()], |row| row.get(0))
        .unwrap()
}

/// Puts a notice to each of so many contacts into the outbox, as the sweep does.
fn queue(place: &Path, mails: u64) {
    let store = Store::open(&file(place)).unwrap();
    let now = wall();
    let home = |n: u64| format!("district-{}", n / DISTRICT);
    let districts =
        (0..mails.div_ceil(DISTRICT)).map(move |n| district(&format!("district-{n}"), "standard"));
    let contacts = (0..mails).flat_map(move |n| {
        let due = now - Duration::from_secs(60);
        [person(&home(n), n), contact(&home(n), n, due)]
    });
    commit(&store, districts.chain(contacts));
    let live = Live::load(config(place), &Loader::forgetful(None).unwrap());
    let live = live.unwrap_or_else(|problems| panic!("{problems:?}"));
    let scene = Scene {
        store: &store,
        live: &live,
        now,
    };
    sweep::run(scene, &Actor::Timer).unwrap();
    let queued = store.read().unwrap();
    let queued = queued.outbox_due_of(NoticeKind::Notice, now, usize::MAX);
    assert_eq!(queued.unwrap().len() as u64, mails);
}

/// Waits until the server has put away what it took, so that it works on nothing else in the next run.
fn settled(smtpd: &Smtpd, arrived: &mut u64, more: u64) {
    *arrived += more;
    patiently(|| smtpd.count() >= *arrived);
}

/// Waits, looking as rarely as the figures allow.
fn patiently(is_done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_done() {
        assert!(begun.elapsed() < PATIENCE, "the mails do not arrive");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Sends a letter so many times, over several connections at a time, as fast as the server takes it.
fn bare(port: u16, letter: &str, mails: u64) {
    let message = letter
        .replace("\r\n", "\n")
        .replace("\n.", "\n..")
        .replace('\n', "\r\n");
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let message = &message;
            scope.spawn(move || {
                let share = (connection..mails).step_by(CONNECTIONS as usize);
                let share: Vec<u64> = share.collect();
                for some in share.chunks(MAILS as usize) {
                    session(port, message, some);
                }
            });
        }
    });
}

fn session(port: u16, message: &str, mails: &[u64]) {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    let mut answer = |wanted: char| loop {
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        if line.get(3..4) != Some("-") {
            assert!(line.starts_with(wanted), "{line}");
            return;
        }
    };
    let mut say = |text: &str| stream.write_all(text.as_bytes()).unwrap();
    answer('2');
    say("EHLO bench.test\r\n");
    answer('2');
    for n in mails {
        say("MAIL FROM:<provost@district.example>\r\n");
        answer('2');
        say(&format!("RCPT TO:<user{n:07}@lonepine.example>\r\n"));
        answer('2');
        say("DATA\r\n");
        answer('3');
        say(message);
        say("\r\n.\r\n");
        answer('2');
    }
    say("QUIT\r\n");
    answer('2');
}
