//! A distinguished name.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| provost_fuzz::dn(bytes));
