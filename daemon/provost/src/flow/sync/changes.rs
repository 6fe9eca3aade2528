//! A read of what changed since the last one: only what the server names is believed, and only if it names everything.

use provost_core::directory::{Absence, Mapping, Reach, Remark};
use provost_core::person::Person;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::read::{Explained, Read, Remarks, UNEXPLAINED, mapped};
use super::stage::{BATCHES, Staging, stage, stage_few};
use super::state::{self, Cookie};
use super::{Extent, Run, SyncError, blocking};
use crate::ldap::{Changes, Reading, Seen, Stood};
use crate::store::StagedAbsence;

/// What a read of changes came to.
pub(super) enum Round {
    /// All that changed is staged.
    Read(Box<Read>),
    /// Only a read of everything can tell. Says why.
    Everything(&'static str),
}

/// Usernames that are looked up one by one; more of them, and everything is read.
const NEW_NAMES: usize = 200;

/// Changed entries that nobody is behind and that are looked at; more of them, and everything is read.
pub(super) const STRANGERS: usize = 20_000;

/// Entries and deletions as they came.
struct Came {
    remarks: Remarks,
    deleted: Vec<String>,
    entries: u64,
}

/// Reads what changed since the cookie.
pub(super) async fn read(
    run: &Run,
    reading: &mut dyn Reading,
    cookie: Cookie,
    progress: &Arc<AtomicU64>,
) -> Result<Round, SyncError> {
    let failed = |error| SyncError::directory(&run.source.id)(error);
    let server = reading.server().clone();
    let mapping = Arc::new(run.source.attributes.mapping(server.id.clone()));
    let (out, batches) = channel(BATCHES);
    let staging = stage_if_any(run, Arc::clone(&mapping), batches, progress);
    let (changes, came) = tokio::join!(reading.changes(&cookie.mark, out), staging);
    let mut came = came?;
    let mark = match changes.map_err(failed)? {
        Changes::Since(mark) => mark,
        Changes::Unusable(why) => return Ok(Round::Everything(why)),
    };
    if !same_lists(run, reading, &cookie).await? {
        return Ok(Round::Everything("a mapped group has changed"));
    }
    let (departed, strangers) = known(run, std::mem::take(&mut came.deleted)).await?;
    if strangers.len() > STRANGERS || reading.has_container(&strangers).await.map_err(failed)? {
        return Ok(Round::Everything(
            "something that holds entries has changed",
        ));
    }
    let read = |extent, remarks| {
        Round::Read(Box::new(Read {
            source: run.source.id.clone(),
            server: server.address.clone(),
            remarks,
            extent,
            because: None,
            stood: Stood::from(&mark),
            reach: Reach::Level,
            cookie: Some(Cookie { mark, ..cookie }),
        }))
    };
    if came.entries == 0 && departed.is_empty() {
        return Ok(read(Extent::Nothing, came.remarks));
    }
    if !namesakes(run, reading, &mapping, &mut came.remarks).await? {
        return Ok(Round::Everything("many usernames are new"));
    }
    let departures = departures(run, reading, departed, &mut came.remarks).await?;
    if departures.explained == Explained::NotAll {
        return Ok(Round::Everything(UNEXPLAINED));
    }
    let absences = departures.absences;
    let given = run.clone();
    blocking(move || {
        let (store, source) = (&given.store, &given.source);
        store.stage_absences(&source.id, absences)?;
        Ok(store.stage_gains(&source.id, mapped(source))?)
    })
    .await?;
    Ok(read(Extent::Changes, came.remarks))
}

/// Stages what comes. Where nothing does, nothing is written.
async fn stage_if_any(
    run: &Run,
    mapping: Arc<Mapping>,
    mut batches: Receiver<Vec<Seen>>,
    progress: &Arc<AtomicU64>,
) -> Result<Came, SyncError> {
    let Some(first) = batches.recv().await else {
        return Ok(Came {
            remarks: Remarks::default(),
            deleted: Vec::new(),
            entries: 0,
        });
    };
    let cleared = run.clone();
    let mirror = blocking(move || {
        cleared.store.unstage_entries(&cleared.source.id)?;
        Ok(cleared.store.mirror(&cleared.source.id)?)
    })
    .await?;
    let before = progress.load(Ordering::Relaxed);
    let (into, from) = channel(BATCHES);
    let staging = stage(run, mapping, mirror, from, progress);
    let ((), staged) = tokio::join!(hand_on(first, batches, into), staging);
    let Staging {
        remarks, deleted, ..
    } = staged?;
    let read = progress.load(Ordering::Relaxed) - before;
    let entries = read.saturating_sub(deleted.len() as u64);
    Ok(Came {
        remarks,
        deleted,
        entries,
    })
}

/// Hands batches on until there are no more, or nobody takes them.
async fn hand_on(first: Vec<Seen>, mut batches: Receiver<Vec<Seen>>, into: Sender<Vec<Seen>>) {
    let mut next = Some(first);
    while let Some(batch) = next {
        if into.send(batch).await.is_err() {
            return;
        }
        next = batches.recv().await;
    }
}

/// The staged lists of members are those that were applied, and the directory's are still the same.
async fn same_lists(
    run: &Run,
    reading: &mut dyn Reading,
    cookie: &Cookie,
) -> Result<bool, SyncError> {
    let asked = run.clone();
    let staged = blocking(move || state::lists(&asked.store, &asked.source.id)).await?;
    if staged.as_ref() != Some(&cookie.lists) {
        return Ok(false);
    }
    for list in &cookie.lists {
        let now = reading
            .group_version(&list.group)
            .await
            .map_err(SyncError::directory(&run.source.id))?;
        if now.as_ref() != Some(&list.version) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reported ids: people of the register who have not departed yet and were not read as well, and ids of nobody.
pub(super) async fn known(
    run: &Run,
    deleted: Vec<String>,
) -> Result<(Vec<(String, Person)>, Vec<String>), SyncError> {
    if deleted.is_empty() {
        return Ok((Vec::new(), deleted));
    }
    let run = run.clone();
    blocking(move || {
        let snapshot = run.store.read()?;
        let (mut people, mut strangers) = (Vec::new(), Vec::new());
        for stable_id in deleted {
            match snapshot.person_of_entry(&run.source.id, &stable_id)? {
                Some(person) if has_departed(&person) => {}
                Some(person) => people.push((stable_id, person)),
                None => strangers.push(stable_id),
            }
        }
        Ok((people, strangers))
    })
    .await
}

fn has_departed(person: &Person) -> bool {
    let link = person.directory.as_ref();
    link.is_some_and(|link| link.status.departed())
}

/// Stages all entries that have a username which is new to the register: two of them are rivals, and a read of changes
/// may name only one. Says whether they were few enough for that.
pub(super) async fn namesakes(
    run: &Run,
    reading: &mut dyn Reading,
    mapping: &Arc<Mapping>,
    remarks: &mut Remarks,
) -> Result<bool, SyncError> {
    let asked = run.clone();
    let names = blocking(move || {
        Ok(asked
            .store
            .read()?
            .unfamiliar(&asked.source.id, NEW_NAMES + 1)?)
    })
    .await?;
    if names.len() > NEW_NAMES {
        return Ok(false);
    }
    for name in names {
        let found = reading
            .namesakes(&name)
            .await
            .map_err(SyncError::directory(&run.source.id))?;
        let (run, mapping) = (run.clone(), Arc::clone(mapping));
        let batch = found.into_iter().map(Seen::Entry).collect();
        remarks.extend(blocking(move || stage_few(&run, &mapping, batch)).await?);
    }
    Ok(true)
}

/// What looking up those who are reported as gone came to.
pub(super) struct Departures {
    pub(super) absences: Vec<StagedAbsence>,
    pub(super) explained: Explained,
}

/// Looks up by itself everyone whose entry the server reports as gone. What only an access rule may have hidden is no
/// evidence; what the look-up cannot explain the server would not name again, so that only a read of everything can tell.
pub(super) async fn departures(
    run: &Run,
    reading: &mut dyn Reading,
    departed: Vec<(String, Person)>,
    remarks: &mut Remarks,
) -> Result<Departures, SyncError> {
    let (mut absences, mut explained) = (Vec::new(), Explained::All);
    for (stable_id, person) in departed {
        let dn = person.directory.map(|link| link.dn).unwrap_or_default();
        let found = reading
            .look_up(&stable_id, &dn)
            .await
            .map_err(SyncError::directory(&run.source.id))?;
        match found.absence {
            Absence::Unknown => explained = Explained::NotAll,
            Absence::Hidden => remarks.add(Remark {
                about: person.id.to_string(),
                text: "reported as gone, and looking it up says hidden: nothing follows".to_owned(),
            }),
            verdict => absences.push(StagedAbsence {
                stable_id,
                reported: found.shown,
                verdict,
            }),
        }
    }
    Ok(Departures {
        absences,
        explained,
    })
}
