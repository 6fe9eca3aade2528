//! The clients of a day, and what they met.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Scope;
use std::time::Duration;

use hyper::Method;
use provost_tests::{Client, Reply, Staff, World};
use serde_json::{Value, json};

/// Events of a batch.
const BATCH: u32 = 50;

/// What is read again and again.
const PAGES: [&str; 12] = [
    "/v1/status",
    "/v1/contacts?limit=50",
    "/v1/notices",
    "/metrics",
    "/v1/plugins",
    "/v1/changes?after=0",
    "/v1/forecast?days=30",
    "/v1/decisions",
    "/v1/sync",
    "/v1/export",
    "/healthz",
    "/readyz",
];

/// The clients of a day, what they did, and every answer that was none.
pub(crate) struct Traffic {
    socket: PathBuf,
    address: SocketAddr,
    token: String,
    staff: Staff,
    day: usize,
    stop: AtomicBool,
    errors: Mutex<Vec<String>>,
    decisions: AtomicU64,
    events: AtomicU64,
    syncs: AtomicU64,
    pages: AtomicU64,
    connections: AtomicU64,
    upgrades: AtomicU64,
}

impl Traffic {
    pub(crate) fn new(world: &World, staff: Staff, token: &str, day: usize) -> Self {
        let address = world.http().replace("http://", "").parse().unwrap();
        Self {
            socket: world.provost.socket(),
            address,
            token: token.to_owned(),
            staff,
            day,
            stop: AtomicBool::new(false),
            errors: Mutex::default(),
            decisions: AtomicU64::new(0),
            events: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            upgrades: AtomicU64::new(0),
        }
    }

    /// Starts the clients; they go on until [`Traffic::end`].
    pub(crate) fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let doors = [self.unix(), self.tcp(), self.unix(), self.tcp()];
        for (worker, client) in (0..).zip(doors) {
            scope.spawn(move || self.decide(client, worker));
        }
        scope.spawn(|| self.record());
        scope.spawn(|| self.sync());
        scope.spawn(|| self.read());
        scope.spawn(|| self.come_and_go());
    }

    pub(crate) fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// A number that no other day has.
    pub(crate) fn unique(&self, number: u32) -> u32 {
        1 + number + 100_000 * u32::try_from(self.day).unwrap()
    }

    /// Does an upgrade after the other.
    pub(crate) fn during(&self, upgrade: impl Fn(u32) -> Result<(), String>) {
        let mut number = 0;
        while self.goes_on() {
            number += 1;
            upgrade(self.unique(number)).unwrap_or_else(|why| self.note(why));
            count(&self.upgrades, 1);
        }
    }

    /// # Panics
    /// If a client met an error, or somebody had nothing to do.
    pub(crate) fn check(&self) {
        let errors = self.errors.lock().unwrap();
        let some = &errors[..errors.len().min(5)];
        assert!(errors.is_empty(), "{} errors, e.g. {some:#?}", errors.len());
        let least = [
            (&self.decisions, 500),
            (&self.events, 500),
            (&self.syncs, 5),
            (&self.pages, 50),
            (&self.connections, 50),
            (&self.upgrades, 1),
        ];
        for (number, least) in least {
            assert!(
                number.load(Ordering::Relaxed) >= least,
                "too little: {self}"
            );
        }
    }

    fn unix(&self) -> Client {
        Client::unix(&self.socket)
    }

    fn tcp(&self) -> Client {
        Client::tcp(self.address, &self.token)
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn note(&self, error: String) {
        self.errors.lock().unwrap().push(error);
    }

    /// The answer, whose status must be one of these.
    fn ask(&self, client: &mut Client, path: &str, body: &Value, allowed: &[u16]) -> Option<Reply> {
        let reply = match body {
            Value::Null => client.ask(&Method::GET, path, ""),
            body => client.ask(&Method::POST, path, &body.to_string()),
        };
        match reply {
            Ok(reply) if allowed.contains(&reply.status) => return Some(reply),
            Ok(reply) => self.note(format!("{path}: {} {}", reply.status, reply.text())),
            Err(why) => self.note(format!("{path}: {why}")),
        }
        None
    }

    /// Asks who may enter whom, and the edition, which must have answered itself.
    fn decide(&self, mut client: Client, worker: u32) {
        let mut number = worker;
        while self.goes_on() {
            number = (number + 7) % self.staff.count;
            let one = self.staff.person(number).uid;
            let other = self.staff.person(number / 2).uid;
            let core = json!({
                "subject": { "type": "person", "id": format!("lone-pine/{one}") },
                "action": { "name": "login-as" },
                "resource": { "type": "person", "id": format!("lone-pine/{other}") },
            });
            let edition = json!({
                "subject": { "type": "person", "id": "big-sky/aortiz" },
                "action": { "name": "montana.aim-submit" },
                "resource": { "type": "district", "id": "big-sky" },
            });
            for question in [core, edition] {
                let reply = self.ask(&mut client, "/access/v1/evaluation", &question, &[200]);
                let text = reply.map(|reply| reply.text()).unwrap_or_default();
                if text.contains("\"plugin.") {
                    self.note(format!("{question}: {text}"));
                }
                count(&self.decisions, 1);
            }
        }
    }

    fn record(&self) {
        let mut client = self.unix();
        let mut number = 0;
        while self.goes_on() {
            number += 1;
            let event = |item: u32| {
                let person = self.staff.person(1 + item % 3).uid;
                let id = format!("e{}-{number}-{item}", self.day);
                json!({ "person": format!("lone-pine/{person}"), "kind": "portal-login", "id": id })
            };
            let items: Vec<_> = (0..BATCH).map(event).collect();
            self.ask(&mut client, "/v1/activity/batch", &json!(items), &[200]);
            count(&self.events, u64::from(BATCH));
        }
    }

    /// A sync that runs already refuses another: that is an answer, not an error.
    fn sync(&self) {
        let mut client = self.tcp();
        while self.goes_on() {
            self.ask(&mut client, "/v1/sync/apply", &json!({}), &[200, 409]);
            count(&self.syncs, 1);
        }
    }

    fn read(&self) {
        let mut client = self.tcp();
        for path in PAGES.into_iter().cycle() {
            if !self.goes_on() {
                return;
            }
            self.ask(&mut client, path, &Value::Null, &[200]);
            count(&self.pages, 1);
        }
    }

    /// Clients that come, ask one thing and go.
    fn come_and_go(&self) {
        while self.goes_on() {
            for mut client in [self.unix(), self.tcp()] {
                self.ask(&mut client, "/v1/clock", &Value::Null, &[200]);
                count(&self.connections, 1);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn count(number: &AtomicU64, more: u64) {
    number.fetch_add(more, Ordering::Relaxed);
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = |number: &AtomicU64| number.load(Ordering::Relaxed);
        write!(
            f,
            "{} decisions, {} events, {} syncs, {} pages, {} short connections, {} rounds of upgrades",
            seen(&self.decisions),
            seen(&self.events),
            seen(&self.syncs),
            seen(&self.pages),
            seen(&self.connections),
            seen(&self.upgrades),
        )
    }
}
