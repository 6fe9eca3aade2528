//! Whether the wall clock can be believed. While it cannot, nobody is told and nobody is cut off. Rule: domain §3.

use provost_core::Timestamp;
use provost_core::change::{Actor, Change};
use provost_core::lifecycle::clock::{self, Clock, Reading};
use provost_core::notice::Alarm;
use serde_json::{Value, json};

use super::{FlowError, Scene, districts, plan, write};
use crate::store::Store;

/// Settings of the store: the highest reading seen, and whether the freeze has been reported.
const HIGHEST: &str = "clock.highest";
const FROZEN: &str = "clock.frozen";

fn highest(store: &Store) -> Result<Option<Reading>, FlowError> {
    Ok(store.read()?.get(HIGHEST)?)
}

/// Why transitions are frozen; `None` while they run.
///
/// # Errors
/// If the store cannot be read.
pub fn frozen(store: &Store) -> Result<Option<String>, FlowError> {
    Ok(store.read()?.get::<Option<String>>(FROZEN)?.flatten())
}

/// Transitions run: [`watch`] would give a moment. Changes nothing.
///
/// # Errors
/// If the store cannot be read.
pub fn runs(store: &Store, reading: &Reading) -> Result<bool, FlowError> {
    let running = matches!(
        clock::check(highest(store)?.as_ref(), reading),
        Clock::Running { .. }
    );
    Ok(running && frozen(store)?.is_none())
}

/// The moment to evaluate at, or `None` while transitions are frozen. A freeze raises one alarm.
///
/// # Errors
/// If the store cannot be read or written.
pub fn watch(store: &Store, reading: Reading) -> Result<Option<Timestamp>, FlowError> {
    let highest = highest(store)?;
    if frozen(store)?.is_some() {
        // A clock that comes right by itself proves nothing: an operator must say so.
        return Ok(None);
    }
    match clock::check(highest.as_ref(), &reading) {
        Clock::Running { now } => {
            // Once a minute is enough to notice days, and a timer that wakes often need not write each time.
            let known = highest.as_ref().map(|highest| highest.wall);
            if known.is_none_or(|known| {
                reading.wall.duration_since(known) >= jiff::SignedDuration::from_mins(1)
            }) {
                store.put(HIGHEST, &clock::higher(highest, reading))?;
            }
            Ok(Some(now))
        }
        Clock::Frozen { why } => {
            let message = format!("{why}; nothing becomes due until `provost clock confirm`");
            tracing::error!(reason = %why, "clock frozen");
            alarm(store, Actor::Timer, "clock.frozen", message, reading.wall)?;
            store.put(FROZEN, &Some(why.to_string()))?;
            Ok(None)
        }
    }
}

fn alarm(
    store: &Store,
    actor: Actor,
    code: &str,
    message: String,
    at: Timestamp,
) -> Result<(), FlowError> {
    write(store, |register| {
        let alarm = Alarm {
            code: code.to_owned(),
            district: None,
            person: None,
            message: message.clone(),
            at,
        };
        Ok((
            plan(
                register,
                actor.clone(),
                at,
                vec![Change::Alarm {
                    alarm: Box::new(alarm),
                }],
            ),
            (),
        ))
    })
}

/// An operator says that the wall clock is right: it becomes the highest reading, and transitions go on. What is due
/// next is worked out anew for everybody: while the clock was wrong, it may have been reckoned from a wrong day.
///
/// # Errors
/// If the store cannot be read or written.
pub fn confirm(scene: Scene<'_>, actor: &Actor, reading: &Reading) -> Result<Value, FlowError> {
    let store = scene.store;
    let message = format!("the wall clock was confirmed by {actor}");
    alarm(
        store,
        actor.clone(),
        "clock.confirmed",
        message,
        reading.wall,
    )?;
    store.put(HIGHEST, reading)?;
    store.put(FROZEN, &None::<String>)?;
    let feeds = &scene.live.config.feeds;
    for district in store.read()?.districts()? {
        districts::recheck(store, &district.id, feeds, actor, reading.wall)?;
    }
    status(store, reading)
}

/// Whether transitions run, and on which readings.
///
/// # Errors
/// If the store cannot be read.
pub fn status(store: &Store, reading: &Reading) -> Result<Value, FlowError> {
    let frozen = frozen(store)?;
    Ok(json!({
        "transitions": if frozen.is_some() { "frozen" } else { "running" },
        "why": frozen,
        "now": reading.wall,
        "highest": highest(store)?.map(|highest| highest.wall),
    }))
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use crate::flow::rig::Rig;
    use crate::flow::{notify, sweep};
    use crate::store::{NoticeFilter, Page};

    use super::*;

    /// How often a waiting notice was tried.
    async fn attempts(rig: &Rig) -> Vec<u32> {
        let stop = CancellationToken::new();
        notify::deliver_due(&rig.daemon, &stop).await.unwrap();
        let register = rig.daemon.store.read().unwrap();
        let waiting = register
            .notices(&NoticeFilter::default(), Page::newest(10))
            .unwrap();
        waiting.iter().map(|outgoing| outgoing.attempts).collect()
    }

    #[tokio::test]
    async fn a_notice_that_waits_is_not_tried_by_a_clock_that_nobody_believes() {
        let rig = Rig::new();
        let store = &rig.daemon.store;
        rig.set_clock("2025-03-02T17:00:00Z");
        let reading = || rig.daemon.ports.clock.reading();
        assert!(watch(store, reading()).unwrap().is_some());
        rig.daemon
            .scene(|scene| sweep::run(scene, &Actor::Timer))
            .unwrap();
        rig.set_clock("2025-02-20T17:00:00Z");
        assert_eq!(watch(store, reading()).unwrap(), None);
        rig.set_clock("2025-03-02T17:01:00Z");
        assert_eq!(attempts(&rig).await, [0, 0, 0], "right again by itself");
        rig.daemon
            .scene(|scene| confirm(scene, &Actor::Timer, &reading()))
            .unwrap();
        assert_eq!(attempts(&rig).await, [1, 1, 1]);
    }
}
