//! From what was written to what is believed.

pub mod source;
