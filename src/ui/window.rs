//! Opening the window, and what others may ask of it while it is open.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use eframe::egui::{self, ColorImage};
use tokio::sync::{mpsc, oneshot};

use super::{
    app::{KioskApp, UiInputs},
    fonts::{self, FontsError},
    text::TextCache,
    tokens::Theme,
    widgets::Canvas,
};
use crate::{
    clock::Clock,
    config,
    event::{
        Language,
        staff::{StaffCommand, StaffView},
    },
    words::Words,
};

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// Neither X11 nor Wayland.
    #[error(
        "there is no display (neither WAYLAND_DISPLAY nor DISPLAY is set); start it in a session, or use `--headless`"
    )]
    NoDisplay,
    /// The display refused.
    #[error("the window cannot be opened: {0}; check the display and its driver, or use `--headless`")]
    Refused(String),
    /// A font is missing.
    #[error(transparent)]
    Fonts(#[from] FontsError),
}

/// How the window is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowOptions {
    /// A window of this size in pixels instead of what is configured.
    pub size_px: Option<[u16; 2]>,
}

#[derive(Default)]
struct Shared {
    ctx: OnceLock<egui::Context>,
    is_closing: AtomicBool,
    frames: AtomicU64,
}

/// A handle to the window for the other threads. Works before it is open (what was asked for then happens at once when it
/// opens) and after it is closed (nothing happens).
#[derive(Clone, Default)]
pub struct WindowHandle {
    shared: Arc<Shared>,
}

impl WindowHandle {
    /// The snapshot has changed: paint it.
    pub fn request_repaint(&self) {
        if let Some(ctx) = self.shared.ctx.get() {
            ctx.request_repaint();
        }
    }

    /// Closes the window; `run` returns.
    pub fn close(&self) {
        self.shared.is_closing.store(true, Ordering::Release);
        self.request_repaint();
    }

    /// How many frames were painted so far: what a test on a real display measures the rate by.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.shared.frames.load(Ordering::Relaxed)
    }

    pub(super) fn count_frame(&self) {
        self.shared.frames.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it is to be closed.
    pub(super) fn is_closing(&self) -> bool {
        self.shared.is_closing.load(Ordering::Acquire)
    }

    /// The window is open.
    pub(super) fn attach(&self, ctx: &egui::Context) {
        // A handle belongs to one window; a second one would keep the first.
        let _ = self.shared.ctx.set(ctx.clone());
    }
}

/// A picture of the window that could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the picture of the window to {path}: {message}")]
pub struct ScreenshotError {
    /// Where it was to be written.
    pub path: PathBuf,
    /// Why not.
    pub message: String,
}

/// Asks for a picture of the window as it is.
#[derive(Debug)]
pub struct ScreenshotRequest {
    /// The PNG file to be written.
    pub path: PathBuf,
    /// Told when the file is complete.
    pub done: oneshot::Sender<Result<(), ScreenshotError>>,
}

impl ScreenshotRequest {
    /// Takes the picture of the next frame. It is encoded on a thread of its own: that takes longer than a frame.
    pub(super) fn take(self, ctx: &egui::Context) {
        ctx.request_screenshot(move |image| {
            std::thread::spawn(move || {
                let result = write_png(&self.path, &image);
                // Whoever asked may have gone.
                let _ = self.done.send(result);
            });
        });
        ctx.request_repaint();
    }
}

fn write_png(path: &Path, image: &ColorImage) -> Result<(), ScreenshotError> {
    let failed = |message: String| ScreenshotError { path: path.to_owned(), message };
    let [width, height] = image.size.map(|side| u32::try_from(side).unwrap_or(0));
    let rgb: Vec<u8> = image.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
    let picture = image::RgbImage::from_raw(width, height, rgb).ok_or_else(|| failed("it is empty".into()))?;
    picture.save_with_format(path, image::ImageFormat::Png).map_err(|error| failed(error.to_string()))
}

/// What every window of the program is made from.
pub struct WindowInputs {
    /// What the staff pages show. Replace it, then call `handle.request_repaint()`.
    pub staff_view: Arc<ArcSwap<StaffView>>,
    /// Where touches on staff pages go. Bounded; when it is full the touch is dropped: the finger touches again.
    pub staff: mpsc::Sender<StaffCommand>,
    /// What the calendar and the clock on the wall say.
    pub wall: fn() -> jiff::Timestamp,
    /// All sentences.
    pub words: Arc<Words>,
    /// `[stand]`
    pub stand: config::Stand,
    /// `[ui]`
    pub ui: config::Ui,
    /// The folder with `fonts/`.
    pub assets: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The handle others hold.
    pub handle: WindowHandle,
}

impl WindowInputs {
    pub(super) fn send_to_staff(&self, command: StaffCommand) {
        if self.staff.try_send(command).is_err() {
            tracing::debug!("a touch was dropped: the staff's queue is full or closed");
        }
    }

    /// A frame to paint in.
    pub(super) fn canvas<'c>(
        &'c self,
        ui: &'c mut egui::Ui,
        text: &'c mut TextCache,
        theme: Theme,
        language: Language,
        zoom: f32,
    ) -> Canvas<'c> {
        Canvas {
            ui,
            text,
            words: &self.words,
            theme,
            language,
            zoom,
            reduced_motion: self.ui.reduced_motion,
            arabic_digits: self.ui.digits == config::Digits::Arabic,
            next_change: Duration::MAX,
        }
    }
}

/// Opens the window and stays until it is closed. To be called on the main thread.
///
/// # Errors
/// No display, a display that refuses, or a missing font.
pub fn run(inputs: UiInputs, options: WindowOptions) -> Result<(), UiError> {
    let fonts = fonts::load(&inputs.window.assets)?;
    let full_screen = inputs.window.ui.full_screen;
    open(full_screen, options, move |ctx| Box::new(KioskApp::new(ctx, inputs, fonts, fastrand::Rng::new())))
}

/// Opens a window for any of our applications.
pub(super) fn open(
    full_screen: bool,
    options: WindowOptions,
    build: impl FnOnce(&egui::Context) -> Box<dyn eframe::App>,
) -> Result<(), UiError> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        return Err(UiError::NoDisplay);
    }
    let mut viewport =
        egui::ViewportBuilder::default().with_title("Majlis").with_app_id("majlis").with_decorations(false);
    viewport = match options.size_px {
        Some([width, height]) => {
            let size = [f32::from(width), f32::from(height)];
            viewport.with_inner_size(size).with_position([0.0, 0.0])
        }
        None if full_screen => viewport.with_fullscreen(true),
        None => viewport.with_inner_size([540.0, 960.0]).with_decorations(true),
    };
    let native =
        eframe::NativeOptions { viewport, renderer: eframe::Renderer::Glow, dithering: false, ..Default::default() };
    eframe::run_native("majlis", native, Box::new(|cc| Ok(build(&cc.egui_ctx))))
        .map_err(|error| UiError::Refused(error.to_string()))
}

/// Sets the window up: fonts, and touches that may be slow and shaky.
pub(super) fn prepare(ctx: &egui::Context, fonts: egui::FontDefinitions) {
    ctx.set_fonts(fonts);
    ctx.options_mut(|options| {
        options.zoom_with_keyboard = false;
        // A finger that rests on a button is a touch, however long (egui's limit is for mice).
        options.input_options.max_click_duration = f64::INFINITY;
        options.input_options.max_click_dist = 48.0;
    });
}

/// Fills the screen where that is wanted, and makes a point of egui the unit of the look. Gives whether the frame has to wait for it.
pub(super) fn fit_unit(ui: &egui::Ui, unit_px: impl Fn(egui::Vec2) -> f32) -> bool {
    let ctx = ui.ctx();
    fill_screen(ctx);
    let wanted = unit_px(ui.max_rect().size() * ctx.pixels_per_point());
    if wanted <= 0.0 || (wanted - ctx.pixels_per_point()).abs() < 1e-3 {
        return false;
    }
    ctx.set_pixels_per_point(wanted);
    ctx.request_repaint();
    true
}

/// How often the window tries to take the screen itself.
const FILL_ATTEMPTS: u32 = 5;

/// Without a window manager nobody grants the full screen: the window then takes the screen's size and place itself.
fn fill_screen(ctx: &egui::Context) {
    let viewport = ctx.input(|input| {
        let viewport = input.viewport();
        let is_wanted = viewport.fullscreen == Some(true);
        viewport.inner_rect.zip(viewport.monitor_size).filter(|_| is_wanted)
    });
    let Some((inner, monitor)) = viewport else { return };
    if (inner.size() - monitor).abs().max_elem() < 2.0 {
        return;
    }
    let attempts = egui::Id::unique("fill_screen");
    let tried: u32 = ctx.data(|data| data.get_temp(attempts)).unwrap_or(0);
    if tried < FILL_ATTEMPTS {
        ctx.data_mut(|data| data.insert_temp(attempts, tried + 1));
        ctx.send_viewport_cmd(egui::ViewportCommand::OuterPosition(egui::Pos2::ZERO));
        ctx.send_viewport_cmd(egui::ViewportCommand::InnerSize(monitor));
        ctx.request_repaint();
    }
}
