//! A small directory that speaks real LDAP over loopback: for the demo, and for tests of what real servers do not do
//! on demand.
//!
//! It answers simple binds, the root entry, its schema, and searches of every scope, paged or not. It keeps its entries
//! in memory and is changed by calling it, never over the wire.

mod filter;
mod session;
mod tree;

pub use tree::{Tree, TreeEntry};

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

/// What the server does wrong, until it is told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Closes the connection after so many entries of a connection.
    DropAfter(usize),
    /// Falls silent after so many entries of a connection.
    StallAfter(usize),
    /// Answers "size limit exceeded" after so many entries of a search.
    SizeLimit(usize),
    /// Answers "busy" to every search below the root.
    Busy,
    /// Refuses every bind.
    RefuseBind,
    /// Answers success without entries to every search for staff, as slapd does for an undefined attribute.
    EmptySuccess,
    /// Sends these bytes in the place of the third entry.
    Bytes(Vec<u8>),
    /// Leaves entries out whose name ends with this, even if they are asked for by name, like an access rule.
    Hide(String),
    /// Takes a search and never answers.
    Silence,
}

/// Who may bind, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Distinguished name.
    pub dn: String,
    /// Password.
    pub password: String,
}

struct Shared {
    tree: Mutex<Tree>,
    fault: Mutex<Fault>,
    account: Account,
}

/// The server. It stops when this is dropped.
pub struct DirectoryServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

impl DirectoryServer {
    /// Starts on a free port of the loopback address.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(tree: Tree, account: Account) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            tree: Mutex::new(tree),
            fault: Mutex::default(),
            account,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    /// `ldap://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// The entries, to be changed.
    pub fn tree(&self) -> MutexGuard<'_, Tree> {
        self.shared
            .tree
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What goes wrong from now on.
    pub fn misbehave(&self, fault: Fault) {
        *self
            .shared
            .fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

impl Drop for DirectoryServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Connections at once: a demonstration has one, a test a few.
const CONNECTIONS_MAX: usize = 64;

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while sessions.try_join_next().is_some() {}
        if sessions.len() < CONNECTIONS_MAX {
            sessions.spawn(session::serve(stream, Arc::clone(&shared)));
        }
    }
}

impl Shared {
    fn fault(&self) -> Fault {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
