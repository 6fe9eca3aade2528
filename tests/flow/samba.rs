//! A domain controller (Samba AD), and what it does unlike other directories.

use std::fmt::Write as _;

use provost_tests::samba::ACCOUNT_PASSWORD;
use provost_tests::staff::{BASE, group_dn};
use provost_tests::world::DISTRICT;
use provost_tests::{Office, SambaAd, Staff, Step, World};
use serde_json::Value;

use crate::rounds::{Rounds, Server, an_empty_group_fills, quirk, school_year, staff_of_a_year};
use crate::sync::{NOW, count, run};

const FILTER: &str = "(&(objectClass=user)(!(employeeType=left)))";

const STAFF: Staff = Staff {
    count: 300,
    seed: 13,
};

impl Server for SambaAd {
    fn office(&self) -> Office {
        Self::office(self, FILTER)
    }

    fn access(&self, world: &World) -> String {
        access(self, world, &Self::reader())
    }

    fn kill(&mut self) {
        Self::kill(self);
    }

    fn up(&mut self) {
        Self::up(self);
    }

    fn username(&self) -> &'static str {
        "sAMAccountName"
    }
}

fn access(server: &SambaAd, world: &World, account: &str) -> String {
    let password = world.secret("ldap-password", ACCOUNT_PASSWORD);
    format!(
        "urls = [\"{}\"]\nca-file = \"{}\"\nbind = {{ dn = \"{account}\", password-file = \"{}\" }}\n",
        server.url(),
        server.ca().display(),
        password.display()
    )
}

#[test]
fn a_school_year_on_a_domain_controller_arrives_whole_in_every_mode() {
    let staff = staff_of_a_year(STAFF);
    let mut rounds = Rounds::begin(staff, &["full", "dirsync"], |world| {
        SambaAd::start(world.path(), &staff)
    });
    school_year(&mut rounds);
    an_empty_group_fills(&mut rounds);
    let status = run(&rounds.world.provost, &["sync", "status", "--json"]).json();
    let modes = status
        .as_array()
        .unwrap()
        .iter()
        .map(|source| &source["mode"]);
    assert_eq!(Vec::from_iter(modes), ["dirsync", "full"], "{status}");
}

/// A world with one source for each of these accounts and modes, all of them for one district.
fn looked_at_by(world: &mut World, looks: &[(&str, String, &str, String)]) {
    let mut text = String::new();
    for (id, base, mode, access) in looks {
        let _ = write!(
            text,
            "[[source]]\nid = \"{id}\"\ndistrict = \"{DISTRICT}\"\n{access}base = \"{base}\"\n\
             filter = \"(&{FILTER}(employeeNumber=*))\"\nmode = \"{mode}\"\nevery = \"24h\"\nlive = false\n\
             map = {{ username = \"sAMAccountName\", name = \"displayName\", employee-number = \"employeeNumber\" }}\n\
             [[source.grant]]\ngroup = \"{group}\"\nrole = \"sis\"\n\
             [[source.grant]]\ngroup = \"cn=Domain Users,cn=Users,{BASE}\"\nrole = \"sis.login-as\"\n",
            group = group_dn("SIS Admins"),
        );
    }
    world.configure(&text);
    world.provost.start();
}

#[test]
fn what_an_account_may_not_see_of_a_domain_is_said_and_read_whole() {
    let mut world = World::new(NOW);
    let server = SambaAd::start(world.path(), &STAFF);
    let staff = format!("ou=staff,{BASE}");
    let by = |account: String| access(&server, &world, &account);
    let clear = by(SambaAd::reader()).replace(&server.url(), &server.clear_url());
    let looks = [
        ("reader", staff.clone(), "auto", by(SambaAd::reader())),
        ("limited", staff.clone(), "auto", by(SambaAd::limited())),
        ("stranger", staff.clone(), "auto", by(SambaAd::stranger())),
        (
            "stubborn",
            staff.clone(),
            "dirsync",
            by(SambaAd::stranger()),
        ),
        ("domain", BASE.to_owned(), "auto", by(SambaAd::reader())),
        ("clear", staff, "auto", clear),
    ];
    looked_at_by(&mut world, &looks);
    let probe = |source: &str| run(&world.provost, &["sync", "probe", source, "--json"]).json();

    shows_everything(&probe("reader"));
    let tombstones = "no deleted entry is shown to this account";
    for (source, why) in [
        ("limited", tombstones),
        ("stranger", "Replicating Directory Changes"),
        ("stubborn", tombstones),
    ] {
        let told = quirk(&probe(source), "changes");
        assert!(
            told.starts_with("read whole each time: ") && told.contains(why),
            "{source}: {told}"
        );
    }
    // Searches from the domain's root are answered with referrals to its other parts besides.
    let domain = run(&world.provost, &["sync", "plan", "domain", "--json"]).json();
    assert_eq!(count(&domain, "added"), 300, "{domain}");
    // Nobody is listed in the group that is everybody's primary one.
    let lines = domain["lines"].as_array().unwrap();
    let given = lines.iter().filter_map(Value::as_str);
    let given = given.filter(|line| line.contains("sis.login-as")).count();
    assert_eq!(given, 300, "{:?}", lines.last());
    let clear = world.provost.cli(&["sync", "probe", "clear"]);
    assert_eq!(clear.code, 1, "{clear:?}");
    assert!(
        clear.err.contains("8 (stronger authentication required)"),
        "{clear:?}"
    );

    // Who is not told of deletions reads everything, and misses none.
    let applied = |source: &str| run(&world.provost, &["sync", "apply", source, "--json"]).json();
    assert_eq!(count(&applied("limited"), "added"), 300);
    Server::office(&server).apply(&[Step::delete(&STAFF.person(33))]);
    let report = applied("limited");
    assert_eq!(report["extent"], "everything", "{report}");
    assert!(
        report["because"].as_str().unwrap().contains(tombstones),
        "{report}"
    );
    assert_eq!(count(&report, "missing"), 1, "{report}");
}

/// What a probe must find where the account may see everything.
fn shows_everything(probe: &Value) {
    assert_eq!(probe["profile"], "samba-ad", "{probe}");
    assert_eq!(probe["mode"], "dirsync", "{probe}");
    assert_eq!(probe["id-attribute"], "objectGUID", "{probe}");
    assert_eq!(probe["schema-ok"], true, "{probe}");
    assert_eq!(quirk(probe, "changes"), "told from here on");
    assert_eq!(
        quirk(probe, "a foreign cookie"),
        "refused with result code 12"
    );
    assert_eq!(
        quirk(probe, "page limit"),
        "none seen: all 300 came in one page"
    );
    assert_eq!(
        quirk(probe, "long lists"),
        "in pieces when asked for, else whole (4 members here)"
    );
}
