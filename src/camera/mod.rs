//! Seeing: cameras, recordings in their place, and their latest picture.
//!
//! In: what V4L2 devices, video files and folders of pictures give. Out: [`Frame`]s in a [`FrameSlot`], a
//! [`CameraStatus`], `device` events. Never touches: faces, the network; no picture is ever written to the disk.
//!
//! One thread, the [`Camera`]'s, opens, reads, decodes and turns; it never waits for whoever looks at the pictures.

mod frame;
mod health;
mod list;
mod recorded;
mod slot;
mod source;
mod supervisor;
#[cfg(test)]
mod tests;
mod upright;
mod v4l2;

pub use frame::Frame;
pub use health::{Blindness, PictureHealth};
pub use list::{CameraInfo, list};
pub use recorded::Recorded;
pub use slot::FrameSlot;
pub use source::{CameraError, FrameSource, OpenCamera, SourceError};
pub use supervisor::{Camera, CameraFigures, CameraHandle, CameraStatus};
pub(crate) use upright::shrink;
pub use v4l2::{Mode, ModeFormat, describe, modes, opener_for};
