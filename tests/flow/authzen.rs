//! Decision files, in the forms in which implementations of the AuthZEN Authorization API exchange them, asked at the
//! daemon's HTTP door: what each request gives is held against what its file expects.

use provost_tests::World;
use provost_tests::client::Client;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const NOW: &str = "2025-03-02T10:00:00-07:00";

/// The register that the files speak of.
const REGISTER: &str = r#"
[[person]]
id = "ana"
district = "lone-pine"
username = "ana"
name = "Ana Ortiz"
mail = ["ana@example.org"]
roles = ["sis"]
[[person]]
id = "ben"
district = "lone-pine"
username = "ben"
name = "Ben White"
roles = ["sis"]
[[person]]
id = "flo"
district = "far"
username = "flo"
name = "Flo Far"
roles = ["sis"]
[[contact]]
person = "ana"
type = "technical"
[[contact]]
person = "flo"
type = "support"
"#;

/// The daemon with that register, and a program that may ask it.
fn door() -> (World, Client) {
    let mut world = World::new(NOW);
    world.configure(
        "[[district]]\nid = \"far\"\nname = \"Far Away\"\ntimezone = \"America/Denver\"\n",
    );
    let products = "products = [\"sis\"]";
    let more = format!("{products}\nhosting = \"cloud-choice\"\nsites = [\"sandbox\"]");
    world.reconfigure(products, &more);
    world.provost.start();
    world.import(REGISTER);
    let address = world.http().trim_start_matches("http://").parse().unwrap();
    let client = Client::tcp(address, &world.provost.token("decide", "*"));
    (world, client)
}

/// What a search leaves open is what it looks for.
fn search(request: &Value) -> &'static str {
    let open = |entity: &str| request[entity].get("id").is_none();
    if request.get("action").is_none() {
        "/access/v1/search/action"
    } else if open("resource") {
        "/access/v1/search/resource"
    } else {
        "/access/v1/search/subject"
    }
}

/// The endpoint that an entry of a list of that name is for. The first files called their list `decisions`, those of
/// the searches call theirs `evaluation` or `search`: what is expected tells them apart.
fn endpoint(list: &str, entry: &Value) -> &'static str {
    match (list, &entry["expected"]) {
        ("evaluation" | "decisions", Value::Bool(_)) => "/access/v1/evaluation",
        ("evaluations", Value::Array(_)) => "/access/v1/evaluations",
        ("evaluation" | "search", Value::Object(_)) => search(&entry["request"]),
        (list, expected) => panic!("nothing of a list `{list}` expects {expected}"),
    }
}

/// The part of an answer that a file expects: the decisions, or what was found.
fn got(path: &str, answer: &Value) -> Value {
    match path {
        "/access/v1/evaluation" => answer["decision"].clone(),
        "/access/v1/evaluations" => {
            let each = answer["evaluations"].as_array().into_iter().flatten();
            each.map(|one| json!({ "decision": one["decision"] }))
                .collect()
        }
        _ => json!({ "results": answer["results"] }),
    }
}

/// Asks everything that a file asks. Says how much that was, and names what came out otherwise.
fn replay(client: &mut Client, file: &Value) -> (usize, Vec<String>) {
    let (mut asked, mut wrong) = (0, Vec::new());
    for (list, entries) in file.as_object().unwrap() {
        for entry in entries.as_array().unwrap() {
            let (request, expected) = (&entry["request"], &entry["expected"]);
            let path = endpoint(list, entry);
            let reply = client.post(path, request);
            asked += 1;
            let got = (reply.status == 200).then(|| got(path, &reply.json()));
            if got.as_ref() != Some(expected) {
                wrong.push(format!(
                    "{path} {request}: expected {expected}, got {}",
                    reply.text()
                ));
            }
        }
    }
    (asked, wrong)
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("authzen");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn every_exchanged_file_gives_what_it_expects() {
    let (_world, mut client) = door();
    let mut asked = 0;
    for file in files() {
        let (some, wrong) = replay(&mut client, &read(&file));
        assert_eq!(wrong, Vec::<String>::new(), "{}", file.display());
        assert!(some > 0, "{} asks nothing", file.display());
        asked += some;
    }
    assert!(asked >= 60, "{asked}");
}

#[test]
fn an_expectation_that_does_not_hold_is_named() {
    let (_world, mut client) = door();
    let ask = |who: &str| {
        json!({ "subject": { "type": "person", "id": who }, "action": { "name": "case.submit" },
                "resource": { "type": "district", "id": "lone-pine" } })
    };
    let several = |expected: Value| {
        let each = json!([{ "subject": { "type": "person", "id": "ben" } }]);
        let mut request = ask("ana");
        request["evaluations"] = each;
        json!({ "request": request, "expected": expected })
    };
    let found = json!({ "subject": { "type": "person" }, "action": { "name": "case.submit" },
                        "resource": { "type": "district", "id": "lone-pine" } });
    let file = json!({
        "evaluation": [{ "request": ask("ana"), "expected": true }, { "request": ask("ben"), "expected": true },
                       { "request": {}, "expected": false }],
        "evaluations": [several(json!([{ "decision": false }])), several(json!([{ "decision": true }])), several(json!([]))],
        "search": [{ "request": found, "expected": { "results": [{ "type": "person", "id": "ben" }] } }],
    });
    let (asked, wrong) = replay(&mut client, &file);
    assert_eq!((asked, wrong.len()), (7, 5), "{wrong:#?}");
    assert!(wrong[0].contains("\"ben\""), "{}", wrong[0]);
}
