//! How the C library's allocator treats large blocks.

use libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, c_int};

/// Blocks from this size on are mapped, and given back when they are freed. By default glibc raises the limit with
/// every large block that is freed, and keeps what the turn model and the recogniser needed for a moment: 20 MB.
const MAPPED_FROM_BYTES: c_int = 64 * 1024;

/// Free memory at the top of a heap beyond this is given back.
const KEPT_AT_MOST_BYTES: c_int = 128 * 1024;

/// Heaps at most: every thread having its own would keep each one's peak.
const HEAPS_AT_MOST: c_int = 2;

/// Keeps resident memory near what is in use. To be called once, before other threads start; an allocator that
/// refuses goes on as before.
pub fn keep_memory_small() {
    let settings =
        [(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES), (M_TRIM_THRESHOLD, KEPT_AT_MOST_BYTES), (M_ARENA_MAX, HEAPS_AT_MOST)];
    for (parameter, value) in settings {
        // SAFETY: `mallopt` takes two integers, touches only the allocator's own settings, and reports what it does
        // not know by returning 0.
        #[allow(unsafe_code, reason = "no safe interface to the allocator's settings exists")]
        let _refused = unsafe { libc::mallopt(parameter, value) } == 0;
    }
}
