//! Safe mode: the program cannot start. Says so in both languages, what visitors do, and what staff do.

use eframe::egui::{Color32, CornerRadius, Id, Pos2, Rect, Role, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use super::{Furniture, frame};
use crate::{
    config,
    event::{Fault, FaultCause, Language},
    ui::{
        icons::{self, Icon},
        layout::{Layout, Orientation},
        text::Fit,
        tokens::{Depth, TypeRole, Weight, radius, stroke},
        widgets::{Button, ButtonKind, Canvas, PlateText},
    },
};

/// What staff do about it: keys of the translation files.
pub(in crate::ui) fn steps(cause: FaultCause) -> [&'static str; 3] {
    let first = match cause {
        FaultCause::Devices => "safe.step.devices",
        FaultCause::Files => "safe.step.files",
        FaultCause::Storage => "safe.step.storage",
        FaultCause::Configuration => "safe.step.configuration",
    };
    [first, "safe.step.again", "safe.step.support"]
}

/// What was touched in safe mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafeTouch {
    /// "Start again".
    StartAgain,
    /// "Staff".
    Staff,
}

/// The card's height, its padding above, and the height of a step, in portrait and in landscape.
const CARD: [(f32, f32, f32); 2] = [(566.0, 34.0, 118.0), (448.0, 20.0, 94.0)];
const BUTTON_HEIGHT: f32 = 120.0;
/// The width of "Staff", and what is between it and "Start again".
const STAFF: (f32, f32) = (206.0, 18.0);

/// Paints the screen; gives what was touched.
pub(super) fn paint(
    canvas: &mut Canvas<'_>,
    furniture: &mut Furniture,
    stand: &config::Stand,
    layout: &Layout,
    safe: &Fault,
) -> Option<SafeTouch> {
    frame::header(canvas, stand, layout);
    let plate = Language::SHIPPED.map(|language| (language, canvas.words.get("safe.plate", language).to_owned()));
    let plate = PlateText { icon: Icon::Warning, words: plate.to_vec() };
    furniture.plate.paint(canvas, frame::plate_top(layout), &plate);
    let column = Rect::from_min_max(pos2(layout.controls.left(), 0.0), pos2(layout.controls.right(), layout.size.y));
    let (words, card, button, notice) = match layout.orientation {
        Orientation::Portrait => (632.0, 922.0, layout.controls.top() - 12.0, layout.notice.top()),
        Orientation::Landscape => (128.0, 378.0, layout.notice.top() - 10.0 - BUTTON_HEIGHT, layout.notice.top() + 4.0),
    };
    sentences(canvas, column, words, layout.orientation);
    for_staff(canvas, pos2(column.left(), card), column.width(), layout.orientation, safe);
    let (staff_width, gap) = STAFF;
    let place = Rect::from_min_size(pos2(column.left(), button), vec2(column.width(), BUTTON_HEIGHT));
    let (again, staff) = place.split_left_right_at_x(place.right() - staff_width);
    let again = again.with_max_x(again.right() - gap);
    let mut touch = None;
    if canvas.primary_button(Id::unique("start again"), again, Icon::Sync, "safe.again").clicked() {
        touch = Some(SafeTouch::StartAgain);
    }
    let word = canvas.word("staff.title");
    let button = Button { icon_side: 40.0, ..Button::new(ButtonKind::Normal, Some(Icon::Lock), &word) };
    if canvas.button(Id::unique("safe staff"), staff, &button).clicked() {
        touch = Some(SafeTouch::Staff);
    }
    nothing_is_on(canvas, Rect::from_min_size(pos2(column.left(), notice), vec2(column.width(), 76.0)));
    touch
}

/// Where text of `language` begins in a place that both languages share: English left, Arabic right.
fn halves(place: Rect, gap: f32) -> [(Language, Rect); 2] {
    let size = vec2((place.width() - gap) / 2.0, place.height());
    [
        (Language::ENGLISH, Rect::from_min_size(place.min, size)),
        (Language::ARABIC, Rect::from_min_size(pos2(place.right() - size.x, place.top()), size)),
    ]
}

fn sentences(canvas: &mut Canvas<'_>, column: Rect, top: f32, orientation: Orientation) {
    let colours = canvas.palette();
    // In landscape the words stand above the card with less room.
    let (lead_line, between) = if orientation == Orientation::Portrait { (52.0, 14.0) } else { (48.0, 4.0) };
    let lead = TypeRole { line_height: lead_line, ..TypeRole::LEAD_ON_WALL };
    let place = Rect::from_min_size(pos2(column.left(), top), vec2(column.width(), 0.0));
    let mut bottom = top;
    for (language, half) in halves(place, 90.0) {
        let title = canvas.words.get("safe", language).to_owned();
        let block = canvas.block_in(&title, language, TypeRole::CARD_TITLE, half.width(), Fit::Wrap);
        block.paint(canvas.painter(), half.min, colours.ink);
        let ask = canvas.words.get("safe.ask", language).to_owned();
        let ask_top = top + block.height() + between;
        let block = canvas.block_in(&ask, language, lead, half.width(), Fit::Wrap);
        block.paint(canvas.painter(), pos2(half.left(), ask_top), colours.ink);
        let end = ask_top + block.height();
        let rect = Rect::from_min_max(half.min, pos2(half.right(), end));
        canvas.describe(("safe", language), rect, &format!("{title} {ask}"));
        bottom = bottom.max(end);
    }
    canvas.divider(column.center().x - stroke::HAIRLINE / 2.0, top, bottom);
}

fn for_staff(canvas: &mut Canvas<'_>, top_left: Pos2, width: f32, orientation: Orientation, safe: &Fault) {
    let [portrait, landscape] = CARD;
    let (height, padding, step_height) = if orientation == Orientation::Portrait { portrait } else { landscape };
    let place = Rect::from_min_size(top_left, vec2(width, height));
    canvas.surface(place, radius::CARD, Depth::Card, canvas.palette().surface);
    let colours = canvas.palette();
    let inner = place.shrink2(vec2(44.0, padding));
    let heading = TypeRole { weight: Weight::SemiBold, ..TypeRole::LABEL };
    let lock = Rect::from_min_size(inner.min + vec2(0.0, 2.0), vec2(40.0, 40.0));
    icons::paint(canvas.painter(), Icon::Lock, lock, colours.brass, false);
    pair(canvas, inner, 56.0, "safe.staff", heading, colours.ink);
    let mut top = inner.top() + heading.line_height + 10.0;
    for (index, key) in steps(safe.cause).into_iter().enumerate() {
        canvas.rule(inner.left(), inner.right(), top);
        step(canvas, Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), step_height)), index, key);
        top += step_height;
    }
    canvas.rule(inner.left(), inner.right(), top);
    let row = Rect::from_min_size(pos2(inner.left(), top + 18.0), vec2(inner.width(), 54.0));
    pair(canvas, row.translate(vec2(0.0, 6.0)), 0.0, "safe.code", TypeRole::SMALL, colours.ink2);
    spell(canvas, &safe.code, row);
    canvas.describe("code", row, &safe.code);
}

/// The code in the middle of `row`, its letters apart: it is read out.
fn spell(canvas: &mut Canvas<'_>, code: &str, row: Rect) {
    let role = TypeRole { size: 36.0, line_height: 54.0, weight: Weight::SemiBold };
    let left = row.center().x + 8.0 - canvas.spelled_width(code, role) / 2.0;
    canvas.spelled(code, role, pos2(left, row.center().y), canvas.palette().ink);
}

/// The same word in both languages, at both ends of the top of `place`.
fn pair(canvas: &mut Canvas<'_>, place: Rect, indent: f32, key: &str, role: TypeRole, colour: Color32) {
    for (language, half) in halves(place, 0.0) {
        let word = canvas.words.get(key, language).to_owned();
        let block = canvas.block_in(&word, language, role, half.width(), Fit::OneLine);
        let shift = if language.is_right_to_left() { 0.0 } else { indent };
        block.paint(canvas.painter(), half.min + vec2(shift, 0.0), colour);
    }
}

fn step(canvas: &mut Canvas<'_>, row: Rect, index: usize, key: &str) {
    const DISC: f32 = 56.0;
    const GAP: f32 = 30.0;
    let colours = canvas.palette();
    for (language, half) in halves(row, DISC + 2.0 * GAP) {
        let line_height = if language.is_right_to_left() { 40.0 } else { 38.0 };
        let role = TypeRole { size: 27.0, line_height, weight: Weight::Regular };
        let text = canvas.words.get(key, language).to_owned();
        let block = canvas.block_in(&text, language, role, half.width(), Fit::Wrap);
        let top = row.center().y + 1.0 - block.height() / 2.0;
        block.paint(canvas.painter(), pos2(half.left(), top), colours.ink);
        canvas.describe((key, language), half, &text);
    }
    let centre = pos2(row.center().x, row.center().y + 1.0);
    disc(canvas, centre, DISC / 2.0);
    let number = TypeRole { size: 30.0, line_height: 44.0, weight: Weight::SemiBold };
    canvas.centred(&(index + 1).to_string(), Language::ENGLISH, number, centre, colours.accent);
}

pub(in crate::ui) fn disc(canvas: &Canvas<'_>, centre: Pos2, radius: f32) {
    let colours = canvas.palette();
    let square = Rect::from_center_size(centre, vec2(2.0 * radius, 2.0 * radius));
    let border = Stroke::new(stroke::CONTROL, colours.accent);
    canvas.painter().rect(square, CornerRadius::same(radius as u8), colours.tint, border, StrokeKind::Inside);
}

fn nothing_is_on(canvas: &mut Canvas<'_>, place: Rect) {
    const ICON: f32 = 40.0;
    let colours = canvas.palette();
    let icon = Rect::from_min_size(pos2(place.left(), place.center().y - ICON / 2.0), vec2(ICON, ICON));
    icons::paint(canvas.painter(), Icon::CameraOff, icon, colours.ink2, false);
    let role = TypeRole { weight: Weight::Regular, line_height: 40.0, ..TypeRole::MICRO };
    let row = Rect::from_min_max(pos2(place.left(), place.center().y - role.line_height / 2.0), place.max);
    pair(canvas, row, ICON + 16.0, "notice.off", role, colours.ink2);
    let text = canvas.word("notice.off");
    let response = canvas.ui.interact(place, Id::unique("notice"), eframe::egui::Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
}
