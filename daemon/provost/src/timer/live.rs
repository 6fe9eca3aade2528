//! One source that is followed: open a stream, take what it tells, open it again when it breaks off.

use provost_core::directory::Concern;
use provost_core::id::SourceId;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{lot, outcome_word, synced};
use crate::config::source::Source;
use crate::daemon::Daemon;
use crate::flow::sync::{Again, Liveness, Opened, Outcome, Stream, SyncError};
use crate::ldap::{News, Told};
use crate::live::chain;

/// Least time between two looks at groups and containers, while nobody's own entry changes.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// First and longest wait before a stream that has broken off is opened again.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Failures that count of streams that break off soon after they have caught up: the next one is waited for 4 s at most.
const SHORT_LIVED: u32 = 4;

/// After reading besides, the stream asks for so many times as long in vain: it takes at most this part of the time.
const READING_SHARE: u32 = 10;

/// The same while what was read waits for an operator, and nothing comes of reading it again but fresher counts.
const WAITING_SHARE: u32 = 30;

/// After entries were absent from a complete read for the first time, the read that confirms it: later than it takes a
/// server that has just come up to have everything, and sooner than the next round.
const SECOND_READ: Duration = Duration::from_secs(10);

/// Why a stream has ended, if not by an error.
enum End {
    /// The daemon stops, or its configuration has changed.
    Stopped,
    /// It is to be opened anew.
    Renew,
    /// The source cannot be followed before something has been read. Says why.
    Later(String),
    /// What was read waits for an operator. There may be a server by now that can be gone on with.
    Unsettled,
}

/// Follows one source for as long as it is to be followed.
pub(super) async fn follow(daemon: Arc<Daemon>, id: SourceId, stop: CancellationToken) {
    let live = daemon.config();
    let Some(source) = live.config.sources.get(&id) else {
        return;
    };
    if source.may_be_followed() {
        let follower = Follower {
            daemon: Arc::clone(&daemon),
            source: Arc::clone(source),
            stop,
            failures: 0,
            caught_up: None,
            not_before: None,
        };
        follower.run().await;
        daemon.syncs.forget_liveness(&id);
    }
}

/// What came of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// It was applied.
    Applied,
    /// The server has not come as far as the one before, which heals by itself.
    Behind,
    /// It waits for an operator.
    Waits,
}

struct Follower {
    daemon: Arc<Daemon>,
    source: Arc<Source>,
    stop: CancellationToken,
    /// Streams in a row that could not be opened, or broke off sooner than the wait before them had taken.
    failures: u32,
    /// When the present stream had caught up.
    caught_up: Option<Instant>,
    /// Why something was read that was not applied, and when it may be read again for the same reason.
    not_before: Option<(&'static str, Instant)>,
}

impl Follower {
    async fn run(mut self) {
        let mut ends = self.daemon.syncs.ends(&self.source.id);
        while !self.stop.is_cancelled() {
            ends.mark_unchanged();
            let end = self.stream().await;
            self.forgive();
            let (mut may_go_on, mut until) = (false, self.source.every);
            let why = match end {
                Ok(End::Stopped) => return,
                Ok(End::Renew) => {
                    until = self.pause();
                    "it is opened anew".to_owned()
                }
                Ok(End::Later(why)) => {
                    may_go_on = true;
                    why
                }
                Ok(End::Unsettled) => {
                    // The follower itself has read.
                    ends.mark_unchanged();
                    (may_go_on, until) = (true, self.pause());
                    "what was read was not applied".to_owned()
                }
                Err(error) => {
                    // One line for an outage, not one for each try.
                    if self.failures == 0 {
                        tracing::warn!(source = %self.source.id, error = %chain(&error), "changes cannot be followed; trying again");
                    }
                    self.failures += 1;
                    until = self.pause();
                    chain(&error)
                }
            };
            self.note(|liveness| {
                liveness.following = false;
                liveness.since = None;
                liveness.why = Some(why);
            });
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(until) => {}
                // What was read may be gone on from.
                Ok(()) = ends.changed(), if may_go_on => {}
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut Liveness)) {
        self.daemon.syncs.note_liveness(&self.source.id, change);
    }

    /// The stream has ended: what it was good for counts against what failed before it.
    fn forgive(&mut self) {
        if let Some(caught_up) = self.caught_up.take() {
            self.failures = left_over(self.failures, caught_up.elapsed());
        }
    }

    fn pause(&self) -> Duration {
        pause(self.failures, lot())
    }

    /// One stream from its beginning to its end.
    async fn stream(&mut self) -> Result<End, SyncError> {
        let (daemon, now) = (Arc::clone(&self.daemon), self.daemon.ports.clock.now());
        let opened = tokio::select! {
            () = self.stop.cancelled() => return Ok(End::Stopped),
            opened = daemon.syncs.follow(&self.source, now) => opened?,
        };
        let mut stream = match opened {
            Opened::Stream(stream) => stream,
            Opened::Not(why) => {
                self.failures = 0;
                return Ok(End::Later(why));
            }
            Opened::First(again, why) => return self.first(again, why).await,
        };
        let age_max = self.source.keep_alive.age_max;
        let end = Instant::now() + age_max - age_max / 10 * u32::from(lot()) / 255;
        let mut reading = Reading::default();
        self.second_read(&mut reading).await?;
        loop {
            let ping_after = match self.caught_up {
                // It owes an answer, and that has a time-out of its own.
                None => Duration::MAX,
                Some(_) => self.source.keep_alive.ping_after,
            };
            let told = tokio::select! {
                () = self.stop.cancelled() => return Ok(End::Stopped),
                () = sleep_until(end) => return Ok(End::Renew),
                () = reading.due() => {
                    self.read_besides(&mut reading).await?;
                    continue;
                }
                () = reading.look_due() => reading.put_off.take().map(Told::News),
                told = timeout(ping_after, stream.next(&self.source.id)) => told.ok().transpose()?,
            };
            match told {
                None => stream.ping(&self.source.id).await?,
                Some(Told::Stale(why)) => return self.first(Again::Round, why).await,
                Some(Told::News(news)) => {
                    if self.caught_up.is_none() {
                        self.caught_up(stream.server());
                    }
                    match self.take(&mut stream, &mut reading, news).await? {
                        Some(Again::Reopen) => return Ok(End::Renew),
                        Some(again) => reading.want(again),
                        None => {}
                    }
                }
            }
        }
    }

    /// Reads what has to be read before the source can be followed.
    async fn first(&mut self, again: Again, why: &'static str) -> Result<End, SyncError> {
        self.forgive();
        // What waits for an operator is not read again at every look at the servers, unless they look different.
        let waits = |(before, moment)| before == why && Instant::now() < moment;
        if self.not_before.is_some_and(waits) {
            self.failures += 1;
            return Ok(End::Unsettled);
        }
        // A server that goes on asking for reads is left in peace for ever longer.
        if self.failures > 0 {
            tokio::select! {
                () = self.stop.cancelled() => return Ok(End::Stopped),
                () = tokio::time::sleep(self.pause()) => {}
            }
        }
        tracing::info!(source = %self.source.id, why, "reading before changes are followed again");
        let begun = Instant::now();
        let came = self.read(again).await?;
        self.failures += 1;
        let moment = Instant::now() + begun.elapsed() * WAITING_SHARE;
        self.not_before = (came == Came::Waits).then_some((why, moment));
        Ok(match came {
            Came::Applied => End::Renew,
            Came::Behind | Came::Waits => End::Unsettled,
        })
    }

    /// Reads and applies; says what came of it.
    async fn read(&self, again: Again) -> Result<Came, SyncError> {
        let live = self.daemon.config();
        let feed = live.feed_of(&self.source.district);
        let now = self.daemon.ports.clock.now();
        let report = self
            .daemon
            .syncs
            .catch_up(&self.source, feed, now, again)
            .await?;
        let outcome = report.done.as_ref().map_or("planned", outcome_word);
        tracing::info!(source = %self.source.id, outcome, read = report.summary.read, changes = report.summary.changes, "sync finished");
        let came = match (&report.done, report.summary.concerns.as_slice()) {
            (Some(Outcome::Applied { .. }), _) => Came::Applied,
            (_, [Concern::Behind]) => Came::Behind,
            _ => Came::Waits,
        };
        synced(&self.daemon, report).await;
        Ok(came)
    }

    async fn read_besides(&self, reading: &mut Reading) -> Result<(), SyncError> {
        if let Some(again) = reading.wanted.take() {
            let begun = Instant::now();
            let share = match self.read(again).await? {
                Came::Applied | Came::Behind => READING_SHARE,
                Came::Waits => WAITING_SHARE,
            };
            reading.not_before = Some(Instant::now() + begun.elapsed() * share);
            self.second_read(reading).await?;
        }
        Ok(())
    }

    /// Who was absent from what was read and applied is read for again.
    async fn second_read(&self, reading: &mut Reading) -> Result<(), SyncError> {
        if self
            .daemon
            .syncs
            .status(&self.source.id)
            .await?
            .is_unsettled()
        {
            reading.want(Again::Round);
            let due = Instant::now() + SECOND_READ;
            reading.not_before = reading.not_before.max(Some(due));
        }
        Ok(())
    }

    /// The server has told all that it owed: from here on changes are followed.
    fn caught_up(&mut self, server: &str) {
        let (id, now) = (&self.source.id, self.daemon.ports.clock.now());
        let again = self
            .daemon
            .syncs
            .liveness(id)
            .is_some_and(|before| before.server.is_some());
        if self.failures > 0 || !again {
            tracing::info!(source = %id, server, "changes are followed as they happen");
        }
        let failed = self.failures > 0;
        self.caught_up = Some(Instant::now());
        self.not_before = None;
        self.note(|liveness| {
            liveness.following = true;
            liveness.server = Some(server.to_owned());
            liveness.since = Some(now);
            liveness.why = None;
            liveness.reconnects += u64::from(again && failed);
        });
    }

    /// Takes news; says what has to be read besides.
    async fn take(
        &self,
        stream: &mut Stream,
        reading: &mut Reading,
        mut news: News,
    ) -> Result<Option<Again>, SyncError> {
        let now = self.daemon.ports.clock.now();
        self.note(|liveness| liveness.last_message = Some(now));
        if let Some(earlier) = reading.put_off.take() {
            news = earlier.and(news);
        }
        let concerns_nobody = news.seen.is_empty() && news.doubt.is_none();
        if news.elsewhere && concerns_nobody && reading.looked_just_now() {
            reading.put_off = Some(news);
            return Ok(None);
        }
        if news.elsewhere {
            reading.looked = Some(Instant::now());
        }
        let live = self.daemon.config();
        let feed = live.feed_of(&self.source.district);
        let syncs = &self.daemon.syncs;
        let taken = syncs.take(stream, &self.source, feed, now, news).await?;
        if let Some(report) = taken.report.filter(|report| report.summary.changes > 0) {
            let outcome = report.done.as_ref().map_or("planned", outcome_word);
            tracing::info!(source = %self.source.id, outcome, changes = report.summary.changes, "news taken");
            synced(&self.daemon, report).await;
        }
        Ok(taken.again)
    }
}

/// What has to be read beside the stream, and when.
#[derive(Default)]
struct Reading {
    wanted: Option<Again>,
    not_before: Option<Instant>,
    /// When groups and containers were last looked at.
    looked: Option<Instant>,
    /// News for which they will be looked at again.
    put_off: Option<News>,
}

impl Reading {
    fn want(&mut self, again: Again) {
        // Everything is more than a round.
        match (self.wanted, again) {
            (Some(Again::Everything(_)), _) => {}
            _ => self.wanted = Some(again),
        }
    }

    async fn due(&self) {
        match (self.wanted, self.not_before) {
            (None, _) => std::future::pending().await,
            (Some(_), None) => {}
            (Some(_), Some(moment)) => sleep_until(moment).await,
        }
    }

    fn looked_just_now(&self) -> bool {
        self.looked
            .is_some_and(|looked| looked.elapsed() < LOOK_EVERY)
    }

    async fn look_due(&self) {
        match (&self.put_off, self.looked) {
            (Some(_), Some(looked)) => sleep_until(looked + LOOK_EVERY).await,
            _ => std::future::pending().await,
        }
    }
}

/// Failures that still count after a stream that had caught up and then `held` for so long. If that was longer than the
/// wait before it, none. If not, the server is there: it is asked less often, and not ever less.
fn left_over(failures: u32, held: Duration) -> u32 {
    match held >= pause(failures, 0) {
        true => 0,
        false => failures.min(SHORT_LIVED),
    }
}

/// Time until a stream is opened again. It doubles with every failure, and a fifth of it is left to the `lot`, so that
/// many followers of one server do not come back at the same moment.
fn pause(failures: u32, lot: u8) -> Duration {
    let Some(doublings) = failures.checked_sub(1) else {
        return Duration::ZERO;
    };
    let wait = RETRY_FIRST
        .saturating_mul(1 << doublings.min(16))
        .min(RETRY_MAX);
    wait - wait / 5 * u32::from(lot) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_breaks_off_is_opened_soon_and_then_ever_later() {
        let waits = |lot| -> Vec<u128> {
            (0..11)
                .map(|failures| pause(failures, lot).as_millis())
                .collect()
        };
        assert_eq!(
            waits(0),
            [
                0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000
            ]
        );
        assert_eq!(pause(u32::MAX, 0), RETRY_MAX);
        assert!(pause(5, 255) < pause(5, 0));
    }

    #[test]
    fn a_line_that_breaks_again_and_again_is_neither_hammered_nor_given_up() {
        let second = Duration::from_secs(1);
        assert_eq!(left_over(0, Duration::ZERO), 0);
        assert_eq!(left_over(3, second), 0);
        assert_eq!(left_over(3, second / 2), 3);
        let next = pause(left_over(20, second) + 1, 0);
        assert_eq!(next, 4 * second);
    }
}
