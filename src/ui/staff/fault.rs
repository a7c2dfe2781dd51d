//! Safe mode behind the PIN: why the program does not start, what was found in which file, what to do.

use eframe::egui::{Id, Rect, pos2, vec2};

use super::{Page, StaffTouch};
use crate::{
    event::{
        Fault, FaultCause, Language,
        staff::{FaultView, StaffCommand},
    },
    ui::{
        icons::Icon,
        screens,
        text::Fit,
        tokens::{Depth, TypeRole, Weight, radius},
        widgets::{ButtonKind, Scroll},
    },
};

/// Where things stand.
struct Places {
    found: Rect,
    steps: Rect,
    switch: Rect,
}

fn places(page: &Page<'_, '_>) -> Places {
    let sheet = &page.sheet;
    if sheet.is_landscape {
        Places {
            found: sheet.side(),
            steps: sheet.rect(848.0, 272.0, 992.0, 496.0 + sheet.extra),
            switch: sheet.low(848.0, 934.0, 383.0, 104.0),
        }
    } else {
        Places {
            found: sheet.rect(64.0, 296.0, 952.0, 560.0 + sheet.extra),
            steps: sheet.low(64.0, 884.0, 952.0, 592.0),
            switch: sheet.low(64.0, 1648.0, 383.0, 104.0),
        }
    }
}

pub(super) fn paint(page: &mut Page<'_, '_>, view: &FaultView, scroll: &mut Scroll) {
    let places = places(page);
    page.staff_header();
    let title = page.word("fault.title");
    let cause = page.word(match view.fault.cause {
        FaultCause::Devices => "fault.devices",
        FaultCause::Files => "fault.files",
        FaultCause::Storage => "fault.storage",
        FaultCause::Configuration => "fault.configuration",
    });
    page.title(&title, &cause);
    found(page, places.found, &view.fault, scroll);
    what_to_do(page, places.steps, &view.fault);
    if view.may_act {
        actions(page);
    } else {
        let text = page.word("fault.nopins");
        page.note(page.sheet.actions(), Icon::Key, 40.0, &text);
    }
    if let Some(language) = page.canvas.language_switch(places.switch) {
        page.send(StaffCommand::SetLanguage(language));
    }
    page.close_bar();
}

fn actions(page: &mut Page<'_, '_>) {
    let [again, end] = page.sheet.parts(page.sheet.actions(), [1.0, 1.0]);
    let word = page.word("safe.again");
    if page.button("start again", again, ButtonKind::Primary, Some(Icon::Sync), &word) {
        page.touches.push(StaffTouch::StartAgain);
    }
    let word = page.word("fault.end");
    if page.button("end", end, ButtonKind::Careful, Some(Icon::Power), &word) {
        page.touches.push(StaffTouch::End);
    }
}

const HEADING: TypeRole = TypeRole { size: 34.0, line_height: 48.0, weight: Weight::SemiBold };
const BODY: TypeRole = TypeRole { size: 28.0, line_height: 42.0, weight: Weight::Regular };
const PADDING: f32 = 40.0;

/// The heading of a card; gives what is left of the card below it.
fn heading(page: &mut Page<'_, '_>, card: Rect, key: &str) -> Rect {
    let colours = page.canvas.palette();
    page.canvas.surface(card, radius::CARD, Depth::Card, colours.surface);
    let inner = card.shrink2(vec2(PADDING, 28.0));
    let text = page.word(key);
    page.line(inner, &text, HEADING, colours.ink);
    let rule = inner.top() + HEADING.line_height + 12.0;
    page.canvas.rule(inner.left(), inner.right(), rule);
    inner.with_min_y(rule + 16.0)
}

/// What was found, as it stands in the log: English in every language. Scrolled where it is long.
fn found(page: &mut Page<'_, '_>, card: Rect, fault: &Fault, scroll: &mut Scroll) {
    let inner = heading(page, card, "fault.found");
    let colours = page.canvas.palette();
    let text = breakable(&fault.found);
    let blocks: Vec<_> = text
        .lines()
        .map(|line| page.canvas.block_in(line, Language::ENGLISH, BODY, inner.width(), Fit::Wrap))
        .collect();
    const BETWEEN: f32 = 14.0;
    let content = blocks.iter().map(|block| block.height() + BETWEEN).sum::<f32>() - BETWEEN;
    let rail = if page.canvas.is_mirrored() { card.left() + 8.0 } else { card.right() - 20.0 };
    page.canvas.scroll(Id::unique("found"), inner, content, scroll, rail, page.shown.now);
    let clip = page.canvas.ui.clip_rect();
    page.canvas.ui.set_clip_rect(inner.expand2(vec2(8.0, 0.0)).intersect(clip));
    let mut top = inner.top() - scroll.offset();
    for block in blocks {
        block.paint(page.canvas.painter(), pos2(inner.left(), top), colours.ink);
        top += block.height() + BETWEEN;
    }
    page.canvas.ui.set_clip_rect(clip);
    page.canvas.describe("found", inner, &fault.found);
}

/// `text` with line breaks behind the slashes of long paths: text itself breaks at blanks only.
fn breakable(text: &str) -> String {
    const LONG: usize = 48;
    let mut broken = String::with_capacity(text.len());
    let mut length = 0;
    for part in text.split_inclusive(['/', ' ', '\n']) {
        let letters = part.chars().count();
        if broken.ends_with('/') && length + letters > LONG {
            broken.push('\n');
            length = 0;
        }
        broken.push_str(part);
        length = if part.ends_with([' ', '\n']) { 0 } else { length + letters };
    }
    broken
}

/// The steps of safe mode's first page, and the code.
fn what_to_do(page: &mut Page<'_, '_>, card: Rect, fault: &Fault) {
    const DISC: f32 = 56.0;
    const CODE: f32 = 84.0;
    let inner = heading(page, card, "fault.todo");
    let colours = page.canvas.palette();
    let row_height = (inner.height() - CODE) / 3.0;
    let mut top = inner.top();
    for (index, key) in screens::steps_of(fault.cause).into_iter().enumerate() {
        let row = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), row_height));
        let disc = page.canvas.inside(row, 0.0, (row_height - DISC) / 2.0, vec2(DISC, DISC));
        screens::disc(page.canvas, disc.center(), DISC / 2.0);
        let number = TypeRole { size: 30.0, line_height: 44.0, weight: Weight::SemiBold };
        page.canvas.centred(&(index + 1).to_string(), Language::ENGLISH, number, disc.center(), colours.accent);
        let text = page.word(key);
        let width = inner.width() - DISC - 24.0;
        let block = page.canvas.block(&text, BODY, width, Fit::Wrap);
        let place =
            page.canvas.inside(row, DISC + 24.0, (row_height - block.height()) / 2.0, vec2(width, block.height()));
        block.paint(page.canvas.painter(), place.min, colours.ink);
        page.canvas.describe(("step", index), place, &text);
        top += row_height;
    }
    page.canvas.rule(inner.left(), inner.right(), top);
    let row = Rect::from_min_max(pos2(inner.left(), top), inner.max);
    let label = page.word("safe.code");
    let place = page.canvas.inside(row, 0.0, (row.height() - 42.0) / 2.0, vec2(160.0, 42.0));
    page.line(place, &label, TypeRole::SMALL, colours.ink2);
    let role = TypeRole { size: 36.0, line_height: 54.0, weight: Weight::SemiBold };
    let left = row.center().x - page.canvas.spelled_width(&fault.code, role) / 2.0;
    page.canvas.spelled(&fault.code, role, pos2(left, row.center().y), colours.ink);
    page.canvas.describe("code", row, &fault.code);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_breaks_behind_a_slash_and_loses_nothing() {
        let text = "/opt/majlis/releases/2026-11-21T07-24-00Z/share/models/silero_vad.onnx: not found\nsee README.md";
        let broken = breakable(text);
        let lines: Vec<&str> = broken.lines().collect();
        assert_eq!(lines[0], "/opt/majlis/releases/2026-11-21T07-24-00Z/share/");
        assert_eq!(lines[1], "models/silero_vad.onnx: not found");
        assert_eq!(broken.replace("/\n", "/"), text);
    }
}
