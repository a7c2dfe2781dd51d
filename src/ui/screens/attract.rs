//! Nobody is there: the welcome in both languages, and topics.

use eframe::egui::{Rect, pos2, vec2};

use super::{Frame, risen};
use crate::{
    event::{Connection, Language},
    ui::{
        icons::Icon,
        layout::{CHIP_GAP, Orientation},
        text::{Fit, Span},
        tokens::{TypeRole, Weight, stroke},
    },
};

pub(super) fn paint(frame: &mut Frame<'_, '_>) {
    let is_local = frame.shown.view.connection == Connection::Local;
    // With large text the sentence on what works takes the place of the upper row.
    let rows = if is_local && frame.canvas.zoom > 1.0 { 1 } else { 2 };
    frame.topics(rows);
    let arrival = frame.shown.arrival;
    let layout = *frame.shown.layout;
    let opacity = frame.canvas.ui.opacity();
    frame.canvas.ui.set_opacity(opacity * arrival);
    let top = match layout.orientation {
        Orientation::Portrait if frame.canvas.zoom > 1.0 => layout.card.top() + 20.0,
        Orientation::Portrait => layout.card.top() + 14.0,
        Orientation::Landscape => layout.card.top() + 24.0,
    };
    let place = Rect::from_min_max(pos2(layout.card.left(), top), layout.card.max);
    let bottom = welcome(frame, risen(place, arrival));
    if is_local {
        let chips_top = frame.chips_top(rows);
        let place =
            Rect::from_min_max(pos2(place.left(), bottom + 24.0), pos2(place.right(), chips_top - CHIP_GAP / 2.0));
        without_network(frame, place, rows == 1);
    }
    frame.canvas.ui.set_opacity(opacity);
}

/// English left, Arabic right, whatever the language of the window. Gives the lower edge.
fn welcome(frame: &mut Frame<'_, '_>, place: Rect) -> f32 {
    let canvas = &mut *frame.canvas;
    let is_large = canvas.zoom > 1.0;
    let (gap, between) = if is_large { (36.0, 8.0) } else { (44.0, 10.0) };
    let display = TypeRole::DISPLAY.scaled(canvas.limited_zoom());
    let lead = if is_large {
        TypeRole { size: 34.0, line_height: 48.0, weight: Weight::Regular }.scaled(canvas.zoom)
    } else {
        TypeRole { size: 36.0, line_height: 54.0, weight: Weight::Regular }
    };
    let width = (place.width() - stroke::HAIRLINE - 2.0 * gap) / 2.0;
    let colours = canvas.palette();
    let mut height: f32 = 0.0;
    for (index, language) in Language::SHIPPED.into_iter().enumerate() {
        let left = place.left() + index as f32 * (width + 2.0 * gap + stroke::HAIRLINE);
        let welcome = canvas.words.get("attract.welcome", language).to_owned();
        // A title is one line: never one of a single word.
        let title = canvas.block_in(&welcome, language, display, width, Fit::OneLine);
        title.paint(canvas.painter(), pos2(left, place.top()), colours.ink);
        let invite = canvas.words.get("attract.invite", language).to_owned();
        let fit = if is_large { Fit::Balance } else { Fit::Wrap };
        let text = canvas.block_in(&invite, language, lead, width, fit);
        let text_top = place.top() + display.line_height + between;
        text.paint(canvas.painter(), pos2(left, text_top), colours.ink);
        let whole = display.line_height + between + text.height();
        let rect = Rect::from_min_size(pos2(left, place.top()), vec2(width, whole));
        canvas.describe(("welcome", language), rect, &format!("{welcome}. {invite}"));
        height = height.max(whole);
    }
    let x = place.left() + width + gap;
    canvas.divider(x, place.top() + 14.0, place.top() + height - 14.0);
    place.top() + height
}

/// No service is configured: that is said plainly, and what works; at the top of `place` or in the middle of its height.
fn without_network(frame: &mut Frame<'_, '_>, place: Rect, in_middle: bool) {
    const ICON: f32 = 40.0;
    const GAP: f32 = 18.0;
    let text = frame.canvas.word("local.body");
    let canvas = &mut *frame.canvas;
    let role = TypeRole::SMALL.scaled(canvas.zoom);
    let width = place.width() - ICON - GAP;
    let spans = [Span { text: &text, weight: None }];
    let (role, block) = canvas.fitted(&spans, canvas.language, role, vec2(width, place.height()), Fit::Balance);
    let lift = if in_middle { (place.height() - block.height()).max(0.0) / 2.0 } else { 0.0 };
    let place = place.translate(vec2(0.0, lift));
    let colours = canvas.palette();
    let icon = canvas.inside(place, 0.0, (role.line_height - ICON) / 2.0, vec2(ICON, ICON));
    canvas.icon(Icon::CloudOff, icon, colours.brass);
    let line = canvas.inside(place, ICON + GAP, 0.0, vec2(width, block.height()));
    block.paint(canvas.painter(), line.min, colours.ink2);
    canvas.describe("status", line, &text);
}
