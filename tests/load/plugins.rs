//! New versions of plugins, while everybody asks them.

use provost_tests::{World, provost};

/// Who asks the edition.
pub(crate) const REGISTER: &str = r#"
[[person]]
id = "ana"
district = "big-sky"
username = "aortiz"
name = "Ana Ortiz"
roles = ["sis"]
"#;

/// A district with an edition.
pub(crate) fn configuration(world: &World) -> String {
    let edition = file(world, "montana.wasm", &built("montana-edition", 0));
    format!(
        "[[district]]\nid = \"big-sky\"\nname = \"Big Sky\"\ntimezone = \"America/Denver\"\nproducts = [\"sis\"]\n\
         edition = \"montana\"\n[[plugin]]\nid = \"montana-edition\"\nfile = \"{edition}\"\n"
    )
}

/// Another version of the channel, as a package brings it: the file is another one, and the daemon sees it.
pub(crate) fn offer_email(world: &World, number: u32) {
    let offered = file(world, "email.wasm", &built("email", number));
    if number == 0 {
        let shipped = provost::plugin("email").display().to_string();
        world.reconfigure(&shipped, &offered);
    }
}

/// A version that asks for no more is in force at once; one that does waits for its approval; and back.
///
/// # Errors
/// What a command said that was refused.
pub(crate) fn upgrade(world: &World, number: u32) -> Result<(), String> {
    let same = file(world, "same.wasm", &built("montana-edition", number));
    let mut more = built("montana-edition", number);
    let asks = format!("montana.aim-{number:06}");
    replace(&mut more, b"montana.aim-submit", asks.as_bytes());
    let more = file(world, "more.wasm", &more);
    run(world, &["install", &same, "--id", "montana-edition"])?;
    run(world, &["install", &more, "--id", "montana-edition"])?;
    run(world, &["approve", "montana-edition"])?;
    run(world, &["rollback", "montana-edition"])
}

fn run(world: &World, args: &[&str]) -> Result<(), String> {
    let answer = world.provost.cli(&[&["plugin"], args].concat());
    match answer.code {
        0 => Ok(()),
        code => Err(format!("plugin {args:?}: {code} {}", answer.err)),
    }
}

/// A first-party plugin with another hash: it has one more custom section, which holds the number.
fn built(plugin: &str, number: u32) -> Vec<u8> {
    let mut bytes = std::fs::read(provost::plugin(plugin)).unwrap();
    bytes.extend([0, 6, 1, b'x']);
    bytes.extend(number.to_le_bytes());
    bytes
}

fn replace(bytes: &mut [u8], this: &[u8], other: &[u8]) {
    for place in 0..=bytes.len() - this.len() {
        if bytes[place..].starts_with(this) {
            bytes[place..place + other.len()].copy_from_slice(other);
        }
    }
}

/// Renamed into place, as package managers do.
fn file(world: &World, name: &str, bytes: &[u8]) -> String {
    let path = world.path().join(name);
    let new = path.with_extension("new");
    std::fs::write(&new, bytes).unwrap();
    std::fs::rename(&new, &path).unwrap();
    path.to_string_lossy().into_owned()
}
