//! Compiled forms on disk. Only one whose hash is the trusted one is ever loaded.
//!
//! Wasmtime checks of a compiled form that version, settings and target fit, not that the code is what its compiler
//! wrote; and what is loaded is run natively. The hash of every form therefore lies elsewhere, in the store, and is
//! compared over the very bytes that are then loaded.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::limits::COMPILED_BYTES_MAX;
use provost_core::hex;

/// A SHA-256 digest, written as 64 hex digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::written(Sha256::digest(bytes).as_slice())
    }

    /// A digest as it was recorded; `None` if it is not 64 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 64 && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// The digest of what a value hashes, for values that have no bytes of their own.
    pub(crate) fn of_hash(value: &impl Hash) -> Self {
        struct Bytes(Sha256);
        impl Hasher for Bytes {
            fn write(&mut self, bytes: &[u8]) {
                self.0.update(bytes);
            }
            fn finish(&self) -> u64 {
                0
            }
        }
        let mut bytes = Bytes(Sha256::new());
        value.hash(&mut bytes);
        Self::written(bytes.0.finalize().as_slice())
    }

    fn written(digest: &[u8]) -> Self {
        Self(hex(digest))
    }

    /// The 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which compiled form is meant: of which component, for which engine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeKey {
    /// SHA-256 of the component.
    pub component: Digest,
    /// [`crate::Engine::compatibility`] of the engine that it was compiled for.
    pub engine: Digest,
}

/// Remembers the hashes of compiled forms where who can write the folder cannot: in the store.
pub trait TrustedCode {
    /// The SHA-256 recorded for this form, if one was.
    ///
    /// # Errors
    /// Whatever kept the recorded hash from being read.
    fn trusted(
        &self,
        key: &CodeKey,
    ) -> Result<Option<Digest>, Box<dyn std::error::Error + Send + Sync>>;

    /// Records the SHA-256 of a form that was just compiled, in place of an earlier one.
    ///
    /// # Errors
    /// Whatever kept the hash from being recorded.
    fn record(
        &self,
        key: &CodeKey,
        form: &Digest,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Hashes that are forgotten with the process: for trying a plugin out.
#[derive(Debug, Default)]
pub struct TrustInMemory(Mutex<BTreeMap<CodeKey, Digest>>);

impl TrustedCode for TrustInMemory {
    fn trusted(
        &self,
        key: &CodeKey,
    ) -> Result<Option<Digest>, Box<dyn std::error::Error + Send + Sync>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(known.get(key).cloned())
    }

    fn record(
        &self,
        key: &CodeKey,
        form: &Digest,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key.clone(), form.clone());
        Ok(())
    }
}

/// Where the code that was loaded came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeOrigin {
    /// From the folder, with the trusted hash.
    Cached,
    /// Compiled now: the folder had none, or none was trusted.
    Compiled,
    /// Compiled now, because the file in the folder is not the one that was recorded. Worth an alarm: somebody wrote
    /// to the folder, or the disk fails.
    Replaced {
        /// What the file hashed to.
        found: Digest,
    },
}

/// Why the folder of compiled forms can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The folder can't be made.
    #[error("make the folder {path}")]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A form can't be read.
    #[error("read the compiled plugin {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A form can't be written.
    #[error("write the compiled plugin {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The recorded hashes can't be read or written.
    #[error("look up or record the hash of the compiled plugin {component}")]
    Trust {
        /// Of which component.
        component: Digest,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The folder of compiled forms.
#[derive(Debug)]
pub(crate) struct Forms(PathBuf);

/// Tells the unfinished files of one process apart.
static UNFINISHED: AtomicU64 = AtomicU64::new(0);

impl Forms {
    /// Uses the folder, which is made if it is missing, for the owner alone.
    pub(crate) fn open(path: PathBuf) -> Result<Self, CacheError> {
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path);
        match made {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(CacheError::Folder { path, source }),
        }
    }

    fn path(&self, key: &CodeKey) -> PathBuf {
        // Sixteen digits of the engine tell engines apart; the whole key is compared through the trusted hash.
        let engine = key.engine.as_str().get(..16).unwrap_or_default();
        self.0.join(format!("{}-{engine}.cwasm", key.component))
    }

    /// The bytes of a form and their hash; `None` if there is no such file or it is larger than any form may be.
    pub(crate) fn fetch(&self, key: &CodeKey) -> Result<Option<(Vec<u8>, Digest)>, CacheError> {
        let path = self.path(key);
        let read = || {
            let mut bytes = Vec::new();
            File::open(&path)?
                .take(COMPILED_BYTES_MAX + 1)
                .read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>(bytes)
        };
        match read() {
            Ok(bytes) if bytes.len() as u64 > COMPILED_BYTES_MAX => Ok(None),
            Ok(bytes) => {
                let digest = Digest::of(&bytes);
                Ok(Some((bytes, digest)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CacheError::Read { path, source }),
        }
    }

    /// Writes a form; a reader sees the whole of it or nothing.
    pub(crate) fn keep(&self, key: &CodeKey, bytes: &[u8]) -> Result<(), CacheError> {
        let path = self.path(key);
        let number = UNFINISHED.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.0.join(format!(".{}-{number}.new", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&unfinished)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        write().map_err(|source| {
            // Best effort: the error that matters is the one above.
            let _ = fs::remove_file(&unfinished);
            CacheError::Write {
                path: path.clone(),
                source,
            }
        })
    }
}
