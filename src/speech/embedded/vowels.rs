//! The vowel model, loaded when it is first needed and shared by the voice and the recogniser.

use std::sync::{Mutex, PoisonError};

use super::tashkeel::{Tashkeel, TashkeelError};
use crate::cloud::{FailureKind, ProviderError};

type Load = dyn Fn() -> Result<Tashkeel, TashkeelError> + Send + Sync;

/// Restores the vowels of Arabic texts.
pub struct Vowels {
    load: Box<Load>,
    /// A failed load is tried again at the next request: the file may have been fetched meanwhile.
    model: Mutex<Option<Tashkeel>>,
}

impl std::fmt::Debug for Vowels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vowels").finish_non_exhaustive()
    }
}

impl Vowels {
    /// A model that `load` brings when it is first needed.
    pub fn new(load: impl Fn() -> Result<Tashkeel, TashkeelError> + Send + Sync + 'static) -> Self {
        Self { load: Box::new(load), model: Mutex::new(None) }
    }

    /// `text` with its short vowels ([`Tashkeel::restore`]).
    ///
    /// # Errors
    /// The model cannot be loaded or fails.
    pub(super) fn restore(&self, text: &str) -> Result<String, ProviderError> {
        let mut slot = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let restored = match slot.as_mut() {
            Some(model) => model.restore(text),
            None => (self.load)().and_then(|model| slot.insert(model).restore(text)),
        };
        restored.map_err(|error| ProviderError::new(super::NAME, FailureKind::Unavailable, error.to_string()))
    }
}
