//! A program that asks the API: one connection, kept alive, over the Unix socket or loopback.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;

/// How long an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// What the API answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|why| panic!("read JSON: {why}\n{}", self.text()))
    }
}

/// Why there was no answer.
pub type NoAnswer = Box<dyn std::error::Error + Send + Sync>;

/// A connection to the API. It is opened again when the other side has closed it.
#[derive(Debug)]
pub struct Client {
    runtime: Runtime,
    way: Way,
    headers: Vec<(String, String)>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

#[derive(Debug, Clone)]
enum Way {
    Unix(std::path::PathBuf),
    Tcp(SocketAddr),
}

impl Client {
    /// Over the Unix socket, as this account.
    pub fn unix(socket: &Path) -> Self {
        Self::new(Way::Unix(socket.to_owned()))
    }

    /// Over loopback, with a bearer token.
    pub fn tcp(address: SocketAddr, token: &str) -> Self {
        let mut client = Self::new(Way::Tcp(address));
        client.header("authorization", &format!("Bearer {token}"));
        client
    }

    /// Over loopback, without credentials.
    pub fn stranger(address: SocketAddr) -> Self {
        Self::new(Way::Tcp(address))
    }

    fn new(way: Way) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap_or_else(|why| panic!("make a runtime: {why}"));
        Self {
            runtime,
            way,
            headers: Vec::new(),
            sender: None,
        }
    }

    /// Sends this header with every request from now on.
    pub fn header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// Asks for a resource.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn get(&mut self, path: &str) -> Reply {
        self.ask(&Method::GET, path, "")
            .unwrap_or_else(|why| panic!("GET {path}: {why}"))
    }

    /// Sends a JSON document.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.ask(&Method::POST, path, &body.to_string())
            .unwrap_or_else(|why| panic!("POST {path}: {why}"))
    }

    /// One request and its answer.
    ///
    /// # Errors
    /// If the connection breaks or the answer does not come in time.
    pub fn ask(&mut self, method: &Method, path: &str, body: &str) -> Result<Reply, NoAnswer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "provost");
        if !self.headers.iter().any(|(name, _)| name == "content-type") && !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned())))?;
        let (way, sender) = (&self.way, &mut self.sender);
        self.runtime.block_on(async {
            let exchange = exchange(way, sender, request);
            tokio::time::timeout(ANSWER_TIME, exchange).await?
        })
    }
}

async fn exchange(
    way: &Way,
    sender: &mut Option<SendRequest<Full<Bytes>>>,
    request: Request<Full<Bytes>>,
) -> Result<Reply, NoAnswer> {
    let usable = match sender {
        Some(sender) => sender.ready().await.is_ok(),
        None => false,
    };
    if !usable {
        *sender = Some(connect(way).await?);
    }
    let Some(sender) = sender else {
        return Err("no connection".into());
    };
    let response = sender.send_request(request).await?;
    let (parts, body) = response.into_parts();
    Ok(Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.collect().await?.to_bytes().to_vec(),
    })
}

async fn connect(way: &Way) -> Result<SendRequest<Full<Bytes>>, NoAnswer> {
    Ok(match way {
        Way::Unix(path) => {
            let stream = UnixStream::connect(path).await?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            sender
        }
        Way::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            sender
        }
    })
}
