//! The connection's own work, done only while somebody waits for an answer.
//!
//! The LDAP library hands entries over through a channel without a bound. If its connection ran as a task of its own, it
//! would read the whole directory into that channel before the first entry is stored. Here one task polls both, the
//! answer first, so that the socket is read only when what has arrived is used up, and TCP makes the server wait.
//!
//! The library panics on some malformed messages. A panic, wherever it happens in there, is a lost connection.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ldap3::{LdapConnAsync, LdapError};
use std::future::{Future, poll_fn};
use std::io;
use std::panic::AssertUnwindSafe;
use std::task::Poll;
use std::time::Duration;
use tokio::time::timeout;

use super::error::DirectoryError;

/// The part of a connection that reads and writes the socket.
pub(super) struct Driver {
    /// `None` once it has ended.
    work: Option<BoxFuture<'static, Result<(), LdapError>>>,
    /// Why it ended, if with an error.
    end: Option<LdapError>,
}

impl Driver {
    /// `line` carries what the library and the server say to each other.
    pub(super) fn new(
        connection: LdapConnAsync,
        line: impl Future<Output = io::Result<()>> + Send + 'static,
    ) -> Self {
        let line = async { line.await.map_err(LdapError::from) };
        // A line that ends has handed over everything, of which the library has to make what there is to be made. A line
        // that breaks ends both.
        let work = async { tokio::try_join!(connection.drive(), line).map(drop) };
        Self {
            work: Some(work.boxed()),
            end: None,
        }
    }

    /// Waits for an answer and keeps the connection going meanwhile.
    pub(super) async fn attend<T>(
        &mut self,
        what: &str,
        limit: Duration,
        answer: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, DirectoryError> {
        match timeout(limit, self.listen(what, answer)).await {
            Ok(answered) => answered,
            Err(_) => {
                // A late answer must not be taken for that of a later question.
                self.work = None;
                Err(DirectoryError::TimedOut {
                    what: what.to_owned(),
                    after: limit,
                })
            }
        }
    }

    /// Waits for an answer for as long as it takes. If this is dropped meanwhile, nothing that arrived is lost.
    pub(super) async fn listen<T>(
        &mut self,
        what: &str,
        answer: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, DirectoryError> {
        let source = match AssertUnwindSafe(self.both(answer)).catch_unwind().await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Some(self.end.take().unwrap_or(error)),
            Err(_panic) => None,
        };
        self.work = None;
        Err(DirectoryError::Lost {
            what: what.to_owned(),
            source: source.map(Box::new),
        })
    }

    /// The answer if it has arrived already; `None` if it would have to be waited for.
    pub(super) async fn arrived<T>(
        &mut self,
        what: &str,
        answer: impl Future<Output = Result<T, LdapError>>,
    ) -> Option<Result<T, DirectoryError>> {
        let mut listening = std::pin::pin!(self.listen(what, answer));
        // The first look takes what has come as far as our end of the pair, the second one sees what that was. What is
        // further away is left for the next time.
        poll_fn(|context| match listening.as_mut().poll(context) {
            Poll::Pending => match listening.as_mut().poll(context) {
                Poll::Pending => Poll::Ready(None),
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
            },
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
        })
        .await
    }

    async fn both<T>(
        &mut self,
        answer: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, LdapError> {
        tokio::pin!(answer);
        loop {
            let Some(work) = &mut self.work else {
                // What arrived before the end is still handed over; then the answer itself says that there is no more.
                return answer.await;
            };
            tokio::select! {
                biased;
                done = &mut answer => return done,
                ended = work => {
                    self.work = None;
                    self.end = ended.err();
                }
            }
        }
    }
}
