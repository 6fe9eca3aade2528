//! Addresses of directory servers: `ldap://`, `ldaps://` and `ldapi://` (RFC 4516, the host part alone).

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerUrl {
    /// `ldap://` or `ldaps://`.
    Tcp {
        /// TLS from the first byte.
        tls: bool,
        /// Name or address.
        host: String,
        /// Port; 389 or 636 where none is written.
        port: u16,
    },
    /// `ldapi://` and the path of the socket, percent-encoded.
    Unix(PathBuf),
}

impl ServerUrl {
    /// The server is on this machine.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => {
                host.eq_ignore_ascii_case("localhost")
                    || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { tls, host, port } => {
                let scheme = if *tls { "ldaps" } else { "ldap" };
                match host.contains(':') {
                    true => write!(f, "{scheme}://[{host}]:{port}"),
                    false => write!(f, "{scheme}://{host}:{port}"),
                }
            }
            Self::Unix(path) => write!(f, "ldapi://{}", path.display()),
        }
    }
}

const BAD_URL: &str =
    "must be ldap://HOST[:PORT], ldaps://HOST[:PORT] or ldapi://PATH with / written as %2F";

impl FromStr for ServerUrl {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(BAD_URL)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ldap" => false,
            "ldaps" => true,
            "ldapi" => return unix(rest),
            _ => return Err(BAD_URL),
        };
        let address = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match address.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or(BAD_URL)?;
                (host, after.strip_prefix(':'))
            }
            None => match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_:".contains(letter);
        if host.is_empty() || !host.chars().all(plain) {
            return Err(BAD_URL);
        }
        let usual = if tls { 636 } else { 389 };
        let port = port.map_or(Ok(usual), str::parse).map_err(|_| BAD_URL)?;
        Ok(Self::Tcp {
            tls,
            host: host.to_owned(),
            port,
        })
    }
}

/// The path of a Unix socket.
fn unix(text: &str) -> Result<ServerUrl, &'static str> {
    let mut path = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            path.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit().ok_or(BAD_URL)?, digit().ok_or(BAD_URL)?);
        path.push(u8::try_from(high << 4 | low).map_err(|_| BAD_URL)?);
    }
    let path = PathBuf::from(String::from_utf8(path).map_err(|_| BAD_URL)?);
    if path.is_absolute() {
        Ok(ServerUrl::Unix(path))
    } else {
        Err(BAD_URL)
    }
}
