//! Checks of what plugins return. A plugin's answer is a stranger's: short, printable and known words, or it counts for
//! nothing.

use crate::limits::{AnswerLimits, MESSAGE_BYTES_MAX};

/// What is wrong with something that a plugin returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// A text that must say something says nothing.
    #[error("{what} is empty")]
    Empty {
        /// Of which part of the answer.
        what: &'static str,
    },
    /// Too many bytes or entries.
    #[error("{what} has {length} bytes or entries, more than {max}")]
    TooLong {
        /// Which part of the answer.
        what: &'static str,
        /// How many there are.
        length: usize,
        /// How many there may be.
        max: usize,
    },
    /// Not a word as the rules write them, or one that is not allowed there.
    #[error("{what} `{found}` {problem}")]
    Word {
        /// Which part of the answer.
        what: &'static str,
        /// What it says, made printable.
        found: String,
        /// What it must be.
        problem: &'static str,
    },
}

/// The text without control characters and without marks that turn the direction of writing, cut at
/// [`MESSAGE_BYTES_MAX`]: fit for logs and terminals.
pub fn printable(text: &str) -> String {
    let mut cleaned = String::new();
    for letter in text.chars().filter(|letter| !misleads(*letter)) {
        if cleaned.len() + letter.len_utf8() > MESSAGE_BYTES_MAX {
            break;
        }
        cleaned.push(letter);
    }
    cleaned
}

fn misleads(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Not more than `max` bytes or entries.
pub(crate) fn at_most(what: &'static str, length: usize, max: usize) -> Result<(), BadAnswer> {
    if length > max {
        return Err(BadAnswer::TooLong { what, length, max });
    }
    Ok(())
}

impl AnswerLimits {
    /// Not more entries than any list may have.
    pub(crate) fn listed<T>(&self, what: &'static str, list: &[T]) -> Result<(), BadAnswer> {
        at_most(what, list.len(), self.list)
    }

    /// A sentence or title: says something, fits on a screen, and is made printable.
    pub(crate) fn sentence(&self, what: &'static str, text: &str) -> Result<String, BadAnswer> {
        at_most(what, text.len(), self.message_bytes)?;
        let text = printable(text.trim());
        if text.is_empty() {
            return Err(BadAnswer::Empty { what });
        }
        Ok(text)
    }

    /// A code, action, role or name: lower-case letters, digits, dots and hyphens.
    pub(crate) fn word(&self, what: &'static str, text: String) -> Result<String, BadAnswer> {
        at_most(what, text.len(), self.word_bytes)?;
        if text.is_empty() {
            return Err(BadAnswer::Empty { what });
        }
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        if text.bytes().all(fits) && !text.starts_with(['.', '-']) && !text.ends_with(['.', '-']) {
            return Ok(text);
        }
        Err(BadAnswer::Word {
            what,
            found: printable(&text),
            problem: "must be lower-case letters and digits, with dots and hyphens between them",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_to_a_terminal_neither_controls_it_nor_turns_the_line_around() {
        assert_eq!(
            printable("a\x1b[31mred\r\nnext\u{202e}egap\u{0}"),
            "a[31mrednextegap"
        );
        assert_eq!(printable(&"é".repeat(1000)).len(), MESSAGE_BYTES_MAX);
    }

    #[test]
    fn a_code_is_a_plain_word() {
        let limits = AnswerLimits::default();
        let word = |text: &str| limits.word("code", text.to_owned());
        for good in ["montana.aim-submit", "a", "x9"] {
            assert_eq!(word(good), Ok(good.to_owned()));
        }
        for bad in ["", "A", "a b", ".a", "a-", "ä", "a\n"] {
            assert!(word(bad).is_err(), "{bad:?}");
        }
    }
}
