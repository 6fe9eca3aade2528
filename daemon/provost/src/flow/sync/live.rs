//! Mode `live`: news of a stream → staging → plan → guards → commit, the moment they come.
//!
//! A stream brings one by one what a round would bring at once, so its plans are guarded together: gains of roles, values
//! that get lost and people who are enabled again add up over a period, and while a plan waits for an operator nothing that gives a role passes beside it. What is about
//! the people themselves passes whatever else waits.

use jiff::Timestamp;
use provost_core::directory::{About, Reach};
use provost_core::id::{FeedId, SourceId};
use provost_core::limits::ROLE_GAINS_MAX;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use super::compare;
use super::liveness::Liveness;
use super::news::{Gathered, Standing, gather};
use super::read::Read;
use super::state::{self, Cookie};
use super::turn::By;
use super::{Approval, Extent, Outcome, Report, Run, SyncError, Syncs, blocking, read, report};
use crate::config::source::Source;
use crate::ldap::{Follow, Following, Mark, News, Reading, Stood, Told};
use crate::store::Which;

/// A source that is followed.
pub struct Stream {
    following: Box<dyn Following>,
    /// For what the news leave open. It stays open, since opening it may take longer than everything else.
    beside: Option<Box<dyn Reading>>,
    /// When it was last kept how far the stream has come.
    kept: Timestamp,
    /// A round from here has to say what the stream could not: until it has, how far the stream is must not be kept.
    owed: Option<Mark>,
}

/// What came of the wish to follow a source.
pub enum Opened {
    /// It is followed.
    Stream(Box<Stream>),
    /// It cannot be, as things stand. Says why.
    Not(String),
    /// Something has to be read first. Says why.
    First(Again, &'static str),
}

/// What has to be done beside taking news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// A round: what changed since the last plan that was applied, or everything where the server cannot tell.
    Round,
    /// Everything must be read. Says why.
    Everything(&'static str),
    /// The stream must be opened anew: another run stands on another server's word.
    Reopen,
}

/// What became of news.
#[derive(Debug)]
pub struct Taken {
    /// What was found and done; `None` if the news concern nobody.
    pub report: Option<Report>,
    /// What has to be done besides.
    pub again: Option<Again>,
}

/// Time after which it is kept how far a stream has come even if nothing of it concerned anybody.
const KEEP_EVERY: Duration = Duration::from_secs(10);

impl Stream {
    /// The server that tells.
    pub fn server(&self) -> &str {
        self.following.server()
    }

    /// Waits for news; the first ones come when the server has told everything that it owed, and may be empty. Dropped
    /// while it waits, it loses nothing.
    ///
    /// # Errors
    /// [`SyncError::Directory`] if the stream has ended.
    pub async fn next(&mut self, source: &SourceId) -> Result<Told, SyncError> {
        let next = self.following.next().await;
        next.map_err(SyncError::directory(source))
    }

    /// Hears whether the server is still there.
    ///
    /// # Errors
    /// [`SyncError::Directory`] if it is not.
    pub async fn ping(&mut self, source: &SourceId) -> Result<(), SyncError> {
        let answer = self.following.ping().await;
        answer.map_err(SyncError::directory(source))
    }

    async fn gather(
        &mut self,
        run: &Run,
        cookie: &Cookie,
        standing: Standing,
        news: News,
    ) -> Result<Gathered, SyncError> {
        if let Some(open) = &mut self.beside {
            match gather(run, open.as_mut(), cookie, standing, news.clone()).await {
                // A connection that was idle may have been closed.
                Err(SyncError::Directory { .. }) => self.beside = None,
                gathered => return gathered,
            }
        }
        let opened = self.following.beside().await;
        let opened = opened.map_err(SyncError::directory(&run.source.id))?;
        let reading = self.beside.insert(opened);
        let gathered = gather(run, reading.as_mut(), cookie, standing, news).await;
        if gathered.is_err() {
            self.beside = None;
        }
        gathered
    }
}

impl Syncs {
    /// Asks the source's server to tell changes as they happen from where the last read stood.
    ///
    /// # Errors
    /// [`SyncError`] if no server can be reached, or the register cannot be read.
    pub async fn follow(&self, source: &Arc<Source>, at: Timestamp) -> Result<Opened, SyncError> {
        let state = self.status(&source.id).await?;
        let Some(cookie) = state.cookie_for(source) else {
            let why = state.because.filter(|_| state.read.is_some());
            return Ok(Opened::Not(why.unwrap_or_else(|| {
                "nothing was read and applied yet that could be gone on from".to_owned()
            })));
        };
        let follow = self.directory.follow(source, &cookie.mark).await;
        Ok(match follow.map_err(SyncError::directory(&source.id))? {
            Follow::Not(why) => Opened::Not(why),
            Follow::Stale(why) => Opened::First(Again::Round, why),
            Follow::Stream(following) => Opened::Stream(Box::new(Stream {
                following,
                beside: None,
                kept: at,
                owed: None,
            })),
        })
    }

    /// Takes news of a stream; `at` is now.
    ///
    /// # Errors
    /// [`SyncError`] if they could not be taken as a whole. Nothing of them is lost: a stream that is opened anew tells
    /// them again.
    pub async fn take(
        &self,
        stream: &mut Stream,
        source: &Arc<Source>,
        feed: Option<FeedId>,
        at: Timestamp,
        news: News,
    ) -> Result<Taken, SyncError> {
        let arrived = Instant::now();
        let _turn = self.turns.begin(&source.id, By::Stream).await?;
        let state = self.status(&source.id).await?;
        let cookie = state.cookie_for(source);
        let Some(cookie) = cookie.filter(|cookie| cookie.mark.server == stream.server()) else {
            return Ok(Taken {
                report: None,
                again: Some(Again::Reopen),
            });
        };
        let waits = state.unapplied.is_some();
        let standing = if waits {
            Standing::Waiting
        } else {
            Standing::Level
        };
        let mut run = self.run(source, feed, at, &state);
        (run.which, run.by) = (Which::Named, By::Stream);
        if standing == Standing::Waiting {
            run.before.role_gains = ROLE_GAINS_MAX;
        }
        let news = news.since(&cookie.mark);
        let mark = news.mark.clone();
        let gathered = stream.gather(&run, cookie, standing, news).await?;
        let lists = gathered.lists.unwrap_or_else(|| cookie.lists.clone());
        let mut again = gathered.again;
        let mut report = None;
        if gathered.staged {
            let read = Read {
                source: run.source.id.clone(),
                server: stream.server().to_owned(),
                remarks: gathered.remarks,
                extent: Extent::Changes,
                because: None,
                cookie: None,
                stood: Stood::from(&mark),
                reach: Reach::Level,
            };
            let (done, passed) = passing(&run, &read).await?;
            if passed == Passed::Part || waits {
                again = again.or(Some(Again::Round));
            }
            let lag = arrived.elapsed();
            self.streams
                .set(&source.id, |stream| stream.lag = Some(lag));
            report = Some(done);
        }
        // News are told once: those that come next must not make it look as if nothing were left to read.
        if gathered.owes || again.is_some() {
            stream.owed = Some(cookie.mark.clone());
        }
        let all_known = again.is_none() && stream.owed.as_ref() != Some(&cookie.mark);
        let cookie = all_known.then(|| Cookie {
            mark,
            lists,
            ..cookie.clone()
        });
        self.keep(&run, stream, report.as_ref(), cookie).await?;
        Ok(Taken { report, again })
    }

    /// Keeps what the news came to, and how far the stream is if they are all that there is to know.
    async fn keep(
        &self,
        run: &Run,
        stream: &mut Stream,
        report: Option<&Report>,
        cookie: Option<Cookie>,
    ) -> Result<(), SyncError> {
        let since = Duration::try_from(run.at.duration_since(stream.kept)).unwrap_or_default();
        if report.is_none() && (cookie.is_none() || since < KEEP_EVERY) {
            return Ok(());
        }
        stream.kept = run.at;
        let (run, report) = (run.clone(), report.cloned());
        blocking(move || {
            let before = state::load(&run.store, &run.source.id)?;
            state::save(
                &run.store,
                &before.told(report.as_ref(), cookie, &run.source, run.at),
            )
        })
        .await
    }

    /// Reads what news could not tell, and applies what follows.
    ///
    /// # Errors
    /// As [`Syncs::apply`].
    pub async fn catch_up(
        &self,
        source: &Arc<Source>,
        feed: Option<FeedId>,
        at: Timestamp,
        again: Again,
    ) -> Result<Report, SyncError> {
        let turn = self.turns.begin(&source.id, By::Stream).await?;
        let state = self.status(&source.id).await?;
        let mut run = self.run(source, feed, at, &state);
        run.by = By::Stream;
        let result = match again {
            Again::Round | Again::Reopen => {
                self.rounds(&run, &turn, Extent::Changes, &Approval::Automatic)
                    .await
            }
            Again::Everything(why) => {
                tracing::info!(source = %source.id, why, "reading everything beside the stream");
                let read =
                    read::from_the_start(&run, self.directory.as_ref(), &turn.entries, why).await;
                match read {
                    Ok(read) => {
                        self.apply_read(&run, read, &Approval::Automatic, false)
                            .await
                    }
                    Err(error) => Err(error),
                }
            }
        };
        if let Err(error) = &result {
            self.note_failure(&run, error).await?;
        }
        result
    }

    /// How the stream of a source is doing; `None` where nobody wants one.
    pub fn liveness(&self, source: &SourceId) -> Option<Liveness> {
        self.streams.of(source)
    }

    /// Notes how the stream of a source is doing.
    pub fn note_liveness(&self, source: &SourceId, change: impl FnOnce(&mut Liveness)) {
        self.streams.set(source, change);
    }

    /// Nobody wants to follow the source any more.
    pub fn forget_liveness(&self, source: &SourceId) {
        self.streams.forget(source);
    }
}

/// How much of what follows from news was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    /// All of it.
    Everything,
    /// A part. The rest waits for an operator.
    Part,
}

/// Applies what follows from the staged news, as far as it is let through: without what groups would give, if that is what
/// has to wait, and in any case who is shut out.
async fn passing(run: &Run, read: &Read) -> Result<(Report, Passed), SyncError> {
    let (mut passed, mut last) = (Passed::Everything, None);
    for about in [About::Everything, About::People, About::ShutOut] {
        let part = Run {
            about,
            ..run.clone()
        };
        let (comparison, done) = compare::apply(part, Approval::Automatic).await?;
        let applied = matches!(done, Outcome::Applied { .. });
        last = Some(report(read, comparison, Some(done)));
        if applied {
            break;
        }
        passed = Passed::Part;
    }
    let report = last.ok_or(SyncError::Interrupted)?;
    Ok((report, passed))
}
