//! Who else may look into the files that hold secrets. Start, reload, `provost check` and `provost doctor` judge alike.

use provost_core::document::Problem;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::source::Bind;
use super::{Config, SecretFile};

/// Root, as owner and as group.
const ROOT: u32 = 0;

/// What nobody but the owner may do.
const OTHERS: u32 = 0o077;
/// The same where a group is let read.
const OTHERS_BUT_READERS: u32 = 0o037;

/// A file that holds a secret, and the key of the configuration that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// As `source.staff-ldap.bind.password-file`.
    pub key: String,
    /// Where it lies; `%d` is left in it where there is no credentials directory.
    pub path: PathBuf,
}

/// Every file that the configuration names for a secret. `credentials` is what `%d` stands for.
#[must_use]
pub fn secrets(config: &Config, credentials: Option<&Path>) -> Vec<Kept> {
    let mut found = Vec::new();
    let mut note = |key: String, path: PathBuf| found.push(Kept { key, path });
    let placed = |file: &SecretFile| {
        let resolved = file.resolve(credentials);
        resolved.unwrap_or_else(|_| PathBuf::from(file.to_string()))
    };
    for (id, source) in &config.sources {
        if let Bind::Simple { password_file, .. } = &source.bind {
            let key = format!("source.{id}.bind.password-file");
            note(key, password_file.clone());
        }
        if let Some((_, key)) = &source.certificate {
            note(format!("source.{id}.certificate-key"), key.clone());
        }
    }
    if let Some(tls) = &config.listen.tls {
        note("listen.tls.key".to_owned(), tls.key.clone());
    }
    if let Some(login) = config.mail.as_ref().and_then(|mail| mail.login.as_ref()) {
        note("mail.password-file".to_owned(), placed(&login.password));
    }
    if let Some(key) = &config.checkpoint_key {
        note("store.checkpoint-key-file".to_owned(), placed(key));
    }
    for plugin in config.plugins.values() {
        for (name, files) in &plugin.secrets {
            for file in files {
                let key = format!("plugin.{}.secrets.{name}", plugin.id);
                note(key, placed(file));
            }
        }
    }
    found
}

/// Secrets that others may read or write, each with the command that mends it. A file that is missing or cannot be looked
/// at is none of them: whoever needs what it holds says so.
#[must_use]
pub fn exposed(config: &Config, credentials: Option<&Path>) -> Vec<Problem> {
    let kept = secrets(config, credentials).into_iter();
    let exposed = kept.filter_map(|Kept { key, path }| {
        let found = std::fs::metadata(&path).ok()?;
        let why = exposure(&path, &found, credentials)?;
        Some(Problem {
            key,
            value: Some(path.display().to_string()),
            why: format!("{}: {}", why.found, why.advice),
        })
    });
    exposed.collect()
}

/// What is wrong with the mode of a file, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// What was found.
    pub found: String,
    /// The command.
    pub advice: String,
}

/// Says what is wrong if others than the owner have access to this secret.
///
/// A group may read what belongs to root: that is how systemd gives a credential (`credentials`; an access list shows
/// as the group's bits) and how a system gives a key to one service (`root:ssl-cert`, mode 0640). Root's own group is
/// no such service.
#[must_use]
pub fn exposure(
    path: &Path,
    found: &std::fs::Metadata,
    credentials: Option<&Path>,
) -> Option<Exposure> {
    let given = credentials.is_some_and(|folder| path.starts_with(folder))
        || (found.uid() == ROOT && found.gid() != ROOT);
    let barred = if given { OTHERS_BUT_READERS } else { OTHERS };
    let mode = found.permissions().mode();
    (mode & barred != 0).then(|| Exposure {
        found: format!("others have access (mode {:04o})", mode & 0o7777),
        advice: mend(path, found.uid()),
    })
}

/// The command that leaves the file to its reader alone: to its owner, or to the account that we are, which could not
/// read it any more if it stayed another's.
fn mend(path: &Path, owner: u32) -> String {
    let (us, path) = (nix::unistd::geteuid(), path.display());
    if us.is_root() || us.as_raw() == owner {
        return format!("chmod 600 {path}");
    }
    let account = nix::unistd::User::from_uid(us);
    let account = account.ok().flatten();
    let account = account.map_or_else(|| us.to_string(), |account| account.name);
    format!("chown {account} {path} && chmod 600 {path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::chown;

    /// Looks at a file of this mode, `%d` standing for `credentials`.
    fn at(mode: u32, path: &Path, credentials: Option<&Path>) -> Option<Exposure> {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).unwrap();
        exposure(path, &std::fs::metadata(path).unwrap(), credentials)
    }

    #[test]
    fn a_secret_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "secret").unwrap();
        for closed in [0o600, 0o400, 0o700] {
            assert_eq!(at(closed, &path, None), None, "{closed:o}");
        }
        for open in [0o640, 0o604, 0o620, 0o601, 0o777] {
            let expected = Exposure {
                found: format!("others have access (mode {open:04o})"),
                advice: format!("chmod 600 {}", path.display()),
            };
            assert_eq!(at(open, &path, None), Some(expected), "{open:o}");
        }
    }

    #[test]
    fn a_credential_may_be_read_by_its_access_list_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "secret").unwrap();
        let given = Some(folder.path());
        assert_eq!(at(0o440, &path, given), None);
        assert_eq!(at(0o400, &path, given), None);
        assert!(at(0o444, &path, given).is_some());
        assert!(at(0o460, &path, given).is_some());
        let elsewhere = Some(Path::new("/run/credentials/provost.service"));
        assert!(at(0o440, &path, elsewhere).is_some());
    }

    #[test]
    fn a_key_of_root_may_be_given_to_the_group_of_a_service() {
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "secret").unwrap();
        chown(&path, Some(ROOT), Some(4242)).unwrap();
        assert_eq!(at(0o640, &path, None), None);
        assert!(at(0o660, &path, None).is_some());
        assert!(at(0o644, &path, None).is_some());
        chown(&path, Some(4242), Some(4242)).unwrap();
        assert!(at(0o640, &path, None).is_some());
    }
}
