//! The window of a program that cannot start: safe mode.

use std::{path::PathBuf, sync::Arc, time::Duration};

use eframe::egui;

use super::{
    appearance::Appearance,
    avatar, fonts,
    layout::{Layout, Niche, Orientation},
    motion::{Animator, AvatarState, Inputs},
    pace::Pace,
    screens::{self, Furniture, SafeMode},
    stage::{self, Stage},
    text::TextCache,
    widgets::Canvas,
    window::{self, UiError, WindowHandle, WindowOptions},
};
use crate::{clock::Clock, config, words::Words};

/// The safe mode's niche in portrait: opening, centre and radius of the avatar (LOOK, picture 12).
const NICHE: ([f32; 4], f32, f32) = ([300.0, 140.0, 480.0, 400.0], 368.0, 104.0);

/// How safe mode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    /// "Start again" was touched.
    StartAgain,
    /// The window was closed.
    Closed,
}

/// What safe mode needs.
pub struct PausedInputs {
    /// What keeps the program from starting.
    pub safe: SafeMode,
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
    pub window: WindowHandle,
}

/// Opens the window of safe mode and stays until it is closed. To be called on the main thread.
///
/// # Errors
/// No display, a display that refuses, or a missing font.
pub fn run_paused(inputs: PausedInputs, options: WindowOptions) -> Result<Paused, UiError> {
    let fonts = fonts::load(&inputs.assets)?;
    let full_screen = inputs.ui.full_screen;
    let outcome = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let shared = outcome.clone();
    window::open(full_screen, options, move |ctx| Box::new(PausedApp::new(ctx, inputs, fonts, shared)))?;
    let start_again = outcome.load(std::sync::atomic::Ordering::Acquire);
    Ok(if start_again { Paused::StartAgain } else { Paused::Closed })
}

/// The application of safe mode.
pub struct PausedApp {
    inputs: PausedInputs,
    start_again: Arc<std::sync::atomic::AtomicBool>,
    animator: Animator,
    stage: Stage,
    text: TextCache,
    furniture: Furniture,
    pace: Pace,
}

impl PausedApp {
    /// The application; `start_again` is set when that is touched.
    #[must_use]
    pub fn new(
        ctx: &egui::Context,
        inputs: PausedInputs,
        fonts: egui::FontDefinitions,
        start_again: Arc<std::sync::atomic::AtomicBool>,
    ) -> Self {
        window::prepare(ctx, fonts);
        inputs.window.attach(ctx);
        Self {
            animator: Animator::new(fastrand::Rng::with_seed(1), inputs.clock.now()),
            inputs,
            start_again,
            stage: Stage::default(),
            text: TextCache::default(),
            furniture: Furniture::default(),
            pace: Pace::default(),
        }
    }

    /// Paints a frame. `own`: the processor time that the last one took inside the program.
    pub fn frame(&mut self, ui: &mut egui::Ui, own: Duration) {
        let now = self.inputs.clock.now();
        self.pace.frame_begins(now, own);
        if self.inputs.window.is_closing() {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
        if window::fit_unit(ui, super::tokens::unit_px) {
            return;
        }
        self.text.begin_frame();
        let place = ui.max_rect();
        let theme = Appearance::new(&self.inputs.ui, &self.inputs.stand).theme(jiff::Timestamp::now());
        let mut layout = Layout::new(place.size(), true, false);
        if layout.orientation == Orientation::Portrait {
            let ([x, y, width, height], avatar_y, radius) = NICHE;
            let middle = layout.size.x / 2.0;
            let opening = egui::Rect::from_min_size(egui::pos2(middle - 540.0 + x, y), egui::vec2(width, height));
            layout = Layout::new(place.size(), false, false);
            layout.niche =
                Niche { opening, avatar_centre: egui::pos2(opening.center().x, avatar_y), avatar_radius: radius };
        }
        let inputs =
            Inputs { state: AvatarState::Safe, reduced_motion: self.inputs.ui.reduced_motion, ..Inputs::default() };
        let pose = self.animator.advance(now, &inputs);
        let scene = stage::Scene { theme, niche: Some(layout.niche), is_cool: false };
        self.stage.paint(ui.painter(), place, scene, 1.0);
        let colours = pose.lamp.colours(theme);
        avatar::paint(ui.painter(), layout.niche.avatar_centre, layout.niche.avatar_radius, &pose, &colours);
        let ctx = ui.ctx().clone();
        let mut canvas = Canvas {
            ui,
            text: &mut self.text,
            words: &self.inputs.words,
            theme,
            language: crate::event::Language::ENGLISH,
            zoom: 1.0,
            reduced_motion: inputs.reduced_motion,
            arabic_digits: self.inputs.ui.digits == crate::config::Digits::Arabic,
            next_change: Duration::MAX,
        };
        let is_touched =
            screens::paint_safe(&mut canvas, &mut self.furniture, &self.inputs.stand, &layout, &self.inputs.safe);
        let wanted = self.animator.next_repaint().min(canvas.next_change);
        if is_touched {
            self.start_again.store(true, std::sync::atomic::Ordering::Release);
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        ctx.request_repaint_after(self.pace.next(self.inputs.clock.now(), wanted));
    }
}

impl eframe::App for PausedApp {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.frame(ui, Duration::from_secs_f32(frame.info().cpu_usage.unwrap_or(0.0)));
    }
}
