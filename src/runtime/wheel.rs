//! Models inside Python wheels (zip files), and zip archives in general.

use std::{
    io::{Read, Seek},
    path::{Path, PathBuf},
};

use super::{ModelError, WheelSource};

/// The wheel of that package and version in `folder`, whatever its Python and platform tags.
pub(super) fn find(folder: &Path, wheel: &WheelSource) -> Option<PathBuf> {
    // PEP 427: runs of "-", "_" and "." in a package's name become "_" in the file name.
    let stem = format!("{}-{}-", wheel.package.replace(['-', '.'], "_"), wheel.version);
    let entries = std::fs::read_dir(folder).ok()?;
    entries.flatten().map(|entry| entry.path()).find(|path| {
        path.extension().is_some_and(|extension| extension == "whl")
            && path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&stem))
    })
}

/// One member of a zip archive, at most `max_bytes` long. `archive` is named in errors.
pub(super) fn read_member(
    archive: &Path,
    zip: impl Read + Seek,
    member: &str,
    max_bytes: u64,
) -> Result<Vec<u8>, ModelError> {
    let broken =
        |detail: String| ModelError::Archive { archive: archive.to_owned(), member: member.to_owned(), detail };
    let mut zip = zip::ZipArchive::new(zip).map_err(|error| broken(error.to_string()))?;
    let file = zip.by_name(member).map_err(|error| broken(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| broken(error.to_string()))?;
    if bytes.len() as u64 > max_bytes {
        return Err(broken(format!("it is longer than the {max_bytes} bytes that the manifest gives")));
    }
    Ok(bytes)
}
