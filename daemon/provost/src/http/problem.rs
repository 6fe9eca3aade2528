//! Errors as RFC 9457 problem documents.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use std::error::Error;
use utoipa::ToSchema;

use crate::flow::FlowError;
use crate::store::{CommitError, Obstacle};

/// What went wrong, for the one who asked.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    title: String,
    causes: Vec<String>,
    more: Map<String, Value>,
}

/// A problem document (RFC 9457 §3). Some problems carry more: a decision, a list of problems.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document {
    /// Always `about:blank`: the status and the words say what it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What was attempted.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Why it failed.
    detail: Option<String>,
    /// Deeper causes of the detail, the nearest first.
    causes: Vec<String>,
    /// The member of the body or the key of the query that is wrong, with dots between levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    field: Option<Value>,
    #[serde(flatten)]
    #[schema(ignore)]
    more: Map<String, Value>,
}

impl Problem {
    /// A problem with one sentence of reason.
    pub fn new(status: StatusCode, title: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            status,
            title: title.into(),
            causes: vec![why.into()],
            more: Map::new(),
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
            more: Map::new(),
        }
    }

    /// The register takes no writes at the moment.
    fn hindered(error: &FlowError, obstacle: Obstacle) -> Self {
        let status = match obstacle {
            Obstacle::Full => StatusCode::INSUFFICIENT_STORAGE,
            Obstacle::Unwritable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut problem = Self::from_error(status, error);
        let why = format!("{}; nothing of this was recorded", obstacle.why());
        problem.causes.insert(0, why);
        problem
    }

    /// Adds a member to the document: a decision, a list of problems.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.more.insert(key.to_owned(), value);
        self
    }

    /// The same problem under another status.
    #[must_use]
    pub(super) fn under(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Why, in one sentence.
    pub(super) fn why(&self) -> &str {
        self.causes.first().unwrap_or(&self.title)
    }

    /// The status it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        if let Some(obstacle) = Obstacle::of(&error) {
            return Self::hindered(&error, obstacle);
        }
        let status = match &error {
            FlowError::Unknown { .. } => StatusCode::NOT_FOUND,
            FlowError::Refused { .. } => StatusCode::FORBIDDEN,
            FlowError::Invalid { .. } => StatusCode::BAD_REQUEST,
            FlowError::Conflict { .. } | FlowError::Commit(CommitError::Moved { .. }) => {
                StatusCode::CONFLICT
            }
            FlowError::TimeUp { .. } => StatusCode::SERVICE_UNAVAILABLE,
            FlowError::Store(_) | FlowError::Commit(_) | FlowError::Key(_) | FlowError::Cut(_) => {
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
    fn into_response(mut self) -> Response {
        let mut causes = self.causes.into_iter();
        let document = Document {
            kind: "about:blank",
            title: self.title,
            status: self.status.as_u16(),
            detail: causes.next(),
            causes: causes.collect(),
            field: self.more.remove("field"),
            more: self.more,
        };
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let text = serde_json::to_string(&document).unwrap_or_default();
        let mut response = (self.status, kind, text).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
