//! A frame of a staff page. The visitors' stage is not drawn meanwhile, and costs nothing.

use std::time::Duration;

use eframe::egui;

use super::{FRAME, KioskApp};
use crate::{
    event::staff::{StaffPage, StaffView},
    ui::{
        motion::{AvatarState, Inputs},
        staff::{self, StaffShown, StaffTouch},
        stage,
    },
};

/// The watchdog's frames while nothing moves.
const STILL: Duration = Duration::from_secs(5);

impl KioskApp {
    pub(super) fn staff_frame(&mut self, ui: &mut egui::Ui, view: &StaffView, page: &StaffPage, now: Duration) {
        let ctx = ui.ctx().clone();
        let place = ui.max_rect();
        let theme = self.theme.1;
        // Coming back, the visitors' screen is simply there.
        self.scene = None;
        let mut wanted = STILL;
        let mut is_moving = false;
        if let Some(niche) = staff::niche(page, place.size(), view.language.is_right_to_left()) {
            let reduced_motion = self.inputs.window.ui.reduced_motion;
            let inputs = Inputs { state: AvatarState::Idle, eyes_shut: true, reduced_motion, ..Inputs::default() };
            is_moving = self.paint_stage(ui, niche, &inputs, now);
            wanted = wanted.min(self.animator.next_repaint());
        } else {
            self.niche = None;
            let wall = stage::Scene { theme, niche: None, is_cool: false };
            self.stage.paint(ui.painter(), place, wall, 1.0);
        }
        let shown = StaffShown {
            view,
            words: &self.inputs.window.words,
            stand: &self.inputs.window.stand,
            is_large_text: self.appearance.is_large(),
            text_zoom: 1.0,
            is_reading: self.inputs.view.load().is_reading,
            now,
            wall: (self.inputs.window.wall)(),
        };
        let is_consent = matches!(page, StaffPage::Consent(_));
        let px = place.size().min_elem() * ctx.pixels_per_point();
        let mut canvas = self.inputs.window.canvas(ui, &mut self.text, theme, view.language, 1.0);
        let text_zoom = if is_consent { self.appearance.zoom(px) } else { 1.0 };
        let touches = self.pages.paint(&mut canvas, &mut self.furniture.plate, StaffShown { text_zoom, ..shown });
        wanted = wanted.min(canvas.next_change);
        if !touches.is_empty() {
            ctx.request_repaint();
            self.last_touch = now;
        }
        for touch in touches {
            match touch {
                StaffTouch::Command(command) => self.inputs.window.send_to_staff(command),
                StaffTouch::TextSize => self.appearance.next_text_size(),
                // Their page is safe mode's.
                StaffTouch::StartAgain | StaffTouch::End => {}
            }
        }
        is_moving |= self.pages.is_moving(now) || ctx.input(|input| input.pointer.any_down());
        let wanted = if is_moving { FRAME } else { wanted };
        ctx.request_repaint_after(self.pace.next(self.inputs.window.clock.now(), wanted));
    }
}
