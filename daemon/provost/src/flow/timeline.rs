//! A person's life as a contact, told from the journal.

use provost_core::change::Change;
use provost_core::id::PersonId;
use provost_core::time::Zone;
use provost_core::timeline;
use serde::Serialize;
use utoipa::ToSchema;

use super::FlowError;
use crate::store::{Entry, Snapshot};

/// Entries read at once.
const ROWS: usize = 1000;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Happening {
    /// When, in the district's time zone.
    #[schema(format = DateTime)]
    pub at: String,
    /// What, as a word: `designated`, `notice`, `delivered`, `stage`, `held`, `deactivated`, …
    pub event: String,
    /// The rest, in words.
    pub text: String,
    /// Who caused it.
    pub by: String,
    /// The journal's entry.
    pub seq: u64,
}

/// Everything in the journal about a person as a contact, oldest first; what was erased is left out.
///
/// # Errors
/// If the store cannot be read.
pub fn entries(register: &Snapshot<'_>, person: &PersonId) -> Result<Vec<Entry>, FlowError> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = register.journal_life(person, after, ROWS)?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        after = last.seq;
        all.extend(page);
    }
}

/// The latest `most` lines of a person's life, oldest first. Of many activities in a row only the last is a line.
///
/// # Errors
/// If the store cannot be read.
pub fn of(
    register: &Snapshot<'_>,
    person: &PersonId,
    zone: &Zone,
    most: usize,
) -> Result<Vec<Happening>, FlowError> {
    let (mut lines, mut seen, mut kind) = (Vec::<Happening>::new(), 0_usize, "activity");
    for entry in entries(register, person)? {
        if let Some(Change::Activity { activity }) = &entry.change {
            kind = activity.kind.word();
        }
        let events = entry
            .change
            .as_ref()
            .map(|change| timeline::events(change, zone));
        for event in events.into_iter().flatten() {
            let mut text = event.text;
            if event.what == "activity" {
                text = format!("{kind} {text}");
                seen += 1;
                if lines.last().is_some_and(|line| line.event == "activity") {
                    text = format!("{text}, the last of {seen}");
                    lines.pop();
                }
            } else {
                seen = 0;
            }
            lines.push(Happening {
                at: zone.rfc3339(entry.at),
                event: event.what.to_owned(),
                text,
                by: entry.actor.to_string(),
                seq: entry.seq,
            });
        }
    }
    let spare = lines.len().saturating_sub(most);
    Ok(lines.split_off(spare))
}
