//! Lists of members that changed while a source is followed: they are read again, and who is concerned is compared.

use provost_core::id::SourceId;
use std::collections::BTreeSet;

use super::read::{list, stage_lists};
use super::state::{self, ListVersion, keep_lists};
use super::{Run, SyncError, blocking};
use crate::ldap::{Members, Reading, Seen};
use crate::store::StagedList;

/// How the lists of the mapped groups are.
pub(super) enum Lists {
    /// As they are staged.
    Same,
    /// They changed and are staged again.
    Changed {
        /// In which versions.
        versions: Vec<ListVersion>,
        /// Entries of those who came in or left.
        concerned: Vec<Seen>,
    },
    /// Only a read of everything can tell what follows.
    Unclear,
}

/// Members who come in or leave and are looked up one by one; more of them, and everything is read.
const CONCERNED: usize = 200;

/// Reads the lists again that are not as they were staged.
pub(super) async fn follow(
    run: &Run,
    reading: &mut dyn Reading,
    staged: Vec<ListVersion>,
) -> Result<Lists, SyncError> {
    let failed = |error| SyncError::directory(&run.source.id)(error);
    let (mut versions, mut concerned) = (staged.clone(), Vec::new());
    for known in &mut versions {
        let now = reading.group_version(&known.group).await.map_err(failed)?;
        if now.as_ref() == Some(&known.version) {
            continue;
        }
        let members = reading.members(&known.group).await.map_err(failed)?;
        let read = match &members {
            Members::Group { version, .. } | Members::NoList { version } => version.clone(),
            Members::Absent => None,
        };
        let (Some(version), Some(found)) = (
            read,
            reread(run, reading, &staged, &known.group, members).await?,
        ) else {
            keep(run, None).await?;
            return Ok(Lists::Unclear);
        };
        known.version = version;
        concerned.extend(found);
    }
    if versions == staged {
        return Ok(Lists::Same);
    }
    keep(run, Some(versions.clone())).await?;
    Ok(Lists::Changed {
        versions,
        concerned,
    })
}

/// Stages a list again. The entries of those who came in or left; `None` if groups are among them, or too many.
async fn reread(
    run: &Run,
    reading: &mut dyn Reading,
    known: &[ListVersion],
    group: &str,
    members: Members,
) -> Result<Option<Vec<Seen>>, SyncError> {
    let failed = |error| SyncError::directory(&run.source.id)(error);
    let mut grants = run.source.grants.iter();
    let mapped = grants.any(|grant| grant.name.key() == group);
    let new = list(group.to_owned(), u32::from(!mapped), members);
    let before = before(run, group).await?;
    let differing = |old: &[String], new: &[String]| -> Vec<String> {
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
        old.symmetric_difference(&new)
            .map(|name| (*name).clone())
            .collect()
    };
    let names = differing(&before.names, &new.names);
    let usernames = differing(&before.usernames, &new.usernames);
    if names.len() + usernames.len() > CONCERNED {
        return Ok(None);
    }
    let mut concerned = Vec::new();
    for name in names {
        if known.iter().any(|list| list.group == name) {
            return Ok(None);
        }
        match reading.staff(&name).await.map_err(failed)? {
            Some(entry) => concerned.push(Seen::Entry(entry)),
            // No staff: a group perhaps, or whoever is gone, of whom the stream tells.
            None => match reading.members(&name).await.map_err(failed)? {
                Members::Group { .. } => return Ok(None),
                Members::NoList { .. } | Members::Absent => {}
            },
        }
    }
    for username in usernames {
        let found = reading.namesakes(&username).await.map_err(failed)?;
        concerned.extend(found.into_iter().map(Seen::Entry));
    }
    stage_lists(run, vec![new]).await?;
    Ok(Some(concerned))
}

/// The list as it was staged.
async fn before(run: &Run, group: &str) -> Result<StagedList, SyncError> {
    let (run, group) = (run.clone(), group.to_owned());
    blocking(move || Ok(run.store.read()?.list(&run.source.id, &group)?)).await
}

/// The lists that are staged, in their versions; `None` if that is not known.
pub(super) async fn staged(run: &Run) -> Result<Option<Vec<ListVersion>>, SyncError> {
    let run = run.clone();
    blocking(move || state::lists(&run.store, &run.source.id)).await
}

async fn keep(run: &Run, versions: Option<Vec<ListVersion>>) -> Result<(), SyncError> {
    let (store, source): (_, SourceId) = (run.store.clone(), run.source.id.clone());
    blocking(move || keep_lists(&store, &source, versions.as_deref())).await
}
