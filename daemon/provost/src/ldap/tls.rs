//! The client's side of TLS: whom to trust, and our own certificate where one is set.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::DirectoryError;
use crate::config::source::Source;

/// The name under which the library is given a server with an IPv6 address: it takes the brackets of the address for a
/// part of the name. The certificate is checked for the address all the same, and the name is never sent.
pub(super) const STAND_IN: &str = "address.invalid";

/// The TLS settings of a source. Files are read anew for each connection, so that a renewed certificate needs no restart.
/// `address` is the server's, if it is an IPv6 address.
pub(super) fn settings(
    source: &Source,
    server: &str,
    address: Option<Ipv6Addr>,
) -> Result<Arc<ClientConfig>, DirectoryError> {
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
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let builder = match address {
        None => builder.with_root_certificates(roots),
        Some(address) => {
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|why| refused(rustls::Error::General(why.to_string())))?;
            let address = ServerName::from(IpAddr::V6(address));
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(ForAddress { verifier, address }))
        }
    };
    let mut config = match &source.certificate {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(certificates(chain)?, private_key(key)?)
            .map_err(refused)?,
    };
    config.enable_sni = address.is_none();
    Ok(Arc::new(config))
}

/// The usual check of a certificate, for the address that was connected to, whatever name the library goes by.
#[derive(Debug)]
struct ForAddress {
    verifier: Arc<WebPkiServerVerifier>,
    address: ServerName<'static>,
}

impl ServerCertVerifier for ForAddress {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier
            .verify_server_cert(certificate, chain, &self.address, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
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
