//! What it was measured on: everything that figures depend on, and nothing that names the machine.

use std::process::Command;

/// One line.
pub(crate) fn described() -> String {
    let cpu = line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown CPU".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = line_of("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
        .map_or_else(String::new, |kib| format!("{} GiB", kib >> 20));
    let build = if cfg!(debug_assertions) {
        " NOT OPTIMISED: use `cargo bench`."
    } else {
        ""
    };
    format!(
        "Medians of at least five runs. Machine: {cpu}, {cores} cores, {memory}, Linux {}; SQLite {}; {}.{build}",
        kernel.trim(),
        rusqlite::version(),
        slapd().unwrap_or_else(|| "no slapd".to_owned()),
    )
}

/// The value behind a name in one of the kernel's lists of `name : value`.
fn line_of(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':')
        .map(|(_, value)| value.trim().to_owned())
}

/// `slapd` and its version. It prints it among other things, some of which name the machine that built it.
fn slapd() -> Option<String> {
    let told = ["slapd", "/usr/sbin/slapd"]
        .iter()
        .find_map(|slapd| Command::new(slapd).arg("-VV").output().ok())?;
    let text = String::from_utf8_lossy(&told.stderr).into_owned();
    let words = text.split_whitespace();
    let version = words.skip_while(|word| *word != "slapd").nth(1)?;
    Some(format!("slapd {version}"))
}
