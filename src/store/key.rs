//! The key to what is personal in the database, and the sealing of single values with it.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use base64::Engine as _;
use chacha20poly1305::{
    AeadCore as _, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, OsRng, Payload},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::recovery::beside;

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of XChaCha20's nonce: long enough to be drawn at random for every value.
const NONCE_BYTES: usize = 24;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// What was found is no key. It is not shown.
    #[error(
        "{place} does not hold a key (what it holds is not shown); allowed: 32 bytes as 64 hexadecimal digits or as \
         base64. `openssl rand -hex 32` makes one; with another key than before, the people on record cannot be read"
    )]
    Malformed {
        /// The file, or the name of the secret.
        place: String,
    },
    /// The key file cannot be read or made.
    #[error("the key file {path} cannot be used: {source}; it must be readable by the kiosk's user only")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A value's place in the database. It is sealed with the value, so that values cannot change places unnoticed.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    /// `visitors`
    pub(super) table: &'static str,
    /// `name`
    pub(super) column: &'static str,
    /// The row's id.
    pub(super) row: &'a str,
}

impl Cell<'_> {
    /// Names of tables and columns hold no zero byte, ids none either: different places never look the same.
    fn associated_data(self) -> Vec<u8> {
        [self.table, self.column, self.row].join("\0").into_bytes()
    }
}

/// What the key for telephone numbers is derived for; another text gives another key.
const PHONE_PURPOSE: &[u8] = b"majlis: finding people by telephone number, 1";

/// Seals and opens values. Never printed.
#[derive(Clone)]
pub struct Key {
    cipher: XChaCha20Poly1305,
    /// Ready to hash telephone numbers, with a key of its own derived from the store's.
    phones: Hmac<Sha256>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(not shown)")
    }
}

/// `<database>.key`
#[must_use]
pub fn key_file(database: &Path) -> PathBuf {
    beside(database, ".key")
}

impl Key {
    /// The key in `secret` (from the environment or a systemd credential called `name`), else the one in the key file
    /// beside `database`, which is made if there is none.
    ///
    /// # Errors
    /// The secret or the file holds no key, or the file cannot be read or made.
    pub fn load(database: &Path, name: &str, secret: Option<&SecretString>) -> Result<Self, KeyError> {
        match Self::load_existing(database, name, secret)? {
            Some(key) => Ok(key),
            None => create(database).and_then(|()| {
                // Read back: another process may have been faster, then its key counts.
                let path = key_file(database);
                Self::load_existing(database, name, None)?
                    .ok_or_else(|| KeyError::File { path, source: ErrorKind::NotFound.into() })
            }),
        }
    }

    /// The same, but makes no key file: `None` without one.
    ///
    /// # Errors
    /// As [`Key::load`].
    pub fn load_existing(database: &Path, name: &str, secret: Option<&SecretString>) -> Result<Option<Self>, KeyError> {
        if let Some(secret) = secret {
            return Self::parse(secret.expose_secret())
                .map(Some)
                .ok_or_else(|| KeyError::Malformed { place: format!("the secret {name}") });
        }
        let path = key_file(database);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Self::parse(&text).map(Some).ok_or_else(|| KeyError::Malformed { place: path.display().to_string() })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KeyError::File { path, source }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = from_hex(text)
            .or_else(|| base64::engine::general_purpose::STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok())?;
        Self::of_bytes(&bytes)
    }

    /// `None`: as many bytes are no key.
    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != KEY_BYTES {
            return None;
        }
        let derived = Hmac::<Sha256>::new_from_slice(bytes).ok()?.chain_update(PHONE_PURPOSE).finalize().into_bytes();
        Some(Self {
            cipher: XChaCha20Poly1305::new_from_slice(bytes).ok()?,
            phones: Hmac::<Sha256>::new_from_slice(&derived).ok()?,
        })
    }

    /// A key for this process alone.
    #[cfg(test)]
    pub(crate) fn random() -> Self {
        #[allow(clippy::unwrap_used, reason = "tests; it is as long as a key is")]
        Self::of_bytes(&XChaCha20Poly1305::generate_key(&mut OsRng)).unwrap()
    }

    /// What a telephone number (E.164) is found by: without the key, nobody can tell from it which number it is, nor try
    /// them all.
    pub(super) fn phone_hash(&self, e164: &str) -> Vec<u8> {
        self.phones.clone().chain_update(e164).finalize().into_bytes().to_vec()
    }

    /// `plain`, sealed for that place: the nonce, then the ciphertext with its tag.
    pub(super) fn seal(&self, cell: Cell<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload { msg: plain, aad: &cell.associated_data() };
        // It fails only for values of more than 256 GiB; an empty value is then one that does not open.
        let sealed = self.cipher.encrypt(&nonce, payload).unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// What was sealed for that place with this key. `None`: with another key, for another place, or changed since.
    pub(super) fn open(&self, cell: Cell<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        self.cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &cell.associated_data() }).ok()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    let digits = digits.filter(|digits| digits.len() == 2 * KEY_BYTES)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// Makes a key file, whole or not at all: written under another name, then linked to its own, which fails where there
/// is one already. That one is left as it is.
fn create(database: &Path) -> Result<(), KeyError> {
    let path = key_file(database);
    let draft = beside(database, &format!(".key.{}", uuid::Uuid::now_v7()));
    let make = || -> std::io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            super::connection::create_folder(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let hex: String =
            XChaCha20Poly1305::generate_key(&mut OsRng).iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(file, "{hex}")?;
        file.sync_all()?;
        match std::fs::hard_link(&draft, &path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let made = make();
    // A draft that stays behind is a key to nothing.
    let _ = std::fs::remove_file(&draft);
    made.map_err(|source| KeyError::File { path, source })
}
