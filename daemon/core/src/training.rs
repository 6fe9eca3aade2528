//! Training courses of contacts. Rule: domain §1, `contact.training`.

use serde::{Deserialize, Serialize};

/// The name of a training course, e.g. `fundamentals`: one to sixty-four printable characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Course(String);

/// The course recommended to every technical contact. Rule: `contact.training`.
pub const FUNDAMENTALS: &str = "fundamentals";

/// Letters of a course's name.
const COURSE_LETTERS_MAX: usize = 64;

/// Courses of one contact; more is no record of training.
pub const COURSES_MAX: usize = 100;

impl Course {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Course {
    type Error = BadCourse;
    fn try_from(text: String) -> Result<Self, BadCourse> {
        let fits = (1..=COURSE_LETTERS_MAX).contains(&text.chars().count());
        let printable = !text.chars().any(char::is_control) && text.trim() == text;
        if fits && printable {
            Ok(Self(text))
        } else {
            Err(BadCourse)
        }
    }
}

impl From<Course> for String {
    fn from(course: Course) -> Self {
        course.0
    }
}

impl std::str::FromStr for Course {
    type Err = BadCourse;
    fn from_str(text: &str) -> Result<Self, BadCourse> {
        Self::try_from(text.to_owned())
    }
}

/// Why a text names no course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a course's name must be 1 to {COURSE_LETTERS_MAX} printable characters")]
pub struct BadCourse;
