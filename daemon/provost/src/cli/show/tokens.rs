//! Tokens as people read them.

use serde_json::Value;

use super::{cell, fields, rows, table};

/// The new token; its secret stands alone on the last line, so that a script can take it from there.
pub(crate) fn made_token(answer: &Value) {
    fields(
        answer,
        &[
            ("token", "id"),
            ("scopes", "scopes"),
            ("districts", "districts"),
            ("expires", "expires"),
        ],
    );
    println!("\nthe secret, shown this once:");
    println!("{}", cell(answer, "secret"));
}

pub(crate) fn tokens(answer: &Value) {
    table(
        rows(answer),
        &[
            ("ID", "id"),
            ("NAME", "name"),
            ("SCOPES", "scopes"),
            ("DISTRICTS", "districts"),
            ("CREATED", "created"),
            ("EXPIRES", "expires"),
            ("REVOKED", "revoked"),
            ("VALID", "valid"),
        ],
    );
}
