//! Medians.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::table::Amount;

/// Runs of which the median is taken.
pub(crate) const RUNS: usize = 7;

/// A run of something short repeats it for at least so long.
const RUN_TIME: Duration = Duration::from_millis(30);

/// The middle one; of an even number the upper.
pub(crate) fn median(mut found: Vec<f64>) -> f64 {
    found.sort_by(f64::total_cmp);
    found[found.len() / 2]
}

/// Seconds that one go takes.
pub(crate) fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// What one call of something short takes: the median of [`RUNS`] runs of many calls each.
pub(crate) fn each<T>(mut call: impl FnMut() -> T) -> Amount {
    let mut calls = 1_u32;
    // The first rounds warm it up and find out how many calls a run needs.
    while seconds(|| (0..calls).for_each(|_| drop(black_box(call())))) < RUN_TIME.as_secs_f64() {
        calls *= 2;
    }
    let run = |_| seconds(|| (0..calls).for_each(|_| drop(black_box(call())))) / f64::from(calls);
    Amount::Seconds(median((0..RUNS).map(run).collect()))
}

/// Medians of two things that are measured in turns; each says how many seconds its run took.
pub(crate) fn in_turns(
    runs: usize,
    mut ours: impl FnMut() -> f64,
    mut theirs: impl FnMut() -> f64,
) -> (f64, f64) {
    let pairs: Vec<(f64, f64)> = (0..runs).map(|_| (ours(), theirs())).collect();
    let (ours, theirs) = pairs.into_iter().unzip();
    (median(ours), median(theirs))
}
