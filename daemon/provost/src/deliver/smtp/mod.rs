//! SMTP to the district's relay, verb by verb (RFC 5321).
//!
//! Verb by verb, because what an error means depends on the verb it answers, because each recipient is answered by
//! itself, and because the tests kill the daemon between any two of them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::http::tls::TrustError;
use super::{Letter, Mail, Refusal, Reply, listed};
use crate::config::mail::{MailSettings, Privacy, Relay};
use crate::config::secret::SecretError;
use private::Privately;
use verb::{Trouble, Verb, step, within, words};

mod private;
mod verb;

#[cfg(test)]
mod tests;

/// Connections at a time: a relay of a district takes more, and tells the daemon from an attack all the same.
const CONNECTIONS_MAX: usize = 8;
/// A kept connection that lay idle for longer is not used any more: relays close theirs after some minutes, and
/// between batches nothing needs one.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// Bytes of a CA file: the whole Mozilla bundle has 250 KiB.
const CA_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Why the relay's settings cannot be put into force.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The password file.
    #[error("log in at the mail relay")]
    Password(#[source] SecretError),
    /// The CA file cannot be read.
    #[error("read the mail relay's CA file {path}")]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The CA file holds nothing of use.
    #[error(
        "read the mail relay's CA file {0}: it must hold PEM certificates and be smaller than 4 MiB"
    )]
    NoCertificate(PathBuf),
    /// TLS cannot be set up.
    #[error("prepare TLS to the mail relay {relay}")]
    Tls {
        /// Which relay.
        relay: String,
        /// Why.
        #[source]
        source: lettre::transport::smtp::Error,
    },
    /// The certificates that the relay's is to be tested by.
    #[error("prepare TLS to the mail relay {relay}")]
    Trust {
        /// Which relay.
        relay: String,
        /// Why.
        #[source]
        source: TrustError,
    },
    /// No certificate could ever be for it.
    #[error("prepare TLS to the mail relay {relay}")]
    Name {
        /// Which relay.
        relay: String,
        /// Why.
        #[source]
        source: rustls::pki_types::InvalidDnsNameError,
    },
}

/// The district's mail relay.
pub struct Smtp {
    relay: Relay,
    privacy: Privacy,
    /// For STARTTLS.
    tls: Option<TlsParameters>,
    /// Where TLS is implicit.
    privately: Option<Privately>,
    credentials: Option<Credentials>,
    from: Mailbox,
    timeout: Duration,
    hello: ClientId,
    kept: Mutex<Vec<Kept>>,
    /// One permit a connection.
    places: Semaphore,
}

/// A connection that has sent a mail and waits for the next.
struct Kept {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Smtp {
    /// Puts settings into force; `credentials` is the service's credentials directory. Connects to nothing yet.
    ///
    /// # Errors
    /// [`SmtpError`] if the password or the CA file cannot be read.
    pub fn new(settings: &MailSettings, credentials: Option<&Path>) -> Result<Self, SmtpError> {
        let login = match &settings.login {
            None => None,
            Some(login) => {
                let password = login
                    .password
                    .read(credentials)
                    .map_err(SmtpError::Password)?;
                Some(Credentials::new(login.username.clone(), password))
            }
        };
        let (relay, ca_file) = (&settings.relay, settings.ca_file.as_deref());
        let (tls, privately) = match settings.privacy {
            Privacy::Off => (None, None),
            Privacy::Implicit => (None, Some(Privately::new(relay, ca_file)?)),
            Privacy::Required | Privacy::Opportunistic => (Some(tls(relay, ca_file)?), None),
        };
        Ok(Self {
            relay: settings.relay.clone(),
            privacy: settings.privacy,
            tls,
            privately,
            credentials: login,
            from: settings.from.clone(),
            timeout: settings.timeout,
            hello: ClientId::default(),
            kept: Mutex::default(),
            places: Semaphore::new(CONNECTIONS_MAX),
        })
    }

    /// Sends a mail and says what became of it.
    pub async fn send(&self, mail: &Mail) -> Reply {
        match Letter::write(mail, &self.from) {
            Err(why) => Reply::failed(why.to_string()),
            Ok(letter) => {
                // Nobody closes the semaphore; if somebody did, the mail would merely go without a permit.
                let _place = self.places.acquire().await;
                match self.deliver(&letter).await {
                    Ok(reply) => reply,
                    Err(trouble) => trouble.reply(),
                }
            }
        }
    }

    /// Goes the way of a mail up to the login, and takes leave: nothing is sent.
    ///
    /// # Errors
    /// What went wrong, in a line.
    pub async fn visit(&self) -> Result<(), String> {
        let connection = self.connect().await.map_err(|trouble| trouble.why())?;
        self.quit(connection).await;
        Ok(())
    }

    /// Connects, makes the way private as the settings want it, and logs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Trouble> {
        let mut connection = self.greet().await?;
        self.make_private(&mut connection).await?;
        if let Some(credentials) = &self.credentials {
            let login = connection.auth(DEFAULT_MECHANISMS, credentials);
            step(Verb::Auth, self.timeout, login).await?;
        }
        Ok(connection)
    }

    /// Connects and says EHLO. Every piece is sent at once: lettre writes a message and its final dot in two pieces, and
    /// Nagle's algorithm would hold the second back until the relay, which waits for it, acknowledges the first. That
    /// was 40 ms a mail.
    async fn greet(&self) -> Result<AsyncSmtpConnection, Trouble> {
        let (timeout, hello) = (self.timeout, &self.hello);
        let address = (self.relay.host.as_str(), self.relay.port);
        let dialling = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let stream: Box<dyn AsyncTokioStream> = match &self.privately {
                None => Box::new(stream),
                Some(privately) => Box::new(privately.shake_hands(stream).await?),
            };
            Ok(stream)
        };
        let stream = within(Verb::Connect, timeout, dialling, Trouble::Dial).await?;
        let greeting = AsyncSmtpConnection::connect_with_transport(stream, hello);
        step(Verb::Connect, timeout, greeting).await
    }

    async fn make_private(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Trouble> {
        let Some(tls) = &self.tls else { return Ok(()) };
        match (self.privacy, connection.can_starttls()) {
            (Privacy::Off | Privacy::Implicit, _) | (Privacy::Opportunistic, false) => Ok(()),
            (Privacy::Required, false) => Err(Trouble::NoStartTls),
            (Privacy::Required | Privacy::Opportunistic, true) => {
                let upgrade = connection.starttls(tls.clone(), &self.hello);
                step(Verb::StartTls, self.timeout, upgrade).await
            }
        }
    }

    /// Sends a mail. A kept connection that the relay has closed meanwhile shows it at MAIL, when nothing has been
    /// sent yet: then a fresh one begins again.
    async fn deliver(&self, letter: &Letter) -> Result<Reply, Trouble> {
        if let Some(mut connection) = self.kept() {
            match self.transact(&mut connection, letter).await {
                Err(trouble) if trouble.verb() == Verb::Mail => {}
                done => return self.done(connection, done).await,
            }
        }
        let mut connection = self.connect().await?;
        let done = self.transact(&mut connection, letter).await;
        self.done(connection, done).await
    }

    /// After a mail was taken the connection is as new and can be kept; after anything else it is closed.
    async fn done(
        &self,
        connection: AsyncSmtpConnection,
        done: Result<Reply, Trouble>,
    ) -> Result<Reply, Trouble> {
        match done {
            Ok(Reply::Accepted { .. }) => self.keep(connection).await,
            Ok(_) => self.quit(connection).await,
            Err(ref trouble) if trouble.code().is_some() => self.quit(connection).await,
            Err(_) => drop(connection),
        }
        done
    }

    /// MAIL, RCPT for each recipient, DATA, the message.
    async fn transact(
        &self,
        connection: &mut AsyncSmtpConnection,
        letter: &Letter,
    ) -> Result<Reply, Trouble> {
        let mail = MailFrom::new(Some(letter.from.clone()), Vec::new());
        step(Verb::Mail, self.timeout, connection.command(mail)).await?;
        let offered = self.offer(connection, letter).await?;
        if offered.accepted == 0 {
            return Ok(offered.nobody());
        }
        step(Verb::Data, self.timeout, connection.command(Data)).await?;
        let message = connection.message(&letter.bytes);
        let response = step(Verb::Body, self.timeout, message).await?;
        Ok(Reply::Accepted {
            receipt: words(&response),
            refused: offered.refused,
        })
    }

    /// Offers each recipient to the relay. A refused one does not stop the others; a lost connection does.
    async fn offer(
        &self,
        connection: &mut AsyncSmtpConnection,
        letter: &Letter,
    ) -> Result<Offered, Trouble> {
        let mut offered = Offered {
            accepted: 0,
            any_later: false,
            refused: letter.refused.clone(),
        };
        for address in &letter.to {
            let rcpt = connection.command(Rcpt::new(address.clone(), Vec::new()));
            match step(Verb::Rcpt, self.timeout, rcpt).await {
                Ok(_) => offered.accepted += 1,
                // 421 closes the connection (RFC 5321 §3.8): it says nothing about this recipient.
                Err(trouble) => match trouble.code() {
                    None | Some(421) => return Err(trouble),
                    Some(code) => {
                        offered.any_later |= code < 500;
                        offered.refused.push(Refusal {
                            address: address.to_string(),
                            why: trouble.why(),
                        });
                    }
                },
            }
        }
        Ok(offered)
    }

    /// The connection used last, if it is not too old.
    fn kept(&self) -> Option<AsyncSmtpConnection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.since.elapsed() < KEPT_FOR);
        kept.pop().map(|kept| kept.connection)
    }

    async fn keep(&self, connection: AsyncSmtpConnection) {
        let spare = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < CONNECTIONS_MAX {
                kept.push(Kept {
                    connection,
                    since: Instant::now(),
                });
                None
            } else {
                Some(connection)
            }
        };
        if let Some(connection) = spare {
            self.quit(connection).await;
        }
    }

    /// Takes leave. Whether the relay answers does not matter any more.
    async fn quit(&self, mut connection: AsyncSmtpConnection) {
        let _ = step(Verb::Quit, self.timeout, connection.quit()).await;
    }

    /// Takes leave on the connections that were kept for the next mail.
    pub async fn rest(&self) {
        let kept = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *kept)
        };
        for kept in kept {
            self.quit(kept.connection).await;
        }
    }
}

/// What the relay said about the recipients.
struct Offered {
    accepted: usize,
    any_later: bool,
    refused: Vec<Refusal>,
}

impl Offered {
    /// Nobody was accepted: for good only if everybody was refused for good.
    fn nobody(self) -> Reply {
        let why = listed(&self.refused);
        if self.any_later {
            Reply::retry(why)
        } else {
            Reply::Failed { why }
        }
    }
}

/// TLS to the relay, trusting the CA file alone if there is one, else the system's certificates.
fn tls(relay: &Relay, ca_file: Option<&Path>) -> Result<TlsParameters, SmtpError> {
    let bad = |source| SmtpError::Tls {
        relay: relay.to_string(),
        source,
    };
    let mut builder = TlsParameters::builder(relay.host.clone());
    if let Some(path) = ca_file {
        let certificate = Certificate::from_pem(&ca_bytes(path)?).map_err(bad)?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    builder.build().map_err(bad)
}

fn ca_bytes(path: &Path) -> Result<Vec<u8>, SmtpError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(CA_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|source| SmtpError::CaFile {
            path: path.to_owned(),
            source,
        })?;
    // A file without a certificate is read as an empty list, and then nothing at all would be trusted.
    let text = String::from_utf8_lossy(&bytes);
    if !text.contains("-----BEGIN CERTIFICATE-----") || bytes.len() as u64 == CA_BYTES_MAX {
        return Err(SmtpError::NoCertificate(path.to_owned()));
    }
    Ok(bytes)
}
