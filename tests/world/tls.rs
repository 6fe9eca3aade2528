//! A certificate authority for loopback, made anew for each test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::process::must;

/// The files of a server's certificate.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Certificate of the authority that clients must trust.
    pub ca: PathBuf,
    /// Certificate of the server, for 127.0.0.1, ::1 and localhost.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Tls {
    /// Makes an authority and a server certificate in the folder.
    ///
    /// # Panics
    /// If openssl is missing.
    pub fn new(folder: &Path) -> Self {
        Self::naming(folder, "DNS:localhost,IP:127.0.0.1,IP:::1")
    }

    /// The same for one other address alone.
    pub fn for_address(folder: &Path, address: &str) -> Self {
        Self::naming(folder, &format!("IP:{address}"))
    }

    fn naming(folder: &Path, names: &str) -> Self {
        let file = |name: &str| folder.join(name);
        let key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ];
        let openssl = |args: &[&str], folder: &Path| {
            let mut command = Command::new("openssl");
            must("openssl", command.args(args).current_dir(folder), "");
        };
        let mut authority = vec!["req", "-x509", "-days", "2", "-subj", "/CN=Test CA"];
        authority.extend(key);
        authority.extend(["-keyout", "ca.key", "-out", "ca.pem"]);
        openssl(&authority, folder);
        let mut request = vec!["req", "-subj", "/CN=localhost"];
        request.extend(key);
        request.extend(["-keyout", "server.key", "-out", "server.csr"]);
        openssl(&request, folder);
        // An IP address as the subject: libldap rewrites the name `localhost` before it checks it.
        let extensions = format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n");
        std::fs::write(file("server.ext"), extensions)
            .unwrap_or_else(|why| panic!("write server.ext: {why}"));
        openssl(
            &[
                "x509",
                "-req",
                "-in",
                "server.csr",
                "-days",
                "2",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-extfile",
                "server.ext",
                "-out",
                "server.pem",
            ],
            folder,
        );
        Self {
            ca: file("ca.pem"),
            certificate: file("server.pem"),
            key: file("server.key"),
        }
    }

    /// How a server shows it.
    ///
    /// # Panics
    /// If it is unfit.
    pub fn server(&self) -> Arc<ServerConfig> {
        let unfit = |why: &dyn std::fmt::Display| -> ! { panic!("use the certificate: {why}") };
        let certificates = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .unwrap_or_else(|why| unfit(&why));
        let key = PrivateKeyDer::from_pem_file(&self.key).unwrap_or_else(|why| unfit(&why));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap_or_else(|why| unfit(&why))
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .unwrap_or_else(|why| unfit(&why));
        Arc::new(config)
    }
}
