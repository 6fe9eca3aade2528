//! Fuzzing the parsers of what directory servers send: libFuzzer, guided by coverage, from the seeds in `tests/fuzz`.

use std::process::Command;

use crate::place::Place;
use crate::step::{Failed, announce, answer, run};

const TARGETS: [&str; 4] = ["entry", "control", "dn", "value"];

/// Targets that run beside each other: as many as the smallest machine of this kind has processors.
const ABREAST: usize = 2;

/// What `cargo fuzz` asks of the compiler, without its sanitizer: that takes an unreleased compiler, and finds faults of
/// unsafe code, of which there is none here.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

/// No input may take longer than this (seconds), or more memory (MiB) than the whole of a fuzzer otherwise does.
const BOUNDS: [&str; 2] = ["-timeout=5", "-rss_limit_mb=512"];

/// Builds the targets, apart from everything else because of their compiler flags, and runs each for so long. A fault
/// leaves the input behind that shows it; the target's program takes that file to show it again.
pub(crate) fn fuzz(place: &Place, seconds: u32) -> Result<(), Failed> {
    let host = host()?;
    let folder = place.scratch("fuzz");
    let mut cargo = place.cargo();
    // With a target named, the flags are not those of build scripts.
    cargo.args([
        "build",
        "--package",
        "provost-fuzz",
        "--features",
        "libfuzzer",
    ]);
    cargo.args(["--release", "--target", &host, "--target-dir"]);
    // A crate's own coverage is what guides; optimising across crates would only take its time.
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off");
    run(cargo.arg(&folder).env("RUSTFLAGS", COVERAGE))?;
    for some in TARGETS.chunks(ABREAST) {
        let mut running = Vec::new();
        for target in some {
            let corpus = folder.join("corpus").join(target);
            std::fs::create_dir_all(&corpus)
                .map_err(|why| Failed::because(format!("make {}: {why}", corpus.display())))?;
            let mut command = Command::new(folder.join(&host).join("release").join(target));
            command
                .args(BOUNDS)
                .arg(format!("-max_total_time={seconds}"));
            command.args(["-max_len=16384", "-verbosity=0", "-print_final_stats=1"]);
            command.arg(format!("-artifact_prefix={}/{target}-", folder.display()));
            command.arg(corpus).arg(place.seeds(target));
            announce(&command);
            running.push((command.spawn(), command));
        }
        // Each is waited for, whatever became of the others: none may go on beside what comes next.
        let ends: Vec<_> = running
            .into_iter()
            .map(|(child, command)| (child.and_then(|mut child| child.wait()), command))
            .collect();
        for (ended, command) in ends {
            let ended = ended.map_err(|why| Failed::start(&command, &why))?;
            if !ended.success() {
                return Err(Failed::status(&command, ended));
            }
        }
    }
    Ok(())
}

/// What rustc calls this machine.
fn host() -> Result<String, Failed> {
    let version = answer(Command::new("rustc").arg("-vV")).unwrap_or_default();
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned)
        .ok_or_else(|| Failed::because("rustc does not say which machine it builds for"))
}
