//! What a visit came to, for some seconds after it: what was asked, done and booked, and how long it took.

use std::{borrow::Cow, sync::Arc};

use eframe::egui::{Id, Rect, pos2, vec2};

use super::{Frame, Touch, appointment::disc};
use crate::{
    event::{Command, SummaryCard},
    ui::{
        icons::Icon,
        layout::Orientation,
        text::{Block, Fit},
        tokens::{Depth, TypeRole, Weight, radius},
        widgets::{Button, ButtonKind, Canvas, with_opacity},
    },
};

const DISC: f32 = 64.0;
const GAP: f32 = 20.0;
const ICON: f32 = 44.0;
/// Between the icon of a section and its words.
const INDENT: f32 = ICON + 22.0;
/// Between two sections.
const BETWEEN: f32 = 18.0;
/// Text that does not fit loses this part of its enlargement at a time.
const ZOOM_STEP: f32 = 0.05;

/// A list with its heading.
struct Section<'a> {
    icon: Icon,
    key: &'static str,
    lines: &'a [String],
    /// How many of them are shown; what is left is counted in one more line.
    shown: usize,
}

/// How large the text of the sections is, and whether a line that is too long goes on below: the end of an appointment's
/// is its time.
#[derive(Debug, Clone, Copy)]
struct Setting {
    zoom: f32,
    fit: Fit,
}

pub(super) fn paint(frame: &mut Frame<'_, '_>, card: &SummaryCard) {
    let layout = *frame.shown.layout;
    let bed = layout.lower_chips;
    let label = frame.canvas.word("summary.close");
    let role = TypeRole { line_height: 40.0, ..TypeRole::BUTTON }.scaled(frame.canvas.limited_zoom());
    let button = Button { role, ..Button::new(ButtonKind::Normal, Some(Icon::Check), &label) };
    if frame.canvas.button(Id::unique("close summary"), bed, &button).clicked() {
        frame.touches.push(Touch::Command(Command::HideCard));
    }
    // No question stands above the button: the card has its room too.
    let place = Rect::from_min_max(layout.card.min, pos2(layout.card.right(), bed.top() - 24.0));
    let place = super::risen(place, frame.shown.arrival);
    with_opacity(frame.canvas, frame.shown.arrival, |canvas| {
        canvas.surface(place, radius::CARD, Depth::Card, canvas.palette().surface);
        let above = if layout.orientation == Orientation::Portrait { 40.0 } else { 30.0 };
        contents(canvas, place.shrink2(vec2(44.0, above)), card);
    });
}

fn contents(canvas: &mut Canvas<'_>, inner: Rect, card: &SummaryCard) {
    let top = head(canvas, inner, card) + BETWEEN;
    let mut sections: Vec<Section<'_>> = [
        (Icon::Person, "summary.asked", &card.asked),
        (Icon::Check, "summary.done", &card.done),
        (Icon::Calendar, "summary.booked", &card.booked),
    ]
    .into_iter()
    .filter(|(_, _, lines)| !lines.is_empty())
    .map(|(icon, key, lines)| Section { icon, key, lines, shown: lines.len() })
    .collect();
    let room = inner.height() - top;
    // Smaller text first, then lines that are cut, then fewer of them, of the longest list and never the last of one.
    let mut setting = Setting { zoom: canvas.zoom, fit: Fit::Wrap };
    let laid_out = loop {
        let laid_out = lay_out(canvas, inner.width(), &sections, setting);
        if height(&laid_out, setting) <= room || !give_way(&mut setting, &mut sections) {
            break laid_out;
        }
    };
    let mut at = top;
    for (section, lines) in sections.iter().zip(&laid_out) {
        at += paint_section(canvas, inner, at, section, lines, setting.zoom) + BETWEEN * setting.zoom;
    }
}

/// Makes the text a little smaller, or less. Whether it could.
fn give_way(setting: &mut Setting, sections: &mut [Section<'_>]) -> bool {
    if setting.zoom > 1.0 {
        setting.zoom = (setting.zoom - ZOOM_STEP).max(1.0);
    } else if setting.fit == Fit::Wrap {
        setting.fit = Fit::OneLine;
    } else {
        let longest = sections.iter_mut().max_by_key(|section| section.shown);
        let Some(longest) = longest.filter(|section| section.shown > 1) else { return false };
        // The line that counts what is left takes the place of one.
        longest.shown -= if longest.shown == longest.lines.len() { 2.min(longest.shown - 1) } else { 1 };
    }
    true
}

fn roles(zoom: f32) -> (TypeRole, TypeRole) {
    let heading = TypeRole { line_height: 46.0, weight: Weight::SemiBold, ..TypeRole::LABEL };
    let line = TypeRole { line_height: 40.0, ..TypeRole::SMALL };
    (heading.scaled(zoom), line.scaled(zoom))
}

/// The lines of a section with their blocks.
type Lines<'a> = Vec<(Cow<'a, str>, Arc<Block>)>;

/// The lines of each section on a card `width` wide.
fn lay_out<'a>(canvas: &mut Canvas<'_>, width: f32, sections: &[Section<'a>], setting: Setting) -> Vec<Lines<'a>> {
    let (_, role) = roles(setting.zoom);
    let width = width - INDENT * setting.zoom;
    let lines = |section: &Section<'a>| {
        let left = section.lines.len() - section.shown;
        let more = (left > 0).then(|| canvas.words.fill("summary.more", canvas.language, &[("n", &left.to_string())]));
        let lines = section.lines.iter().take(section.shown).map(Cow::from).chain(more.map(Cow::from));
        lines
            .map(|line| {
                let block = canvas.block(&line, role, width, setting.fit);
                (line, block)
            })
            .collect()
    };
    sections.iter().map(lines).collect()
}

fn height(sections: &[Lines<'_>], setting: Setting) -> f32 {
    let (heading, _) = roles(setting.zoom);
    let own = |lines: &Lines<'_>| heading.line_height + lines.iter().map(|(_, block)| block.height()).sum::<f32>();
    sections.iter().map(own).sum::<f32>() + BETWEEN * setting.zoom * sections.len().saturating_sub(1) as f32
}

/// The title, and how long it took at the end of its line. Gives its height.
fn head(canvas: &mut Canvas<'_>, inner: Rect, card: &SummaryCard) -> f32 {
    let colours = canvas.palette();
    let role = TypeRole::CARD_TITLE.scaled(canvas.limited_zoom());
    let height = role.line_height.max(DISC);
    disc(canvas, inner, (height - DISC) / 2.0);
    let seconds = card.duration.as_secs();
    let time = format!("{}:{:02}", seconds / 60, seconds % 60);
    let text = canvas.words.fill("summary.duration", canvas.language, &[("time", &time)]);
    let small = TypeRole::SMALL.scaled(canvas.limited_zoom());
    let block = canvas.block(&text, small, f32::INFINITY, Fit::Wrap);
    let size = vec2(block.text_width(), small.line_height);
    let line = canvas.inside(inner, inner.width() - size.x, (height - size.y) / 2.0, size);
    block.paint(canvas.painter(), line.min, colours.ink2);
    canvas.describe("summary duration", line, &text);
    let text = canvas.word("summary.title");
    let width = inner.width() - DISC - 2.0 * GAP - size.x;
    let title = canvas.block(&text, role, width, Fit::OneLine);
    let place = canvas.inside(inner, DISC + GAP, (height - role.line_height) / 2.0, vec2(width, role.line_height));
    title.paint(canvas.painter(), place.min, colours.ink);
    canvas.describe("summary", place, &text);
    height
}

/// Gives its height.
fn paint_section(
    canvas: &mut Canvas<'_>,
    inner: Rect,
    top: f32,
    section: &Section<'_>,
    lines: &Lines<'_>,
    zoom: f32,
) -> f32 {
    let colours = canvas.palette();
    let (heading, _) = roles(zoom);
    let side = ICON * zoom;
    canvas.icon(section.icon, canvas.inside(inner, 0.0, top + 1.0, vec2(side, side)), colours.accent);
    let indent = INDENT * zoom;
    let width = inner.width() - indent;
    let text = canvas.word(section.key);
    let block = canvas.block(&text, heading, width, Fit::OneLine);
    let place = canvas.inside(inner, indent, top, vec2(width, heading.line_height));
    block.paint(canvas.painter(), place.min, colours.ink);
    canvas.describe(section.key, place, &text);
    let mut at = top + heading.line_height;
    for (index, (line, block)) in lines.iter().enumerate() {
        let place = canvas.inside(inner, indent, at, vec2(width, block.height()));
        block.paint(canvas.painter(), place.min, colours.ink2);
        canvas.describe((section.key, index), place, line);
        at += block.height();
    }
    at - top
}
