//! A booked appointment: when, whom, where, its code, its QR code, and other times (LOOK, picture 06).

use std::sync::Arc;

use eframe::egui::{CornerRadius, Id, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};

use super::{Frame, Touch};
use crate::{
    event::{AppointmentCard, Command},
    ui::{
        icons::Icon,
        layout::Orientation,
        text::{Block, Fit},
        tokens::{Depth, TypeRole, Weight, radius, stroke},
        widgets::{Button, ButtonKind, Canvas, with_opacity},
    },
};

/// The disc with the check, its border included.
const DISC: f32 = 64.0;
/// Buttons in the row: three other times and "Cancel it".
const BUTTONS: usize = 4;
/// A card at least this high, at the normal text size, is arranged as the portrait picture has it.
const TALL: f32 = 700.0;
/// Text that does not fit loses this part of its enlargement at a time.
const ZOOM_STEP: f32 = 0.05;
const CODE: TypeRole = TypeRole { size: 40.0, line_height: 56.0, weight: Weight::SemiBold };

pub(super) fn paint(frame: &mut Frame<'_, '_>, card: &AppointmentCard) {
    let layout = *frame.shown.layout;
    buttons(frame, card);
    let place = super::risen(layout.card, frame.shown.arrival);
    with_opacity(frame.canvas, frame.shown.arrival, |canvas| {
        canvas.surface(place, radius::CARD, Depth::Card, canvas.palette().surface);
        let is_tall = layout.orientation == Orientation::Portrait && place.height() >= TALL && canvas.zoom <= 1.0;
        if is_tall { tall(canvas, place, card) } else { wide(canvas, place, card) }
    });
}

/// Other times and "Cancel it" in one row; in portrait the question stands above it, in landscape before it.
fn buttons(frame: &mut Frame<'_, '_>, card: &AppointmentCard) {
    let layout = *frame.shown.layout;
    let mut bed = layout.lower_chips;
    let canvas = &mut *frame.canvas;
    let zoom = canvas.limited_zoom();
    let is_portrait = layout.orientation == Orientation::Portrait;
    let gap = if is_portrait { 16.0 } else { 14.0 };
    let colours = canvas.palette();
    if !is_portrait {
        const QUESTION: f32 = 140.0;
        let question = canvas.inside(bed, 0.0, 0.0, vec2(QUESTION, bed.height()));
        bed = canvas.inside(bed, QUESTION + gap, 0.0, vec2(bed.width() - QUESTION - gap, bed.height()));
        if !card.alternatives.is_empty() {
            let role = TypeRole { line_height: 40.0, ..TypeRole::LABEL };
            let text = canvas.word("booked.other");
            let block = canvas.block(&text, role, QUESTION, Fit::Wrap);
            block.paint(
                canvas.painter(),
                pos2(question.left(), question.center().y - block.height() / 2.0),
                colours.ink,
            );
            canvas.describe("other time", question, &text);
        }
    } else if !card.alternatives.is_empty() {
        let role = TypeRole { line_height: 48.0, ..TypeRole::LABEL }.scaled(zoom);
        let text = canvas.word("booked.other");
        let block = canvas.block(&text, role, bed.width(), Fit::OneLine);
        let line = Rect::from_min_size(
            pos2(bed.left(), bed.top() - 12.0 - role.line_height),
            vec2(bed.width(), role.line_height),
        );
        block.paint(canvas.painter(), line.min, colours.ink);
        canvas.describe("other time", line, &text);
    }
    let size = vec2((bed.width() - gap * (BUTTONS - 1) as f32) / BUTTONS as f32, bed.height());
    let place = |canvas: &Canvas<'_>, index: usize| canvas.inside(bed, index as f32 * (size.x + gap), 0.0, size);
    let shown = card.alternatives.iter().take(BUTTONS - 1);
    let cancel_at = shown.len();
    for (index, other) in shown.enumerate() {
        let id = Id::unique("other time").with(&other.slot);
        let place = place(canvas, index);
        if canvas.two_line_button(id, place, [&other.time, &other.day]).clicked() {
            frame.touches.push(Touch::Command(Command::MoveAppointment(other.slot.clone())));
        }
    }
    let label = canvas.word("booked.cancel");
    let (size, icon_side) = if is_portrait { (28.0, 36.0) } else { (26.0, 30.0) };
    let role = TypeRole { size, line_height: 40.0, weight: Weight::SemiBold }.scaled(zoom);
    let button = Button { role, icon_side, ..Button::new(ButtonKind::Careful, Some(Icon::Cross), &label) };
    if canvas.button(Id::unique("cancel appointment"), place(canvas, cancel_at), &button).clicked() {
        frame.touches.push(Touch::Command(Command::CancelAppointment));
    }
}

/// What the three rows say, from the first to the last.
fn rows(card: &AppointmentCard) -> [(Icon, &str, &str); 3] {
    [
        (Icon::Calendar, &card.day, &card.time),
        (Icon::Cap, &card.host, &card.subject),
        (Icon::Pin, &card.place, &card.place_detail),
    ]
}

/// As the portrait picture has it: the rows beside the QR code, the note below both.
fn tall(canvas: &mut Canvas<'_>, place: Rect, card: &AppointmentCard) {
    const QR: f32 = 392.0;
    const QR_PADDING: f32 = 7.0;
    const BED: f32 = QR + 2.0 * (QR_PADDING + stroke::HAIRLINE);
    const ROW: f32 = 88.0;
    const ROW_GAP: f32 = 26.0;
    let inner = place.shrink2(vec2(44.0, 40.0));
    let colours = canvas.palette();
    disc(canvas, inner, 0.0);
    let text = canvas.word("booked");
    let title = canvas.block(&text, TypeRole::CARD_TITLE, inner.width() - DISC - 20.0, Fit::OneLine);
    let line = canvas.inside(inner, DISC + 20.0, 2.0, vec2(inner.width() - DISC - 20.0, title.height()));
    title.paint(canvas.painter(), line.min, colours.ink);
    canvas.describe("booked", line, &text);
    let below = Rect::from_min_max(inner.min + vec2(0.0, DISC + 48.0), inner.max);
    let mut text_width = inner.width();
    if card.qr.side > 0 {
        let bed = canvas.inside(below, inner.width() - BED - 1.0, 0.0, vec2(BED, BED));
        canvas.qr(bed, QR_PADDING, &card.qr);
        text_width -= BED + 2.0 + 36.0;
    }
    let column = canvas.inside(below, 0.0, 0.0, vec2(text_width, below.height()));
    let mut top = 0.0;
    for (index, row) in rows(card).into_iter().enumerate() {
        let measured = Row::new(canvas, row, text_width, 1.0, [46.0, 38.0]);
        measured.paint(canvas, index, canvas.inside(column, 0.0, top, vec2(text_width, measured.height())), 4.0);
        top += measured.height().max(ROW) + ROW_GAP;
    }
    let code = canvas.inside(column, 0.0, top + 6.0, vec2(text_width, 64.0));
    code_row(canvas, code, &card.code, 1.0);
    let bottom = (top + 6.0 + 64.0).max(BED);
    note(canvas, Rect::from_min_max(pos2(below.left(), below.top() + bottom + 36.0), below.max), 1.0, true);
}

/// As the landscape picture has it, in any size: the code below the QR code, the rest beside them, as large as there is room.
fn wide(canvas: &mut Canvas<'_>, place: Rect, card: &AppointmentCard) {
    const GAP: f32 = 32.0;
    const QR_PADDING: f32 = 6.0;
    const CODE_HEIGHT: f32 = 56.0;
    let inner = place.shrink2(vec2(40.0, 30.0));
    // With large text the QR code gives room to the words; a hand's breadth is read from a step away.
    let side = if canvas.zoom > 1.0 { 318.0 } else { 382.0 };
    let side = f32::min(side, inner.height() - CODE_HEIGHT - 4.0);
    let mut text_width = inner.width();
    if card.qr.side > 0 {
        let start = inner.width() - side;
        canvas.qr(canvas.inside(inner, start, 0.0, vec2(side, side)), QR_PADDING, &card.qr);
        let under = canvas.inside(inner, start, inner.height() - CODE_HEIGHT, vec2(side, CODE_HEIGHT));
        let width = code_width(canvas, &card.code, 1.0);
        let code = canvas.inside(under, (side - width) / 2.0, 0.0, vec2(width, CODE_HEIGHT));
        code_row(canvas, code, &card.code, 1.0);
        text_width -= side + GAP;
    }
    let column = canvas.inside(inner, 0.0, 0.0, vec2(text_width, inner.height()));
    let mut zoom = canvas.zoom;
    let mut words = loop {
        let words = Words::new(canvas, card, text_width, zoom);
        if words.height() <= inner.height() || zoom <= 1.0 {
            break words;
        }
        zoom = (zoom - ZOOM_STEP).max(1.0);
    };
    // In a low window what the QR code is for goes before when, whom and where do.
    if words.height() > inner.height() {
        words.note = None;
    }
    words.paint(canvas, column, zoom);
}

/// The words of the wide arrangement, one below the other.
struct Words {
    title: Arc<Block>,
    rows: [Row; 3],
    note: Option<Arc<Block>>,
}

impl Words {
    fn new(canvas: &mut Canvas<'_>, card: &AppointmentCard, width: f32, zoom: f32) -> Self {
        let role = TypeRole { size: 40.0, line_height: 50.0, weight: Weight::SemiBold }.scaled(zoom.min(1.25));
        let text = canvas.word("booked");
        let title = canvas.block(&text, role, width - DISC - 18.0, Fit::Balance);
        let rows = rows(card).map(|row| Row::new(canvas, row, width, zoom, [44.0, 36.0]));
        let text = canvas.word("booked.qr");
        let note = canvas.block(&text, note_role(zoom, false), width - 44.0, Fit::Wrap);
        Self { title, rows, note: Some(note) }
    }

    fn heights(&self) -> [f32; 5] {
        let [first, second, third] = self.rows.each_ref().map(Row::height);
        [self.title.height().max(DISC), first, second, third, self.note.as_ref().map_or(0.0, |note| note.height())]
    }

    fn height(&self) -> f32 {
        self.heights().iter().sum()
    }

    /// With the same blank between all of them.
    fn paint(&self, canvas: &mut Canvas<'_>, column: Rect, zoom: f32) {
        let heights = self.heights();
        let blank = ((column.height() - self.height()) / (heights.len() - 1) as f32).max(0.0);
        let mut tops = heights.iter().scan(0.0, |top, height| {
            let own = *top;
            *top += height + blank;
            Some(own)
        });
        let mut next = || tops.next().unwrap_or_default();
        let title_height = self.title.height().max(DISC);
        let top = next();
        disc(canvas, column, top + (title_height - DISC) / 2.0);
        let width = column.width() - DISC - 18.0;
        let above = top + (title_height - self.title.height()) / 2.0;
        let line = canvas.inside(column, DISC + 18.0, above, vec2(width, self.title.height()));
        self.title.paint(canvas.painter(), line.min, canvas.palette().ink);
        let text = canvas.word("booked");
        canvas.describe("booked", line, &text);
        for (index, row) in self.rows.iter().enumerate() {
            let place = canvas.inside(column, 0.0, next(), vec2(column.width(), row.height()));
            row.paint(canvas, index, place, 2.0);
        }
        if let Some(text) = &self.note {
            let place = canvas.inside(column, 0.0, next(), vec2(column.width(), text.height()));
            note(canvas, place, zoom, false);
        }
    }
}

/// An icon, a line, and a smaller one below it.
struct Row {
    icon: Icon,
    zoom: f32,
    first: Arc<Block>,
    second: Arc<Block>,
    text: String,
}

impl Row {
    const ICON: f32 = 44.0;
    const GAP: f32 = 22.0;

    fn new(
        canvas: &mut Canvas<'_>,
        (icon, first, second): (Icon, &str, &str),
        width: f32,
        zoom: f32,
        lines: [f32; 2],
    ) -> Self {
        let [line, small_line] = lines;
        let room = width - (Self::ICON + Self::GAP) * zoom;
        let role = TypeRole { line_height: line, weight: Weight::SemiBold, ..TypeRole::LABEL }.scaled(zoom);
        let small = TypeRole { line_height: small_line, ..TypeRole::SMALL }.scaled(zoom);
        Self {
            icon,
            zoom,
            first: canvas.block(first, role, room, Fit::Wrap),
            second: canvas.block(second, small, room, Fit::Wrap),
            text: format!("{first}, {second}"),
        }
    }

    fn height(&self) -> f32 {
        self.first.height() + self.second.height()
    }

    fn paint(&self, canvas: &mut Canvas<'_>, index: usize, place: Rect, icon_top: f32) {
        let colours = canvas.palette();
        let side = Self::ICON * self.zoom;
        canvas.icon(self.icon, canvas.inside(place, 0.0, icon_top, vec2(side, side)), colours.accent);
        let start = side + Self::GAP * self.zoom;
        let text = canvas.inside(place, start, 0.0, vec2(place.width() - start, self.height()));
        self.first.paint(canvas.painter(), text.min, colours.ink);
        self.second.paint(canvas.painter(), text.min + vec2(0.0, self.first.height()), colours.ink2);
        canvas.describe(("appointment", index), text, &self.text);
    }
}

/// The round sign that it is done.
pub(super) fn disc(canvas: &Canvas<'_>, place: Rect, top: f32) {
    const CHECK: f32 = 40.0;
    let colours = canvas.palette();
    let disc = canvas.inside(place, 0.0, top, vec2(DISC, DISC));
    let border = Stroke::new(stroke::CONTROL, colours.ok);
    canvas.painter().rect(disc, CornerRadius::same((DISC / 2.0) as u8), colours.ok_tint, border, StrokeKind::Inside);
    canvas.icon(Icon::Check, disc.shrink((DISC - CHECK) / 2.0), colours.ok);
}

const CODE_GAP: f32 = 18.0;

fn code_width(canvas: &mut Canvas<'_>, code: &str, zoom: f32) -> f32 {
    let word = canvas.word("booked.code");
    let word = canvas.block(&word, TypeRole::SMALL.scaled(zoom), f32::INFINITY, Fit::Wrap).text_width();
    word + CODE_GAP + canvas.spelled_width(code, CODE.scaled(zoom))
}

/// The word and the code, from the start of `place` on.
fn code_row(canvas: &mut Canvas<'_>, place: Rect, code: &str, zoom: f32) {
    if code.is_empty() {
        return;
    }
    let colours = canvas.palette();
    let role = TypeRole::SMALL.scaled(zoom);
    let word = canvas.word("booked.code");
    let block = canvas.block(&word, role, f32::INFINITY, Fit::Wrap);
    let line = canvas.inside(
        place,
        0.0,
        (place.height() - role.line_height) / 2.0,
        vec2(block.text_width(), role.line_height),
    );
    block.paint(canvas.painter(), line.min, colours.ink2);
    let width = canvas.spelled_width(code, CODE.scaled(zoom));
    let spelled = canvas.inside(place, block.text_width() + CODE_GAP, 0.0, vec2(width, place.height()));
    canvas.spelled(code, CODE.scaled(zoom), Pos2::new(spelled.left(), spelled.center().y), colours.ink);
    canvas.describe("appointment code", spelled, &format!("{word} {code}"));
}

fn note_role(zoom: f32, is_tall: bool) -> TypeRole {
    let role = TypeRole { line_height: 32.0, weight: Weight::Regular, ..TypeRole::MICRO };
    if is_tall { TypeRole::SMALL } else { role }.scaled(zoom)
}

/// What the QR code is for.
fn note(canvas: &mut Canvas<'_>, place: Rect, zoom: f32, is_tall: bool) {
    let (icon, gap) = if is_tall { (36.0, 14.0) } else { (32.0, 12.0) };
    let colours = canvas.palette();
    let text = canvas.word("booked.qr");
    let role = note_role(zoom, is_tall);
    let width = place.width() - icon - gap;
    let block = canvas.block(&text, role, width, Fit::Wrap);
    let above = ((role.line_height - icon) / 2.0).max(0.0);
    canvas.icon(Icon::Info, canvas.inside(place, 0.0, above, vec2(icon, icon)), colours.ink2);
    let line = canvas.inside(place, icon + gap, 0.0, vec2(width, block.height()));
    block.paint(canvas.painter(), line.min, colours.ink2);
    canvas.describe("appointment note", line, &text);
}
