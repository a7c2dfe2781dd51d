//! A paragraph with a place for every word.

use std::ops::Range;

use eframe::egui::{
    Color32, FontId, Painter, Pos2, Rect, TextFormat,
    epaint::text::{FontsView, LayoutJob},
    pos2, vec2,
};
use unicode_bidi::Level;
use unicode_segmentation::UnicodeSegmentation;

use super::{Fit, Paragraph, bidi, wrap};
use crate::ui::{
    fonts::{self, ASCENT_EM, DESCENT_EM},
    tokens::Weight,
};

/// A segment of a word at its place in the line.
#[derive(Debug, Clone)]
struct Piece {
    job: LayoutJob,
    span: usize,
    /// From the left edge of the block.
    x: f32,
    width: f32,
    /// From the top of the job's galley to its baseline.
    ascent: f32,
}

#[derive(Debug, Clone)]
struct Line {
    pieces: Vec<Piece>,
    left: f32,
    right: f32,
    /// The words on it, counted through the paragraph.
    words: Range<usize>,
}

/// A paragraph with a place for every word. Colours are given when it is painted.
#[derive(Debug, Clone)]
pub struct Block {
    lines: Vec<Line>,
    size: f32,
    line_height: f32,
    /// The span of each word.
    spans_of_words: Vec<usize>,
}

/// A word whose segments have been shaped.
struct ShapedWord {
    span: usize,
    blank_level: Level,
    /// The width of the blank after it.
    blank: f32,
    segments: Vec<(LayoutJob, Level, f32, f32)>,
    width: f32,
}

impl Block {
    pub(super) fn lay_out(view: &mut FontsView<'_>, paragraph: &Paragraph<'_>) -> Self {
        let role = paragraph.role;
        let mut words: Vec<ShapedWord> = bidi::words(paragraph.spans.iter().map(|span| span.text), paragraph.language)
            .into_iter()
            .flat_map(|word| shape(view, paragraph, word))
            .collect();
        let mut widths: Vec<wrap::Widths> = words.iter().map(|word| (word.width, word.blank)).collect();
        let ranges = match paragraph.fit {
            Fit::Wrap => wrap::lines(&widths, paragraph.width),
            Fit::Balance => wrap::balanced(&widths, paragraph.width),
            Fit::OneLine => {
                let dots =
                    bidi::words(["…"], paragraph.language).into_iter().flat_map(|word| shape(view, paragraph, word));
                let dots: Vec<ShapedWord> = dots.collect();
                let dots_width: f32 = dots.iter().map(|word| word.width).sum();
                let kept = wrap::words_on_one_line(&widths, dots_width, paragraph.width);
                if kept < words.len() {
                    words.truncate(kept);
                    // The ellipsis touches the last word, as a full stop would.
                    match (words.last_mut(), dots.into_iter().next()) {
                        (Some(last), Some(dots)) => {
                            last.width += dots.width;
                            last.segments.extend(dots.segments);
                        }
                        (None, Some(dots)) => words.push(dots),
                        _ => {}
                    }
                    widths = words.iter().map(|word| (word.width, word.blank)).collect();
                }
                wrap::lines(&widths, f32::INFINITY)
            }
        };
        let spans_of_words = words.iter().map(|word| word.span).collect();
        let mut words = words.into_iter();
        let lines = ranges
            .into_iter()
            .map(|range| Line::place(words.by_ref().take(range.len()).collect(), range, paragraph))
            .collect();
        Self { lines, size: role.size, line_height: role.line_height, spans_of_words }
    }

    /// How many lines it has.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// The height of all lines, points.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.lines.len() as f32 * self.line_height
    }

    /// The width of the longest line, points.
    #[must_use]
    pub fn text_width(&self) -> f32 {
        self.lines.iter().map(|line| line.right - line.left).fold(0.0, f32::max)
    }

    /// From the top of a line to its baseline: the type stands in the middle of the line height, as in CSS.
    #[must_use]
    pub fn baseline(&self) -> f32 {
        (self.line_height - (ASCENT_EM + DESCENT_EM) * self.size) / 2.0 + ASCENT_EM * self.size
    }

    /// The first line that shows `span`.
    #[must_use]
    pub fn line_of_span(&self, span: usize) -> Option<usize> {
        let word = self.spans_of_words.iter().position(|own| *own == span)?;
        self.lines.iter().position(|line| line.words.contains(&word))
    }

    /// Paints all lines, `top_left` being the corner of the block.
    pub fn paint(&self, painter: &Painter, top_left: Pos2, color: Color32) {
        self.paint_lines(painter, top_left, 0..self.lines.len(), |_| color);
    }

    /// Paints some lines, the first of them at `top_left`, each span in its own colour.
    pub fn paint_lines(
        &self,
        painter: &Painter,
        top_left: Pos2,
        lines: Range<usize>,
        color: impl Fn(usize) -> Color32,
    ) {
        for (row, line) in self.lines.get(lines).unwrap_or_default().iter().enumerate() {
            let baseline = top_left.y + row as f32 * self.line_height + self.baseline();
            for piece in &line.pieces {
                // Kept by egui while it is shown each frame; asked for again because the glyphs may have moved in the atlas.
                let galley = painter.fonts_mut(|fonts| fonts.layout_job(piece.job.clone()));
                painter.galley(pos2(top_left.x + piece.x, baseline - piece.ascent), galley, color(piece.span));
            }
        }
    }

    /// The places of the spans for which `picks` holds, among `lines` of which the first stands at `top_left`: from the top of
    /// the line to its baseline, neighbours joined across the blank between them.
    #[must_use]
    pub fn rects(&self, top_left: Pos2, lines: Range<usize>, picks: impl Fn(usize) -> bool) -> Vec<Rect> {
        let mut rects = Vec::new();
        for (row, line) in self.lines.get(lines).unwrap_or_default().iter().enumerate() {
            let top = top_left.y + row as f32 * self.line_height;
            let mut open: Option<Rect> = None;
            for piece in &line.pieces {
                if picks(piece.span) {
                    let place =
                        Rect::from_min_size(pos2(top_left.x + piece.x, top), vec2(piece.width, self.baseline()));
                    open = Some(open.map_or(place, |before| before.union(place)));
                } else {
                    rects.extend(open.take());
                }
            }
            rects.extend(open);
        }
        rects
    }
}

impl Line {
    fn place(words: Vec<ShapedWord>, range: Range<usize>, paragraph: &Paragraph<'_>) -> Self {
        let blanks: f32 = words.iter().rev().skip(1).map(|word| word.blank).sum();
        let width = words.iter().map(|word| word.width).sum::<f32>() + blanks;
        let mut items: Vec<(Option<Piece>, f32, Level)> = Vec::new();
        let count = words.len();
        for (index, word) in words.into_iter().enumerate() {
            for (job, level, width, ascent) in word.segments {
                items.push((Some(Piece { job, span: word.span, x: 0.0, width, ascent }), width, level));
            }
            if index + 1 < count {
                items.push((None, word.blank, word.blank_level));
            }
        }
        let levels: Vec<Level> = items.iter().map(|item| item.2).collect();
        // A line without a limit is a label that is placed by its own width.
        let is_flush_right = paragraph.language.is_right_to_left() && paragraph.width.is_finite();
        let left = if is_flush_right { paragraph.width - width } else { 0.0 };
        let mut x = left;
        let mut pieces = Vec::with_capacity(items.len());
        for at in bidi::visual_order(&levels) {
            let Some((piece, width, _)) = items.get_mut(at) else { continue };
            if let Some(piece) = piece.take() {
                pieces.push(Piece { x, ..piece });
            }
            x += *width;
        }
        Self { pieces, left, right: x, words: range }
    }
}

/// Shapes a word; one that is wider than the block is cut between graphemes.
fn shape(view: &mut FontsView<'_>, paragraph: &Paragraph<'_>, word: bidi::Word) -> Vec<ShapedWord> {
    let weight = paragraph.spans.get(word.span).and_then(|span| span.weight).unwrap_or(paragraph.role.weight);
    let size = paragraph.role.size;
    let shaped: Vec<_> = word
        .segments
        .iter()
        .map(|segment| {
            let (job, width, ascent) = shape_segment(view, &segment.text, weight, size);
            (job, segment.level, width, ascent)
        })
        .collect();
    let width: f32 = shaped.iter().map(|segment| segment.2).sum();
    let blank = view.glyph_width(&FontId::new(size, fonts::family(weight)), ' ');
    let whole = ShapedWord { span: word.span, blank_level: word.blank_level, blank, segments: shaped, width };
    let [segment] = word.segments.as_slice() else { return vec![whole] };
    if width <= paragraph.width || paragraph.fit == Fit::OneLine {
        return vec![whole];
    }
    let mut parts: Vec<ShapedWord> = Vec::new();
    let mut text = String::new();
    for grapheme in segment.text.graphemes(true).chain(std::iter::once("")) {
        let longer = format!("{text}{grapheme}");
        let fits = shape_segment(view, &longer, weight, size).1 <= paragraph.width;
        if grapheme.is_empty() || (!fits && !text.is_empty()) {
            let (job, width, ascent) = shape_segment(view, &text, weight, size);
            parts.push(ShapedWord {
                span: word.span,
                blank_level: word.blank_level,
                blank,
                segments: vec![(job, segment.level, width, ascent)],
                width,
            });
            text = grapheme.to_owned();
        } else {
            text = longer;
        }
    }
    parts
}

pub(super) fn shape_segment(view: &mut FontsView<'_>, text: &str, weight: Weight, size: f32) -> (LayoutJob, f32, f32) {
    // The placeholder takes the colour given at painting, so that a change of colour lays nothing out again.
    let format = TextFormat {
        font_id: FontId::new(size, fonts::family(weight)),
        color: Color32::PLACEHOLDER,
        ..TextFormat::default()
    };
    let mut job = LayoutJob::single_section(text.to_owned(), format);
    job.wrap.max_width = f32::INFINITY;
    let galley = view.layout_job(job.clone());
    let ascent = galley
        .rows
        .first()
        .and_then(|row| row.glyphs.first().map(|glyph| row.pos.y + glyph.pos.y))
        .unwrap_or(ASCENT_EM * size);
    (job, galley.size().x, ascent)
}
