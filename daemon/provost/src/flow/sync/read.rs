//! Reading: entries into the staging tables, then groups, then what became of those who were not read.

use provost_core::directory::{Absence, Dn, Reach, Remark};
use provost_core::id::SourceId;
use provost_core::limits::{GROUP_DEPTH_MAX, MISSING_CEILING};
use provost_core::role::Granted;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::channel;

use super::changes::{self, Round};
use super::stage::{BATCHES, Staging, stage};
use super::state::{self, Cookie, ListVersion, keep_lists};
use super::{Extent, Run, SyncError, blocking};
use crate::config::source::Source;
use crate::ldap::{Directory, DirectoryError, Groups, Member, Members, Reading, Stood};
use crate::store::{StagedAbsence, StagedList};

/// What a read left beside the staged rows.
pub(super) struct Read {
    pub(super) source: SourceId,
    pub(super) server: String,
    pub(super) remarks: Remarks,
    /// How much was read.
    pub(super) extent: Extent,
    /// Why everything was.
    pub(super) because: Option<String>,
    /// Where the server stood.
    pub(super) stood: Stood,
    /// How far that is.
    pub(super) reach: Reach,
    /// What the next read goes on from once this one is applied.
    pub(super) cookie: Option<Cookie>,
}

/// Remarks: all counted, the first ones kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Remarks {
    first: Vec<Remark>,
    in_all: u64,
}

/// Remarks that are kept; whoever has more has a cause to look for, not entries.
const REMARKS_KEPT: usize = 100;

impl Remarks {
    pub(super) fn add(&mut self, remark: Remark) {
        self.in_all += 1;
        if self.first.len() < REMARKS_KEPT {
            self.first.push(remark);
        }
    }

    pub(super) fn extend(&mut self, others: Self) {
        let unseen = others.in_all - others.first.len() as u64;
        others.first.into_iter().for_each(|remark| self.add(remark));
        self.in_all += unseen;
    }

    pub(super) fn in_all(&self) -> u64 {
        self.in_all
    }

    pub(super) fn first(self) -> Vec<Remark> {
        self.first
    }
}

/// Reads what changed since the cookie, or everything that the source has, or fails.
pub(super) async fn read(
    run: &Run,
    directory: &dyn Directory,
    progress: &Arc<AtomicU64>,
    since: Option<Cookie>,
) -> Result<Read, SyncError> {
    let source = &run.source;
    let opened = directory.open(source).await;
    let mut reading = opened.map_err(SyncError::directory(&source.id))?;
    let because = match since {
        None => None,
        Some(cookie) => match changes::read(run, reading.as_mut(), cookie, progress).await? {
            Round::Read(read) => return Ok(*read),
            Round::Everything(why) => {
                tracing::info!(source = %source.id, why, "reading everything, not changes alone");
                progress.store(0, Ordering::Relaxed);
                Some(why.to_owned())
            }
        },
    };
    everything(run, reading.as_mut(), progress, because).await
}

/// Reads everything, although changes alone are asked for otherwise; says why.
pub(super) async fn from_the_start(
    run: &Run,
    directory: &dyn Directory,
    progress: &Arc<AtomicU64>,
    why: &str,
) -> Result<Read, SyncError> {
    let opened = directory.open(&run.source).await;
    let mut reading = opened.map_err(SyncError::directory(&run.source.id))?;
    everything(run, reading.as_mut(), progress, Some(why.to_owned())).await
}

/// Reads everything that the source has, or fails; `because` says why, where changes alone might have done.
async fn everything(
    run: &Run,
    reading: &mut dyn Reading,
    progress: &Arc<AtomicU64>,
    because: Option<String>,
) -> Result<Read, SyncError> {
    let source = &run.source;
    let server = reading.server().clone();
    let begun = run.clone();
    let mirror = blocking(move || {
        // Lists that are half read belong to no version.
        keep_lists(&begun.store, &begun.source.id, None)?;
        begun.store.unstage_groups(&begun.source.id)?;
        // A read that broke off has left entries to which no way leads yet.
        begun.store.place(&begun.source.id)?;
        Ok(begun.store.mirror(&begun.source.id)?)
    })
    .await?;

    let (out, batches) = channel(BATCHES);
    let mapping = Arc::new(source.attributes.mapping(server.id.clone()));
    let staging = stage(run, mapping, mirror, batches, progress);
    let (content, staged) = tokio::join!(reading.people(out), staging);
    // If staging failed, the reading only knows that nobody listens any more.
    let Staging {
        mirror,
        remarks,
        deleted,
    } = staged?;
    let content = content.map_err(SyncError::directory(&source.id))?;
    let complete = run.clone();
    blocking(move || Ok(complete.store.forget_unseen(&complete.source.id, mirror)?)).await?;

    let lists = groups(run, reading).await?;
    let explained = absences(run, reading, deleted).await?;
    let because = match (server.way.tells_changes(), because) {
        // Whatever was asked for, this server is read as a whole each time.
        (false, _) => Some(server.way.because.clone()),
        (true, Some(why)) => Some(why),
        (true, None) => match (&content.mark, &lists, explained) {
            (Err(why), ..) => Some((*why).to_owned()),
            (_, None, _) => Some("there are more mapped groups than are watched".to_owned()),
            (_, _, Explained::NotAll) => Some(UNEXPLAINED.to_owned()),
            (_, _, Explained::All) => None,
        },
    };
    let stood = match &content.mark {
        Ok(mark) => Stood::from(mark),
        Err(_) => Stood::at(&server),
    };
    let reach = reach(run, stood.clone()).await?;
    // A read of changes would not hear again of who is absent for no known reason.
    let mark = content.mark.ok().filter(|_| explained == Explained::All);
    let cookie = mark.zip(lists).map(|(mark, lists)| Cookie {
        mark,
        question: state::question(source),
        lists,
    });
    Ok(Read {
        source: source.id.clone(),
        server: server.address,
        remarks,
        extent: Extent::Everything,
        because,
        stood,
        reach,
        cookie,
    })
}

/// How far a server has come that stands there.
async fn reach(run: &Run, now: Stood) -> Result<Reach, SyncError> {
    let asked = run.clone();
    blocking(move || {
        let state = state::load(&asked.store, &asked.source.id)?;
        Ok(state.reach(&asked.source, &now))
    })
    .await
}

/// Names that are asked for before the next ones are fetched from the staging tables.
const NAMES: usize = 200;

/// Lists whose versions are kept; a source with more of them is always read as a whole.
const VERSIONS: usize = 1_000;

/// The versions of the lists that were read; `None` as soon as one of them has none.
struct Versions(Option<Vec<ListVersion>>);

impl Versions {
    fn add(&mut self, group: &str, version: Option<String>) {
        let list = version.map(|version| ListVersion {
            group: group.to_owned(),
            version,
        });
        self.0 = self.0.take().zip(list).map(|(mut lists, list)| {
            lists.push(list);
            lists
        });
        self.0.take_if(|lists| lists.len() > VERSIONS);
    }
}

/// The mapped groups of a source, each with what it gives.
pub(super) fn mapped(source: &Source) -> Vec<(Dn, Granted)> {
    let groups = source.grants.iter();
    groups
        .map(|group| (group.name.clone(), group.gives.clone()))
        .collect()
}

/// What is known on the way down through nested groups.
struct Descent {
    versions: Versions,
    /// Where groups are, once somebody has asked; `None` in it if every name has to be asked for by itself.
    groups: Option<Option<Groups>>,
}

impl Descent {
    /// Whether an entry of this name may be a group.
    fn may_have(&self, name: &str) -> bool {
        let known = self.groups.as_ref().and_then(Option::as_ref);
        known.is_none_or(|groups| groups.may_have(name))
    }
}

/// Reads the mapped groups and every group within them, breadth first, and works out who is given what. Says which
/// versions of the lists that were.
async fn groups(
    run: &Run,
    reading: &mut dyn Reading,
) -> Result<Option<Vec<ListVersion>>, SyncError> {
    let source = Arc::clone(&run.source);
    let (mut lists, mut versions) = (Vec::new(), Versions(Some(Vec::new())));
    for group in &source.grants {
        let members = reading
            .members(&group.dn)
            .await
            .map_err(SyncError::directory(&source.id))?;
        let name = group.name.key();
        match &members {
            Members::Group { version, .. } | Members::NoList { version } => {
                versions.add(&name, version.clone());
            }
            Members::Absent => {
                let missing = DirectoryError::NoGroup {
                    group: group.dn.clone(),
                };
                return Err(SyncError::directory(&source.id)(missing));
            }
        }
        lists.push(list(name, 0, members));
    }
    stage_lists(run, lists).await?;
    let mut descent = Descent {
        versions,
        groups: None,
    };
    for depth in 0..=GROUP_DEPTH_MAX {
        let deeper = nested(run, reading, depth, &mut descent).await?;
        if deeper == Nested::None {
            break;
        }
        if depth == GROUP_DEPTH_MAX {
            return Err(SyncError::TooDeep {
                source_id: source.id.clone(),
                levels: GROUP_DEPTH_MAX,
            });
        }
    }
    let run = run.clone();
    blocking(move || {
        let versions = descent.versions.0;
        run.store.stage_gains(&run.source.id, mapped(&source))?;
        keep_lists(&run.store, &run.source.id, versions.as_deref())?;
        Ok(versions)
    })
    .await
}

#[derive(PartialEq, Eq)]
enum Nested {
    None,
    Some,
}

/// Looks at every member of the lists at `depth` that is no staff: it may be a group.
async fn nested(
    run: &Run,
    reading: &mut dyn Reading,
    depth: u32,
    descent: &mut Descent,
) -> Result<Nested, SyncError> {
    let failed = |error| SyncError::directory(&run.source.id)(error);
    let mut found = Nested::None;
    let mut after = String::new();
    loop {
        let (asked, from) = (run.clone(), after.clone());
        let names = blocking(move || {
            let snapshot = asked.store.read()?;
            Ok(snapshot.nested_names(&asked.source.id, depth, &from, NAMES)?)
        })
        .await?;
        let Some(last) = names.last() else { break };
        after.clone_from(last);
        if names.len() == NAMES && descent.groups.is_none() {
            // So many are people of whom we know nothing rather than groups.
            descent.groups = Some(reading.groups().await.map_err(failed)?);
        }
        let mut lists = Vec::new();
        for name in names {
            let members = match descent.may_have(&name) {
                true => reading.members(&name).await.map_err(failed)?,
                false => Members::Absent,
            };
            if let Members::Group { version, .. } = &members {
                descent.versions.add(&name, version.clone());
            }
            let list = list(name, depth + 1, members);
            if list.depth.is_some() {
                found = Nested::Some;
            }
            lists.push(list);
        }
        stage_lists(run, lists).await?;
    }
    Ok(found)
}

pub(super) fn list(name: String, depth: u32, members: Members) -> StagedList {
    let mut list = StagedList {
        name,
        depth: None,
        names: Vec::new(),
        usernames: Vec::new(),
    };
    if let Members::Group { members, .. } = members {
        list.depth = Some(depth);
        for member in members {
            match member {
                Member::Name(name) => list.names.push(name),
                Member::Username(username) => list.usernames.push(username),
            }
        }
    }
    list
}

pub(super) async fn stage_lists(run: &Run, lists: Vec<StagedList>) -> Result<(), SyncError> {
    let run = run.clone();
    blocking(move || Ok(run.store.stage_lists(&run.source.id, lists)?)).await
}

/// Why everything is read where the look-up of an absent person says nothing.
pub(super) const UNEXPLAINED: &str = "whether somebody has left could not be looked up";

/// Whether the look-up of every absent person said why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Explained {
    All,
    NotAll,
}

/// Looks up by itself everyone who was not read, and every deletion that the server reported. More absences than any
/// guard lets through are not looked up: their plan is refused anyway.
async fn absences(
    run: &Run,
    reading: &mut dyn Reading,
    deleted: Vec<String>,
) -> Result<Explained, SyncError> {
    let asked = run.clone();
    let limit = usize::try_from(MISSING_CEILING).unwrap_or(usize::MAX) + deleted.len();
    let (absent, same_identity) = blocking(move || {
        let absent = asked.store.read()?.absent(&asked.source.id, "", limit)?;
        let known = state::load(&asked.store, &asked.source.id)?.identity;
        // Another identity may see other entries: this read and the last one prove nothing together.
        Ok((
            absent,
            known.is_none_or(|known| known == asked.source.bind.identity()),
        ))
    })
    .await?;
    let mut found = Vec::with_capacity(absent.len());
    for (stable_id, person) in absent {
        let reported = deleted.contains(&stable_id);
        let dn = person.directory.map(|link| link.dn).unwrap_or_default();
        let verdict = match same_identity || reported {
            true => {
                reading
                    .look_up(&stable_id, &dn)
                    .await
                    .map_err(SyncError::directory(&run.source.id))?
                    .absence
            }
            false => Absence::Unknown,
        };
        found.push(StagedAbsence {
            stable_id,
            reported,
            verdict,
        });
    }
    let unexplained = |absence: &StagedAbsence| absence.verdict == Absence::Unknown;
    let explained = match found.iter().any(unexplained) {
        true => Explained::NotAll,
        false => Explained::All,
    };
    let run = run.clone();
    blocking(move || Ok(run.store.stage_absences(&run.source.id, found)?)).await?;
    Ok(explained)
}
