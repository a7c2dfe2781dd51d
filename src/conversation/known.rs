//! What the conversation asks of whoever keeps the people on record.

use async_trait::async_trait;

use crate::event::{Language, VisitId, VisitorId, VisitorMemory};

/// A person could not be forgotten.
#[derive(Debug, thiserror::Error)]
#[error("a person could not be forgotten: {0}")]
pub struct ForgetError(pub String);

/// The people on record, as far as a visit touches them.
#[async_trait]
pub trait VisitorRecords: Send + Sync {
    /// They were greeted by name in this visit. Must not block.
    fn greeted(&self, visitor: VisitorId, visit: VisitId);

    /// Somebody who was taken for them said "that is not me". Goes into the audit log. Must not block.
    fn denied(&self, visitor: VisitorId);

    /// What is remembered of them, worded in `language`. Nothing, if it cannot be read: staff were told why.
    async fn memory(&self, _visitor: VisitorId, _language: Language) -> VisitorMemory {
        VisitorMemory::default()
    }

    /// Forgets them: embeddings, crops, name, the link to what was said. Returns once that is done.
    ///
    /// # Errors
    /// It could not be done; staff were told why.
    async fn forget(&self, visitor: VisitorId) -> Result<(), ForgetError>;
}

/// Nobody is on record: without a camera, or in a demonstration.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecords;

#[async_trait]
impl VisitorRecords for NoRecords {
    fn greeted(&self, _visitor: VisitorId, _visit: VisitId) {}

    fn denied(&self, _visitor: VisitorId) {}

    async fn forget(&self, _visitor: VisitorId) -> Result<(), ForgetError> {
        Err(ForgetError("nobody is on record".to_owned()))
    }
}
