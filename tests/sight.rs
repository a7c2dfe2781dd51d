//! Recorded cameras: whole replays with pictures, from a folder to the report, with the real networks.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use image::{Rgb, RgbImage};
use majlis::{
    config::Config,
    event::{Device, DeviceStatus, Event},
    kiosk::{Foundation, Libraries, replay},
    ops::report::Report,
};

/// An empty hall for `seconds`, five pictures a second, and somebody who asks something all the same.
struct Hall {
    folder: tempfile::TempDir,
    config: Config,
}

impl Hall {
    fn new(seconds: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::load(Some(Path::new("kiosk.toml")), &[]).unwrap();
        config.paths.database = folder.path().join("majlis.sqlite");
        config.paths.output = folder.path().to_owned();
        config.camera.frames_per_second = 5;
        let pictures = folder.path().join("pictures");
        std::fs::create_dir(&pictures).unwrap();
        for n in 0..seconds * 5 {
            let grain = |x: u32, y: u32| (x * 31 + y * 17 + n * 7) % 13;
            let picture =
                RgbImage::from_fn(320, 240, |x, y| Rgb([(90 + x / 4 + grain(x, y)) as u8, 120, (60 + y / 3) as u8]));
            picture.save(pictures.join(format!("{n:04}.png"))).unwrap();
        }
        Self { folder, config }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn replay(&self, audio: Option<PathBuf>, is_fast: bool) -> Report {
        let foundation = Foundation::load(self.config.clone(), &mut Libraries::default()).unwrap();
        let recording = replay::Recording { audio, camera: Some(self.path("pictures")), speaker: None, is_fast };
        replay::run(&foundation, &recording).await.unwrap()
    }

    fn question(&self) -> Option<PathBuf> {
        let path = self.path("in.wav");
        let mut command = Command::new("espeak-ng");
        command.args(["-v", "en-us", "-s", "150", "-w"]).arg(&path).arg("What are your opening hours?");
        assert!(command.status().unwrap().success());
        Some(path)
    }
}

fn camera_was_lost(report: &Report) -> bool {
    report.events.iter().any(|stamped| {
        matches!(&stamped.event, Event::Device { device: Device::Camera, status: DeviceStatus::Lost, .. })
    })
}

fn visits(report: &Report) -> usize {
    report.events.iter().filter(|stamped| matches!(stamped.event, Event::VisitStarted { .. })).count()
}

#[tokio::test]
async fn a_question_in_an_empty_hall_is_asked_of_somebody_else() {
    let hall = Hall::new(8);
    let report = hall.replay(hall.question(), true).await;
    assert_eq!((report.turns.len(), visits(&report)), (0, 0));
    assert!(report.presence.is_empty() && report.identity.is_empty());
}

#[tokio::test]
async fn without_the_setting_it_is_answered() {
    let mut hall = Hall::new(8);
    hall.config.presence.listen_only_when_attending = false;
    let report = hall.replay(hall.question(), true).await;
    assert_eq!(report.turns.len(), 1);
}

#[tokio::test]
async fn with_a_network_of_the_wrong_kind_staff_are_told_and_the_voice_goes_on() {
    let mut hall = Hall::new(8);
    hall.config.vision.detector = "minifasnet-v2".to_owned();
    let report = hall.replay(hall.question(), true).await;
    assert!(camera_was_lost(&report), "{:?}", report.events);
    assert_eq!(report.turns.len(), 1);
}

#[tokio::test]
async fn a_camera_alone_is_replayed_for_its_length_at_the_pace_of_real_time() {
    let hall = Hall::new(2);
    let report = hall.replay(None, false).await;
    assert_eq!(visits(&report), 0);
    assert!(report.totals.wall_ms >= 1_800, "{}", report.totals.wall_ms);
}
