//! Where lines break: greedily at blanks, in logical order.

use std::ops::Range;

/// The widths of a word and of the blank after it.
pub(super) type Widths = (f32, f32);

/// Ranges of words, one a line, for words of these widths. A word that is wider than the line has a line of its own.
pub(super) fn lines(words: &[Widths], max_width: f32) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let (mut width, mut blank) = (0.0, 0.0);
    for (index, (word, next_blank)) in words.iter().enumerate() {
        match lines.last_mut() {
            // A hundredth of a point forgives the rounding of sums.
            Some(line) if width + blank + word <= max_width + 0.01 => {
                line.end = index + 1;
                width += blank + word;
            }
            _ => {
                lines.push(index..index + 1);
                width = *word;
            }
        }
        blank = *next_blank;
    }
    lines
}

/// As many lines as `lines` makes, as even as possible: the narrowest width that needs no more of them.
pub(super) fn balanced(words: &[Widths], max_width: f32) -> Vec<Range<usize>> {
    let count = lines(words, max_width).len();
    if count < 2 {
        return lines(words, max_width);
    }
    let (mut too_narrow, mut enough) = (words.iter().map(|word| word.0).fold(0.0, f32::max).min(max_width), max_width);
    if lines(words, too_narrow).len() <= count {
        return lines(words, too_narrow);
    }
    // Halving until half a point: ten steps for any screen.
    while enough - too_narrow > 0.5 {
        let middle = f32::midpoint(too_narrow, enough);
        if lines(words, middle).len() <= count {
            enough = middle;
        } else {
            too_narrow = middle;
        }
    }
    lines(words, enough)
}

/// How many words stay on a single line of `max_width` before an ellipsis; all of them if they fit without.
pub(super) fn words_on_one_line(words: &[Widths], ellipsis: f32, max_width: f32) -> usize {
    let (mut width, mut blank) = (0.0, 0.0);
    let mut kept = 0;
    for (index, (word, next_blank)) in words.iter().enumerate() {
        width += blank + word;
        blank = *next_blank;
        if width + ellipsis <= max_width {
            kept = index + 1;
        }
    }
    if width <= max_width + 0.01 { words.len() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<const N: usize>(widths: [f32; N]) -> [Widths; N] {
        widths.map(|width| (width, 1.0))
    }

    #[test]
    fn words_fill_lines_in_logical_order() {
        assert_eq!(lines(&words([3.0, 3.0, 3.0, 9.0, 1.0]), 7.0), [0..2, 2..3, 3..4, 4..5]);
        assert!(lines(&words([]), 7.0).is_empty());
    }

    #[test]
    fn balanced_lines_are_even() {
        assert_eq!(lines(&words([2.0, 2.0, 2.0, 2.0]), 9.0), [0..3, 3..4]);
        assert_eq!(balanced(&words([2.0, 2.0, 2.0, 2.0]), 9.0), [0..2, 2..4]);
    }

    #[test]
    fn an_ellipsis_takes_the_place_of_words_that_do_not_fit() {
        assert_eq!(words_on_one_line(&words([2.0, 2.0, 2.0]), 1.0, 8.0), 3);
        assert_eq!(words_on_one_line(&words([2.0, 2.0, 2.0]), 1.0, 7.0), 2);
    }
}
