//! Somebody who agreed to be known: greeted by name, once, with why they are known, and with two ways out.

use eframe::egui::{Id, Rect, pos2, vec2};

use super::{Frame, Touch};
use crate::{
    event::{Command, KnownVisitor},
    ui::{
        dates::Dates,
        icons::Icon,
        layout::{CHIP_GAP, Orientation},
        text::{Fit, Span},
        tokens::{Depth, TypeRole, Weight, radius},
        widgets::{Button, ButtonKind, with_opacity},
    },
};

/// Where the card, the topics and the two ways out stand while somebody is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beds {
    pub(super) card: Rect,
    pub(super) topics: Rect,
    pub(super) ways_out: Rect,
}

impl Frame<'_, '_> {
    /// Whether the visitor is known and has not been asked to be forgotten.
    pub(super) fn is_known(&self) -> bool {
        self.shown.view.known.is_some()
    }

    /// The beds at this size: as picture 05 has them, or in the rows of the chips.
    pub(super) fn known_beds(&self, rows: usize) -> Beds {
        let layout = self.shown.layout;
        let is_pictured = layout.orientation == Orientation::Portrait && !layout.is_compact;
        let (card, topics, ways_out) = if is_pictured {
            let grown = Rect::from_min_max(layout.card_short.min, layout.card_short.max + vec2(0.0, 12.0));
            let lower = layout.lower_chips.translate(vec2(0.0, 12.0));
            let ways_out = Rect::from_min_size(lower.min, vec2(lower.width(), 96.0));
            (grown, layout.upper_chips.translate(vec2(0.0, 14.0)), ways_out)
        } else if rows == 0 {
            (layout.card, layout.upper_chips, layout.lower_chips)
        } else {
            (layout.card_short, layout.upper_chips, layout.lower_chips)
        };
        Beds { card: super::risen(card, self.shown.arrival), topics, ways_out }
    }

    /// "That is not me" and "Forget me"; the question whether to forget, with both answers equally easy.
    pub(super) fn ways_out(&mut self, beds: &Beds) {
        if self.furniture.asks_forget {
            self.answers(beds.ways_out);
            return;
        }
        let [not_me, forget] = halves(self, beds.ways_out);
        if self.way_out("not me", not_me, None, "greet.notme", ButtonKind::Quiet) {
            self.touches.push(Touch::Command(Command::NotMe));
        }
        if self.way_out("forget me", forget, Some(Icon::Bin), "greet.forget", ButtonKind::Quiet) {
            self.furniture.asks_forget = true;
        }
    }

    fn answers(&mut self, bed: Rect) {
        let [keep, forget] = halves(self, bed);
        if self.way_out("keep me", keep, Some(Icon::Cross), "greet.forget.no", ButtonKind::Normal) {
            self.furniture.asks_forget = false;
        }
        if self.way_out("do forget me", forget, Some(Icon::Bin), "greet.forget.yes", ButtonKind::Careful) {
            self.furniture.asks_forget = false;
            self.touches.push(Touch::Command(Command::ForgetMe));
        }
    }

    fn way_out(&mut self, name: &str, place: Rect, icon: Option<Icon>, key: &str, kind: ButtonKind) -> bool {
        let label = self.canvas.word(key);
        let weight = if kind == ButtonKind::Quiet { Weight::Medium } else { Weight::SemiBold };
        let role = TypeRole { weight, line_height: 40.0, ..TypeRole::BUTTON }.scaled(self.canvas.limited_zoom());
        let button = Button { role, icon_side: 40.0, ..Button::new(kind, icon, &label) };
        self.canvas.button(Id::unique("known").with(name), place, &button).clicked()
    }
}

fn halves(frame: &Frame<'_, '_>, bed: Rect) -> [Rect; 2] {
    let size = vec2((bed.width() - CHIP_GAP) / 2.0, bed.height());
    [0.0, size.x + CHIP_GAP].map(|start| frame.canvas.inside(bed, start, 0.0, size))
}

/// The greeting with the topics.
pub(super) fn paint(frame: &mut Frame<'_, '_>, known: &KnownVisitor) {
    let rows = frame.conversation_rows();
    let beds = frame.known_beds(rows);
    frame.topics(rows);
    frame.ways_out(&beds);
    let arrival = frame.shown.arrival;
    if frame.furniture.asks_forget {
        question(frame, beds.card);
        return;
    }
    let title = frame.canvas.words.fill("greet.back", frame.canvas.language, &[("name", &known.name)]);
    let lead = frame.canvas.word("greet.how");
    let dates =
        Dates { words: frame.canvas.words, language: frame.canvas.language, time_zone: &frame.shown.stand.time_zone };
    let date = dates.day(known.agreed_at, frame.shown.wall);
    let why = frame.canvas.words.fill("greet.why", frame.canvas.language, &[("date", &date)]);
    with_opacity(frame.canvas, arrival, |canvas| {
        let inner = card(canvas, beds.card);
        let colours = canvas.palette();
        let foot_role = TypeRole { ..TypeRole::MICRO }.scaled(canvas.zoom);
        let foot_width = inner.width() - 44.0;
        let foot = canvas.block(&why, foot_role, foot_width, Fit::Wrap);
        let foot_top = inner.height() - foot.height();
        let bottom = head(canvas, Rect::from_min_size(inner.min, vec2(inner.width(), foot_top - 12.0)), &title, &lead);
        let top = foot_top.max(bottom - inner.top());
        let icon = canvas.inside(inner, 0.0, top + (foot_role.line_height - 32.0) / 2.0, vec2(32.0, 32.0));
        canvas.icon(Icon::Lock, icon, colours.ink2);
        let line = canvas.inside(inner, 44.0, top, vec2(foot_width, foot.height()));
        foot.paint(canvas.painter(), line.min, colours.ink2);
        canvas.describe("why known", line, &why);
    });
}

/// Whether to forget them, and what goes.
pub(super) fn question(frame: &mut Frame<'_, '_>, place: Rect) {
    let (title, what) = (frame.canvas.word("greet.forget.ask"), frame.canvas.word("greet.forget.what"));
    let inner = card(frame.canvas, place);
    head(frame.canvas, inner, &title, &what);
}

fn card(canvas: &crate::ui::widgets::Canvas<'_>, place: Rect) -> Rect {
    canvas.surface(place, radius::CARD, Depth::Card, canvas.palette().surface);
    Rect::from_min_max(place.min + vec2(44.0, 32.0), place.max - vec2(44.0, 26.0))
}

/// A title and a sentence in `room`; gives the lower edge.
fn head(canvas: &mut crate::ui::widgets::Canvas<'_>, room: Rect, title: &str, lead: &str) -> f32 {
    let colours = canvas.palette();
    let language = canvas.language;
    let spans = [Span { text: title, weight: None }];
    let role = TypeRole::TITLE.scaled(canvas.limited_zoom());
    let (_, block) = canvas.fitted(&spans, language, role, vec2(room.width(), 2.0 * role.line_height), Fit::Balance);
    block.paint(canvas.painter(), room.min, colours.ink);
    let shown = Rect::from_min_size(room.min, vec2(room.width(), block.height()));
    canvas.describe("greeting", shown, title);
    let top = room.top() + block.height() + 6.0;
    let spans = [Span { text: lead, weight: None }];
    let role = TypeRole::LEAD.scaled(canvas.zoom);
    let left = vec2(room.width(), (room.bottom() - top).max(0.0));
    let (_, block) = canvas.fitted(&spans, language, role, left, Fit::Wrap);
    block.paint(canvas.painter(), pos2(room.left(), top), colours.ink);
    let shown = Rect::from_min_size(pos2(room.left(), top), vec2(room.width(), block.height()));
    canvas.describe("greeting lead", shown, lead);
    top + block.height()
}
