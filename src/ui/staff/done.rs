//! Step 4: who was enrolled, and until when.

use eframe::egui::{Rect, Stroke, pos2, vec2};

use super::Page;
use crate::{
    event::staff::StaffCommand,
    ui::{
        icons::Icon,
        mesh,
        text::Fit,
        tokens::TypeRole,
        widgets::{ButtonKind, OctagonKind},
    },
};

pub(super) fn paint(page: &mut Page<'_, '_>, name: &str, until: jiff::Timestamp) {
    let sheet = page.sheet;
    let title = page.word("people.enrol");
    page.header(&title, name);
    page.steps(3);
    let (octagon, side, words) = if sheet.is_landscape {
        (sheet.rect(88.0, 72.0, 664.0, 780.0).center(), 380.0, sheet.rect(848.0, 300.0, 992.0, 400.0))
    } else {
        (sheet.rect(64.0, 330.0, 952.0, 400.0).center(), 320.0, sheet.rect(64.0, 800.0, 952.0, 400.0))
    };
    page.canvas.octagon(octagon, side, 6.0, OctagonKind::Done);
    let colour = page.canvas.palette().on_accent;
    let scale = side / 116.0;
    let check = [vec2(-20.0, 2.0), vec2(-6.0, 16.0), vec2(22.0, -16.0)].map(|offset| octagon + offset * scale);
    let stroke = Stroke::new(8.0 * scale, colour);
    mesh::round_line(page.canvas.painter(), check.to_vec(), stroke);
    page.canvas.painter().add(mesh::dot(check[1], stroke));
    let done = page.fill("done.title", &[("name", name)]);
    let kept = page.fill("done.until", &[("date", &page.dates().long(until))]);
    let stop = page.word("done.stop");
    let colours = page.canvas.palette();
    let mut top = words.top();
    for (text, role, colour, gap) in [
        (&done, TypeRole::TITLE, colours.ink, 12.0),
        (&kept, TypeRole::LEAD_ON_WALL, colours.ink, 28.0),
        (&stop, TypeRole::BODY, colours.ink2, 0.0),
    ] {
        let place = Rect::from_min_size(pos2(words.left(), top), vec2(words.width(), 0.0));
        top += if sheet.is_landscape {
            page.line(place, text, role, colour)
        } else {
            centred(page, place, text, role, colour)
        };
        top += gap;
    }
    let word = page.word("key.done");
    let place = sheet.actions();
    if page.button("finish", place, ButtonKind::Primary, Some(Icon::Check), &word) {
        page.send(StaffCommand::Finish);
    }
    page.close_bar();
}

/// A paragraph in the middle; gives its height.
fn centred(page: &mut Page<'_, '_>, place: Rect, text: &str, role: TypeRole, colour: eframe::egui::Color32) -> f32 {
    let block = page.canvas.block(text, role, place.width(), Fit::Balance);
    let slack = (place.width() - block.text_width()) / 2.0;
    let shift = if page.canvas.is_mirrored() { -slack } else { slack };
    block.paint(page.canvas.painter(), place.min + vec2(shift, 0.0), colour);
    let shown = Rect::from_min_size(place.min, vec2(place.width(), block.height()));
    page.canvas.describe(("done", place.top() as i32), shown, text);
    block.height()
}
