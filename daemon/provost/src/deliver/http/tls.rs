//! Whom requests trust: the system's certificates, or those of one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};

/// Why no server can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file is missing, unreadable or no PEM.
    #[error("read the certificates in {path}")]
    Pem {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// There is none in the file.
    #[error("read the certificates in {0}: there are none")]
    None(PathBuf),
    /// They are of a kind that is not understood.
    #[error("trust the certificates")]
    Unfit(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3, trusting the file alone if there is one.
///
/// # Errors
/// [`TrustError`] if the file cannot be used.
pub(in crate::deliver) fn client(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
        }
        // A certificate of the system that cannot be used is the system's affair; the others still count.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| TrustError::Pem {
            path: path.to_owned(),
            source,
        })?;
    if found.is_empty() {
        return Err(TrustError::None(path.to_owned()));
    }
    Ok(found)
}
