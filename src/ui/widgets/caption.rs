//! The caption card: who speaks, the words now, one line of what was said before, a hint.

use std::{ops::Range, sync::Arc};

use eframe::egui::{Color32, CornerRadius, Rect, pos2, vec2};

use super::{Canvas, LevelTrail, trail};
use crate::{
    event::{self, CaptionWord, Language, WordState},
    ui::{
        icons::Icon,
        layout::Orientation,
        text::{Block, Fit, Span},
        tokens::{Depth, TypeRole, Weight, radius, stroke},
    },
};

/// Below the baseline: the upper edge of the underline under the word being spoken, points.
const NOW_OFFSET: f32 = 14.0;
/// The same for the dots under uncertain words, and their size.
const DOTS_OFFSET: f32 = 12.0;
const DOT: f32 = 4.0;
/// A line with what is done or at work, the blank above the first one and between two.
const STEP_HEIGHT: f32 = 52.0;
const ABOVE_STEPS: f32 = 14.0;
const BETWEEN_STEPS: f32 = 6.0;
/// Between what was said before and the words, more than without steps.
const ABOVE_WORDS: f32 = 8.0;

/// The main words of a card.
#[derive(Debug, Clone, Copy)]
pub enum Words<'a> {
    /// What is being said, word by word.
    Said(&'a event::Caption),
    /// A sentence of the kiosk's own in the window's language.
    Sentence(&'a str, TypeRole),
}

/// Something that is done, or at work.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// What.
    pub label: &'a str,
    /// Done: a check stands before it; else moving lozenges.
    pub is_done: bool,
}

/// The last line of a card.
#[derive(Clone, Copy)]
pub struct CaptionFoot<'a> {
    /// An icon before it.
    pub icon: Option<Icon>,
    /// Its words.
    pub hint: &'a str,
    /// The level trail at its end.
    pub trail: Option<&'a LevelTrail>,
}

/// What a card shows.
#[derive(Clone, Copy)]
pub struct Caption<'a> {
    /// What was said before, in one line.
    pub before: Option<(Icon, &'a str)>,
    /// Who speaks, or what this is about.
    pub who: Option<(Icon, &'a str)>,
    /// The main words.
    pub words: Words<'a>,
    /// What is done and what is at work. Where there is no room for all, the first are left out.
    pub steps: &'a [Step<'a>],
    /// The last line.
    pub foot: Option<CaptionFoot<'a>>,
}

impl Canvas<'_> {
    /// Paints the card at `place`.
    pub fn caption(&mut self, place: Rect, orientation: Orientation, caption: Caption<'_>) {
        self.surface(place, radius::CARD, Depth::Card, self.palette().surface);
        let (above, below) = if orientation == Orientation::Portrait { (32.0, 28.0) } else { (36.0, 32.0) };
        let border = self.surface_border();
        let inner = Rect::from_min_max(
            place.min + vec2(44.0 + border, above + border),
            place.max - vec2(44.0 + border, below + border),
        );
        let mut top = inner.top();
        if let Some((icon, text)) = caption.before {
            top += self.row_before(inner, top, icon, text);
        }
        if caption.before.is_some() && !caption.steps.is_empty() {
            top += ABOVE_WORDS;
        }
        if let Some((icon, text)) = caption.who {
            top += self.row_who(inner, top, icon, text);
        }
        let bottom = caption.foot.map_or(inner.bottom(), |foot| self.row_foot(inner, foot));
        let step = (STEP_HEIGHT + BETWEEN_STEPS) * self.zoom;
        let least = TypeRole::CAPTION.line_height * self.zoom + ABOVE_STEPS;
        let room_for = ((bottom - top - least) / step).floor().max(1.0) as usize;
        let steps = caption.steps.get(caption.steps.len().saturating_sub(room_for)..).unwrap_or_default();
        let work = if steps.is_empty() { 0.0 } else { ABOVE_STEPS - BETWEEN_STEPS + step * steps.len() as f32 };
        let space = Rect::from_min_max(pos2(inner.left(), top), pos2(inner.right(), bottom - work));
        let words_bottom = match caption.words {
            Words::Said(said) => self.said(space, said),
            Words::Sentence(text, role) => {
                let spans = [Span { text, weight: None }];
                let role = role.scaled(self.zoom);
                let (_, block) = self.fitted(&spans, self.language, role, space.size(), Fit::Balance);
                block.paint(self.painter(), space.min, self.palette().ink);
                let shown = Rect::from_min_size(space.min, vec2(space.width(), block.height()));
                self.describe("sentence", shown, text);
                space.top() + block.height()
            }
        };
        for (index, shown) in steps.iter().enumerate() {
            self.row_step(inner, words_bottom + ABOVE_STEPS + step * index as f32, *shown);
        }
    }

    fn row_before(&mut self, inner: Rect, top: f32, icon: Icon, text: &str) -> f32 {
        let role = TypeRole::SMALL.scaled(self.zoom);
        let side = 34.0 * self.zoom;
        let width = inner.width() - side - 14.0;
        let language = Language::of_text(text).unwrap_or(self.language);
        let block = self.block_in(text, language, role, width, Fit::OneLine);
        let frame = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), role.line_height));
        let colour = self.palette().ink2;
        self.icon(icon, self.inside(frame, 0.0, (role.line_height - side) / 2.0, vec2(side, side)), colour);
        let line = self.inside(frame, side + 14.0, 0.0, vec2(width, role.line_height));
        // The line begins beside its icon whatever its own direction is.
        let shift = match (self.is_mirrored(), language.is_right_to_left()) {
            (true, false) => width - block.text_width(),
            (false, true) => block.text_width() - width,
            _ => 0.0,
        };
        block.paint(self.painter(), line.min + vec2(shift, 0.0), colour);
        self.describe("before", line, text);
        role.line_height + 10.0
    }

    fn row_who(&mut self, inner: Rect, top: f32, icon: Icon, text: &str) -> f32 {
        let role = TypeRole { weight: Weight::SemiBold, ..TypeRole::SMALL }.scaled(self.zoom);
        let side = 36.0 * self.zoom;
        let frame = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), role.line_height));
        let colour = self.palette().accent;
        self.icon(icon, self.inside(frame, 0.0, (role.line_height - side) / 2.0, vec2(side, side)), colour);
        let width = inner.width() - side - 14.0;
        let block = self.block(text, role, width, Fit::OneLine);
        let line = self.inside(frame, side + 14.0, 0.0, vec2(width, role.line_height));
        block.paint(self.painter(), line.min, colour);
        self.describe("who", line, text);
        role.line_height + 8.0
    }

    /// Paints the last line; gives its upper edge.
    fn row_foot(&mut self, inner: Rect, foot: CaptionFoot<'_>) -> f32 {
        let role = TypeRole::SMALL.scaled(self.zoom);
        let colour = self.palette().ink2;
        let trail_width = if foot.trail.is_some() { trail::WIDTH + 24.0 } else { 0.0 };
        let icon_width = if foot.icon.is_some() { 34.0 * self.zoom + 14.0 } else { 0.0 };
        let width = inner.width() - trail_width - icon_width;
        let block = self.block(foot.hint, role, width, Fit::Wrap);
        let trail_height = if foot.trail.is_some() { trail::HEIGHT } else { 0.0 };
        let height = block.height().max(trail_height);
        let frame = Rect::from_min_max(pos2(inner.left(), inner.bottom() - height), inner.max);
        if let Some(icon) = foot.icon {
            let side = 34.0 * self.zoom;
            self.icon(icon, self.inside(frame, 0.0, (role.line_height - side) / 2.0, vec2(side, side)), colour);
        }
        let line = self.inside(frame, icon_width, (height - block.height()) / 2.0, vec2(width, block.height()));
        block.paint(self.painter(), line.min, colour);
        self.describe("hint", line, foot.hint);
        if let Some(trail) = foot.trail {
            let size = vec2(trail::WIDTH, trail::HEIGHT);
            let start = inner.width() - trail::WIDTH;
            self.trail(self.inside(frame, start, (height - trail::HEIGHT) / 2.0, size), trail);
        }
        frame.top()
    }

    fn row_step(&mut self, inner: Rect, top: f32, step: Step<'_>) {
        const LOZENGES: f32 = 136.0;
        const CHECK: f32 = 40.0;
        const GAP: f32 = 18.0;
        let role = TypeRole { weight: Weight::Medium, ..TypeRole::BODY }.scaled(self.zoom);
        let frame = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), STEP_HEIGHT * self.zoom));
        let sign = if step.is_done { vec2(CHECK, CHECK) * self.zoom } else { vec2(LOZENGES, 48.0) };
        let sign_place = self.inside(frame, 0.0, (frame.height() - sign.y) / 2.0, sign);
        if step.is_done {
            self.icon(Icon::Check, sign_place, self.palette().ok);
        } else {
            self.lozenges(sign_place);
        }
        let width = inner.width() - sign.x - GAP;
        let block = self.block(step.label, role, width, Fit::OneLine);
        let above = (frame.height() - role.line_height) / 2.0;
        let line = self.inside(frame, sign.x + GAP, above, vec2(width, role.line_height));
        block.paint(self.painter(), line.min, self.palette().ink);
        self.describe(("step", step.label, step.is_done), line, step.label);
    }

    /// Paints the words in as many lines as `space` holds; gives the lower edge of what was painted.
    fn said(&mut self, space: Rect, caption: &event::Caption) -> f32 {
        let role = TypeRole::CAPTION.scaled(self.zoom);
        let capacity = ((space.height() / role.line_height).floor() as usize).max(1);
        let (first, block, lines) = self.visible_part(caption, role, space.width(), capacity);
        let words = caption.words.get(first..).unwrap_or_default();
        let state = |span: usize| words.get(span).map(|word| word.state);
        let colours = self.palette();
        block.paint_lines(self.painter(), space.min, lines.clone(), |span| match state(span) {
            Some(WordState::Uncertain | WordState::ToCome) => colours.ink3,
            _ => colours.ink,
        });
        for word in block.rects(space.min, lines.clone(), |span| state(span) == Some(WordState::Now)) {
            let line =
                Rect::from_min_size(pos2(word.left(), word.bottom() + NOW_OFFSET), vec2(word.width(), stroke::PRESSED));
            self.painter().rect_filled(line, CornerRadius::ZERO, colours.accent);
        }
        for words in block.rects(space.min, lines.clone(), |span| state(span) == Some(WordState::Uncertain)) {
            self.dots(words, colours.ink3);
        }
        let shown = Rect::from_min_size(space.min, vec2(space.width(), lines.len() as f32 * role.line_height));
        let text = caption.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        self.describe("caption", shown, &text);
        shown.bottom()
    }

    fn dots(&self, words: Rect, colour: Color32) {
        let y = words.bottom() + DOTS_OFFSET + DOT / 2.0;
        let count = (words.width() / (2.0 * DOT)).floor().max(1.0);
        let distance = (words.width() - DOT) / count;
        for index in 0..=count as usize {
            let x = words.left() + DOT / 2.0 + index as f32 * distance;
            self.painter().circle_filled(pos2(x, y), DOT / 2.0, colour);
        }
    }

    /// The part of a caption that is shown: all of it where it fits, else from the earliest sentence on with which the
    /// sentence being spoken is visible; of a sentence that is too long by itself the lines around the word now.
    fn visible_part(
        &mut self,
        caption: &event::Caption,
        role: TypeRole,
        width: f32,
        capacity: usize,
    ) -> (usize, Arc<Block>, Range<usize>) {
        let now = word_now(&caption.words);
        let mut starts = sentence_starts(&caption.words);
        starts.retain(|start| *start <= now);
        let sentence_end = sentence_end(&caption.words, now);
        let mut shown = None;
        for first in starts {
            let spans: Vec<Span<'_>> = caption
                .words
                .get(first..)
                .unwrap_or_default()
                .iter()
                .map(|word| Span { text: &word.text, weight: None })
                .collect();
            let block = self.spans(&spans, caption.language, role, width, Fit::Wrap);
            let last_line = block.line_of_span(sentence_end - first).unwrap_or(0);
            let fits = last_line < capacity;
            shown = Some((first, block));
            if fits {
                break;
            }
        }
        let (first, block) = shown.unwrap_or_else(|| (0, self.spans(&[], caption.language, role, width, Fit::Wrap)));
        let now_line = block.line_of_span(now.saturating_sub(first)).unwrap_or(0);
        let from = if now_line < capacity { 0 } else { now_line + 1 - capacity };
        let to = (from + capacity).min(block.line_count());
        (first, block, from..to)
    }
}

/// The word to be kept in view: the one being spoken, else the first still to come, else the last.
fn word_now(words: &[CaptionWord]) -> usize {
    let find = |state| words.iter().position(|word| word.state == state);
    find(WordState::Now).or_else(|| find(WordState::ToCome)).unwrap_or(words.len().saturating_sub(1))
}

fn ends_sentence(word: &CaptionWord) -> bool {
    word.text.trim_end_matches(['"', '”', '»', ')']).ends_with(['.', '?', '!', '؟', '…'])
}

fn sentence_starts(words: &[CaptionWord]) -> Vec<usize> {
    let after_ends = words.iter().enumerate().filter(|(_, word)| ends_sentence(word)).map(|(index, _)| index + 1);
    std::iter::once(0).chain(after_ends).filter(|start| *start < words.len()).collect()
}

fn sentence_end(words: &[CaptionWord], within: usize) -> usize {
    let last = words.len().saturating_sub(1);
    (within..last).find(|index| words.get(*index).is_some_and(ends_sentence)).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, now: usize) -> Vec<CaptionWord> {
        text.split(' ')
            .enumerate()
            .map(|(index, word)| CaptionWord {
                text: word.to_owned(),
                state: match index.cmp(&now) {
                    std::cmp::Ordering::Less => WordState::Spoken,
                    std::cmp::Ordering::Equal => WordState::Now,
                    std::cmp::Ordering::Greater => WordState::ToCome,
                },
            })
            .collect()
    }

    #[test]
    fn sentences_are_found_in_both_languages() {
        let words = words("It opens at 9. Is that fine? نعم. حسنًا؟ (yes.) then", 5);
        assert_eq!(sentence_starts(&words), [0, 4, 7, 8, 9, 10]);
        assert_eq!((word_now(&words), sentence_end(&words, 5)), (5, 6));
    }

    #[test]
    fn without_a_word_now_the_end_of_the_caption_stays_in_view() {
        let mut words = words("one two three", 9);
        assert_eq!(word_now(&words), 2);
        words.clear();
        assert_eq!((word_now(&words), sentence_starts(&words).len()), (0, 0));
    }
}
