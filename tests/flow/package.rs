//! The Debian package on a real systemd: installed, at work, brought to a newer version, removed, purged.
//!
//! dpkg writes to a layer above the machine's own tree that vanishes with the booted system.

use std::path::{Path, PathBuf};
use std::process::Command;

use provost_tests::provost::binary;
use provost_tests::staff::BASE;
use provost_tests::{Staff, World, directory, systemd};

const NOW: &str = "2025-03-02T10:00:00-07:00";

/// Begins every story: a machine that never had the package, and on which services may be started.
const MACHINE: &str = r#"
rm -f /usr/sbin/policy-rc.d
# The index of all manual pages is nobody's promise here, and takes most of the time.
rm -f /var/lib/man-db/auto-update
rm -rf /var/lib/provost /var/spool/provost /etc/provost
install() { dpkg --force-unsafe-io --install "$PACKAGES/provost_$1_"*.deb > /tmp/dpkg 2>&1 || { cat /tmp/dpkg; exit 1; }; }
states() { for unit in provost.service provost.socket provost-backup.timer provost-audit.timer; do
  echo "$1: $unit $(systemctl is-active "$unit") $(systemctl is-enabled "$unit")"; done; }
sample=/usr/share/doc/provost/examples/sample-district.toml
"#;

/// Packs what is built, under each of these versions, into `folder`.
fn pack(folder: &Path, versions: &[&str]) -> PathBuf {
    let place = folder.join("packages");
    let target = binary().ancestors().nth(2).unwrap().to_owned();
    let packer = binary().with_file_name("provost-dev");
    for version in versions {
        let output = Command::new(&packer)
            .args(["package-deb", "--dev", "--version", version, "--out"])
            .arg(&place)
            .env("CARGO_MANIFEST_DIR", systemd::workspace().join("tests/dev"))
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .unwrap_or_else(|why| panic!("{why}: `cargo build --workspace` builds provost-dev"));
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{err}");
    }
    place
}

/// Boots with packages of these versions at hand, runs the story, and gives what it printed.
fn booted(versions: &[&str], story: &str) -> String {
    booted_in(&World::new(NOW), versions, story)
}

/// The same with a world's files at hand.
fn booted_in(world: &World, versions: &[&str], story: &str) -> String {
    let packages = pack(world.path(), versions);
    let script = format!("PACKAGES='{}'\n{MACHINE}{story}", packages.display());
    let output = systemd::inside(&[world.path()], &script);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// Each of the lines was printed, by itself.
fn printed(out: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            out.lines().any(|said| said == *line),
            "{line} is missing in\n{out}"
        );
    }
}

/// Installed, upgraded, upgraded with a unit disabled, removed, installed again, purged.
const LIFE: &str = r#"
install 0.1.0
states installed
dpkg --verify provost; echo "as packed: $?"
provost import "$sample" > /dev/null
echo '# ours' >> /etc/provost/provost.toml
before=$(systemctl show provost -p MainPID --value)

install 0.2.0
states upgraded
[ "$before" != "$(systemctl show provost -p MainPID --value)" ] && echo "another process"
echo "version $(dpkg-query --show --showformat '${Version}' provost)"
echo "people after the upgrade: $(provost export | grep -c '"username"')"
echo "configuration after the upgrade: $(tail -n 1 /etc/provost/provost.toml)"

systemctl disable --quiet provost-audit.timer
systemctl stop provost-audit.timer
install 0.2.0
states again

dpkg --remove provost > /dev/null 2>&1
echo "processes after the removal: $(pgrep -c -x provost || true)"
ls -A /run/provost /usr/lib/provost 2> /dev/null | wc -l | sed 's/^/left at run time: /'
echo "configuration after the removal: $(tail -n 1 /etc/provost/provost.toml)"
install 0.1.0
echo "people after the removal: $(provost export | grep -c '"username"')"

echo secret > /etc/credstore/provost.ldap-password
echo theirs > /etc/credstore/another.password
dpkg --purge provost > /dev/null 2>&1
find /etc /usr /var /run \( -name 'provost*' -o -name 'stamp-provost*' \) | sed 's/^/left: /'
ls /etc/credstore
"#;

#[test]
fn the_package_is_at_work_when_installed_keeps_what_it_knows_when_upgraded_and_goes_when_purged() {
    let out = booted(&["0.1.0", "0.2.0"], LIFE);
    let units = [
        "provost.service",
        "provost.socket",
        "provost-backup.timer",
        "provost-audit.timer",
    ];
    for moment in ["installed", "upgraded"] {
        for unit in units {
            printed(&out, &[&format!("{moment}: {unit} active enabled")]);
        }
    }
    printed(
        &out,
        &[
            "as packed: 0",
            "another process",
            "version 0.2.0",
            "people after the upgrade: 2",
            "configuration after the upgrade: # ours",
            // What an administrator has disabled stays so.
            "again: provost-audit.timer inactive disabled",
            "again: provost-backup.timer active enabled",
            "processes after the removal: 0",
            "left at run time: 0",
            "configuration after the removal: # ours",
            "people after the removal: 2",
            "another.password",
        ],
    );
    assert!(!out.contains("left: "), "{out}");
    assert!(!out.contains("provost.ldap-password"), "{out}");
}

/// With a directory, a mail server and a quiet contact; then killed at six moments while events come in.
const ROAD: &str = r#"
/usr/sbin/slapd -h ldap://127.0.0.1:3389 -f "$WORLD/slapd/slapd.conf"
python3 -u -W ignore -m smtpd -n -c DebuggingServer 127.0.0.1:2525 > /tmp/mail 2>&1 & relay=$!
install 0.1.0
echo "$PASSWORD" > /etc/credstore/provost.ldap-password
cat - "$WORLD/source.toml" >> /etc/provost/provost.toml <<'TOML'
[mail]
relay = "smtp://127.0.0.1:2525"
from = "provost@district.example"
[[district]]
id = "lone-pine"
name = "Lone Pine Unified"
timezone = "America/Denver"
[[plugin]]
id = "email"
file = "/usr/lib/provost/plugins/email.wasm"
[[route]]
notices = ["inactivity.*"]
to = "contact"
channels = ["email"]
TOML
# Credentials are given to a process when it starts.
systemctl restart provost
for _ in $(seq 100); do provost sync apply > /tmp/sync 2>&1 && break; sleep 0.1; done
people() { provost export | grep -c '"username"'; }
echo "people: $(people)"

cat > /tmp/quiet.toml <<'TOML'
[[person]]
id = "quinn"
district = "lone-pine"
username = "quinn"
name = "Quinn Moss"
mail = ["quinn.moss@lonepine.example"]
[[contact]]
person = "quinn"
type = "support"
designated = "2024-01-10T09:00:00-07:00"
TOML
provost import /tmp/quiet.toml > /dev/null
for _ in $(seq 400); do grep -q 'quinn.moss@lonepine.example' /tmp/mail && break; sleep 0.05; done
grep -o -m 1 'quinn.moss@lonepine.example' /tmp/mail | sed 's/^/told: /'

for round in $(seq 6); do
  systemctl reset-failed provost
  restarts=$(systemctl show provost -p NRestarts --value)
  for event in $(seq 40); do provost activity record quinn --id "e$round.$event" > /dev/null 2>&1 || true; done & events=$!
  sleep "0.$round"
  systemctl kill --signal=KILL --kill-whom=main provost
  wait "$events"
  for _ in $(seq 400); do
    [ "$(systemctl show provost -p NRestarts --value)" -gt "$restarts" ] && systemctl -q is-active provost && break
    sleep 0.05
  done
done
echo "people after the kills: $(people)"
provost audit verify > /dev/null && echo "the journal is whole"
systemctl is-active provost
kill "$relay"
"#;

#[test]
fn the_package_follows_a_directory_tells_a_contact_and_survives_kills() {
    let mut world = World::new(NOW).with_directory(Staff {
        count: 200,
        seed: 11,
    });
    // The network of the booted system is its own: the directory runs again inside, on the same data.
    world.slapd().down();
    let source = format!(
        "[[source]]\nid = \"staff-ldap\"\ndistrict = \"lone-pine\"\nurls = [\"ldap://127.0.0.1:3389\"]\n\
         bind = {{ dn = \"{}\", password-file = \"%d/ldap-password\" }}\nbase = \"ou=staff,{BASE}\"\n\
         map = {{ username = \"uid\", name = \"displayName\", mail = \"mail\" }}\n",
        directory::service_dn()
    );
    world.file("source.toml", &source);
    let story = format!(
        "WORLD='{}'\nPASSWORD='{}'\n{}",
        world.path().display(),
        directory::SERVICE_PASSWORD,
        ROAD
    );
    let out = booted_in(&world, &["0.1.0"], &story);
    printed(
        &out,
        &[
            "people: 200",
            "told: quinn.moss@lonepine.example",
            "people after the kills: 201",
            "the journal is whole",
            "active",
        ],
    );
}

/// Both timers' services, 31 old backups beside another file, and what their account must not get.
const UPKEEP: &str = r#"
install 0.1.0
provost import "$sample" > /dev/null
mkdir -m 700 /var/lib/provost/backups
for day in $(seq 31); do touch "/var/lib/provost/backups/provost-200001$(printf %02d "$day")T023000Z.db"; done
touch /var/lib/provost/backups/before-the-move.db
chown -R provost:provost /var/lib/provost/backups
systemctl start provost-backup provost-audit
systemctl show provost-backup provost-audit -p Id -p Result
echo "backups: $(ls /var/lib/provost/backups | grep -c '^provost-')"
ls /var/lib/provost/backups | grep -v '^provost-2000'
provost restore --check "$(ls -d /var/lib/provost/backups/provost-* | tail -n 1)" > /dev/null && echo "a whole copy"
ask() {
  if setpriv --reuid provost-upkeep --regid provost-upkeep --clear-groups provost "$@" > /tmp/answer 2>&1
  then echo "may $*"; else grep -q 'the scope' /tmp/answer && echo "may not $*"; fi
}
ask backup
ask audit verify
ask backup /var/lib/provost/elsewhere.db
ask audit list
ask export
ask contact list
ask token list
ask role grant aortiz hr
ask contact designate bwhite --type technical
systemctl stop provost
systemctl start provost-backup 2> /dev/null || echo "no backup of a daemon that is stopped"
systemctl is-active provost || true
"#;

#[test]
fn the_account_of_the_timers_may_back_up_and_verify_and_nothing_else() {
    let out = booted(&["0.1.0"], UPKEEP);
    printed(
        &out,
        &[
            "backups: 30",
            "before-the-move.db",
            "a whole copy",
            "may backup",
            "may audit verify",
            "may not backup /var/lib/provost/elsewhere.db",
            "may not audit list",
            "may not export",
            "may not contact list",
            "may not token list",
            "may not role grant aortiz hr",
            "may not contact designate bwhite --type technical",
            "no backup of a daemon that is stopped",
            "inactive",
        ],
    );
    assert_eq!(out.matches("Result=success").count(), 2, "{out}");
}

#[test]
fn a_configuration_that_is_not_believed_does_not_break_the_package() {
    let out = booted(
        &["0.1.0", "0.2.0"],
        r#"
install 0.1.0
systemctl stop provost
echo 'nonsense = 1' >> /etc/provost/provost.toml
install 0.2.0
grep '^provost:' /tmp/dpkg
dpkg-query --show --showformat '${Status}\n' provost
systemctl show provost -p ExecMainStatus -p NRestarts
sed -i '$d' /etc/provost/provost.toml
systemctl restart provost
systemctl is-active provost
"#,
    );
    printed(
        &out,
        &[
            "provost: the daemon does not run; 'systemctl status provost' says why",
            "install ok installed",
            "ExecMainStatus=78",
            "NRestarts=0",
            "active",
        ],
    );
}

#[test]
fn the_package_holds_what_debian_expects_of_one() {
    let world = World::new(NOW);
    let packages = pack(world.path(), &["0.1.0"]);
    let package = std::fs::read_dir(&packages)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "deb"))
        .unwrap();
    let ask = |what: &str| {
        let output = Command::new("dpkg-deb")
            .arg(what)
            .arg(&package)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let listing = ask("--contents");
    for line in listing.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (mode, owner, path) = (words[0], words[1], words[5]);
        let program = path == "./usr/bin/provost";
        let expected = match mode.as_bytes()[0] {
            b'd' => "drwxr-xr-x",
            _ if program => "-rwxr-xr-x",
            _ => "-rw-r--r--",
        };
        assert_eq!((mode, owner), (expected, "root/root"), "{line}");
    }
    for path in [
        "./usr/bin/provost",
        "./usr/lib/provost/plugins/email.wasm",
        "./usr/lib/provost/plugins/webhook.wasm",
        "./usr/lib/provost/plugins/montana-edition.wasm",
        "./usr/lib/systemd/system/provost.service",
        "./usr/share/bash-completion/completions/provost",
        "./usr/share/zsh/vendor-completions/_provost",
        "./usr/share/fish/vendor_completions.d/provost.fish",
        "./usr/share/man/man1/provost.1.gz",
        "./usr/share/man/man1/provost-contact-designate.1.gz",
        "./usr/share/doc/provost/copyright",
        "./usr/share/doc/provost/provost.cdx.json.gz",
        "./usr/share/doc/provost/licences.gz",
        "./usr/share/doc/provost/examples/provost.toml",
    ] {
        assert!(
            listing.lines().any(|line| line.ends_with(path)),
            "{path} is missing in\n{listing}"
        );
    }
    let control = ask("--field");
    assert!(control.contains("Depends: libc6 (>= "), "{control}");
}
