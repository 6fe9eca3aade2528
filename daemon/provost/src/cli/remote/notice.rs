//! `provost notice …`.

use serde_json::json;
use std::process::ExitCode;

use super::Desk;
use crate::cli::args::{MassArgs, NoticeCommand};
use crate::cli::client::query;
use crate::cli::{CliError, print, show};

pub(super) fn run(desk: &Desk<'_>, command: NoticeCommand) -> Result<ExitCode, CliError> {
    match command {
        NoticeCommand::List {
            state,
            person,
            district,
            limit,
        } => {
            let which = query(&[
                ("state", state.as_deref()),
                ("person", person.as_deref()),
                ("district", district.as_deref()),
            ]);
            let path = format!("/v1/notices{which}");
            desk.print(&desk.list(&path, None, limit)?, show::notices)
        }
        NoticeCommand::Show { id } => desk.print(
            &desk.get(&format!("/v1/notices/one{}", query(&[("id", Some(&id))])))?,
            show::notice,
        ),
        NoticeCommand::Render { person, stage } => {
            let path = format!(
                "/v1/notices/render{}",
                query(&[("person", Some(&person)), ("stage", Some(&stage))])
            );
            desk.print(&desk.get(&path)?, show::rendered)
        }
        NoticeCommand::Retry {
            id,
            failed,
            district,
        } => {
            let body = json!({ "id": id, "failed": failed, "district": district });
            desk.print(&desk.post("/v1/notices/retry", &body)?, |answer| {
                println!("{} notices are tried again", print::cell(answer, "retried"));
                match print::cell(answer, "left").as_str() {
                    "0" => {}
                    left => println!("{left} stay as they are: nobody waits for them any more"),
                }
            })
        }
        NoticeCommand::Proof { person, episode } => {
            let episode = episode.map(|number| number.to_string());
            let which = query(&[("person", Some(&person)), ("episode", episode.as_deref())]);
            desk.print(
                &desk.get(&format!("/v1/notices/proof{which}"))?,
                show::proof,
            )
        }
        NoticeCommand::Approve(mass) => answer(desk, "approve", &mass),
        NoticeCommand::Refuse(mass) => answer(desk, "refuse", &mass),
    }
}

fn answer(desk: &Desk<'_>, word: &str, mass: &MassArgs) -> Result<ExitCode, CliError> {
    let body = json!({ "hash": mass.hash, "district": mass.district });
    desk.print(
        &desk.post(&format!("/v1/notices/{word}"), &body)?,
        |answer| {
            println!(
                "{} notices go out, {} are withdrawn",
                print::cell(answer, "released"),
                print::cell(answer, "withdrawn")
            );
        },
    )
}
