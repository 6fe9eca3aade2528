//! Roles, groups and rights.

use serde_json::{Map, Value, json};
use std::process::ExitCode;

use super::super::args::{
    Giving, GroupCommand, RightArgs, RightCommand, RoleCommand, RoleReportArgs, SheetFormat, Taking,
};
use super::super::client::query;
use super::super::{CliError, print, show};
use super::Desk;
use crate::sheet::{self, Columns};

/// Members of the body that say what is given or taken.
type What = Vec<(&'static str, Value)>;

fn body(person: &str, what: What, by: Option<&str>, expires: Option<&str>) -> Value {
    let mut body = Map::from_iter([("person".to_owned(), Value::from(person))]);
    body.extend(what.into_iter().map(|(key, value)| (key.to_owned(), value)));
    for (key, value) in [("by", by), ("expires", expires)] {
        body.extend(value.map(|value| (key.to_owned(), Value::from(value))));
    }
    Value::Object(body)
}

fn give(desk: &Desk<'_>, person: &str, what: What, giving: &Giving) -> Result<ExitCode, CliError> {
    let body = body(
        person,
        what,
        giving.by.as_deref(),
        giving.expires.as_deref(),
    );
    if giving.preview {
        let answer = desk.post("/v1/grants/preview", &body)?;
        return desk.print(&answer, show::preview);
    }
    desk.print(&desk.post("/v1/grants/give", &body)?, |answer| {
        show::granted("given", answer);
    })
}

fn take(desk: &Desk<'_>, person: &str, what: What, taking: &Taking) -> Result<ExitCode, CliError> {
    let body = body(person, what, taking.by.as_deref(), None);
    desk.print(&desk.post("/v1/grants/take", &body)?, |answer| {
        show::granted("taken back", answer);
    })
}

/// Prints a report; `--json` means the same as `--format json`.
fn report(
    desk: &Desk<'_>,
    answer: &Value,
    columns: Columns,
    format: SheetFormat,
) -> Result<ExitCode, CliError> {
    let rows = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    match format {
        _ if desk.json => print::json(&answer["items"]),
        SheetFormat::Json => print::json(&answer["items"]),
        SheetFormat::Csv => print!("{}", sheet::csv(columns, rows)),
        SheetFormat::Table => print::table(rows, columns),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn role(desk: &Desk<'_>, command: &RoleCommand) -> Result<ExitCode, CliError> {
    let what = |role: &str| vec![("role", Value::from(role))];
    match command {
        RoleCommand::Grant {
            person,
            role,
            giving,
        } => give(desk, person, what(role), giving),
        RoleCommand::Revoke {
            person,
            role,
            taking,
        } => take(desk, person, what(role), taking),
        RoleCommand::Report(args) => role_report(desk, args),
    }
}

fn role_report(desk: &Desk<'_>, args: &RoleReportArgs) -> Result<ExitCode, CliError> {
    let roles = (!args.roles.is_empty()).then(|| args.roles.join(","));
    let pairs = [
        ("district", Some(args.district.as_str())),
        ("role", roles.as_deref()),
        ("include-disabled", args.include_disabled.then_some("true")),
        ("group-by", Some(args.group_by.as_str())),
        ("by", args.by.as_deref()),
    ];
    let answer = desk.get(&format!("/v1/reports/product-roles{}", query(&pairs)))?;
    report(desk, &answer, sheet::PRODUCT_ROLES, args.format)
}

/// `provost contact report`.
pub(super) fn contacts(
    desk: &Desk<'_>,
    district: Option<&str>,
    format: SheetFormat,
) -> Result<ExitCode, CliError> {
    let path = format!("/v1/reports/contacts{}", query(&[("district", district)]));
    report(desk, &desk.get(&path)?, sheet::CONTACTS, format)
}

pub(super) fn group(desk: &Desk<'_>, command: &GroupCommand) -> Result<ExitCode, CliError> {
    let what = |group: &str| vec![("group", Value::from(group))];
    match command {
        GroupCommand::List { district } => {
            let path = format!("/v1/groups{}", query(&[("district", Some(district))]));
            let answer = desk.get(&path)?;
            desk.print(&answer["items"], show::groups)
        }
        GroupCommand::Create {
            id,
            district,
            rights,
            taking,
        } => {
            let rights: Map<_, _> = rights
                .iter()
                .map(|right| right.split_once('=').unwrap_or((right, "")))
                .map(|(tool, letters)| (tool.to_owned(), Value::from(letters)))
                .collect();
            let body = json!({ "id": id, "district": district, "rights": rights, "by": taking.by });
            let answer = desk.post("/v1/groups/create", &body)?;
            desk.print(&Value::Array(vec![answer["group"].clone()]), show::groups)
        }
        GroupCommand::Assign {
            person,
            group,
            giving,
        } => give(desk, person, what(group), giving),
        GroupCommand::Unassign {
            person,
            group,
            taking,
        } => take(desk, person, what(group), taking),
    }
}

fn of_right(right: &RightArgs) -> What {
    match (&right.tool, &right.calendar) {
        (Some(tool), _) => {
            let letters = right.letters.as_deref().unwrap_or("R");
            vec![("tool", tool.as_str().into()), ("letters", letters.into())]
        }
        (None, calendar) => {
            let place = calendar.as_deref().unwrap_or("*");
            let (school, calendar) = place.split_once('/').unwrap_or((place, "*"));
            let right = json!({ "school": school, "calendar": calendar, "modify": right.modify });
            vec![("calendar", right)]
        }
    }
}

pub(super) fn right(desk: &Desk<'_>, command: &RightCommand) -> Result<ExitCode, CliError> {
    match command {
        RightCommand::Grant {
            person,
            right,
            giving,
        } => give(desk, person, of_right(right), giving),
        RightCommand::Revoke {
            person,
            right,
            taking,
        } => take(desk, person, of_right(right), taking),
        RightCommand::Show { person, by, format } => {
            let pairs = [("person", Some(person.as_str())), ("by", by.as_deref())];
            let answer = desk.get(&format!("/v1/reports/rights{}", query(&pairs)))?;
            report(desk, &answer, sheet::RIGHTS, *format)
        }
        RightCommand::CouldEnter { person, format } => {
            let path = format!(
                "/v1/reports/could-enter{}",
                query(&[("person", Some(person))])
            );
            report(desk, &desk.get(&path)?, sheet::COULD_ENTER, *format)
        }
    }
}
