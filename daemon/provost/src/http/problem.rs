//! Errors as RFC 9457 problem documents.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::error::Error;

use crate::flow::FlowError;
use crate::store::CommitError;

/// What went wrong, for the one who asked.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    title: String,
    causes: Vec<String>,
    more: Value,
}

impl Problem {
    /// A problem with one sentence of reason.
    pub fn new(status: StatusCode, title: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            status,
            title: title.into(),
            causes: vec![why.into()],
            more: Value::Null,
        }
    }

    /// What was sent makes no sense.
    pub fn bad_request(title: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, title, why)
    }

    /// An error with its causes.
    pub fn from_error(status: StatusCode, error: &dyn Error) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(inner) = cause {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        Self {
            status,
            title: error.to_string(),
            causes,
            more: Value::Null,
        }
    }

    /// Adds a member to the document: a decision, a list of problems.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        if !self.more.is_object() {
            self.more = json!({});
        }
        self.more[key] = value;
        self
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        let status = match &error {
            FlowError::Unknown { .. } => StatusCode::NOT_FOUND,
            FlowError::Refused { .. } => StatusCode::FORBIDDEN,
            FlowError::Invalid { .. } => StatusCode::BAD_REQUEST,
            FlowError::Commit(CommitError::Moved { .. }) => StatusCode::CONFLICT,
            FlowError::Store(_) | FlowError::Commit(_) | FlowError::Cut(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let problem = Self::from_error(status, &error);
        match error {
            FlowError::Refused { source, .. } | FlowError::Invalid { source, .. } => {
                match source.decision {
                    Some(decision) => problem.with(
                        "decision",
                        serde_json::to_value(decision).unwrap_or_default(),
                    ),
                    None => problem,
                }
            }
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut document = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.causes.first(),
            "causes": self.causes.get(1..).unwrap_or_default(),
        });
        if let (Some(document), Value::Object(more)) = (document.as_object_mut(), self.more) {
            document.extend(more);
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, document.to_string()).into_response()
    }
}
