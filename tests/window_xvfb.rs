//! The real window on a display of its own: it opens, speaks, is touched, has its picture taken, and closes.
//!
//! The test starts Xvfb and then itself again as the program with the window, because a window belongs to the main thread.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test without harness"
)]

mod window;

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use majlis::{
    audio::Meters,
    clock::SystemClock,
    config,
    event::{Language, Phase},
    ui::{self, ScreenshotRequest, UiInputs, WindowHandle, WindowInputs, WindowOptions},
    words::Words,
};
use tokio::sync::{mpsc, oneshot, watch};

/// Set for the program with the window: the file its picture goes to.
const CHILD: &str = "MAJLIS_TEST_WINDOW";
const NAME: &str = "a_real_window_opens_speaks_is_touched_and_closes";
/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);

fn main() {
    if let Some(picture) = std::env::var_os(CHILD) {
        return show(PathBuf::from(picture));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // What cargo and nextest ask of a test program.
    if arguments.iter().any(|argument| argument == "--list") {
        if !arguments.iter().any(|argument| argument == "--ignored") {
            println!("{NAME}: test");
        }
        return;
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    if filters.is_empty() || filters.iter().any(|filter| NAME.contains(filter.as_str())) {
        a_real_window_opens_speaks_is_touched_and_closes();
        without_a_display_the_error_says_what_to_do();
        a_wrong_configuration_is_shown_read_again_and_left_when_told_to_stop();
        println!("test {NAME} ... ok");
    }
}

/// A program that ends with the test, however that ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A display of the test's own, and its name.
fn start_display() -> (Ended, String) {
    let mut xvfb = Ended(
        Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1080x1920x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb must be installed (Debian package xvfb)"),
    );
    let mut number = String::new();
    BufReader::new(xvfb.0.stdout.take().unwrap()).read_line(&mut number).unwrap();
    (xvfb, format!(":{}", number.trim()))
}

fn click(display: &str, x: &str, y: &str) {
    let status = Command::new("xdotool").args(["mousemove", x, y, "click", "1"]).env("DISPLAY", display).status();
    assert!(status.expect("xdotool must be installed").success());
}

fn a_real_window_opens_speaks_is_touched_and_closes() {
    let (_xvfb, display) = start_display();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("window.png");
    let mut window = Ended(
        Command::new(std::env::current_exe().unwrap())
            .env(CHILD, &picture)
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut said = BufReader::new(window.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut next = || said.next().expect("the window ended early");

    let painted = next();
    assert!(painted.starts_with("painted "), "{painted}");
    println!("{painted}");
    check_picture(&picture);
    if let Some(kept) = std::env::var_os("MAJLIS_PICTURES") {
        std::fs::copy(&picture, Path::new(&kept).join("real-window.png")).unwrap();
    }
    // The first topic, in the middle of its chip.
    click(&display, "300", "1572");
    assert_eq!(next(), "touched AskTopic(EntryId(\"hours\"))");
    assert_eq!(next(), "closed");
    assert!(window.0.wait().unwrap().success());
}

fn without_a_display_the_error_says_what_to_do() {
    let mut window = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, "unused.png")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    window.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    window.wait().unwrap();
    assert!(said.contains("there is no display") && said.contains("--headless"), "{said}");
}

fn a_wrong_configuration_is_shown_read_again_and_left_when_told_to_stop() {
    let (_xvfb, display) = start_display();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"), folder.path().join("assets"))
        .unwrap();
    let file = folder.path().join("kiosk.toml");
    std::fs::write(&file, "[ui]\ntheme = \"pink\"\n").unwrap();
    let said = folder.path().join("said");
    let mut kiosk = Ended(
        Command::new(env!("CARGO_BIN_EXE_majlis"))
            .args(["--config", file.to_str().unwrap(), "run", "--window", "1080x1920"])
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(&said).unwrap())
            .spawn()
            .unwrap(),
    );
    let complaints = || std::fs::read_to_string(&said).unwrap().matches("found \"pink\"").count();
    wait_until(|| complaints() == 1);
    // "Start again" reads the file again, which is still wrong. The window may not be there at the first touch.
    wait_until(|| {
        click(&display, "540", "1700");
        std::thread::sleep(Duration::from_millis(200));
        complaints() >= 2
    });
    let id = kiosk.0.id().to_string();
    let mut status = None;
    wait_until(|| {
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        std::thread::sleep(Duration::from_millis(200));
        status = kiosk.0.try_wait().unwrap();
        status.is_some()
    });
    assert_eq!(status.and_then(|status| status.code()), Some(0));
}

fn check_picture(path: &Path) {
    let picture = image::open(path).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (1080, 1920));
    // The lamp's body is the brightest thing, the vault above it dark, the card's surface its own colour.
    assert!(picture.get_pixel(540, 450).0.iter().all(|channel| *channel > 180), "the lamp");
    assert!(picture.get_pixel(540, 165).0.iter().all(|channel| *channel < 90), "the vault");
    assert_eq!(picture.get_pixel(540, 1460).0, [0xff, 0xfc, 0xf6], "the card");
}

/// The program with the window.
fn show(picture: PathBuf) {
    let view = Arc::new(ArcSwap::from_pointee(window::view(Phase::Idle, Language::ENGLISH)));
    let (commands, mut touched) = mpsc::channel(8);
    let (meters, read) = watch::channel(Meters::default());
    let (screenshots, asked) = mpsc::channel(1);
    let handle = WindowHandle::default();
    let inputs = UiInputs {
        view: view.clone(),
        meters: read,
        commands,
        sight: watch::channel(majlis::event::Sight::default()).1,
        window: WindowInputs {
            staff_view: Arc::new(ArcSwap::from_pointee(majlis::event::staff::StaffView::closed(Language::ENGLISH))),
            staff: mpsc::channel(1).0,
            wall: jiff::Timestamp::now,
            words: Arc::new(Words::load(Path::new("assets")).unwrap()),
            stand: config::Stand::default(),
            ui: window::themed("day"),
            assets: "assets".into(),
            clock: Arc::new(SystemClock::start_now()),
            handle: handle.clone(),
        },
        screenshots: asked,
    };
    let visit = std::thread::spawn(move || {
        wait_until(|| handle.frames() > 2);
        view.store(Arc::new(majlis::event::View {
            caption: Some(window::spoken(Language::ENGLISH)),
            before: Some(window::asked(Language::ENGLISH)),
            ..window::view(Phase::Speaking, Language::ENGLISH)
        }));
        handle.request_repaint();
        let before = handle.frames();
        for index in 0..300_u16 {
            meters.send_modify(|meters| meters.voice.loudness = (f32::from(index) * 0.3).sin().abs());
            std::thread::sleep(Duration::from_millis(10));
        }
        let frames = handle.frames() - before;
        let (done, taken) = oneshot::channel();
        screenshots.blocking_send(ScreenshotRequest { path: picture, done }).unwrap();
        handle.request_repaint();
        taken.blocking_recv().unwrap().unwrap();
        println!("painted {frames} frames in 3 s");
        println!("touched {:?}", touched.blocking_recv().unwrap());
        handle.close();
    });
    match ui::run(inputs, WindowOptions { size_px: Some([1080, 1920]) }) {
        Ok(()) => {
            visit.join().unwrap();
            println!("closed");
        }
        // The other thread waits for a window that does not come: the program ends without it.
        Err(error) => println!("{error}"),
    }
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "nothing happened for {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
