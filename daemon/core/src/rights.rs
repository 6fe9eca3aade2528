//! Tool and calendar rights as sets.
//!
//! "Are the target's rights a subset of the actor's, letter by letter?" is asked at every login-as, over about a
//! thousand tools. Four bits a tool in 64-bit words make that some sixty AND-NOTs instead of a thousand text
//! comparisons.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::id::{ProductId, SchoolId};

/// Letters of a tool right: read, write, add, delete. At least one when parsed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Letters(u8);

impl Letters {
    /// Read.
    pub const R: Self = Self(1);
    /// Write.
    pub const W: Self = Self(2);
    /// Add.
    pub const A: Self = Self(4);
    /// Delete.
    pub const D: Self = Self(8);
    /// All four.
    pub const ALL: Self = Self(15);

    /// No letter at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Every letter of `other` is among these.
    pub fn contains(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Letters of either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Letters of both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Letters of `self` that `other` lacks.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(1, 'R'), (2, 'W'), (4, 'A'), (8, 'D')] {
            if self.0 & bit != 0 {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no right letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` must be letters of RWAD, each at most once")]
pub struct BadLetters(pub String);

impl FromStr for Letters {
    type Err = BadLetters;
    fn from_str(text: &str) -> Result<Self, BadLetters> {
        let mut bits = 0;
        for letter in text.chars() {
            let bit = match letter {
                'R' => 1,
                'W' => 2,
                'A' => 4,
                'D' => 8,
                _ => 0,
            };
            if bit == 0 || bits & bit != 0 {
                return Err(BadLetters(text.to_owned()));
            }
            bits |= bit;
        }
        if bits == 0 {
            Err(BadLetters(text.to_owned()))
        } else {
            Ok(Self(bits))
        }
    }
}

impl TryFrom<String> for Letters {
    type Error = BadLetters;
    fn try_from(text: String) -> Result<Self, BadLetters> {
        text.parse()
    }
}

impl From<Letters> for String {
    fn from(letters: Letters) -> String {
        letters.to_string()
    }
}

/// A tool of a product, written `product/tool`, or `tool` alone for the product `sis`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolName {
    product: ProductId,
    tool: String,
}

/// A text that names no tool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` must be a tool's name, or product/tool")]
pub struct BadToolName(pub String);

impl ToolName {
    /// The product whose tool it is.
    pub fn product(&self) -> &ProductId {
        &self.product
    }

    /// The tool's name inside its product.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// A tool of the student information system itself.
    pub fn is_sis(&self) -> bool {
        self.product.as_str() == "sis"
    }
}

impl FromStr for ToolName {
    type Err = BadToolName;
    fn from_str(text: &str) -> Result<Self, BadToolName> {
        let bad = || BadToolName(text.to_owned());
        let (product, tool) = text.split_once('/').unwrap_or(("sis", text));
        // The checks of an id are just those that a tool's name needs.
        let tool = ProductId::new(tool).map_err(|_| bad())?.as_str().to_owned();
        Ok(Self {
            product: ProductId::new(product).map_err(|_| bad())?,
            tool,
        })
    }
}

impl TryFrom<String> for ToolName {
    type Error = BadToolName;
    fn try_from(text: String) -> Result<Self, BadToolName> {
        text.parse()
    }
}

impl From<ToolName> for String {
    fn from(name: ToolName) -> String {
        name.to_string()
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_sis() {
            write!(f, "{}/", self.product)?;
        }
        f.write_str(&self.tool)
    }
}

/// Tool rights as written in documents and grants: which letters on which tool.
pub type ListedRights = BTreeMap<ToolName, Letters>;

/// The tools that the register knows. Append-only: a tool keeps its place as long as the register lives.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    names: Vec<ToolName>,
    places: BTreeMap<ToolName, usize>,
    /// For each product, all letters of all its tools.
    products: BTreeMap<ProductId, Vec<u64>>,
}

const TOOLS_PER_WORD: usize = 16;

fn set(words: &mut Vec<u64>, place: usize, letters: Letters) {
    let word = place / TOOLS_PER_WORD;
    if words.len() <= word {
        words.resize(word + 1, 0);
    }
    words[word] |= u64::from(letters.0) << (4 * (place % TOOLS_PER_WORD));
}

impl Tools {
    /// The place of a tool, given to it now if it is new.
    pub fn intern(&mut self, name: &ToolName) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.names.len();
        self.names.push(name.clone());
        self.places.insert(name.clone(), place);
        set(
            self.products.entry(name.product.clone()).or_default(),
            place,
            Letters::ALL,
        );
        place
    }

    /// The place of a tool that is known.
    pub fn place(&self, name: &ToolName) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The tool at a place.
    pub fn name(&self, place: usize) -> Option<&ToolName> {
        self.names.get(place)
    }

    /// How many tools are known.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// No tool is known.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The tool rights that someone has in the end: whole products from full roles, and single tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolRights {
    /// Products of which every tool is open, also those that the register has not heard of.
    products: BTreeSet<ProductId>,
    /// Four bits a tool; tools of `products` are set too.
    words: Vec<u64>,
}

impl ToolRights {
    /// Every right of a product. Rule: `role.inherits-rights`.
    pub fn add_product(&mut self, product: &ProductId, tools: &Tools) {
        if let Some(mask) = tools.products.get(product) {
            if self.words.len() < mask.len() {
                self.words.resize(mask.len(), 0);
            }
            for (word, mask) in self.words.iter_mut().zip(mask) {
                *word |= mask;
            }
        }
        self.products.insert(product.clone());
    }

    /// Letters on the tool at `place` of [`Tools`]; they add up.
    pub fn add(&mut self, place: usize, letters: Letters) {
        set(&mut self.words, place, letters);
    }

    /// The letters held on one tool.
    pub fn letters(&self, name: &ToolName, tools: &Tools) -> Letters {
        if self.products.contains(&name.product) {
            return Letters::ALL;
        }
        tools
            .place(name)
            .map_or(Letters::default(), |place| self.at(place))
    }

    fn at(&self, place: usize) -> Letters {
        let word = self.words.get(place / TOOLS_PER_WORD).copied().unwrap_or(0);
        Letters((word >> (4 * (place % TOOLS_PER_WORD))) as u8 & 15)
    }

    /// Every right of `self` is among those of `other`, letter by letter. Rule: `login-as.rights`.
    ///
    /// Both must have been made with the same [`Tools`].
    pub fn is_subset(&self, other: &Self) -> bool {
        let (shared, rest) = self.words.split_at(self.words.len().min(other.words.len()));
        self.products.is_subset(&other.products)
            && shared
                .iter()
                .zip(&other.words)
                .all(|(ours, theirs)| ours & !theirs == 0)
            && rest.iter().all(|word| *word == 0)
    }

    /// What `self` has and `other` lacks: whole products, then single tools with the missing letters.
    pub fn beyond(&self, other: &Self, tools: &Tools) -> Beyond {
        let products: BTreeSet<_> = self.products.difference(&other.products).cloned().collect();
        let mut single = ListedRights::new();
        for (word, ours) in self.words.iter().enumerate() {
            let mut missing = ours & !other.words.get(word).copied().unwrap_or(0);
            // Most words lack nothing: a denial for one tool of a thousand looks at one tool.
            while missing != 0 {
                let nibble = missing.trailing_zeros() / 4;
                let letters = Letters((missing >> (4 * nibble)) as u8 & 15);
                missing &= !(15 << (4 * nibble));
                let name = tools.name(word * TOOLS_PER_WORD + nibble as usize);
                if let Some(name) = name.filter(|name| !products.contains(name.product())) {
                    single.insert(name.clone(), letters);
                }
            }
        }
        Beyond {
            products,
            tools: single,
        }
    }

    /// Rights on single tools and whole products, for reports.
    pub fn listed(&self, tools: &Tools) -> Beyond {
        self.beyond(&Self::default(), tools)
    }

    /// Rights that both have. Rule: `tool.use` under login-as.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            products: self
                .products
                .intersection(&other.products)
                .cloned()
                .collect(),
            words: self
                .words
                .iter()
                .zip(&other.words)
                .map(|(a, b)| a & b)
                .collect(),
        }
    }
}

/// A difference between two sets of tool rights, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Beyond {
    /// Whole products.
    pub products: BTreeSet<ProductId>,
    /// Single tools of other products.
    pub tools: ListedRights,
}

impl fmt::Display for Beyond {
    /// `all of finance, attendance (WD), … and 12 more`: at most five, so that a sentence stays one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        let whole = self
            .products
            .iter()
            .map(|product| format!("all of {product}"));
        let single = self
            .tools
            .iter()
            .map(|(tool, letters)| format!("{tool} ({letters})"));
        let all = self.products.len() + self.tools.len();
        let shown: Vec<_> = whole.chain(single).take(SHOWN).collect();
        f.write_str(&shown.join(", "))?;
        if all > SHOWN {
            write!(f, " and {} more", all - SHOWN)
        } else {
            Ok(())
        }
    }
}

/// A calendar right: school (or all), calendar (or all), may modify.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CalendarRight {
    /// The school; `None` means all schools, written `*`.
    pub school: Option<SchoolId>,
    /// The calendar; `None` means all calendars of the school, written `*`.
    pub calendar: Option<String>,
    /// May change it, not only look.
    pub modify: bool,
}

/// The calendar rights that someone has in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarRights {
    rights: BTreeSet<CalendarRight>,
}

impl CalendarRights {
    /// Adds one right.
    pub fn add(&mut self, right: CalendarRight) {
        self.rights.insert(right);
    }

    /// All schools and calendars with modify. Rule: `role.all-calendars`.
    pub fn add_all(&mut self) {
        self.add(CalendarRight {
            school: None,
            calendar: None,
            modify: true,
        });
    }

    /// Some right in that school. Rule: `login-as.calendars`.
    pub fn covers_school(&self, school: &SchoolId) -> bool {
        self.rights
            .iter()
            .any(|right| right.school.as_ref().is_none_or(|of| of == school))
    }

    /// Some right reaches at least as far as `wanted`. Rule: `group.ceiling`.
    pub fn covers(&self, wanted: &CalendarRight) -> bool {
        self.rights.iter().any(|right| {
            (right.school.is_none() || right.school == wanted.school)
                && (right.calendar.is_none() || right.calendar == wanted.calendar)
                && (right.modify || !wanted.modify)
        })
    }

    /// Every right, ordered.
    pub fn iter(&self) -> impl Iterator<Item = &CalendarRight> {
        self.rights.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(names: &[&str]) -> Tools {
        let mut tools = Tools::default();
        for name in names {
            tools.intern(&name.parse().unwrap());
        }
        tools
    }

    fn rights(tools: &mut Tools, listed: &[(&str, &str)]) -> ToolRights {
        let mut rights = ToolRights::default();
        for (name, letters) in listed {
            rights.add(
                tools.intern(&name.parse().unwrap()),
                letters.parse().unwrap(),
            );
        }
        rights
    }

    #[test]
    fn one_letter_more_on_one_tool_is_no_subset_and_is_named() {
        let mut tools = Tools::default();
        let actor = rights(&mut tools, &[("attendance", "RW"), ("grades", "RWAD")]);
        let target = rights(&mut tools, &[("attendance", "RWD")]);
        assert!(!target.is_subset(&actor));
        assert_eq!(target.beyond(&actor, &tools).to_string(), "attendance (D)");
    }

    #[test]
    fn a_whole_product_covers_its_tools_but_all_tools_are_not_the_product() {
        let mut tools = tools(&["attendance", "grades", "finance/ledger"]);
        let sis = ProductId::new("sis").unwrap();
        let mut role = ToolRights::default();
        role.add_product(&sis, &tools);
        let listed = rights(&mut tools, &[("attendance", "RWAD"), ("grades", "RWAD")]);
        assert!(listed.is_subset(&role));
        assert!(
            !role.is_subset(&listed),
            "a tool bought tomorrow is in the role but not in the list"
        );
        let ledger = rights(&mut tools, &[("finance/ledger", "R")]);
        assert!(!ledger.is_subset(&role));
    }

    #[test]
    fn a_tool_that_was_interned_later_still_compares() {
        let mut tools = tools(&["attendance"]);
        let early = rights(&mut tools, &[("attendance", "R")]);
        let late = rights(&mut tools, &[("zoology", "R"); 1]);
        let names: Vec<_> = (0..40).map(|n| format!("tool-{n}")).collect();
        let many = rights(
            &mut tools,
            &names
                .iter()
                .map(|name| (name.as_str(), "R"))
                .collect::<Vec<_>>(),
        );
        assert!(!many.is_subset(&early));
        assert!(!late.is_subset(&early));
        assert!(early.is_subset(&early));
    }

    #[test]
    fn letters_are_of_rwad_once_each() {
        assert_eq!("DR".parse::<Letters>().unwrap().to_string(), "RD");
        for bad in ["", "X", "RR", "rw", "R W"] {
            assert_eq!(bad.parse::<Letters>(), Err(BadLetters(bad.to_owned())));
        }
    }

    #[test]
    fn a_tool_without_product_is_of_the_sis() {
        assert_eq!(
            "attendance".parse::<ToolName>().unwrap(),
            "sis/attendance".parse().unwrap()
        );
        for bad in ["", "/x", "x/", "a/b/c"] {
            assert!(bad.parse::<ToolName>().is_err(), "{bad}");
        }
    }
}
