//! Signs of life: who among the parts of the daemon still answers.
//!
//! A part that waits answers every ping. One that works cannot; it is taken to hang when it has worked for
//! [`PATIENCE`] and nothing that it stands on has moved either.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

/// How long is waited for signs of life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long a part may work without one.
    pub(crate) patience: Duration,
    /// How long a part that waits may take to answer.
    pub(crate) answer: Duration,
}

/// How long a part may work without a sign of life: many times what the longest single step of a sync of a million
/// people takes, the end of its commit.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long a part that waits may take to answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// What a part does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Waits,
    Works,
}

/// The last sign of life of a part.
#[derive(Debug, Clone, Copy)]
struct Sign {
    at: Instant,
    doing: Doing,
}

/// A number that grows while a part comes forward.
type Progress = Box<dyn Fn() -> u64 + Send + Sync>;

/// One part of the daemon. It is looked after until it drops this.
pub(crate) struct Pulse {
    name: String,
    ping: Notify,
    sign: watch::Sender<Sign>,
    progress: Progress,
    seen: Mutex<u64>,
}

impl Pulse {
    fn show(&self, doing: Doing) {
        let at = Instant::now();
        self.sign.send_replace(Sign { at, doing });
    }

    /// Waits for something, answering pings; whatever the part does afterwards is work.
    pub(crate) async fn waiting<T>(&self, wait: impl Future<Output = T>) -> T {
        tokio::pin!(wait);
        self.show(Doing::Waits);
        let done = loop {
            tokio::select! {
                done = &mut wait => break done,
                () = self.ping.notified() => self.show(Doing::Waits),
            }
        };
        self.show(Doing::Works);
        done
    }

    /// The next ping; answering it is work.
    pub(crate) async fn pinged(&self) {
        self.ping.notified().await;
        self.show(Doing::Works);
    }

    /// The work that a ping asked for is done.
    pub(crate) fn answer(&self) {
        self.show(Doing::Waits);
    }

    /// Waits for the answer to a ping as long as one may be expected.
    async fn answered(&self, asked: Instant, until: Instant) {
        let mut sign = self.sign.subscribe();
        let answered = sign.wait_for(|sign| sign.at >= asked || sign.doing == Doing::Works);
        // Who has not answered by then is told from their sign.
        let _ = timeout_at(until, answered).await;
    }

    fn is_silent(&self, asked: Instant, patience: Duration) -> bool {
        let now = Instant::now();
        let progress = (self.progress)();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen != progress {
            *seen = progress;
            // Only the moment is new: it may have begun to wait meanwhile.
            self.sign.send_if_modified(|sign| {
                let works = sign.doing == Doing::Works;
                if works {
                    sign.at = Instant::now();
                }
                works
            });
        }
        let sign = *self.sign.borrow();
        match sign.doing {
            Doing::Waits => sign.at < asked,
            Doing::Works => now.saturating_duration_since(sign.at) > patience,
        }
    }
}

/// All parts that are there.
#[derive(Default)]
pub struct Pulses(Mutex<Vec<Weak<Pulse>>>);

impl Pulses {
    /// Takes a part in; what it does first is work. `progress` moves while it, or what it stands on, comes forward.
    pub(crate) fn part(
        &self,
        name: impl Into<String>,
        progress: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Arc<Pulse> {
        let sign = Sign {
            at: Instant::now(),
            doing: Doing::Works,
        };
        let pulse = Arc::new(Pulse {
            name: name.into(),
            ping: Notify::new(),
            sign: watch::Sender::new(sign),
            seen: Mutex::new(progress()),
            progress: Box::new(progress),
        });
        self.parts().push(Arc::downgrade(&pulse));
        pulse
    }

    fn parts(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Pulse>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pings every part, and names those that hang, in the order in which they came.
    pub(crate) async fn silent(&self, Limits { patience, answer }: Limits) -> Vec<String> {
        let there: Vec<_> = {
            let mut parts = self.parts();
            parts.retain(|part| part.strong_count() > 0);
            parts.iter().filter_map(Weak::upgrade).collect()
        };
        let asked = Instant::now();
        for part in &there {
            part.ping.notify_one();
        }
        for part in &there {
            part.answered(asked, asked + answer).await;
        }
        let silent = there.iter().filter(|part| part.is_silent(asked, patience));
        silent.map(|part| part.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Whoever works without a sign of life is out of patience at once; answers are waited for.
    async fn silent(pulses: &Pulses) -> Vec<String> {
        pulses
            .silent(Limits {
                patience: Duration::ZERO,
                answer: ANSWER,
            })
            .await
    }

    #[tokio::test]
    async fn who_waits_answers_however_often_it_is_asked() {
        let pulses = Pulses::default();
        let pulse = pulses.part("the timer", || 0);
        let waits = tokio::spawn(async move { pulse.waiting(pending::<()>()).await });
        tokio::task::yield_now().await;
        for _ in 0..3 {
            assert_eq!(silent(&pulses).await, Vec::<String>::new());
        }
        // What has ended is nobody's hang: whoever keeps the tasks tells of it.
        waits.abort();
        let _ = waits.await;
        assert_eq!(silent(&pulses).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn who_says_that_it_waits_and_does_not_answer_is_named() {
        let pulses = Pulses::default();
        let pulse = pulses.part("the timer", || 0);
        pulse.answer();
        let _works = pulses.part("the other", || 0);
        let limits = Limits {
            patience: PATIENCE,
            answer: Duration::from_millis(1),
        };
        assert_eq!(pulses.silent(limits).await, ["the timer"]);
    }

    #[tokio::test]
    async fn who_works_is_named_when_nothing_has_moved_for_too_long() {
        let pulses = Pulses::default();
        let rows = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&rows);
        let pulse = pulses.part("the writer", move || counted.load(Ordering::Relaxed));
        for _ in 0..3 {
            rows.fetch_add(1, Ordering::Relaxed);
            assert_eq!(silent(&pulses).await, Vec::<String>::new());
        }
        assert_eq!(silent(&pulses).await, ["the writer"]);
        // It was only slow.
        let waits = tokio::spawn(async move { pulse.waiting(pending::<()>()).await });
        tokio::task::yield_now().await;
        assert_eq!(silent(&pulses).await, Vec::<String>::new());
        waits.abort();
    }
}
