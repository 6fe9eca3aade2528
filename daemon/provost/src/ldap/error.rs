//! What can go wrong with a directory. Every one of these means: nothing is believed, nothing is changed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Talking to a directory failed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file that the connection needs cannot be read.
    #[error("read {what} {}", path.display())]
    File {
        /// What it holds.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Certificates or keys that cannot be used.
    #[error("set up TLS for {server}")]
    Tls {
        /// The server.
        server: String,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// A file holds no certificate or key.
    #[error("set up TLS: {} holds no {what} in PEM form", path.display())]
    NoPem {
        /// What it should hold.
        what: &'static str,
        /// Which file.
        path: PathBuf,
    },
    /// No connection to a server.
    #[error("connect to {server}")]
    Connect {
        /// The server.
        server: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No protected connection to a server.
    #[error("protect the connection to {server} by TLS")]
    Protect {
        /// The server.
        server: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// TLS is required, and the server does not begin it.
    #[error("ask {server} for TLS: the server answered {code} ({meaning}) {text}")]
    NoStartTls {
        /// The server.
        server: String,
        /// LDAP result code.
        code: u32,
        /// Its name.
        meaning: &'static str,
        /// What the server says about it.
        text: String,
    },
    /// None of the servers can be used; the last one's reason is the cause.
    #[error("reach any of {tried} servers")]
    NoServer {
        /// How many were tried.
        tried: usize,
        /// Why the last one failed.
        #[source]
        source: Box<DirectoryError>,
    },
    /// The server does not let us in.
    #[error("bind as {identity}: the server answered {code} ({meaning}) {text}")]
    Refused {
        /// Who we said we are.
        identity: String,
        /// LDAP result code. Source: RFC 4511 §4.1.9.
        code: u32,
        /// Its name.
        meaning: &'static str,
        /// What the server says about it.
        text: String,
    },
    /// No answer in time.
    #[error("{what}: no answer within {} s", after.as_secs())]
    TimedOut {
        /// What was attempted.
        what: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection ended, or the other side sent what is no LDAP.
    #[error("{what}: the connection was lost")]
    Lost {
        /// What was attempted.
        what: String,
        /// Why, where it is known.
        #[source]
        source: Option<Box<ldap3::LdapError>>,
    },
    /// The server answered a search with an error: what was read so far is not everything.
    #[error("{what}: incomplete, the server answered {code} ({meaning}) {text}")]
    Incomplete {
        /// What was attempted.
        what: String,
        /// LDAP result code.
        code: u32,
        /// Its name.
        meaning: &'static str,
        /// What the server says about it.
        text: String,
    },
    /// A message that is well-formed BER and no LDAP.
    #[error("{what}: the server sent {found}")]
    Malformed {
        /// What was attempted.
        what: String,
        /// What stands there.
        found: &'static str,
    },
    /// The server promised further pages and sends none, or the same one for ever.
    #[error("{what}: the server sends empty pages without an end")]
    EndlessPages {
        /// What was asked, and which page of it.
        what: String,
    },
    /// The filter or the mapping names something that the server's schema does not define. Some servers answer such a
    /// search with success and no entries.
    #[error("check the source against the schema of {server}: {what} is not defined there")]
    Undefined {
        /// The server.
        server: String,
        /// Kind and name.
        what: String,
    },
    /// The read was answered with success and nothing, which is what a broken filter, base or access rule looks like.
    #[error("read {base}: the server answered success without a single entry")]
    EmptySuccess {
        /// Where.
        base: String,
    },
    /// A mapped group is not there, or is hidden: taking that for an empty one would take every grant away.
    #[error("read group {group}: it does not exist or is hidden")]
    NoGroup {
        /// Its distinguished name.
        group: String,
    },
    /// Whoever asked for the entries has gone away.
    #[error("{what}: stopped")]
    Stopped {
        /// What was attempted.
        what: String,
    },
}

/// The name of an LDAP result code. Source: RFC 4511 appendix A.
pub(super) fn meaning(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operations error",
        2 => "protocol error",
        3 => "time limit exceeded",
        4 => "size limit exceeded",
        7 => "authentication method not supported",
        8 => "stronger authentication required",
        10 => "referral",
        11 => "administrative limit exceeded",
        12 => "unavailable critical extension",
        13 => "confidentiality required",
        32 => "no such object",
        34 => "invalid DN syntax",
        48 => "inappropriate authentication",
        49 => "invalid credentials",
        50 => "insufficient access rights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwilling to perform",
        80 => "other",
        _ => "see RFC 4511",
    }
}
