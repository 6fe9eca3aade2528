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
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
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

/// Time for the head of a request to arrive, which is also how long a connection may idle between two.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Bytes of a request's head: a token and a long query, several times over.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// Time for a TLS handshake: several round trips of the slowest line.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// Time to finish the request in flight when a connection must go. Shorter than the daemon's own stop.
const LEAVE_TIME: Duration = Duration::from_secs(15);

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
        let seat = tokio::select! {
            () = stop.cancelled() => break,
            seat = crowd.seat() => seat,
        };
        let Some(seat) = seat else { break };
        let (daemon, router, stop) = (Arc::clone(&daemon), router.clone(), stop.clone());
        connections.spawn(welcome(daemon, router, stream, seat, stop));
    }
    connections.close();
    connections.wait().await;
}

/// Learns who is there, and answers.
async fn welcome(
    daemon: Arc<Daemon>,
    router: Router,
    stream: Stream,
    seat: Arc<Seat>,
    stop: CancellationToken,
) {
    match stream {
        Stream::Unix(stream) => {
            let uid = stream.peer_cred().ok().map(|peer| peer.uid());
            answer(stream, Peer::account(uid), router, &seat, &stop).await;
        }
        Stream::Tcp(stream) => match &daemon.config().tls {
            None => answer(stream, Peer::program(), router, &seat, &stop).await,
            Some(tls) => {
                let handshake = TlsAcceptor::from(Arc::clone(tls)).accept(stream);
                let shaken = tokio::select! {
                    () = stop.cancelled() => return,
                    () = seat.must_leave() => return,
                    shaken = timeout(HANDSHAKE_TIME, handshake) => shaken,
                };
                if let Ok(Ok(stream)) = shaken {
                    answer(stream, Peer::program(), router, &seat, &stop).await;
                }
            }
        },
    }
}

/// Answers the requests of one connection, one after the other.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: Peer,
    router: Router,
    seat: &Arc<Seat>,
    stop: &CancellationToken,
) {
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let (mut router, busy) = (router.clone(), seat.busy());
        async move {
            let answer = router.call(request).await;
            drop(busy);
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A connection that breaks is the caller's affair: there is nobody left to tell.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = seat.must_leave() => {}
    }
    connection.as_mut().graceful_shutdown();
    drop(timeout(LEAVE_TIME, connection).await);
}
