//! The file of pairs: CSV with the columns `a,b,same`.

use std::{
    borrow::Cow,
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// Why a file of pairs cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PairsError {
    /// It cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is wrong.
    #[error("{}: line {line}: found {found}; allowed {allowed}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What stands there.
        found: String,
        /// What may.
        allowed: &'static str,
    },
}

/// Two pictures.
#[derive(Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) a: String,
    pub(super) b: String,
    /// Whether they show one person.
    pub(super) is_same: bool,
    /// Its line, from 1.
    pub(super) line: usize,
}

const HEADER: [&str; 3] = ["a", "b", "same"];

pub(super) fn read(path: &Path) -> Result<Vec<Pair>, PairsError> {
    let bytes = std::fs::read(path).map_err(|source| PairsError::Unreadable { path: path.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count();
        let found = "bytes that are no UTF-8".to_owned();
        PairsError::Line { path: path.to_owned(), line, found, allowed: "text" }
    })?;
    parse(&text).map_err(|(line, found, allowed)| PairsError::Line { path: path.to_owned(), line, found, allowed })
}

/// The pairs, or the line, what is found and what is allowed.
fn parse(text: &str) -> Result<Vec<Pair>, (usize, String, &'static str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end()));
    let header = lines.next().map(|(_, line)| line).unwrap_or_default();
    if fields(header).as_deref() != Some(&HEADER.map(str::to_owned)) {
        let found = if header.is_empty() { "nothing".to_owned() } else { format!("\"{header}\"") };
        return Err((1, found, "the header \"a,b,same\""));
    }
    let mut pairs = Vec::new();
    for (line, content) in lines.filter(|(_, content)| !content.is_empty()) {
        let allowed = "two paths and 0 or 1: \"a.jpg,b.jpg,1\"";
        let Some([a, b, same]) = fields(content).and_then(|fields| <[String; 3]>::try_from(fields).ok()) else {
            return Err((line, format!("\"{content}\""), allowed));
        };
        let is_same = match same.trim() {
            "1" | "true" => true,
            "0" | "false" => false,
            other => return Err((line, format!("same = \"{other}\""), "0 or 1")),
        };
        if a.is_empty() || b.is_empty() {
            return Err((line, "an empty path".to_owned(), allowed));
        }
        pairs.push(Pair { a, b, is_same, line });
    }
    if pairs.is_empty() {
        return Err((2, "no pair".to_owned(), "at least one line like \"a.jpg,b.jpg,1\""));
    }
    Ok(pairs)
}

/// The fields of a line; in quotes a comma is none. `None`: a quote is not closed.
fn fields(line: &str) -> Option<Vec<String>> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    (!is_quoted).then_some(fields)
}

/// The file of `pairs` with one more column, the similarity of each.
pub(super) fn with_scores(pairs: &[Pair], scores: impl Iterator<Item = f32>) -> String {
    let mut text = String::from("a,b,same,score\n");
    for (Pair { a, b, is_same, .. }, score) in pairs.iter().zip(scores) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{},{},{},{score:.6}", quoted(a), quoted(b), u8::from(*is_same));
    }
    text
}

/// `field` in quotes, if it needs them.
fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")).into() } else { field.into() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_with_their_lines() {
        let pairs = parse("\u{feff}a,b,same\r\nx.jpg,y.jpg,1\r\n\r\n\"one, two.png\",z.jpg,false\n").unwrap();
        assert_eq!(pairs[0], Pair { a: "x.jpg".into(), b: "y.jpg".into(), is_same: true, line: 2 });
        assert_eq!(pairs[1], Pair { a: "one, two.png".into(), b: "z.jpg".into(), is_same: false, line: 4 });
    }

    #[test]
    fn scores_stand_beside_their_pairs_and_a_comma_in_a_name_is_no_column() {
        let pairs = parse("a,b,same\nx.jpg,y.jpg,1\n\"one, \"\"two\"\".png\",z.jpg,0\n").unwrap();
        let text = with_scores(&pairs, [0.5, -1.0].into_iter());
        let lines: Vec<_> = text.lines().map(|line| fields(line).unwrap()).collect();
        assert_eq!(lines[0], ["a", "b", "same", "score"]);
        assert_eq!(lines[1], ["x.jpg", "y.jpg", "1", "0.500000"]);
        assert_eq!(lines[2], ["one, \"two\".png", "z.jpg", "0", "-1.000000"]);
    }

    #[test]
    fn a_wrong_line_is_told_with_what_is_found_and_allowed() {
        for (text, line, found) in [
            ("", 1, "nothing"),
            ("left,right\n", 1, "\"left,right\""),
            ("a,b,same\n", 2, "no pair"),
            ("a,b,same\nx,y,1\nx,y\n", 3, "\"x,y\""),
            ("a,b,same\nx,y,maybe\n", 2, "same = \"maybe\""),
            ("a,b,same\n,y,1\n", 2, "an empty path"),
            ("a,b,same\n\"x,y,1\n", 2, "\"\"x,y,1\""),
        ] {
            let (at, what, allowed) = parse(text).unwrap_err();
            assert_eq!((at, what.as_str()), (line, found), "{text:?}");
            assert!(!allowed.is_empty());
        }
    }
}
