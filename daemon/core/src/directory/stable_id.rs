//! The id by which an entry is known whatever its name.

use super::entry::Entry;

/// How the bytes of an id attribute become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdFormat {
    /// Text as it is, in lower case: `entryUUID` (RFC 4530), `nsUniqueId`.
    Text,
    /// 16 bytes, the first three groups with the least significant byte first: `objectGUID` (MS-DTYP 2.3.4.2).
    Guid,
}

/// The attribute that identifies entries of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdAttribute {
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: IdFormat,
}

/// Longest id that fits with its source into a person's id; real ones have 36 bytes.
const ID_TEXT_MAX: usize = 128;

impl IdAttribute {
    /// An attribute by name; `objectGUID` is a GUID, everything else text.
    pub fn named(name: &str) -> Self {
        let format = if name.eq_ignore_ascii_case("objectGUID") {
            IdFormat::Guid
        } else {
            IdFormat::Text
        };
        Self {
            name: name.to_owned(),
            format,
        }
    }

    /// The id of an entry; `None` if it has none that can be one.
    pub fn of(&self, entry: &Entry) -> Option<String> {
        let value = entry.values(&self.name).next()?;
        match self.format {
            IdFormat::Text => {
                let text = std::str::from_utf8(value).ok()?.trim();
                let good = !text.is_empty()
                    && text.len() <= ID_TEXT_MAX
                    && !text.chars().any(char::is_control);
                good.then(|| text.to_lowercase())
            }
            IdFormat::Guid => guid_text(value),
        }
    }

    /// The filter that finds the entry of this id and nothing else. Source: RFC 4515.
    pub fn filter(&self, id: &str) -> String {
        let bytes = match self.format {
            IdFormat::Text => id.as_bytes().to_vec(),
            IdFormat::Guid => guid_bytes(id).unwrap_or_default(),
        };
        let value: String = bytes.iter().map(|byte| self.written(*byte)).collect();
        format!("({}={value})", self.name)
    }

    fn written(&self, byte: u8) -> String {
        let readable = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if self.format == IdFormat::Text && readable {
            char::from(byte).to_string()
        } else {
            format!("\\{byte:02x}")
        }
    }
}

/// Place in the bytes of each byte of the text form.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn guid_text(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 16] = bytes.try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (place, from) in GUID_ORDER.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{:02x}", bytes[from]));
    }
    Some(text)
}

fn guid_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|letter| *letter != '-')
        .map(|letter| {
            letter
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let written: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    let written: [u8; 16] = written.try_into().ok()?;
    let mut bytes = vec![0; 16];
    for (place, to) in GUID_ORDER.into_iter().enumerate() {
        bytes[to] = written[place];
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Attribute;

    fn with(name: &str, value: &[u8]) -> Entry {
        Entry {
            dn: "cn=x".to_owned(),
            attributes: vec![Attribute::new(name, vec![value.to_vec()])],
        }
    }

    #[test]
    fn a_guid_is_written_as_the_directory_tools_write_it() {
        let bytes: Vec<u8> = (0x00..0x10).collect();
        let id = IdAttribute::named("objectguid");
        let text = id.of(&with("objectGUID", &bytes)).unwrap();
        assert_eq!(text, "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!(
            id.filter(&text),
            r"(objectguid=\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f)"
        );
    }

    #[test]
    fn an_entry_uuid_is_text_and_its_filter_cannot_be_broken_out_of() {
        let id = IdAttribute::named("entryUUID");
        let entry = with("entryuuid", b"6F1C2A3B-0000-4000-8000-000000000001");
        assert_eq!(
            id.of(&entry).unwrap(),
            "6f1c2a3b-0000-4000-8000-000000000001"
        );
        assert_eq!(id.filter("a)(uid=*"), r"(entryUUID=a\29\28uid\3d\2a)");
    }

    #[test]
    fn bytes_that_cannot_be_an_id_are_none() {
        assert_eq!(
            IdAttribute::named("objectGUID").of(&with("objectGUID", b"short")),
            None
        );
        assert_eq!(
            IdAttribute::named("entryUUID").of(&with("entryUUID", b"\xff\xfe")),
            None
        );
        assert_eq!(IdAttribute::named("entryUUID").of(&with("uid", b"x")), None);
    }
}
