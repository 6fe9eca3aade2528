//! Messages as they arrived.

/// A message that the mail server delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// All of it.
    pub text: String,
}

impl Received {
    /// The value of the first header of that name, unfolded, encoded words as they stand.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut found: Option<String> = None;
        for line in self
            .text
            .lines()
            .take_while(|line| !line.trim_end().is_empty())
        {
            match (&mut found, line.starts_with([' ', '\t'])) {
                (Some(value), true) => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                (Some(_), false) => break,
                (None, _) => {
                    let value = line
                        .split_once(':')
                        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
                    found = value.map(|(_, value)| value.trim().to_owned());
                }
            }
        }
        found
    }

    /// Its Message-ID.
    ///
    /// # Panics
    /// If it has none.
    pub fn message_id(&self) -> String {
        let id = self.header("Message-ID");
        id.unwrap_or_else(|| panic!("no Message-ID in\n{}", self.text))
    }

    /// The recipient that it was delivered to.
    ///
    /// # Panics
    /// If the server noted none.
    pub fn delivered_to(&self) -> String {
        let to = self.header("Delivered-To");
        to.unwrap_or_else(|| panic!("no Delivered-To in\n{}", self.text))
    }

    /// Everything behind the headers, with soft line breaks of quoted-printable taken out.
    pub fn body(&self) -> String {
        let unix = self.text.replace("\r\n", "\n");
        let body = unix.split_once("\n\n").map_or("", |(_, body)| body);
        body.replace("=\n", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folded_header_is_read_as_one_line_and_the_body_is_none() {
        let mail = Received {
            text: "From: a\r\nSubject: one\r\n two\r\nTo: b\r\n\r\nX-Body: c=\r\nd\r\n".to_owned(),
        };
        assert_eq!(mail.header("subject").as_deref(), Some("one two"));
        assert_eq!(mail.header("X-Body"), None);
        assert_eq!(mail.body(), "X-Body: cd\n");
    }
}
