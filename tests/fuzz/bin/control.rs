//! The value of a control, or of a message between entries.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| provost_fuzz::control(bytes));
