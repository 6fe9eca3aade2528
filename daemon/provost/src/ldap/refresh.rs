//! Mode `refresh`: everything once with a cookie, then what changed since. Source: RFC 4533, refreshOnly.
//!
//! The rules are those of OpenLDAP's slapd. It names deletions one by one as long as its session log reaches back to the
//! cookie; otherwise it lists what is present and means the rest to be gone. That list is never believed here: whatever
//! is not a plain list of changes is followed by a full read, which explains each absence by itself.

use ldap3::Scope;
use provost_core::directory::Entry;
use tokio::sync::mpsc::Sender;

use super::change_number::ChangeNumbers;
use super::content_sync::{self, EntryState, Info, SYNC_INFO, Until};
use super::error::DirectoryError;
use super::message::Item;
use super::pages::{BATCH, Batches, hand_over};
use super::reading::LdapReading;
use super::search::{Asked, Ending, Query};
use super::{Changes, Content, Mark, Seen};

/// "The cookie cannot be used" (RFC 4533 §2.6).
pub(super) const REFRESH_REQUIRED: u32 = 4096;
/// slapd's answer to a cookie that is newer than its data: it was restored from a backup.
pub(super) const UNWILLING: u32 = 53;
/// Limits (3, 4, 11) that a paged read may stay below, and a control that this part of the tree does not know (12).
const READ_BY_PAGES: [u32; 4] = [3, 4, 11, 12];

impl LdapReading {
    /// Everything, with a cookie for the next time. `None`: this server cannot in one go, pages may do.
    pub(super) async fn read_content(
        &mut self,
        schema: String,
        out: &Sender<Vec<Seen>>,
    ) -> Result<Option<Content>, DirectoryError> {
        let base = self.source.base.clone();
        let filter = self.source.filter.clone();
        let what = format!("read {base}");
        let query = Query {
            what: &what,
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: self.mapping().attributes(),
        };
        let mut search = self
            .connection
            .search(&query, Asked::Changes(Until::Now, None))
            .await?;
        let mut batches = Batches::new(out, &what);
        while let Some(entry) = search.next().await? {
            batches.add(entry).await?;
        }
        let entries = batches.end().await?;
        let ending = search.finish().await?;
        if READ_BY_PAGES.contains(&ending.code) {
            return Ok(None);
        }
        let Some(done) = done(&what, ending)? else {
            return Ok(None);
        };
        if entries == 0 {
            return Err(DirectoryError::EmptySuccess { base });
        }
        let server = self.server.address.clone();
        let mark = done.cookie.map(|cookie| Mark {
            server,
            instance: None,
            clock: None,
            cookie,
            schema,
        });
        let mark = mark.ok_or("the server gives no cookie for all of it");
        Ok(Some(Content { entries, mark }))
    }

    /// What changed since the mark, if the server's answer can be believed to be that.
    pub(super) async fn read_changes(
        &mut self,
        since: &Mark,
        out: &Sender<Vec<Seen>>,
    ) -> Result<Changes, DirectoryError> {
        let known = match self.slapd_goes_on_from(since).await? {
            Ok(known) => known,
            Err(why) => return Ok(Changes::Unusable(why)),
        };
        let base = self.source.base.clone();
        let filter = self.source.filter.clone();
        let what = format!("read the changes of {base}");
        let query = Query {
            what: &what,
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: self.numbered_attributes(),
        };
        let mut search = self
            .connection
            .search(&query, Asked::Changes(Until::Now, Some(&since.cookie)))
            .await?;
        let mut round = Round::new(known);
        while let Some((item, state)) = search.next_item().await? {
            round
                .take(item, state.as_deref())
                .map_err(|found| search.malformed(found))?;
            if round.batch.len() >= BATCH {
                hand_over(std::mem::take(&mut round.batch), &what, out).await?;
            }
        }
        let ending = search.finish().await?;
        match ending.code {
            REFRESH_REQUIRED => return Ok(Changes::Unusable("the server asks for a full read")),
            UNWILLING => return Ok(Changes::Unusable("the server refuses the cookie")),
            _ => {}
        }
        let done = done(&what, ending)?.ok_or_else(|| DirectoryError::Malformed {
            what: what.clone(),
            found: "no Sync Done control at the end of a refresh",
        })?;
        if !round.batch.is_empty() && round.suspicion.is_none() {
            hand_over(std::mem::take(&mut round.batch), &what, out).await?;
        }
        Ok(round.end(done, since.clone()))
    }
}

/// The Sync Done control of a search that succeeded; `None` if it carries none.
pub(super) fn done(
    what: &str,
    ending: Ending,
) -> Result<Option<content_sync::Done>, DirectoryError> {
    if ending.code != 0 {
        return Err(ending.incomplete(what));
    }
    let read = |value: Vec<u8>| {
        content_sync::done(&value).map_err(|found| DirectoryError::Malformed {
            what: what.to_owned(),
            found,
        })
    };
    ending.sync.map(read).transpose()
}

/// One refresh with a cookie, as it comes in.
struct Round {
    known: ChangeNumbers,
    batch: Vec<Seen>,
    seen: u64,
    /// Why this is not a plain list of changes. What comes after that is only drained.
    suspicion: Option<&'static str>,
}

impl Round {
    fn new(known: ChangeNumbers) -> Self {
        Self {
            known,
            batch: Vec::new(),
            seen: 0,
            suspicion: None,
        }
    }

    fn take(&mut self, item: Item, state: Option<&[u8]>) -> Result<(), &'static str> {
        match item {
            Item::Entry(entry) => {
                let state =
                    content_sync::state(state.ok_or("an entry without its Sync State control")?)?;
                match state.entry {
                    EntryState::Add | EntryState::Modify => self.changed(entry),
                    EntryState::Delete => self.push(Seen::Deleted {
                        stable_id: state.stable_id,
                    }),
                    EntryState::Present => self.suspect(NO_DELETIONS),
                }
            }
            Item::Intermediate(Some(name), Some(value)) if name == SYNC_INFO.as_bytes() => {
                match content_sync::info(&value)? {
                    // The result carries what counts.
                    Info::Cookie(_) | Info::Phase { .. } => {}
                    Info::Present => self.suspect(NO_DELETIONS),
                    Info::Deleted { ids, .. } => {
                        for stable_id in ids {
                            self.push(Seen::Deleted { stable_id });
                        }
                    }
                }
            }
            Item::Intermediate(..) | Item::Referral => {}
        }
        Ok(())
    }

    fn changed(&mut self, entry: Entry) {
        // slapd answers a cookie that it does not understand with everything, as if all of it had just been added, and
        // with a new cookie: deletions before that would never be heard of.
        match self.known.is_newer(&entry) {
            Some(true) => self.push(Seen::Entry(entry)),
            Some(false) => self.suspect(UNCHANGED),
            None => self.suspect(NO_NUMBERS),
        }
    }

    fn push(&mut self, seen: Seen) {
        self.seen += 1;
        if self.seen > CHANGES_MAX {
            self.suspect(TOO_MUCH);
        }
        if self.suspicion.is_none() {
            self.batch.push(seen);
        }
    }

    fn suspect(&mut self, why: &'static str) {
        self.suspicion.get_or_insert(why);
        self.batch.clear();
    }

    fn end(mut self, done: content_sync::Done, mark: Mark) -> Changes {
        if !done.deletes_named {
            self.suspect(NO_DELETIONS);
        }
        match (self.suspicion, done.cookie) {
            (Some(why), _) => Changes::Unusable(why),
            (None, Some(cookie)) => Changes::Since(Mark { cookie, ..mark }),
            // Nothing changed, so nothing moved on.
            (None, None) if self.seen == 0 => Changes::Since(mark),
            (None, None) => Changes::Unusable("the server sends changes and no cookie"),
        }
    }
}

/// Entries and deletions of one round, which bounds its memory; beyond it, reading everything is cheaper anyway.
pub(super) const CHANGES_MAX: u64 = 200_000;

pub(super) const TOO_MUCH: &str = "more has changed than is read one by one";
pub(super) const STARTED_ANEW: &str =
    "the server was started anew and may have forgotten deletions";
pub(super) const UNCHANGED: &str = "the server sends entries that have not changed";
pub(super) const NO_NUMBERS: &str = "entries do not show when they changed (entryCSN)";
const NO_DELETIONS: &str = "the server cannot name deletions any more";

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
