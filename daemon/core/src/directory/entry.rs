//! An entry as it came: names and bytes, nothing believed yet.

use serde::{Deserialize, Serialize};

/// One attribute of an entry. Source: RFC 4512 §2.5, attribute descriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// The attribute's name in lower case, without options.
    pub name: String,
    /// Options in lower case: `lang-de`, `binary`, `range=0-1499`.
    pub options: Vec<String>,
    /// The values, in the server's order.
    pub values: Vec<Vec<u8>>,
}

impl Attribute {
    /// Takes an attribute description apart, e.g. `member;range=0-1499`.
    pub fn new(description: &str, values: Vec<Vec<u8>>) -> Self {
        let mut parts = description.split(';').map(str::to_ascii_lowercase);
        Self {
            name: parts.next().unwrap_or_default(),
            options: parts.filter(|option| !option.is_empty()).collect(),
            values,
        }
    }

    /// The part of a long list that these values are: first place and last place, `None` for the end. Source: MS-ADTS
    /// 3.1.1.3.1.3.3, range retrieval.
    pub fn range(&self) -> Option<(u64, Option<u64>)> {
        let option = self
            .options
            .iter()
            .find_map(|option| option.strip_prefix("range="))?;
        let (first, last) = option.split_once('-')?;
        let last = match last {
            "*" => None,
            place => Some(place.parse().ok()?),
        };
        Some((first.parse().ok()?, last))
    }

    /// Says something about the value as a whole: no option, or one that only says how it was transferred.
    fn is_plain(&self) -> bool {
        self.options
            .iter()
            .all(|option| option == "binary" || option.starts_with("range="))
    }
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Distinguished name as the server wrote it.
    pub dn: String,
    /// Attributes in the server's order.
    pub attributes: Vec<Attribute>,
}

impl Entry {
    /// Values of the attribute of that name, case-insensitively. Language variants (`cn;lang-de`) are not the
    /// attribute itself and are left out.
    pub fn values<'e>(&'e self, name: &str) -> impl Iterator<Item = &'e [u8]> + use<'e> {
        let name = name.to_ascii_lowercase();
        self.attributes
            .iter()
            .filter(move |attribute| attribute.name == name && attribute.is_plain())
            .flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
    }

    /// The first value that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values(name)
            .find_map(|value| std::str::from_utf8(value).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_apart_and_languages_are_not_the_attribute_itself() {
        let entry = Entry {
            dn: "cn=x".to_owned(),
            attributes: vec![
                Attribute::new("CN;lang-de", vec![b"Hans".to_vec()]),
                Attribute::new("Cn", vec![b"John".to_vec()]),
            ],
        };
        assert_eq!(entry.text("cn"), Some("John"));
    }

    #[test]
    fn a_range_says_which_part_of_the_list_it_is() {
        let range = |text| Attribute::new(text, vec![]).range();
        assert_eq!(range("member;range=0-1499"), Some((0, Some(1499))));
        assert_eq!(range("member;Range=1500-*"), Some((1500, None)));
        assert_eq!(range("member;range=x-*"), None);
        assert_eq!(range("member"), None);
    }
}
