//! Decisions over the Unix socket, beside an empty handler on the same server library, asked by the same client.

use axum::Router;
use axum::routing::post;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use provost_tests::process::Running;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::Extent;
use crate::measure::in_turns;
use crate::register::{STANDARD, username};
use crate::start;
use crate::table::{Amount, Mark, Row};

/// Connections, each kept alive and with one request at a time.
const CONNECTIONS: u64 = 8;

/// How long each run asks.
const RUN: Duration = Duration::from_secs(2);

/// Runs of each kind.
const RUNS: usize = 5;

/// Decisions a second at which the latency is looked at.
const RATE: u64 = 10_000;

/// The word that makes this program the empty server, on the socket that follows it.
pub(crate) const EMPTY: &str = "--empty-handler";

type Client = SendRequest<Full<Bytes>>;

/// Serves a handler that does nothing until it is killed.
pub(crate) fn empty_server(socket: &Path) {
    runtime().block_on(async {
        let listener = UnixListener::bind(socket).unwrap();
        let router = Router::new().route("/access/v1/evaluation", post(|_: Bytes| async { "{}" }));
        axum::serve(listener, router).await.unwrap();
    });
}

/// As the daemon has it.
fn runtime() -> tokio::runtime::Runtime {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    threads.worker_threads(2).enable_all().build().unwrap()
}

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let people = extent.of(10_000, 100_000);
    let folder = start::configured(people, 1);
    let (_, daemon) = start::ready(folder.path());
    let empty = folder.path().join("empty.sock");
    let _empty = empty_process(folder.path(), &empty);
    let socket = folder.path().join("provost.sock");
    let runtime = runtime();
    let (ours, theirs) = in_turns(
        RUNS,
        || runtime.block_on(throughput(&socket)),
        || runtime.block_on(throughput(&empty)),
    );
    let (p99, empty_p99) = in_turns(
        RUNS,
        || runtime.block_on(latency(&socket)),
        || runtime.block_on(latency(&empty)),
    );
    drop(daemon);
    let client = format!("{CONNECTIONS} connections, Unix socket");
    vec![
        Row::new(
            format!("login-as decisions, {client}"),
            Amount::PerSecond(ours),
        )
        .against("an empty handler", Amount::PerSecond(theirs))
        .first(Mark::RatioAtLeast(0.7)),
        Row::new(format!("their p99 at {RATE}/s"), Amount::Seconds(p99))
            .against("an empty handler", Amount::Seconds(empty_p99))
            .first(Mark::AtMost(Amount::Seconds(2e-3))),
    ]
}

/// This very program as the empty server.
fn empty_process(folder: &Path, socket: &PathBuf) -> Running {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--bench").arg(EMPTY).arg(socket);
    let running = Running::start("empty", folder, &command);
    provost_tests::wait::until(
        "the empty server",
        || running.log(),
        || std::os::unix::net::UnixStream::connect(socket).ok(),
    );
    running
}

async fn connect(socket: &Path) -> Client {
    let stream = UnixStream::connect(socket).await.unwrap();
    let (client, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The body of a question about the person of a number.
fn body(target: u64) -> Bytes {
    let of = |n| format!("{STANDARD}/{}", username(n));
    let asked = json!({
        "subject": { "type": "person", "id": of(1) },
        "action": { "name": "login-as" },
        "resource": { "type": "person", "id": of(target) },
    });
    asked.to_string().into()
}

async fn ask(client: &mut Client, body: &Bytes) {
    let request = Request::post("/access/v1/evaluation")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(body.clone()))
        .unwrap();
    client.ready().await.unwrap();
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.into_body().collect().await.unwrap();
}

/// Questions of one connection: as many people as an office works with at a time.
fn questions(connection: u64) -> Vec<Bytes> {
    (0..64).map(|n| body(101 + connection * 64 + n)).collect()
}

/// Answers a second when every connection asks as fast as it is answered.
async fn throughput(socket: &Path) -> f64 {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for connection in 0..CONNECTIONS {
        let mut client = connect(socket).await;
        tasks.spawn(async move {
            let questions = questions(connection);
            let mut answers = 0_u32;
            while start.elapsed() < RUN {
                ask(&mut client, &questions[answers as usize % questions.len()]).await;
                answers += 1;
            }
            answers
        });
    }
    let answers: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(answers) / start.elapsed().as_secs_f64()
}

/// Seconds within which 99 of 100 are answered when [`RATE`] a second are asked. A question that waits for its
/// connection counts from the moment at which it should have been asked.
async fn latency(socket: &Path) -> f64 {
    let mut tasks = JoinSet::new();
    let pause = Duration::from_secs(CONNECTIONS) / u32::try_from(RATE).unwrap();
    for connection in 0..CONNECTIONS {
        let mut client = connect(socket).await;
        tasks.spawn(async move {
            let questions = questions(connection);
            let mut waits = Vec::new();
            let mut due = Instant::now();
            let end = due + RUN;
            while due < end {
                let mut asked = due;
                if Instant::now() < due {
                    tokio::time::sleep_until(due.into()).await;
                    // The timer's own lateness is no fault of the server.
                    asked = Instant::now();
                }
                ask(&mut client, &questions[waits.len() % questions.len()]).await;
                waits.push(asked.elapsed().as_secs_f64());
                due += pause;
            }
            waits
        });
    }
    let mut waits: Vec<f64> = tasks.join_all().await.into_iter().flatten().collect();
    waits.sort_by(f64::total_cmp);
    waits[waits.len() * 99 / 100]
}
