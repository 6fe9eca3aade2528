//! `provost`: the daemon and its command line.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    provost::cli::run(provost::cli::Args::parse())
}
