//! A tool's name.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use crate::id::ProductId;

/// A tool of a product, written `product/tool`, or `tool` alone for the product `sis`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolName {
    pub(super) product: ProductId,
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
