//! The result of `provost test`, for people and as JSON.

use serde_json::{Value, json};
use std::fmt::{self, Write};

use super::run::{Played, Story};

/// What became of one file.
#[derive(Debug)]
pub enum Ending {
    /// It was played.
    Played(Story),
    /// It could not be: not believed, or the world broke down. The text says why, cause by cause.
    Broken {
        /// Which file.
        file: String,
        /// Why, a line each.
        why: String,
    },
}

impl Ending {
    /// Played, and every expectation holds.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Played(story) if story.holds())
    }
}

/// All files of one run.
#[derive(Debug, Default)]
pub struct Report {
    /// In the order they were given.
    pub endings: Vec<Ending>,
}

impl Report {
    /// Every expectation of every file holds.
    pub fn passed(&self) -> bool {
        self.endings.iter().all(Ending::holds)
    }

    /// The report as JSON: `files` with their `steps` and `differences`, `passed`, `failed`.
    pub fn json(&self) -> Value {
        let passed = self.held();
        let files: Vec<_> = self.endings.iter().map(file).collect();
        json!({"passed": passed, "failed": self.endings.len() - passed, "files": files})
    }

    fn held(&self) -> usize {
        self.endings.iter().filter(|ending| ending.holds()).count()
    }
}

impl serde::Serialize for Report {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

fn file(ending: &Ending) -> Value {
    match ending {
        Ending::Played(story) => json!({
            "file": story.file,
            "title": story.title,
            "passed": story.holds(),
            "steps": story.steps,
        }),
        Ending::Broken { file, why } => json!({"file": file, "passed": false, "error": why}),
    }
}

impl fmt::Display for Report {
    /// One line a file that holds; every difference of one that does not; a summary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ending in &self.endings {
            match ending {
                Ending::Played(story) => write_story(f, story)?,
                Ending::Broken { file, why } => {
                    writeln!(f, "FAIL {file}")?;
                    why.lines()
                        .try_for_each(|line| writeln!(f, "     {line}"))?;
                }
            }
        }
        let (all, passed) = (self.endings.len(), self.held());
        writeln!(f, "{passed} of {all} scenarios hold")
    }
}

fn write_story(f: &mut fmt::Formatter<'_>, story: &Story) -> fmt::Result {
    let word = if story.holds() { "ok  " } else { "FAIL" };
    writeln!(f, "{word} {}: {}", story.file, story.title)?;
    story
        .steps
        .iter()
        .filter(|step| !step.differences.is_empty() || !step.remarks.is_empty())
        .try_for_each(|step| f.write_str(&written(step)))
}

fn written(step: &Played) -> String {
    let at = step.at.map_or_else(String::new, |at| format!(" at {at}"));
    let mut text = format!("     step {}{at}\n", step.number);
    for remark in &step.remarks {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "       remark: refused, and nothing was expected of it: {remark}"
        );
    }
    for difference in &step.differences {
        let _ = writeln!(text, "       {}", difference.what);
        let _ = writeln!(text, "         expected {}", difference.expected);
        let _ = writeln!(text, "         got      {}", difference.got);
        for note in &difference.notes {
            let _ = writeln!(text, "           {note}");
        }
    }
    text
}
