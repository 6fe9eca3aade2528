//! The ordered feed of changes: what the journal holds, for programs that follow the register.

use provost_core::id::DistrictId;

use super::FlowError;
use crate::store::{Entry, Snapshot};

/// A piece of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Changes that the reader may see, in order.
    pub changes: Vec<Entry>,
    /// The number after which the next piece begins. It passes over changes that the reader may not see.
    pub next: u64,
    /// There is more already.
    pub more: bool,
}

/// Changes after number `after`, out of the next `rows`; of `districts` only, if the reader is bound to some.
///
/// # Errors
/// If the store cannot be read.
pub fn after(
    register: &Snapshot<'_>,
    after: u64,
    rows: usize,
    districts: Option<&[DistrictId]>,
) -> Result<Piece, FlowError> {
    let entries = register.journal(after, rows)?;
    let (next, more) = (
        entries.last().map_or(after, |last| last.seq),
        entries.len() == rows,
    );
    let mut changes = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Some(districts) = districts
            && !district_of(register, &entry)?.is_some_and(|district| districts.contains(&district))
        {
            continue;
        }
        changes.push(entry);
    }
    Ok(Piece {
        changes,
        next,
        more,
    })
}

/// The district that a change is about; `None` for what belongs to all, and for people who are not known any more.
fn district_of(register: &Snapshot<'_>, entry: &Entry) -> Result<Option<DistrictId>, FlowError> {
    if let Some(district) = entry.change.as_ref().and_then(|change| change.district()) {
        return Ok(Some(district.clone()));
    }
    let person = match &entry.person {
        Some(id) => register.person(id)?,
        None => None,
    };
    Ok(person.map(|person| person.district))
}
