//! Fail points: places where a test lets the daemon die, to prove what a crash there loses. Debug builds only.
//!
//! `PROVOST_FAILPOINT=store.commit.before` kills the process at the first hit of that point,
//! `PROVOST_FAILPOINT=store.commit.before:3` at the third. `http.answer.after>store.commit.before` kills it at the first
//! commit that follows an answer: which commit of a day that is depends on what else was written in one with it. A
//! release build compiles every hit to nothing.

/// From here on every fail point of this process asks `reaction` first, which may end the thread that passes it, as a
/// crash would. For a simulation, in which a daemon dies thousands of times; the first reaction given stays.
pub fn react(reaction: impl Fn(&str) + Send + Sync + 'static) {
    #[cfg(debug_assertions)]
    let _ = armed::REACTION.set(Box::new(reaction));
    #[cfg(not(debug_assertions))]
    let _ = reaction;
}

/// Passes a fail point; dies here by SIGKILL if the environment says so, as a crash would: without clean-up.
pub fn hit(name: &str) {
    #[cfg(debug_assertions)]
    armed::hit(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// Passes the fail point after the row of a change was written, in the middle of a transaction: `store.write.NOUN`.
pub fn written(noun: &'static str) {
    #[cfg(debug_assertions)]
    armed::hit(&format!("store.write.{noun}"));
    #[cfg(not(debug_assertions))]
    let _ = noun;
}

/// Hangs here for ever if `PROVOST_STALL` names this place: to prove what becomes of a task that hangs.
pub async fn stall(name: &str) {
    #[cfg(debug_assertions)]
    if armed::stalls() == Some(name) {
        std::future::pending::<()>().await;
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// How long a part may work without a sign of life: as given, but for a test of one that hangs, which has no minutes.
#[must_use]
pub fn patience(given: std::time::Duration) -> std::time::Duration {
    #[cfg(debug_assertions)]
    if armed::stalls().is_some() {
        return std::time::Duration::from_secs(1);
    }
    given
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

    type Reaction = Box<dyn Fn(&str) + Send + Sync>;

    pub(super) static REACTION: OnceLock<Reaction> = OnceLock::new();

    /// The places still to be passed, the deadly one last.
    struct Armed {
        steps: Vec<Step>,
        passed: AtomicUsize,
    }

    #[derive(Debug)]
    struct Step {
        name: String,
        hits_left: AtomicU32,
    }

    /// Reads `name`, `name:N` and several of them with `>` between; anything else arms nothing.
    fn parse(text: &str) -> Option<Vec<Step>> {
        let step = |text: &str| {
            let (name, nth) = text.split_once(':').unwrap_or((text, "1"));
            let nth = nth.parse().ok().filter(|nth| *nth > 0)?;
            (!name.is_empty()).then(|| Step {
                name: name.to_owned(),
                hits_left: AtomicU32::new(nth),
            })
        };
        text.split('>').map(step).collect()
    }

    fn armed() -> Option<&'static Armed> {
        static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
        ARMED
            .get_or_init(|| {
                // A fail point is no setting of the daemon: the command line must not know of it.
                #[allow(clippy::disallowed_methods)]
                let text = std::env::var("PROVOST_FAILPOINT").ok()?;
                Some(Armed {
                    steps: parse(&text)?,
                    passed: AtomicUsize::new(0),
                })
            })
            .as_ref()
    }

    pub(super) fn stalls() -> Option<&'static str> {
        static STALLS: OnceLock<Option<String>> = OnceLock::new();
        #[allow(clippy::disallowed_methods)] // no setting, as above
        let stalls = STALLS.get_or_init(|| std::env::var("PROVOST_STALL").ok());
        stalls.as_deref()
    }

    pub(super) fn hit(name: &str) {
        if let Some(reaction) = REACTION.get() {
            reaction(name);
        }
        if armed().is_some_and(|armed| armed.is_deadly(name)) {
            let _ =
                nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
        }
    }

    impl Armed {
        /// Notes that `name` was passed. Says whether that was the last place and the last time.
        fn is_deadly(&self, name: &str) -> bool {
            let passed = self.passed.load(Ordering::SeqCst);
            let Some(step) = self.steps.get(passed).filter(|step| step.name == name) else {
                return false;
            };
            if step.hits_left.fetch_sub(1, Ordering::SeqCst) != 1 {
                return false;
            }
            self.passed.store(passed + 1, Ordering::SeqCst);
            passed + 1 == self.steps.len()
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn armed(text: &str) -> Option<Armed> {
            Some(Armed {
                steps: parse(text)?,
                passed: AtomicUsize::new(0),
            })
        }

        #[test]
        fn a_fail_point_is_a_name_and_maybe_a_count_from_one() {
            let third = armed("a.b:3").unwrap();
            let deadly = ["a.b", "a.c", "a.b", "a.b", "a.b"].map(|name| third.is_deadly(name));
            assert_eq!(deadly, [false, false, false, true, false]);
            for nothing in ["", ":2", "a:0", "a:x", "a>", ">a", "a>b:0"] {
                assert!(armed(nothing).is_none(), "{nothing}");
            }
        }

        #[test]
        fn a_fail_point_may_wait_until_others_were_passed() {
            let chain = armed("answer>write>commit").unwrap();
            let passed = ["commit", "write", "answer", "commit", "write", "commit"];
            let deadly = passed.map(|name| chain.is_deadly(name));
            assert_eq!(deadly, [false, false, false, false, false, true]);
        }
    }
}
