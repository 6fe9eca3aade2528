//! From a source's settings to a bound connection.

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapResult, Scope, StdStream};
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::driver::Driver;
use super::error::{DirectoryError, meaning};
use super::reading::ROOT;
use super::search::{NO_ATTRIBUTES, Query};
use super::{line, tls};
use crate::config::source::{Bind, ServerUrl, Source};

/// A bound connection to one server. Dropped, it closes, which also ends whatever it had asked for.
pub(super) struct Connection {
    pub(super) ldap: Ldap,
    pub(super) driver: Driver,
    /// The server, as messages name it.
    pub(super) server: String,
    /// Bound of waiting for an answer.
    pub(super) limit: Duration,
}

/// Connects to the first server of the source that can be used; `passed` hears of those that cannot.
pub(super) async fn connect(
    source: &Source,
    passed: impl Fn(&ServerUrl),
) -> Result<Connection, DirectoryError> {
    let mut last = None;
    for url in &source.urls {
        match connect_to(source, url).await {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                passed(url);
                last = Some(error);
            }
        }
    }
    let source_error = last.unwrap_or_else(|| DirectoryError::Stopped {
        what: format!("connect for source {}", source.id),
    });
    match source.urls.len() {
        1 => Err(source_error),
        tried => Err(DirectoryError::NoServer {
            tried,
            source: Box::new(source_error),
        }),
    }
}

/// Connects to one server of the source.
pub(super) async fn connect_to(
    source: &Source,
    url: &ServerUrl,
) -> Result<Connection, DirectoryError> {
    let server = url.to_string();
    let limit = source.timeouts.connect;
    let opened = timeout(limit, open(source, url, &server)).await;
    let (driver, ldap) = opened.map_err(|_| DirectoryError::TimedOut {
        what: format!("connect to {server}"),
        after: limit,
    })??;
    let mut connection = Connection {
        ldap,
        driver,
        server,
        limit,
    };
    // A server that accepts connections and answers nothing must not keep the next one waiting.
    connection.bind(&source.bind).await?;
    connection.limit = source.timeouts.operation;
    Ok(connection)
}

/// Opens the line, and lets the library speak on it.
async fn open(
    source: &Source,
    url: &ServerUrl,
    server: &str,
) -> Result<(Driver, Ldap), DirectoryError> {
    let line = line::open(source, url, server).await?;
    let failed = |source| DirectoryError::Connect {
        server: server.to_owned(),
        source,
    };
    let (ours, librarys) = UnixStream::pair().map_err(failed)?;
    let librarys = librarys.into_std().map_err(failed)?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(librarys));
    let (connection, ldap) = LdapConnAsync::with_settings(settings, "ldapi:///")
        .await
        .map_err(|source| DirectoryError::Lost {
            what: format!("connect to {server}"),
            source: Some(Box::new(source)),
        })?;
    Ok((Driver::new(connection, line::carry(line, ours)), ldap))
}

impl Connection {
    async fn bind(&mut self, bind: &Bind) -> Result<(), DirectoryError> {
        let what = format!("bind to {}", self.server);
        let answer = match bind {
            Bind::Anonymous => {
                // Nobody binds, so that a question has to show whether anybody answers.
                let query = Query {
                    what: &what,
                    base: ROOT,
                    scope: Scope::Base,
                    filter: "(objectClass=*)",
                    attributes: vec![NO_ATTRIBUTES.to_owned()],
                };
                return self.find(&query).await.map(drop);
            }
            Bind::Simple { dn, password_file } => {
                let password = password(password_file)?;
                let answer = self.ldap.simple_bind(dn, &password);
                self.driver.attend(&what, self.limit, answer).await?
            }
            Bind::External => {
                let answer = self.ldap.sasl_external_bind();
                self.driver.attend(&what, self.limit, answer).await?
            }
        };
        accepted(bind, answer)
    }
}

fn accepted(bind: &Bind, answer: LdapResult) -> Result<(), DirectoryError> {
    if answer.rc == 0 {
        return Ok(());
    }
    Err(DirectoryError::Refused {
        identity: bind.identity(),
        code: answer.rc,
        meaning: meaning(answer.rc),
        text: printable(&answer.text),
    })
}

/// A server's free text without control characters, which could forge log lines and terminal output.
pub(super) fn printable(text: &str) -> String {
    const SHOWN: usize = 200;
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(SHOWN)
        .collect()
}

/// The password without the line end that editors leave. An empty one would make the bind an anonymous one that
/// succeeds (RFC 4513 §5.1.2).
fn password(path: &Path) -> Result<String, DirectoryError> {
    let bytes = tls::read("the bind password from", path)?;
    let wrong = |why: &str| DirectoryError::File {
        what: "the bind password from",
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, why.to_owned()),
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(wrong("it is empty"));
    }
    Ok(text.to_owned())
}
