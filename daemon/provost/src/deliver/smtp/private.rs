//! TLS from the first byte (RFC 8314 §3.3), on a connection of our own: lettre's would hold small pieces back.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::SmtpError;
use crate::config::mail::Relay;
use crate::deliver::http::tls;

/// Whom the relay must prove to be, and to whose satisfaction.
pub(super) struct Privately {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Privately {
    pub(super) fn new(relay: &Relay, ca_file: Option<&Path>) -> Result<Self, SmtpError> {
        let name = ServerName::try_from(relay.host.clone());
        Ok(Self {
            config: tls::client(ca_file).map_err(|source| SmtpError::Trust {
                relay: relay.to_string(),
                source,
            })?,
            name: name.map_err(|source| SmtpError::Name {
                relay: relay.to_string(),
                source,
            })?,
        })
    }

    pub(super) async fn shake_hands(&self, stream: TcpStream) -> io::Result<Private> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let private = connector.connect(self.name.clone(), stream).await?;
        Ok(Private(private))
    }
}

/// What lettre speaks SMTP on.
#[derive(Debug)]
pub(super) struct Private(TlsStream<TcpStream>);

impl AsyncTokioStream for Private {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Private {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Private {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
