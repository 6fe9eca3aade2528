//! The client's side of TLS: whom to trust, and our own certificate where one is set.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::DirectoryError;
use crate::config::source::Source;

/// The TLS settings of a source. Files are read anew for each connection, so that a renewed certificate needs no restart.
pub(super) fn settings(source: &Source, server: &str) -> Result<Arc<ClientConfig>, DirectoryError> {
    let refused = |source| DirectoryError::Tls {
        server: server.to_owned(),
        source,
    };
    let mut roots = RootCertStore::empty();
    match &source.ca_file {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(refused)?;
            }
        }
        // A certificate of the system that cannot be used is the system's affair; the others still count.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_root_certificates(roots);
    let config = match &source.certificate {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(certificates(chain)?, private_key(key)?)
            .map_err(refused)?,
    };
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, DirectoryError> {
    let pem = read("certificates from", path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|_| no_pem("certificate", path))?;
    if found.is_empty() {
        return Err(no_pem("certificate", path));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, DirectoryError> {
    let pem = read("the private key from", path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_pem("private key", path))
}

fn no_pem(what: &'static str, path: &Path) -> DirectoryError {
    DirectoryError::NoPem {
        what,
        path: PathBuf::from(path),
    }
}

/// Reads a small file.
pub(super) fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, DirectoryError> {
    std::fs::read(path).map_err(|source: io::Error| DirectoryError::File {
        what,
        path: PathBuf::from(path),
        source,
    })
}
