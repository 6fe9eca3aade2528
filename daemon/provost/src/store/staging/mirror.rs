//! What is known of a source's entries while it is read: which are as they were, and which have not come yet.

use provost_core::id::SourceId;
use rusqlite::Row;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

use super::super::Store;
use super::super::error::{Attempt, StoreError};
use super::super::row::values;
use super::place::forget_entry;
use super::{STAGE, Staged};

/// The content of an entry as the staging tables have it, and whether this read has seen the entry.
#[derive(Debug, Clone, Copy)]
struct Known {
    content: [u8; 16],
    seen: bool,
}

/// The entries of a source by what identifies them, as the staging tables have them. Ids and contents are kept as
/// digests: some forty bytes an entry, whatever its id looks like.
#[derive(Debug)]
pub struct Mirror {
    entries: HashMap<[u8; 16], Known>,
    unseen: usize,
}

/// What an entry is to the mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// As it was; nothing to stage.
    None,
    /// Not there before.
    New,
    /// There with other content, from an earlier read.
    Changed,
    /// There with other content from this very read: a second entry of that id, or one that changed meanwhile.
    Twice,
}

/// The first half of a SHA-256: nobody finds two ids that share it.
pub(super) fn key(stable_id: &str) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&Sha256::digest(stable_id)[..16]);
    key
}

impl Mirror {
    /// Sees an entry. Whatever is news must be staged afterwards, in the order in which it was seen.
    pub fn see(&mut self, entry: &Staged) -> News {
        let content = entry.content();
        let seen = Known {
            content,
            seen: true,
        };
        let Some(before) = self.entries.insert(key(entry.stable_id()), seen) else {
            return News::New;
        };
        self.unseen -= usize::from(!before.seen);
        match (before.content == content, before.seen) {
            (true, _) => News::None,
            (false, false) => News::Changed,
            (false, true) => News::Twice,
        }
    }

    fn has_seen(&self, stable_id: &str) -> bool {
        let known = self.entries.get(&key(stable_id));
        known.is_some_and(|known| known.seen)
    }
}

impl Store {
    /// The entries of a source as they were read last, none of them seen yet: the beginning of a complete read.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn mirror(&self, source: &SourceId) -> Result<Mirror, StoreError> {
        const SQL: &str = "SELECT stable_id, content FROM staged_id WHERE source = ?1";
        let snapshot = self.read()?;
        let read = || -> rusqlite::Result<HashMap<_, _>> {
            let mut statement = snapshot.connection().prepare_cached(SQL)?;
            let known = |row: &Row<'_>| {
                let content = row.get(1)?;
                let seen = false;
                Ok((key(row.get_ref(0)?.as_str()?), Known { content, seen }))
            };
            statement.query_map([source.as_str()], known)?.collect()
        };
        let entries = read().attempting(STAGE)?;
        let unseen = entries.len();
        Ok(Mirror { entries, unseen })
    }

    /// Forgets the entries that a complete read has not seen.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub fn forget_unseen(&self, source: &SourceId, mirror: Mirror) -> Result<(), StoreError> {
        const IDS: &str = "SELECT stable_id FROM staged_id WHERE source = ?1";
        if mirror.unseen == 0 {
            return Ok(());
        }
        let source = source.clone();
        self.write(move |writing| {
            let connection = writing.connection();
            let ids = values::<String>(connection, STAGE, IDS, [source.as_str()])?;
            for id in ids.iter().filter(|id| !mirror.has_seen(id)) {
                forget_entry(connection, &source, id)?;
            }
            Ok(())
        })
    }
}
