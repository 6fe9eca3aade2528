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
        let mut authority = vec!["req", "-x509", "-days", "2", "-subj", "/CN=Test CA"];
        authority.extend(KEY);
        authority.extend(["-keyout", "ca.key", "-out", "ca.pem"]);
        openssl(&authority, folder);
        // An IP address as the subject: libldap rewrites the name `localhost` before it checks it.
        let extensions = format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n");
        std::fs::write(file("server.ext"), extensions)
            .unwrap_or_else(|why| panic!("write server.ext: {why}"));
        request(folder, "server", "localhost");
        sign(folder, "server", "2");
        Self {
            ca: file("ca.pem"),
            certificate: file("server.pem"),
            key: file("server.key"),
        }
    }

    /// The same certificate once more, which ends this moment.
    pub fn expire(&self) {
        sign(self.folder(), "server", "0");
    }

    /// Certificate and key of a client whom the authority calls so.
    pub fn client(&self, name: &str) -> (PathBuf, PathBuf) {
        let folder = self.folder();
        std::fs::write(folder.join("client.ext"), "basicConstraints=CA:FALSE\n")
            .unwrap_or_else(|why| panic!("write client.ext: {why}"));
        request(folder, "client", name);
        sign(folder, "client", "2");
        (folder.join("client.pem"), folder.join("client.key"))
    }

    fn folder(&self) -> &Path {
        self.ca.parent().unwrap_or(&self.ca)
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

const KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
];

fn openssl(args: &[&str], folder: &Path) {
    let mut command = Command::new("openssl");
    must("openssl", command.args(args).current_dir(folder), "");
}

/// A key, and the request to certify it.
fn request(folder: &Path, file: &str, subject: &str) {
    let (key, out) = (format!("{file}.key"), format!("{file}.csr"));
    let subject = format!("/CN={subject}");
    let mut request = vec!["req", "-subj", &subject];
    request.extend(KEY);
    request.extend(["-keyout", &key, "-out", &out]);
    openssl(&request, folder);
}

/// Certifies a request for so many days.
fn sign(folder: &Path, file: &str, days: &str) {
    let [request, extensions, out] = ["csr", "ext", "pem"].map(|end| format!("{file}.{end}"));
    let mut sign = vec!["x509", "-req", "-in", &request, "-days", days];
    sign.extend(["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]);
    sign.extend(["-extfile", &extensions, "-out", &out]);
    openssl(&sign, folder);
}
