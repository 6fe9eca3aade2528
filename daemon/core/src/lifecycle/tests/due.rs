//! The due time that is kept for a contact, against looking at the contact all the time.

use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::properties::{Happening, happening, minutes, setting};
use super::*;

/// Days that are looked through for a contact to whom nothing is said to happen.
const LOOKED_THROUGH: i64 = 250;

/// Looks every hour, every minute of the last two hours, and in the last second. Says when something happens.
fn first_change(world: &World, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
    let (hour, minute) = (SignedDuration::from_hours(1), SignedDuration::from_mins(1));
    let last = (until - 2.hours()).max(from);
    let hours = std::iter::successors(Some(from), |at| Some(*at + hour));
    let minutes = std::iter::successors(Some(last), |at| Some(*at + minute));
    hours
        .take_while(|at| *at < last)
        .chain(minutes.take_while(|at| *at < until))
        .chain([until - 1.seconds()])
        .filter(|at| *at >= from)
        .find(|at| step(&world.contact, &world.around(), *at).is_some())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_happens_before_the_due_time_and_something_does_at_it(
        happenings in prop::collection::vec((minutes(), happening()), 0..40),
        setting in setting(),
        minute in 0..(366 * 24 * 60_i64),
    ) {
        let now = at("2024-01-20T00:00:00Z") + minute.minutes();
        let mut timeline = setting.begin(now);
        for (minutes, happening) in happenings {
            timeline.now += minutes.minutes();
            timeline.happen(happening);
        }
        timeline.happen(Happening::Sweep);
        let (world, now) = (&timeline.world, timeline.now);
        let due = world.contact.next_due.filter(|due| *due < now + (24 * LOOKED_THROUGH).hours());
        let until = due.unwrap_or(now + (24 * LOOKED_THROUGH).hours());
        prop_assert_eq!(first_change(world, now, until), None, "before {:?}: {:?}", due, world.contact);
        if let Some(due) = due {
            let done = step(&world.contact, &world.around(), due);
            prop_assert!(done.is_some(), "nothing at {}: {:?}", due, world.contact);
        }
    }
}
