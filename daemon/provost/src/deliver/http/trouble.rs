//! Why a request was not answered.

use std::net::IpAddr;

use crate::config::allow::Origin;
use crate::deliver::{Reply, printable};
use crate::live::chain;

/// Why a request could not be sent, or why nothing came back. Says where to, never more of the URL: it may hold secrets.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("send a request of channel {0}: it is in force no more")]
    NoGrant(String),
    #[error(
        "read the URL that the channel rendered: it is no http or https URL without user and password"
    )]
    Url,
    #[error("send to {0}: the plugin's allow does not name this server")]
    NotAllowed(Origin),
    #[error("send to {0}: the channel does not say of itself that it sends there")]
    NotDeclared(Origin),
    #[error("send {0} bytes: a request has at most {max} bytes", max = super::REQUEST_BYTES_MAX)]
    TooLong(usize),
    #[error("fill in secret `{0}`: the plugin's secrets do not give it")]
    NoSecret(String),
    #[error("fill in a secret: {{secret: without its }}")]
    Template,
    #[error(
        "sign with secret `{0}`: a signing key is base64 of 24 to 64 bytes, with or without whsec_ before it"
    )]
    Key(String),
    #[error("write header {0}: its value, with its secrets filled in, is none")]
    Header(String),
    #[error(
        "send to {host}: it has the address {address}, which is not public and which the plugin's allow does not name"
    )]
    NotPublic { host: Origin, address: IpAddr },
    #[error("send to {0}: more than {max} requests a minute", max = super::pace::A_MINUTE)]
    TooMany(Origin),
    #[error("look up {host}")]
    LookUp {
        host: Origin,
        #[source]
        source: std::io::Error,
    },
    #[error("look up {0}: it has no address")]
    NoAddress(Origin),
    #[error("connect to {host} at {address}")]
    Connect {
        host: Origin,
        address: IpAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("ask {host}")]
    Exchange {
        host: Origin,
        #[source]
        source: hyper::Error,
    },
    #[error("ask {host}: no answer within {seconds} s")]
    TimedOut { host: Origin, seconds: u64 },
}

impl Trouble {
    /// The part of the plugin's configuration that it is about.
    pub(super) fn concerns(&self) -> &'static str {
        match self {
            Self::NotAllowed(_) | Self::NotDeclared(_) | Self::NotPublic { .. } => "allow",
            Self::NoSecret(_) | Self::Template | Self::Key(_) | Self::Header(_) => "secrets",
            _ => "settings",
        }
    }

    /// What it means for the notice: what the channel or the configuration does wrong does not get better by waiting.
    pub(super) fn reply(&self) -> Reply {
        let why = printable(&chain(self));
        match self {
            Self::NoGrant(_)
            | Self::TooMany(_)
            | Self::LookUp { .. }
            | Self::NoAddress(_)
            | Self::Connect { .. }
            | Self::Exchange { .. }
            | Self::TimedOut { .. } => Reply::retry(why),
            Self::Url
            | Self::NotAllowed(_)
            | Self::NotDeclared(_)
            | Self::TooLong(_)
            | Self::NoSecret(_)
            | Self::Template
            | Self::Key(_)
            | Self::Header(_)
            | Self::NotPublic { .. } => Reply::failed(why),
        }
    }
}
