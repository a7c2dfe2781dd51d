//! SVG path data to polylines: the commands M L H V C S A Z, absolute and relative (SVG 1.1, chapter 8).

use std::f32::consts::{PI, TAU};

use eframe::egui::{Pos2, Vec2, emath::Rot2, pos2, vec2};

/// Segments for each Bézier curve.
const CURVE_STEPS: usize = 12;
/// The longest step along an arc, radians.
const ARC_STEP: f32 = PI / 16.0;
/// A direction that changes by more than this is a corner, radians.
const CORNER: f32 = 0.5;
/// By more than this, the line turns back: drawn as one line it would lose its end.
const REVERSAL: f32 = 2.2;

/// A flattened subpath, without repeated points.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Polyline {
    /// Its points; a single one is a dot.
    pub(super) points: Vec<Pos2>,
    /// Whether the last point is joined to the first.
    pub(super) is_closed: bool,
}

impl Polyline {
    fn push(&mut self, point: Pos2) {
        if self.points.last().is_none_or(|last| last.distance(point) > 0.02) {
            self.points.push(point);
        }
    }

    fn close(&mut self) {
        self.is_closed = true;
        if self.points.len() > 1
            && self.points.first().zip(self.points.last()).is_some_and(|(a, b)| a.distance(*b) < 0.02)
        {
            self.points.pop();
        }
    }

    /// How much the direction changes at point `i`, radians; `None` at an end.
    fn turn_at(&self, i: usize) -> Option<f32> {
        let n = self.points.len();
        if !self.is_closed && (i == 0 || i + 1 == n) {
            return None;
        }
        let at = |i: usize| self.points.get(i % n).copied();
        let (into, out) = (at(i)? - at(i + n - 1)?, at(i + 1)? - at(i)?);
        Some(into.normalized().dot(out.normalized()).clamp(-1.0, 1.0).acos())
    }

    /// Cut into lines that never turn back.
    fn split(mut self) -> Vec<Self> {
        let mut ends: Vec<usize> =
            (0..self.points.len()).filter(|i| self.turn_at(*i).is_some_and(|turn| turn > REVERSAL)).collect();
        let Some(first) = ends.first().copied() else { return vec![self] };
        if self.is_closed {
            self.points.rotate_left(first);
            self.points.extend(self.points.first().copied());
            ends = ends.into_iter().skip(1).map(|i| i - first).collect();
        }
        ends.push(self.points.len() - 1);
        let starts = std::iter::once(0).chain(ends.clone());
        let piece = |(start, end): (usize, usize)| self.points.get(start..=end).map(<[Pos2]>::to_vec);
        starts.zip(ends).filter_map(piece).map(|points| Self { points, is_closed: false }).collect()
    }

    /// Ends and sharp corners: where a round pen leaves a round edge.
    pub(super) fn corners(&self) -> impl Iterator<Item = Pos2> + '_ {
        let is_corner = |i: usize| self.turn_at(i).is_none_or(|turn| turn > CORNER);
        self.points.iter().enumerate().filter(move |(i, _)| is_corner(*i)).map(|(_, point)| *point)
    }
}

/// The subpaths of `data`. What follows a number or command that is not understood is left out: outlines are constants,
/// each is checked by a test.
pub(super) fn flatten(data: &str) -> Vec<Polyline> {
    let mut pen = Pen::default();
    let mut tokens = Tokens { rest: data };
    while let Some(command) = tokens.command() {
        // A command's letter stands for all the groups of numbers that follow it; more pairs after M are lines.
        let mut command = command;
        while pen.draw(command, &mut tokens).is_some() && tokens.has_number() {
            command = match command {
                'M' => 'L',
                'm' => 'l',
                other => other,
            };
        }
    }
    pen.finish();
    pen.lines.into_iter().flat_map(Polyline::split).collect()
}

struct Tokens<'a> {
    rest: &'a str,
}

impl Tokens<'_> {
    fn skip_separators(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', ',']);
    }

    fn command(&mut self) -> Option<char> {
        self.skip_separators();
        let letter = self.rest.chars().next().filter(char::is_ascii_alphabetic)?;
        self.rest = self.rest.get(1..)?;
        Some(letter)
    }

    fn has_number(&mut self) -> bool {
        self.skip_separators();
        self.rest.starts_with(|c: char| c == '-' || c == '.' || c.is_ascii_digit())
    }

    /// The next number: it ends before a second point or a sign, so that `1.5.5-2` is three.
    fn number(&mut self) -> Option<f32> {
        self.skip_separators();
        let mut has_point = false;
        let end = self
            .rest
            .char_indices()
            .find(|(i, c)| match c {
                '-' => *i > 0,
                '.' => std::mem::replace(&mut has_point, true),
                c => !c.is_ascii_digit(),
            })
            .map_or(self.rest.len(), |(i, _)| i);
        let (number, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        number.parse().ok()
    }
}

#[derive(Default)]
struct Pen {
    lines: Vec<Polyline>,
    line: Polyline,
    start: Pos2,
    at: Pos2,
    /// The second control point of the curve just drawn, for S.
    control: Option<Pos2>,
}

impl Pen {
    fn finish(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.points.is_empty() {
            self.lines.push(line);
        }
    }

    fn line_to(&mut self, to: Pos2) {
        if self.line.points.is_empty() {
            self.line.push(self.at);
        }
        self.line.push(to);
        self.at = to;
    }

    fn draw(&mut self, command: char, tokens: &mut Tokens<'_>) -> Option<()> {
        let origin = if command.is_ascii_lowercase() { self.at } else { Pos2::ZERO };
        let mut point = || Some(origin + vec2(tokens.number()?, tokens.number()?));
        let mut control = None;
        match command.to_ascii_uppercase() {
            'M' => {
                let to = point()?;
                self.finish();
                (self.start, self.at) = (to, to);
            }
            'L' => {
                let to = point()?;
                self.line_to(to);
            }
            'H' => {
                let x = origin.x + tokens.number()?;
                self.line_to(pos2(x, self.at.y));
            }
            'V' => {
                let y = origin.y + tokens.number()?;
                self.line_to(pos2(self.at.x, y));
            }
            'C' => {
                let (c1, c2, to) = (point()?, point()?, point()?);
                self.curve(c1, c2, to);
                control = Some(c2);
            }
            'S' => {
                let c1 = self.control.map_or(self.at, |c| self.at + (self.at - c));
                let (c2, to) = (point()?, point()?);
                self.curve(c1, c2, to);
                control = Some(c2);
            }
            'A' => {
                let radii = vec2(tokens.number()?, tokens.number()?);
                let tilt = tokens.number()?.to_radians();
                let (is_large, is_clockwise) = (tokens.number()? > 0.5, tokens.number()? > 0.5);
                let to = origin + vec2(tokens.number()?, tokens.number()?);
                self.arc(radii, tilt, is_large, is_clockwise, to);
            }
            'Z' => {
                self.line.close();
                self.finish();
                self.at = self.start;
            }
            _ => return None,
        }
        self.control = control;
        Some(())
    }

    fn curve(&mut self, c1: Pos2, c2: Pos2, to: Pos2) {
        let from = self.at;
        for step in 1..=CURVE_STEPS {
            let t = step as f32 / CURVE_STEPS as f32;
            let u = 1.0 - t;
            self.line_to(
                Pos2::ZERO
                    + u * u * u * from.to_vec2()
                    + 3.0 * u * u * t * c1.to_vec2()
                    + 3.0 * u * t * t * c2.to_vec2()
                    + t * t * t * to.to_vec2(),
            );
        }
    }

    /// End points to centre: SVG 1.1, appendix F.6.5 and F.6.6.
    fn arc(&mut self, radii: Vec2, tilt: f32, is_large: bool, is_clockwise: bool, to: Pos2) {
        let from = self.at;
        let tilt = Rot2::from_angle(tilt);
        let half = tilt.inverse() * ((from - to) / 2.0);
        let reach: f32 = (half / radii).length().max(1.0);
        let radii = radii * reach;
        let unit = half / radii;
        let distance = (1.0_f32 / unit.length_sq() - 1.0).max(0.0).sqrt();
        let side = if is_large == is_clockwise { -1.0 } else { 1.0 };
        let centre_unit = side * distance * vec2(unit.y, -unit.x);
        let centre = from + (to - from) / 2.0 + tilt * (radii * centre_unit);
        let begin = (unit - centre_unit).angle();
        let mut sweep = (-unit - centre_unit).angle() - begin;
        if is_clockwise && sweep < 0.0 {
            sweep += TAU;
        } else if !is_clockwise && sweep > 0.0 {
            sweep -= TAU;
        }
        let steps = (sweep.abs() / ARC_STEP).ceil().max(1.0);
        for step in 1..steps as usize {
            let angle = begin + sweep * step as f32 / steps;
            self.line_to(centre + tilt * (radii * Vec2::angled(angle)));
        }
        self.line_to(to);
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn numbers_run_together_are_told_apart() {
        let lines = flatten("M1.5.5-2-3l-.5-.5");
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].points, [pos2(1.5, 0.5), pos2(-2.0, -3.0), pos2(-2.5, -3.5)]);
    }

    #[test]
    fn two_half_arcs_make_a_circle() {
        let lines = flatten("M6 24a18 18 0 0 1 36 0a18 18 0 0 1 -36 0z");
        assert!(lines[0].is_closed && lines[0].points.len() >= 32);
        for point in &lines[0].points {
            assert!((point.distance(pos2(24.0, 24.0)) - 18.0).abs() < 0.01, "{point:?}");
        }
        assert_eq!(lines[0].corners().count(), 0);
    }

    #[test]
    fn a_line_that_turns_back_is_drawn_as_two() {
        let lines = flatten("M0 0v10v-4h3");
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].points[0], pos2(0.0, 10.0));
        assert_eq!(flatten("M0 0h10v10z")[0].corners().count(), 3);
    }

    #[test]
    fn ends_and_sharp_corners_are_rounded() {
        let corners: Vec<_> = flatten("M18 9l15 15-15 15")[0].corners().collect();
        assert_eq!(corners, [pos2(18.0, 9.0), pos2(33.0, 24.0), pos2(18.0, 39.0)]);
    }
}
