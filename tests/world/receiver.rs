//! A receiver of webhooks on loopback: it keeps what arrives and answers as the test says.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::{ServerConnection, StreamOwned};

use crate::tls::Tls;
use crate::wait;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Request line and header fields.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Arrived {
    /// The value of a header field; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut named = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.next().map_or("", |(_, value)| value)
    }
}

/// A running receiver. Its thread ends with the test.
#[derive(Debug)]
pub struct Receiver {
    origin: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    answer: String,
    arrived: Vec<Arrived>,
}

impl Receiver {
    /// Starts one that answers 200, at an address of loopback; over TLS if there is a certificate.
    ///
    /// # Panics
    /// If the address is taken or the certificate is unfit.
    pub fn start(address: &str, tls: Option<&Tls>) -> Self {
        let listener = TcpListener::bind((address, 0))
            .unwrap_or_else(|why| panic!("listen on {address}: {why}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let tls = tls.map(Tls::server);
        let state = Arc::new(Mutex::new(State {
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
            arrived: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that hangs up in the middle is its own affair.
                let _ = match &tls {
                    None => serve(stream, &shared),
                    Some(tls) => ServerConnection::new(Arc::clone(tls))
                        .map_err(std::io::Error::other)
                        .and_then(|session| serve(StreamOwned::new(session, stream), &shared)),
                };
            }
        });
        Self {
            origin: format!("{scheme}://{address}:{port}"),
            state,
        }
    }

    /// Scheme, address and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What it answers from here on.
    pub fn answer(&self, answer: &str) {
        lock(&self.state).answer = answer.to_owned();
    }

    /// What has arrived so far, in order.
    pub fn arrived(&self) -> Vec<Arrived> {
        lock(&self.state).arrived.clone()
    }

    /// Waits until this many requests have arrived.
    ///
    /// # Panics
    /// If they do not come, with `log`.
    pub fn wait(&self, count: usize, log: impl Fn() -> String) -> Vec<Arrived> {
        wait::until(&format!("{count} requests"), log, || {
            Some(self.arrived()).filter(|arrived| arrived.len() >= count)
        })
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request, one answer.
fn serve(mut stream: impl Read + Write, state: &Mutex<State>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut some = [0; 4096];
        let read = stream.read(&mut some)?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&some[..read]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let arrived = Arrived {
                head: head.to_owned(),
                body: body.to_owned(),
            };
            if arrived.header("content-length") == body.len().to_string() {
                break (arrived.head, arrived.body);
            }
        }
    };
    let answer = {
        let mut state = lock(state);
        state.arrived.push(Arrived { head, body });
        state.answer.clone()
    };
    stream.write_all(answer.as_bytes())?;
    stream.flush()
}
