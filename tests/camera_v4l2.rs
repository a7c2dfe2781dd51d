//! Cameras through V4L2 against a driver that is made for the test (`fake_v4l2/fake.c`, put under a process of its own by
//! `LD_PRELOAD`): plugged in and out, stalled, stubborn, with damaged pictures.
//!
//! Each test starts itself once more with the driver; what stands in its closure runs there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    fs,
    io::Read as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use majlis::{
    camera::{self, Camera, CameraHandle, CameraStatus},
    clock::SystemClock,
    config,
    event::{Bus, DeviceStatus, Event, Subscription},
};

/// How long a test waits for what must come.
const LIMIT: Duration = Duration::from_secs(30);
const ROOT: &str = "FAKE_ROOT";
const WEBCAM: &str = "mode YUYV 640 480 1 30\nmode MJPG 640 480 1 30\nmode MJPG 1280 720 1001 30000\n";

/// The folder that the driver looks into.
struct Fake {
    root: PathBuf,
}

impl Fake {
    /// Compiles the driver and runs `scenario` in a process that has it.
    fn run(test: &str, scenario: impl FnOnce(&Self)) {
        if let Ok(root) = std::env::var(ROOT) {
            return scenario(&Self { root: root.into() });
        }
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
        let output = with_driver(&mut command, folder.path());
        assert!(output.is_good, "{}", output.text);
        assert!(output.text.contains("1 passed"), "{}", output.text);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Plugs a camera in as `/dev/<node>`: what it offers, and its pictures.
    fn plug_in(&self, node: &str, modes: &str) {
        let class = self.path("sys/class/video4linux").join(node);
        fs::create_dir_all(&class).unwrap();
        fs::write(class.join("index"), "0\n").unwrap();
        fs::write(class.join("name"), "Eye 100\n").unwrap();
        let links = self.path("dev/v4l/by-id");
        fs::create_dir_all(&links).unwrap();
        let pictures = ["YUYV", "MJPG"].map(|format| format!("picture {format} {}\n", self.path(format).display()));
        // Complete at once: the driver may be looking for it.
        fs::write(self.path("node"), format!("{modes}{}", pictures.concat())).unwrap();
        fs::rename(self.path("node"), self.path("dev").join(node)).unwrap();
        symlink(format!("../../{node}"), links.join("usb-Maker_Eye-index0")).unwrap();
    }

    fn unplug(&self, node: &str) {
        fs::remove_file(self.path("dev/v4l/by-id/usb-Maker_Eye-index0")).unwrap();
        fs::remove_file(self.path("dev").join(node)).unwrap();
        fs::remove_dir_all(self.path("sys/class/video4linux").join(node)).unwrap();
    }

    /// The bytes of the camera's next pictures in a format.
    fn shows(&self, format: &str, bytes: &[u8]) {
        fs::write(self.path("picture"), bytes).unwrap();
        fs::rename(self.path("picture"), self.path(format)).unwrap();
    }

    fn is(&self, name: &str, is_so: bool) {
        if is_so {
            fs::write(self.path(name), "").unwrap();
        } else {
            fs::remove_file(self.path(name)).unwrap();
        }
    }
}

struct Output {
    is_good: bool,
    text: String,
}

/// Runs `command` with the driver; ends it if it takes too long.
fn with_driver(command: &mut Command, root: &Path) -> Output {
    let (source, library) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake_v4l2/fake.c"), root.join("fake.so"));
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(compiled.expect("a C compiler must be installed").success());
    let log = fs::File::create(root.join("log")).unwrap();
    let mut child = command
        .env("LD_PRELOAD", &library)
        .env(ROOT, root)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let until = Instant::now() + LIMIT * 3;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if Instant::now() > until => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let mut text = String::new();
    fs::File::open(root.join("log")).unwrap().read_to_string(&mut text).unwrap();
    Output { is_good: status.is_some_and(|status| status.success()), text: format!("{status:?}\n{text}") }
}

/// A camera under test.
struct Running {
    handle: CameraHandle,
    events: Subscription,
}

impl Running {
    fn start(change: impl FnOnce(&mut config::Camera)) -> Self {
        let mut config = config::Camera { lost_after_ms: 400, ..config::Camera::default() };
        change(&mut config);
        let clock = Arc::new(SystemClock::start_now());
        let bus = Bus::new(clock.clone());
        let events = bus.subscribe();
        let handle = Camera::start(camera::opener_for(&config), &config, clock, bus).unwrap();
        Self { handle, events }
    }

    fn until(&self, what: &str, is_so: impl Fn(&CameraStatus) -> bool) -> CameraStatus {
        self.wait(what, || is_so(&self.handle.status.borrow()));
        self.handle.status.borrow().clone()
    }

    fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let until = Instant::now() + LIMIT;
        while !is_so() {
            assert!(Instant::now() < until, "not within {LIMIT:?}: {what}; it is {:?}", *self.handle.status.borrow());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn seeing(&self) -> String {
        match self.until("the camera sees", CameraStatus::is_seeing) {
            CameraStatus::Seeing(detail) => detail,
            other => panic!("{other:?}"),
        }
    }

    fn picture(&self) -> RgbImage {
        let seen = self.handle.slot.latest().map_or(0, |frame| frame.sequence);
        let frame = self.handle.slot.wait_newer(seen, LIMIT).expect("a picture");
        RgbImage::clone(&frame.picture)
    }

    /// What the bus was told; the camera is stopped.
    fn told(mut self) -> Vec<(DeviceStatus, String)> {
        self.handle.stop();
        std::iter::from_fn(|| self.events.try_next())
            .filter_map(|stamped| match stamped.event {
                Event::Device { status, detail, .. } => Some((status, detail)),
                _ => None,
            })
            .collect()
    }
}

/// A JPEG of one colour as cameras send it: without Huffman tables.
fn bare_jpeg(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut whole = Vec::new();
    let picture = RgbImage::from_pixel(width, height, Rgb(colour));
    JpegEncoder::new_with_quality(&mut whole, 90).encode_image(&picture).unwrap();
    let (mut kept, mut rest) = (whole[..2].to_vec(), &whole[2..]);
    while rest[1] != 0xda {
        let (segment, after) = rest.split_at(2 + usize::from(u16::from_be_bytes([rest[2], rest[3]])));
        if segment[1] != 0xc4 {
            kept.extend_from_slice(segment);
        }
        rest = after;
    }
    [&kept, rest].concat()
}

fn is_near(found: Rgb<u8>, wanted: [u8; 3]) -> bool {
    found.0.iter().zip(wanted).all(|(found, wanted)| found.abs_diff(wanted) <= 4)
}

#[test]
fn a_camera_delivers_mjpeg_without_huffman_tables_at_an_odd_rate() {
    Fake::run("a_camera_delivers_mjpeg_without_huffman_tables_at_an_odd_rate", |fake| {
        fake.shows("MJPG", &bare_jpeg(1280, 720, [200, 60, 30]));
        fake.plug_in("video0", WEBCAM);
        let running = Running::start(|_| {});
        let detail = running.seeing();
        assert_eq!(detail, "/dev/v4l/by-id/usb-Maker_Eye-index0, 1280×720 MJPEG, 29.97 fps");
        let picture = running.picture();
        assert_eq!(picture.dimensions(), (1280, 720));
        assert!(is_near(*picture.get_pixel(640, 360), [200, 60, 30]), "{:?}", picture.get_pixel(640, 360));
        running.handle.stop();
    });
}

#[test]
fn a_camera_delivers_uncompressed_pictures_where_they_come_fast_enough() {
    Fake::run("a_camera_delivers_uncompressed_pictures_where_they_come_fast_enough", |fake| {
        // BT.601's red.
        fake.shows("YUYV", &[81, 90, 81, 240].repeat(640 * 480 / 2));
        fake.plug_in("video0", WEBCAM);
        let running = Running::start(|config| {
            (config.width_px, config.height_px) = (640, 480);
            config.rotation_deg = 90;
        });
        assert!(running.seeing().ends_with("640×480 YUYV, 30 fps"));
        let picture = running.picture();
        assert_eq!(picture.dimensions(), (480, 640), "turned upright");
        assert!(is_near(*picture.get_pixel(9, 9), [255, 0, 0]));
        running.handle.stop();
    });
}

#[test]
fn an_unplugged_camera_is_lost_and_comes_back_under_another_number() {
    Fake::run("an_unplugged_camera_is_lost_and_comes_back_under_another_number", |fake| {
        fake.shows("MJPG", &bare_jpeg(1280, 720, [90, 90, 90]));
        let running = Running::start(|config| config.device = "/dev/v4l/by-id/usb-Maker_Eye-index0".into());
        running.until("the program goes on without", |status| matches!(status, CameraStatus::Lost(_)));
        fake.plug_in("video0", WEBCAM);
        running.seeing();
        fake.unplug("video0");
        running.until("the loss", |status| matches!(status, CameraStatus::Lost(_)));
        assert!(running.handle.slot.latest().is_none());
        fake.plug_in("video2", WEBCAM);
        running.seeing();
        running.picture();
        assert_eq!(running.handle.figures().reopened, 2);
        let told = running.told();
        let statuses: Vec<DeviceStatus> = told.iter().map(|(status, _)| *status).collect();
        use DeviceStatus::{Lost, Ready};
        assert_eq!(statuses, [Lost, Ready, Lost, Ready]);
        assert!(told[0].1.contains("majlis devices"), "{}", told[0].1);
        assert!(told[2].1.contains("unplugged"), "{}", told[2].1);
    });
}

#[test]
fn a_stalled_camera_is_noticed_and_opened_again_even_if_its_driver_does_not_stop() {
    Fake::run("a_stalled_camera_is_noticed_and_opened_again_even_if_its_driver_does_not_stop", |fake| {
        fake.shows("MJPG", &bare_jpeg(1280, 720, [90, 90, 90]));
        fake.plug_in("video0", WEBCAM);
        let running = Running::start(|_| {});
        for is_stubborn in [false, true] {
            running.seeing();
            running.picture();
            if is_stubborn {
                fake.is("stubborn", true);
            }
            fake.is("stall", true);
            let status = running.until("the stall", |status| matches!(status, CameraStatus::Lost(_)));
            assert!(format!("{status:?}").contains("no picture for 400 ms"), "{status:?}");
            fake.is("stall", false);
        }
        running.seeing();
        running.picture();
        assert_eq!(running.handle.figures().reopened, 2);
        fake.is("stubborn", false);
        running.handle.stop();
    });
}

#[test]
fn damaged_pictures_are_counted_and_the_camera_goes_on() {
    Fake::run("damaged_pictures_are_counted_and_the_camera_goes_on", |fake| {
        let whole = bare_jpeg(1280, 720, [90, 90, 90]);
        fake.shows("MJPG", &whole);
        fake.plug_in("video0", WEBCAM);
        let running = Running::start(|config| config.lost_after_ms = 20_000);
        running.picture();
        for broken in [whole[..whole.len() / 2].to_vec(), b"\xff\xd8 no jpeg \xff\xd9".to_vec(), Vec::new()] {
            let before = running.handle.figures().bad;
            fake.shows("MJPG", &broken);
            running.wait("bad pictures are counted", || running.handle.figures().bad > before + 2);
        }
        fake.shows("MJPG", &whole);
        running.picture();
        assert!(running.handle.status.borrow().is_seeing());
        assert_eq!(running.told().len(), 1, "it was ready once and never lost");
    });
}

#[test]
fn a_4k_camera_is_scaled_down() {
    Fake::run("a_4k_camera_is_scaled_down", |fake| {
        fake.shows("MJPG", &bare_jpeg(3840, 2160, [30, 160, 90]));
        fake.plug_in("video0", "mode MJPG 3840 2160 1 30\n");
        let running = Running::start(|_| {});
        let picture = running.picture();
        assert_eq!(picture.dimensions(), (1280, 720));
        assert!(is_near(*picture.get_pixel(640, 360), [30, 160, 90]));
        running.handle.stop();
    });
}

#[test]
fn a_camera_without_a_format_that_can_be_read_is_refused_with_what_it_offers() {
    Fake::run("a_camera_without_a_format_that_can_be_read_is_refused_with_what_it_offers", |fake| {
        fake.plug_in("video0", "mode H264 1280 720 1 30\n");
        let running = Running::start(|_| {});
        let status = running.until("the refusal", |status| matches!(status, CameraStatus::Lost(_)));
        let text = format!("{status:?}");
        assert!(text.contains("H264") && text.contains("YUYV, MJPG"), "{text}");
        running.handle.stop();
    });
}

#[test]
fn the_list_of_cameras_shows_formats_sizes_and_rates() {
    Fake::run("the_list_of_cameras_shows_formats_sizes_and_rates", |fake| {
        fake.plug_in("video0", WEBCAM);
        let text = camera::describe(&config::Camera::default());
        let expected = "  * /dev/v4l/by-id/usb-Maker_Eye-index0\n      Eye 100\n      \
             YUYV: 640×480 at 30\n      MJPEG: 640×480 at 30, 1280×720 at 29.97\n";
        assert_eq!(text, expected);
    });
}
