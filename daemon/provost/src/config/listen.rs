//! `[listen]`: where the daemon answers.

use provost_core::document::Table;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::source::path;

/// Where the daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Unix socket of the command line.
    pub socket: PathBuf,
    /// API and console over TCP: on loopback, or anywhere with TLS.
    pub http: Option<SocketAddr>,
    /// Certificate and key of `http`.
    pub tls: Option<TlsFiles>,
    /// Folder for activity files dropped by export jobs.
    pub spool: Option<PathBuf>,
}

/// PEM files of a TLS server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those that lead from it to the authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

pub(super) fn read(top: &Table<'_>, credentials: Option<&Path>) -> Option<Listen> {
    let default = Listen {
        socket: PathBuf::from("/run/provost/provost.sock"),
        http: None,
        tls: None,
        spool: None,
    };
    let Some(table) = top.table("listen") else {
        return Some(default);
    };
    let listen = Listen {
        socket: table.text("socket").map_or(default.socket, PathBuf::from),
        http: table.parse("http"),
        tls: table
            .table("tls")
            .and_then(|tls| read_tls(&tls, credentials)),
        spool: table.text("spool").map(PathBuf::from),
    };
    let away = listen
        .http
        .is_some_and(|address| !address.ip().is_loopback());
    if away && !table.has("tls") {
        table.problem(
            "http",
            "must be a loopback address, or have tls = { cert = \"…\", key = \"…\" } beside it",
        );
    }
    if table.has("tls") && !table.has("http") {
        table.problem("tls", "is for http, which is missing");
    }
    table.done();
    Some(listen)
}

fn read_tls(table: &Table<'_>, credentials: Option<&Path>) -> Option<TlsFiles> {
    let (cert, key) = (
        path(table, "cert", credentials),
        path(table, "key", credentials),
    );
    for (name, file) in [("cert", &cert), ("key", &key)] {
        if file.is_none() && !table.has(name) {
            table.problem(name, "is missing: a PEM file");
        }
    }
    table.done();
    Some(TlsFiles {
        cert: cert?,
        key: key?,
    })
}
