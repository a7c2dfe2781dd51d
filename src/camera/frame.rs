//! A picture of the camera.

use std::{sync::Arc, time::Duration};

/// A picture with its time. Cheap to clone.
#[derive(Clone)]
pub struct Frame {
    /// Counts the pictures of a camera, those that nobody looked at included.
    pub sequence: u64,
    /// When it was taken (`Clock`).
    pub at: Duration,
    /// RGB, turned upright as configured, not mirrored.
    pub picture: Arc<image::RgbImage>,
}
