//! Text that is right in both directions (LOOK, "Right to left"), laid out once and kept.
//!
//! In: spans of one paragraph with their language, which alone gives its direction. Out: a [`Block`] of placed words,
//! from the [`TextCache`] where nothing changed. Never touches: colours (they are given at each painting) or words' meaning.

mod bidi;
mod block;
mod line;
mod wrap;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use eframe::egui;

pub use self::{
    block::Block,
    line::{CARET_WIDTH, WrittenLine},
};
use super::tokens::{TypeRole, Weight};
use crate::event::Language;

/// What happens to text that is wider than the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// It goes on in the next line.
    Wrap,
    /// The same, with lines of about the same length.
    Balance,
    /// One line, the end cut off and marked with "…".
    OneLine,
}

/// A part of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// Its text. Blanks separate words; between spans there is always one.
    pub text: &'a str,
    /// Its weight; `None`: the role's.
    pub weight: Option<Weight>,
}

/// Text to be laid out.
#[derive(Debug, Clone, Copy)]
pub struct Paragraph<'a> {
    /// Its parts in logical order.
    pub spans: &'a [Span<'a>],
    /// Its size, line height and weight.
    pub role: TypeRole,
    /// Its language: gives the direction.
    pub language: Language,
    /// The width of the block, points.
    pub width: f32,
    /// What happens to what does not fit.
    pub fit: Fit,
}

impl Paragraph<'_> {
    fn key(&self, pixels_per_point: f32) -> u64 {
        let mut hasher = DefaultHasher::new();
        for span in self.spans {
            (span.text, span.weight).hash(&mut hasher);
        }
        for number in [self.role.size, self.role.line_height, self.width, pixels_per_point] {
            number.to_bits().hash(&mut hasher);
        }
        (self.role.weight, self.language, self.fit).hash(&mut hasher);
        hasher.finish()
    }
}

/// Blocks by what they show. Those that one frame did not use are dropped once there are many.
#[derive(Default)]
pub struct TextCache {
    blocks: HashMap<u64, (u64, Arc<Block>)>,
    frame: u64,
    layouts: u64,
}

/// Blocks kept although the last frame did not show them.
const KEPT_BLOCKS: usize = 128;

impl TextCache {
    /// To be called before the first text of a frame.
    pub fn begin_frame(&mut self) {
        if self.blocks.len() > KEPT_BLOCKS {
            let last = self.frame;
            self.blocks.retain(|_, (used, _)| *used == last);
        }
        self.frame += 1;
    }

    /// The block for `paragraph`, laid out now if it is new.
    pub fn block(&mut self, ctx: &egui::Context, paragraph: &Paragraph<'_>) -> Arc<Block> {
        let entry = self.blocks.entry(paragraph.key(ctx.pixels_per_point())).or_insert_with(|| {
            self.layouts += 1;
            (0, Arc::new(ctx.fonts_mut(|fonts| Block::lay_out(fonts, paragraph))))
        });
        entry.0 = self.frame;
        entry.1.clone()
    }

    /// How often text was laid out so far.
    #[must_use]
    pub fn layouts(&self) -> u64 {
        self.layouts
    }
}

/// `texts`, which follow each other, with ٠–٩ in place of 0–9, but for words with Latin letters and numbers that belong to
/// such a name.
#[must_use]
pub fn with_arabic_digits<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut after_latin = false;
    let mut word = |word: &str| {
        let has_latin = word.chars().any(|letter| letter.is_ascii_alphabetic());
        let keeps = has_latin || (after_latin && !word.contains(':'));
        after_latin = has_latin;
        if keeps { word.to_owned() } else { word.chars().map(arabic_digit).collect() }
    };
    texts.into_iter().map(|text| text.split(' ').map(&mut word).collect::<Vec<_>>().join(" ")).collect()
}

fn arabic_digit(letter: char) -> char {
    letter.to_digit(10).and_then(|digit| char::from_u32(0x0660 + digit)).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_digits_stay_out_of_latin_names() {
        let texts = ["دورة Solar Skills", "2027", "الساعة 9:30 في 24", "القاعة B2 11:30"];
        let expected = ["دورة Solar Skills", "2027", "الساعة ٩:٣٠ في ٢٤", "القاعة B2 ١١:٣٠"];
        assert_eq!(with_arabic_digits(texts), expected);
    }
}
