//! A stream's news on their way into the staging tables: the same way as a read of changes takes.

use provost_core::directory::{IdAttribute, Mapping};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::changes::{STRANGERS, departures, known, namesakes};
use super::lists::{self, Lists};
use super::live::Again;
use super::read::{Explained, Remarks, mapped};
use super::stage::stage_few;
use super::state::{Cookie, ListVersion};
use super::{Run, SyncError, blocking};
use crate::ldap::{Mark, News, Reading, Seen};
use crate::store::StagedAbsence;

/// News as they are staged.
pub(super) struct Gathered {
    pub(super) remarks: Remarks,
    /// What else has to be read, if the news are not all that there is to know.
    pub(super) again: Option<Again>,
    /// There is something to compare.
    pub(super) staged: bool,
    /// Somebody is no staff any more, and neither the entry nor looking it up shows why. Many of them may be an access rule, so they are
    /// counted together, by the next round, and never one by one.
    pub(super) owes: bool,
    /// The lists of the mapped groups, if they changed.
    pub(super) lists: Option<Vec<ListVersion>>,
}

/// How a source stands while news are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Everything that was read is applied.
    Level,
    /// A plan waits for an operator.
    Waiting,
}

/// Stages news and looks up whatever they leave open. Whatever cannot be told from them must be read besides.
pub(super) async fn gather(
    run: &Run,
    reading: &mut dyn Reading,
    cookie: &Cookie,
    standing: Standing,
    news: News,
) -> Result<Gathered, SyncError> {
    let mapping = Arc::new(run.source.attributes.mapping(reading.server().id.clone()));
    let mut doubt = news.doubt;
    let (deleted, mut entries) = apart(news.seen);
    let mut lists = None;
    match lists_now(run, reading, cookie, standing, news.elsewhere).await? {
        Lists::Same => {}
        Lists::Changed {
            versions,
            concerned,
        } => {
            lists = Some(versions);
            join(&mut entries, concerned, &mapping.id);
        }
        Lists::Unclear => drop(doubt.get_or_insert("a mapped group has changed")),
    }
    let (departed, strangers) = known(run, deleted).await?;
    let look = news.elsewhere && standing == Standing::Level;
    if containers(run, reading, strangers, look.then_some(&cookie.mark)).await? {
        doubt.get_or_insert("something that holds entries has changed");
    }
    let staged = !entries.is_empty() || !departed.is_empty();
    let mut remarks = Remarks::default();
    if staged {
        remarks = staging(run, &mapping, entries).await?;
        if !namesakes(run, reading, &mapping, &mut remarks).await? {
            doubt.get_or_insert("many usernames are new");
        }
    }
    let looked_up = departures(run, reading, departed, &mut remarks).await?;
    let (departed, unshown): (Vec<_>, Vec<_>) = looked_up
        .absences
        .into_iter()
        .partition(|absence| absence.reported);
    let owes = !unshown.is_empty() || looked_up.explained == Explained::NotAll;
    if staged {
        given(run, departed).await?;
    }
    Ok(Gathered {
        remarks,
        again: doubt.map(Again::Everything),
        staged,
        owes,
        lists,
    })
}

/// How the mapped groups' lists are beside those that are staged.
async fn lists_now(
    run: &Run,
    reading: &mut dyn Reading,
    cookie: &Cookie,
    standing: Standing,
    elsewhere: bool,
) -> Result<Lists, SyncError> {
    match (lists::staged(run).await?, standing) {
        (None, _) => Ok(Lists::Unclear),
        // Those of a plan that waits are not those that were applied, and stay as they are until it is.
        (Some(_), Standing::Waiting) => Ok(Lists::Same),
        (Some(staged), Standing::Level) if staged != cookie.lists => Ok(Lists::Unclear),
        (Some(staged), Standing::Level) if elsewhere => lists::follow(run, reading, staged).await,
        (Some(_), Standing::Level) => Ok(Lists::Same),
    }
}

/// Adds entries that were read to those that were told, which are the same where both know somebody.
fn join(told: &mut Vec<Seen>, read: Vec<Seen>, id: &IdAttribute) {
    let id_of = |seen: &Seen| match seen {
        Seen::Entry(entry) => id.of(entry),
        Seen::Deleted { .. } => None,
    };
    let mut known: BTreeSet<_> = told.iter().filter_map(id_of).collect();
    told.extend(
        read.into_iter()
            .filter(|seen| id_of(seen).is_none_or(|id| known.insert(id))),
    );
}

/// Something that holds entries has changed: one of these, or any since the mark.
async fn containers(
    run: &Run,
    reading: &mut dyn Reading,
    strangers: Vec<String>,
    since: Option<&Mark>,
) -> Result<bool, SyncError> {
    let failed = |error| SyncError::directory(&run.source.id)(error);
    if strangers.len() > STRANGERS || reading.has_container(&strangers).await.map_err(failed)? {
        return Ok(true);
    }
    match since {
        None => Ok(false),
        Some(mark) => reading.containers_changed(mark).await.map_err(failed),
    }
}

fn apart(seen: Vec<Seen>) -> (Vec<String>, Vec<Seen>) {
    let (mut deleted, mut entries) = (Vec::new(), Vec::new());
    for seen in seen {
        match seen {
            Seen::Deleted { stable_id } => deleted.push(stable_id),
            entry @ Seen::Entry(_) => entries.push(entry),
        }
    }
    (deleted, entries)
}

async fn staging(
    run: &Run,
    mapping: &Arc<Mapping>,
    entries: Vec<Seen>,
) -> Result<Remarks, SyncError> {
    let (run, mapping) = (run.clone(), Arc::clone(mapping));
    blocking(move || {
        run.store.unstage_entries(&run.source.id)?;
        stage_few(&run, &mapping, entries)
    })
    .await
}

async fn given(run: &Run, departed: Vec<StagedAbsence>) -> Result<(), SyncError> {
    let run = run.clone();
    blocking(move || {
        let source = &run.source;
        run.store.stage_absences(&source.id, departed)?;
        Ok(run.store.give(&source.id, mapped(source))?)
    })
    .await
}
