//! Cases, calls and requests for updates.

use serde_json::{Value, json};
use std::process::ExitCode;

use super::super::args::{Advance, CallCommand, CaseCommand, UpdateRequestCommand};
use super::super::client::query;
use super::super::{CliError, show};
use super::Desk;

pub(super) fn case(desk: &Desk<'_>, command: &CaseCommand) -> Result<ExitCode, CliError> {
    let (verb, body) = match command {
        CaseCommand::List { district } => {
            let path = format!("/v1/cases{}", query(&[("district", district.as_deref())]));
            return desk.print(&desk.all(&path)?, show::cases);
        }
        CaseCommand::Open {
            id,
            district,
            by,
            requester,
            owner,
            emergency,
            reason,
        } => (
            "open",
            json!({ "id": id, "district": district, "by": by, "requester": requester, "owner": owner,
                    "emergency": emergency, "reason": reason }),
        ),
        CaseCommand::Close { id, by } => ("close", json!({ "id": id, "by": by })),
        CaseCommand::Transition { id, to, by } => {
            ("transition", json!({ "id": id, "to": to, "by": by }))
        }
    };
    desk.print(&desk.post(&format!("/v1/cases/{verb}"), &body)?, |answer| {
        show::cases(&Value::Array(vec![answer["case"].clone()]));
    })
}

pub(super) fn call(desk: &Desk<'_>, command: &CallCommand) -> Result<ExitCode, CliError> {
    let step = |id: &str, person: &str, by: &Option<String>| json!({ "id": id, "person": person, "by": by });
    let (verb, body) = match command {
        CallCommand::List { district } => {
            let path = format!("/v1/calls{}", query(&[("district", district.as_deref())]));
            return desk.print(&desk.all(&path)?, show::calls);
        }
        CallCommand::Show { id } => {
            let path = format!("/v1/calls/one{}", query(&[("id", Some(id))]));
            return desk.print(&desk.get(&path)?, show::call);
        }
        CallCommand::Open {
            id,
            district,
            person,
            by,
        } => (
            "open",
            json!({ "id": id, "district": district, "person": person, "by": by }),
        ),
        CallCommand::Join { id, person, by } => ("join", step(id, person, by)),
        CallCommand::Leave { id, person, by } => ("leave", step(id, person, by)),
        CallCommand::End { id, by } => ("end", json!({ "id": id, "by": by })),
    };
    desk.print(&desk.post(&format!("/v1/calls/{verb}"), &body)?, |answer| {
        show::call(answer.get("call").unwrap_or(answer));
    })
}

pub(super) fn update_request(
    desk: &Desk<'_>,
    command: &UpdateRequestCommand,
) -> Result<ExitCode, CliError> {
    let to = |to: &str, step: &Advance| {
        let (reason, by) = (step.reason.as_deref(), step.by.as_deref());
        advance(desk, &step.id, to, reason, by)
    };
    match command {
        UpdateRequestCommand::List { district, state } => {
            let pairs = [
                ("district", district.as_deref()),
                ("state", state.as_deref()),
            ];
            let path = format!("/v1/update-requests{}", query(&pairs));
            desk.print(&desk.all(&path)?, show::update_requests)
        }
        UpdateRequestCommand::Show { id } => {
            let path = format!("/v1/update-requests/one{}", query(&[("id", Some(id))]));
            desk.print(&desk.get(&path)?, one_request)
        }
        UpdateRequestCommand::Submit {
            id,
            district,
            kind,
            by,
        } => {
            let body = json!({ "id": id, "district": district, "kind": kind, "by": by });
            let answer = desk.post("/v1/update-requests/submit", &body)?;
            desk.print(&answer, |answer| one_request(&answer["request"]))
        }
        UpdateRequestCommand::Accept(step) => to("accepted", step),
        UpdateRequestCommand::Done(step) => to("done", step),
        UpdateRequestCommand::Withdraw(step) => to("withdrawn", step),
        UpdateRequestCommand::Decline { id, reason, by } => {
            advance(desk, id, "declined", Some(reason), by.as_deref())
        }
    }
}

fn advance(
    desk: &Desk<'_>,
    id: &str,
    to: &str,
    reason: Option<&str>,
    by: Option<&str>,
) -> Result<ExitCode, CliError> {
    let body = json!({ "id": id, "to": to, "reason": reason, "by": by });
    desk.print(
        &desk.post("/v1/update-requests/advance", &body)?,
        one_request,
    )
}

fn one_request(request: &Value) {
    show::update_requests(&Value::Array(vec![request.clone()]));
}
