//! One step of the dialogue with the relay: its time-out, its fail points, and what its trouble means.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpReplyError;
use lettre::transport::smtp::response::Response;

use crate::deliver::{Reply, printable};
use crate::failpoint;

/// A step of the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// TCP, the relay's greeting and EHLO; TLS before them where it is implicit.
    Connect,
    /// STARTTLS, the TLS handshake and a second EHLO.
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The message itself, up to the answer to the final dot.
    Body,
    Quit,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::StartTls => "starttls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
            Self::Quit => "quit",
        }
    }

    /// How long the step may take. The answer to the final dot comes after the relay has done its work on the
    /// message; giving up early there makes duplicates, so it gets ten times as long (RFC 5321 §4.5.3.2.6).
    fn patience(self, timeout: Duration) -> Duration {
        match self {
            Self::Body => timeout * 10,
            Self::Quit => timeout.min(Duration::from_secs(5)),
            _ => timeout,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word().to_uppercase())
    }
}

/// A step that went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// No answer in time.
    #[error("{verb}: no answer within {} ms", .patience.as_millis())]
    TimedOut { verb: Verb, patience: Duration },
    /// Nobody is there.
    #[error("CONNECT")]
    Dial(#[source] std::io::Error),
    /// A negative reply, or a lost connection.
    #[error("{verb}")]
    Smtp {
        verb: Verb,
        #[source]
        source: SmtpReplyError,
    },
    /// `starttls = "required"`, and the relay has none.
    #[error("STARTTLS: the relay does not offer it, and it is required")]
    NoStartTls,
}

impl Trouble {
    /// The step that went wrong.
    pub(super) fn verb(&self) -> Verb {
        match self {
            Self::TimedOut { verb, .. } | Self::Smtp { verb, .. } => *verb,
            Self::Dial(_) => Verb::Connect,
            Self::NoStartTls => Verb::StartTls,
        }
    }

    /// The code of the relay's reply; `None` if there was none.
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Self::Smtp { source, .. } => source.status().map(u16::from),
            _ => None,
        }
    }

    /// In one printable line: `RCPT: 550 5.1.1 no such user`.
    pub(super) fn why(&self) -> String {
        let (verb, source) = match self {
            Self::Smtp { verb, source } => (verb, source),
            Self::Dial(source) => return printable(&format!("{self}: {source}")),
            _ => return self.to_string(),
        };
        let words = std::error::Error::source(source).map(ToString::to_string);
        match (self.code(), words) {
            (Some(code), Some(words)) => printable(&format!("{verb}: {code} {words}")),
            (Some(code), None) => format!("{verb}: {code}"),
            (None, _) => printable(&format!("{verb}: {source}")),
        }
    }

    /// What it means for the mail.
    ///
    /// Only a 5xx to DATA or to the message is about the mail. Before that a 5xx is about us (a wrong password, a sender
    /// that the relay does not know): an operator mends it, and the notice must still be there then.
    pub(super) fn reply(&self) -> Reply {
        let permanent = self.code().is_some_and(|code| code >= 500);
        let why = self.why();
        match self.verb() {
            Verb::Data | Verb::Body if permanent => Reply::Failed { why },
            Verb::Body if self.code().is_none() => {
                Reply::retry(format!("{why}; the relay may have taken the mail"))
            }
            _ => Reply::retry(why),
        }
    }
}

/// A step that the relay answers.
pub(super) async fn step<T>(
    verb: Verb,
    timeout: Duration,
    work: impl Future<Output = Result<T, SmtpReplyError>>,
) -> Result<T, Trouble> {
    let wrong = |source| Trouble::Smtp { verb, source };
    within(verb, timeout, work, wrong).await
}

/// Takes one step: fail point, the work within its time-out, fail point.
pub(super) async fn within<T, E>(
    verb: Verb,
    timeout: Duration,
    work: impl Future<Output = Result<T, E>>,
    wrong: impl FnOnce(E) -> Trouble,
) -> Result<T, Trouble> {
    let patience = verb.patience(timeout);
    failpoint::hit(&format!("smtp.{}.before", verb.word()));
    let answer = tokio::time::timeout(patience, work).await;
    failpoint::hit(&format!("smtp.{}.after", verb.word()));
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(wrong(source)),
        Err(_) => Err(Trouble::TimedOut { verb, patience }),
    }
}

/// A reply in one printable line: `250 2.0.0 Ok: queued as 4F1`.
pub(super) fn words(response: &Response) -> String {
    let lines: Vec<&str> = response.message().collect();
    printable(&format!("{} {}", response.code(), lines.join(" ")))
}
