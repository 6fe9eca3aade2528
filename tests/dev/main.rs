//! `cargo demo` and `cargo verify`, the two commands of the README, and `cargo package-deb`.
//!
//! Each step is printed as the command that it is, so that anybody can run it by hand.

mod deb;
mod fuzzer;
mod guests;
mod packages;
mod parsers;
mod place;
mod step;
mod toolchains;
mod tree;
mod verify;

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use place::Place;
use step::{Failed, run};

const USAGE: &str = "\
cargo demo [--once] [--staff N] [--seed S]   build what is needed and show a whole sample district
cargo verify [--long]                        everything that must hold before a merge; --long tries many more cases and soaks
cargo package-deb [--dev] [--version V] [--out FOLDER]
                                             the Debian package; --dev packs what `cargo verify` has built";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next();
    let rest: Vec<String> = words.collect();
    let place = Place::find();
    let done = match (command.as_deref(), rest.as_slice()) {
        (Some("demo"), _) => demo(&place, &rest),
        (Some("package-deb"), _) => match deb::Wish::read(&rest) {
            Some(wish) => deb::build(&place, &wish),
            None => return usage(),
        },
        (Some("verify"), []) => verify::all(&place, verify::Extent::Usual),
        (Some("verify"), [long]) if long == "--long" => verify::all(&place, verify::Extent::Long),
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

/// Builds the daemon and the plugins, then becomes `provost demo`: returns only if that cannot be started.
fn demo(place: &Place, args: &[String]) -> Result<(), Failed> {
    guests::toolchain()?;
    // The whole workspace, as `cargo verify` does: another selection would build dependencies with other features.
    run(place.cargo().args(["build", "--workspace"]))?;
    guests::build(place, &place.binary())?;
    let mut demo = Command::new(place.binary());
    demo.arg("demo")
        .args(args)
        .env("PROVOST_PLUGINS", place.plugins());
    step::announce(&demo);
    let why = demo.exec();
    Err(Failed::start(&demo, &why))
}
