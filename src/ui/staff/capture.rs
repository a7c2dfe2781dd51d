//! Step 3: the live picture, what is wrong with it in words, the five pictures, and three gauges.

use eframe::egui::{Color32, CornerRadius, Rect, Shape, Stroke, Vec2, pos2, vec2};

use super::{Page, live::Live};
use crate::{
    event::staff::{CaptureView, Gauge, StaffCommand},
    ui::{
        icons::Icon,
        mesh,
        text::Fit,
        tokens::{Depth, TypeRole, Weight, radius},
        widgets::{ButtonKind, OctagonKind},
    },
};

pub(super) fn paint(page: &mut Page<'_, '_>, view: &CaptureView, live: &mut Live) {
    let sheet = page.sheet;
    let now = page.shown.now;
    let title = page.word("people.enrol");
    page.header(&title, &view.name);
    page.steps(2);
    let (picture, radii, sentence, size) = if sheet.is_landscape {
        (sheet.side(), vec2(244.0, 300.0), sheet.low(116.0, 790.0, 608.0, 108.0), 36.0)
    } else {
        let picture = sheet.rect(64.0, 240.0, 952.0, 760.0);
        (picture, vec2(250.0, 300.0), sheet.rect(112.0, 944.0, 856.0, 112.0), 42.0)
    };
    live.paint(page.canvas, picture, radii, view.live.as_ref(), now);
    live_tag(page, picture);
    let (is_good, text) = told(page, view);
    page.canvas.face_sentence(sentence, is_good, &text, size);
    if let Some((name, similarity)) = &view.looks_like {
        alike(page, name, *similarity);
    } else {
        slots(page, view.taken);
        gauges(page, &view.gauges);
        let [over, stop] = sheet.parts(sheet.actions(), [1.0, 1.0]);
        let (over_word, stop_word) = (page.word("capture.over"), page.word("name.stop"));
        if page.button("over", over, ButtonKind::Normal, Some(Icon::Sync), &over_word) {
            page.send(StaffCommand::StartOver);
        }
        if page.button("stop", stop, ButtonKind::Careful, Some(Icon::Cross), &stop_word) {
            page.send(StaffCommand::Decline);
        }
    }
    page.close_bar();
}

/// Whether all is well with the face, and what is said about it.
fn told(page: &Page<'_, '_>, view: &CaptureView) -> (bool, String) {
    if let Some((name, _)) = &view.looks_like {
        return (false, page.fill("alike.title", &[("name", name)]));
    }
    match (view.problem, &view.live) {
        (Some(problem @ "capture.not_saved"), _) => (false, page.word(problem)),
        (_, None) => (false, page.word("capture.none")),
        (Some(problem), _) => (false, page.word(problem)),
        (None, _) => (true, page.word("face.still")),
    }
}

/// "Live picture, not kept", on the picture.
fn live_tag(page: &mut Page<'_, '_>, picture: Rect) {
    let text = page.word("capture.live");
    let role = TypeRole { size: 28.0, line_height: 40.0, weight: Weight::SemiBold };
    let block = page.canvas.block(&text, role, f32::INFINITY, Fit::Wrap);
    let width = 24.0 + 36.0 + 12.0 + block.text_width() + 24.0;
    let place = page.canvas.inside(picture, 24.0, 24.0, vec2(width, 60.0));
    let bed = Color32::from_rgba_premultiplied(15, 10, 7, 189);
    page.canvas.painter().rect_filled(place, CornerRadius::same(30), bed);
    let icon = page.canvas.inside(place, 24.0, 12.0, vec2(36.0, 36.0));
    page.canvas.icon(Icon::Camera, icon, Color32::WHITE);
    let line = page.canvas.inside(place, 72.0, 10.0, vec2(block.text_width(), 40.0));
    block.paint(page.canvas.painter(), line.min, Color32::WHITE);
    page.canvas.describe("live", place, &text);
}

const POSES: [&str; 5] = ["pose.front", "pose.left", "pose.right", "pose.up", "pose.down"];

fn slots(page: &mut Page<'_, '_>, taken: usize) {
    const SIDE: f32 = 116.0;
    let (start, width) = page.sheet.column();
    let row = if page.sheet.is_landscape {
        page.sheet.rect(start, 280.0, width, 160.0)
    } else {
        page.sheet.low(start, 1092.0, width, 160.0)
    };
    let colours = page.canvas.palette();
    for (index, key) in POSES.into_iter().enumerate() {
        let step = width / POSES.len() as f32;
        let cell = page.canvas.inside(row, index as f32 * step, 0.0, vec2(step, row.height()));
        let centre = pos2(cell.center().x, cell.top() + SIDE / 2.0);
        let (is_done, is_now) = (index < taken, index == taken);
        let kind = match (is_done, is_now) {
            (true, _) => OctagonKind::Done,
            (_, true) => OctagonKind::Held,
            _ => OctagonKind::Open,
        };
        page.canvas.octagon(centre, SIDE, if is_now { 6.0 } else { 4.0 }, kind);
        if is_done {
            let check = [vec2(-20.0, 2.0), vec2(-6.0, 16.0), vec2(22.0, -16.0)].map(|offset| centre + offset);
            let stroke = Stroke::new(8.0, colours.on_accent);
            mesh::round_line(page.canvas.painter(), check.to_vec(), stroke);
            page.canvas.painter().add(mesh::dot(check[1], stroke));
        } else if is_now {
            for offset in [-11.0, 0.0, 11.0] {
                let dot = Shape::ellipse_filled(centre + vec2(offset, 12.0), Vec2::splat(3.5), colours.accent);
                page.canvas.painter().add(dot);
            }
        }
        let weight = if is_now { Weight::SemiBold } else { Weight::Medium };
        let role = TypeRole { size: 26.0, line_height: 38.0, weight };
        let word = page.word(key);
        let colour = if is_done || is_now { colours.ink } else { colours.ink2 };
        let at = pos2(cell.center().x, cell.top() + SIDE + 6.0 + 19.0);
        let language = page.canvas.language;
        page.canvas.centred(&word, language, role, at, colour);
        let sign = if is_done {
            " ✓"
        } else if is_now {
            " …"
        } else {
            ""
        };
        page.canvas.describe(("pose", index), cell, &format!("{word}{sign}"));
    }
}

fn gauges(page: &mut Page<'_, '_>, gauges: &[Gauge; 3]) {
    let (start, width) = page.sheet.column();
    for (index, (gauge, (name, low, high))) in gauges.iter().zip(NAMES).enumerate() {
        let row = if page.sheet.is_landscape {
            page.sheet.rect(start, 496.0 + index as f32 * 88.0, width, 70.0)
        } else {
            page.sheet.low(start, 1278.0 + index as f32 * 70.0, width, 70.0)
        };
        let verdict = match gauge {
            gauge if gauge.is_good() => "gauge.good",
            gauge if gauge.value < gauge.good[0] => low,
            _ => high,
        };
        let (name, verdict) = (page.word(name), page.word(verdict));
        page.canvas.gauge(row, &name, gauge, &verdict);
    }
}

/// The names of the gauges, and what it is called when they are too low or too high.
const NAMES: [(&str, &str, &str); 3] = [
    ("gauge.distance", "gauge.far", "gauge.near"),
    ("gauge.light", "gauge.dark", "gauge.bright"),
    ("gauge.sharpness", "gauge.blurred", "gauge.good"),
];

/// Somebody on record looks the same: who decides is the member of staff.
fn alike(page: &mut Page<'_, '_>, name: &str, similarity: f32) {
    let sheet = page.sheet;
    let (start, width) = sheet.column();
    let place = if sheet.is_landscape {
        sheet.rect(start, 268.0, width, 440.0)
    } else {
        sheet.low(start, 1092.0, width, 380.0)
    };
    let colours = page.canvas.palette();
    page.canvas.surface(place, radius::CARD, Depth::Card, colours.surface);
    let octagon = page.canvas.inside(place, 44.0, 44.0, vec2(132.0, 132.0));
    page.canvas.initials(octagon.center(), 132.0, name);
    let text_width = width - 44.0 - 132.0 - 32.0 - 44.0;
    let at = page.canvas.inside(place, 208.0, 56.0, vec2(text_width, 60.0));
    let block = page.canvas.block(name, TypeRole::CARD_TITLE, text_width, Fit::OneLine);
    block.paint(page.canvas.painter(), at.min, colours.ink);
    page.canvas.describe("alike name", at, name);
    let at = page.canvas.inside(place, 208.0, 118.0, vec2(text_width, 42.0));
    let how = page.fill("alike.how", &[("n", &format!("{similarity:.2}"))]);
    page.line(at, &how, TypeRole::SMALL, colours.ink2);
    let at = page.canvas.inside(place, 44.0, 210.0, vec2(width - 88.0, 96.0));
    let why = page.word("alike.why");
    page.line(at, &why, TypeRole::SMALL, colours.ink);
    let [same, other] = sheet.parts(sheet.actions(), [1.0, 1.0]);
    let (same_word, other_word) = (page.word("alike.same"), page.word("alike.other"));
    if page.button("same", same, ButtonKind::Normal, Some(Icon::Person), &same_word) {
        page.send(StaffCommand::TheSame);
    }
    if page.button("other", other, ButtonKind::Normal, Some(Icon::Plus), &other_word) {
        page.send(StaffCommand::NotTheSame);
    }
}
