//! A staff directory of any size, the same for the same seed: schools, people and groups with the names that break
//! careless readers.
//!
//! Everything about a person follows from seed and number, so that a test can say what the directory must hold after
//! any series of changes without keeping a copy of it.

/// Suffix of everything.
pub const BASE: &str = "dc=district,dc=example";

/// Given names: several words, accents, other scripts.
const GIVEN: [&str; 24] = [
    "Ana",
    "Ben",
    "Chloé",
    "Dmytro",
    "Ewa",
    "Fátima",
    "Gül",
    "Hồng",
    "Ines",
    "Jean-Luc",
    "Kim",
    "Łucja",
    "María José",
    "Noël",
    "Olena",
    "Paul",
    "Quỳnh",
    "Rosa",
    "Søren",
    "Tom",
    "Ulf",
    "Vera",
    "Zoë",
    "Юрій",
];
/// Surnames: spaces, apostrophes, dots, hyphens, other scripts.
const SURNAME: [&str; 20] = [
    "Ortiz",
    "O'Neill",
    "van der Meer",
    "St. Clair",
    "Müller",
    "Żak-Nowak",
    "D'Amico",
    "Nguyễn",
    "Åkesson",
    "Çelik",
    "Smith",
    "Johnson",
    "García López",
    "Шевченко",
    "佐藤",
    "de la Vega",
    "Lee",
    "Brown",
    "Kovač",
    "Hall",
];
/// Titles with their weight among a hundred.
const TITLES: [(&str, u64); 8] = [
    ("Teacher", 55),
    ("Classroom Aide", 15),
    ("Counselor", 6),
    ("Nurse", 3),
    ("Office Clerk", 9),
    ("Custodian", 7),
    ("Technician", 3),
    ("Principal", 2),
];
/// Schools whose names need escapes in a DN (RFC 4514 §2.4) or are not ASCII.
const SCHOOLS: [&str; 6] = [
    "Lincoln Elementary",
    "Oak Hill, North",
    "Peter + Paul Academy",
    "Collège Sacré-Cœur",
    "José Martí Middle School",
    "#9 \"Harbor\" High",
];

/// A staff directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staff {
    /// How many people.
    pub count: u32,
    /// Which of the many possible directories.
    pub seed: u64,
}

/// A person of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffPerson {
    /// Number within the directory, from 0.
    pub number: u32,
    /// `uid`, unique.
    pub uid: String,
    /// `givenName`.
    pub given: &'static str,
    /// `sn`.
    pub surname: &'static str,
    /// `title`.
    pub title: &'static str,
    /// `mail`, the first is the primary one.
    pub mail: Vec<String>,
    /// `employeeNumber`, unique.
    pub employee_number: String,
    /// `telephoneNumber`.
    pub phone: String,
    /// Number of the school, from 0.
    pub school: u32,
}

impl Staff {
    /// One school for every hundred people, two at least, so that there is somewhere to move to.
    pub fn schools(&self) -> u32 {
        (self.count / 100).clamp(2, 400)
    }

    /// A number that seed, person and purpose decide (splitmix64, the public-domain mixer by Vigna).
    fn draw(&self, number: u32, purpose: u64) -> u64 {
        let mut mixed = self
            .seed
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(u64::from(number) << 8 | purpose)
            .wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn pick<T: Copy>(&self, number: u32, purpose: u64, from: &[T]) -> T {
        let place = self.draw(number, purpose) % from.len() as u64;
        from[usize::try_from(place).unwrap_or(0)]
    }

    fn title(&self, number: u32) -> &'static str {
        let mut left = self.draw(number, 3) % 100;
        for (title, weight) in TITLES {
            if left < weight {
                return title;
            }
            left -= weight;
        }
        TITLES[0].0
    }

    /// The person of that number; numbers from `count` on are people who are hired later.
    pub fn person(&self, number: u32) -> StaffPerson {
        let given = self.pick(number, 1, &GIVEN);
        let surname = self.pick(number, 2, &SURNAME);
        let uid = format!("{}{}{number}", letters(given, 1), letters(surname, 8));
        let mut mail = vec![format!("{uid}@staff.district.example")];
        if number.is_multiple_of(5) {
            mail.push(format!("p{number}@district.example"));
        }
        StaffPerson {
            number,
            given,
            surname,
            title: self.title(number),
            mail,
            employee_number: format!("{}", 100_000 + number),
            phone: phone(self.draw(number, 4)),
            school: u32::try_from(self.draw(number, 5) % u64::from(self.schools())).unwrap_or(0),
            uid,
        }
    }

    /// Everybody.
    pub fn people(&self) -> impl Iterator<Item = StaffPerson> {
        let staff = *self;
        (0..self.count).map(move |number| staff.person(number))
    }
}

impl StaffPerson {
    /// `cn`: what people read.
    pub fn name(&self) -> String {
        format!("{} {}", self.given, self.surname)
    }

    /// Attribute and value of the entry's RDN. One in eight is named `Surname, Given (number)` as some directories do,
    /// one in sixty has everything that RFC 4514 wants escaped.
    pub fn rdn(&self) -> (&'static str, String) {
        match self.number {
            n if n % 60 == 11 => (
                "cn",
                format!("#{} <{n}>; \"{}\" a+b=c\\d ", self.given, self.surname),
            ),
            n if n % 8 == 3 => ("cn", format!("{}, {} ({n})", self.surname, self.given)),
            _ => ("uid", self.uid.clone()),
        }
    }

    /// The entry's DN in its own school.
    pub fn dn(&self) -> String {
        self.dn_at(self.school)
    }

    /// The entry's DN in another school.
    pub fn dn_at(&self, school: u32) -> String {
        let (attribute, value) = self.rdn();
        format!("{attribute}={},{}", escaped(&value), school_dn(school))
    }
}

/// A telephone number of the fictitious range.
pub fn phone(drawn: u64) -> String {
    format!("+1 555 01{:02} {:04}", drawn % 100, drawn / 100 % 10_000)
}

/// The name of a school: its number makes it unique.
pub fn school(number: u32) -> String {
    let name = SCHOOLS[number as usize % SCHOOLS.len()];
    format!("{name} {number:03}")
}

/// The school's code, as people carry it in `departmentNumber`.
pub fn school_code(number: u32) -> String {
    format!("S{number:03}")
}

/// The school's organizational unit.
pub fn school_dn(number: u32) -> String {
    format!("ou={},ou=staff,{BASE}", escaped(&school(number)))
}

/// The DN of a group.
pub fn group_dn(name: &str) -> String {
    format!("cn={},ou=groups,{BASE}", escaped(name))
}

/// A value as it stands in a DN. Rule: RFC 4514 §2.4.
pub fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(value.len() + 4);
    for (place, letter) in value.chars().enumerate() {
        let at_edge = place == 0 || place == last;
        if ",+\"\\<>;=".contains(letter)
            || (letter == '#' && place == 0)
            || (letter == ' ' && at_edge)
        {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// The first ASCII letters of a name, in lower case; `x` for a name that has none.
fn letters(name: &str, most: usize) -> String {
    let found: String = name
        .chars()
        .filter(char::is_ascii_alphabetic)
        .take(most)
        .collect::<String>()
        .to_lowercase();
    if found.is_empty() {
        "x".to_owned()
    } else {
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_gives_the_same_people_and_another_gives_others() {
        let staff = |seed| Staff { count: 300, seed }.people().collect::<Vec<_>>();
        assert_eq!(staff(1), staff(1));
        assert_ne!(staff(1), staff(2));
    }

    #[test]
    fn usernames_dns_and_employee_numbers_are_unique() {
        let staff = Staff {
            count: 3_000,
            seed: 7,
        };
        let unique = |key: fn(&StaffPerson) -> String| {
            staff
                .people()
                .map(|person| key(&person))
                .collect::<BTreeSet<_>>()
                .len()
        };
        assert_eq!(unique(|person| person.uid.clone()), 3_000);
        assert_eq!(unique(StaffPerson::dn), 3_000);
        assert_eq!(unique(|person| person.employee_number.clone()), 3_000);
    }

    #[test]
    fn what_rfc_4514_wants_escaped_is_escaped() {
        assert_eq!(escaped("#a, b+c\\ "), "\\#a\\, b\\+c\\\\\\ ");
        assert_eq!(escaped("Ана"), "Ана");
    }
}
