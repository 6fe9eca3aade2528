//! `provost`: the daemon and its command line.

use clap::Parser;
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// Rows are made on one thread and freed on another, by the hundred thousand.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    provost::cli::run(provost::cli::Args::parse())
}
