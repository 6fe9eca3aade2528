//! Hostile plugins for a daemon: those that describe themselves well and then do their worst, and those that are
//! refused, each time that somebody installs them. The sandbox's own tests have one for every limit.

// The sandbox's tests forge more than is needed here, and fail where they cannot.
#[allow(dead_code, clippy::unwrap_used)]
#[path = "../../daemon/sandbox/tests/sandbox/forge.rs"]
mod forge;

use forge::{Forged, ForgedChannel};
use std::fmt::Write as _;
use std::path::Path;

/// A policy that is in force for a district of its own: `hostile-N`, of edition `forgeN`.
#[derive(Debug, Clone)]
pub struct Hostile {
    /// Id of the plugin and of its district.
    pub id: String,
    /// Id of its edition.
    pub edition: String,
    /// What the daemon says of its calls; nothing if they stay just within every limit, which is hostile too.
    pub held: Option<&'static str>,
    component: Vec<u8>,
}

/// Burns so many rounds of some units of fuel.
fn spin(rounds: u32) -> Forged {
    Forged {
        fields: format!(
            "(func $spin (local $n i32) (loop $next (br_if $next (i32.lt_u
               (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {rounds})))))"
        ),
        ..does("(call $spin)")
    }
}

fn does(evaluate: &str) -> Forged {
    Forged {
        evaluate: format!("(local.set $answer (i32.const 1208)) {evaluate}"),
        ..Forged::default()
    }
}

/// Policies that do their worst when they are asked about `forged.act`.
pub fn in_force() -> Vec<Hostile> {
    let deep = Forged {
        fields: "(func $deep (param i64) (result i64)
                   (i64.add (local.get 0) (call $deep (i64.add (local.get 0) (i64.const 1)))))"
            .to_owned(),
        ..does("(drop (call $deep (i64.const 0)))")
    };
    let grows = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    let large = |evaluate| Forged {
        pages: 480,
        ..does(evaluate)
    };
    let set = [
        (spin(u32::MAX), Some("units of fuel")),
        (does(grows), Some("MiB of memory")),
        (deep, Some("KiB of stack")),
        (
            large("(i32.store (i32.const 1232) (i32.const 20971520))"),
            Some("it returned more than"),
        ),
        (
            large(
                "(i32.store (i32.const 1236) (i32.const 65536)) (i32.store (i32.const 1240) (i32.const 3000000))",
            ),
            Some("it returned more than"),
        ),
        (does("unreachable"), Some("it trapped")),
        (
            does("(i32.store8 (i32.const 2090) (i32.const 255))"),
            Some("it trapped"),
        ),
        (spin(5_000_000), None),
        (
            large("(memory.fill (i32.const 65536) (i32.const 1) (i32.const 20971520))"),
            None,
        ),
    ];
    let numbered = set.into_iter().enumerate();
    let forged = numbered.map(|(n, (forged, held))| {
        let edition = format!("forge{n}");
        Hostile {
            id: format!("hostile-{n}"),
            component: renamed(forged.component(), &edition),
            edition,
            held,
        }
    });
    forged.collect()
}

/// The component with another edition, whose name is as long.
fn renamed(mut component: Vec<u8>, edition: &str) -> Vec<u8> {
    const NAMES: &[u8] = b"forgedForged edition";
    let place = component
        .windows(NAMES.len())
        .position(|window| window == NAMES);
    let place = place.unwrap_or_else(|| panic!("no edition in what was forged"));
    component[place..place + edition.len()].copy_from_slice(edition.as_bytes());
    component
}

/// Components that are refused when they are tried, and the reason.
pub fn refused() -> Vec<(Vec<u8>, &'static str)> {
    let spins = spin(u32::MAX);
    let in_start = Forged {
        fields: format!("{} (start $spin)", spins.fields),
        ..Forged::default()
    };
    let in_describe = Forged {
        describe: "(call $spin)".to_owned(),
        evaluate: String::new(),
        ..spins
    };
    let cut = Forged::default().component();
    let table = Forged {
        fields: "(table 30001 funcref)".to_owned(),
        ..Forged::default()
    };
    vec![
        (in_start.component(), "units of fuel"),
        (in_describe.component(), "units of fuel"),
        (cut[..cut.len() / 2].to_vec(), "truncated"),
        (table.component(), "table"),
    ]
}

/// A channel that declares the host `https://hooks.example` and renders nothing.
pub fn sends_elsewhere() -> Vec<u8> {
    let channel = ForgedChannel {
        hosts: 1,
        ..ForgedChannel::default()
    };
    channel.component()
}

/// Writes the policies into a folder; the districts and plugins of a configuration in which all are in force.
///
/// # Panics
/// If a file cannot be written.
pub fn configuration(folder: &Path, set: &[Hostile]) -> String {
    let mut text = String::new();
    for Hostile {
        id,
        edition,
        component,
        ..
    } in set
    {
        let file = folder.join(format!("{id}.wasm"));
        std::fs::write(&file, component).unwrap_or_else(|why| panic!("write {id}: {why}"));
        let _ = write!(
            text,
            "[[district]]\nid = \"{id}\"\nname = \"{id}\"\ntimezone = \"America/Denver\"\nproducts = [\"sis\"]\n\
             edition = \"{edition}\"\n[[plugin]]\nid = \"{id}\"\nfile = \"{}\"\n",
            file.display()
        );
    }
    text
}
