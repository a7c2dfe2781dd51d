//! One frame of the window: read the snapshot, move the avatar, paint the screen, send what was touched, say when to
//! come again. Nothing here waits.

mod staff;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use eframe::egui;
use tokio::sync::{mpsc, watch};

use super::{
    appearance::Appearance,
    avatar,
    layout::{Layout, Niche},
    motion::{Animator, AvatarState, Inputs, gaze_towards_face, level_of},
    pace::Pace,
    screens::{self, Furniture, Scene, Shown, Touch, scene_of},
    staff::StaffPages,
    stage::{self, Stage},
    text::TextCache,
    tokens::{Theme, duration_secs, staff_unit_px, unit_px},
    window::{self, ScreenshotRequest, WindowInputs},
};
use crate::{
    audio::Meters,
    event::{Card, Command, Connection, Phase, Sight, View, VisitorId, staff::StaffCommand},
};

/// A visitor's choices are forgotten when nobody has been there or touched anything for this long.
const FORGET_CHOICES_AFTER: Duration = Duration::from_secs(60);
/// How often the hour is looked at.
const LOOK_AT_HOUR_EVERY: Duration = Duration::from_secs(20);
/// Between two frames of a motion.
const FRAME: Duration = Duration::from_millis(33);

/// What the window is built from.
pub struct UiInputs {
    /// The conversation's snapshot. Replace it, then call `window.handle.request_repaint()`.
    pub view: Arc<ArcSwap<View>>,
    /// The meters of the sound.
    pub meters: watch::Receiver<Meters>,
    /// Where touches go. Bounded; when it is full the touch is dropped: the conversation is busy, a visitor touches again.
    pub commands: mpsc::Sender<Command>,
    /// What the camera shows. Ask for a repaint when somebody comes or goes; in between the eyes follow with the frames.
    pub sight: watch::Receiver<Sight>,
    /// What every window has.
    pub window: WindowInputs,
    /// Requests for pictures of the window.
    pub screenshots: mpsc::Receiver<ScreenshotRequest>,
}

/// The window's application.
pub struct KioskApp {
    inputs: UiInputs,
    appearance: Appearance,
    theme: (Duration, Theme),
    animator: Animator,
    stage: Stage,
    text: TextCache,
    furniture: Furniture,
    pages: StaffPages,
    pace: Pace,
    phase: Phase,
    last_touch: Duration,
    /// The screen, and when it came. `None` before the first frame.
    scene: Option<(Scene, Duration)>,
    /// The niche before the stage turned compact or back, and when it did.
    niche: Option<(Niche, Niche, Duration)>,
    is_goodbye: bool,
    /// Who was greeted by name last.
    greeted: Option<VisitorId>,
    /// Whether an appointment is shown.
    has_appointment: bool,
}

impl KioskApp {
    /// The application, with `chance` for blinks and glances.
    #[must_use]
    pub fn new(ctx: &egui::Context, inputs: UiInputs, fonts: egui::FontDefinitions, chance: fastrand::Rng) -> Self {
        window::prepare(ctx, fonts);
        inputs.window.handle.attach(ctx);
        let now = inputs.window.clock.now();
        let appearance = Appearance::new(&inputs.window.ui, &inputs.window.stand);
        Self {
            theme: (now, appearance.theme((inputs.window.wall)())),
            appearance,
            animator: Animator::new(chance, now),
            stage: Stage::default(),
            text: TextCache::default(),
            furniture: Furniture::default(),
            pages: StaffPages::default(),
            pace: Pace::default(),
            phase: Phase::Idle,
            last_touch: now,
            scene: None,
            niche: None,
            is_goodbye: false,
            greeted: None,
            has_appointment: false,
            inputs,
        }
    }

    /// How often text was laid out so far: a frame in which no word changed adds nothing.
    #[must_use]
    pub fn text_layouts(&self) -> u64 {
        self.text.layouts()
    }

    fn follow(&mut self, view: &View, now: Duration) {
        let has_left = self.phase != Phase::Idle && view.phase == Phase::Idle;
        let is_forgotten = view.phase == Phase::Idle
            && now.saturating_sub(self.last_touch.max(view.phase_since)) > FORGET_CHOICES_AFTER;
        if has_left || is_forgotten {
            self.appearance.reset();
        }
        if has_left || (self.phase != Phase::Listening && view.phase == Phase::Listening) {
            self.furniture.trail.clear();
        }
        self.phase = view.phase;
        let is_goodbye = view.hint == Some("goodbye");
        if is_goodbye && !self.is_goodbye {
            self.animator.be_glad(now);
        }
        self.is_goodbye = is_goodbye;
        let known = view.known.as_ref().map(|known| known.id);
        if known.is_some() && known != self.greeted {
            self.animator.be_glad(now);
        }
        self.greeted = known;
        let has_appointment = matches!(view.card, Some(Card::Appointment(_)));
        if has_appointment && !self.has_appointment {
            self.animator.be_glad(now);
        }
        self.has_appointment = has_appointment;
        if now.saturating_sub(self.theme.0) > LOOK_AT_HOUR_EVERY || has_left || is_forgotten {
            self.theme = (now, self.appearance.theme((self.inputs.window.wall)()));
        }
    }

    fn touched(&mut self, touch: Touch, now: Duration) {
        self.last_touch = now;
        match touch {
            Touch::Command(command) => {
                if self.inputs.commands.try_send(command).is_err() {
                    tracing::debug!("a touch was dropped: the conversation's queue is full or closed");
                }
            }
            Touch::TextSize => self.appearance.next_text_size(),
            Touch::Contrast => {
                self.appearance.toggle_contrast();
                self.theme = (now, self.appearance.theme((self.inputs.window.wall)()));
            }
            Touch::Staff => self.inputs.window.send_to_staff(StaffCommand::Open),
        }
    }

    /// What moves the avatar in a visit.
    fn avatar_inputs(&self, view: &View, meters: &Meters) -> Inputs {
        Inputs {
            state: AvatarState::of(view.phase, view.connection, &view.lost),
            is_offline: view.connection == Connection::Offline,
            face: self.inputs.sight.borrow().visitor.map(|visitor| gaze_towards_face(visitor.centre)),
            level: level_of(meters.input_dbfs, meters.noise_dbfs),
            voice: meters.voice,
            reduced_motion: self.inputs.window.ui.reduced_motion,
            ..Inputs::default()
        }
    }

    /// Wall, niche and avatar. Gives whether the stage is on its way from one shape to another.
    fn paint_stage(&mut self, ui: &egui::Ui, wanted: Niche, inputs: &Inputs, now: Duration) -> bool {
        let pose = self.animator.advance(now, inputs);
        let (before, since) = match self.niche {
            Some((before, shown, since)) if shown == wanted => (before, since),
            Some((_, shown, _)) => (shown, now),
            None => (wanted, Duration::ZERO),
        };
        self.niche = Some((before, wanted, since));
        let k = match now.saturating_sub(since).as_secs_f32() / duration_secs::STAGE {
            _ if before == wanted || inputs.reduced_motion => 1.0,
            t => t.min(1.0),
        };
        let k = k * k * (3.0 - 2.0 * k);
        let place = ui.max_rect();
        let theme = self.theme.1;
        let mut paint = |niche, opacity: f32| {
            let warm = stage::Scene { theme, niche: Some(niche), is_cool: false };
            let coolness = pose.lamp.coolness();
            if coolness < 1.0 {
                self.stage.paint(ui.painter(), place, warm, opacity);
            }
            let over = if coolness < 1.0 { coolness } else { 1.0 };
            self.stage.paint(ui.painter(), place, stage::Scene { is_cool: true, ..warm }, over * opacity);
        };
        if k < 1.0 {
            paint(before, 1.0);
        }
        paint(wanted, k);
        let niche = before.towards(&wanted, k);
        let colours = pose.lamp.colours(theme);
        avatar::paint(ui.painter(), niche.avatar_centre, niche.avatar_radius, &pose, &colours);
        k < 1.0
    }

    /// How far the present screen has come in, 0..1.
    fn arrival(&mut self, scene: Scene, now: Duration) -> f32 {
        let since = match self.scene {
            Some((shown, since)) if shown == scene => since,
            Some(_) => now,
            // The first screen is simply there.
            None => now.saturating_sub(Duration::from_secs(1)),
        };
        self.scene = Some((scene, since));
        if self.inputs.window.ui.reduced_motion {
            return 1.0;
        }
        let t = (now.saturating_sub(since).as_secs_f32() / duration_secs::CARD_IN).min(1.0);
        if since.is_zero() { 1.0 } else { 1.0 - (1.0 - t) * (1.0 - t) }
    }

    /// Paints a frame. `own`: the processor time that the last one took inside the program.
    pub fn frame(&mut self, ui: &mut egui::Ui, own: Duration) {
        let now = self.inputs.window.clock.now();
        self.pace.frame_begins(now, own);
        self.inputs.window.handle.count_frame();
        let ctx = ui.ctx().clone();
        if self.inputs.window.handle.is_closing() {
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        } else if ctx.input(|input| input.viewport().close_requested()) {
            self.touched(Touch::Command(Command::Shutdown), now);
        }
        let staff_view = self.inputs.window.staff_view.load_full();
        let unit_px = if staff_view.page.is_some() { staff_unit_px } else { unit_px };
        if window::fit_unit(ui, unit_px) {
            return;
        }
        self.text.begin_frame();
        let view = self.inputs.view.load_full();
        let meters = *self.inputs.meters.borrow();
        self.follow(&view, now);
        // Not in mid-blink: frames follow each other until the eyes are open again.
        while (staff_view.page.is_some() || !self.animator.is_blinking())
            && let Ok(request) = self.inputs.screenshots.try_recv()
        {
            request.take(&ctx);
        }
        if let Some(page) = &staff_view.page {
            self.staff_frame(ui, &staff_view, page, now);
            return;
        }
        self.pages.close();

        let place = ui.max_rect();
        let zoom = self.appearance.zoom(place.size().min_elem() * ctx.pixels_per_point());
        let layout = Layout::new(place.size(), zoom > 1.0, view.language.is_right_to_left());
        let layout = if view.card.is_some() { layout.with_card() } else { layout };
        let inputs = self.avatar_inputs(&view, &meters);
        let is_turning = self.paint_stage(ui, layout.niche, &inputs, now);
        if view.phase != Phase::Idle {
            self.furniture.trail.follow(&*self.inputs.window.clock, &meters, self.inputs.window.ui.reduced_motion);
        }
        let arrival = self.arrival(scene_of(&view), now);
        let shown = Shown {
            view: &view,
            stand: &self.inputs.window.stand,
            layout: &layout,
            tools_on: [self.appearance.is_large(), self.appearance.wants_contrast()],
            toast: toast(&view, now),
            arrival,
            now,
            wall: (self.inputs.window.wall)(),
        };
        let mut canvas = self.inputs.window.canvas(ui, &mut self.text, self.theme.1, view.language, zoom);
        let touches = screens::paint(&mut canvas, &mut self.furniture, shown);
        let next_change = canvas.next_change;
        if !touches.is_empty() {
            ctx.request_repaint();
        }
        for touch in touches {
            self.touched(touch, now);
        }
        let is_moving = is_turning || arrival < 1.0 || ctx.input(|input| input.pointer.any_down());
        let wanted = if is_moving { FRAME } else { self.animator.next_repaint().min(next_change) };
        ctx.request_repaint_after(self.pace.next(self.inputs.window.clock.now(), wanted));
    }
}

/// The message that is shown and its age, seconds.
fn toast(view: &View, now: Duration) -> Option<(&str, f32)> {
    let toast = view.toast.as_ref()?;
    let age = now.saturating_sub(toast.since).as_secs_f32();
    (age < duration_secs::TOAST).then_some((toast.key, age))
}

impl eframe::App for KioskApp {
    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.frame(ui, Duration::from_secs_f32(frame.info().cpu_usage.unwrap_or(0.0)));
    }
}
