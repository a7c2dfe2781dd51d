//! The order of words: Unicode's bidirectional algorithm (UAX #9) over one paragraph.
//!
//! egui shapes letters but lays every run from left to right, so this module tells it what stands where. A word
//! is cut into segments of one level; the levels of a line's segments and blanks give their order on the screen.
//! Arabic letters do not join across a blank, so words may be shaped one by one.

use std::ops::Range;

use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};

use crate::event::Language;

/// A part of a word with one direction, as it is handed to the shaper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// What is drawn: without direction marks; without Arabic letters and running right to left, already reversed
    /// and mirrored (the shaper does that itself where it sees Arabic).
    pub(super) text: String,
    /// Its embedding level.
    pub(super) level: Level,
}

/// A word of a paragraph, in logical order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Which span of the paragraph it comes from.
    pub(super) span: usize,
    /// Its segments in logical order.
    pub(super) segments: Vec<Segment>,
    /// The level of the blank after it.
    pub(super) blank_level: Level,
}

/// Cuts the spans into words and resolves their levels as one paragraph in `language`'s direction.
///
/// Latin names, times and codes in Arabic text, and Arabic names in Latin text, are isolated as one run each.
/// Direction marks in the text are obeyed and dropped.
pub(super) fn words<'a>(spans: impl IntoIterator<Item = &'a str>, language: Language) -> Vec<Word> {
    let base = if language.is_right_to_left() { Level::rtl() } else { Level::ltr() };
    let tokens: Vec<(usize, &str)> = spans
        .into_iter()
        .enumerate()
        .flat_map(|(span, text)| {
            text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).map(move |word| (span, word))
        })
        .collect();

    let mut paragraph = String::new();
    let mut ranges = Vec::with_capacity(tokens.len());
    let isolates = isolated_runs(&tokens, base);
    for (index, (_, token)) in tokens.iter().enumerate() {
        let (lead, core, tail) = core_of(token);
        let start = paragraph.len();
        paragraph.push_str(lead);
        if isolates.iter().any(|run| run.start == index) {
            // An isolate has the direction that the paragraph does not have.
            paragraph.push(if base.is_rtl() { '\u{2066}' } else { '\u{2067}' });
        }
        paragraph.push_str(core);
        if isolates.iter().any(|run| run.end == index + 1) {
            paragraph.push('\u{2069}');
        }
        paragraph.push_str(tail);
        ranges.push(start..paragraph.len());
        paragraph.push(' ');
    }

    let levels = BidiInfo::new(&paragraph, Some(base)).levels;
    let level_at = |byte: usize| levels.get(byte).copied().unwrap_or(base);
    std::iter::zip(&tokens, ranges)
        .map(|((span, _), range)| Word {
            span: *span,
            blank_level: level_at(range.end),
            segments: segments(paragraph.get(range.clone()).unwrap_or_default(), range.start, level_at),
        })
        .collect()
}

/// The order on the screen, left to right, of items with these levels (UAX #9, rule L2).
pub(super) fn visual_order(levels: &[Level]) -> Vec<usize> {
    BidiInfo::reorder_visual(levels)
}

fn segments(word: &str, offset: usize, level_at: impl Fn(usize) -> Level) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for (byte, letter) in word.char_indices().filter(|(_, letter)| !is_direction_mark(*letter)) {
        let level = level_at(offset + byte);
        match segments.last_mut() {
            Some(last) if last.level == level => last.text.push(letter),
            _ => segments.push(Segment { text: letter.into(), level }),
        }
    }
    for segment in &mut segments {
        segment.turn();
    }
    segments
}

impl Segment {
    /// Puts its letters in the order in which the shaper needs them.
    fn turn(&mut self) {
        if self.level.is_rtl() && !self.text.chars().any(is_strong_right_to_left) {
            self.text = self.text.chars().rev().map(mirrored).collect();
        } else if self.level.is_ltr() && is_taken_for_arabic(&self.text) {
            self.text = self.text.chars().rev().collect();
        }
    }
}

/// A part of a line that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// Letters of one direction, without blanks.
    Letters(Segment),
    /// So many blanks.
    Blanks(usize, Level),
    /// Where the next letter of the keyboard in use will stand.
    Caret(Level),
}

impl Written {
    pub(super) fn level(&self) -> Level {
        match self {
            Self::Letters(segment) => segment.level,
            Self::Blanks(_, level) | Self::Caret(level) => *level,
        }
    }
}

/// Cuts a line being written into parts, in logical order. The caret stands where a mark of the direction of `keyboard`
/// would fall after the last letter (LOOK, "Writing").
pub(super) fn written(line: &str, base: Language, keyboard: Language) -> Vec<Written> {
    let base = if base.is_right_to_left() { Level::rtl() } else { Level::ltr() };
    let mark = if keyboard.is_right_to_left() { '\u{200f}' } else { '\u{200e}' };
    let marked: String = line.chars().filter(|letter| !is_direction_mark(*letter)).chain([mark]).collect();
    let levels = BidiInfo::new(&marked, Some(base)).levels;
    let mut parts: Vec<Written> = Vec::new();
    for (byte, letter) in marked.char_indices() {
        let level = levels.get(byte).copied().unwrap_or(base);
        if letter == mark {
            parts.push(Written::Caret(level));
        } else if letter.is_whitespace() {
            match parts.last_mut() {
                Some(Written::Blanks(count, own)) if *own == level => *count += 1,
                _ => parts.push(Written::Blanks(1, level)),
            }
        } else {
            match parts.last_mut() {
                Some(Written::Letters(segment)) if segment.level == level => segment.text.push(letter),
                _ => parts.push(Written::Letters(Segment { text: letter.into(), level })),
            }
        }
    }
    for part in &mut parts {
        if let Written::Letters(segment) = part {
            segment.turn();
        }
    }
    parts
}

/// Marks that only give directions, and the narrow no-break blank: the font has no glyphs for them.
fn is_direction_mark(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202f}' | '\u{2066}'..='\u{2069}')
}

/// Whether the shaper takes the text for Arabic, and turns it, although it runs from left to right: ٠–٩ without letters.
fn is_taken_for_arabic(text: &str) -> bool {
    text.chars().any(|letter| bidi_class(letter) == BidiClass::AN)
        && !text.chars().any(|letter| bidi_class(letter) == BidiClass::L)
}

fn is_strong_right_to_left(letter: char) -> bool {
    matches!(bidi_class(letter), BidiClass::R | BidiClass::AL)
}

fn mirrored(letter: char) -> char {
    match letter {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        '‹' => '›',
        '›' => '‹',
        other => other,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Arabic,
    Latin,
    Number,
    Time,
    Mixed,
}

fn kind_of(token: &str) -> Kind {
    let has_arabic = token.chars().any(is_strong_right_to_left);
    let has_latin = token.chars().any(|letter| bidi_class(letter) == BidiClass::L);
    let has_digit = token.chars().any(char::is_numeric);
    match (has_arabic, has_latin) {
        (true, true) => Kind::Mixed,
        (true, false) => Kind::Arabic,
        (false, true) => Kind::Latin,
        (false, false) if has_digit && token.contains(':') => Kind::Time,
        (false, false) if has_digit => Kind::Number,
        (false, false) => Kind::Mixed,
    }
}

/// Splits off the punctuation at both ends that belongs to the sentence, not to the name.
fn core_of(token: &str) -> (&str, &str, &str) {
    let is_inner = |letter: char| letter.is_alphanumeric() || matches!(letter, '+' | '#' | '@' | '$' | '%' | '−');
    let start = token.find(is_inner).unwrap_or(token.len());
    let end = token.rfind(is_inner).map_or(start, |at| at + token[at..].chars().next().map_or(0, char::len_utf8));
    (&token[..start], &token[start..end], &token[end..])
}

/// Ranges of tokens that are isolated as one run each.
fn isolated_runs(tokens: &[(usize, &str)], base: Level) -> Vec<Range<usize>> {
    let is_foreign = |kind: Kind| match kind {
        Kind::Arabic => !base.is_rtl(),
        Kind::Latin | Kind::Number | Kind::Time => base.is_rtl(),
        Kind::Mixed => false,
    };
    // "Solar Skills 2027", "+971 4 123", "9:00 AM" hold together; "B2 11:30" and "9:00 10:00" do not.
    let holds = |before: Kind, next: Kind| match next {
        Kind::Latin | Kind::Arabic => true,
        Kind::Number => before != Kind::Time,
        Kind::Time | Kind::Mixed => false,
    };
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut before: Option<(Kind, bool)> = None;
    for (index, (_, token)) in tokens.iter().enumerate() {
        let (lead, core, tail) = core_of(token);
        let kind = kind_of(core);
        if !is_foreign(kind) {
            before = None;
            continue;
        }
        match (before, runs.last_mut()) {
            (Some((last, false)), Some(run)) if lead.is_empty() && holds(last, kind) => run.end = index + 1,
            _ => runs.push(index..index + 1),
        }
        before = Some((kind, !tail.is_empty()));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands on one line from left to right, each segment as a reader of it would see it: Arabic segments are
    /// shown in logical order (the shaper turns them), all others as drawn.
    fn seen(text: &str, language: Language) -> String {
        let words = words([text], language);
        let mut items: Vec<(&str, Level)> = Vec::new();
        for (index, word) in words.iter().enumerate() {
            items.extend(word.segments.iter().map(|segment| (segment.text.as_str(), segment.level)));
            if index + 1 < words.len() {
                items.push((" ", word.blank_level));
            }
        }
        let levels: Vec<Level> = items.iter().map(|item| item.1).collect();
        visual_order(&levels).into_iter().filter_map(|at| items.get(at)).map(|item| item.0).collect()
    }

    const AR: Language = Language::ARABIC;
    const EN: Language = Language::ENGLISH;

    #[test]
    fn plain_arabic_runs_from_the_right() {
        assert_eq!(seen("مرحبا بكم في المعرض", AR), "المعرض في بكم مرحبا");
    }

    #[test]
    fn a_full_stop_stands_at_the_left_end() {
        // "الجناح." is one segment: the shaper puts its full stop at the left.
        assert_eq!(seen("اسألوني عن الجناح.", AR), "الجناح. عن اسألوني");
        assert_eq!(seen("جناح Noor Energy.", AR), ".Noor Energy جناح");
    }

    #[test]
    fn digits_keep_their_order_and_brackets_are_mirrored() {
        assert_eq!(
            seen("مرحبا بكم في معرض DevExpo 2026 (القاعة 12)!", AR),
            // ")!" after the number runs right to left: reversed, the bracket mirrored.
            "!(12 (القاعة DevExpo 2026 معرض في بكم مرحبا"
        );
    }

    #[test]
    fn an_english_line_with_arabic_words_keeps_its_ends() {
        assert_eq!(seen("Hall 7: مرحبا بكم في المعرض today", EN), "Hall 7: المعرض في بكم مرحبا today");
    }

    #[test]
    fn vowels_stay_with_their_letters() {
        assert_eq!(seen("السَّلَامُ عَلَيْكُمْ", AR), "عَلَيْكُمْ السَّلَامُ");
    }

    #[test]
    fn names_times_and_codes_are_one_run_each() {
        assert_eq!(
            seen("وتبدأ دورة Solar Skills 2027 في القاعة B2 11:30 مساءً.", AR),
            "مساءً. 11:30 B2 القاعة في Solar Skills 2027 دورة وتبدأ"
        );
        assert_eq!(seen("اتصلوا على +971 4 123 4567 اليوم", AR), "اليوم +971 4 123 4567 على اتصلوا");
        assert_eq!(seen("تبدأ 9:00 AM غدا", AR), "غدا 9:00 AM تبدأ");
    }

    #[test]
    fn ranges_in_words_read_from_the_right() {
        assert_eq!(seen("من 10:30 إلى 11:00 صباحًا", AR), "صباحًا 11:00 إلى 10:30 من");
    }

    #[test]
    fn arabic_digits_are_handed_to_the_shaper_the_way_it_turns_them() {
        // It takes ٩:٣٠ for Arabic and would show ٠٣:٩.
        assert_eq!(seen("الساعة ٩:٣٠ مساءً", AR), "مساءً ٠٣:٩ الساعة");
        assert_eq!(seen("at ٩:٣٠", EN), "at ٠٣:٩");
    }

    #[test]
    fn direction_marks_are_obeyed_and_dropped() {
        // Left to right by a mark, although the paragraph is Arabic.
        assert_eq!(seen("\u{2066}12 (34)\u{2069}", AR), "12 (34)");
        assert_eq!(seen("a\u{200f}\u{202f}b", EN), "ab");
    }

    #[test]
    fn guillemets_in_arabic_stand_around_their_words() {
        assert_eq!(seen("المسوا «Start» الآن", AR), "الآن «Start» المسوا");
    }

    #[test]
    fn an_arabic_name_in_english_is_one_run() {
        assert_eq!(seen("Ask جناح نور 24 times", EN), "Ask نور جناح 24 times");
    }
}
