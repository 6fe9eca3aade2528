//! Programs that the tests run against: real servers from Debian packages.

use std::path::Path;
use std::process::Command;

use crate::step::{Failed, answer, run};

/// A program and the Debian package that has it. make builds the daemon's allocator,
/// g++ the fuzzer; dpkg-dev says what the package depends on.
const NEEDED: [(&str, &str); 21] = [
    ("/usr/bin/make", "make"),
    ("/usr/bin/g++", "g++"),
    ("/usr/sbin/slapd", "slapd"),
    ("/usr/bin/ldapsearch", "ldap-utils"),
    ("/usr/sbin/ns-slapd", "389-ds-base"),
    ("/usr/sbin/samba", "samba"),
    (
        "/usr/share/samba/setup/provision.ldif",
        "samba-ad-provision",
    ),
    (
        "/usr/share/doc/samba-dsdb-modules/copyright",
        "samba-dsdb-modules",
    ),
    (
        "/usr/lib/python3/dist-packages/ldap/__init__.py",
        "python3-ldap",
    ),
    ("/usr/sbin/smtpd", "opensmtpd"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/bin/dpkg-shlibdeps", "dpkg-dev"),
    ("/lib/systemd/systemd", "systemd"),
    ("/usr/bin/dbus-daemon", "dbus"),
    ("/usr/bin/unshare", "util-linux"),
    ("/usr/bin/mount", "mount"),
    ("/sbin/ip", "iproute2"),
    ("/usr/bin/curl", "curl"),
    ("/usr/bin/python3", "python3"),
    ("/usr/bin/node", "nodejs"),
    ("/usr/bin/npm", "npm"),
];

/// Installs what is missing where that is permitted; otherwise says exactly what to install.
pub(crate) fn install() -> Result<(), Failed> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!(
        "apt-get install --no-install-recommends {}",
        missing.join(" ")
    );
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(Failed::because(format!(
            "the tests need the programs of these Debian packages: {}",
            missing.join(", ")
        )));
    }
    if answer(Command::new("id").arg("-u")).as_deref() != Some("0") {
        return Err(Failed::because(format!(
            "packages are missing; run as root: {by_hand}"
        )));
    }
    if lists_are_empty() {
        run(apt_get().arg("update"))?;
    }
    // --no-remove: one of them is a mail server, and a machine that has another one must not lose it for a test.
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-remove", "--no-install-recommends"]);
    run(install.args(&missing))?;
    match self::missing().as_slice() {
        [] => Ok(()),
        still => Err(Failed::because(format!(
            "still missing after the installation: {}",
            still.join(", ")
        ))),
    }
}

fn missing() -> Vec<&'static str> {
    let absent = NEEDED
        .iter()
        .filter(|(program, _)| !Path::new(program).exists());
    absent.map(|(_, package)| *package).collect()
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// A fresh container has no package lists.
fn lists_are_empty() -> bool {
    let lists = std::fs::read_dir("/var/lib/apt/lists");
    lists.map_or(true, |lists| {
        !lists
            .filter_map(Result::ok)
            .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
    })
}
