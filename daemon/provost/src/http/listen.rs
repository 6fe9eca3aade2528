//! The accept loop: connections of the Unix socket, of TCP and of TLS, each with limits on time and number.

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::caller::Peer;
use super::crowd::{Crowd, Seat};
use crate::daemon::Daemon;
use crate::live::chain;

/// Connections through one door at once. Each costs a descriptor (the unit grants 65,536) and, idle, a few KiB. Every
/// door has its own, so that whoever fills the network's does not shut the command line out.
pub(super) const CONNECTIONS_MAX: usize = 4096;

/// How long callers are waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// For the head of a request to arrive, which is also how long a connection may idle between two.
    pub(super) head: Duration,
    /// For a TLS handshake: several round trips of the slowest line.
    pub(super) handshake: Duration,
    /// For the first request of a connection that was accepted just before it must go: who was let in is not refused.
    pub(super) first: Duration,
    /// For the request in flight when a connection must go. Shorter than the daemon's own stop.
    pub(super) leave: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            first: Duration::from_secs(1),
            leave: Duration::from_secs(15),
        }
    }
}

/// Bytes of a request's head: a token and a long query, several times over.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// Pause after a connection could not be accepted: there are no descriptors then, and asking again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where callers come in.
#[derive(Debug)]
pub enum Door {
    /// The command line's socket: the kernel says who asks.
    Unix(UnixListener),
    /// Programs; over TLS if the configuration in force has a certificate.
    Tcp(TcpListener),
}

impl Door {
    /// A door for programs.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn tcp(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::Tcp(TcpListener::bind(address).await?))
    }

    /// The word of the door.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Unix(listener) => listener
                .accept()
                .await
                .map(|(stream, _)| Stream::Unix(stream)),
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Answers are written whole; waiting for more would only delay them.
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
        }
    }
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// Answers at one door until told to stop; requests in flight are finished.
pub(super) async fn serve(
    daemon: Arc<Daemon>,
    router: Router,
    door: Door,
    crowd: Arc<Crowd>,
    times: Times,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = door.accept() => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "a connection was not accepted");
                crowd.make_room();
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Who has come in is answered, also if the stop comes at the same moment.
        let seat = tokio::select! {
            biased;
            seat = crowd.seat() => seat,
            () = stop.cancelled() => break,
        };
        let Some(seat) = seat else { break };
        let (daemon, guest) = (
            Arc::clone(&daemon),
            Guest {
                router: router.clone(),
                seat,
                times,
                stop: stop.clone(),
            },
        );
        connections.spawn(welcome(daemon, stream, guest));
    }
    connections.close();
    connections.wait().await;
}

/// One who came in.
struct Guest {
    router: Router,
    seat: Arc<Seat>,
    times: Times,
    stop: CancellationToken,
}

/// Learns who is there, and answers.
async fn welcome(daemon: Arc<Daemon>, stream: Stream, guest: Guest) {
    match stream {
        Stream::Unix(stream) => {
            let uid = stream.peer_cred().ok().map(|peer| peer.uid());
            guest.answered(stream, Peer::account(uid)).await;
        }
        Stream::Tcp(stream) => match &daemon.config().tls {
            None => guest.answered(stream, Peer::program()).await,
            Some(tls) => {
                let handshake = TlsAcceptor::from(Arc::clone(tls)).accept(stream);
                let shaken = tokio::select! {
                    () = guest.stopped() => return,
                    () = guest.seat.must_leave() => return,
                    shaken = timeout(guest.times.handshake, handshake) => shaken,
                };
                if let Ok(Ok(stream)) = shaken {
                    guest.answered(stream, Peer::program()).await;
                }
            }
        },
    }
}

impl Guest {
    /// Ends a moment after the stop.
    async fn stopped(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(self.times.first).await;
    }

    /// Answers the requests of the connection, one after the other.
    async fn answered<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, peer: Peer) {
        let (has_asked, asked) = (AtomicBool::new(false), Notify::new());
        let service = service_fn(|mut request: hyper::Request<Incoming>| {
            if !has_asked.swap(true, Ordering::Relaxed) {
                asked.notify_one();
            }
            request.extensions_mut().insert(peer.clone());
            let (mut router, busy) = (self.router.clone(), self.seat.busy());
            async move {
                let answer = router.call(request).await;
                drop(busy);
                answer
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.times.head)
            .max_header_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        // A connection that breaks is the caller's affair: there is nobody left to tell.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = self.stop.cancelled() => {}
            () = self.seat.must_leave() => {}
        }
        if self.stop.is_cancelled() && !has_asked.load(Ordering::Relaxed) {
            tokio::select! {
                _ = connection.as_mut() => return,
                () = asked.notified() => {}
                () = self.stopped() => {}
            }
        }
        connection.as_mut().graceful_shutdown();
        drop(timeout(self.times.leave, connection).await);
    }
}
