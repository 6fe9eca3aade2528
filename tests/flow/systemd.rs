//! The unit as shipped, under a real systemd: ready, hardened, running native plugin code, watched, reloaded, stopped.

use provost_tests::provost::{binary, plugin};
use provost_tests::{World, systemd};

const NOW: &str = "2025-03-02T10:00:00-07:00";

/// Installs the binary, the plugins, the unit and its accounts as a package would, with `$BINARY`, `$PLUGINS` and
/// `$UNITS` to take them from. Everything lands in a file system that vanishes.
const INSTALL: &str = r#"
install -m 755 "$BINARY" /usr/bin/provost
install -D -m 644 -t /usr/lib/provost/plugins "$PLUGINS"/email.wasm "$PLUGINS"/webhook.wasm \
  "$PLUGINS"/montana-edition.wasm
install -D -m 644 -t /etc/systemd/system "$UNITS"/provost.service "$UNITS"/provost.socket "$UNITS"/provost-http.socket
install -D -m 644 "$UNITS"/provost.sysusers.conf /usr/lib/sysusers.d/provost.conf
install -D -m 644 "$UNITS"/provost.tmpfiles.conf /usr/lib/tmpfiles.d/provost.conf
systemd-sysusers provost.conf
systemd-tmpfiles --create provost.conf
echo secret > /etc/credstore/provost.ldap-password
echo secret > /etc/credstore/provost.smtp-password
echo whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw > /etc/credstore/provost.webhook-key
cat > /etc/provost/provost.toml <<'TOML'
[store]
path = "/var/lib/provost/provost.db"
[mail]
relay = "smtp://127.0.0.1:25"
from = "provost@district.example"
username = "provost"
password-file = "%d/smtp-password"
[[district]]
id = "lone-pine"
name = "Lone Pine Unified"
timezone = "America/Denver"
edition = "montana"
products = ["sis"]
[[plugin]]
id = "montana-edition"
file = "/usr/lib/provost/plugins/montana-edition.wasm"
[[plugin]]
id = "email"
file = "/usr/lib/provost/plugins/email.wasm"
[[plugin]]
id = "webhook"
file = "/usr/lib/provost/plugins/webhook.wasm"
allow = ["https://hooks.lonepine.example"]
secrets = { signing-key = "%d/webhook-key" }
settings = { url = "https://hooks.lonepine.example/provost" }
[[route]]
notices = ["inactivity.*"]
to = "contact"
channels = ["email", "webhook"]
TOML
systemctl daemon-reload
systemctl start provost || { systemctl status provost --no-pager; journalctl -u provost --no-pager | tail -40; exit 1; }
"#;

/// Boots, installs, runs the script, and gives what it printed.
pub(crate) fn booted(script: &str) -> String {
    let world = World::new(NOW);
    let folder = world.path().to_owned();
    let place = |name: &str, path: &std::path::Path| format!("{name}='{}'\n", path.display());
    let plugins = plugin("email")
        .parent()
        .map(std::path::Path::to_owned)
        .unwrap_or_default();
    let units = systemd::workspace().join("systemd");
    let mut text = String::from("set -eu\n");
    text += &place("BINARY", &binary());
    text += &place("PLUGINS", &plugins);
    text += &place("UNITS", &units);
    text += INSTALL;
    text += script;
    let output = systemd::inside(&[folder.as_path()], &text);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.into_owned()
}

#[test]
fn the_unit_is_ready_under_its_hardening_and_runs_native_plugin_code() {
    let out = booted(
        r#"
systemctl show provost -p ActiveState -p MemoryDenyWriteExecute -p NRestarts -p StatusText
main=$(systemctl show provost -p MainPID --value)
grep -E '^(Seccomp|NoNewPrivs|CapEff):' "/proc/$main/status"
echo "executable and writable mappings: $(grep -c ' rwx' "/proc/$main/maps" || true)"
echo "sealed code mappings: $(grep -cE ' r-x[sp] .*memfd:' "/proc/$main/maps" || true)"
provost status --json
provost decide --subject nobody --action role.grant --resource nobody --property role=montana --json || true
"#,
    );
    for line in [
        "ActiveState=active",
        "MemoryDenyWriteExecute=yes",
        "NRestarts=0",
        "Seccomp:\t2",
        "NoNewPrivs:\t1",
        "CapEff:\t0000000000000000",
        "executable and writable mappings: 0",
    ] {
        assert!(out.contains(line), "{line} is missing in\n{out}");
    }
    assert!(
        !out.contains("sealed code mappings: 0"),
        "no native plugin code is mapped\n{out}"
    );
    assert!(out.contains("montana-edition"), "{out}");
}

#[test]
fn a_reload_keeps_the_process_and_a_stop_is_clean() {
    let out = booted(
        r#"
before=$(systemctl show provost -p MainPID --value)
sed -i 's/Lone Pine Unified/Lone Pine Joint/' /etc/provost/provost.toml
systemctl reload provost
for _ in $(seq 200); do provost export | grep -q 'Lone Pine Joint' && break; sleep 0.05; done
provost export | grep -o 'Lone Pine Joint'
after=$(systemctl show provost -p MainPID --value)
[ "$before" = "$after" ] && echo "the same process"
systemctl stop provost
systemctl show provost -p Result -p ExecMainStatus
ls /run/provost 2> /dev/null | wc -l
"#,
    );
    for line in [
        "Lone Pine Joint",
        "the same process",
        "Result=success",
        "ExecMainStatus=0",
    ] {
        assert!(out.contains(line), "{line} is missing in\n{out}");
    }
}

#[test]
fn a_killed_daemon_is_started_again_and_a_wrong_configuration_is_not() {
    let out = booted(
        r#"
systemctl kill --signal=KILL --kill-whom=main provost
for _ in $(seq 200); do [ "$(systemctl show provost -p NRestarts --value)" = 1 ] && provost status > /dev/null 2>&1 && break; sleep 0.05; done
systemctl show provost -p NRestarts -p ActiveState
systemctl stop provost
echo 'nonsense = 1' >> /etc/provost/provost.toml
systemctl start provost 2> /dev/null || true
systemctl show provost -p ActiveState -p ExecMainStatus
"#,
    );
    for line in [
        "NRestarts=1\n",
        "ActiveState=active",
        "ActiveState=failed",
        "ExecMainStatus=78",
    ] {
        assert!(out.contains(line), "{line} is missing in\n{out}");
    }
}

#[test]
fn a_secret_that_others_may_read_is_refused_in_the_status_with_the_command_that_mends_it() {
    let out = booted(
        r#"
systemctl stop provost
head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > /etc/provost/checkpoint-key
chmod 644 /etc/provost/checkpoint-key
sed -i 's|^\[store\]|&\ncheckpoint-key-file = "/etc/provost/checkpoint-key"|' /etc/provost/provost.toml
systemctl start provost 2> /dev/null || true
systemctl show provost -p ActiveState -p ExecMainStatus -p StatusText
journalctl -u provost --no-pager | grep -m 1 -o 'others have access (mode 0644).*' | sed 's/^/journal: /'
mend=$(systemctl show provost -p StatusText --value | grep -o 'chown .*')
sh -c "$mend"
systemctl reset-failed provost
systemctl start provost
systemctl show provost -p ActiveState
provost audit checkpoint > /dev/null && echo "signs with the key"
"#,
    );
    let mend = "chown provost /etc/provost/checkpoint-key && chmod 600 /etc/provost/checkpoint-key";
    for line in [
        "ActiveState=failed",
        "ExecMainStatus=78",
        "/etc/provost/checkpoint-key: others have access (mode 0644): chown provost",
        &format!("journal: others have access (mode 0644): {mend}"),
        "ActiveState=active",
        "signs with the key",
    ] {
        assert!(out.contains(line), "{line} is missing in\n{out}");
    }
}

#[test]
fn what_happens_is_found_in_the_journal_by_its_message_id_with_its_fields() {
    let out = booted(
        r#"
provost token create --scopes decide --districts lone-pine --name portal > /dev/null
cp /etc/provost/provost.toml /tmp/good.toml
echo 'nonsense = 1' >> /etc/provost/provost.toml
systemctl reload provost
for _ in $(seq 200); do provost status | grep -q nonsense && break; sleep 0.05; done
journalctl --sync
echo "made: $(journalctl MESSAGE_ID=@TOKEN_MADE@ -o cat)"
journalctl PROVOST_EVENT=configuration.refused -o json | tail -1
systemctl show provost -p StatusText
"#
        .replace("@TOKEN_MADE@", event("token.made"))
        .as_str(),
    );
    for part in [
        "made: token made token=",
        "\"PROVOST_EVENT\":\"configuration.refused\"",
        &format!("\"MESSAGE_ID\":\"{}\"", event("configuration.refused")),
        "\"PRIORITY\":\"3\"",
        "nonsense",
        "the configuration was refused, the old one stays in force",
    ] {
        assert!(out.contains(part), "{part} is missing in\n{out}");
    }
}

/// The message id of a class, as the table for operators has it.
fn event(word: &str) -> &'static str {
    let table = include_str!("../../config/monitoring/README.md");
    let begins = format!("| `{word}` |");
    let row = table.lines().find(|row| row.starts_with(&begins));
    let cell = row.and_then(|row| row.rsplit('`').nth(1));
    cell.unwrap_or_else(|| panic!("{word} has no message id"))
}

#[test]
fn a_daemon_in_which_a_task_hangs_is_named_killed_and_started_again() {
    let out = booted(
        r#"
systemctl stop provost
mkdir -p /run/systemd/system/provost.service.d
printf '[Service]\nWatchdogSec=4s\nEnvironment=PROVOST_STALL=timer.sweep\n' > /run/systemd/system/provost.service.d/stall.conf
systemctl daemon-reload
systemctl start provost
for _ in $(seq 400); do
  systemctl show provost -p StatusText | grep 'does not answer' && break
  sleep 0.05
done
for _ in $(seq 400); do [ "$(systemctl show provost -p NRestarts --value)" -ge 1 ] && break; sleep 0.05; done
journalctl -u provost --no-pager | grep -m 1 -o 'parts of the daemon do not answer.*' || true
journalctl -u provost --no-pager | grep -m 1 -io 'watchdog timeout' || true
rm -r /run/systemd/system/provost.service.d
systemctl daemon-reload
systemctl reset-failed provost
systemctl restart provost
provost status > /dev/null && echo "answers again"
"#,
    );
    for line in [
        "StatusText=does not answer: the sweep timer",
        "parts=the sweep timer",
        "atchdog timeout",
        "answers again",
    ] {
        assert!(out.contains(line), "{line} is missing in\n{out}");
    }
}

#[test]
fn nobody_is_refused_while_the_service_restarts() {
    let out = booted(
        r#"
systemctl stop provost
systemctl start provost-http.socket provost
: > /tmp/asked; : > /tmp/refused
ask() {
  while [ ! -e /tmp/enough ]; do
    if "$@" > /tmp/answer 2>&1; then echo >> /tmp/asked; else cat /tmp/answer >> /tmp/refused; fi
  done
}
ask provost status & one=$!
ask python3 -c 'import socket
with socket.create_connection(("127.0.0.1", 7788)) as s:
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert s.recv(99).startswith(b"HTTP/1.1 200")' & two=$!
# Five starts a minute are the unit's limit, which is not what is looked at here.
until [ "$(wc -l < /tmp/asked)" -ge 25 ]; do systemctl reset-failed provost; systemctl restart provost; done
touch /tmp/enough; wait "$one" "$two"
echo "refused: $(head -c 500 /tmp/refused)"
systemctl show provost -p ActiveState -p NRestarts
systemctl stop provost-http.socket provost.socket provost
ls -A /run/provost | wc -l
"#,
    );
    for line in ["refused: \n", "ActiveState=active", "NRestarts=0"] {
        assert!(out.contains(line), "{line} is missing in\n{out}");
    }
}

#[test]
fn the_units_are_among_the_least_exposed() {
    for unit in ["provost", "provost-backup", "provost-audit"] {
        let level = exposure(unit);
        assert!(level <= 1.2, "{unit}: {level}");
    }
}

/// What `systemd-analyze security` says of a unit, from 0 to 10.
fn exposure(unit: &str) -> f64 {
    let unit = systemd::workspace().join(format!("systemd/{unit}.service"));
    let script = format!(
        "systemd-analyze security --no-pager --offline=yes --threshold=12 '{}' | tail -1",
        unit.display()
    );
    let output = systemd::inside(&[], &script);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{out}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let level = out
        .split(": ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .map(str::to_owned);
    level
        .and_then(|level| level.parse().ok())
        .unwrap_or_else(|| panic!("no level in {out}"))
}
