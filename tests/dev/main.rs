//! Flows.
fn main() {}
