//! Scripted servers on loopback play every bad receiver.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;
use crate::deliver::Sending;
use provost_core::id::NoticeId;
use provost_sandbox::limits::REPLY_BYTES_MAX;
use provost_sandbox::{Auth, Header, HttpRequest};

pub(super) fn request(url: &str) -> Request {
    Request {
        notice: NoticeId::new("0a1b").unwrap(),
        channel: PluginId::new("webhook").unwrap(),
        to: vec!["ana.ortiz@lonepine.example".to_owned()],
        request: HttpRequest {
            method: Method::Post,
            url: url.to_owned(),
            headers: Vec::new(),
            body: b"{}".to_vec(),
            auth: Auth::None,
        },
        date: "2025-03-02T10:00:00-07:00".parse().unwrap(),
    }
}

/// What a server does once it has read a request.
#[derive(Clone, Copy)]
enum Does {
    /// Says this and closes.
    Says(&'static str),
    /// Says this and then nothing more.
    SaysAndStays(&'static str),
    /// Says this and then letters for ever.
    SaysAndPours(&'static str),
}
use Does::{Says, SaysAndPours, SaysAndStays};

/// A server that does the same for everyone: its port, and the requests that it reads.
async fn server(does: Does) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, does, heard.clone()));
        }
    });
    (port, hears)
}

async fn serve(
    mut stream: TcpStream,
    does: Does,
    heard: mpsc::UnboundedSender<String>,
) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"{}") {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&some[..read]);
    }
    let _ = heard.send(String::from_utf8_lossy(&request).into_owned());
    let (Says(words) | SaysAndStays(words) | SaysAndPours(words)) = does;
    stream.write_all(words.as_bytes()).await?;
    match does {
        Says(_) => stream.shutdown().await,
        SaysAndStays(_) => std::future::pending().await,
        SaysAndPours(_) => loop {
            stream.write_all(&[b'a'; 65536]).await?;
        },
    }
}

/// A resolver that says one thing the first time and another from then on.
struct Fickle {
    first: IpAddr,
    then: IpAddr,
    asked: AtomicUsize,
}

impl Fickle {
    fn new(first: &str, then: &str) -> Arc<Self> {
        Arc::new(Self {
            first: first.parse().unwrap(),
            then: then.parse().unwrap(),
            asked: AtomicUsize::new(0),
        })
    }
}

impl LookUp for Fickle {
    fn addresses<'a>(&'a self, _: &'a str) -> Sending<'a, io::Result<Vec<IpAddr>>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let found = if asked == 0 { self.first } else { self.then };
        Box::pin(std::future::ready(Ok(vec![found])))
    }
}

fn http(allow: &[&str], names: Arc<dyn LookUp>) -> Http {
    let owned = |text: &str| vec![text.to_owned()];
    let secrets = Secrets::new(BTreeMap::from([
        ("token".to_owned(), owned("t0ps3cret")),
        ("broken".to_owned(), owned("line\nbreak")),
    ]));
    let allow = allow.iter().map(|entry| entry.parse().unwrap()).collect();
    let grant = Grant::new(Vec::new(), allow, secrets, None).unwrap();
    let short = Duration::from_millis(300);
    Http {
        grants: BTreeMap::from([(PluginId::new("webhook").unwrap(), grant)]),
        names,
        patience: Patience {
            connect: short,
            whole: short,
            body: short,
        },
    }
}

/// Asks a server that does this.
async fn asked(does: Does) -> Reply {
    let (port, _hears) = server(does).await;
    let url = format!("http://127.0.0.1:{port}");
    let http = http(&[&url], Arc::new(SystemLookUp));
    http.send(&request(&format!("{url}/in"))).await
}

async fn answered(does: Does) -> Answer {
    match asked(does).await {
        Reply::Answered(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn why(reply: &Reply) -> (&'static str, &str) {
    match reply {
        Reply::Retry { why, .. } => ("retry", why),
        Reply::Failed { why } => ("failed", why),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_arrives_as_rendered_with_what_the_host_adds() {
    let (port, mut hears) = server(Says("HTTP/1.1 200 OK\r\n\r\n")).await;
    let origin = format!("http://127.0.0.1:{port}");
    let http = http(&[&origin], Arc::new(SystemLookUp));
    let mut sent = request(&format!("{origin}/in/{{secret:token}}?a=b#c"));
    sent.request.headers = vec![Header {
        name: "X-Key".to_owned(),
        value: "key {secret:token}".to_owned(),
    }];
    for (auth, expected) in [
        (Auth::None, None),
        (Auth::Bearer("token".to_owned()), Some("Bearer t0ps3cret")),
        (
            Auth::Basic {
                user: "me".to_owned(),
                secret: "token".to_owned(),
            },
            Some("Basic bWU6dDBwczNjcmV0"),
        ),
    ] {
        sent.request.auth = auth;
        assert!(matches!(http.send(&sent).await, Reply::Answered(_)));
        let arrived = hears.recv().await.unwrap();
        let (head, body) = arrived.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<_> = head.lines().collect();
        lines.sort_unstable();
        let host = format!("host: 127.0.0.1:{port}");
        let agent = concat!("user-agent: provost/", env!("CARGO_PKG_VERSION"));
        let authorization = expected.map(|value| format!("authorization: {value}"));
        let mut wanted = vec![
            "POST /in/t0ps3cret?a=b HTTP/1.1",
            "content-length: 2",
            &host,
            agent,
            "x-key: key t0ps3cret",
        ];
        wanted.extend(authorization.as_deref());
        wanted.sort_unstable();
        assert_eq!((lines, body), (wanted, "{}"));
    }
}

#[tokio::test]
async fn an_answer_comes_back_with_status_headers_and_body() {
    let answer = answered(Says(
        "HTTP/1.1 429 Slow Down\r\nRetry-After: 120\r\nContent-Length: 5\r\n\r\nlater",
    ));
    let answer = answer.await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (429, &b"later"[..])
    );
    assert_eq!(answer.headers[0].name, "retry-after");
    assert_eq!(answer.headers[0].value, "120");
}

#[tokio::test]
async fn a_retry_after_that_is_a_date_becomes_seconds() {
    // The request's date is 2025-03-02T17:00:00Z.
    let wait = |words| async move { answered(Says(words)).await.headers[0].value.clone() };
    let later = "HTTP/1.1 503 Busy\r\nRetry-After: Sun, 02 Mar 2025 17:02:30 GMT\r\n\r\n";
    assert_eq!(wait(later).await, "150");
    let past = "HTTP/1.1 503 Busy\r\nRetry-After: Sun, 02 Mar 2025 16:00:00 GMT\r\n\r\n";
    assert_eq!(wait(past).await, "0");
    let never = "HTTP/1.1 503 Busy\r\nRetry-After: when it suits\r\n\r\n";
    assert_eq!(wait(never).await, "when it suits");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, mut hears) = server(Says("HTTP/1.1 200 OK\r\n\r\n")).await;
    let words = format!(
        "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
    );
    let answer = answered(Says(words.leak())).await;
    assert_eq!(answer.status, 307);
    assert!(hears.try_recv().is_err());
}

#[tokio::test]
async fn a_body_that_never_ends_or_never_comes_changes_nothing() {
    let endless = "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n";
    let answer = answered(SaysAndPours(endless)).await;
    assert_eq!((answer.status, answer.body.len()), (200, REPLY_BYTES_MAX));
    let chunked = "HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n";
    assert_eq!(answered(SaysAndPours(chunked)).await.status, 410);
    let hanging = "HTTP/1.1 202 Taken\r\nContent-Length: 100\r\n\r\nso far";
    let answer = answered(SaysAndStays(hanging)).await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (202, &b"so far"[..])
    );
}

#[tokio::test]
async fn no_answer_in_time_and_no_sense_in_it_mean_later() {
    for does in [
        SaysAndStays(""),
        SaysAndStays("HTTP/1.1 200 OK\r\nX: "),
        Says(""),
        Says("HELO\r\n\r\n"),
        Says("HTTP/1.1 999999 OK\r\n\r\n"),
        SaysAndPours("HTTP/1.1 200 OK\r\nX: "),
    ] {
        let reply = asked(does).await;
        assert_eq!(why(&reply).0, "retry", "{reply:?}");
        assert!(
            why(&reply).1.starts_with("ask http://127.0.0.1:"),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_does_not_speak_tls_means_later() {
    let (port, _hears) = server(SaysAndStays("")).await;
    let silent = format!("https://127.0.0.1:{port}");
    let gone = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let closed = format!("http://127.0.0.1:{}", gone.local_addr().unwrap().port());
    drop(gone);
    let http = http(&[&silent, &closed], Arc::new(SystemLookUp));
    for url in [silent, closed] {
        let reply = http.send(&request(&url)).await;
        assert_eq!(why(&reply).0, "retry", "{reply:?}");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_connection_is_not_waited_for() {
    use socket2::{Domain, SockAddr, Socket, Type};
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let loopback: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    full.bind(&SockAddr::from(loopback)).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    // Whoever is queued already is never accepted; for the next one there is no room.
    let _queued = std::net::TcpStream::connect(address).unwrap();
    let url = format!("http://{address}");
    let http = http(&[&url], Arc::new(SystemLookUp));
    let reply = http.send(&request(&url)).await;
    assert_eq!(why(&reply).0, "retry");
    assert!(why(&reply).1.contains("no answer within"), "{reply:?}");
}

#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_refused() {
    for address in [
        "127.0.0.1",
        "169.254.169.254",
        "10.1.2.3",
        "::1",
        "::ffff:127.0.0.1",
        "fd00:ec2::254",
        "0.0.0.0",
    ] {
        let names = Fickle::new(address, address);
        let http = http(&["http://hooks.example", "http://127.0.0.1:9"], names);
        let reply = http.send(&request("http://hooks.example/")).await;
        let expected = format!(
            "send to http://hooks.example: it has the address {address}, which is not public and which the plugin's allow does not name"
        );
        assert_eq!(why(&reply), ("failed", expected.as_str()));
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_dialled_and_no_other() {
    let (port, mut hears) = server(Says("HTTP/1.1 200 OK\r\n\r\n")).await;
    let origin = format!("http://hooks.example:{port}");
    // A name server that says something else when it is asked again.
    let names = Fickle::new("127.0.0.1", "127.0.0.2");
    let http = http(&[&origin, "127.0.0.1"], Arc::<Fickle>::clone(&names));
    assert!(matches!(
        http.send(&request(&origin)).await,
        Reply::Answered(_)
    ));
    assert!(
        hears
            .recv()
            .await
            .unwrap()
            .contains(&format!("host: hooks.example:{port}\r\n"))
    );
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    // At the next attempt it is refused: the other address was not allowed.
    assert_eq!(why(&http.send(&request(&origin)).await).0, "failed");
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_be_dialled_are() {
    struct Several;
    impl LookUp for Several {
        fn addresses<'a>(&'a self, _: &'a str) -> Sending<'a, io::Result<Vec<IpAddr>>> {
            let found = ["10.0.0.1", "1.1.1.1", "::1", "10.0.0.7"];
            Box::pin(std::future::ready(Ok(found
                .map(|text| text.parse().unwrap())
                .into())))
        }
    }
    let origin: Origin = "https://hooks.example".parse().unwrap();
    let allow = ["10.0.0.7".parse().unwrap()];
    let found = dial::checked(&origin, &allow, &Several).await.unwrap();
    assert_eq!(
        found,
        ["1.1.1.1:443", "10.0.0.7:443"].map(|text| text.parse().unwrap())
    );
}

#[tokio::test]
async fn a_request_goes_only_where_the_administrator_allows() {
    let http = http(
        &["https://hooks.example", "http://127.0.0.1:8080"],
        Fickle::new("1.1.1.1", "1.1.1.1"),
    );
    for url in [
        "http://hooks.example/",
        "https://hooks.example:8443/",
        "https://hooks.example.evil.example/",
        "https://evil.example/?https://hooks.example",
        "https://hooks.example@evil.example/",
        "https://evil.example\\@hooks.example/",
        "http://127.0.0.1:22/",
        "http://[::ffff:127.0.0.1]:8080/",
        "https://{secret:token}/",
        "https://hooks.example{secret:token}/",
        "https://hooks.example:{secret:token}@evil.example/",
        "file:///etc/passwd",
        "not a url",
    ] {
        let reply = http.send(&request(url)).await;
        assert_eq!(why(&reply).0, "failed", "{url}: {reply:?}");
        assert!(!why(&reply).1.contains("t0ps3cret"), "{url}: {reply:?}");
    }
}

#[tokio::test]
async fn no_secret_is_in_a_reason_or_in_what_a_channel_sees() {
    let echo =
        "HTTP/1.1 200 OK\r\nX-Echo: t0ps3cret\r\nContent-Length: 18\r\n\r\nyou are t0ps3cret!";
    let (port, _hears) = server(Says(echo)).await;
    let origin = format!("http://127.0.0.1:{port}");
    let http = http(&[&origin], Arc::new(SystemLookUp));
    let Reply::Answered(answer) = http
        .send(&request(&format!("{origin}/{{secret:token}}")))
        .await
    else {
        panic!("no answer");
    };
    assert_eq!(answer.body, b"you are {secret:token}!");
    assert_eq!(answer.headers[0].value, "{secret:token}");
    let mut broken = request(&origin);
    broken.request.headers = vec![Header {
        name: "X-Key".to_owned(),
        value: "{secret:broken}".to_owned(),
    }];
    let reply = http.send(&broken).await;
    assert_eq!(
        why(&reply),
        (
            "failed",
            "write header X-Key: its value, with its secrets filled in, is none"
        )
    );
}

#[tokio::test]
async fn a_channel_in_a_hurry_or_with_too_much_to_say_is_stopped() {
    let http = http(&["http://127.0.0.1:9"], Arc::new(SystemLookUp));
    let grant = http.grants.values().next().unwrap();
    let mut long = request("http://127.0.0.1:9/");
    long.request.body = vec![b' '; REQUEST_BYTES_MAX + 1];
    assert_eq!(
        why(&http.send(&long).await),
        (
            "failed",
            "send 65537 bytes: a request has at most 65536 bytes"
        )
    );
    while grant.take(long.date) {}
    assert_eq!(
        why(&http.send(&request("http://127.0.0.1:9/")).await),
        (
            "retry",
            "send to http://127.0.0.1:9: more than 600 requests a minute"
        )
    );
}

#[test]
fn the_id_is_the_same_at_every_attempt_and_another_for_every_recipient() {
    let first = request("https://h.example/");
    let mut again = first.clone();
    again.date = "2025-03-03T10:00:00-07:00".parse().unwrap();
    again.request.body = b"{\"timestamp\": 1}".to_vec();
    assert_eq!(first.id(), again.id());
    let mut other = first.clone();
    other.to = vec!["ben.white@lonepine.example".to_owned()];
    assert_ne!(first.id(), other.id());
    assert!(first.id().starts_with("0a1b-") && !first.id().contains('.'));
}
