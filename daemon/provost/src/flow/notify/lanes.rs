//! The notifier's lanes: several notices are on their way at a time, so many of each kind. What a notice tells decides
//! its route, so that a channel that takes its time holds up only the kinds that go by it.

use provost_core::id::NoticeId;
use provost_core::notice::NoticeKind;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use tokio::task::JoinSet;

use super::attempt;
use crate::daemon::{Daemon, blocking};
use crate::flow::FlowError;
use crate::store::Outgoing;

/// Notices of one kind on their way at a time: several for each connection to the relay, so that the others are rendered
/// or recorded meanwhile, and many are recorded by one commit.
const WIDTH: usize = 32;

/// Notices of one kind that are read from the outbox at once.
const BATCH: usize = 64;

/// Notices that wait for their turn, or are on their way.
///
/// What is here is leased: nobody else takes it up. The lease ends with the attempt, which has a time-out, and it lies
/// in memory, because no two daemons work on one register: a crash ends all leases at once.
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    leased: BTreeSet<NoticeId>,
    flying: JoinSet<(NoticeKind, NoticeId, Result<(), FlowError>)>,
}

struct Lane {
    kind: NoticeKind,
    flying: usize,
    queue: VecDeque<Outgoing>,
    /// The outbox may have more of it.
    more: bool,
}

impl Lanes {
    pub(super) fn new() -> Self {
        let lane = |(kind, _)| Lane {
            kind,
            flying: 0,
            queue: VecDeque::new(),
            more: true,
        };
        Self {
            lanes: NoticeKind::WORDS.into_iter().map(lane).collect(),
            leased: BTreeSet::new(),
            flying: JoinSet::new(),
        }
    }

    /// Something may have become due since.
    pub(super) fn look_again(&mut self) {
        for lane in &mut self.lanes {
            lane.more = true;
        }
    }

    /// Reads what is due where a lane has room, and sets it on its way.
    pub(super) async fn fill(&mut self, daemon: &Arc<Daemon>) -> Result<(), FlowError> {
        let dry = |lane: &&Lane| lane.more && lane.queue.is_empty() && lane.flying < WIDTH;
        let dry: Vec<NoticeKind> = self
            .lanes
            .iter()
            .filter(dry)
            .map(|lane| lane.kind)
            .collect();
        if !dry.is_empty() {
            let (mine, rows) = (Arc::clone(daemon), BATCH + self.leased.len());
            let due = blocking(move || {
                let (register, now) = (mine.store.read()?, mine.ports.clock.now());
                let of = |kind| Ok((kind, register.outbox_due_of(kind, now, rows)?));
                dry.into_iter()
                    .map(of)
                    .collect::<Result<Vec<_>, FlowError>>()
            });
            for (kind, due) in due.await? {
                self.queue(kind, due, rows);
            }
        }
        for lane in &mut self.lanes {
            while lane.flying < WIDTH
                && let Some(queued) = lane.queue.pop_front()
            {
                let (kind, id) = (lane.kind, queued.notice.id.clone());
                let daemon = Arc::clone(daemon);
                lane.flying += 1;
                self.flying
                    .spawn(async move { (kind, id, attempt(&daemon, queued).await) });
            }
        }
        Ok(())
    }

    fn queue(&mut self, kind: NoticeKind, due: Vec<Outgoing>, asked: usize) {
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.kind == kind) {
            lane.more = due.len() >= asked;
            let leased = &mut self.leased;
            let free = due
                .into_iter()
                .filter(|queued| leased.insert(queued.notice.id.clone()));
            lane.queue.extend(free);
        }
    }

    /// Waits for the next notice to arrive, or to come back; `None` if none is on its way.
    pub(super) async fn landed(&mut self) -> Option<Result<(), FlowError>> {
        let (kind, id, result) = match self.flying.join_next().await? {
            Ok(landed) => landed,
            Err(error) => return Some(Err(error.into())),
        };
        self.leased.remove(&id);
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.kind == kind) {
            lane.flying -= 1;
        }
        Some(result)
    }
}
