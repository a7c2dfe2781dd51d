//! The one thing that `v4l` cannot do: give up a device whose driver answers with errors.
#![allow(unsafe_code, reason = "closes a file descriptor that `v4l` would not")]

use std::os::fd::{FromRawFd as _, OwnedFd};

use v4l::{Device, io::mmap::Stream};

/// Closes the device without telling its driver, which is known to refuse to stop. `v4l` panics in that case, twice,
/// which would end the program. The mapped buffers stay mapped: a few MB for each time this happens.
pub(super) fn abandon(device: Device, stream: Stream<'static>) {
    let fd = device.handle().fd();
    std::mem::forget(stream);
    std::mem::forget(device);
    // SAFETY: `fd` is open, and both its owners were forgotten just now, so that nobody else closes or uses it.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
}
