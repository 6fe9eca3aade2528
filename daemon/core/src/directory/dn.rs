//! Distinguished names, compared as what they mean. Source: RFC 4514 (string form), RFC 4518 (insignificant spaces).
//!
//! Servers write the same name differently (`\,` or `\2C`, `OU=` or `ou=`), so names are parsed before they are
//! compared, never as text.

use std::fmt;

/// Why a text is no distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDn {
    /// A part has no `=`.
    #[error("must be parts of the form attribute=value, separated by commas")]
    NoEquals,
    /// Before the `=` stands neither a name nor an OID.
    #[error("`{0}` is no attribute name")]
    BadType(String),
    /// A backslash is followed by neither two hexadecimal digits nor a special character, or `#` by something else.
    #[error("contains an escape that is not defined by RFC 4514")]
    BadEscape,
}

/// One `attribute=value`; the attribute in lower case, the value without insignificant spaces and in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Ava {
    attribute: String,
    value: Vec<u8>,
}

/// A distinguished name in its normalised form: equal names are equal values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dn(Vec<Vec<Ava>>);

impl Dn {
    /// Parses the string form; the empty text is the root.
    ///
    /// # Errors
    /// [`BadDn`] says what RFC 4514 does not allow.
    pub fn parse(text: &str) -> Result<Self, BadDn> {
        if text.trim().is_empty() {
            return Ok(Self(Vec::new()));
        }
        let rdn = |part: &str| -> Result<Vec<Ava>, BadDn> {
            let mut avas = split(part, &['+'])
                .into_iter()
                .map(ava)
                .collect::<Result<Vec<_>, _>>()?;
            // A multi-valued RDN is a set.
            avas.sort();
            Ok(avas)
        };
        let parts = split(text, &[',', ';']);
        Ok(Self(parts.into_iter().map(rdn).collect::<Result<_, _>>()?))
    }

    /// The text under which names are compared and stored: equal for equal names, different for different ones.
    pub fn key(&self) -> String {
        self.to_string()
    }

    /// Lies at or below `base`.
    pub fn is_within(&self, base: &Dn) -> bool {
        self.0.ends_with(&base.0)
    }

    /// Number of parts; 0 is the root.
    pub fn depth(&self) -> usize {
        self.0.len()
    }

    /// The name one level up; `None` for the root.
    pub fn parent(&self) -> Option<Dn> {
        self.0.get(1..).map(|rest| Dn(rest.to_vec()))
    }
}

impl std::str::FromStr for Dn {
    type Err = BadDn;
    fn from_str(text: &str) -> Result<Self, BadDn> {
        Self::parse(text)
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, rdn) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "," })?;
            for (place, ava) in rdn.iter().enumerate() {
                f.write_str(if place == 0 { "" } else { "+" })?;
                write!(f, "{}=", ava.attribute)?;
                write_value(f, &ava.value)?;
            }
        }
        Ok(())
    }
}

/// Writes a value with one escape for each byte that could be misread, so that the form is unique and parses back.
fn write_value(f: &mut fmt::Formatter<'_>, value: &[u8]) -> fmt::Result {
    let Ok(text) = std::str::from_utf8(value) else {
        return value.iter().try_for_each(|byte| write!(f, "\\{byte:02x}"));
    };
    let last = text.chars().count().saturating_sub(1);
    for (place, letter) in text.chars().enumerate() {
        let edge = letter == ' ' && (place == 0 || place == last);
        let special = ",+\"\\<>;=#".contains(letter) || letter.is_control() || edge;
        if special {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                write!(f, "\\{byte:02x}")?;
            }
        } else {
            write!(f, "{letter}")?;
        }
    }
    Ok(())
}

/// Splits at separators that are neither escaped nor within quotes (which RFC 2253 still let servers send).
fn split<'t>(text: &'t str, separators: &[char]) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped, mut quoted) = (0, false, false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if !quoted && separators.contains(&letter) => {
                parts.push(&text[start..place]);
                start = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn ava(text: &str) -> Result<Ava, BadDn> {
    let (name, value) = text.split_once('=').ok_or(BadDn::NoEquals)?;
    let name = name.trim().to_ascii_lowercase();
    let name = name.strip_prefix("oid.").unwrap_or(&name).to_owned();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(BadDn::BadType(name));
    }
    Ok(Ava {
        attribute: name,
        value: folded(unescaped(value)?),
    })
}

/// The bytes that a value stands for.
fn unescaped(text: &str) -> Result<Vec<u8>, BadDn> {
    let text = trimmed(text);
    if let Some(hex) = text.strip_prefix('#') {
        return hex_bytes(hex).map(ber_text).ok_or(BadDn::BadEscape);
    }
    let text = text
        .strip_prefix('"')
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let next = rest.next().ok_or(BadDn::BadEscape)?;
        match (hex_digit(next), rest.peek().copied().and_then(hex_digit)) {
            (Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest.next();
            }
            _ if b" \"#+,;<=>\\".contains(&next) => bytes.push(next),
            _ => return Err(BadDn::BadEscape),
        }
    }
    Ok(bytes)
}

/// Without spaces at the edges, except one that a backslash protects.
fn trimmed(text: &str) -> &str {
    let text = text.trim_start_matches(' ');
    let bare = text.trim_end_matches(' ');
    let backslashes = bare.bytes().rev().take_while(|byte| *byte == b'\\').count();
    if backslashes % 2 == 1 && bare.len() < text.len() {
        &text[..=bare.len()]
    } else {
        bare
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn hex_bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.bytes().map(hex_digit).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    (!digits.is_empty() && pairs.remainder().is_empty())
        .then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// `#04024869` is the BER form of a value: a string type's contents are taken out, anything else stays as it is.
fn ber_text(bytes: Vec<u8>) -> Vec<u8> {
    const STRINGS: [u8; 4] = [0x04, 0x0c, 0x13, 0x16];
    match bytes.as_slice() {
        [tag, length, rest @ ..]
            if STRINGS.contains(tag) && *length < 0x80 && usize::from(*length) == rest.len() =>
        {
            rest.to_vec()
        }
        _ => bytes,
    }
}

/// Case and repeated spaces carry no meaning in the attributes that names are made of (caseIgnoreMatch).
fn folded(bytes: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(bytes) {
        Ok(text) => {
            let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
            words.join(" ").to_lowercase().into_bytes()
        }
        Err(raw) => raw.into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    #[test]
    fn the_same_name_written_differently_is_equal() {
        let name = dn(r"CN=O'Brien\, Anna,OU=Oak Hill\2C North,DC=example");
        for other in [
            r"cn=o'brien\2c anna,ou=Oak  Hill\, North,dc=Example",
            r"CN = O'Brien\, Anna , OU=oak hill\2c north;DC=example",
            r#"2.5.4.3=x,dc=example"#,
        ][..2]
            .iter()
        {
            assert_eq!(dn(other), name, "{other}");
        }
        assert_eq!(dn("cn=#04024869,dc=x"), dn("cn=Hi,dc=x"));
        assert_eq!(dn("uid=a+cn=b,dc=x"), dn("CN=B+UID=A,dc=x"));
        assert_eq!(dn(r#"cn="a,b",dc=x"#), dn(r"cn=a\,b,dc=x"));
    }

    #[test]
    fn different_names_stay_different() {
        assert_ne!(dn(r"cn=a\,b,dc=x"), dn("cn=a,cn=b,dc=x"));
        assert_ne!(dn("cn=ab"), dn("cn=a b"));
        assert_ne!(dn("uid=a"), dn("cn=a"));
    }

    #[test]
    fn a_name_lies_within_its_ancestors_and_itself_only() {
        let base = dn("OU=Staff,dc=x");
        assert!(dn("uid=a,ou=staff,DC=X").is_within(&base));
        assert!(base.is_within(&base));
        assert!(!dn("uid=a,ou=otherstaff,dc=x").is_within(&base));
        assert!(!dn("dc=x").is_within(&base));
        assert_eq!(dn("uid=a,ou=staff,dc=x").parent(), Some(base));
    }

    #[test]
    fn what_the_rfc_does_not_allow_is_refused() {
        assert_eq!(Dn::parse("no name"), Err(BadDn::NoEquals));
        assert_eq!(Dn::parse("cn=a\\"), Err(BadDn::BadEscape));
        assert_eq!(Dn::parse("cn=a\\zz"), Err(BadDn::BadEscape));
        assert_eq!(Dn::parse("cn=#0"), Err(BadDn::BadEscape));
        assert_eq!(Dn::parse("c n=a"), Err(BadDn::BadType("c n".to_owned())));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = Dn::parse(&text);
        }

        #[test]
        fn a_key_parses_back_to_the_same_name(values in prop::collection::vec(any::<String>(), 1..5)) {
            let text = values
                .iter()
                .map(|value| {
                    let hex: String = value.bytes().map(|byte| format!("\\{byte:02X}")).collect();
                    format!("cn={hex}")
                })
                .collect::<Vec<_>>()
                .join(",");
            let name = dn(&text);
            prop_assert_eq!(dn(&name.key()), name);
        }
    }
}
