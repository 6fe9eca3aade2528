//! Files that hold a secret: passwords and keys are named in the configuration, never written into it.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Bytes of a secret file at most: passwords and keys are short, and a wrong path must not fill the memory.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// The path of a secret file, in which `%d` at the beginning stands for the service's credentials directory.
///
/// It is resolved when the secret is needed, so that `provost check` can judge a configuration outside the service,
/// where systemd has set no such directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFile(String);

/// A text that cannot be the path of a secret file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an absolute path, or begin with %d/ for the service's credentials directory")]
pub struct BadSecretFile;

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// `%d` without a credentials directory.
    #[error(
        "resolve {0}: %d stands for the credentials directory that systemd gives a service (LoadCredential=), and there is none"
    )]
    NoDirectory(String),
    /// The file cannot be read.
    #[error("read the secret in {path}")]
    Read {
        /// The resolved path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nothing but white space, or far too much.
    #[error("read the secret in {0}: it must hold 1 to {SECRET_BYTES_MAX} bytes of text")]
    Size(PathBuf),
}

impl FromStr for SecretFile {
    type Err = BadSecretFile;
    fn from_str(text: &str) -> Result<Self, BadSecretFile> {
        let absolute = text.len() > 1 && text.starts_with('/') && !text.contains("%d");
        let in_credentials = text
            .strip_prefix("%d/")
            .is_some_and(|name| !name.is_empty() && !name.contains('/') && name != "..");
        let printable = !text.chars().any(char::is_control);
        if printable && (absolute || in_credentials) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadSecretFile)
        }
    }
}

impl fmt::Display for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SecretFile {
    /// The path with `%d` replaced by `credentials`, the value of `$CREDENTIALS_DIRECTORY`.
    ///
    /// # Errors
    /// [`SecretError::NoDirectory`] if there is none and the path needs it.
    pub fn resolve(&self, credentials: Option<&Path>) -> Result<PathBuf, SecretError> {
        match (self.0.strip_prefix("%d/"), credentials) {
            (None, _) => Ok(PathBuf::from(&self.0)),
            (Some(name), Some(directory)) => Ok(directory.join(name)),
            (Some(_), None) => Err(SecretError::NoDirectory(self.0.clone())),
        }
    }

    /// The secret itself, without the line end that editors and `echo` leave behind it.
    ///
    /// # Errors
    /// [`SecretError`] if the file is missing, unreadable, empty or far too big.
    pub fn read(&self, credentials: Option<&Path>) -> Result<String, SecretError> {
        let path = self.resolve(credentials)?;
        let mut text = String::new();
        let read = std::fs::File::open(&path)
            .and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text));
        if let Err(source) = read {
            return Err(SecretError::Read { path, source });
        }
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.trim().is_empty() || text.len() as u64 > SECRET_BYTES_MAX {
            return Err(SecretError::Size(path));
        }
        Ok(secret.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretFile {
        text.parse().unwrap()
    }

    #[test]
    fn percent_d_stands_for_the_credentials_directory() {
        let directory = Path::new("/run/credentials/provost.service");
        assert_eq!(
            secret("%d/smtp-password").resolve(Some(directory)).unwrap(),
            Path::new("/run/credentials/provost.service/smtp-password")
        );
        assert_eq!(
            secret("/etc/provost/key").resolve(None).unwrap(),
            Path::new("/etc/provost/key")
        );
        assert!(matches!(
            secret("%d/smtp-password").resolve(None),
            Err(SecretError::NoDirectory(_))
        ));
    }

    #[test]
    fn a_path_that_leaves_the_credentials_directory_is_no_secret_file() {
        for text in [
            "", "/", "x", "../x", "%d/", "%d/..", "%d/../x", "%dx", "/a/%d/b", "/a\nb",
        ] {
            assert_eq!(text.parse::<SecretFile>(), Err(BadSecretFile), "{text:?}");
        }
    }

    #[test]
    fn a_secret_is_read_without_its_line_end_and_an_empty_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("good"), "s e c\n").unwrap();
        std::fs::write(folder.path().join("blank"), " \n").unwrap();
        std::fs::write(folder.path().join("huge"), vec![b'x'; 70_000]).unwrap();
        let read = |name: &str| secret(&format!("%d/{name}")).read(Some(folder.path()));
        assert_eq!(read("good").unwrap(), "s e c");
        assert!(matches!(read("blank"), Err(SecretError::Size(_))));
        assert!(matches!(read("huge"), Err(SecretError::Size(_))));
        assert!(matches!(read("none"), Err(SecretError::Read { .. })));
    }
}
