//! Where calls go on that take long: on half of the processors, in turns. A plugin that answers in time never comes
//! here; those that compute on and on leave the other half to everybody else who is to be answered meanwhile.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::limits::{HEAD_START_EPOCHS, TURN_EPOCHS};

/// Places for calls that take long, and the line before them.
#[derive(Debug)]
pub(crate) struct Lane {
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    free: usize,
    /// Who comes first has waited longest. Each is woken by itself: to wake all of them for one place would disturb
    /// those whom the lane is there to protect.
    waiting: VecDeque<Arc<Condvar>>,
}

/// A place in the lane, given up when it is dropped.
#[derive(Debug)]
struct Place(Arc<Lane>);

impl Lane {
    /// With room for half of the processors, and for one in any case.
    pub(crate) fn new() -> Arc<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of((processors / 2).max(1))
    }

    fn of(places: usize) -> Arc<Self> {
        let line = Line {
            free: places,
            waiting: VecDeque::new(),
        };
        Arc::new(Self {
            line: Mutex::new(line),
        })
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Every statement leaves it consistent, so that a panic elsewhere spoils nothing.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, after all who wait for one already; `None` if that takes until `end`.
    fn enter(self: &Arc<Self>, end: Instant) -> Option<Place> {
        let mut line = self.line();
        if line.free == 0 || !line.waiting.is_empty() {
            let own = Arc::new(Condvar::new());
            line.waiting.push_back(Arc::clone(&own));
            let left = end.saturating_duration_since(Instant::now());
            (line, _) = own
                .wait_timeout_while(line, left, |line| !line.is_turn_of(&own))
                .unwrap_or_else(PoisonError::into_inner);
            let turn = line.is_turn_of(&own);
            line.waiting.retain(|other| !Arc::ptr_eq(other, &own));
            if !turn {
                line.call_next();
                return None;
            }
        }
        line.free -= 1;
        line.call_next();
        Some(Place(Arc::clone(self)))
    }
}

impl Line {
    fn is_turn_of(&self, who: &Arc<Condvar>) -> bool {
        self.free > 0
            && self
                .waiting
                .front()
                .is_some_and(|first| Arc::ptr_eq(first, who))
    }

    fn call_next(&self) {
        if self.free > 0
            && let Some(first) = self.waiting.front()
        {
            first.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut line = self.0.line();
        line.free += 1;
        line.call_next();
    }
}

/// How far a call has come: at its head start, or in the lane.
#[derive(Debug)]
pub(crate) struct Pace {
    lane: Arc<Lane>,
    /// When it is cut off.
    end: Instant,
    place: Option<Place>,
}

impl Pace {
    pub(crate) fn new(lane: &Arc<Lane>, end: Instant) -> Self {
        Self {
            lane: Arc::clone(lane),
            end,
            place: None,
        }
    }

    /// Epochs after which a call that has just begun is asked for the first time.
    pub(crate) const HEAD_START: u64 = HEAD_START_EPOCHS;

    /// The epochs for which the call may go on now; `None` if its time is up. Waits for a place in the lane, and again
    /// after each turn while others wait.
    pub(crate) fn go_on(&mut self) -> Option<u64> {
        if Instant::now() >= self.end {
            return None;
        }
        if self.place.is_none() || !self.lane.line().waiting.is_empty() {
            self.place = None;
            self.place = Some(self.lane.enter(self.end)?);
        }
        Some(TURN_EPOCHS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call;
    use crate::interface::Kind;
    use crate::limits::Limits;
    use crate::tally::Tally;
    use crate::{Engine, Failure, Settings};
    use std::thread;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(200)
    }

    fn late() -> Instant {
        Instant::now() + Duration::from_secs(600)
    }

    #[test]
    fn there_are_as_many_as_there_are_places_and_the_next_gives_up_in_time() {
        let lane = Lane::of(2);
        let places = [lane.enter(late()).unwrap(), lane.enter(late()).unwrap()];
        assert!(lane.enter(soon()).is_none());
        assert!(lane.line().waiting.is_empty());
        drop(places);
        assert!(lane.enter(soon()).is_some());
    }

    #[test]
    fn who_has_waited_longest_comes_next_and_who_was_there_goes_to_the_end() {
        let lane = Lane::of(1);
        let order = Mutex::new(Vec::new());
        let mut first = Pace::new(&lane, late());
        assert_eq!(first.go_on(), Some(TURN_EPOCHS));
        // Nobody else is there: it stays.
        assert_eq!(first.go_on(), Some(TURN_EPOCHS));
        thread::scope(|scope| {
            for number in 1..=3 {
                let (lane, order) = (&lane, &order);
                scope.spawn(move || {
                    let place = lane.enter(late()).unwrap();
                    order.lock().unwrap().push(number);
                    drop(place);
                });
                while lane.line().waiting.len() < number {
                    thread::yield_now();
                }
            }
            assert_eq!(first.go_on(), Some(TURN_EPOCHS));
            assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
        });
    }

    /// Rounds that a call makes which spins until it is cut off.
    fn spun(engine: &Engine) -> i64 {
        let spins = r#"(module (global $rounds (export "rounds") (mut i64) (i64.const 0))
            (func (export "spin") (loop
              (global.set $rounds (i64.add (global.get $rounds) (i64.const 1)))
              (br 0))))"#;
        let (parts, tally) = (&*engine.0, Tally::default());
        let module = wasmtime::Module::new(&parts.wasm, wat::parse_str(spins).unwrap()).unwrap();
        let mut rounds = 0;
        let cut = call::run((parts, &tally), Kind::Channel, |store| {
            let instance = wasmtime::Instance::new(&mut *store, &module, &[])?;
            let spin = instance.get_typed_func::<(), ()>(&mut *store, "spin")?;
            let cut = spin.call(&mut *store, ());
            let global = instance.get_global(&mut *store, "rounds").unwrap();
            rounds = global.get(&mut *store).unwrap_i64();
            cut
        });
        assert_eq!(cut.unwrap_err(), Failure::Deadline);
        rounds
    }

    #[test]
    fn a_call_that_takes_long_rests_while_the_lane_is_taken_and_a_short_one_passes_it() {
        let limits = Limits {
            call_time: Duration::from_millis(400),
            ..Limits::default()
        };
        let engine = Engine::new(Settings {
            limits,
            ..Settings::default()
        })
        .unwrap();
        let alone = spun(&engine);
        let mut taken = Vec::new();
        while let Some(place) = engine.0.lane.enter(Instant::now()) {
            taken.push(place);
        }
        let beside = spun(&engine);
        assert!(beside < alone / 4, "{beside} of {alone} rounds");
        let short = call::run((&engine.0, &Tally::default()), Kind::RolePolicy, |_| Ok(7));
        assert_eq!(short.unwrap().0, 7);
    }
}
