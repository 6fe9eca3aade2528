//! Commands that ask the daemon: one request each, printed as a table or as JSON.

mod audit;
mod dealings;
mod notice;
pub(super) mod plugins;
mod roles;

use hyper::Method;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;

use super::args::{
    ActivityCommand, ClockCommand, ContactCommand, DaemonCommand, DecideArgs, DecisionsCommand,
    FeedCommand, PersonCommand, SessionCommand, SweepCommand, SyncCommand, TokenCommand, WhoArgs,
};
use super::client::{ask, query};
use super::progress::Bar;
use super::{CliError, print, show};

/// Rows asked for at once.
const ROWS: usize = 1000;

/// The daemon and how to print its answers.
struct Desk<'s> {
    socket: &'s Path,
    json: bool,
}

impl Desk<'_> {
    fn get(&self, path: &str) -> Result<Value, CliError> {
        Ok(ask(self.socket, Method::GET, path, None)?)
    }

    /// Items of a list, page by page, at most `most`; those behind the cursor `from`. `path` may have a query.
    fn list(&self, path: &str, from: Option<String>, most: usize) -> Result<Value, CliError> {
        let (mut items, mut cursor) = (Vec::new(), from);
        while items.len() < most {
            let rows = ROWS.min(most - items.len()).to_string();
            let page = [
                ("limit", Some(rows.as_str())),
                ("cursor", cursor.as_deref()),
            ];
            let join = if path.contains('?') { "&" } else { "?" };
            let page = query(&page).replacen('?', join, 1);
            let mut page = self.get(&format!("{path}{page}"))?;
            if let Value::Array(found) = page["items"].take() {
                items.extend(found);
            }
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(Value::Array(items))
    }

    /// All items of a list.
    fn all(&self, path: &str) -> Result<Value, CliError> {
        self.list(path, None, usize::MAX)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        Ok(ask(self.socket, Method::POST, path, Some(body))?)
    }

    /// Prints JSON if that was asked for, else what `table` makes of it.
    fn print(&self, answer: &Value, table: impl FnOnce(&Value)) -> Result<ExitCode, CliError> {
        if self.json {
            print::json(answer);
        } else {
            table(answer);
        }
        Ok(ExitCode::SUCCESS)
    }
}

pub(super) fn run(socket: &Path, command: DaemonCommand, json: bool) -> Result<ExitCode, CliError> {
    let desk = Desk { socket, json };
    match command {
        DaemonCommand::Status => desk.print(&desk.get("/v1/status")?, show::status),
        DaemonCommand::Import { file, dry_run } => import(&desk, &file, dry_run),
        DaemonCommand::Export { format } => export(&desk, &format),
        DaemonCommand::Backup { file } => {
            // The daemon does not know in which folder the command was typed.
            let file = file.map(|file| std::path::absolute(&file).unwrap_or(file));
            let answer = desk.post("/v1/backup", &json!({ "path": file }))?;
            desk.print(&answer, show::backup)
        }
        DaemonCommand::Sync { command } => sync(&desk, command),
        DaemonCommand::Sweep {
            command: SweepCommand::Plan,
        } => desk.print(&desk.post("/v1/sweep/plan", &json!({}))?, show::plan),
        DaemonCommand::Sweep {
            command: SweepCommand::Run,
        } => desk.print(&desk.post("/v1/sweep/run", &json!({}))?, |answer| {
            println!("{} changes committed", print::cell(answer, "changes"));
        }),
        DaemonCommand::Forecast { days } => desk.print(
            &desk.get(&format!("/v1/forecast?days={days}"))?,
            show::forecast,
        ),
        DaemonCommand::Activity { command } => activity(&desk, command),
        DaemonCommand::Feed { command } => feed(&desk, &command),
        DaemonCommand::Contact { command } => contact(&desk, command),
        DaemonCommand::Case { command } => dealings::case(&desk, &command),
        DaemonCommand::Call { command } => dealings::call(&desk, &command),
        DaemonCommand::UpdateRequest { command } => dealings::update_request(&desk, &command),
        DaemonCommand::Role { command } => roles::role(&desk, &command),
        DaemonCommand::Group { command } => roles::group(&desk, &command),
        DaemonCommand::Right { command } => roles::right(&desk, &command),
        DaemonCommand::Decide(args) => decide(&desk, &args),
        DaemonCommand::Decisions { command } => decisions(&desk, &command),
        DaemonCommand::Session { command } => session(&desk, command),
        DaemonCommand::Person {
            command: PersonCommand::Erase { person, dry_run },
        } => {
            let body = json!({ "person": person, "dry-run": dry_run });
            desk.print(&desk.post("/v1/people/erase", &body)?, show::erasure)
        }
        DaemonCommand::AccessLog { person } => {
            let path = format!("/v1/access-log{}", query(&[("person", Some(&person))]));
            desk.print(&desk.all(&path)?, show::access_log)
        }
        DaemonCommand::Notice { command } => notice::run(&desk, command),
        DaemonCommand::Token { command } => token(&desk, command),
        DaemonCommand::Audit { command } => audit::run(&desk, &command),
        DaemonCommand::Clock {
            command: ClockCommand::Status,
        } => desk.print(&desk.get("/v1/clock")?, show::clock),
        DaemonCommand::Clock {
            command: ClockCommand::Confirm,
        } => desk.print(&desk.post("/v1/clock/confirm", &json!({}))?, show::clock),
    }
}

fn export(desk: &Desk<'_>, format: &str) -> Result<ExitCode, CliError> {
    let document = desk.get("/v1/export")?;
    if format == "toml" {
        let text = toml::to_string(&document).map_err(|source| CliError::Other {
            what: "write the document as TOML".to_owned(),
            source: source.into(),
        })?;
        print!("{text}");
    } else {
        print::json(&document);
    }
    Ok(ExitCode::SUCCESS)
}

fn activity(desk: &Desk<'_>, command: ActivityCommand) -> Result<ExitCode, CliError> {
    match command {
        ActivityCommand::Record {
            person,
            kind,
            at,
            id,
            feed,
        } => {
            let event = json!({ "person": person, "kind": kind, "at": at, "id": id, "feed": feed });
            desk.print(&desk.post("/v1/activity", &event)?, show::recorded)
        }
        ActivityCommand::Import { file, format } => {
            let send = |batch: &Value| desk.post("/v1/activity/batch", batch);
            super::activity::import(&file, format, desk.json, send)
        }
    }
}

fn feed(desk: &Desk<'_>, command: &FeedCommand) -> Result<ExitCode, CliError> {
    match command {
        FeedCommand::List => desk.print(&desk.get("/v1/feeds")?, show::feeds),
        FeedCommand::Watermark { id, at } => {
            let path = format!("/v1/feeds/{}/watermark", super::client::escaped(id));
            desk.print(&desk.post(&path, &json!({ "at": at }))?, show::recorded)
        }
    }
}

fn import(desk: &Desk<'_>, file: &Path, dry_run: bool) -> Result<ExitCode, CliError> {
    let document = super::offline::document(file)?;
    let body = json!({ "document": document, "dry-run": dry_run });
    desk.print(&desk.post("/v1/import", &body)?, show::plan)
}

fn sync(desk: &Desk<'_>, command: SyncCommand) -> Result<ExitCode, CliError> {
    match command {
        SyncCommand::Plan { source, full } => {
            let body = json!({ "source": source, "full": full });
            let answer = watched(desk, source, "/v1/sync/plan", &body)?;
            desk.print(&answer, show::sync_plan)
        }
        SyncCommand::Apply { source, plan, full } => {
            let body = json!({ "source": source, "plan": plan, "full": full });
            let answer = watched(desk, source, "/v1/sync/apply", &body)?;
            desk.print(&answer, show::sync_plan)?;
            let applied =
                answer.pointer("/done/outcome").and_then(Value::as_str) == Some("applied");
            Ok(if applied {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        SyncCommand::Status => desk.print(&desk.get("/v1/sync")?, show::sync_status),
        SyncCommand::Probe { source } => {
            let query = query(&[("source", source.as_deref())]);
            desk.print(
                &desk.get(&format!("/v1/sync/probe{query}"))?,
                show::sync_probe,
            )
        }
        SyncCommand::Explain { about, source } => {
            let query = query(&[("about", Some(&about)), ("source", source.as_deref())]);
            let answer = desk.get(&format!("/v1/sync/explain{query}"))?;
            desk.print(&answer, show::sync_explanation)
        }
    }
}

/// Asks for something that reads a directory, and shows how far it has come.
fn watched(
    desk: &Desk<'_>,
    source: Option<String>,
    path: &str,
    body: &Value,
) -> Result<Value, CliError> {
    let bar = Bar::begin(desk.socket, source);
    let answer = desk.post(path, body);
    bar.end();
    answer
}

fn contact(desk: &Desk<'_>, command: ContactCommand) -> Result<ExitCode, CliError> {
    let change = |verb: &str, person: &str, kind: Option<&str>, by: Option<&str>| {
        let body = json!({ "person": person, "type": kind, "by": by });
        desk.print(
            &desk.post(&format!("/v1/contacts/{verb}"), &body)?,
            show::changed,
        )
    };
    match command {
        ContactCommand::List { district } => {
            let path = format!(
                "/v1/contacts{}",
                query(&[("district", district.as_deref())])
            );
            desk.print(&desk.all(&path)?, show::contacts)
        }
        ContactCommand::Show { person } => {
            let path = format!("/v1/contacts/one{}", query(&[("person", Some(&person))]));
            desk.print(&desk.get(&path)?, show::contact)
        }
        ContactCommand::Designate { person, kind, by } => {
            change("designate", &person, Some(&kind), by.as_deref())
        }
        ContactCommand::Remove { person, by } => change("remove", &person, None, by.as_deref()),
        ContactCommand::Reactivate { person, by, kind } => {
            change("reactivate", &person, kind.as_deref(), Some(&by))
        }
        ContactCommand::Train {
            person,
            course,
            completed,
        } => {
            let body = json!({ "person": person, "course": course, "completed": completed });
            desk.print(&desk.post("/v1/contacts/training", &body)?, show::changed)
        }
        ContactCommand::Shared { person, note, by } => {
            let body = json!({ "person": person, "note": note, "by": by });
            desk.print(&desk.post("/v1/contacts/sharing", &body)?, show::changed)
        }
        ContactCommand::Report { district, format } => {
            roles::contacts(desk, district.as_deref(), format)
        }
        ContactCommand::Who(who) => ask_who(desk, &who),
    }
}

fn ask_who(desk: &Desk<'_>, who: &WhoArgs) -> Result<ExitCode, CliError> {
    let pairs = [
        ("mail", who.mail.as_deref()),
        ("tel", who.tel.as_deref()),
        ("username", who.username.as_deref()),
    ];
    desk.print(
        &desk.get(&format!("/v1/contacts/who{}", query(&pairs)))?,
        show::who,
    )
}

/// `TYPE=ID` says the type outright; anything else is an id.
fn reference(text: &str) -> Value {
    const TYPES: [&str; 6] = ["person", "district", "case", "group", "tool", "agent"];
    match text.split_once('=') {
        Some((kind, id)) if TYPES.contains(&kind) => json!({ "type": kind, "id": id }),
        _ => json!({ "id": text }),
    }
}

/// `KEY=VALUE` pairs; a value that is JSON (`true`, `3`, `["a"]`) is taken as such.
fn pairs(texts: &[String]) -> Map<String, Value> {
    texts
        .iter()
        .map(|text| {
            let (key, value) = text.split_once('=').unwrap_or((text, "true"));
            (
                key.to_owned(),
                serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
            )
        })
        .collect()
}

fn decisions(desk: &Desk<'_>, command: &DecisionsCommand) -> Result<ExitCode, CliError> {
    match command {
        DecisionsCommand::List {
            district,
            person,
            outcome,
            limit,
        } => {
            let outcome = outcome.as_deref().map(|word| match word {
                "allow" => "true",
                _ => "false",
            });
            let pairs = [
                ("district", district.as_deref()),
                ("person", person.as_deref()),
                ("decision", outcome),
            ];
            let path = format!("/v1/decisions{}", query(&pairs));
            desk.print(&desk.list(&path, None, *limit)?, show::decisions)
        }
        DecisionsCommand::Show { id } => {
            let path = format!("/v1/decisions/one?id={id}");
            desk.print(&desk.get(&path)?, print::json)
        }
    }
}

fn replay(desk: &Desk<'_>, id: u64) -> Result<ExitCode, CliError> {
    let answer = desk.post("/v1/decisions/replay", &json!({ "id": id }))?;
    desk.print(&answer, show::replayed)?;
    Ok(if answer["same"] == true {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn decide(desk: &Desk<'_>, args: &DecideArgs) -> Result<ExitCode, CliError> {
    if let Some(id) = args.replay {
        return replay(desk, id);
    }
    let named = |text: &Option<String>| reference(text.as_deref().unwrap_or_default());
    let body = json!({
        "subject": named(&args.subject),
        "action": args.action,
        "resource": named(&args.resource),
        "properties": pairs(&args.properties),
        "context": pairs(&args.context),
    });
    desk.print(&desk.post("/v1/decide", &body)?, show::decision)
}

fn session(desk: &Desk<'_>, command: SessionCommand) -> Result<ExitCode, CliError> {
    let (verb, body) = match command {
        SessionCommand::Open {
            id,
            person,
            remote,
            client,
        } => (
            "open",
            json!({ "id": id, "person": person, "remote": remote, "client": client }),
        ),
        SessionCommand::LoginAs { id, target } => {
            ("login-as", json!({ "id": id, "target": target }))
        }
        SessionCommand::Return { id } => ("return", json!({ "id": id })),
        SessionCommand::Close { id } => ("close", json!({ "id": id })),
    };
    desk.print(
        &desk.post(&format!("/v1/sessions/{verb}"), &body)?,
        |answer| match answer.get("decision") {
            Some(_) => {
                show::decision(&json!({ "decision": answer["decision"], "context": answer }))
            }
            None => show::session(answer),
        },
    )
}

fn token(desk: &Desk<'_>, command: TokenCommand) -> Result<ExitCode, CliError> {
    match command {
        TokenCommand::Create {
            scopes,
            districts,
            name,
            expires,
        } => {
            let body = json!({
                "scopes": scopes, "districts": districts, "name": name, "expires": expires,
            });
            desk.print(&desk.post("/v1/tokens", &body)?, show::made_token)
        }
        TokenCommand::List => desk.print(&desk.get("/v1/tokens")?, show::tokens),
        TokenCommand::Revoke { id } => {
            let answer = desk.post("/v1/tokens/revoke", &json!({ "id": id }))?;
            desk.print(&answer, |answer| {
                println!("token {} opens nothing any more", print::cell(answer, "id"));
            })
        }
    }
}
