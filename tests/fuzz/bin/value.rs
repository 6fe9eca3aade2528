//! The value of an attribute, a cookie, an attribute's name.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| provost_fuzz::value(bytes));
