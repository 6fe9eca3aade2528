//! Tool and calendar rights as sets.
//!
//! "Are the target's rights a subset of the actor's, letter by letter?" is asked at every login-as, over about a
//! thousand tools. Four bits a tool in 64-bit words make that some sixty AND-NOTs instead of a thousand text
//! comparisons.

mod calendar;
mod letters;
mod tool;

#[cfg(test)]
mod tests;

pub use calendar::{CalendarRight, CalendarRights};
pub use letters::{BadLetters, Letters};
pub use tool::{BadToolName, ToolName};

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::id::ProductId;

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
