//! The key that signs checkpoints: given by the configuration, or made once beside the register.

use provost_core::{hex, unhex};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::config::SecretFile;
use crate::config::secret::SecretError;
use crate::files::{move_new, sync_folder};

/// Bytes of an Ed25519 seed (RFC 8032 §5.1.5).
const SEED: usize = 32;

/// Bytes of a key file that are read: the 64 digits of a seed, a line end of two, and one more that tells a longer file.
const FILE_BYTES: u64 = 67;

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file that the configuration names cannot be read.
    #[error("read the key of checkpoints")]
    Secret(#[from] SecretError),
    /// The file beside the register cannot be read or made.
    #[error("{what} the key of checkpoints {}", path.display())]
    File {
        /// What was attempted.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others could have read it, and signed with it.
    #[error(
        "use the key of checkpoints {}: its mode is {mode:04o}, others may read it; make a new key, and see who had it", path.display()
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It does not hold a seed.
    #[error("use the key of checkpoints: it must be the {} hexadecimal digits of an Ed25519 seed", 2 * SEED)]
    Seed,
    /// The system gives no random bytes.
    #[error("draw a key of checkpoints")]
    Random(#[source] getrandom::Error),
}

/// An Ed25519 key pair. It is never printed but for its public half.
pub struct CheckpointKey(Ed25519KeyPair);

impl CheckpointKey {
    /// The key in a file that the configuration names.
    ///
    /// # Errors
    /// [`KeyError`] if it cannot be read or is none.
    pub fn given(file: &SecretFile, credentials: Option<&Path>) -> Result<Self, KeyError> {
        Self::of_digits(&file.read(credentials)?)
    }

    /// The key beside a register, made if there is none.
    ///
    /// # Errors
    /// [`KeyError`] if it cannot be read or made, is none, or is not the daemon's alone.
    pub fn beside(register: &Path) -> Result<Self, KeyError> {
        if let Some(key) = Self::found_beside(register)? {
            return Ok(key);
        }
        let path = path(register);
        let mut seed = [0; SEED];
        getrandom::fill(&mut seed).map_err(KeyError::Random)?;
        match make(&path, &format!("{}\n", hex(&seed))) {
            Ok(()) => tracing::info!(path = %path.display(), "a key of checkpoints was made"),
            // Somebody else asked at the same moment: theirs is the key.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => {
                let what = "make";
                return Err(KeyError::File { what, path, source });
            }
        }
        Self::found_beside(register)?.ok_or(KeyError::Seed)
    }

    /// The key beside a register, if there is one.
    ///
    /// # Errors
    /// As [`CheckpointKey::beside`].
    pub fn found_beside(register: &Path) -> Result<Option<Self>, KeyError> {
        let path = path(register);
        let failed = |source| KeyError::File {
            what: "read",
            path: path.clone(),
            source,
        };
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { path, mode });
        }
        let mut digits = String::new();
        file.take(FILE_BYTES)
            .read_to_string(&mut digits)
            .map_err(failed)?;
        Self::of_digits(digits.trim_end()).map(Some)
    }

    /// The key of a register in memory, which ends with its daemon and has nothing to keep from anybody.
    pub(crate) fn passing(register: &str) -> Result<Self, KeyError> {
        use sha2::{Digest as _, Sha256};
        Self::of_seed(&Sha256::digest(register))
    }

    fn of_digits(digits: &str) -> Result<Self, KeyError> {
        Self::of_seed(&unhex(digits).ok_or(KeyError::Seed)?)
    }

    fn of_seed(seed: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Seed)?;
        Ok(Self(pair))
    }

    /// The public half in hexadecimal: by it a checkpoint is checked anywhere.
    #[must_use]
    pub fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }

    /// The signature of a text, in hexadecimal.
    pub(super) fn sign(&self, text: &str) -> String {
        hex(self.0.sign(text.as_bytes()).as_ref())
    }
}

/// Beside the register, so that what may write there may sign. A backup has no key.
fn path(register: &Path) -> PathBuf {
    let mut name = register.as_os_str().to_owned();
    name.push(".checkpoint-key");
    name.into()
}

/// Makes a file that is its owner's alone before the first byte is in it, and whole when it has its name.
fn make(path: &Path, text: &str) -> std::io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    // Left over from one that was cut off.
    let _ = std::fs::remove_file(&part);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    move_new(&part, path)
        .and_then(|()| sync_folder(path))
        .inspect_err(|_| drop(std::fs::remove_file(&part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let register = folder.path().join("provost.db");
        assert!(CheckpointKey::found_beside(&register).unwrap().is_none());
        let made = CheckpointKey::beside(&register).unwrap().public();
        assert_eq!(CheckpointKey::beside(&register).unwrap().public(), made);
        let mode = std::fs::metadata(path(&register)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o7777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_may_read_and_one_that_is_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let register = folder.path().join("provost.db");
        CheckpointKey::beside(&register).unwrap();
        let file = path(&register);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = CheckpointKey::beside(&register).err();
        assert!(matches!(refused, Some(KeyError::Open { mode: 0o640, .. })));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "00", &"0".repeat(66), &"x".repeat(64)] {
            std::fs::write(&file, text).unwrap();
            let refused = CheckpointKey::beside(&register).err();
            assert!(matches!(refused, Some(KeyError::Seed)), "{text}");
        }
    }
}
