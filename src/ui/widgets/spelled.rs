//! Codes with their letters apart: they are read out, or written down.

use std::sync::Arc;

use eframe::egui::{Color32, Pos2, pos2};

use super::Canvas;
use crate::{
    event::Language,
    ui::{
        text::{Block, Fit},
        tokens::TypeRole,
    },
};

/// Between two letters, units.
const APART: f32 = 3.0;

impl Canvas<'_> {
    /// The width of `code`, the blank after its last letter included.
    pub fn spelled_width(&mut self, code: &str, role: TypeRole) -> f32 {
        self.letters(code, role).iter().map(|letter| letter.text_width() + APART).sum()
    }

    /// Paints `code` from left to right in every language; `start` is the middle of its left side.
    pub fn spelled(&mut self, code: &str, role: TypeRole, start: Pos2, colour: Color32) {
        let mut x = start.x;
        for letter in self.letters(code, role) {
            letter.paint(self.painter(), pos2(x, start.y - role.line_height / 2.0), colour);
            x += letter.text_width() + APART;
        }
    }

    fn letters(&mut self, code: &str, role: TypeRole) -> Vec<Arc<Block>> {
        code.chars()
            .map(|letter| {
                let letter = letter.encode_utf8(&mut [0; 4]).to_owned();
                self.block_in(&letter, Language::ENGLISH, role, f32::INFINITY, Fit::Wrap)
            })
            .collect()
    }
}
