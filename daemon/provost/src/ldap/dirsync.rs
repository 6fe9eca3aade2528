//! Mode `dirsync`: what changed in a naming context, as domain controllers tell it. Source: MS-ADTS 3.1.1.3.4.1.3.
//!
//! The control answers with the attributes that changed and with those alone: removed ones without values, lists by the
//! members that came and went, deleted entries under another name and without their category. Nothing of that is put
//! together here. Only the ids are taken from it; each of them is then read as it is now.

use ldap3::Scope;
use provost_core::directory::{Entry, IdAttribute};
use std::collections::BTreeSet;
use tokio::sync::mpsc::Sender;

use super::by_id::Told;
use super::dirsync_control::{Sight, answer};
use super::error::DirectoryError;
use super::mode::Mode;
use super::reading::LdapReading;
use super::refresh::TOO_MUCH;
use super::search::{Asked, Ending, Query};
use super::{Changes, Mark, Seen, schema};

/// Matches no entry: its answers are cookies alone, however many entries the context has.
const NOBODY: &str = r"(objectGUID=\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00)";
const TOMBSTONES: &str = "(isDeleted=TRUE)";
const EVERYBODY: &str = "(objectClass=*)";

/// Answers of one round. Each is a piece of the server's own choice, so this is more than any domain needs.
const ANSWERS_MAX: u32 = 100_000;

/// "Insufficient access rights" (RFC 4511 appendix A.2).
const NO_RIGHT: u32 = 50;
/// Limits and a busy server (3, 4, 11, 51, 52): the next try may do better.
const NOT_NOW: [u32; 5] = [3, 4, 11, 51, 52];

const NOT_PERMITTED: &str =
    "the account lacks the right Replicating Directory Changes, which DirSync needs";

/// Samba lets administrators alone see deleted entries, whatever rights an account has. A domain in which nothing was ever
/// deleted looks the same, and is read whole until then.
const NO_TOMBSTONES: &str =
    "no deleted entry is shown to this account by DirSync, so that deletions would be missed";

/// Where a round ended, or why it cannot be gone on with.
type Round = Result<Vec<u8>, &'static str>;

impl LdapReading {
    /// Where the server stands now, or why nobody can go on from there.
    pub(super) async fn dirsync_mark(
        &mut self,
        schema: String,
    ) -> Result<Result<Mark, &'static str>, DirectoryError> {
        let Some(instance) = self.instance().await? else {
            return Ok(Err("the server does not show its invocationId"));
        };
        let clock = self.server_clock().await?;
        let mut tombstones = Told::default();
        let deleted = self.dirsync(TOMBSTONES, &[], &mut tombstones).await?;
        if deleted.is_ok() && tombstones.deleted.is_empty() {
            return Ok(Err(NO_TOMBSTONES));
        }
        let round = self.dirsync(NOBODY, &[], &mut Told::default()).await?;
        Ok(round.map(|cookie| Mark {
            server: self.server.address.clone(),
            instance: Some(instance),
            clock,
            cookie,
            schema,
        }))
    }

    /// What changed since the mark, if the server's answer can be believed to be that.
    pub(super) async fn dirsync_changes(
        &mut self,
        since: &Mark,
        out: &Sender<Vec<Seen>>,
    ) -> Result<Changes, DirectoryError> {
        // Behind one address there may be several controllers, and one may have been restored from a backup.
        let schema = match self.goes_on_from(since).await? {
            Ok(schema) => schema,
            Err(why) => return Ok(Changes::Unusable(why)),
        };
        let instance = self.instance().await?;
        if instance.is_none() || instance != since.instance {
            return Ok(Changes::Unusable(
                "another database answers (its invocationId differs)",
            ));
        }
        let clock = self.server_clock().await?;
        let mut told = Told::default();
        let cookie = match self.dirsync(EVERYBODY, &since.cookie, &mut told).await? {
            Ok(cookie) => cookie,
            Err(why) => return Ok(Changes::Unusable(why)),
        };
        if told.is_too_much() {
            return Ok(Changes::Unusable(TOO_MUCH));
        }
        self.as_told(told, out).await?;
        self.expired_since(since.clock, clock, out).await?;
        Ok(Changes::Since(Mark {
            cookie,
            schema,
            clock,
            ..since.clone()
        }))
    }

    /// One round from a cookie to the server's end. An account without the right sees with its own eyes, if the
    /// configuration insists on this mode.
    async fn dirsync(
        &mut self,
        filter: &str,
        from: &[u8],
        told: &mut Told,
    ) -> Result<Round, DirectoryError> {
        match self.dirsync_round(filter, from, Sight::All, told).await? {
            Err(why) if why == NOT_PERMITTED && self.source.mode == Mode::DirSync => {
                self.dirsync_round(filter, from, Sight::Own, told).await
            }
            round => Ok(round),
        }
    }

    async fn dirsync_round(
        &mut self,
        filter: &str,
        from: &[u8],
        sight: Sight,
        told: &mut Told,
    ) -> Result<Round, DirectoryError> {
        let context = self.context();
        let query = Query {
            what: "read what changed by DirSync",
            base: &context,
            scope: Scope::Subtree,
            filter,
            attributes: self.watched(),
        };
        let id = self.server.id.clone();
        let mut cookie = from.to_vec();
        for _ in 0..ANSWERS_MAX {
            let asked = Asked::DirSync(sight, &cookie);
            let mut search = self.connection.search(&query, asked).await?;
            while let Some(entry) = search.next().await? {
                told.take_entry(&entry, &id)
                    .map_err(|found| search.malformed(found))?;
            }
            let ending = search.finish().await?;
            if let Some(why) = refusal(&ending) {
                return match NOT_NOW.contains(&ending.code) {
                    true => Err(ending.incomplete(query.what)),
                    false => Ok(Err(why)),
                };
            }
            let malformed = |found| DirectoryError::Malformed {
                what: query.what.to_owned(),
                found,
            };
            let value = ending
                .dirsync
                .ok_or("an answer without its DirSync control");
            let answer = value.and_then(|value| answer(&value)).map_err(malformed)?;
            match (answer.more, answer.cookie == cookie) {
                (false, _) => return Ok(Ok(answer.cookie)),
                (true, true) => return Err(malformed("the same DirSync cookie for ever")),
                (true, false) => cookie = answer.cookie,
            }
        }
        Ok(Err("the server's answers have no end"))
    }

    /// Attributes whose changes are told. The list works as a filter: what is not named here changes in silence. Renames
    /// and moves change `name`, deletions `isDeleted`.
    fn watched(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = self.mapped().map(str::to_lowercase).collect();
        names.extend(schema::names(&self.source.filter).attributes);
        let own = ["name", "isdeleted", "useraccountcontrol", "accountexpires"];
        names.extend(own.map(str::to_owned));
        names.into_iter().collect()
    }

    /// The identity of the database behind the server: another one counts its changes differently.
    async fn instance(&mut self) -> Result<Option<String>, DirectoryError> {
        const INVOCATION: &str = "invocationId";
        let Some(settings) = self.server.root.settings.clone() else {
            return Ok(None);
        };
        let what = "read the server's invocationId";
        let id = self.first_value(what, &settings, INVOCATION).await?;
        Ok(id.map(|id| provost_core::hex(&id)))
    }
}

/// Why an answer is none; `None` for one that is.
fn refusal(ending: &Ending) -> Option<&'static str> {
    match ending.code {
        0 => None,
        NO_RIGHT => Some(NOT_PERMITTED),
        _ => Some("the server refuses the cookie"),
    }
}

impl Told {
    fn take_entry(&mut self, entry: &Entry, id: &IdAttribute) -> Result<(), &'static str> {
        let stable_id = id.of(entry).ok_or("a change without the id of its entry")?;
        // A deleted entry that the account may not read has a new name, or none, and no other attribute.
        let deleted = entry.text("isDeleted") == Some("TRUE")
            || entry.dn.is_empty()
            || entry.dn.contains("\\0ADEL:");
        // An entry can change and then be deleted within one round, and be restored as well: the last word counts.
        if deleted {
            self.changed.remove(&stable_id);
            self.delete(stable_id);
        } else {
            self.deleted.remove(&stable_id);
            self.change(stable_id);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "dirsync_tests.rs"]
mod tests;
