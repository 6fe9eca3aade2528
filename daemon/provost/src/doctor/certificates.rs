//! When certificates end that we show or trust. Those that servers show are looked at when they are reached.

use provost_core::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::path::Path;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::files::placed;
use super::{Finding, State};
use crate::config::Config;

/// From here on somebody should see to a new one.
const SOON_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

pub(super) fn all(config: &Config, now: Timestamp) -> Vec<Finding> {
    let mut files = Vec::new();
    let mut note = |of: String, path: Option<&Path>| {
        files.extend(path.map(|path| (of, placed(path))));
    };
    let tls = config.listen.tls.as_ref();
    note("listen.tls".to_owned(), tls.map(|tls| tls.cert.as_path()));
    for source in config.sources.values() {
        let own = source.certificate.as_ref().map(|(own, _)| own.as_path());
        note(format!("source {}", source.id), own);
        note(
            format!("source {}, ca-file", source.id),
            source.ca_file.as_deref(),
        );
    }
    let mail = config
        .mail
        .as_ref()
        .and_then(|mail| mail.ca_file.as_deref());
    note("mail, ca-file".to_owned(), mail);
    for plugin in config.plugins.values() {
        note(
            format!("plugin {}, ca-file", plugin.id),
            plugin.ca_file.as_deref(),
        );
    }
    let looked = files.iter();
    looked
        .map(|(of, path)| certificate(of, path, now))
        .collect()
}

/// The first one of a file to end.
fn certificate(of: &str, path: &Path, now: Timestamp) -> Finding {
    let about = format!("certificate of {of}: {}", path.display());
    let days = match ends(path) {
        Ok(Some(second)) => (second - now.as_second()).div_euclid(DAY_SECONDS),
        Ok(None) => return Finding::problem(about, "it holds none", "put a PEM certificate there"),
        Err(why) => return Finding::problem(about, why, "put a PEM certificate there"),
    };
    let renew = "renew it; a reload takes the new one";
    match days {
        ..0 => Finding::problem(about, format!("ended {} days ago", -days), renew),
        0..SOON_DAYS => Finding::bad(State::Warning, about, format!("ends in {days} days"), renew),
        _ => Finding::well(about, format!("ends in {days} days")),
    }
}

/// Seconds since 1970; `None` for a file without a certificate.
fn ends(path: &Path) -> Result<Option<i64>, String> {
    let mut first = None::<i64>;
    for der in CertificateDer::pem_file_iter(path).map_err(|why| why.to_string())? {
        let der = der.map_err(|why| why.to_string())?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|why| why.to_string())?;
        let end = certificate.validity().not_after.timestamp();
        first = Some(first.map_or(end, |first| first.min(end)));
    }
    Ok(first)
}
