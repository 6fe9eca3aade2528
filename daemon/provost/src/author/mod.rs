//! What a plugin's author does, without a daemon: begin a project, build it, try it.
//!
//! The road of a project: [`template`] writes it, [`build`] drives the toolchain of its language and checks what comes
//! out, [`trial`] runs that as the daemon would, [`bench`] measures it. `sdk/README.md` is the guide to it.

pub mod bench;
pub mod build;
pub mod manifest;
pub mod project;
pub mod run;
pub mod template;
pub mod trial;

use std::fmt;
use std::str::FromStr;

/// A language that plugins are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// cargo, for wasm32-unknown-unknown.
    Rust,
    /// componentize-py.
    Python,
    /// componentize-js.
    JavaScript,
}

impl Lang {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::JavaScript];

    /// `rust`, `python`, `javascript`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// No such language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be rust, python or javascript")]
pub struct UnknownLang;

impl FromStr for Lang {
    type Err = UnknownLang;
    fn from_str(text: &str) -> Result<Self, UnknownLang> {
        let named = |lang: &Self| lang.word() == text;
        Self::ALL.into_iter().find(named).ok_or(UnknownLang)
    }
}
