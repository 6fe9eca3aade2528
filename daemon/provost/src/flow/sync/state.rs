//! What is kept of a source between runs.

use jiff::Timestamp;
use provost_core::directory::{Effects, Lately, Reach, Summary};
use provost_core::hex;
use provost_core::id::SourceId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Extent, Outcome, Report, SyncError};
use crate::config::source::Source;
use crate::ldap::{Mark, Stood};
use crate::store::Store;

/// What a read of changes goes on from. It is kept only once the plan of the read that it belongs to is applied, so
/// that whatever was not applied is read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Cookie {
    /// Where the directory stood.
    pub(super) mark: Mark,
    /// What was asked of whom, as a hash: another question cannot go on from here.
    pub(super) question: String,
    /// The lists of members that the grants came from.
    pub(super) lists: Vec<ListVersion>,
}

/// A list of members at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ListVersion {
    /// The group's distinguished name, normalised.
    pub(super) group: String,
    /// Changes whenever the list does.
    pub(super) version: String,
}

/// How much the next run reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Everything: there is nothing to go on from, or it was asked for.
    Everything,
    /// What changed.
    Changes(Cookie),
    /// What changed, and then everything, to see what reads of changes had missed.
    Verification(Cookie),
}

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SourceState {
    /// Which.
    pub source: SourceId,
    /// When it was tried last.
    pub tried: Option<Timestamp>,
    /// When it was last read completely.
    pub read: Option<Timestamp>,
    /// As whom: another identity may see other entries.
    pub identity: Option<String>,
    /// When a plan of it was last applied, an empty one included.
    pub applied: Option<Timestamp>,
    /// Hash of a plan that waits for an operator.
    pub unapplied: Option<String>,
    /// Counts of the last complete read's plan.
    pub summary: Option<Summary>,
    /// What went wrong at the last try, if something did.
    pub error: Option<String>,
    /// When the directory last answered, with everything or with what changed.
    #[serde(default)]
    pub answered: Option<Timestamp>,
    /// How much that was.
    #[serde(default)]
    pub extent: Option<Extent>,
    /// Why everything was read the last time that it was.
    #[serde(default)]
    pub because: Option<String>,
    /// When something last changed in the register because of it.
    #[serde(default)]
    pub changed: Option<Timestamp>,
    /// When everything was last read and what followed was applied.
    #[serde(default)]
    pub verified: Option<Timestamp>,
    /// Changes that reads of changes had missed and verifications found, in all.
    #[serde(default)]
    pub missed: u64,
    /// The same, of the last verification.
    #[serde(default)]
    pub missed_last: u64,
    /// Counts and concerns of the last run, whatever it read.
    #[serde(default)]
    pub latest: Option<Summary>,
    /// What the next read of changes goes on from.
    #[serde(default)]
    cookie: Option<Cookie>,
    /// Where the directory stood at the last read that was applied.
    #[serde(default)]
    stood: Option<Stood>,
    /// What the plans of its stream have done since an operator last approved one.
    #[serde(default)]
    lately: Lately,
}

fn key(source: &SourceId) -> String {
    format!("sync/{source}")
}

/// What is kept; empty for a source that was never tried.
pub(super) fn load(store: &Store, source: &SourceId) -> Result<SourceState, SyncError> {
    let kept = store.read()?.get(&key(source))?;
    Ok(kept.unwrap_or_else(|| SourceState {
        source: source.clone(),
        tried: None,
        read: None,
        identity: None,
        applied: None,
        unapplied: None,
        summary: None,
        error: None,
        answered: None,
        extent: None,
        because: None,
        changed: None,
        verified: None,
        missed: 0,
        missed_last: 0,
        latest: None,
        cookie: None,
        stood: None,
        lately: Lately::default(),
    }))
}

/// Keeps it.
pub(super) fn save(store: &Store, state: &SourceState) -> Result<(), SyncError> {
    Ok(store.put(&key(&state.source), state)?)
}

fn lists_key(source: &SourceId) -> String {
    format!("sync/{source}/lists")
}

/// The lists of members whose contents are staged, each in the version that is; `None` while they are being read, or
/// if their versions are not known.
pub(super) fn lists(
    store: &Store,
    source: &SourceId,
) -> Result<Option<Vec<ListVersion>>, SyncError> {
    let kept: Option<Option<_>> = store.read()?.get(&lists_key(source))?;
    Ok(kept.flatten())
}

/// Keeps which lists are staged.
pub(super) fn keep_lists(
    store: &Store,
    source: &SourceId,
    lists: Option<&[ListVersion]>,
) -> Result<(), SyncError> {
    Ok(store.put(&lists_key(source), &lists)?)
}

/// What is asked of whom. Anything here that changes makes a cookie worthless: it was given for other people.
pub(super) fn question(source: &Source) -> String {
    let groups: Vec<_> = source
        .grants
        .iter()
        .map(|group| (&group.name, &group.gives))
        .collect();
    // The text is compared with itself only, so that its form matters to nobody.
    let asked = format!(
        "{:?}",
        (
            &source.urls,
            source.bind.identity(),
            &source.base,
            &source.filter,
            &source.id_attribute,
            &source.attributes,
            groups,
        )
    );
    hex(&Sha256::digest(asked.as_bytes()))
}

/// What a run came to, beside its report.
pub(super) struct Kept {
    /// What the next read of changes goes on from, if it can.
    pub(super) cookie: Option<Cookie>,
    /// Where the directory stood.
    pub(super) stood: Stood,
    /// It read everything right after a read of changes: what it found had been missed.
    pub(super) verifies: bool,
    /// What its plan, if it was applied, means for the guards of those after it.
    pub(super) lately: Count,
}

/// How the effects of a plan count for the plans after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// With those of the plans before it.
    On,
    /// Not at all: a round is a whole by itself.
    Leave,
    /// An operator has looked: those of the plans before it count no more either.
    Anew,
}

impl SourceState {
    /// How much to read at `at`.
    pub(super) fn next(&self, source: &Source, at: Timestamp, asked: Extent) -> Next {
        let cookie = self.cookie_for(source).filter(|_| asked == Extent::Changes);
        let due = self
            .verified
            .and_then(|verified| verified.checked_add(source.verify_every).ok());
        match cookie {
            Some(cookie) if !self.has_absent() => match due {
                Some(due) if at < due => Next::Changes(cookie.clone()),
                _ => Next::Verification(cookie.clone()),
            },
            _ => Next::Everything,
        }
    }

    /// Entries were absent from the last complete read for the first time: that needs a second opinion.
    fn has_absent(&self) -> bool {
        let summary = self.summary.as_ref();
        summary.is_some_and(|summary| summary.missing > 0)
    }

    /// The same, and nothing waits for an operator.
    pub fn is_unsettled(&self) -> bool {
        self.unapplied.is_none() && self.has_absent()
    }

    /// What a read of changes goes on from, if it asks the same question.
    pub(super) fn cookie_for(&self, source: &Source) -> Option<&Cookie> {
        let cookie = self.cookie.as_ref();
        cookie.filter(|cookie| cookie.question == question(source))
    }

    /// How far a server has come that stands there, beside what was applied last.
    pub(super) fn reach(&self, source: &Source, now: &Stood) -> Reach {
        let cookie = self
            .cookie_for(source)
            .map(|cookie| Stood::from(&cookie.mark));
        let before = cookie.or_else(|| self.stood.clone());
        before.map_or(Reach::Level, |before| now.reach(&before))
    }

    /// What the source's stream has done in the period that ends at `at`.
    pub(super) fn before(&self, source: &Source, at: Timestamp) -> Effects {
        self.lately.sum(at, source.every)
    }

    /// A read of changes can go on from where the last read stood.
    pub fn keeps_cookie(&self) -> bool {
        self.cookie.is_some()
    }

    /// The mode in which changes alone are read next; `None` where everything is.
    pub fn reads_changes_by(&self) -> Option<&'static str> {
        let mark = &self.cookie.as_ref()?.mark;
        // Only domain controllers have several databases behind one address.
        Some(match mark.instance {
            Some(_) => "dirsync",
            None => "refresh",
        })
    }

    /// After a run that came to an end.
    pub(super) fn after(self, report: &Report, kept: Kept, source: &Source, at: Timestamp) -> Self {
        let applied = matches!(report.done, Some(Outcome::Applied { .. }));
        let everything = report.extent == Extent::Everything;
        let now = |so: bool, before: Option<Timestamp>| if so { Some(at) } else { before };
        let lately = match kept.lately {
            Count::On if applied => self.lately.with(report.summary.effects(), at, source.every),
            Count::Anew if applied => Lately::default(),
            Count::On | Count::Leave | Count::Anew => self.lately,
        };
        let missed = match (kept.verifies, applied) {
            (true, true) => report.summary.changes,
            (true, false) => 0,
            (false, _) => self.missed_last,
        };
        Self {
            tried: Some(at),
            read: now(everything, self.read),
            answered: Some(at),
            identity: Some(source.bind.identity()),
            applied: now(applied, self.applied),
            changed: now(applied && report.summary.changes > 0, self.changed),
            verified: now(applied && everything, self.verified),
            unapplied: (!applied).then(|| report.summary.hash.clone()),
            summary: match everything {
                true => Some(report.summary.clone()),
                false => self.summary,
            },
            latest: Some(report.summary.clone()),
            extent: Some(report.extent),
            because: report.because.clone().or(self.because),
            missed: self.missed + if kept.verifies { missed } else { 0 },
            missed_last: missed,
            cookie: if applied { kept.cookie } else { self.cookie },
            stood: if applied {
                Some(kept.stood)
            } else {
                self.stood
            },
            lately,
            error: None,
            ..self
        }
    }

    /// After a stream's news were taken. A plan that waits goes on to wait whatever else is applied meanwhile, and what
    /// it came from is read again. Without a `cookie` the news are not all that there is to know.
    pub(super) fn told(
        self,
        report: Option<&Report>,
        cookie: Option<Cookie>,
        source: &Source,
        at: Timestamp,
    ) -> Self {
        let waits = self.unapplied.is_some();
        let cookie = cookie.filter(|_| !waits).or(self.cookie);
        let Some(report) = report else {
            return Self {
                answered: Some(at),
                cookie,
                ..self
            };
        };
        let applied = matches!(report.done, Some(Outcome::Applied { .. }));
        let now = |so: bool, before: Option<Timestamp>| if so { Some(at) } else { before };
        Self {
            answered: Some(at),
            extent: Some(report.extent),
            applied: now(applied, self.applied),
            changed: now(applied && report.summary.changes > 0, self.changed),
            latest: match waits {
                true => self.latest,
                false => Some(report.summary.clone()),
            },
            lately: match applied {
                true => self.lately.with(report.summary.effects(), at, source.every),
                false => self.lately,
            },
            cookie,
            ..self
        }
    }

    /// After a try that failed.
    pub(super) fn failed(self, error: String, at: Timestamp) -> Self {
        Self {
            tried: Some(at),
            error: Some(error),
            ..self
        }
    }
}
