//! An entry, or any other message of a search.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| provost_fuzz::entry(bytes));
