//! Folders, the register's file, secrets and room on the disk.

use nix::sys::statvfs::statvfs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::config::secret::SecretFile;
use crate::config::{Config, custody};

/// Room below which a daemon soon takes no writes, and below which somebody should look.
const ROOM_LEAST: u64 = 64 << 20;
const ROOM_ENOUGH: u64 = 1 << 30;

/// Where systemd takes the credentials from that the unit loads (`LoadCredential=NAME:provost.NAME`).
const CREDENTIALS: &str = "/etc/credstore";

/// What others than the owner may do.
const OTHERS: u32 = 0o077;

pub(super) fn all(config: &Config, credentials: Option<&Path>) -> Vec<Finding> {
    let folder = config.store.parent().unwrap_or(Path::new("/"));
    let mut findings = vec![private(folder), room(&config.store, folder)];
    let kept = custody::secrets(config, credentials).into_iter();
    findings.extend(kept.map(|kept| secret_at(&kept.key, &placed(&kept.path), credentials)));
    findings
}

/// Where a file of the configuration lies. `%d` is left in it only outside the service: then it is looked at where the
/// service's copy comes from.
pub(super) fn placed(path: &Path) -> PathBuf {
    match path.strip_prefix("%d") {
        Ok(name) => Path::new(CREDENTIALS).join(format!("provost.{}", name.display())),
        Err(_) => path.to_owned(),
    }
}

/// The same of a secret.
pub(super) fn secret(file: &SecretFile, credentials: Option<&Path>) -> PathBuf {
    let resolved = file.resolve(credentials);
    resolved.unwrap_or_else(|_| placed(Path::new(&file.to_string())))
}

/// The folder of the register is there, and nobody but its owner may look into it.
fn private(folder: &Path) -> Finding {
    let about = format!("folder of the register: {}", folder.display());
    let found = match std::fs::metadata(folder) {
        Ok(found) => found,
        Err(error) => return unseen(about, &error),
    };
    let mode = found.permissions().mode();
    match mode & OTHERS {
        0 => Finding::well(about, "for its owner alone"),
        _ => Finding::problem(
            about,
            format!("others have access (mode {:04o})", mode & 0o7777),
            format!("chmod 0700 {}", folder.display()),
        ),
    }
}

/// A secret is there, and only those who may look into it. With others the daemon does not start.
fn secret_at(key: &str, path: &Path, credentials: Option<&Path>) -> Finding {
    let about = format!("secret {key}: {}", path.display());
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) => return unseen(about, &error),
    };
    match custody::exposure(path, &found, credentials) {
        None => Finding::well(about, "for its reader alone"),
        Some(wrong) => Finding::problem(about, wrong.found, wrong.advice),
    }
}

/// What cannot be looked at.
fn unseen(about: String, error: &std::io::Error) -> Finding {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            let advice = "ask again as root, or as the account of the service";
            Finding::warning(about, "it cannot be looked at", advice)
        }
        _ => {
            let advice = "put it there, for the account of the service alone";
            Finding::problem(about, error.to_string(), advice)
        }
    }
}

/// Room for the register to be written, copied and brought to a new format.
fn room(store: &Path, folder: &Path) -> Finding {
    let about = format!("disk of {}", folder.display());
    let free = match statvfs(folder) {
        Ok(disk) => disk.blocks_available().saturating_mul(disk.fragment_size()),
        Err(why) => {
            return Finding::warning(about, why.desc(), "look whether the folder is there");
        }
    };
    let size = std::fs::metadata(store).map_or(0, |found| found.len());
    let enough = size.saturating_mul(2).max(ROOM_ENOUGH);
    let found = format!("{} MiB free", free >> 20);
    match free {
        free if free < ROOM_LEAST => {
            let advice = "make room: writes are refused when it is full, reads go on";
            Finding::problem(about, found, advice)
        }
        free if free < enough => {
            let advice = format!("make room: {} MiB would do for a copy", enough >> 20);
            Finding::warning(about, found, advice)
        }
        _ => Finding::well(about, found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_secret_that_others_may_read_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let look = || secret_at("mail.password-file", &path, None);
        assert_eq!(look().state, State::Problem, "it is missing");
        std::fs::write(&path, "secret").unwrap();
        let mode = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode).unwrap();
            look()
        };
        assert_eq!(mode(0o600).state, State::Well);
        let finding = mode(0o644);
        assert_eq!(finding.state, State::Problem);
        let advice = finding.advice.unwrap();
        assert_eq!(advice, format!("chmod 600 {}", path.display()));
    }

    #[test]
    fn a_credential_is_looked_at_where_the_service_takes_it_from() {
        let at = placed(Path::new("%d/ldap-password"));
        assert_eq!(at, Path::new("/etc/credstore/provost.ldap-password"));
        assert_eq!(placed(Path::new("/etc/x")), Path::new("/etc/x"));
    }
}
