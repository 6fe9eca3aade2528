//! The staff directory as LDIF (RFC 2849), and the changes that a school year brings.

use std::fmt::Write as _;

use crate::staff::{
    BASE, Staff, StaffPerson, escaped, group_dn, phone, school, school_code, school_dn,
};

/// Password of the account `cn=provost,ou=service`.
pub const SERVICE_PASSWORD: &str = "read-only";

/// The account that the daemon binds as.
pub fn service_dn() -> String {
    format!("cn=provost,ou=service,{BASE}")
}

/// A change of the directory, as a person in the office would make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another telephone number and title.
    Modify(u32),
    /// The telephone number that this draw gives, so that a person can change many times.
    Phone(u32, u64),
    /// A new name in the DN: marriage. People whose RDN is their `uid` get the uid with `m` behind it.
    Rename(u32),
    /// To the next school.
    Move(u32),
    /// Gone.
    Delete(u32),
    /// Hired: the person of that number, beyond the directory's count.
    Add(u32),
}

/// The whole directory: units, schools, people, groups and the service account.
pub fn ldif(staff: &Staff) -> String {
    let mut out = String::new();
    top(&mut out);
    for number in 0..staff.schools() {
        let name = school(number);
        entry(
            &mut out,
            &school_dn(number),
            &[("objectClass", "organizationalUnit"), ("ou", &name)],
        );
    }
    for person in staff.people() {
        person_entry(&mut out, &person);
    }
    groups(&mut out, staff);
    out
}

fn top(out: &mut String) {
    let domain = [
        ("objectClass", "dcObject"),
        ("objectClass", "organization"),
        ("dc", "district"),
    ];
    let mut domain = domain.to_vec();
    domain.push(("o", "Example Unified School District"));
    entry(out, BASE, &domain);
    for unit in ["staff", "groups", "service"] {
        let dn = format!("ou={unit},{BASE}");
        entry(
            out,
            &dn,
            &[("objectClass", "organizationalUnit"), ("ou", unit)],
        );
    }
    entry(
        out,
        &service_dn(),
        &[
            ("objectClass", "organizationalRole"),
            ("objectClass", "simpleSecurityObject"),
            ("cn", "provost"),
            ("userPassword", SERVICE_PASSWORD),
        ],
    );
}

fn person_entry(out: &mut String, person: &StaffPerson) {
    line(out, "dn", &person.dn());
    attributes(out, person);
    out.push('\n');
}

fn attributes(out: &mut String, person: &StaffPerson) {
    let (rdn, value) = person.rdn();
    line(out, "objectClass", "inetOrgPerson");
    if rdn == "cn" {
        line(out, "cn", &value);
    }
    line(out, "cn", &person.name());
    line(out, "sn", person.surname);
    line(out, "givenName", person.given);
    line(out, "displayName", &person.name());
    line(out, "uid", &person.uid);
    for mail in &person.mail {
        line(out, "mail", mail);
    }
    line(out, "employeeNumber", &person.employee_number);
    line(out, "title", person.title);
    line(out, "telephoneNumber", &person.phone);
    line(out, "departmentNumber", &school_code(person.school));
    if person.number.is_multiple_of(7) {
        line(out, "description", "Zuständig für Räume; état vérifié");
    }
}

/// A group a school and one of its teachers, one of everybody, one a title, and a chain: `SIS Admins` holds three people
/// and the group `Principals`, which holds people and, as a cycle, `SIS Admins`.
fn groups(out: &mut String, staff: &Staff) {
    let mut schools = vec![Vec::new(); staff.schools() as usize];
    for person in staff.people() {
        schools[person.school as usize].push((person.title, person.dn()));
    }
    for (number, members) in (0..).zip(&schools) {
        let name = school(number);
        let all = members.iter().map(|(_, dn)| dn.clone());
        group(out, &format!("School {name}"), all);
        let teachers = members.iter().filter(|(title, _)| *title == "Teacher");
        let teachers = teachers.map(|(_, dn)| dn.clone());
        group(out, &format!("Teachers, {name}"), teachers);
    }
    group(out, "All Staff", staff.people().map(|person| person.dn()));
    for title in ["Teacher", "Technician"] {
        let members = staff.people().filter(|person| person.title == title);
        group(
            out,
            &format!("Role, {title}"),
            members.map(|person| person.dn()),
        );
    }
    let principals = staff
        .people()
        .filter(|person| person.title == "Principal")
        .take(2);
    let admins = principals
        .map(|person| person.dn())
        .chain([group_dn("SIS Admins")]);
    group(out, "Principals", admins);
    let first = staff.people().take(3).map(|person| person.dn());
    group(out, "SIS Admins", first.chain([group_dn("Principals")]));
}

fn group(out: &mut String, name: &str, members: impl Iterator<Item = String>) {
    let members: Vec<String> = members.collect();
    if members.is_empty() {
        return;
    }
    let mut lines = vec![("objectClass", "groupOfNames"), ("cn", name)];
    lines.extend(members.iter().map(|member| ("member", member.as_str())));
    entry(out, &group_dn(name), &lines);
}

/// Changes as LDIF for `ldapmodify`.
pub fn changes(staff: &Staff, changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        write(&mut out, staff, change);
        out.push('\n');
    }
    out
}

fn write(out: &mut String, staff: &Staff, change: &Change) {
    match change {
        Change::Modify(number) => {
            let person = staff.person(*number);
            line(out, "dn", &person.dn());
            out.push_str("changetype: modify\nreplace: telephoneNumber\n");
            line(out, "telephoneNumber", &new_phone(*number));
            out.push_str("-\nreplace: title\n");
            line(out, "title", &format!("Senior {}", person.title));
            out.push_str("-\n");
        }
        Change::Phone(number, drawn) => {
            line(out, "dn", &staff.person(*number).dn());
            out.push_str("changetype: modify\nreplace: telephoneNumber\n");
            line(out, "telephoneNumber", &phone(*drawn));
            out.push_str("-\n");
        }
        Change::Rename(number) => {
            let person = staff.person(*number);
            let (attribute, value) = person.rdn();
            line(out, "dn", &person.dn());
            out.push_str("changetype: modrdn\n");
            line(
                out,
                "newrdn",
                &format!("{attribute}={}", escaped(&format!("{value}m"))),
            );
            out.push_str("deleteoldrdn: 1\n");
        }
        Change::Move(number) => {
            let person = staff.person(*number);
            let (attribute, value) = person.rdn();
            line(out, "dn", &person.dn());
            out.push_str("changetype: modrdn\n");
            line(out, "newrdn", &format!("{attribute}={}", escaped(&value)));
            out.push_str("deleteoldrdn: 0\n");
            line(
                out,
                "newsuperior",
                &school_dn((person.school + 1) % staff.schools()),
            );
        }
        Change::Delete(number) => {
            line(out, "dn", &staff.person(*number).dn());
            out.push_str("changetype: delete\n");
        }
        Change::Add(number) => {
            let person = staff.person(*number);
            line(out, "dn", &person.dn());
            out.push_str("changetype: add\n");
            attributes(out, &person);
        }
    }
}

/// The telephone number that [`Change::Modify`] gives.
pub fn new_phone(number: u32) -> String {
    phone(u64::from(number) + 424_242)
}

fn entry(out: &mut String, dn: &str, lines: &[(&str, &str)]) {
    line(out, "dn", dn);
    for (attribute, value) in lines {
        line(out, attribute, value);
    }
    out.push('\n');
}

/// One line; what is not a SAFE-STRING is written in base64 (RFC 2849).
fn line(out: &mut String, attribute: &str, value: &str) {
    let safe = !value.starts_with([' ', ':', '<'])
        && !value.ends_with(' ')
        && value.bytes().all(|byte| (32..127).contains(&byte));
    let _ = if safe {
        writeln!(out, "{attribute}: {value}")
    } else {
        writeln!(out, "{attribute}:: {}", base64(value.as_bytes()))
    };
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, place| {
            bits << 8 | usize::from(three.get(place).copied().unwrap_or(0))
        });
        for place in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * place) & 63];
            out.push(if place <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let written =
            ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|t| base64(t.as_bytes()));
        let expected = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        assert_eq!(written, expected);
    }

    #[test]
    fn a_directory_is_the_same_text_each_time() {
        let staff = Staff { count: 50, seed: 3 };
        assert_eq!(ldif(&staff), ldif(&staff));
    }
}
