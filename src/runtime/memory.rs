//! How the C library's allocator treats large blocks, and memory that only the start needed.

use std::{fs, io, ops::Range, path::Path};

use libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, MADV_DONTNEED, c_int, c_void};

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

/// Gives back the pages of this program's file and of `library`: code and tables that linking and loading models read
/// once stay resident otherwise. Returns how many bytes were resident and given back. Takes some milliseconds.
///
/// `library` must be loaded for the rest of the process's life, as ONNX Runtime is.
///
/// # Errors
/// The kernel does not tell which pages there are.
pub(super) fn give_back_pages_of_files(library: &Path) -> io::Result<usize> {
    let program = std::env::current_exe()?;
    // SAFETY: neither file is ever unmapped.
    #[allow(unsafe_code, reason = "as there")]
    unsafe {
        give_back_unchanged_pages(&[&program, library])
    }
}

/// Gives back the resident pages of mapped `files` (absolute, without links) that are as in the file. Those still in use
/// come back from the kernel's cache as they are touched. Returns how many bytes that were.
///
/// # Errors
/// The kernel does not tell which pages there are.
///
/// # Safety
/// Nobody unmaps one of the files meanwhile: other memory could have taken its addresses.
#[allow(unsafe_code, reason = "no safe interface to the kernel's advice on memory exists")]
pub unsafe fn give_back_unchanged_pages(files: &[&Path]) -> io::Result<usize> {
    let mappings = fs::read_to_string("/proc/self/smaps")?;
    let mut given_back = 0;
    for mapping in unchanged_mappings(&mappings, files) {
        let Range { start, end } = mapping.addresses;
        // SAFETY: the range is one mapping of a file and stays one, as the caller sees to. It is read-only and holds no
        // page that differs from the file, so that what is dropped here is read again, the same, when it is next touched.
        let result = unsafe { libc::madvise(start as *mut c_void, end - start, MADV_DONTNEED) };
        if result == 0 {
            given_back += mapping.resident_bytes;
        }
    }
    Ok(given_back)
}

#[derive(Debug, PartialEq, Eq)]
struct Mapping {
    addresses: Range<usize>,
    resident_bytes: usize,
}

/// The read-only mappings of `files` without a page of their own, from the text of `/proc/self/smaps`.
fn unchanged_mappings(smaps: &str, files: &[&Path]) -> Vec<Mapping> {
    let mut found = Vec::new();
    let mut current = None;
    let mut resident_bytes = 0;
    for line in smaps.lines() {
        if let Some((addresses, permissions, file)) = mapping(line) {
            let is_wanted = matches!(permissions, "r--p" | "r-xp" | "r--s") && files.contains(&file);
            current = is_wanted.then_some(addresses);
        } else if let Some(kilobytes) = amount(line, "Rss:") {
            resident_bytes = kilobytes * 1024;
        } else if amount(line, "Anonymous:") == Some(0)
            && let Some(addresses) = current.take()
        {
            found.push(Mapping { addresses, resident_bytes });
        }
    }
    found
}

/// The first line of a mapping: `start-end permissions offset device inode  file`.
fn mapping(line: &str) -> Option<(Range<usize>, &str, &Path)> {
    let (addresses, rest) = line.split_once(' ')?;
    let (start, end) = addresses.split_once('-')?;
    let parse = |address| usize::from_str_radix(address, 16).ok();
    let (permissions, rest) = rest.split_once(' ')?;
    let file = rest.splitn(4, ' ').nth(3).unwrap_or_default().trim_start();
    Some((parse(start)?..parse(end)?, permissions, Path::new(file)))
}

/// The kilobytes of a line such as `Rss:    12 kB`.
fn amount(line: &str, key: &str) -> Option<usize> {
    line.strip_prefix(key)?.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SMAPS: &str = "\
5581e0000000-5581e0010000 r--p 00000000 08:01 77      /opt/my programs/majlis
Size:                 64 kB
Rss:                  48 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
5581e0010000-5581e0030000 r-xp 00010000 08:01 77      /opt/my programs/majlis
Rss:                  96 kB
Anonymous:             4 kB
5581e0030000-5581e0040000 rw-p 00030000 08:01 77      /opt/my programs/majlis
Rss:                  64 kB
Anonymous:             0 kB
7f0000000000-7f0000001000 r-xp 00000000 08:01 78      /usr/lib/other.so
Rss:                   4 kB
Anonymous:             0 kB
7f0000001000-7f0000002000 r--s 00000000 08:01 77      /opt/my programs/majlis
Rss:                   8 kB
Anonymous:             0 kB
7f0000002000-7f0000003000 rw-p 00000000 00:00 0 
Rss:                   4 kB
Anonymous:             0 kB
";

    #[test]
    fn only_read_only_pages_that_are_as_in_the_named_files_are_given_back() {
        let found = unchanged_mappings(SMAPS, &[Path::new("/opt/my programs/majlis")]);
        assert_eq!(
            found,
            [
                Mapping { addresses: 0x5581_e000_0000..0x5581_e001_0000, resident_bytes: 48 * 1024 },
                Mapping { addresses: 0x7f00_0000_1000..0x7f00_0000_2000, resident_bytes: 8 * 1024 },
            ],
            "not what was changed, can be written, or belongs to another"
        );
    }

    #[test]
    fn a_program_that_gave_its_pages_back_goes_on() {
        let own = std::env::current_exe().unwrap();
        assert!(give_back_pages_of_files(&own).unwrap() > 0);
        assert!(give_back_pages_of_files(Path::new("/nobody.so")).unwrap() > 0, "its own pages came back meanwhile");
    }
}
