//! The vowel model, loaded when it is first needed and shared by the voice and the recogniser.

use std::sync::{Mutex, PoisonError};

use super::tashkeel::Tashkeel;
use crate::{
    cloud::{FailureKind, ProviderError},
    runtime::{ModelStore, Onnx},
};

/// Restores the vowels of Arabic texts.
#[derive(Debug)]
pub struct Vowels {
    onnx: Onnx,
    store: ModelStore,
    /// A failed load is tried again at the next request: the file may have been fetched meanwhile.
    model: Mutex<Option<Tashkeel>>,
}

impl Vowels {
    /// Vowels by the model that `store` finds when it is first needed.
    #[must_use]
    pub fn new(onnx: Onnx, store: ModelStore) -> Self {
        Self { onnx, store, model: Mutex::new(None) }
    }

    /// `text` with its short vowels ([`Tashkeel::restore`]).
    ///
    /// # Errors
    /// The model cannot be loaded or fails.
    pub fn restore(&self, text: &str) -> Result<String, ProviderError> {
        let mut slot = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let restored = match slot.as_mut() {
            Some(model) => model.restore(text),
            None => Tashkeel::load(&self.onnx, &self.store).and_then(|model| slot.insert(model).restore(text)),
        };
        restored.map_err(|error| ProviderError::new(super::NAME, FailureKind::Unavailable, error.to_string()))
    }

    /// Gives the model's memory back until vowels are needed again.
    pub(super) fn release(&self) {
        *self.model.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
