//! What stands in the window in each state: which screen, its words, its controls, and what a touch means.
//!
//! In: the snapshot of the conversation. Out: shapes, and the touches of one frame. Never touches: channels, time of
//! its own, or the avatar's motion.

mod appointment;
mod attract;
mod conversation;
mod frame;
mod greeting;
mod safe;
mod scene;
mod summary;

pub(in crate::ui) use self::safe::{disc, steps as steps_of};
use eframe::egui::Rect;

pub use self::{
    frame::Frame,
    safe::SafeTouch,
    scene::{Scene, scene_of},
};
use super::{
    layout::Layout,
    widgets::{Canvas, Hold, LevelTrail, Plate},
};
use crate::{
    config,
    event::{Card, Command, Fault, View},
};

/// What a visitor touched in one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touch {
    /// Something the conversation has to know.
    Command(Command),
    /// "Text size".
    TextSize,
    /// "Contrast".
    Contrast,
    /// The stand's mark was held: the PIN pad opens.
    Staff,
}

/// What lives longer than a frame.
#[derive(Default)]
pub struct Furniture {
    /// The nameplate.
    pub plate: Plate,
    /// The level trail.
    pub trail: LevelTrail,
    /// How far the stand's mark has been held: the way to the staff pages.
    pub mark: Hold,
    /// "Forget me" was touched, and not answered yet.
    pub asks_forget: bool,
    /// Where "Text size" was touched, and when (seconds of the window): it has moved since.
    text_size_touched: Option<(Rect, f64)>,
}

/// What screens are drawn from.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The conversation.
    pub view: &'a View,
    /// Who receives.
    pub stand: &'a config::Stand,
    /// Where things stand.
    pub layout: &'a Layout,
    /// Which tools are switched on: text size, contrast.
    pub tools_on: [bool; 2],
    /// The key of a short message and how long it has been there, seconds.
    pub toast: Option<(&'a str, f32)>,
    /// How far the screen has come in: 0..1.
    pub arrival: f32,
    /// The time since the start.
    pub now: std::time::Duration,
    /// The date.
    pub wall: jiff::Timestamp,
}

/// Paints everything in front of the stage and gives what was touched.
pub fn paint(canvas: &mut Canvas<'_>, furniture: &mut Furniture, shown: Shown<'_>) -> Vec<Touch> {
    let mut frame = Frame { canvas, furniture, shown, touches: Vec::new() };
    frame.header();
    frame.niche();
    frame.mark();
    let scene = scene_of(shown.view);
    if shown.view.known.is_none() {
        frame.furniture.asks_forget = false;
    }
    frame.nameplate(&scene::plate_text(shown.view, frame.canvas.words, frame.canvas.language));
    match scene {
        Scene::Greeting => {
            if let Some(known) = &shown.view.known {
                greeting::paint(&mut frame, known);
            }
        }
        Scene::Attract => attract::paint(&mut frame),
        Scene::Card => match &shown.view.card {
            Some(Card::Appointment(card)) => appointment::paint(&mut frame, card),
            Some(Card::Summary(card)) => summary::paint(&mut frame, card),
            None => {}
        },
        Scene::Conversation => conversation::paint(&mut frame),
        Scene::Offline | Scene::Lost(_) => conversation::paint_what_works(&mut frame, scene),
    }
    frame.controls();
    frame.notice(scene);
    frame.toast();
    frame.text_size_again();
    frame.touches
}

/// Paints the mark and the stand's name.
pub(super) fn paint_header(canvas: &mut Canvas<'_>, stand: &config::Stand, layout: &Layout) {
    frame::header(canvas, stand, layout);
}

/// Paints the screen of a program that cannot start; gives what was touched.
pub fn paint_safe(
    canvas: &mut Canvas<'_>,
    furniture: &mut Furniture,
    stand: &config::Stand,
    layout: &Layout,
    fault: &Fault,
) -> Option<SafeTouch> {
    safe::paint(canvas, furniture, stand, layout, fault)
}

/// `rect` moved down by what a screen still has to rise.
fn risen(rect: Rect, arrival: f32) -> Rect {
    const RISE: f32 = 16.0;
    rect.translate(eframe::egui::vec2(0.0, (1.0 - arrival) * RISE))
}
