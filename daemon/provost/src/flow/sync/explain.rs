//! Why the sync treats one person as it does: what the directory says now, how that is mapped, what follows.

use jiff::Timestamp;
use provost_core::directory::{Absence, Dn, Entry, Observed, Pair};
use provost_core::id::FeedId;
use provost_core::person::Person;
use std::sync::Arc;

use super::read::mapped;
use super::stage::stage_few;
use super::turn::By;
use super::{Line, Run, SyncError, Syncs, blocking, compare};
use crate::config::source::Source;
use crate::ldap::{Reading, Seen, Wanted};
use crate::store::{Compared, Lookup, StagedAbsence};

/// What was read of one person, how it was mapped, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The server that was asked.
    pub server: String,
    /// The stable id.
    pub stable_id: String,
    /// What the server shows, as it came; `None` if it shows nothing.
    pub entry: Option<Entry>,
    /// The register's person, if it has them.
    pub ours: Option<Person>,
    /// The entry, mapped; `None` if it does not belong to the source.
    pub theirs: Option<Observed>,
    /// Why it does not belong to the source, or cannot be used.
    pub absence: Option<&'static str>,
    /// Changes and remarks that follow.
    pub lines: Vec<Line>,
    /// When the lists of the mapped groups were last read.
    pub lists_read: Option<Timestamp>,
}

/// An entry, and what the register calls it.
struct Subject {
    stable_id: String,
    dn: String,
    entry: Option<Entry>,
}

impl Syncs {
    /// Explains a person of the register, a distinguished name, a stable id or a username of the source as the
    /// directory has it at this moment; `None` if neither side knows it. Changes nothing.
    ///
    /// # Errors
    /// [`SyncError`] if the directory cannot be asked, or the source is being worked on.
    pub async fn explain(
        &self,
        source: &Arc<Source>,
        feed: Option<FeedId>,
        at: Timestamp,
        about: &str,
    ) -> Result<Option<Explanation>, SyncError> {
        let _turn = self.turns.begin(&source.id, By::Run).await?;
        let state = self.status(&source.id).await?;
        let run = self.run(source, feed, at, &state);
        let opened = self.directory.open(source).await;
        let mut reading = opened.map_err(SyncError::directory(&source.id))?;
        let Some(subject) = subject(&run, reading.as_mut(), about).await? else {
            return Ok(None);
        };
        let Some(pair) = pair(&run, reading.as_mut(), &subject).await? else {
            return Ok(None);
        };
        let lists_read = self.status(&source.id).await?.read;
        let server = reading.server().address.clone();
        blocking(move || {
            let (ours, theirs, absence) = sides(&pair);
            let (lines, _) = compare::one(&run, &run.store.read()?, pair)?;
            Ok(Some(Explanation {
                server,
                stable_id: subject.stable_id,
                entry: subject.entry,
                ours,
                theirs,
                absence,
                lines,
                lists_read,
            }))
        })
        .await
    }
}

/// Finds out who is meant, in the register first.
async fn subject(
    run: &Run,
    reading: &mut dyn Reading,
    about: &str,
) -> Result<Option<Subject>, SyncError> {
    let failed = |error| SyncError::directory(&run.source.id)(error);
    if let Some(person) = of_register(run, about).await? {
        let link = person.directory.filter(|link| link.source == run.source.id);
        if let Some(link) = link {
            let wanted = Wanted::StableId(link.stable_id.clone());
            let entry = reading.entry(&wanted).await.map_err(failed)?;
            return Ok(Some(Subject {
                stable_id: link.stable_id,
                dn: link.dn,
                entry,
            }));
        }
    }
    let bare = about.strip_prefix("uuid:").unwrap_or(about);
    let wanted = match Dn::parse(about) {
        Ok(name) if name.depth() > 0 => Wanted::Dn(about.to_owned()),
        _ => Wanted::StableId(bare.to_lowercase()),
    };
    let mut entry = reading.entry(&wanted).await.map_err(failed)?;
    if entry.is_none() && matches!(wanted, Wanted::StableId(_)) {
        let named = reading.namesakes(bare).await.map_err(failed)?;
        entry = named.into_iter().next();
    }
    let Some(entry) = entry else { return Ok(None) };
    Ok(reading.server().id.of(&entry).map(|stable_id| Subject {
        stable_id,
        dn: entry.dn.clone(),
        entry: Some(entry),
    }))
}

/// The one person of the register that is meant; one of this source where several are.
async fn of_register(run: &Run, about: &str) -> Result<Option<Person>, SyncError> {
    let (run, about) = (run.clone(), about.to_owned());
    blocking(move || {
        let snapshot = run.store.read()?;
        let ids = match snapshot.find_person(&about, Some(&run.source.district))? {
            Lookup::One(person) => return Ok(Some(*person)),
            Lookup::None => return Ok(None),
            Lookup::Many(ids) => ids,
        };
        for id in ids {
            let person = snapshot.person(&id)?;
            let ours = |person: &Person| {
                let link = person.directory.as_ref();
                link.is_some_and(|link| link.source == run.source.id)
            };
            if let Some(person) = person.filter(ours) {
                return Ok(Some(person));
            }
        }
        Ok(None)
    })
    .await
}

/// Both sides of the subject, as a run would compare them.
async fn pair(
    run: &Run,
    reading: &mut dyn Reading,
    subject: &Subject,
) -> Result<Option<Pair>, SyncError> {
    let failed = |error| SyncError::directory(&run.source.id)(error);
    let mapping = run.source.attributes.mapping(reading.server().id.clone());
    let dn = subject
        .entry
        .as_ref()
        .map_or(&subject.dn, |entry| &entry.dn);
    let found = reading
        .look_up(&subject.stable_id, dn)
        .await
        .map_err(failed)?;
    let mut entries = Vec::new();
    if let (Absence::Hidden, Some(entry)) = (found.absence, &subject.entry) {
        // It is there and matches: it belongs to the source, as do all who share its username.
        let username = entry.values(&mapping.username).next();
        if let Some(username) = username.and_then(|name| std::str::from_utf8(name).ok()) {
            entries = reading.namesakes(username).await.map_err(failed)?;
        }
        entries.push(entry.clone());
    }
    let (run, stable_id) = (run.clone(), subject.stable_id.clone());
    blocking(move || {
        let source = &run.source.id;
        run.store.unstage_entries(source)?;
        if entries.is_empty() {
            let absence = StagedAbsence {
                stable_id: stable_id.clone(),
                reported: false,
                verdict: found.absence,
            };
            run.store.stage_absences(source, vec![absence])?;
        } else {
            let batch = entries.into_iter().map(Seen::Entry).collect();
            stage_few(&run, &mapping, batch)?;
            run.store.stage_gains(source, mapped(&run.source))?;
        }
        let compared = Compared {
            source,
            district: &run.source.district,
            which: run.which,
        };
        let snapshot = run.store.read()?;
        let pair = snapshot.comparing(compared).pair(&stable_id)?;
        Ok(pair)
    })
    .await
}

fn sides(pair: &Pair) -> (Option<Person>, Option<Observed>, Option<&'static str>) {
    match pair {
        Pair::Both(ours, theirs) => (
            Some(ours.person.clone()),
            Some(theirs.observed.clone()),
            None,
        ),
        Pair::Theirs(theirs) => (None, Some(theirs.observed.clone()), None),
        Pair::Ours(ours, absence) => (Some(ours.person.clone()), None, Some(absence.word())),
        Pair::Deleted(ours) => (Some(ours.person.clone()), None, Some("deleted")),
        Pair::Unusable(ours) => (
            Some(ours.person.clone()),
            None,
            Some("read, but cannot be used"),
        ),
        Pair::Unknown => (None, None, None),
    }
}
