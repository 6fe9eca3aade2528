//! Decisions over the Unix socket and over HTTP, beside an empty handler on the same server library, asked by the same
//! client.

use axum::Router;
use axum::routing::post;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use provost_tests::process::{Running, free_port, must};
use provost_tests::provost::binary;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
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

/// The word that makes this program the empty server, behind the door that follows it.
pub(crate) const EMPTY: &str = "--empty-handler";

/// Where a server answers.
#[derive(Debug, Clone)]
pub(crate) enum Door {
    /// A Unix socket, where whoever connects is known.
    Unix(PathBuf),
    /// A port on loopback, where a bearer token says who asks, if anybody wants to know.
    Http(u16, Option<String>),
}

/// One connection.
struct Client {
    requests: SendRequest<Full<Bytes>>,
    token: Option<String>,
}

/// Serves a handler that does nothing until it is killed: on a port, or on a Unix socket.
pub(crate) fn empty_server(door: &str) {
    runtime().block_on(async {
        let router = Router::new().route("/access/v1/evaluation", post(|_: Bytes| async { "{}" }));
        match door.parse::<u16>() {
            Ok(port) => {
                let listener = TcpListener::bind((LOOPBACK, port)).await.unwrap();
                axum::serve(listener, router).await.unwrap();
            }
            Err(_) => {
                let listener = UnixListener::bind(door).unwrap();
                axum::serve(listener, router).await.unwrap();
            }
        }
    });
}

const LOOPBACK: &str = "127.0.0.1";

/// As the daemon has it.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    threads.worker_threads(2).enable_all().build().unwrap()
}

/// The rows of this part.
pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let people = extent.of(10_000, 100_000);
    let port = free_port();
    let listen = format!("http = \"{LOOPBACK}:{port}\"\n");
    let folder = start::configured_with(people, 1, &listen);
    let folder = folder.path();
    let (_, daemon) = start::ready(folder);
    let unix = [folder.join("provost.sock"), folder.join("empty.sock")].map(Door::Unix);
    let http = [(port, Some(token(folder))), (free_port(), None)];
    let http = http.map(|(port, token)| Door::Http(port, token));
    let _empty = [&unix[1], &http[1]].map(|door| empty_process(folder, door));
    let mut rows = compared(&format!("{CONNECTIONS} connections, Unix socket"), &unix);
    rows.extend(compared(
        &format!("{CONNECTIONS} connections, HTTP with a token"),
        &http,
    ));
    drop(daemon);
    rows
}

/// How fast our door answers beside the empty one.
fn compared(client: &str, [ours, empty]: &[Door; 2]) -> Vec<Row> {
    let runtime = runtime();
    let (rate, empty_rate) = in_turns(
        RUNS,
        || runtime.block_on(throughput(ours)),
        || runtime.block_on(throughput(empty)),
    );
    let (p99, empty_p99) = in_turns(
        RUNS,
        || runtime.block_on(latency(ours, RATE)),
        || runtime.block_on(latency(empty, RATE)),
    );
    vec![
        Row::new(
            format!("login-as decisions, {client}"),
            Amount::PerSecond(rate),
        )
        .against("an empty handler", Amount::PerSecond(empty_rate))
        .first(Mark::RatioAtLeast(0.7)),
        Row::new(format!("their p99 at {RATE}/s"), Amount::Seconds(p99))
            .against("an empty handler", Amount::Seconds(empty_p99))
            .first(Mark::AtMost(Amount::Seconds(2e-3))),
    ]
}

/// A token of a program that asks for decisions.
fn token(folder: &Path) -> String {
    let mut command = Command::new(binary());
    command.arg("--socket").arg(folder.join("provost.sock"));
    command.args([
        "token",
        "create",
        "--scopes",
        "decide",
        "--districts",
        "*",
        "--json",
    ]);
    let made: Value = serde_json::from_str(&must("provost", &mut command, "")).unwrap();
    format!("Bearer {}", made["secret"].as_str().unwrap())
}

/// This very program as the empty server.
fn empty_process(folder: &Path, door: &Door) -> Running {
    let (name, place) = match door {
        Door::Unix(socket) => ("empty", socket.display().to_string()),
        Door::Http(port, _) => ("empty-http", port.to_string()),
    };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--bench", EMPTY, &place]);
    let running = Running::start(name, folder, &command);
    provost_tests::wait::until(
        "the empty server",
        || running.log(),
        || {
            match door {
                Door::Unix(socket) => std::os::unix::net::UnixStream::connect(socket).is_ok(),
                Door::Http(port, _) => std::net::TcpStream::connect((LOOPBACK, *port)).is_ok(),
            }
            .then_some(())
        },
    );
    running
}

async fn connect(door: &Door) -> Client {
    let (requests, token) = match door {
        Door::Unix(socket) => {
            let stream = UnixStream::connect(socket).await.unwrap();
            (speak(stream).await, None)
        }
        Door::Http(port, token) => {
            let stream = TcpStream::connect((LOOPBACK, *port)).await.unwrap();
            stream.set_nodelay(true).unwrap();
            (speak(stream).await, token.clone())
        }
    };
    Client { requests, token }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> SendRequest<Full<Bytes>> {
    let (requests, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    requests
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
    let mut request = Request::post("/access/v1/evaluation")
        .header("host", "localhost")
        .header("content-type", "application/json");
    if let Some(token) = &client.token {
        request = request.header("authorization", token);
    }
    let request = request.body(Full::new(body.clone())).unwrap();
    client.requests.ready().await.unwrap();
    let answer = client.requests.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.into_body().collect().await.unwrap();
}

/// Questions of one connection: as many people as an office works with at a time.
fn questions(connection: u64) -> Vec<Bytes> {
    (0..64).map(|n| body(101 + connection * 64 + n)).collect()
}

/// Answers a second when every connection asks as fast as it is answered.
async fn throughput(door: &Door) -> f64 {
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for connection in 0..CONNECTIONS {
        let mut client = connect(door).await;
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

/// Seconds within which 99 of 100 are answered when so many a second are asked. A question that waits for its
/// connection counts from the moment at which it should have been asked.
pub(crate) async fn latency(door: &Door, rate: u64) -> f64 {
    let mut tasks = JoinSet::new();
    let pause = Duration::from_secs(CONNECTIONS) / u32::try_from(rate).unwrap();
    for connection in 0..CONNECTIONS {
        let mut client = connect(door).await;
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
