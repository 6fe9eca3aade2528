//! Finds the way to a server: looks its name up once, checks every address, dials a checked one.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use super::address::is_public;
use super::trouble::Trouble;
use crate::config::allow::{Allowed, Origin, Scheme};
use crate::deliver::Sending;

/// Addresses of a name that are tried at most.
const ADDRESSES_MAX: usize = 4;

/// Looks names up. The tests' one says what a hostile name server would.
pub trait LookUp: Send + Sync {
    /// The addresses of a name.
    fn addresses<'a>(&'a self, name: &'a str) -> Sending<'a, io::Result<Vec<IpAddr>>>;
}

/// The machine's own resolver.
pub struct SystemLookUp;

impl LookUp for SystemLookUp {
    fn addresses<'a>(&'a self, name: &'a str) -> Sending<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The addresses of a server that may be dialled. What is dialled afterwards are these very addresses: a name server that
/// would say something else the next time is not asked again.
pub(super) async fn checked(
    origin: &Origin,
    allow: &[Allowed],
    names: &dyn LookUp,
) -> Result<Vec<SocketAddr>, Trouble> {
    let found = match &origin.host {
        Host::Ipv4(address) => vec![IpAddr::V4(*address)],
        Host::Ipv6(address) => vec![IpAddr::V6(*address)],
        Host::Domain(name) => names
            .addresses(name)
            .await
            .map_err(|source| Trouble::LookUp {
                host: origin.clone(),
                source,
            })?,
    };
    let mut good = Vec::new();
    let mut refused = Trouble::NoAddress(origin.clone());
    for address in found {
        let at = SocketAddr::new(address, origin.port);
        if is_public(address) || allow.iter().any(|entry| entry.names(at)) {
            good.push(at);
        } else {
            refused = Trouble::NotPublic {
                host: origin.clone(),
                address,
            };
        }
    }
    good.truncate(ADDRESSES_MAX);
    if good.is_empty() {
        Err(refused)
    } else {
        Ok(good)
    }
}

/// Connects to the first address that answers; `each` is the time that one address is given.
pub(super) async fn dial(
    origin: &Origin,
    addresses: &[SocketAddr],
    tls: &Arc<rustls::ClientConfig>,
    each: Duration,
) -> Result<Box<dyn Stream>, Trouble> {
    let mut trouble = Trouble::NoAddress(origin.clone());
    for address in addresses {
        match tokio::time::timeout(each, connect(origin, *address, tls)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(source)) => {
                trouble = Trouble::Connect {
                    host: origin.clone(),
                    address: address.ip(),
                    source,
                }
            }
            Err(_) => {
                trouble = Trouble::TimedOut {
                    host: origin.clone(),
                    seconds: each.as_secs(),
                }
            }
        }
    }
    Err(trouble)
}

async fn connect(
    origin: &Origin,
    address: SocketAddr,
    tls: &Arc<rustls::ClientConfig>,
) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(address).await?;
    match origin.scheme {
        Scheme::Http => Ok(Box::new(stream)),
        Scheme::Https => {
            let name = match &origin.host {
                Host::Domain(name) => {
                    ServerName::try_from(name.clone()).map_err(io::Error::other)?
                }
                Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
                Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
            };
            let connector = TlsConnector::from(Arc::clone(tls));
            Ok(Box::new(connector.connect(name, stream).await?))
        }
    }
}
