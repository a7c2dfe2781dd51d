//! A QR code, black on white in every theme.

use eframe::egui::{Color32, CornerRadius, Mesh, Rect, Stroke, StrokeKind, pos2};

use super::Canvas;
use crate::{event::QrModules, ui::tokens::stroke};

/// Modules of white all round, as the standard asks (ISO/IEC 18004, 6.3.8).
const QUIET: usize = 4;
/// Corners of the white bed, units.
const BED_RADIUS: u8 = 20;

impl Canvas<'_> {
    /// Paints `code` with its quiet zone on a white bed, `padding` inside the bed's border. Never mirrored.
    pub fn qr(&self, bed: Rect, padding: f32, code: &QrModules) {
        let border = Stroke::new(stroke::HAIRLINE, self.palette().hairline);
        self.painter().rect(bed, CornerRadius::same(BED_RADIUS), Color32::WHITE, border, StrokeKind::Inside);
        let place = bed.shrink(stroke::HAIRLINE + padding);
        let module = place.width() / (code.side + 2 * QUIET).max(1) as f32;
        // Edges on whole pixels: a module is black or white, never grey.
        let px = self.ui.ctx().pixels_per_point();
        let edge = |from: f32, index: usize| ((from + (index + QUIET) as f32 * module) * px).round() / px;
        let mut mesh = Mesh::default();
        for (y, row) in code.dark.chunks(code.side.max(1)).enumerate() {
            let (top, bottom) = (edge(place.top(), y), edge(place.top(), y + 1));
            let mut x = 0;
            // What is dark side by side is one rectangle.
            for run in row.chunk_by(|a, b| a == b) {
                if run.first() == Some(&true) {
                    let (left, right) = (edge(place.left(), x), edge(place.left(), x + run.len()));
                    mesh.add_colored_rect(Rect::from_min_max(pos2(left, top), pos2(right, bottom)), Color32::BLACK);
                }
                x += run.len();
            }
        }
        self.painter().add(mesh);
    }
}
