//! A sample district: staff, schools and groups, the same for the same seed.

use super::directory_server::{Tree, TreeEntry};

/// The naming context of the sample directory.
pub const SUFFIX: &str = "dc=lonepine,dc=example";

/// Who may read it.
pub const READER: &str = "cn=provost,ou=service,dc=lonepine,dc=example";

const GIVEN: [&str; 24] = [
    "Ana", "Ben", "Chloé", "Dmitri", "Elena", "Femi", "Grace", "Hiro", "Inés", "Jamal", "Kim",
    "Lena", "María", "Noor", "Olu", "Petra", "Quinn", "Rosa", "Søren", "Tomás", "Uma", "Viktor",
    "Wen", "Zoë",
];
const FAMILY: [&str; 24] = [
    "Ortiz", "White", "Nguyen", "O'Brien", "Park", "Müller", "Castillo", "Smith", "Haddad",
    "Johnson", "Kowalski", "Brown", "García", "Lee", "St. John", "Evans", "Novak", "Ibrahim",
    "Larsen", "Reed", "Tanaka", "Weber", "Young", "Diaz",
];
const TITLES: [(&str, u64); 6] = [
    ("Teacher", 60),
    ("Instructional Aide", 14),
    ("Office Manager", 10),
    ("Counselor", 8),
    ("IT Technician", 5),
    ("Principal", 3),
];

/// SplitMix64: a small generator whose whole state is the seed, so that the sample is a function of it.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % sides.max(1)
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let place = usize::try_from(self.roll(texts.len() as u64)).unwrap_or(0);
        texts.get(place).copied().unwrap_or_default()
    }

    fn title(&mut self) -> &'static str {
        let mut left = self.roll(TITLES.iter().map(|(_, weight)| weight).sum());
        for (title, weight) in TITLES {
            if left < weight {
                return title;
            }
            left -= weight;
        }
        "Teacher"
    }
}

/// The whole directory as the server keeps it.
pub fn tree(staff: u32, seed: u64) -> Tree {
    let mut tree = Tree::default();
    entries(staff, seed)
        .into_iter()
        .for_each(|entry| tree.put(entry));
    tree
}

/// Schools of a district of that size.
fn schools(staff: u32) -> u32 {
    (staff / 60).clamp(2, 400)
}

/// The whole directory: naming context, units, staff, groups.
fn entries(staff: u32, seed: u64) -> Vec<TreeEntry> {
    let mut all = vec![
        TreeEntry::new(
            SUFFIX,
            &[
                ("objectClass", &["top", "dcObject", "organization"]),
                ("dc", &["lonepine"]),
            ],
        ),
        unit("staff"),
        unit("groups"),
    ];
    let mut dice = Dice(seed);
    let (mut admins, mut teachers, mut office) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..staff {
        let (person, title) = person(number, staff, &mut dice);
        match title {
            "IT Technician" if admins.len() < 3 => admins.push(person.dn.clone()),
            "Teacher" => teachers.push(person.dn.clone()),
            "Office Manager" => office.push(person.dn.clone()),
            _ => {}
        }
        all.push(person);
    }
    let everyone: Vec<String> = ["Teachers", "Office"]
        .iter()
        .map(|name| format!("cn={name},ou=groups,{SUFFIX}"))
        .collect();
    all.push(group("SIS Admins", &admins));
    all.push(group("Teachers", &teachers));
    all.push(group("Office", &office));
    all.push(group("School Staff", &everyone));
    all
}

fn unit(name: &str) -> TreeEntry {
    TreeEntry::new(
        &format!("ou={name},{SUFFIX}"),
        &[
            ("objectClass", &["top", "organizationalUnit"]),
            ("ou", &[name]),
        ],
    )
}

fn group(name: &str, members: &[String]) -> TreeEntry {
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    TreeEntry::new(
        &format!("cn={name},ou=groups,{SUFFIX}"),
        &[
            ("objectClass", &["top", "groupOfNames"]),
            ("cn", &[name]),
            ("member", &members),
        ],
    )
}

fn person(number: u32, staff: u32, dice: &mut Dice) -> (TreeEntry, &'static str) {
    let (given, family) = (dice.pick(&GIVEN), dice.pick(&FAMILY));
    // A district has technicians, however small the sample.
    let title = if number < 3 {
        "IT Technician"
    } else {
        dice.title()
    };
    let plain: String = family
        .to_lowercase()
        .chars()
        .filter(char::is_ascii_lowercase)
        .collect();
    let first = given
        .chars()
        .next()
        .filter(char::is_ascii)
        .map_or('x', |letter| letter.to_ascii_lowercase());
    let uid = format!("{first}{plain}{number}");
    let school = format!("{:03}", dice.roll(u64::from(schools(staff))));
    let name = format!("{given} {family}");
    let mail = format!("{uid}@lonepine.example");
    let phone = format!("+1 555 {:03} {:04}", dice.roll(900) + 100, number % 10_000);
    let stable = format!(
        "{:08x}-0000-4000-8000-{:012x}",
        dice.roll(u64::from(u32::MAX)),
        number
    );
    let entry = TreeEntry::new(
        &format!("uid={uid},ou=staff,{SUFFIX}"),
        &[
            (
                "objectClass",
                &["top", "person", "organizationalPerson", "inetOrgPerson"],
            ),
            ("uid", &[&uid]),
            ("cn", &[&name]),
            ("sn", &[family]),
            ("givenName", &[given]),
            ("mail", &[&mail]),
            ("telephoneNumber", &[&phone]),
            ("employeeNumber", &[&format!("{}", 100_000 + number)]),
            ("title", &[title]),
            ("departmentNumber", &[&school]),
            ("entryUUID", &[&stable]),
        ],
    );
    (entry, title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_gives_the_same_district_and_another_one_another() {
        assert_eq!(entries(100, 7), entries(100, 7));
        assert_ne!(entries(100, 7), entries(100, 8));
    }

    #[test]
    fn every_sample_person_has_an_own_name_and_stable_id() {
        let all = entries(2000, 1);
        let dns: BTreeSet<_> = all.iter().map(|entry| &entry.dn).collect();
        let ids: BTreeSet<_> = all
            .iter()
            .flat_map(|entry| &entry.attributes)
            .filter(|(name, _)| name == "entryUUID")
            .collect();
        assert_eq!((dns.len(), ids.len()), (all.len(), 2000));
    }
}
