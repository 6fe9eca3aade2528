//! What costs more than one can pay at every step: the journal, the counts, the outbox.

use provost::store::{NoticeState, Verdict as Proof};
use provost_core::contact::ContactState;
use provost_core::notice::{Notice, NoticeKind};

use crate::judge::must;
use crate::model::Broken;
use crate::world::World;

impl World<'_> {
    /// Journal, counts and outbox agree with the contacts.
    pub(crate) fn judge_books(&self) -> Result<(), Broken> {
        let register = self.running.store().read().unwrap();
        let proof = register.verify_journal().unwrap();
        must(matches!(proof, Proof::Sound { .. }), || {
            format!("the journal: {proof:?}")
        })?;
        let counts = register.counts().unwrap();
        let rows = register.contacts(None).unwrap();
        let of =
            |state: ContactState| rows.iter().filter(|(row, _)| row.state == state).count() as u64;
        let there = rows.len() as u64 - of(ContactState::Removed);
        let counted = (counts.contacts, counts.pending, counts.held);
        let found = (there, of(ContactState::Pending), of(ContactState::Held));
        must(counted == found, || {
            format!("counted {counted:?}, found {found:?}")
        })?;
        // What a contact waits for is really on its way.
        for (row, _) in &rows {
            let awaited = row.episode.as_ref().and_then(|episode| episode.awaited);
            let Some(awaited) = awaited.filter(|_| row.is_valid()) else {
                continue;
            };
            let (kind, due) = (NoticeKind::from(awaited.stage), awaited.due);
            let notice = Notice::new(kind, row, row.episodes, due, awaited.since);
            let state = register.notice_state(&notice.id).unwrap();
            must(state == Some(NoticeState::Waiting), || {
                format!("waits for a notice that is {state:?}: {row:?}")
            })?;
        }
        Ok(())
    }
}
