//! Seeds of the fuzzer, recorded from real servers: by hand, when a server or what is asked of it has changed.

use std::path::Path;
use std::process::Command;

use provost_tests::process::must;
use provost_tests::staff::{BASE, group_dn};
use provost_tests::{Ds389, Office, SambaAd, Slapd, Staff};
use serde_json::json;

const STAFF: Staff = Staff { count: 20, seed: 3 };

fn record(office: &Office) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let people = office.people();
    let dn = |number: u32| &people[&STAFF.person(number).employee_number]["dn"];
    let task = json!({
        "url": office.url,
        "ca": office.ca,
        "account": office.account,
        "password": office.password,
        "vendor": office.vendor,
        "suffix": BASE,
        "group": group_dn("SIS Admins"),
        "gone": dn(1),
        "changed": dn(11),
        "out": fuzz.join("seeds"),
    });
    let mut command = Command::new("/usr/bin/python3");
    let script = fuzz.join("capture.py");
    must("python3", command.arg(script), &task.to_string());
}

#[test]
#[ignore = "writes into the source tree: `cargo test --workspace --test flow -- --ignored seeds`"]
fn what_real_servers_send_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let everybody = "(employeeNumber=*)";
    record(&Slapd::start(folder.path(), STAFF).office(everybody));
    record(&Ds389::start(folder.path(), &STAFF).office(everybody));
    record(&SambaAd::start(folder.path(), &STAFF).office(everybody));
}
