//! Who is connected: a bound, and the longest idle, who makes room when it is reached.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long one who was asked to leave is waited for before the next is asked.
const PATIENCE: Duration = Duration::from_millis(100);

/// Everybody who is connected through one door.
#[derive(Debug)]
pub(super) struct Crowd {
    size: usize,
    seats: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

/// Those between requests, the longest idle first.
#[derive(Debug, Default)]
struct Idle {
    turn: u64,
    line: BTreeMap<u64, CancellationToken>,
}

/// A place in the crowd. It is given up when this value is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    turn: Mutex<u64>,
    leave: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

/// As long as this value lives a request is being answered, and nobody asks for the seat.
#[derive(Debug)]
pub(super) struct Busy(Arc<Seat>);

impl Crowd {
    pub(super) fn new(seats: usize) -> Arc<Self> {
        Arc::new(Self {
            size: seats,
            seats: Arc::new(Semaphore::new(seats)),
            idle: Mutex::default(),
        })
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are connected.
    pub(super) fn present(&self) -> usize {
        self.size.saturating_sub(self.seats.available_permits())
    }

    /// A seat. If there is none, the longest idle must leave; while everybody is busy, newcomers wait.
    pub(super) async fn seat(self: &Arc<Self>) -> Option<Arc<Seat>> {
        let permit = match Arc::clone(&self.seats).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.next_free().await?,
        };
        let seat = Seat {
            crowd: Arc::clone(self),
            turn: Mutex::new(0),
            leave: CancellationToken::new(),
            _permit: permit,
        };
        seat.wait();
        Some(Arc::new(seat))
    }

    /// Waits for a seat while the longest idle are asked to leave, one after the other.
    async fn next_free(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            self.make_room();
            let seats = Arc::clone(&self.seats);
            if let Ok(permit) = timeout(PATIENCE, seats.acquire_owned()).await {
                return permit.ok();
            }
        }
    }

    /// Asks the longest idle to leave.
    pub(super) fn make_room(&self) {
        let longest = self.idle().line.pop_first();
        if let Some((_, leave)) = longest {
            leave.cancel();
        }
    }
}

impl Seat {
    /// Told to leave: somebody else needs the seat.
    pub(super) async fn must_leave(&self) {
        self.leave.cancelled().await;
    }

    /// A request has come.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.crowd.idle().line.remove(&self.turn());
        Busy(Arc::clone(self))
    }

    fn turn(&self) -> u64 {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands at the end of the idle line from now on.
    fn wait(&self) {
        let mut idle = self.crowd.idle();
        idle.turn += 1;
        let turn = idle.turn;
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
        idle.line.insert(turn, self.leave.clone());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let turn = self.turn();
        self.crowd.idle().line.remove(&turn);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_crowd_asks_the_longest_idle_to_leave_and_nobody_who_is_busy() {
        let crowd = Crowd::new(2);
        let first = crowd.seat().await.unwrap();
        let second = crowd.seat().await.unwrap();
        let answering = first.busy();
        let newcomer = tokio::spawn({
            let crowd = Arc::clone(&crowd);
            async move { crowd.seat().await }
        });
        second.must_leave().await;
        assert!(!first.leave.is_cancelled());
        drop(second);
        let third = newcomer.await.unwrap().unwrap();
        drop(answering);
        // The third came before the first was idle again.
        crowd.make_room();
        assert!(third.leave.is_cancelled());
        assert!(!first.leave.is_cancelled());
    }
}
