//! One search, entry by entry.

use ldap3::controls::RawControl;
use ldap3::{LdapResult, ResultEntry, Scope, SearchStream};

use super::connect::{Connection, printable};
use super::content_sync::{self, SYNC_DONE, SYNC_REQUEST, SYNC_STATE, Until};
use super::dirsync_control::{self, DIRSYNC, Sight};
use super::error::{DirectoryError, meaning};
use super::message::{self, Item, PAGED_RESULTS};
use provost_core::directory::Entry;

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Query<'q> {
    /// In words, for messages.
    pub(super) what: &'q str,
    /// Where.
    pub(super) base: &'q str,
    /// How deep.
    pub(super) scope: Scope,
    /// Which entries. Source: RFC 4515.
    pub(super) filter: &'q str,
    /// Which attributes.
    pub(super) attributes: Vec<String>,
}

/// A search that is under way. The library's adapters drop messages, so the bare stream is used.
pub(super) struct Search<'c> {
    connection: &'c mut Connection,
    stream: Answers,
    what: String,
    ended: bool,
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    /// LDAP result code.
    pub(super) code: u32,
    /// What the server says about it.
    pub(super) text: String,
    /// Value of the paged-results control, if one came.
    pub(super) page: Option<Vec<u8>>,
    /// Value of the Sync Done control, if one came.
    pub(super) sync: Option<Vec<u8>>,
    /// Value of the DirSync control, if one came.
    pub(super) dirsync: Option<Vec<u8>>,
}

/// The attribute list that asks for no attribute. Source: RFC 4511 §4.5.1.8.
pub(super) const NO_ATTRIBUTES: &str = "1.1";

/// "There is no such entry" (RFC 4511 appendix A.2).
pub(super) const NO_SUCH_OBJECT: u32 = 32;

/// How much of the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// All of it.
    All,
    /// So many entries from where the cookie stands.
    Page(u32, &'a [u8]),
    /// What changed since the cookie, or everything with a cookie for the next time.
    Changes(Until, Option<&'a [u8]>),
    /// What changed in a naming context since the cookie, by DirSync; everything for an empty one.
    DirSync(Sight, &'a [u8]),
}

impl Asked<'_> {
    fn control(self) -> Option<RawControl> {
        let (name, value) = match self {
            Self::All => return None,
            Self::Page(size, cookie) => (PAGED_RESULTS, message::page_request(size, cookie)),
            Self::Changes(until, cookie) => (SYNC_REQUEST, content_sync::request(until, cookie)),
            Self::DirSync(sight, cookie) => (DIRSYNC, dirsync_control::request(sight, cookie)),
        };
        Some(RawControl {
            ctype: name.to_owned(),
            // A server that cannot do it must say so rather than stop somewhere.
            crit: true,
            val: Some(value),
        })
    }
}

/// The answer to a search, as the library hands it over.
pub(super) type Answers = SearchStream<'static, String, Vec<String>>;

impl Connection {
    /// Sends a search, whose answers somebody else takes.
    pub(super) async fn ask(
        &mut self,
        query: &Query<'_>,
        asked: Asked<'_>,
    ) -> Result<Answers, DirectoryError> {
        if let Some(control) = asked.control() {
            self.ldap.with_controls(vec![control]);
        }
        let attributes = query.attributes.clone();
        let sent = self
            .ldap
            .streaming_search(query.base, query.scope, query.filter, attributes);
        self.driver.attend(query.what, self.limit, sent).await
    }

    /// Sends a search.
    pub(super) async fn search(
        &mut self,
        query: &Query<'_>,
        asked: Asked<'_>,
    ) -> Result<Search<'_>, DirectoryError> {
        let stream = self.ask(query, asked).await?;
        Ok(Search {
            connection: self,
            stream,
            what: query.what.to_owned(),
            ended: false,
        })
    }

    /// All entries of a small search; an empty list where the base does not exist.
    pub(super) async fn find(&mut self, query: &Query<'_>) -> Result<Vec<Entry>, DirectoryError> {
        /// A search that is expected to be small and is not has been misunderstood.
        const FEW: usize = 16;
        let mut entries = Vec::new();
        let mut search = self.search(query, Asked::All).await?;
        while let Some(entry) = search.next().await? {
            if entries.len() == FEW {
                return Err(DirectoryError::Malformed {
                    what: query.what.to_owned(),
                    found: "more entries than one name or id can have",
                });
            }
            entries.push(entry);
        }
        let ending = search.finish().await?;
        match ending.code {
            0 => Ok(entries),
            NO_SUCH_OBJECT => Ok(Vec::new()),
            _ => Err(ending.incomplete(query.what)),
        }
    }
}

impl<'c> Search<'c> {
    /// The next entry; `None` at the end. Referrals are skipped: a source reads what its own servers hold.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, DirectoryError> {
        while let Some((item, _)) = self.next_item().await? {
            if let Item::Entry(entry) = item {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The next message, whatever it is, with the value of its Sync State control; `None` at the end.
    pub(super) async fn next_item(
        &mut self,
    ) -> Result<Option<(Item, Option<Vec<u8>>)>, DirectoryError> {
        if self.ended {
            return Ok(None);
        }
        let connection = &mut *self.connection;
        let next = self.stream.next();
        let message = connection
            .driver
            .attend(&self.what, connection.limit, next)
            .await?;
        let Some(message) = message else {
            self.ended = true;
            return Ok(None);
        };
        read(message)
            .map(Some)
            .map_err(|found| self.malformed(found))
    }

    /// What the server sent is no LDAP.
    pub(super) fn malformed(&self, found: &'static str) -> DirectoryError {
        DirectoryError::Malformed {
            what: self.what.clone(),
            found,
        }
    }

    /// The server's verdict, after the last entry.
    pub(super) async fn finish(self) -> Result<Ending, DirectoryError> {
        self.release().await.map(|(ending, _)| ending)
    }

    /// The same, and the connection for the next search.
    pub(super) async fn release(self) -> Result<(Ending, &'c mut Connection), DirectoryError> {
        let Self {
            connection,
            mut stream,
            what,
            ..
        } = self;
        let finish = stream.finish();
        let result = connection
            .driver
            .attend(&what, connection.limit, async { Ok(finish.await) })
            .await?;
        Ok((Ending::of(result), connection))
    }
}

/// Reads one answer, with the value of its Sync State control; the error says what stands there instead.
pub(super) fn read(answer: ResultEntry) -> Result<(Item, Option<Vec<u8>>), &'static str> {
    let controls = answer.1.into_iter().map(|control| control.1);
    let state = value_of(controls, SYNC_STATE);
    Ok((message::item(answer.0)?, state))
}

impl Ending {
    pub(super) fn of(result: LdapResult) -> Self {
        let controls = result.ctrls.iter().map(|control| control.1.clone());
        let page = value_of(controls.clone(), PAGED_RESULTS);
        let sync = value_of(controls.clone(), SYNC_DONE);
        let dirsync = value_of(controls, DIRSYNC);
        Self {
            code: result.rc,
            text: printable(&result.text),
            page,
            sync,
            dirsync,
        }
    }

    /// Whatever was read is not everything.
    pub(super) fn incomplete(self, what: &str) -> DirectoryError {
        DirectoryError::Incomplete {
            what: what.to_owned(),
            code: self.code,
            meaning: meaning(self.code),
            text: self.text,
        }
    }
}

/// The value of the control of that name; empty where it has none.
fn value_of(controls: impl Iterator<Item = RawControl>, name: &str) -> Option<Vec<u8>> {
    let mut named = controls.filter(|control| control.ctype == name);
    named.next().map(|control| control.val.unwrap_or_default())
}
