//! Each protection of the unit, proved by an attempt that fails: in the unit, and under that one directive alone, while
//! without it the same attempt by the same account goes through.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use provost_tests::systemd::workspace;

use crate::systemd::booted;

/// Who makes an attempt where only the one directive stands.
#[derive(Debug, Clone, Copy)]
enum By {
    /// Whom nothing else holds.
    Root,
    /// Whom the directive is about: root is free of it.
    Service,
}
use By::{Root, Service};

/// A directive, an attempt of `probes.py` that it must not let through, who makes it, and the error that it meets.
const PROBES: [(&str, &str, By, &str); 33] = [
    ("ProtectSystem", "write below /usr", Root, "EROFS"),
    ("ProtectHome", "read root's home", Root, "ENOENT"),
    ("PrivateTmp", "read what lies in /tmp", Root, "ENOENT"),
    ("PrivateDevices", "open another device", Root, "ENOENT"),
    ("DevicePolicy", "open the kernel's log", Root, "EPERM"),
    (
        "ProtectKernelTunables",
        "turn a screw of the kernel",
        Root,
        "EROFS",
    ),
    ("ProtectKernelModules", "take a module out", Root, "EPERM"),
    ("ProtectKernelLogs", "ask the kernel's log", Root, "EPERM"),
    (
        "ProtectControlGroups",
        "make a control group",
        Root,
        "EROFS",
    ),
    ("ProtectClock", "ask the clock's gear", Root, "EPERM"),
    ("ProtectHostname", "name the machine", Root, "EPERM"),
    (
        "ProtectProc",
        "look at another's process",
        Service,
        "ENOENT",
    ),
    ("NoNewPrivileges", "become root", Service, "EPERM"),
    ("User", "read root's home", Root, "EACCES"),
    ("RestrictNamespaces", "make a name space", Root, "EPERM"),
    ("RestrictRealtime", "run in real time", Root, "EPERM"),
    ("RestrictSUIDSGID", "make a set-id file", Root, "EPERM"),
    ("UMask", "make a file for all", Root, "EACCES"),
    (
        "RestrictAddressFamilies",
        "talk to the kernel",
        Root,
        "EAFNOSUPPORT",
    ),
    ("LockPersonality", "change the personality", Root, "EPERM"),
    (
        "MemoryDenyWriteExecute",
        "map code that can be written",
        Root,
        "EPERM",
    ),
    ("SystemCallFilter", "io_uring", Root, "EPERM"),
    ("SystemCallFilter", "ptrace", Root, "EPERM"),
    ("SystemCallFilter", "mount", Root, "EPERM"),
    ("SystemCallFilter", "kexec", Root, "EPERM"),
    ("SystemCallFilter", "swap", Root, "EPERM"),
    ("SystemCallFilter", "reboot", Root, "EPERM"),
    ("CapabilityBoundingSet", "take another group", Root, "EPERM"),
    ("NoExecPaths", "run another program", Root, "EACCES"),
    ("PrivateIPC", "another's shared memory", Root, "ENOENT"),
    ("SocketBindDeny", "listen elsewhere", Root, "EPERM"),
    ("IPAddressDeny", "send to the link", Root, "EPERM"),
    ("LimitCORE", "write a core file", Service, "EPERM"),
];

/// Directives of the unit that no attempt is made against, and why.
const UNPROBED: [(&str, &str); 32] = [
    (
        "Type",
        "no protection: start, stop and what belongs to the service",
    ),
    ("NotifyAccess", "as Type"),
    ("ExecStart", "as Type"),
    ("ExecReload", "as Type"),
    ("WatchdogSec", "as Type; shown in systemd.rs"),
    ("Restart", "as Type; shown in systemd.rs"),
    ("RestartSec", "as Type"),
    ("RestartPreventExitStatus", "as Type; shown in systemd.rs"),
    ("TimeoutStartSec", "as Type"),
    ("TimeoutStopSec", "as Type"),
    ("Group", "follows from User"),
    ("StateDirectory", "as Type"),
    (
        "StateDirectoryMode",
        "the mode of a folder, as package.rs sees it",
    ),
    ("RuntimeDirectory", "as Type"),
    ("RuntimeDirectoryPreserve", "as Type"),
    (
        "RuntimeDirectoryMode",
        "the folder is open to all by design",
    ),
    ("LoadCredential", "as Type; shown in systemd.rs"),
    (
        "AmbientCapabilities",
        "empty, and nothing that User= leaves could be given",
    ),
    (
        "KeyringMode",
        "a keyring of its own is empty in a new session anyhow",
    ),
    (
        "RemoveIPC",
        "clears up after the service, keeps it from nothing",
    ),
    ("PrivateUsers", "no by choice; the unit says why"),
    (
        "PrivateMounts",
        "any of the other file system directives implies it",
    ),
    ("ReadWritePaths", "gives, keeps from nothing"),
    ("ExecPaths", "gives; NoExecPaths is probed with it"),
    ("ProcSubset", "all by choice; the unit says why"),
    (
        "SystemCallArchitectures",
        "needs a program of another architecture, which a machine may not run at all",
    ),
    (
        "SystemCallErrorNumber",
        "the error that SystemCallFilter gives, seen with it",
    ),
    ("SocketBindAllow", "gives; SocketBindDeny is probed with it"),
    ("LimitNOFILE", "gives"),
    ("TasksMax", "a quantity, not a door"),
    (
        "MemoryMax",
        "as TasksMax; the hostile set of hostile.rs stays below half of it",
    ),
    ("OOMPolicy", "as Type"),
];

/// The lines of `[Service]`, by directive.
fn directives() -> BTreeMap<String, Vec<String>> {
    let unit = std::fs::read_to_string(workspace().join("systemd/provost.service")).unwrap();
    let service = unit.split_once("[Service]").unwrap().1;
    let service = service.split_once("[Install]").unwrap().0;
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in service.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once('=') {
            lines
                .entry(name.to_owned())
                .or_default()
                .push(line.to_owned());
        }
    }
    lines
}

/// What the attempts need: things to be kept from, an interpreter that may run, a unit that makes all attempts first.
const PREPARE: &str = r#"
python=$(readlink -f /usr/bin/python3)
install -m 644 "$PROBES" /usr/lib/probes.py
install -m 4755 /usr/bin/id /usr/bin/probe-id
mkdir -p /root
echo probe > /root/probe; chmod 700 /root; echo probe > /tmp/probe
mknod -m 666 /dev/probe-zero c 1 5; mknod -m 666 /dev/probe-kmsg c 1 11
python3 -c 'import ctypes; ctypes.CDLL(None).shmget(7788, 4096, 0o1666)'
ip address add 169.254.7.7/32 dev lo
case "$(systemctl --version)" in *+BPF_FRAMEWORK*) echo "systemd|SocketBindDeny: known" ;; esac
try() { # where it is made, the attempt, properties
  where=$1 attempt=$2; shift 2
  said=$(systemd-run --quiet --wait --pipe --collect "$@" "$python" /usr/lib/probes.py "$attempt" 2>&1 | tail -1)
  echo "$where|$said"
}
"#;

/// The unit makes all attempts before it starts the daemon. For that its interpreter may run; nothing else is other.
const IN_THE_UNIT: &str = r#"
mkdir -p /run/systemd/system/provost.service.d
printf '[Service]\nExecPaths=%s\nExecStartPre=%s /usr/lib/probes.py\n' "$python" "$python" \
  > /run/systemd/system/provost.service.d/probes.conf
systemctl daemon-reload
systemctl restart provost
journalctl --sync
journalctl -u provost --no-pager -o cat -t "$(basename "$python")" | sed 's/^/unit|/'
systemctl show provost -p ActiveState
"#;

/// The script that makes each attempt three times.
fn script() -> String {
    let lines = directives();
    let mut text = format!(
        "PROBES='{}'\n{PREPARE}",
        workspace().join("tests/flow/probes.py").display()
    );
    for (directive, attempt, by, _) in PROBES {
        let attempt = attempt.replace('\'', r"'\''");
        let by = match by {
            Root => "",
            Service => "-p User=provost -p Group=provost",
        };
        let with = properties(directive, &lines);
        let _ = writeln!(
            text,
            "try '{directive}|without' '{attempt}' {by}\ntry '{directive}|alone' '{attempt}' {by}{with}"
        );
    }
    text + IN_THE_UNIT
}

/// A directive as the unit has it, for `systemd-run`, with what gives back a part of it and how it refuses.
fn properties(directive: &str, lines: &BTreeMap<String, Vec<String>>) -> String {
    let besides: &[&str] = match directive {
        "NoExecPaths" => &["ExecPaths"],
        "SystemCallFilter" => &["SystemCallErrorNumber"],
        _ => &[],
    };
    let mut properties = String::new();
    for name in [directive].iter().chain(besides) {
        for line in &lines[*name] {
            // systemd-run takes these words one at a time, unlike units.
            let words = match line.strip_prefix("IPAddressDeny=") {
                Some(list) => list.split(' ').collect(),
                None => vec![line.split_once('=').map_or("", |(_, value)| value)],
            };
            for word in words {
                let _ = write!(properties, " -p '{name}={word}'");
            }
        }
    }
    if directive == "NoExecPaths" {
        properties.push_str(" -p ExecPaths=\"$python\"");
    }
    properties
}

/// What became of each attempt, by where and what.
fn outcomes() -> BTreeMap<(String, String), String> {
    let out = booted(&script());
    let mut outcomes = BTreeMap::new();
    for line in out.lines() {
        let outcome = line.rsplit_once('|').zip(line.rsplit_once(": "));
        if let Some(((place, _), (said, outcome))) = outcome {
            let attempt = said.rsplit_once('|').map_or(said, |(_, attempt)| attempt);
            outcomes.insert((place.to_owned(), attempt.to_owned()), outcome.to_owned());
        }
    }
    outcomes
}

#[test]
fn each_protection_of_the_unit_stops_an_attempt_that_goes_through_without_it() {
    let outcomes = outcomes();
    let known = |directive: &str| ("systemd".to_owned(), directive.to_owned());
    let binds = outcomes.contains_key(&known("SocketBindDeny"));
    let mut wrong = Vec::new();
    for (directive, attempt, _, expected) in PROBES {
        let outcome = |place: &str| {
            let found = outcomes.get(&(place.to_owned(), attempt.to_owned()));
            found.map_or("no answer", String::as_str)
        };
        let without = outcome(&format!("{directive}|without"));
        let alone = outcome(&format!("{directive}|alone"));
        let unit = outcome("unit");
        println!("{directive:<24} {attempt:<28} {without:<10} {alone:<14} {unit}");
        if directive == "SocketBindDeny" && !binds {
            println!(
                "{directive}: not claimed, this systemd is built without BPF_FRAMEWORK and passes it over"
            );
            continue;
        }
        let held = !matches!(unit, "ok" | "no answer");
        if (without, alone) != ("ok", expected) || !held {
            wrong.push((directive, attempt, without, alone, unit));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_directive_of_the_unit_is_probed_or_has_its_reason_why_not() {
    let named = PROBES.iter().map(|(directive, ..)| *directive);
    let named = named.chain(UNPROBED.iter().map(|(directive, _)| *directive));
    let directives = directives();
    let there = directives.keys().map(String::as_str);
    assert_eq!(named.collect::<BTreeSet<_>>(), there.collect());
}
