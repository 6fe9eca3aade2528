//! Where a plugin's requests may go: `allow` of a `[[plugin]]`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use url::{Host, Url};

/// Scheme, host and port of an HTTP server (RFC 6454 §4), in the one form in which they can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Whether the way there is encrypted.
    pub scheme: Scheme,
    /// Its name or address.
    pub host: Host,
    /// Its port.
    pub port: u16,
}

/// The scheme of an HTTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// One entry of `allow`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowed {
    /// Requests may go to this server. If its host is an address, that address may be dialled even if it is private.
    Origin(Origin),
    /// A server that is allowed by its name may have this address, even if it is private.
    Address(IpAddr),
}

/// A text that is no entry of `allow`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a scheme, a host and maybe a port and nothing else, e.g. https://hooks.example.org, or the private address \
     of such a host, e.g. 10.20.0.5"
)]
pub struct BadAllowed;

impl Origin {
    /// The origin of a URL, if it is one of an HTTP server.
    pub fn of(url: &Url) -> Option<Self> {
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        Some(Self {
            scheme,
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// The host's address, if it is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(_) => None,
        }
    }
}

impl FromStr for Origin {
    type Err = BadAllowed;
    fn from_str(text: &str) -> Result<Self, BadAllowed> {
        let url = Url::parse(text).map_err(|_| BadAllowed)?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let named = |origin: &Self| match &origin.host {
            Host::Domain(name) => !name.contains('*'),
            _ => true,
        };
        Self::of(&url)
            .filter(|origin| bare && named(origin))
            .ok_or(BadAllowed)
    }
}

impl FromStr for Allowed {
    type Err = BadAllowed;
    fn from_str(text: &str) -> Result<Self, BadAllowed> {
        match text.parse() {
            Ok(address) => Ok(Self::Address(address)),
            Err(_) => text.parse().map(Self::Origin),
        }
    }
}

impl Allowed {
    /// Whether this entry lets requests go to a server.
    pub fn reaches(&self, origin: &Origin) -> bool {
        matches!(self, Self::Origin(allowed) if allowed == origin)
    }

    /// Whether this entry lets an address be dialled that is not public.
    pub fn names(&self, address: SocketAddr) -> bool {
        match self {
            Self::Address(allowed) => *allowed == address.ip(),
            Self::Origin(origin) => {
                origin.address() == Some(address.ip()) && origin.port == address.port()
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = match self.scheme {
            Scheme::Http => ("http", 80),
            Scheme::Https => ("https", 443),
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_the_same_however_it_is_written() {
        let same = |a: &str, b: &str| {
            assert_eq!(a.parse::<Origin>().unwrap(), b.parse::<Origin>().unwrap());
        };
        same(
            "https://Hooks.Example.org",
            "https://hooks.example.org:443/",
        );
        same("http://127.1:8080", "http://0x7f000001:8080");
        same("https://[0:0::1]", "https://[::1]:443");
        let shown = |text: &str| text.parse::<Origin>().unwrap().to_string();
        assert_eq!(shown("https://h.example:443"), "https://h.example");
        assert_eq!(shown("http://[::1]:8080"), "http://[::1]:8080");
    }

    #[test]
    fn an_entry_with_a_path_a_user_or_a_wildcard_allows_nothing() {
        for text in [
            "",
            "hooks.example.org",
            "ftp://hooks.example.org",
            "https://hooks.example.org/a",
            "https://hooks.example.org?a",
            "https://a:b@hooks.example.org",
            "https://*.example.org",
            "https://",
            "10.0.0.0/8",
        ] {
            assert_eq!(text.parse::<Allowed>(), Err(BadAllowed), "{text}");
        }
    }

    #[test]
    fn an_address_is_allowed_for_the_port_of_its_origin_or_by_itself() {
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let origin: Allowed = "http://127.0.0.1:8080".parse().unwrap();
        assert!(origin.names(at(8080)) && !origin.names(at(22)));
        let address: Allowed = "127.0.0.1".parse().unwrap();
        assert!(address.names(at(8080)) && address.names(at(443)));
        assert!(!address.reaches(&"http://127.0.0.1".parse().unwrap()));
    }
}
