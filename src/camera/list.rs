//! Which cameras there are.

use std::path::{Path, PathBuf};

/// A camera that the kernel knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraInfo {
    /// Stable across restarts and ports: a link below `/dev/v4l/by-id`, else `by-path`, else the device itself.
    pub id: String,
    /// For people.
    pub name: String,
}

/// All cameras, by id.
#[must_use]
pub fn list() -> Vec<CameraInfo> {
    list_in(Path::new("/dev"), Path::new("/sys/class/video4linux"))
}

pub(super) fn list_in(devices: &Path, classes: &Path) -> Vec<CameraInfo> {
    let mut cameras: Vec<CameraInfo> = entries(classes)
        .into_iter()
        // A camera's second node carries metadata, not pictures.
        .filter(|class| std::fs::read_to_string(class.join("index")).is_ok_and(|index| index.trim() == "0"))
        .filter_map(|class| {
            let node = devices.join(class.file_name()?);
            let name = std::fs::read_to_string(class.join("name")).ok()?.trim().to_owned();
            Some(CameraInfo { id: stable_id(devices, &node), name })
        })
        .collect();
    cameras.sort_by(|a, b| a.id.cmp(&b.id));
    cameras
}

fn stable_id(devices: &Path, node: &Path) -> String {
    let links = ["v4l/by-id", "v4l/by-path"].into_iter().flat_map(|folder| entries(&devices.join(folder)));
    let target = node.canonicalize().ok();
    let mut links = links.filter(|link| target.is_some() && link.canonicalize().ok() == target);
    links.next().unwrap_or_else(|| node.to_owned()).display().to_string()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn a_camera_is_named_by_the_link_that_stays_and_its_metadata_node_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (devices, classes) = (folder.path().join("dev"), folder.path().join("class"));
        fs::create_dir_all(devices.join("v4l/by-id")).unwrap();
        for (node, index) in [("video0", "0\n"), ("video1", "1\n"), ("video2", "0\n")] {
            fs::write(devices.join(node), "").unwrap();
            fs::create_dir_all(classes.join(node)).unwrap();
            fs::write(classes.join(node).join("index"), index).unwrap();
            fs::write(classes.join(node).join("name"), format!("Camera {node}\n")).unwrap();
        }
        symlink(devices.join("video2"), devices.join("v4l/by-id/usb-Maker_Eye-index0")).unwrap();
        let cameras = list_in(&devices, &classes);
        let ids: Vec<&str> = cameras.iter().map(|camera| camera.id.rsplit('/').next().unwrap()).collect();
        assert_eq!(ids, ["usb-Maker_Eye-index0", "video0"]);
        assert_eq!(cameras.last().unwrap().name, "Camera video0");
    }

    #[test]
    fn a_machine_without_cameras_has_none() {
        assert_eq!(list_in(Path::new("/nonexistent"), Path::new("/nonexistent")), []);
    }
}
