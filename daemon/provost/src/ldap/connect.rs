//! From a source's settings to a bound connection.

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapResult, StdStream};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::{Ipv6Addr, TcpStream};
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

use super::driver::Driver;
use super::error::{DirectoryError, meaning};
use super::tls;
use crate::config::source::{Bind, ServerUrl, Source, StartTls};

/// A bound connection to one server. Dropped, it closes, which also ends whatever it had asked for.
pub(super) struct Connection {
    pub(super) ldap: Ldap,
    pub(super) driver: Driver,
    /// The server, as messages name it.
    pub(super) server: String,
    /// Bound of waiting for an answer.
    pub(super) limit: Duration,
}

/// Silence after which the kernel asks whether the other side is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);
/// Time between two such questions.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
/// Time after which unacknowledged data ends the connection.
const USER_TIMEOUT: Duration = Duration::from_secs(60);

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
    let (connection, ldap) = opened.map_err(|_| DirectoryError::TimedOut {
        what: format!("connect to {server}"),
        after: limit,
    })??;
    let mut connection = Connection {
        ldap,
        driver: Driver::new(connection),
        server,
        limit,
    };
    // A server that accepts connections and answers nothing must not keep the next one waiting.
    connection.bind(&source.bind).await?;
    connection.limit = source.timeouts.operation;
    Ok(connection)
}

/// Opens the connection and protects it as the source demands. TLS that is required and not given is an error, never a
/// connection in clear.
async fn open(
    source: &Source,
    url: &ServerUrl,
    server: &str,
) -> Result<(LdapConnAsync, Ldap), DirectoryError> {
    let failed = |source| DirectoryError::Connect {
        server: server.to_owned(),
        source,
    };
    let (settings, address) = match url {
        ServerUrl::Unix(path) => {
            let stream = tokio::net::UnixStream::connect(path).await;
            let stream = stream
                .and_then(|stream| stream.into_std())
                .map_err(failed)?;
            let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(stream));
            (settings, "ldapi:///".to_owned())
        }
        ServerUrl::Tcp { tls, host, port } => {
            let start_tls = !tls && starts_tls(source.start_tls, url);
            let stream = tcp(host, *port).await.map_err(failed)?;
            let mut settings = LdapConnSettings::new()
                .set_std_stream(StdStream::Tcp(stream))
                .set_starttls(start_tls);
            if !*tls && !start_tls {
                return start(settings, server.to_owned(), server).await;
            }
            let address: Option<Ipv6Addr> = host.parse().ok();
            settings = settings.set_config(tls::settings(source, server, address)?);
            match address {
                None => (settings, server.to_owned()),
                Some(_) => {
                    let scheme = if *tls { "ldaps" } else { "ldap" };
                    (settings, format!("{scheme}://{}:{port}", tls::STAND_IN))
                }
            }
        }
    };
    start(settings, address, server).await
}

/// Lets the library speak on the opened socket.
async fn start(
    settings: LdapConnSettings,
    address: String,
    server: &str,
) -> Result<(LdapConnAsync, Ldap), DirectoryError> {
    // The library can panic on a malformed answer to StartTLS; as a task of its own that is an error like any other.
    let opening =
        tokio::spawn(async move { LdapConnAsync::with_settings(settings, &address).await });
    match opening.await {
        Ok(Ok(pair)) => Ok(pair),
        Ok(Err(source)) => Err(DirectoryError::Protect {
            server: server.to_owned(),
            source: Box::new(source),
        }),
        Err(_panic) => Err(DirectoryError::Lost {
            what: format!("connect to {server}"),
            source: None,
        }),
    }
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
    let stream = tokio::net::TcpStream::connect((host, port))
        .await?
        .into_std()?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(stream)
}

impl Connection {
    async fn bind(&mut self, bind: &Bind) -> Result<(), DirectoryError> {
        let what = format!("bind to {}", self.server);
        let answer = match bind {
            Bind::Anonymous => return Ok(()),
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
