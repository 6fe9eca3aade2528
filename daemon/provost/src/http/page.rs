//! Lists, page by page. A cursor is opaque to whoever asks: it is handed back as it came.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;

/// Rows of a page at most: an answer stays under a megabyte.
const ROWS_MAX: usize = 1000;

/// Rows of a page if nothing else is asked for.
const ROWS: usize = 100;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The `next` of the page before; the first page if left out.
    cursor: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
}

impl Paging {
    /// Rows that are asked for.
    ///
    /// # Errors
    /// A 400 that names the range.
    pub(super) fn rows(&self) -> Result<usize, Problem> {
        rows(self.limit)
    }

    /// What `read` makes of the cursor, if there is one.
    ///
    /// # Errors
    /// A 400 if `read` makes nothing of it.
    pub(super) fn from<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        read(cursor).map(Some).ok_or_else(|| {
            let why = "it must be the `next` of an earlier page of this list";
            refused("cursor", why)
        })
    }
}

/// Rows of a page, if the number is one of those allowed.
///
/// # Errors
/// A 400 that names the range.
pub(super) fn rows(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(ROWS),
        Some(rows @ 1..=ROWS_MAX) => Ok(rows),
        Some(_) => Err(refused("limit", &format!("it must be 1 to {ROWS_MAX}"))),
    }
}

fn refused(field: &str, why: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "read the query", why).with("field", field.into())
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageOf<T> {
    items: Vec<T>,
    /// The cursor of the next page; null on the last one.
    #[schema(required = true)]
    next: Option<String>,
}

impl<T> PageOf<T> {
    /// A page of at most `rows` things. A full page has a next one, whose cursor is made of the last thing.
    pub(super) fn of<S>(
        things: Vec<S>,
        rows: usize,
        cursor: impl Fn(&S) -> String,
        show: impl FnMut(S) -> T,
    ) -> Self {
        let full = things.len() >= rows;
        let next = things.last().filter(|_| full).map(cursor);
        Self {
            items: things.into_iter().map(show).collect(),
            next,
        }
    }
}
