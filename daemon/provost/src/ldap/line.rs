//! The line to a server: the socket, TLS where the source demands it, and a guard before the LDAP library.
//!
//! The library gets one end of a pair of sockets instead of the server's. What the server sends is carried over to it
//! only after [`Frames`] has seen that it is made of messages within bounds. So TLS lies here, too, below the guard.

use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::content_sync::{Ber, OCTETS, SEQUENCE, only};
use super::error::{DirectoryError, meaning};
use super::frame::Frames;
use super::message::{integer, tagged};
use super::{connect::printable, tls};
use crate::config::source::{ServerUrl, Source, StartTls};

/// Silence after which the kernel asks whether the other side is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);
/// Time between two such questions.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
/// Time after which unacknowledged data ends the connection.
const USER_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes that are carried over at once.
const PIECE: usize = 64 << 10;

/// What messages travel on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Opens the line and protects it as the source demands. TLS that is required and not given is an error, never a line in
/// clear.
pub(super) async fn open(
    source: &Source,
    url: &ServerUrl,
    server: &str,
) -> Result<Box<dyn Stream>, DirectoryError> {
    let failed = |source| DirectoryError::Connect {
        server: server.to_owned(),
        source,
    };
    let (is_tls, host, port) = match url {
        ServerUrl::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(failed)?;
            return Ok(Box::new(stream));
        }
        ServerUrl::Tcp { tls, host, port } => (*tls, host, *port),
    };
    let start_tls = !is_tls && starts_tls(source.start_tls, url);
    // Settings that cannot be used are found before anything is sent.
    let config = match is_tls || start_tls {
        true => tls::settings(source, server)?,
        false => return Ok(Box::new(tcp(host, port).await.map_err(failed)?)),
    };
    let unprotected = |source| DirectoryError::Protect {
        server: server.to_owned(),
        source,
    };
    let name = ServerName::try_from(host.clone())
        .map_err(|why| unprotected(io::Error::new(io::ErrorKind::InvalidInput, why)))?;
    let mut stream = tcp(host, port).await.map_err(failed)?;
    if start_tls {
        ask_for_tls(&mut stream, server).await?;
    }
    let connector = TlsConnector::from(config);
    let private = connector.connect(name, stream).await;
    Ok(Box::new(private.map_err(unprotected)?))
}

fn starts_tls(configured: StartTls, url: &ServerUrl) -> bool {
    match configured {
        StartTls::Required => true,
        StartTls::Never => false,
        StartTls::Default => !url.is_local(),
    }
}

/// Our own socket, so that a silent network is noticed: the library sets neither keepalive nor a user time-out.
async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(stream)
}

/// The extended request that begins TLS. Source: RFC 4511 §4.14.1.
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
const EXTENDED_REQUEST: u8 = 0x77;
const REQUEST_NAME: u8 = 0x80;
const EXTENDED_RESPONSE: u8 = 0x78;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;

/// An answer to StartTLS is a result code and a sentence.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// Sends StartTLS and waits for the server's consent.
async fn ask_for_tls(stream: &mut TcpStream, server: &str) -> Result<(), DirectoryError> {
    let unprotected = |source| DirectoryError::Protect {
        server: server.to_owned(),
        source,
    };
    let operation = tagged(EXTENDED_REQUEST, tagged(REQUEST_NAME, START_TLS.to_vec()));
    let request = tagged(SEQUENCE, [integer(1), operation].concat());
    stream.write_all(&request).await.map_err(unprotected)?;
    let (mut frames, mut answer) = (Frames::default(), Vec::new());
    let malformed = |found| DirectoryError::Malformed {
        what: format!("ask {server} for TLS"),
        found,
    };
    while answer.is_empty() || !frames.is_between() {
        let mut piece = [0; 512];
        let count = stream.read(&mut piece).await.map_err(unprotected)?;
        let piece = piece.get(..count).unwrap_or_default();
        if piece.is_empty() {
            return Err(unprotected(io::ErrorKind::UnexpectedEof.into()));
        }
        frames.take(piece).map_err(malformed)?;
        answer.extend_from_slice(piece);
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(malformed("an answer that is too long"));
        }
    }
    let (code, text) = consent(&answer).ok_or_else(|| malformed("no answer to StartTLS"))?;
    match code {
        0 => Ok(()),
        _ => Err(DirectoryError::NoStartTls {
            server: server.to_owned(),
            code,
            meaning: meaning(code),
            text,
        }),
    }
}

/// Result code and text of the answer to StartTLS. It must be all that came: whatever follows it in clear could have been
/// put there by anybody, and must not be taken for something that was said under TLS.
fn consent(answer: &[u8]) -> Option<(u32, String)> {
    let mut message = Ber(only(answer, SEQUENCE)?);
    // Servers that take the request for nonsense answer as to nobody's, with the id 0.
    message.take(INTEGER)?;
    let mut result = Ber(message.take(EXTENDED_RESPONSE)?);
    let [code] = result.take(ENUMERATED)? else {
        return None;
    };
    result.take(OCTETS)?;
    let text = String::from_utf8_lossy(result.take(OCTETS)?);
    Some((u32::from(*code), printable(&text)))
}

/// Carries messages both ways, and only messages to us, until either side has gone.
///
/// # Errors
/// Where the server sends what is none, or the line breaks.
pub(super) async fn carry(server: Box<dyn Stream>, library: UnixStream) -> io::Result<()> {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_library, mut to_library) = library.into_split();
    let answers = async {
        let (mut frames, mut buffer) = (Frames::default(), vec![0; PIECE]);
        loop {
            let count = from_server.read(&mut buffer).await?;
            let piece = buffer.get(..count).unwrap_or_default();
            if piece.is_empty() {
                return to_library.shutdown().await;
            }
            frames
                .take(piece)
                .map_err(|found| io::Error::new(io::ErrorKind::InvalidData, NoLdap(found)))?;
            to_library.write_all(piece).await?;
        }
    };
    let questions = async {
        tokio::io::copy(&mut from_library, &mut to_server).await?;
        to_server.shutdown().await
    };
    tokio::select! {
        ended = answers => ended,
        ended = questions => ended,
    }
}

/// Why the line was given up.
#[derive(Debug, thiserror::Error)]
#[error("the server sent {0}")]
struct NoLdap(&'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_consent_that_stands_alone_is_one() {
        let success = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert_eq!(consent(success), Some((0, String::new())));
        // As slapd answers without a certificate.
        let refused = b"\x30\x0e\x02\x01\x01\x78\x09\x0a\x01\x02\x04\x00\x04\x02no";
        assert_eq!(consent(refused), Some((2, "no".to_owned())));
        let followed = [success.as_slice(), b"\x30\x00"].concat();
        assert_eq!(consent(&followed), None);
        let of_a_bind = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";
        assert_eq!(consent(of_a_bind), None);
    }
}
