//! The window of a program that cannot start: safe mode.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use eframe::egui;

use super::{
    appearance::Appearance,
    avatar, fonts,
    layout::{Layout, Niche, Orientation},
    motion::{Animator, AvatarState, Inputs},
    pace::Pace,
    screens::{self, Furniture, SafeTouch},
    staff::{self, StaffPages, StaffShown, StaffTouch},
    stage::{self, Stage},
    text::TextCache,
    tokens::{Theme, staff_unit_px, unit_px},
    window::{self, UiError, WindowInputs, WindowOptions},
};
use crate::event::{
    Fault, Language,
    staff::{StaffCommand, StaffPage, StaffView},
};

/// The safe mode's niche in portrait: opening, centre and radius of the avatar (LOOK, picture 12).
const NICHE: ([f32; 4], f32, f32) = ([300.0, 140.0, 480.0, 400.0], 368.0, 104.0);

/// How safe mode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paused {
    /// "Start again" was touched.
    StartAgain,
    /// The window was closed, or staff ended the program.
    Closed,
}

/// What safe mode needs.
pub struct PausedInputs {
    /// What keeps the program from starting.
    pub fault: Fault,
    /// What every window has.
    pub window: WindowInputs,
}

/// Opens the window of safe mode and stays until it is closed. To be called on the main thread.
///
/// # Errors
/// No display, a display that refuses, or a missing font.
pub fn run_paused(inputs: PausedInputs, options: WindowOptions) -> Result<Paused, UiError> {
    let fonts = fonts::load(&inputs.window.assets)?;
    let full_screen = inputs.window.ui.full_screen;
    let outcome = Arc::new(AtomicBool::new(false));
    let shared = outcome.clone();
    window::open(full_screen, options, move |ctx| Box::new(PausedApp::new(ctx, inputs, fonts, shared)))?;
    let start_again = outcome.load(Ordering::Acquire);
    Ok(if start_again { Paused::StartAgain } else { Paused::Closed })
}

/// The application of safe mode.
pub struct PausedApp {
    inputs: PausedInputs,
    start_again: Arc<AtomicBool>,
    animator: Animator,
    stage: Stage,
    text: TextCache,
    furniture: Furniture,
    pages: StaffPages,
    pace: Pace,
}

impl PausedApp {
    /// The application; `start_again` is set when that is touched.
    #[must_use]
    pub fn new(
        ctx: &egui::Context,
        inputs: PausedInputs,
        fonts: egui::FontDefinitions,
        start_again: Arc<AtomicBool>,
    ) -> Self {
        window::prepare(ctx, fonts);
        inputs.window.handle.attach(ctx);
        Self {
            animator: Animator::new(fastrand::Rng::with_seed(1), inputs.window.clock.now()),
            inputs,
            start_again,
            stage: Stage::default(),
            text: TextCache::default(),
            furniture: Furniture::default(),
            pages: StaffPages::default(),
            pace: Pace::default(),
        }
    }

    /// Paints a frame. `own`: the processor time that the last one took inside the program.
    pub fn frame(&mut self, ui: &mut egui::Ui, own: Duration) {
        let now = self.inputs.window.clock.now();
        self.pace.frame_begins(now, own);
        if self.inputs.window.handle.is_closing() {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
        let view = self.inputs.window.staff_view.load_full();
        if window::fit_unit(ui, if view.page.is_some() { staff_unit_px } else { unit_px }) {
            return;
        }
        self.text.begin_frame();
        let ctx = ui.ctx().clone();
        let common = &self.inputs.window;
        let theme = Appearance::new(&common.ui, &common.stand).theme((common.wall)());
        let wanted = if let Some(page) = &view.page {
            self.staff_page(ui, &view, page, theme, now)
        } else {
            self.pages.close();
            self.first_page(ui, theme, now)
        };
        ctx.request_repaint_after(self.pace.next(self.inputs.window.clock.now(), wanted));
    }

    fn end(&self, ctx: &egui::Context, starts_again: bool) {
        self.start_again.store(starts_again, Ordering::Release);
        ctx.send_viewport_cmd(egui::ViewportCommand::Close);
    }

    /// What everybody sees. Gives when the next frame is wanted.
    fn first_page(&mut self, ui: &mut egui::Ui, theme: Theme, now: Duration) -> Duration {
        let size = ui.max_rect().size();
        let mut layout = Layout::new(size, true, false);
        if layout.orientation == Orientation::Portrait {
            let ([x, y, width, height], avatar_y, radius) = NICHE;
            let middle = layout.size.x / 2.0;
            let opening = egui::Rect::from_min_size(egui::pos2(middle - 540.0 + x, y), egui::vec2(width, height));
            layout = Layout::new(size, false, false);
            layout.niche =
                Niche { opening, avatar_centre: egui::pos2(opening.center().x, avatar_y), avatar_radius: radius };
        }
        self.paint_stage(ui, theme, Some(layout.niche), now);
        let ctx = ui.ctx().clone();
        let common = &self.inputs.window;
        let mut canvas = common.canvas(ui, &mut self.text, theme, Language::ENGLISH, 1.0);
        let fault = &self.inputs.fault;
        let touch = screens::paint_safe(&mut canvas, &mut self.furniture, &common.stand, &layout, fault);
        let wanted = self.animator.next_repaint().min(canvas.next_change);
        match touch {
            Some(SafeTouch::StartAgain) => self.end(&ctx, true),
            Some(SafeTouch::Staff) => self.inputs.window.send_to_staff(StaffCommand::Open),
            None => {}
        }
        wanted
    }

    /// The PIN pad, and what is behind it. Gives when the next frame is wanted.
    fn staff_page(
        &mut self,
        ui: &mut egui::Ui,
        view: &StaffView,
        page: &StaffPage,
        theme: Theme,
        now: Duration,
    ) -> Duration {
        let niche = staff::niche(page, ui.max_rect().size(), view.language.is_right_to_left());
        self.paint_stage(ui, theme, niche, now);
        let ctx = ui.ctx().clone();
        let common = &self.inputs.window;
        let shown = StaffShown {
            view,
            words: &common.words,
            stand: &common.stand,
            is_large_text: false,
            text_zoom: 1.0,
            is_reading: false,
            now,
            wall: (common.wall)(),
        };
        let mut canvas = common.canvas(ui, &mut self.text, theme, view.language, 1.0);
        let touches = self.pages.paint(&mut canvas, &mut self.furniture.plate, shown);
        let wanted = self.animator.next_repaint().min(canvas.next_change);
        if !touches.is_empty() {
            ctx.request_repaint();
        }
        for touch in touches {
            match touch {
                StaffTouch::Command(command) => self.inputs.window.send_to_staff(command),
                StaffTouch::StartAgain => self.end(&ctx, true),
                StaffTouch::End => self.end(&ctx, false),
                // The consent page's.
                StaffTouch::TextSize => {}
            }
        }
        wanted
    }

    /// Wall, niche and the sleeping lamp; the wall alone where there is no niche.
    fn paint_stage(&mut self, ui: &egui::Ui, theme: Theme, niche: Option<Niche>, now: Duration) {
        let reduced_motion = self.inputs.window.ui.reduced_motion;
        let pose =
            self.animator.advance(now, &Inputs { state: AvatarState::Safe, reduced_motion, ..Inputs::default() });
        self.stage.paint(ui.painter(), ui.max_rect(), stage::Scene { theme, niche, is_cool: false }, 1.0);
        if let Some(niche) = niche {
            let colours = pose.lamp.colours(theme);
            avatar::paint(ui.painter(), niche.avatar_centre, niche.avatar_radius, &pose, &colours);
        }
    }
}

impl eframe::App for PausedApp {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.frame(ui, Duration::from_secs_f32(frame.info().cpu_usage.unwrap_or(0.0)));
    }
}
