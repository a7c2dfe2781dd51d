//! The camera's thread with scripted sources in virtual time, and recordings.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::VecDeque,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use async_trait::async_trait;
use image::{Rgb, RgbImage};

use super::*;
use crate::{
    clock::Clock,
    config,
    event::{Bus, Device, DeviceStatus, Event, Subscription},
};

/// How long a test waits for what must come, in real time.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two pictures of a scripted camera.
const PERIOD: Duration = Duration::from_millis(100);

/// A clock that jumps to whatever somebody sleeps for.
#[derive(Clone, Default)]
struct JumpingClock(Arc<Mutex<Duration>>);

impl JumpingClock {
    fn advance(&self, step: Duration) {
        *self.0.lock().unwrap() += step;
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, deadline: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = deadline.max(*now);
    }
}

/// What a scripted source does next.
#[derive(Clone, Copy)]
enum Do {
    /// So many pictures, one each [`PERIOD`]: noise, black, or all the same.
    Pictures(u32),
    Black(u32),
    Same(u32),
    /// So many pictures that cannot be read.
    Bad(u32),
    /// Nothing for so many ms.
    Silence(u64),
    /// Every call is an error from here on.
    Unplugged,
}

/// One answer to `open`: `None` refuses.
type Opening = Option<Vec<Do>>;

struct ScriptedOpener {
    clock: JumpingClock,
    openings: VecDeque<Opening>,
    is_live: bool,
    opened_at: Arc<Mutex<Vec<Duration>>>,
    /// Told when the script is over.
    over: SyncSender<()>,
}

impl OpenCamera for ScriptedOpener {
    fn open(&mut self) -> Result<Box<dyn FrameSource>, CameraError> {
        let Some(opening) = self.openings.pop_front() else {
            let _ = self.over.try_send(());
            std::thread::sleep(Duration::from_millis(2));
            return Err(CameraError::None);
        };
        self.opened_at.lock().unwrap().push(self.clock.now());
        let script = opening.ok_or(CameraError::None)?;
        Ok(Box::new(ScriptedSource { clock: self.clock.clone(), script: script.into(), pictures: 0 }))
    }

    fn is_live(&self) -> bool {
        self.is_live
    }
}

struct ScriptedSource {
    clock: JumpingClock,
    script: VecDeque<Do>,
    pictures: u64,
}

impl ScriptedSource {
    fn picture(&mut self, level: u8, is_new: bool) -> RgbImage {
        self.clock.advance(PERIOD);
        self.pictures += 1;
        let mut random = fastrand::Rng::with_seed(if is_new { self.pictures } else { 0 });
        RgbImage::from_fn(64, 48, |_, _| Rgb([level + random.u8(..2); 3]))
    }
}

impl FrameSource for ScriptedSource {
    fn detail(&self) -> String {
        "a scripted camera".to_owned()
    }

    fn next(&mut self, limit: Duration) -> Result<RgbImage, SourceError> {
        let Some(step) = self.script.pop_front() else { return Err(SourceError::Lost("it was unplugged".into())) };
        match step {
            Do::Pictures(0) | Do::Black(0) | Do::Same(0) | Do::Bad(0) | Do::Silence(0) => self.next(limit),
            Do::Pictures(left) => {
                self.script.push_front(Do::Pictures(left - 1));
                Ok(self.picture(90, true))
            }
            Do::Black(left) => {
                self.script.push_front(Do::Black(left - 1));
                Ok(self.picture(0, true))
            }
            Do::Same(left) => {
                self.script.push_front(Do::Same(left - 1));
                Ok(self.picture(90, false))
            }
            Do::Bad(left) => {
                self.script.push_front(Do::Bad(left - 1));
                self.clock.advance(PERIOD);
                Err(SourceError::Bad("no JPEG".into()))
            }
            Do::Silence(ms) => {
                self.clock.advance(limit);
                let left = ms.saturating_sub(u64::try_from(limit.as_millis()).unwrap());
                self.script.push_front(Do::Silence(left));
                Err(SourceError::Silent)
            }
            Do::Unplugged => Err(SourceError::Lost("it was unplugged".into())),
        }
    }
}

/// A camera that goes through its script, and what came of it.
struct World {
    handle: CameraHandle,
    events: Subscription,
    opened_at: Arc<Mutex<Vec<Duration>>>,
    over: Receiver<()>,
}

impl World {
    fn start(openings: impl IntoIterator<Item = Opening>) -> Self {
        Self::start_as(true, openings)
    }

    fn start_as(is_live: bool, openings: impl IntoIterator<Item = Opening>) -> Self {
        let clock = JumpingClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let events = bus.subscribe();
        let (over_sender, over) = sync_channel(1);
        let opened_at: Arc<Mutex<Vec<Duration>>> = Arc::default();
        let opener = ScriptedOpener {
            clock: clock.clone(),
            openings: openings.into_iter().collect(),
            is_live,
            opened_at: opened_at.clone(),
            over: over_sender,
        };
        let config = config::Camera::default();
        let handle = Camera::start(Box::new(opener), &config, Arc::new(clock), bus).unwrap();
        Self { handle, events, opened_at, over }
    }

    /// Waits for the end of the script; gives what the bus was told, in ms, and the figures.
    fn end(mut self) -> (Vec<(u64, DeviceStatus, String)>, CameraFigures) {
        self.over.recv_timeout(LIMIT).unwrap();
        let told = told(&mut self.events);
        let figures = self.handle.figures();
        assert!(self.handle.slot.latest().is_none(), "nobody may look at a picture of a camera that is gone");
        self.handle.stop();
        (told, figures)
    }
}

fn told(events: &mut Subscription) -> Vec<(u64, DeviceStatus, String)> {
    std::iter::from_fn(|| events.try_next())
        .map(|stamped| match stamped.event {
            Event::Device { device: Device::Camera, status, detail } => {
                (u64::try_from(stamped.at.as_millis()).unwrap(), status, detail)
            }
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_kiosk_without_a_camera_says_so_at_once_and_looks_for_one_less_and_less_often() {
    let world = World::start(std::iter::repeat_n(None, 8));
    let opened_at = world.opened_at.clone();
    let (told, _) = world.end();
    let at_ms: Vec<u128> = opened_at.lock().unwrap().iter().map(Duration::as_millis).collect();
    assert_eq!(at_ms, [0, 250, 750, 1_750, 3_750, 7_750, 12_750, 17_750]);
    assert_eq!(told.len(), 1, "one loss is told once: {told:?}");
    assert_eq!((told[0].0, told[0].1), (0, DeviceStatus::Lost));
    assert!(told[0].2.contains("majlis devices"), "it says what to do: {}", told[0].2);
}

#[test]
fn a_camera_that_is_unplugged_is_told_lost_and_ready_when_it_is_back() {
    let world = World::start([
        Some(vec![Do::Pictures(10), Do::Unplugged]),
        None,
        None,
        Some(vec![Do::Pictures(5), Do::Unplugged]),
    ]);
    let opened_at = world.opened_at.clone();
    let (told, figures) = world.end();
    let statuses: Vec<_> = told.iter().map(|(at, status, _)| (*at, *status)).collect();
    use DeviceStatus::{Lost, Ready};
    // Ten pictures; then 250, 500 and 1000 ms of looking for it; then a picture.
    assert_eq!(statuses, [(100, Ready), (1_000, Lost), (2_850, Ready), (3_250, Lost)]);
    assert!(told[1].2.contains("unplugged"), "{}", told[1].2);
    let figures = CameraFigures { dropped: 0, ..figures };
    assert_eq!(figures, CameraFigures { frames: 15, dropped: 0, bad: 0, reopened: 1 });
    assert_eq!(opened_at.lock().unwrap().len(), 4);
}

#[test]
fn a_camera_that_falls_silent_without_an_error_is_lost_after_two_seconds() {
    let world = World::start([Some(vec![Do::Pictures(10), Do::Silence(60_000)]), Some(vec![Do::Pictures(3)])]);
    let (told, figures) = world.end();
    assert_eq!((told[1].0, told[1].1), (3_000, DeviceStatus::Lost));
    assert!(told[1].2.contains("no picture for 2000 ms"), "{}", told[1].2);
    assert_eq!((told[2].1, figures.reopened), (DeviceStatus::Ready, 1));
}

#[test]
fn a_slow_start_is_no_loss() {
    let world = World::start([Some(vec![Do::Silence(3_000), Do::Pictures(3)])]);
    let (told, _) = world.end();
    assert_eq!(told[0].1, DeviceStatus::Ready, "{told:?}");
}

#[test]
fn pictures_that_cannot_be_read_are_counted_and_skipped_until_no_other_come() {
    let world = World::start([Some(vec![Do::Pictures(2), Do::Bad(15), Do::Pictures(2), Do::Bad(40)])]);
    let (told, figures) = world.end();
    let statuses: Vec<DeviceStatus> = told.iter().map(|(_, status, _)| *status).collect();
    assert_eq!(statuses, [DeviceStatus::Ready, DeviceStatus::Lost], "{told:?}");
    assert_eq!((figures.frames, figures.bad), (4, 35), "15 are forgiven, 20 are two seconds");
}

#[test]
fn a_black_or_frozen_picture_counts_as_not_seeing_until_it_changes() {
    let script = vec![Do::Pictures(5), Do::Black(40), Do::Pictures(5), Do::Same(80), Do::Pictures(5), Do::Unplugged];
    let world = World::start([Some(script)]);
    let (told, figures) = world.end();
    use DeviceStatus::{Lost, Ready};
    let statuses: Vec<DeviceStatus> = told.iter().map(|(_, status, _)| *status).collect();
    assert_eq!(statuses, [Ready, Lost, Ready, Lost, Ready, Lost]);
    assert!(told[1].2.contains("black") && told[3].2.contains("frozen"), "{told:?}");
    assert_eq!(figures.reopened, 0, "the device itself was never gone");
}

// ---- recordings -----------------------------------------------------------------------------------------------------

fn config(frames_per_second: u32) -> config::Camera {
    config::Camera { frames_per_second, ..config::Camera::default() }
}

/// Encodes ten grey pictures, each brighter than the one before, ten a second.
fn make_video(path: &Path, arguments: &[&str]) {
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x120", "-r", "10", "-i", "pipe:0"])
        .args(arguments)
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("ffmpeg must be installed: scripts/setup.sh does it");
    let mut pictures = ffmpeg.stdin.take().unwrap();
    for index in 0..10 {
        pictures.write_all(&vec![level(index); 160 * 120 * 3]).unwrap();
    }
    drop(pictures);
    assert!(ffmpeg.wait().unwrap().success());
}

/// Notes in an MP4 file that its pictures are to be turned by 90°, as a phone does (ISO 14496-12, 8.3.2: `tkhd`).
fn turn_clockwise(path: &Path) {
    let mut file = std::fs::read(path).unwrap();
    let header = file.windows(4).position(|four| four == b"tkhd").unwrap() + 4;
    let matrix: [i32; 9] = [0, 0x1_0000, 0, -0x1_0000, 0, 0, 120 << 16, 0, 0x4000_0000];
    // Behind version, times, track, duration, layer and volume.
    for (place, value) in file[header + 40..].chunks_exact_mut(4).zip(matrix) {
        place.copy_from_slice(&value.to_be_bytes());
    }
    std::fs::write(path, file).unwrap();
}

fn level(index: u8) -> u8 {
    20 + 20 * index
}

/// Which of the ten pictures it is.
fn index_of(frame: &Frame) -> u8 {
    let (width, height) = frame.picture.dimensions();
    let grey = frame.picture.get_pixel(width / 2, height / 2).0[1];
    (0..10).min_by_key(|index| level(*index).abs_diff(grey)).unwrap()
}

/// Processes that were started by this one and not waited for.
fn children() -> usize {
    let me = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    // `pid (name) state parent …`
    stats.filter(|stat| stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)) == Some(&me)).count()
}

#[test]
fn the_picture_of_a_video_at_a_time_is_the_last_one_that_is_not_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("visit.avi");
    make_video(&path, &["-c:v", "mjpeg", "-q:v", "2"]);
    let mut video = Recorded::open(&path, &config(10)).unwrap();
    for at_ms in (0..1_000).step_by(30) {
        let frame = video.frame_at(Duration::from_millis(at_ms)).unwrap().unwrap();
        assert_eq!(u64::from(index_of(&frame)), at_ms / 100, "at {at_ms} ms");
        assert_eq!(frame.at, Duration::from_millis(at_ms / 100 * 100));
    }
    assert!(video.frame_at(Duration::from_millis(1_000)).unwrap().is_none(), "the recording is over");
    assert!(video.has_ended(Duration::from_millis(1_000)));
    assert_eq!(children(), 0, "ffmpeg was waited for");
}

#[test]
fn a_video_is_turned_as_it_says_and_kept_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.mp4");
    make_video(&path, &["-c:v", "mpeg4", "-q:v", "2"]);
    turn_clockwise(&path);
    let upright = Recorded::open(&path, &config(10)).unwrap().frame_at(Duration::ZERO).unwrap().unwrap();
    assert_eq!(upright.picture.dimensions(), (120, 160));
    let small = config::Camera { width_px: 160, height_px: 120, rotation_deg: 90, ..config(10) };
    let path = folder.path().join("large.avi");
    make_video(&path, &["-c:v", "mjpeg", "-vf", "scale=640:480"]);
    let small = Recorded::open(&path, &small).unwrap().frame_at(Duration::ZERO).unwrap().unwrap();
    assert_eq!(small.picture.dimensions(), (120, 160), "480 × 640 would be too large");
}

#[test]
fn a_video_is_left_in_the_middle_without_leaving_a_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.avi");
    make_video(&path, &["-c:v", "mjpeg", "-vf", "loop=200:10:0"]);
    let mut video = Recorded::open(&path, &config(10)).unwrap();
    assert!(video.frame_at(Duration::from_millis(300)).unwrap().is_some());
    assert_eq!(children(), 1);
    drop(video);
    assert_eq!(children(), 0);
}

#[test]
fn what_is_no_recording_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |path: &Path| Recorded::open(path, &config(10)).err().unwrap().to_string();
    let text = folder.path().join("notes.mp4");
    std::fs::write(&text, "no video at all").unwrap();
    let message = refusal(&text);
    assert!(message.contains("notes.mp4") && message.contains("moov atom not found"), "{message}");
    assert!(!message.contains("0x"), "which part of ffmpeg says so helps nobody: {message}");
    assert!(message.contains("a video file, or a folder of pictures"), "{message}");
    assert!(refusal(&folder.path().join("nowhere")).contains("No such file"));
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(refusal(&empty).contains("holds no files"));
    assert_eq!(children(), 0);
}

/// Three pictures in three formats under names that lie, and one file that is none.
fn picture_folder() -> tempfile::TempDir {
    use image::ImageFormat::{Bmp, Jpeg, Png};
    let folder = tempfile::tempdir().unwrap();
    for (name, index, format) in [("a.png", 0, Jpeg), ("b.jpg", 1, Png), ("d.txt", 3, Bmp)] {
        let picture = RgbImage::from_pixel(32, 24, Rgb([level(index); 3]));
        picture.save_with_format(folder.path().join(name), format).unwrap();
    }
    std::fs::write(folder.path().join("c.jpg"), "broken").unwrap();
    std::fs::write(folder.path().join(".hidden"), "a desktop's notes").unwrap();
    folder
}

#[test]
fn a_folder_shows_its_pictures_by_name_and_a_broken_one_changes_nothing() {
    let folder = picture_folder();
    let mut recorded = Recorded::open(folder.path(), &config(5)).unwrap();
    let shown: Vec<Option<u8>> = (0..=8)
        .map(|tenths| recorded.frame_at(Duration::from_millis(tenths * 100)).unwrap().map(|frame| index_of(&frame)))
        .collect();
    assert_eq!(shown, [Some(0), Some(0), Some(1), Some(1), Some(1), Some(1), Some(3), Some(3), None]);
    assert_eq!((recorded.frames(), recorded.bad()), (3, 1));
}

#[test]
fn a_slow_recording_is_not_taken_for_a_lost_camera() {
    let folder = picture_folder();
    let config = config::Camera { lost_after_ms: 200, ..config(1) };
    let clock = JumpingClock::default();
    let bus = Bus::new(Arc::new(clock.clone()));
    let mut events = bus.subscribe();
    let opener = Recorded::open(folder.path(), &config).unwrap().into_opener(Arc::new(clock.clone()));
    let handle = Camera::start(opener, &config, Arc::new(clock), bus).unwrap();
    until_ended(&handle);
    let told: Vec<_> = told(&mut events).into_iter().map(|(at, status, _)| (at, status)).collect();
    assert_eq!(told, [(0, DeviceStatus::Ready), (4_000, DeviceStatus::Lost)]);
    handle.stop();
}

#[test]
fn a_recording_that_breaks_off_has_ended() {
    let mut world = World::start_as(false, [Some(vec![Do::Pictures(3), Do::Unplugged])]);
    until_ended(&world.handle);
    let statuses: Vec<DeviceStatus> = told(&mut world.events).into_iter().map(|(_, status, _)| status).collect();
    assert_eq!(statuses, [DeviceStatus::Ready, DeviceStatus::Lost, DeviceStatus::Lost]);
    world.handle.stop();
}

fn until_ended(handle: &CameraHandle) {
    let until = std::time::Instant::now() + LIMIT;
    while *handle.status.borrow() != CameraStatus::Ended {
        assert!(std::time::Instant::now() < until, "the recording does not end");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_recording_in_place_of_a_camera_plays_once_at_its_own_pace() {
    let folder = picture_folder();
    let clock = JumpingClock::default();
    let bus = Bus::new(Arc::new(clock.clone()));
    let mut events = bus.subscribe();
    let opener = Recorded::open(folder.path(), &config(5)).unwrap().into_opener(Arc::new(clock.clone()));
    let handle = Camera::start(opener, &config(5), Arc::new(clock), bus).unwrap();
    until_ended(&handle);
    let told: Vec<_> = told(&mut events).into_iter().map(|(at, status, _)| (at, status)).collect();
    assert_eq!(told, [(0, DeviceStatus::Ready), (800, DeviceStatus::Lost)]);
    assert_eq!((handle.figures().frames, handle.figures().bad), (3, 1));
    handle.stop();
}
