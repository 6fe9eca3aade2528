//! The doors through which callers come in: handed over by systemd (sd_listen_fds(3)), or opened here.
//!
//! What systemd hands over stays open while the service restarts: who asks meanwhile waits, and is not refused.

use listenfd::ListenFd;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, UnixListener};

use crate::config::Listen;
use crate::http::Door;

/// Why nobody could come in.
#[derive(Debug, thiserror::Error)]
pub enum DoorsError {
    /// A socket or an address cannot be opened.
    #[error("listen on {place}")]
    Listen {
        /// The socket's path, or the address.
        place: String,
        /// Why.
        #[source]
        source: Error,
    },
    /// systemd hands over something that nobody could ask through.
    #[error("take over socket {number} from systemd")]
    Handed {
        /// In the order of the units' `ListenStream=` lines, from 0.
        number: usize,
        /// What is wrong with it.
        #[source]
        source: Error,
    },
    /// What asks from elsewhere must not be overheard.
    #[error(
        "take over {address} from systemd: an address of other machines needs [listen] tls; without it ListenStream= must be a loopback address"
    )]
    Open {
        /// Where the socket listens.
        address: SocketAddr,
    },
}

/// All doors, open.
pub(crate) struct Doors {
    pub(crate) open: Vec<Door>,
    /// The Unix socket, if it is ours to take away.
    pub(crate) own_socket: Option<OwnSocket>,
}

impl Doors {
    /// Takes what systemd hands over, and opens what is configured beside it. A network door that is handed over stands
    /// for the configured one, whatever address that has.
    pub(crate) async fn open(wanted: &Listen, has_tls: bool) -> Result<Self, DoorsError> {
        let mut open = handed(has_tls)?;
        let is_unix = |door: &Door| matches!(door, Door::Unix(_));
        let mut own_socket = None;
        if !open.iter().any(is_unix) {
            let listener = listen(&wanted.socket).map_err(at(wanted.socket.display()))?;
            own_socket = Some(OwnSocket(wanted.socket.clone()));
            open.push(Door::Unix(listener));
        }
        if open.iter().all(is_unix)
            && let Some(address) = wanted.http
        {
            open.push(Door::tcp(address).await.map_err(at(address))?);
        }
        Ok(Self { open, own_socket })
    }
}

fn at(place: impl ToString) -> impl FnOnce(Error) -> DoorsError {
    let place = place.to_string();
    move |source| DoorsError::Listen { place, source }
}

/// The doors that systemd hands over. Of what kind a socket is it says itself, so that names of units do not matter.
fn handed(has_tls: bool) -> Result<Vec<Door>, DoorsError> {
    let mut handed = ListenFd::from_env();
    let count = handed.len();
    let take = |number| {
        let wrong = |source| DoorsError::Handed { number, source };
        if let Ok(Some(socket)) = handed.take_unix_listener(number) {
            socket.set_nonblocking(true).map_err(wrong)?;
            return Ok(Door::Unix(UnixListener::from_std(socket).map_err(wrong)?));
        }
        let socket = handed.take_tcp_listener(number).map_err(wrong)?;
        let socket = socket.ok_or_else(|| wrong(ErrorKind::NotFound.into()))?;
        let address = socket.local_addr().map_err(wrong)?;
        if !has_tls && !address.ip().is_loopback() {
            return Err(DoorsError::Open { address });
        }
        socket.set_nonblocking(true).map_err(wrong)?;
        Ok(Door::Tcp(TcpListener::from_std(socket).map_err(wrong)?))
    };
    (0..count).map(take).collect()
}

/// A socket's path that this process made. It goes with this value.
pub(crate) struct OwnSocket(PathBuf);

impl Drop for OwnSocket {
    fn drop(&mut self) {
        // Somebody may have taken it away already.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Opens the socket. One that nobody answers on is left over from a daemon that was killed.
fn listen(path: &Path) -> std::io::Result<UnixListener> {
    if path.exists() {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(Error::new(
                ErrorKind::AddrInUse,
                "another provost answers there",
            ));
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    // Who may ask is decided by the peer's credentials, not by the socket's mode.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}
