//! Connections over real sockets: slow ones, too many, and the stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::rig::Rig;
use crate::http::crowd::Crowd;
use crate::http::listen::{Door, Times, serve};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

struct Open {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

async fn open(rig: &Rig, seats: usize, times: Times) -> Open {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(
        Arc::clone(&rig.daemon),
        rig.router.clone(),
        Door::Tcp(listener),
        Crowd::new(seats),
        times,
        stop.clone(),
    ));
    Open {
        address,
        stop,
        serving,
    }
}

async fn ask(connection: &mut TcpStream) -> String {
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    connection.write_all(request).await.unwrap();
    let mut answer = vec![0; 1024];
    let length = timeout(LONG, connection.read(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer[..length.unwrap()]).into_owned()
}

/// Reads until the other side closes.
async fn closed(connection: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    // A connection may also be reset; it is closed then as well.
    let _ = timeout(LONG, connection.read_to_end(&mut rest))
        .await
        .expect("closed in time");
    String::from_utf8_lossy(&rest).into_owned()
}

#[tokio::test]
async fn a_head_that_drips_in_is_not_waited_for() {
    let rig = Rig::new().await;
    let times = Times {
        head: Duration::from_millis(50),
        ..Times::default()
    };
    let door = open(&rig, 8, times).await;
    let mut slow = TcpStream::connect(door.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHo")
        .await
        .unwrap();
    assert!(!closed(&mut slow).await.contains("200 OK"));
}

#[tokio::test]
async fn newcomers_get_in_though_idle_clients_fill_every_seat() {
    let rig = Rig::new().await;
    let door = open(&rig, 50, Times::default()).await;
    let mut idle = Vec::new();
    for _ in 0..50 {
        let mut connection = TcpStream::connect(door.address).await.unwrap();
        assert!(ask(&mut connection).await.contains("200 OK"));
        idle.push(connection);
    }
    for _ in 0..10 {
        let mut newcomer = TcpStream::connect(door.address).await.unwrap();
        assert!(ask(&mut newcomer).await.contains("200 OK"));
    }
    // The one who had been idle longest had to leave; the one who came last is still served.
    closed(&mut idle[0]).await;
    assert!(ask(&mut idle[49]).await.contains("200 OK"));
}

#[tokio::test]
async fn a_stop_closes_idle_connections_and_ends() {
    let rig = Rig::new().await;
    let door = open(&rig, 8, Times::default()).await;
    let mut connection = TcpStream::connect(door.address).await.unwrap();
    assert!(ask(&mut connection).await.contains("200 OK"));
    door.stop.cancel();
    closed(&mut connection).await;
    timeout(LONG, door.serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(door.address).await.is_err());
}
