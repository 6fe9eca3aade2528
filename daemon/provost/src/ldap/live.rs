//! Mode `live`: the server tells changes as they happen. Source: RFC 4533, refreshAndPersist.
//!
//! First it tells what changed since the mark, as in a refresh, and then each change in a message of its own. What does
//! not belong into such a stream is never taken for a change: it leaves a doubt, and everything is read besides.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ldap3::{ResultEntry, Scope};
use provost_core::directory::Entry;
use std::collections::BTreeMap;

use super::change_number::ChangeNumbers;
use super::connect::connect_to;
use super::content_sync::{self, EntryState, Info, SYNC_INFO, Until};
use super::error::DirectoryError;
use super::message::Item;
use super::profile::Vendor;
use super::reading::{LdapReading, ROOT};
use super::refresh::{NO_NUMBERS, REFRESH_REQUIRED, UNCHANGED, UNWILLING};
use super::search::{self, Answers, Asked, Ending, NO_ATTRIBUTES, Query};
use super::since::ANOTHER_SERVER;
use super::{Follow, Following, How, Mark, News, Reading, Seen, Told};

/// Ids that are handed over at once. The others wait in the socket, and the server with them.
const NEWS_MAX: usize = 500;

/// Ids that a stream may begin with. Where more has changed a read of changes is the better beginning: it does not keep
/// them in memory.
const ARREARS_MAX: usize = 2_000;

/// A search that stays open.
pub(super) struct LdapFollowing {
    reading: LdapReading,
    answers: Answers,
    what: String,
    /// The server has given its result: it tells no more.
    ended: bool,
    schema: String,
    gathered: Gathered,
}

impl LdapReading {
    /// Asks to be told what changes from the mark on.
    pub(super) async fn begin_to_follow(mut self, since: &Mark) -> Result<Follow, DirectoryError> {
        // Of these vendors none can be, and rounds find another server soon enough.
        if self.server.root.vendor.is_active_directory() || self.server.root.vendor == Vendor::Ds389
        {
            return Ok(Follow::Not(self.server.way.because.clone()));
        }
        // Whether another one can be followed shows when it has been read.
        if since.server != self.server.address {
            return Ok(Follow::Stale(ANOTHER_SERVER));
        }
        if self.server.way.how != How::Live {
            return Ok(Follow::Not(self.server.way.because.clone()));
        }
        let numbers = match self.slapd_goes_on_from(since).await? {
            Ok(numbers) => numbers,
            Err(why) => return Ok(Follow::Stale(why)),
        };
        let (base, filter) = (self.source.base.clone(), self.source.filter.clone());
        let what = format!("follow {base}");
        let query = Query {
            what: &what,
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: self.numbered_attributes(),
        };
        let asked = Asked::Changes(Until::Forever, Some(&since.cookie));
        let answers = self.connection.ask(&query, asked).await?;
        Ok(Follow::Stream(Box::new(LdapFollowing {
            reading: self,
            answers,
            what,
            ended: false,
            schema: since.schema.clone(),
            gathered: Gathered::new(numbers),
        })))
    }
}

impl Following for LdapFollowing {
    fn server(&self) -> &str {
        &self.reading.server.address
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Told, DirectoryError>> {
        self.gather().boxed()
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DirectoryError>> {
        async {
            let query = Query {
                what: "ask whether the server is still there",
                base: ROOT,
                scope: Scope::Base,
                filter: "(objectClass=*)",
                attributes: vec![NO_ATTRIBUTES.to_owned()],
            };
            let connection = &mut self.reading.connection;
            connection.limit = self.reading.source.keep_alive.ping_timeout;
            let answer = connection.find(&query).await;
            connection.limit = self.reading.source.timeouts.operation;
            answer.map(drop)
        }
        .boxed()
    }

    fn beside(&mut self) -> BoxFuture<'_, Result<Box<dyn Reading>, DirectoryError>> {
        let (source, server) = (&self.reading.source, &self.reading.server.address);
        async move {
            let url = source.urls.iter().find(|url| url.to_string() == *server);
            let url = url.ok_or_else(|| DirectoryError::Stopped {
                what: format!("connect to {server}"),
            })?;
            let connection = connect_to(source, url).await?;
            let reading = LdapReading::over(connection, source).await?;
            Ok(Box::new(reading) as Box<dyn Reading>)
        }
        .boxed()
    }
}

impl LdapFollowing {
    async fn gather(&mut self) -> Result<Told, DirectoryError> {
        while !self.gathered.complete {
            match self.answer().await? {
                Some(answer) => self.take(answer)?,
                None => return self.end().await,
            }
        }
        while !self.ended && self.gathered.has_room() {
            let driver = &mut self.reading.connection.driver;
            match driver.arrived(&self.what, self.answers.next()).await {
                None => break,
                Some(Ok(Some(answer))) => self.take(answer)?,
                // What was gathered is handed over first.
                Some(Ok(None)) => self.ended = true,
                Some(Err(error)) => return Err(error),
            }
        }
        let mark = Mark {
            server: self.reading.server.address.clone(),
            instance: None,
            clock: None,
            cookie: self.gathered.numbers.cookie(),
            schema: self.schema.clone(),
        };
        Ok(Told::News(self.gathered.hand_over(mark)))
    }

    /// The next message; `None` at the end.
    async fn answer(&mut self) -> Result<Option<ResultEntry>, DirectoryError> {
        if self.ended {
            return Ok(None);
        }
        let connection = &mut self.reading.connection;
        let next = self.answers.next();
        let answer = match self.gathered.stage {
            // Until it has caught up the server has something to say; afterwards it may be silent for days.
            Stage::Arrears => {
                let limit = connection.limit;
                connection.driver.attend(&self.what, limit, next).await?
            }
            Stage::News => connection.driver.listen(&self.what, next).await?,
        };
        self.ended = answer.is_none();
        Ok(answer)
    }

    fn take(&mut self, answer: ResultEntry) -> Result<(), DirectoryError> {
        let taken = search::read(answer)
            .and_then(|(item, state)| self.gathered.take(item, state.as_deref()));
        taken.map_err(|found| DirectoryError::Malformed {
            what: self.what.clone(),
            found,
        })
    }

    /// The server has ended what should not end.
    async fn end(&mut self) -> Result<Told, DirectoryError> {
        let ending = Ending::of(self.answers.finish().await);
        match (ending.code, self.gathered.stage) {
            (REFRESH_REQUIRED, _) => Ok(Told::Stale("the server asks for a full read")),
            (UNWILLING, Stage::Arrears) => Ok(Told::Stale("the server refuses the cookie")),
            (0, _) => Err(DirectoryError::Lost {
                what: self.what.clone(),
                source: None,
            }),
            _ => Err(ending.incomplete(&self.what)),
        }
    }
}

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It tells what changed before it began.
    Arrears,
    /// It tells what changes.
    News,
}

/// What was told and not handed over yet.
#[derive(Debug)]
struct Gathered {
    stage: Stage,
    /// By stable id: what was told last counts.
    seen: BTreeMap<String, Seen>,
    /// Where the stream began.
    begin: ChangeNumbers,
    /// Where it stands.
    numbers: ChangeNumbers,
    elsewhere: bool,
    doubt: Option<&'static str>,
    /// There is something to hand over.
    complete: bool,
}

impl Gathered {
    fn new(begin: ChangeNumbers) -> Self {
        Self {
            stage: Stage::Arrears,
            seen: BTreeMap::new(),
            numbers: begin.clone(),
            begin,
            elsewhere: false,
            doubt: None,
            complete: false,
        }
    }

    fn has_room(&self) -> bool {
        self.seen.len() < NEWS_MAX
    }

    fn hand_over(&mut self, mark: Mark) -> News {
        self.complete = false;
        News {
            seen: std::mem::take(&mut self.seen).into_values().collect(),
            mark,
            elsewhere: std::mem::take(&mut self.elsewhere),
            doubt: self.doubt.take(),
        }
    }

    fn take(&mut self, item: Item, state: Option<&[u8]>) -> Result<(), &'static str> {
        // In a stream that has caught up every message is news.
        self.complete |= self.stage == Stage::News;
        match item {
            Item::Entry(entry) => {
                let state = state.ok_or("an entry without its Sync State control")?;
                let state = content_sync::state(state)?;
                let id = state.stable_id;
                match state.entry {
                    EntryState::Add | EntryState::Modify => self.changed(id, entry),
                    EntryState::Delete => self.delete(id),
                    EntryState::Present => self.suspect(self.no_deletions()),
                }
                self.advance(state.cookie.as_deref())
            }
            Item::Intermediate(Some(name), Some(value)) if name == SYNC_INFO.as_bytes() => {
                self.inform(content_sync::info(&value)?)
            }
            Item::Intermediate(..) => {
                self.suspect("the server sends a message that belongs to no stream");
                Ok(())
            }
            Item::Referral => Ok(()),
        }
    }

    fn inform(&mut self, info: Info) -> Result<(), &'static str> {
        match info {
            Info::Cookie(cookie) => {
                self.elsewhere = true;
                self.advance(Some(&cookie))
            }
            Info::Deleted { cookie, ids } => {
                ids.into_iter().for_each(|id| self.delete(id));
                self.advance(cookie.as_deref())
            }
            Info::Present => {
                self.suspect(self.no_deletions());
                Ok(())
            }
            Info::Phase {
                cookie,
                deletes_named,
                last,
            } => {
                if self.stage == Stage::News {
                    self.suspect("the server begins anew in the middle of a stream");
                    return Ok(());
                }
                if !deletes_named {
                    self.suspect(self.no_deletions());
                }
                self.advance(cookie.as_deref())?;
                if last {
                    self.stage = Stage::News;
                    self.complete = true;
                }
                Ok(())
            }
        }
    }

    fn no_deletions(&self) -> &'static str {
        match self.stage {
            Stage::Arrears => "the server cannot name deletions any more",
            Stage::News => "the server lists who is present in the middle of a stream",
        }
    }

    fn changed(&mut self, stable_id: String, entry: Entry) {
        // slapd answers a cookie that it does not understand with everything, as if all of it had just been added:
        // deletions before that would never be heard of.
        match (self.stage, self.begin.is_newer(&entry)) {
            (_, Some(true)) => self.see(stable_id, Seen::Entry(entry)),
            (Stage::Arrears, Some(false)) => self.suspect(UNCHANGED),
            // A change that took longer than others to be told.
            (Stage::News, Some(false)) => {}
            (_, None) => self.suspect(NO_NUMBERS),
        }
    }

    fn delete(&mut self, stable_id: String) {
        let deleted = Seen::Deleted {
            stable_id: stable_id.clone(),
        };
        self.see(stable_id, deleted);
    }

    fn see(&mut self, stable_id: String, seen: Seen) {
        if self.seen.len() < ARREARS_MAX {
            self.seen.insert(stable_id, seen);
        } else {
            self.suspect("more has changed than a stream begins with");
        }
    }

    fn suspect(&mut self, why: &'static str) {
        self.doubt.get_or_insert(why);
    }

    fn advance(&mut self, cookie: Option<&[u8]>) -> Result<(), &'static str> {
        let Some(cookie) = cookie else { return Ok(()) };
        let to = ChangeNumbers::of(cookie).ok_or("a cookie that cannot be read")?;
        self.numbers.advance(&to);
        Ok(())
    }
}

impl News {
    /// What of it is news to somebody who knows the directory as it stood at `known`. Entries that were told before
    /// that must not take the place of what was read since.
    #[must_use]
    pub fn since(mut self, known: &Mark) -> Self {
        let (Some(mut numbers), Some(told)) = (
            ChangeNumbers::of(&known.cookie),
            ChangeNumbers::of(&self.mark.cookie),
        ) else {
            self.doubt.get_or_insert("the kept cookie is damaged");
            self.seen.clear();
            return self;
        };
        let doubt = &mut self.doubt;
        self.seen.retain(|seen| match seen {
            // Whether it is still gone is looked up.
            Seen::Deleted { .. } => true,
            Seen::Entry(entry) => numbers.is_newer(entry).unwrap_or_else(|| {
                doubt.get_or_insert(NO_NUMBERS);
                false
            }),
        });
        numbers.advance(&told);
        self.mark.cookie = numbers.cookie();
        self
    }

    /// Both, the later ones after these.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.seen.extend(later.seen);
        Self {
            seen: self.seen,
            mark: later.mark,
            elsewhere: self.elsewhere || later.elsewhere,
            doubt: self.doubt.or(later.doubt),
        }
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
