//! A plugin's settings: JSON that the administrator wrote, checked against the schema that the plugin gave.
//!
//! Of JSON Schema (2020-12) this knows what a settings form needs: `type`, `properties`, `required`,
//! `additionalProperties: false`, `enum`, `minLength`, `maxLength`, `minimum`, `maximum` and `items` with a `type`.
//! Other keywords are left to the plugin, which refuses what it can't use.

use serde_json::{Map, Value};
use std::fmt;

use crate::wit::channel as wit;

/// One thing that is wrong with a plugin's settings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingProblem {
    /// Which setting.
    pub key: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.problem)
    }
}

/// Checks settings against a schema; finds all problems at once. No schema allows no settings.
pub fn check_settings(
    schema: &Map<String, Value>,
    settings: &Map<String, Value>,
) -> Vec<SettingProblem> {
    let none = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    let mut problems = Vec::new();
    let mut report = |key: &str, problem: String| {
        problems.push(SettingProblem {
            key: key.to_owned(),
            problem,
        });
    };
    let required = schema.get("required").and_then(Value::as_array);
    for key in required.into_iter().flatten().filter_map(Value::as_str) {
        if !settings.contains_key(key) {
            report(key, "is missing".to_owned());
        }
    }
    for (key, value) in settings {
        match properties.get(key) {
            Some(schema) => {
                if let Err(problem) = fits(schema, value) {
                    report(key, problem);
                }
            }
            None if closed => {
                let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                report(
                    key,
                    format!(
                        "is not a setting of this plugin; it has: {}",
                        known.join(", ")
                    ),
                );
            }
            None => {}
        }
    }
    problems.sort();
    problems
}

fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(wanted) = schema.get("type").and_then(Value::as_str)
        && !is_of(wanted, value)
    {
        return Err(format!("= {value} must be of type {wanted}"));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
        return Err(format!("= {value} must be one of {}", allowed.join(", ")));
    }
    let number = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    // Lengths of texts that anyone configures are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let (size, least, most) = match value {
        Value::String(text) => (
            text.chars().count() as f64,
            number("minLength"),
            number("maxLength"),
        ),
        Value::Number(size) => (
            size.as_f64().unwrap_or(f64::NAN),
            number("minimum"),
            number("maximum"),
        ),
        Value::Array(items) => {
            let schema = schema.get("items").unwrap_or(&Value::Null);
            return items.iter().try_for_each(|item| fits(schema, item));
        }
        _ => return Ok(()),
    };
    let (least, most) = (least.unwrap_or(f64::MIN), most.unwrap_or(f64::MAX));
    if size < least {
        return Err(format!("= {value} must be at least {least}"));
    }
    if size > most {
        return Err(format!("= {value} must be at most {most}"));
    }
    Ok(())
}

fn is_of(wanted: &str, value: &Value) -> bool {
    match wanted {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// The settings in the words of the interface.
pub(crate) fn settings(settings: &Map<String, Value>) -> Vec<wit::Setting> {
    let values = settings.iter().map(|(name, value)| wit::Setting {
        name: name.clone(),
        value: value.into(),
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn all_problems_of_settings_are_found_at_once_and_in_order() {
        let schema = object(json!({
            "additionalProperties": false,
            "required": ["url"],
            "properties": {
                "url": { "type": "string" },
                "colour": { "enum": ["red", "blue"] },
                "signature": { "type": "string", "maxLength": 3 },
                "tags": { "type": "array", "items": { "type": "string" } },
            },
        }));
        let settings =
            object(json!({ "colour": "green", "signature": "abcd", "tags": ["a", 1], "sing": 1 }));
        let found: Vec<String> = check_settings(&schema, &settings)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "colour = \"green\" must be one of \"red\", \"blue\"",
                "signature = \"abcd\" must be at most 3",
                "sing is not a setting of this plugin; it has: colour, signature, tags, url",
                "tags = 1 must be of type string",
                "url is missing",
            ]
        );
        let good = object(json!({ "url": "https://h.example", "colour": "red", "tags": ["a"] }));
        assert_eq!(check_settings(&schema, &good), []);
    }
}
