//! What was written in `provost.toml` → what is believed, with every problem at once.

pub mod mail;
pub mod period;
pub mod secret;
