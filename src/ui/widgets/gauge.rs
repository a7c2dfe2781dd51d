//! Gauges with a good range, and a small card with a sentence about a face.

use eframe::egui::{CornerRadius, Rect, Stroke, StrokeKind, pos2, vec2};

use super::{Canvas, Tag, TagKind, tag::TAG_HEIGHT};
use crate::{
    event::staff::Gauge,
    ui::{
        icons::Icon,
        text::{Fit, Span},
        tokens::{Depth, TypeRole, Weight, stroke},
    },
};

impl Canvas<'_> {
    /// A gauge in a row of 70: its name, its scale with the good range, and a tag with `verdict`.
    pub fn gauge(&mut self, row: Rect, name: &str, gauge: &Gauge, verdict: &str) {
        const NAME: f32 = 170.0;
        const TAG: f32 = 196.0;
        const GAP: f32 = 24.0;
        const BED: f32 = 24.0;
        let colours = self.palette();
        let role = TypeRole { size: 30.0, ..TypeRole::LABEL };
        let block = self.block(name, role, NAME, Fit::OneLine);
        let text = self.inside(row, 0.0, (row.height() - role.line_height) / 2.0, vec2(NAME, role.line_height));
        block.paint(self.painter(), text.min, colours.ink);
        let width = row.width() - NAME - TAG - 2.0 * GAP;
        let bed = self.inside(row, NAME + GAP, (row.height() - BED) / 2.0, vec2(width, BED));
        let border = Stroke::new(stroke::HAIRLINE, colours.hairline);
        self.painter().rect(bed, CornerRadius::same(12), colours.sunk, border, StrokeKind::Outside);
        let [low, high] = gauge.good.map(|end| end.clamp(0.0, 1.0));
        let good = self.inside(bed, low * width, 0.0, vec2((high - low) * width, BED));
        self.painter().rect_filled(good, CornerRadius::ZERO, colours.ok_tint);
        for end in [low, high] {
            let mark = self.inside(bed, (end * width - 1.5).clamp(0.0, width - 3.0), 0.0, vec2(3.0, BED));
            self.painter().rect_filled(mark, CornerRadius::ZERO, colours.ok);
        }
        let is_good = gauge.is_good();
        let (kind, icon) = if is_good { (TagKind::Ok, Icon::Check) } else { (TagKind::Warn, Icon::Warning) };
        let value = gauge.value.clamp(0.0, 1.0);
        let thumb = self.inside(bed, value * width - 9.0, -10.0, vec2(18.0, 44.0));
        let edge = Stroke::new(3.0, colours.surface);
        let fill = kind.colours(colours).0;
        self.painter().rect(thumb, CornerRadius::same(9), fill, edge, StrokeKind::Inside);
        let tag = self.inside(row, row.width() - TAG, (row.height() - TAG_HEIGHT) / 2.0, vec2(TAG, TAG_HEIGHT));
        self.tag(tag, &Tag { kind, icon, word: verdict, size: 26.0 });
        self.describe(("gauge", name), text, &format!("{name}: {verdict}"));
    }

    /// The one sentence about a face: a card with 4 px in `warn` or `ok`.
    pub fn face_sentence(&mut self, place: Rect, is_good: bool, sentence: &str, size: f32) {
        let colours = self.palette();
        let (icon, colour) = if is_good { (Icon::Check, colours.ok) } else { (Icon::Warning, colours.warn) };
        self.surface(place, 32, Depth::Card, colours.surface);
        let border = Stroke::new(4.0, colour);
        self.painter().rect_stroke(place, CornerRadius::same(32), border, StrokeKind::Inside);
        let side = size * 4.0 / 3.0;
        let padding = if size > 40.0 { 40.0 } else { 32.0 };
        let gap = 24.0;
        self.icon(icon, self.inside(place, padding, (place.height() - side) / 2.0, vec2(side, side)), colour);
        let role = TypeRole { size, line_height: size * 1.36, weight: Weight::SemiBold };
        let room = vec2(place.width() - 2.0 * padding - side - gap, place.height() - 8.0);
        let spans = [Span { text: sentence, weight: None }];
        let one_line = vec2(room.x, role.line_height);
        // One line where a smaller type allows it, else two.
        let (smaller, block) = self.fitted(&spans, self.language, role, one_line, Fit::Wrap);
        let block = if smaller.size < 30.0 {
            let role = TypeRole { size: 30.0, line_height: 40.0, ..role };
            self.fitted(&spans, self.language, role, room, Fit::Balance).1
        } else {
            block
        };
        let text = self.inside(place, padding + side + gap, 0.0, vec2(room.x, place.height()));
        block.paint(self.painter(), pos2(text.left(), place.center().y - block.height() / 2.0), colours.ink);
        self.describe("face", place, sentence);
    }
}
