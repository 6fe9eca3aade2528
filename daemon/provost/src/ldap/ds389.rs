//! Mode `refresh` on 389 Directory Server. Source: RFC 4533 and draft-good-ldap-changelog, as that server does them.
//!
//! What it does unlike slapd, and what is done about it:
//!
//! - It never reports an entry that a change takes out of the filter. So it is asked for the changes of everything below
//!   the base, by ids, and each id is then read as it is now.
//! - It ends every poll with refreshDeletes=FALSE, which means nothing here: absence proves nothing, deletions are named.
//! - Its cookie is `HOST:PORT#IDENTITY:BASE:FILTER#NUMBER`. It accepts a number whose successors its changelog has
//!   dropped already, with success and without the deletions among them. So the number is held against the oldest change
//!   that the changelog still has.

use ldap3::Scope;
use tokio::sync::mpsc::Sender;

use super::by_id::Told;
use super::content_sync::{self, EntryState, Info, SYNC_INFO, Until};
use super::ds389_text::{number, own_id};
use super::error::DirectoryError;
use super::message::Item;
use super::profile::FIRST_CHANGE;
use super::reading::{LdapReading, ROOT};
use super::refresh::{REFRESH_REQUIRED, TOO_MUCH, done};
use super::search::{Asked, Query};
use super::since::DAMAGED;
use super::{Changes, Mark, Seen};

/// Everything: see above. The cookie is bound to this text.
const EVERYTHING: &str = "(objectClass=*)";

/// The server has no room for another synchronisation (11, 51, 53). It serves ten that go on for ever, and answers the
/// eleventh with 53; polls do not count there.
const NO_SESSION: [u32; 3] = [11, 51, 53];

impl LdapReading {
    /// Where the server stands now, or why nobody can go on from there. The cookie names base and filter and no scope, so
    /// that a look at the base alone gets one without reading everything.
    pub(super) async fn ds389_mark(
        &mut self,
        schema: String,
    ) -> Result<Result<Mark, &'static str>, DirectoryError> {
        let (code, cookie) = self
            .ds389_poll(Scope::Base, None, &mut Told::default())
            .await?;
        Ok(match (code, cookie) {
            (0, Some(cookie)) if number(&cookie).is_some() => Ok(Mark {
                server: self.server.address.clone(),
                instance: None,
                clock: None,
                cookie,
                schema,
            }),
            (0, _) => Err("the server gives no cookie that can be read"),
            _ => Err("the server has no room for another synchronisation"),
        })
    }

    /// What changed since the mark, if the server's answer can be believed to be that.
    pub(super) async fn ds389_changes(
        &mut self,
        since: &Mark,
        out: &Sender<Vec<Seen>>,
    ) -> Result<Changes, DirectoryError> {
        let schema = match self.goes_on_from(since).await? {
            Ok(schema) => schema,
            Err(why) => return Ok(Changes::Unusable(why)),
        };
        let Some(known) = number(&since.cookie) else {
            return Ok(Changes::Unusable(DAMAGED));
        };
        let mut told = Told::default();
        let (code, cookie) = self
            .ds389_poll(Scope::Subtree, Some(&since.cookie), &mut told)
            .await?;
        match code {
            0 => {}
            REFRESH_REQUIRED => return Ok(Changes::Unusable("the server asks for a full read")),
            _ => {
                return Ok(Changes::Unusable(
                    "the server has no room for another synchronisation",
                ));
            }
        }
        // Asked after the poll: what the changelog still has now it had then.
        if !self.changelog_reaches(known).await? {
            return Ok(Changes::Unusable(
                "the server's changelog no longer reaches back to the last read",
            ));
        }
        if told.is_too_much() {
            return Ok(Changes::Unusable(TOO_MUCH));
        }
        self.as_told(told, out).await?;
        let cookie = cookie.unwrap_or_else(|| since.cookie.clone());
        Ok(match number(&cookie) {
            Some(now) if now >= known => Changes::Since(Mark {
                cookie,
                schema,
                ..since.clone()
            }),
            Some(_) => Changes::Unusable("the server's changelog has begun anew"),
            None => Changes::Unusable("the server gives no cookie that can be read"),
        })
    }

    /// One poll, to its end: its result code and its cookie.
    async fn ds389_poll(
        &mut self,
        scope: Scope,
        from: Option<&[u8]>,
        told: &mut Told,
    ) -> Result<(u32, Option<Vec<u8>>), DirectoryError> {
        let base = self.source.base.clone();
        let query = Query {
            what: "read what changed",
            base: &base,
            scope,
            filter: EVERYTHING,
            attributes: vec![self.server.id.name.clone()],
        };
        let mut search = self
            .connection
            .search(&query, Asked::Changes(Until::Now, from))
            .await?;
        while let Some((item, state)) = search.next_item().await? {
            told.take_item(item, state.as_deref())
                .map_err(|found| search.malformed(found))?;
        }
        let ending = search.finish().await?;
        let code = ending.code;
        if code == REFRESH_REQUIRED || NO_SESSION.contains(&code) {
            return Ok((code, None));
        }
        Ok((code, done(query.what, ending)?.and_then(|done| done.cookie)))
    }

    /// The server's changelog still has every change after this one.
    async fn changelog_reaches(&mut self, known: u64) -> Result<bool, DirectoryError> {
        let what = "read how far the changelog reaches back";
        let first = self.first_value(what, ROOT, FIRST_CHANGE).await?;
        let first = first.and_then(|first| String::from_utf8(first).ok()?.parse::<u64>().ok());
        Ok(first.is_some_and(|first| first <= known.saturating_add(1)))
    }
}

impl Told {
    fn take_item(&mut self, item: Item, state: Option<&[u8]>) -> Result<(), &'static str> {
        match item {
            Item::Entry(_) => {
                let state =
                    content_sync::state(state.ok_or("an entry without its Sync State control")?)?;
                self.tell(own_id(&state.stable_id), state.entry == EntryState::Delete);
            }
            Item::Intermediate(Some(name), Some(value)) if name == SYNC_INFO.as_bytes() => {
                if let Info::Deleted { ids, .. } = content_sync::info(&value)? {
                    ids.iter().for_each(|id| self.tell(own_id(id), true));
                }
            }
            // What is present says nothing about what is absent.
            Item::Intermediate(..) | Item::Referral => {}
        }
        Ok(())
    }

    fn tell(&mut self, id: String, deleted: bool) {
        match deleted {
            // Told as changed too, it may be there again; reading it as it is tells which.
            true => self.delete(id),
            false => self.change(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::directory::Entry;
    use std::collections::BTreeSet;

    #[test]
    fn changes_and_deletions_are_taken_by_id_and_presence_says_nothing() {
        let entry = || {
            Item::Entry(Entry {
                dn: "uid=a".to_owned(),
                attributes: Vec::new(),
            })
        };
        let state = |kind: u8, first: u8| {
            let mut value = vec![0x30, 0x15, 0x0a, 0x01, kind, 0x04, 0x10, first];
            value.extend([0; 15]);
            value
        };
        let set = |deleted: u8, first: u8| {
            let mut value = vec![
                0xa3, 0x17, 0x01, 0x01, deleted, 0x31, 0x12, 0x04, 0x10, first,
            ];
            value.extend([0; 15]);
            Item::Intermediate(Some(SYNC_INFO.as_bytes().to_vec()), Some(value))
        };
        let mut told = Told::default();
        told.take_item(entry(), Some(&state(1, 1))).unwrap();
        told.take_item(entry(), Some(&state(3, 2))).unwrap();
        told.take_item(set(0xff, 3), None).unwrap();
        told.take_item(set(0, 4), None).unwrap();
        assert!(told.take_item(entry(), None).is_err());
        let ids = |firsts: &[&str]| -> BTreeSet<String> {
            let rest = "000000-00000000-00000000-00000000";
            firsts
                .iter()
                .map(|first| format!("{first}{rest}"))
                .collect()
        };
        assert_eq!(told.changed, ids(&["01"]));
        assert_eq!(told.deleted, ids(&["02", "03"]));
    }
}
