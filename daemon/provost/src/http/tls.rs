//! The server's side of TLS: the certificate that callers see.

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::TlsFiles;

/// Why nobody can be answered over TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is missing, unreadable or no PEM of that kind.
    #[error("read the {what} in {path}")]
    Pem {
        /// `certificate` or `private key`.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// They do not fit each other, or are of a kind that is not spoken.
    #[error("use the certificate and its key")]
    Unfit(#[source] rustls::Error),
}

/// Reads certificate and key. TLS 1.2 and 1.3, without client certificates: callers show tokens.
///
/// # Errors
/// [`TlsError`] says which file is wrong, and why.
pub fn server(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let wrong = |what, path: &PathBuf| {
        let path = path.clone();
        move |source| TlsError::Pem { what, path, source }
    };
    let certificates = CertificateDer::pem_file_iter(&files.cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(wrong("certificate", &files.cert))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(wrong("private key", &files.key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unfit)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(TlsError::Unfit)?;
    Ok(Arc::new(config))
}
