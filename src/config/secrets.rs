//! Secrets by name: from systemd's credentials, then from the environment. They are never printed.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// Where secrets come from.
#[derive(Clone, Default)]
pub struct Secrets {
    credentials: Option<PathBuf>,
}

/// A credential that is there cannot be read. Holds no part of the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The name is no name, perhaps the secret itself; it is not shown.
    #[error("the name of a secret must be letters, digits and _; what was found is not shown")]
    Name,
    /// The file cannot be read.
    #[error("{}: credential cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// The folder that systemd names in `$CREDENTIALS_DIRECTORY`, then the environment.
    #[must_use]
    pub fn from_environment() -> Self {
        Self { credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from) }
    }

    /// Credentials in `folder`, then the environment.
    #[must_use]
    pub fn with_credentials(folder: &Path) -> Self {
        Self { credentials: Some(folder.to_owned()) }
    }

    /// The secret of that name; `None` when there is none or it is empty. A line break at its end is dropped.
    ///
    /// # Errors
    /// When the name is none, or a credential is there but cannot be read.
    pub fn get(&self, name: &str) -> Result<Option<SecretString>, SecretError> {
        if name.is_empty() {
            return Ok(None);
        }
        if !super::setting::is_secret_name(name) {
            return Err(SecretError::Name);
        }
        let text = match self.credential(name)? {
            Some(text) => Some(text),
            None => std::env::var(name).ok(),
        };
        let text = text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).filter(|text| !text.is_empty());
        Ok(text.map(SecretString::from))
    }

    fn credential(&self, name: &str) -> Result<Option<String>, SecretError> {
        let Some(folder) = &self.credentials else { return Ok(None) };
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SecretError::Unreadable { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_credential_comes_before_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::with_credentials(folder.path());
        let from_environment = secrets.get("PATH").unwrap().unwrap();
        assert_eq!(from_environment.expose_secret(), std::env::var("PATH").unwrap());
        std::fs::write(folder.path().join("PATH"), "sesame\n").unwrap();
        assert_eq!(secrets.get("PATH").unwrap().unwrap().expose_secret(), "sesame");
    }

    #[test]
    fn a_secret_is_not_printed_whole_or_in_part() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("KEY"), "sesame").unwrap();
        let secrets = Secrets::with_credentials(folder.path());
        let printed = format!("{secrets:?} {:?}", secrets.get("KEY").unwrap());
        assert!(!printed.contains("sesame"), "{printed}");
        let error = secrets.get("sk-sesame").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sesame"), "{error}");
    }

    #[test]
    fn a_name_cannot_leave_the_folder_of_credentials() {
        assert!(matches!(Secrets::default().get("../KEY"), Err(SecretError::Name)));
    }

    #[test]
    fn no_name_or_an_empty_secret_is_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("KEY"), "\n").unwrap();
        let secrets = Secrets::with_credentials(folder.path());
        assert!(secrets.get("KEY").unwrap().is_none());
        assert!(secrets.get("").unwrap().is_none());
        assert!(secrets.get("MAJLIS_NO_SUCH_SECRET").unwrap().is_none());
    }
}
