//! A line that is being written, with its caret (LOOK, "Writing").

use eframe::egui::{
    Color32, FontId, Painter, Pos2,
    epaint::text::{FontsView, LayoutJob},
    pos2,
};

use super::bidi::{self, Written};
use crate::{
    event::Language,
    ui::{
        fonts::{self, ASCENT_EM, DESCENT_EM},
        tokens::TypeRole,
    },
};

/// The caret's width, and between it and the text, units.
pub const CARET_WIDTH: f32 = 4.0;
const CARET_GAP: f32 = 5.0;

/// A line with a place for every run of letters, and for the caret.
#[derive(Debug, Clone)]
pub struct WrittenLine {
    /// A run, its left edge, and from the top of its galley to the baseline.
    runs: Vec<(LayoutJob, f32, f32)>,
    width: f32,
    caret: f32,
    role: TypeRole,
}

impl WrittenLine {
    /// Lays out `text` in a paragraph of `base`'s direction. `keyboard`: the language of the keyboard in use; without
    /// one there is no caret and no room for it.
    #[must_use]
    pub fn lay_out(
        view: &mut FontsView<'_>,
        text: &str,
        base: Language,
        keyboard: Option<Language>,
        role: TypeRole,
    ) -> Self {
        let parts = bidi::written(text, base, keyboard.unwrap_or(base));
        let levels: Vec<_> = parts.iter().map(Written::level).collect();
        let blank = view.glyph_width(&FontId::new(role.size, fonts::family(role.weight)), ' ');
        let mut line = Self { runs: Vec::new(), width: 0.0, caret: 0.0, role };
        for index in bidi::visual_order(&levels) {
            match parts.get(index) {
                Some(Written::Letters(segment)) => {
                    let (job, width, ascent) = super::block::shape_segment(view, &segment.text, role.weight, role.size);
                    line.runs.push((job, line.width, ascent));
                    line.width += width;
                }
                Some(Written::Blanks(count, _)) => line.width += *count as f32 * blank,
                Some(Written::Caret(level)) if keyboard.is_some() => {
                    // The gap lies between the caret and the letter before it.
                    line.caret = line.width + if level.is_rtl() { 0.0 } else { CARET_GAP };
                    line.width += CARET_WIDTH + CARET_GAP;
                }
                _ => {}
            }
        }
        line
    }

    /// The width of the line, its caret included, units.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.width
    }

    /// The left edge of the caret, from the left edge of the line.
    #[must_use]
    pub fn caret(&self) -> f32 {
        self.caret
    }

    /// Paints the letters, `top_left` being the corner of the line's height.
    pub fn paint(&self, painter: &Painter, top_left: Pos2, colour: Color32) {
        let role = self.role;
        let baseline =
            top_left.y + (role.line_height - (ASCENT_EM + DESCENT_EM) * role.size) / 2.0 + ASCENT_EM * role.size;
        for (job, x, ascent) in &self.runs {
            let galley = painter.fonts_mut(|fonts| fonts.layout_job(job.clone()));
            painter.galley(pos2(top_left.x + x, baseline - ascent), galley, colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands on the line from left to right, `|` for the caret. Arabic runs in logical order.
    fn seen(text: &str, base: Language, keyboard: Language) -> String {
        let parts = bidi::written(text, base, keyboard);
        let levels: Vec<_> = parts.iter().map(Written::level).collect();
        bidi::visual_order(&levels)
            .into_iter()
            .filter_map(|index| parts.get(index))
            .map(|part| match part {
                Written::Letters(segment) => segment.text.clone(),
                Written::Blanks(count, _) => " ".repeat(*count),
                Written::Caret(_) => "|".to_owned(),
            })
            .collect()
    }

    #[test]
    fn the_caret_stands_where_the_next_letter_will_appear() {
        const EN: Language = Language::ENGLISH;
        const AR: Language = Language::ARABIC;
        assert_eq!(seen("Maryam Al Suw", EN, EN), "Maryam Al Suw|");
        assert_eq!(seen("Maryam ", EN, EN), "Maryam |");
        assert_eq!(seen("مريم السويدي", AR, AR), "|السويدي مريم");
        assert_eq!(seen("مريم ", AR, AR), "| مريم");
        assert_eq!(seen("تعمل في Noor", AR, AR), "|Noor في تعمل");
        assert_eq!(seen("تعمل في Noor", AR, EN), "Noor| في تعمل");
        assert_eq!(seen("", AR, AR), "|");
    }

    #[test]
    fn numbers_stay_whole_in_an_arabic_line() {
        let seen = seen("منذ 2024، تتحدث", Language::ARABIC, Language::ARABIC);
        assert_eq!(seen, "|تتحدث ،2024 منذ");
    }
}
