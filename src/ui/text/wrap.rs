//! Where lines break: greedily at blanks, in logical order.

use std::ops::Range;

/// Ranges of words, one a line, for words of these widths with blanks between them. A word that is wider than the line
/// has a line of its own.
pub(super) fn lines(widths: &[f32], blank: f32, max_width: f32) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut width = 0.0;
    for (index, word) in widths.iter().enumerate() {
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
    }
    lines
}

/// As many lines as `lines` makes, as even as possible: the narrowest width that needs no more of them.
pub(super) fn balanced(widths: &[f32], blank: f32, max_width: f32) -> Vec<Range<usize>> {
    let count = lines(widths, blank, max_width).len();
    if count < 2 {
        return lines(widths, blank, max_width);
    }
    let (mut too_narrow, mut enough) = (widths.iter().copied().fold(0.0, f32::max).min(max_width), max_width);
    if lines(widths, blank, too_narrow).len() <= count {
        return lines(widths, blank, too_narrow);
    }
    // Halving until half a point: ten steps for any screen.
    while enough - too_narrow > 0.5 {
        let middle = f32::midpoint(too_narrow, enough);
        if lines(widths, blank, middle).len() <= count {
            enough = middle;
        } else {
            too_narrow = middle;
        }
    }
    lines(widths, blank, enough)
}

/// How many words stay on a single line of `max_width` before an ellipsis; all of them if they fit without.
pub(super) fn words_on_one_line(widths: &[f32], blank: f32, ellipsis: f32, max_width: f32) -> usize {
    let mut width = 0.0;
    let mut kept = 0;
    for (index, word) in widths.iter().enumerate() {
        width += word + if index == 0 { 0.0 } else { blank };
        if width + ellipsis <= max_width {
            kept = index + 1;
        }
    }
    if width <= max_width + 0.01 { widths.len() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fill_lines_in_logical_order() {
        assert_eq!(lines(&[3.0, 3.0, 3.0, 9.0, 1.0], 1.0, 7.0), [0..2, 2..3, 3..4, 4..5]);
        assert!(lines(&[], 1.0, 7.0).is_empty());
    }

    #[test]
    fn balanced_lines_are_even() {
        assert_eq!(lines(&[2.0, 2.0, 2.0, 2.0], 1.0, 9.0), [0..3, 3..4]);
        assert_eq!(balanced(&[2.0, 2.0, 2.0, 2.0], 1.0, 9.0), [0..2, 2..4]);
    }

    #[test]
    fn an_ellipsis_takes_the_place_of_words_that_do_not_fit() {
        assert_eq!(words_on_one_line(&[2.0, 2.0, 2.0], 1.0, 1.0, 8.0), 3);
        assert_eq!(words_on_one_line(&[2.0, 2.0, 2.0], 1.0, 1.0, 7.0), 2);
    }
}
