//! `cargo bench --bench directory [-- --full]`: a directory sync beside `ldapsearch`, 20,000 people or 100,000.

#![allow(clippy::unwrap_used)] // a bench that cannot be set up has nothing to measure

mod sync;

/// Runs of which the medians are taken.
const RUNS: usize = 5;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` starts benches as well, to see whether they run; then there is nothing to measure.
    if !words.iter().any(|word| word == "--bench") {
        return println!("measures with `cargo bench --bench directory [-- --full]`");
    }
    let full = words.iter().any(|word| word == "--full");
    let people = if full { 100_000 } else { 20_000 };
    let found = sync::measured(people, RUNS);
    println!("{people} people, medians of {RUNS} runs");
    let (all, staff) = (found.everything_searched, found.people_searched);
    println!("ldapsearch of everything {all:.2} s, of the people alone {staff:.2} s");
    for (what, took) in [
        ("first sync", found.first),
        ("unchanged sync", found.unchanged),
    ] {
        println!(
            "{what} {took:.2} s: {:.2} × and {:.2} ×",
            took / all,
            took / staff
        );
    }
    println!("peak memory (VmHWM) {:.1} MB", found.peak / 1e6);
}
