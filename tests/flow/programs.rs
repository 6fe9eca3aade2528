//! Programs that are not ours ask over TLS: curl, Python and an AuthZEN client from the registry get the same answers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use openidauthzen::http::{HttpClient, HttpResponse, Method};
use openidauthzen::{
    Action, AuthZenClient, EvaluationItem, EvaluationRequest, EvaluationSemantic,
    EvaluationsOptions, EvaluationsRequest, Resource, Subject, SubjectSearchRequest,
};
use provost_tests::{World, process};
use serde_json::{Value, json};

const NOW: &str = "2025-03-02T10:00:00-07:00";

const REGISTER: &str = r#"
[[person]]
id = "ana"
district = "lone-pine"
username = "aortiz"
name = "Ana Ortiz"
[[person]]
id = "ned"
district = "lone-pine"
username = "nreed"
name = "Ned Reed"
[[contact]]
person = "ana"
type = "technical"
"#;

/// A daemon that answers over TLS, and what a program needs to ask it.
struct Service {
    world: World,
    ca: PathBuf,
    token: String,
}

impl Service {
    fn start() -> Self {
        let mut world = World::new(NOW).with_tls();
        world.configure("");
        world.provost.start();
        world.import(REGISTER);
        let token = world.provost.token("decide", "lone-pine");
        let ca = world.ca().to_owned();
        Self { world, ca, token }
    }

    fn url(&self) -> String {
        self.world.http()
    }

    fn curl(&self) -> Curl {
        Curl {
            ca: self.ca.clone(),
        }
    }
}

/// curl, as the transport of whoever asks.
struct Curl {
    ca: PathBuf,
}

impl Curl {
    /// One request: status, and headers and body as they came.
    fn ask(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> (u16, String, String) {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--include", "--cacert"])
            .arg(&self.ca);
        for (name, value) in headers {
            command.args(["--header", &format!("{name}: {value}")]);
        }
        if body.is_some() {
            command.args(["--data-binary", "@-"]);
        }
        let text = process::must("curl", command.arg(url), body.unwrap_or_default());
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }
}

#[async_trait::async_trait]
impl HttpClient for Curl {
    async fn request(
        &self,
        _: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<HttpResponse, openidauthzen::Error> {
        let body = body.map(|bytes| String::from_utf8(bytes).unwrap());
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/json"));
        let (status, _, body) = self.ask(url, &headers, body.as_deref());
        Ok(HttpResponse {
            status,
            headers: Vec::new(),
            body: body.into_bytes(),
        })
    }
}

fn question(person: &str) -> Value {
    json!({
        "subject": { "type": "person", "id": person },
        "action": { "name": "case.submit" },
        "resource": { "type": "district", "id": "lone-pine" },
        "a member of the future": [1, 2],
    })
}

#[test]
fn curl_is_told_what_the_standard_says() {
    let service = Service::start();
    let (url, curl) = (service.url(), service.curl());
    let bearer = format!("Bearer {}", service.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("x-request-id", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"),
    ];
    let evaluation = format!("{url}/access/v1/evaluation");
    let (status, head, body) =
        curl.ask(&evaluation, &headers, Some(&question("aortiz").to_string()));
    assert_eq!(status, 200, "{body}");
    assert!(
        head.contains("x-request-id: bfe9eb29-ab87-4ca3-be83-a1d5d8305716"),
        "{head}"
    );
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["decision"], true);
    assert_eq!(body["context"]["reasons"][0]["code"], "contact.only");
    // A deny is an answer like any other.
    let (status, _, body) = curl.ask(&evaluation, &headers, Some(&question("nreed").to_string()));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["decision"]), (200, &json!(false)));
    // What is malformed is none.
    for wrong in [
        "{",
        "[]",
        r#"{"subject": 1}"#,
        r#"{"subject": {"type": "person", "id": "aortiz"}}"#,
    ] {
        let (status, head, body) = curl.ask(&evaluation, &headers, Some(wrong));
        assert_eq!(status, 400, "{wrong}: {body}");
        assert!(head.contains("application/problem+json"), "{head}");
    }
    let text = [headers[0], ("content-type", "text/plain")];
    assert_eq!(
        curl.ask(&evaluation, &text, Some(&question("aortiz").to_string()))
            .0,
        400
    );
    // Nobody without credentials, or with made-up ones, is told anything.
    let stranger = [headers[1]];
    let (status, head, _) = curl.ask(
        &evaluation,
        &stranger,
        Some(&question("aortiz").to_string()),
    );
    assert_eq!(status, 401);
    assert!(head.contains("www-authenticate: bearer"), "{head}");
}

#[test]
fn python_gets_the_same_answer_from_its_standard_library() {
    let service = Service::start();
    let script = r#"
import json, ssl, sys, urllib.request
url, ca, token, question = sys.argv[1:]
request = urllib.request.Request(url + "/access/v1/evaluation", question.encode(),
    {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
answer = json.load(urllib.request.urlopen(request, context=ssl.create_default_context(cafile=ca)))
print(answer["decision"], answer["context"]["reasons"][0]["code"])
"#;
    let mut command = Command::new("python3");
    command
        .args(["-c", script, &service.url()])
        .arg(&service.ca);
    command.args([&service.token, &question("aortiz").to_string()]);
    let answer = process::must("python3", &mut command, "");
    assert_eq!(answer.trim(), "True contact.only");
}

fn person(id: &str) -> Subject {
    Subject {
        subject_type: "person".to_owned(),
        id: Some(id.to_owned()),
        properties: None,
    }
}

fn submit() -> Action {
    Action {
        name: "case.submit".to_owned(),
        properties: None,
    }
}

fn district() -> Resource {
    Resource {
        resource_type: "district".to_owned(),
        id: Some("lone-pine".to_owned()),
        properties: None,
    }
}

/// Finds all endpoints, and searches through one of them.
async fn finds_everything<H: HttpClient>(client: &AuthZenClient<H>, url: &str, token: &str) {
    // Discovery shows no credentials, as the standard has it (§9).
    let found = client.discover(url).await.unwrap();
    assert_eq!(
        found.access_evaluation_endpoint,
        format!("{url}/access/v1/evaluation")
    );
    let searches = [
        (&found.search_subject_endpoint, "subject"),
        (&found.search_resource_endpoint, "resource"),
        (&found.search_action_endpoint, "action"),
    ];
    for (announced, of) in searches {
        let expected = format!("{url}/access/v1/search/{of}");
        assert_eq!(announced.as_deref(), Some(expected.as_str()));
    }
    let search = SubjectSearchRequest {
        subject: Subject {
            id: None,
            ..person("")
        },
        action: submit(),
        resource: district(),
        context: None,
        page: None,
    };
    let able = client.search_subjects(url, token, &search).await.unwrap();
    let able: Vec<_> = able.results.into_iter().map(|who| who.id).collect();
    assert_eq!(able, [Some("ana".to_owned())], "the only one in this month");
}

#[test]
fn an_authzen_client_finds_the_service_and_asks_it_one_thing_and_many() {
    let service = Service::start();
    let (url, token) = (service.url(), service.token.as_str());
    let client = AuthZenClient::new(service.curl(), Duration::from_secs(60));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        finds_everything(&client, &url, token).await;
        let one = EvaluationRequest {
            subject: person("aortiz"),
            action: submit(),
            resource: district(),
            context: None,
        };
        assert!(client.evaluate(&url, token, &one).await.unwrap().decision);
        let ask = |id: &str| EvaluationItem {
            subject: Some(person(id)),
            action: None,
            resource: None,
            context: None,
        };
        let many = |semantic| EvaluationsRequest {
            subject: None,
            action: Some(submit()),
            resource: Some(district()),
            context: None,
            evaluations: vec![ask("nreed"), ask("aortiz"), ask("nobody")],
            options: Some(EvaluationsOptions {
                evaluations_semantic: Some(semantic),
                extra: None,
            }),
        };
        let mut decisions = Vec::new();
        for semantic in [
            EvaluationSemantic::ExecuteAll,
            EvaluationSemantic::DenyOnFirstDeny,
            EvaluationSemantic::PermitOnFirstPermit,
        ] {
            let answer = client
                .evaluate_batch(&url, token, &many(semantic))
                .await
                .unwrap();
            let each = answer.evaluations.iter().map(|answer| answer.decision);
            decisions.push(each.collect::<Vec<_>>());
        }
        assert_eq!(
            decisions,
            [vec![false, true, false], vec![false], vec![false, true]]
        );
    });
}

/// Where the fuzzer's program lies, if whoever runs the tests has it.
fn fuzzer() -> PathBuf {
    #[allow(clippy::disallowed_methods)] // the runner's choice
    let path = std::env::var_os("PROVOST_SCHEMATHESIS");
    PathBuf::from(path.unwrap_or_else(|| "schemathesis".into()))
}

#[test]
#[ignore = "five minutes; `cargo verify --long` installs schemathesis and runs it"]
fn five_minutes_of_fuzz_by_the_openapi_document_find_no_fault() {
    let service = Service::start();
    let token = service.world.provost.token("admin", "*");
    let mut command = Command::new(fuzzer());
    command
        .args([
            "run",
            &format!("{}/v1/openapi.json", service.url()),
            "--max-time",
            "300",
        ])
        .args([
            "--header",
            &format!("Authorization: Bearer {token}"),
            "--no-color",
        ])
        .args(["--tls-verify", &service.ca.to_string_lossy()])
        // The register's own rules refuse much that the document's shapes allow: unknown people, a second technical
        // contact, an Idempotency-Key that came with another body.
        .args(["--exclude-checks", "positive_data_acceptance"])
        // It would take back the very token it asks with, which it finds in the list of tokens.
        .args(["--exclude-path", "/v1/tokens/revoke"])
        .current_dir(folder(&service));
    process::must("schemathesis (PyPI)", &mut command, "");
    assert!(!service.world.provost.log().contains("panicked"));
}

fn folder(service: &Service) -> &Path {
    service.world.path()
}
