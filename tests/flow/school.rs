//! What happens to a district's directory, told once for every way of reading it.

use std::collections::BTreeMap;
use std::ops::Range;

use provost_tests::staff::{BASE, escaped, group_dn, school_dn};
use provost_tests::{Change, Slapd, directory};
use serde_json::Value;

use crate::sync::{STAFF, status};

/// Staff, until their type says that they have left.
pub(crate) const FILTER: &str = "(&(objectClass=inetOrgPerson)(!(employeeType=left)))";

/// Staff are those with a title.
pub(crate) const TITLED: &str = "(&(objectClass=inetOrgPerson)(title=*))";

/// People who lose their titles together: more than the 5 % that the guard lets through, and nothing shows that an
/// access rule did not hide the titles.
pub(crate) const UNTITLED: Range<u32> = 100..260;

/// LDIF that changes one attribute of a person.
pub(crate) fn replace(number: u32, attribute: &str, value: &str) -> String {
    format!(
        "dn: {}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n\n",
        STAFF.person(number).dn()
    )
}

/// LDIF that takes the titles of [`UNTITLED`] away.
pub(crate) fn titles_lost() -> String {
    let lost = UNTITLED.map(|number| {
        let dn = STAFF.person(number).dn();
        format!("dn: {dn}\nchangetype: modify\ndelete: title\n\n")
    });
    lost.collect()
}

/// LDIF that gives them back.
pub(crate) fn titles_restored() -> String {
    let restored = UNTITLED.map(|number| replace(number, "title", STAFF.person(number).title));
    restored.collect()
}

/// LDIF that adds a person to a group, or deletes them from it.
pub(crate) fn member(verb: &str, group: &str, number: u32) -> String {
    format!(
        "dn: {}\nchangetype: modify\n{verb}: member\nmember: {}\n\n",
        group_dn(group),
        STAFF.person(number).dn()
    )
}

/// LDIF that gives the second school another name.
pub(crate) fn second_school_renamed() -> String {
    format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: ou=Renamed\ndeleteoldrdn: 1\n",
        school_dn(1)
    )
}

/// The staff of the second school.
pub(crate) fn of_second_school() -> impl Iterator<Item = u32> {
    (0..STAFF.count).filter(|number| STAFF.person(*number).school == 1)
}

/// Somebody changes, is renamed, moves, is deleted and is hired; somebody leaves the filter and, last of all, 107 the
/// base.
pub(crate) fn every_kind_of_change(slapd: &Slapd) {
    slapd.apply(&[
        Change::Modify(100),
        Change::Rename(101),
        Change::Move(103),
        Change::Delete(105),
        Change::Add(3_000),
    ]);
    let leaving = STAFF.person(107);
    let rdn = leaving.rdn();
    slapd.modify(&replace(106, "employeeType", "left"));
    slapd.modify(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: {}={}\ndeleteoldrdn: 0\nnewsuperior: ou=service,{BASE}\n",
        leaving.dn(),
        rdn.0,
        escaped(&rdn.1)
    ));
}

/// All of it is in the register, and nobody else has changed.
pub(crate) fn every_kind_has_arrived(
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
) {
    let staff = |number| STAFF.person(number);
    let changed = |number: &u32| {
        let key = staff(*number).employee_number;
        before.get(&key) != after.get(&key)
    };
    let numbers: Vec<u32> = (0..3_001).filter(changed).collect();
    assert_eq!(numbers, [100, 101, 103, 105, 106, 107, 3_000]);
    let phone = &after[&staff(100).employee_number]["phone"];
    assert_eq!(phone[0], directory::new_phone(100));
    // The server named them and the look-up confirmed it: no second opinion is needed.
    for number in [105, 106, 107] {
        assert_eq!(status(after, &staff(number)), "deleted");
    }
}
