//! The on-screen keyboard. Its keys stand where real ones do, in both languages; it is never mirrored.

use std::time::Duration;

use eframe::egui::{Color32, CornerRadius, Id, Rect, Role, Stroke, StrokeKind, Vec2, vec2};

use super::{Canvas, FieldKind};
use crate::{
    event::Language,
    ui::{
        icons::{self, Icon},
        tokens::{TypeRole, Weight, radius, stroke},
    },
};

/// The height of the row of digits, of the other four, and the gap.
const DIGITS: f32 = 104.0;
const ROW: f32 = 112.0;
const GAP: f32 = 12.0;
/// The height of the whole keyboard.
pub const KEYBOARD_HEIGHT: f32 = DIGITS + 4.0 * (ROW + GAP);
/// Backspace held for so long takes the last word, then one more each time.
const REPEAT_AFTER: Duration = Duration::from_millis(500);
const REPEAT_EVERY: Duration = Duration::from_millis(300);
/// Shift touched twice within this time, or held for it, stays.
const SHIFT_TWICE: Duration = Duration::from_millis(450);

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Writes this.
    Letter(&'static str),
    Shift,
    Backspace,
    Language,
    Space,
    Next,
    Done,
}

/// What was done on the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keystroke {
    /// This was written.
    Write(String),
    /// The last letter is taken back.
    EraseLetter,
    /// The last word is taken back.
    EraseWord,
    /// On to the next field.
    Next,
    /// The keyboard closes.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Shift {
    #[default]
    Off,
    Once,
    Locked,
}

/// What the keyboard remembers between frames.
#[derive(Debug, Clone)]
pub struct Keyboard {
    /// The language whose letters it shows.
    language: Language,
    shift: Shift,
    shift_touched: Option<Duration>,
    shift_down: Option<Duration>,
    /// Backspace: since when it is held, and how many words it took.
    erasing: Option<(Duration, u32)>,
}

type Row = &'static [(Key, f32)];

macro_rules! letters {
    ($($letter:literal)*) => { &[$((Key::Letter($letter), 1.0)),*] };
}

const ENGLISH: [Row; 5] = [
    letters!("1" "2" "3" "4" "5" "6" "7" "8" "9" "0"),
    letters!("q" "w" "e" "r" "t" "y" "u" "i" "o" "p"),
    letters!("a" "s" "d" "f" "g" "h" "j" "k" "l" "’"),
    &[
        (Key::Shift, 1.5),
        (Key::Letter("z"), 1.0),
        (Key::Letter("x"), 1.0),
        (Key::Letter("c"), 1.0),
        (Key::Letter("v"), 1.0),
        (Key::Letter("b"), 1.0),
        (Key::Letter("n"), 1.0),
        (Key::Letter("m"), 1.0),
        (Key::Backspace, 1.5),
    ],
    &[
        (Key::Language, 2.0),
        (Key::Letter("-"), 1.0),
        (Key::Space, 3.0),
        (Key::Letter("."), 1.0),
        (Key::Next, 1.0),
        (Key::Done, 2.0),
    ],
];

const ARABIC: [Row; 5] = [
    letters!("1" "2" "3" "4" "5" "6" "7" "8" "9" "0" "،" "."),
    letters!("ض" "ص" "ث" "ق" "ف" "غ" "ع" "ه" "خ" "ح" "ج" "د"),
    letters!("ش" "س" "ي" "ب" "ل" "ا" "ت" "ن" "م" "ك" "ط" "ذ"),
    &[
        (Key::Letter("ئ"), 1.0),
        (Key::Letter("ء"), 1.0),
        (Key::Letter("ؤ"), 1.0),
        (Key::Letter("ر"), 1.0),
        (Key::Letter("لا"), 1.0),
        (Key::Letter("ى"), 1.0),
        (Key::Letter("ة"), 1.0),
        (Key::Letter("و"), 1.0),
        (Key::Letter("ز"), 1.0),
        (Key::Letter("ظ"), 1.0),
        (Key::Backspace, 2.0),
    ],
    &[
        (Key::Language, 2.0),
        (Key::Letter("أ"), 1.0),
        (Key::Letter("إ"), 1.0),
        (Key::Letter("آ"), 1.0),
        (Key::Space, 3.4),
        (Key::Next, 1.4),
        (Key::Done, 2.2),
    ],
];

/// The letter of a key of the English keyboard in a field of `kind`; `None`: it cannot stand there.
fn in_field(letter: &'static str, kind: FieldKind, is_shifted: bool) -> Option<&'static str> {
    match (kind, letter) {
        (FieldKind::Email, "-") if is_shifted => Some("_"),
        (FieldKind::Email, "-") => Some("@"),
        // An address has hyphens, but no apostrophes.
        (FieldKind::Email, "’") => Some("-"),
        (FieldKind::Phone, "-") => Some("+"),
        (FieldKind::Phone, letter) if !letter.chars().all(|letter| kind.takes(letter)) => None,
        _ => Some(letter),
    }
}

impl Keyboard {
    /// The keyboard of `language`.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self { language, shift: Shift::Off, shift_touched: None, shift_down: None, erasing: None }
    }

    /// The language that is being written.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The letters of `language` are shown from now on.
    pub fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// Shift is on for the next letter (the start of a name), or off.
    pub fn set_capital(&mut self, wants_capital: bool) {
        if self.shift != Shift::Locked {
            self.shift = if wants_capital { Shift::Once } else { Shift::Off };
        }
    }

    fn shift_pressed(&mut self, now: Duration) {
        let is_twice = self.shift_touched.is_some_and(|last| now.saturating_sub(last) < SHIFT_TWICE);
        self.shift = match self.shift {
            Shift::Locked => Shift::Off,
            _ if is_twice => Shift::Locked,
            Shift::Off => Shift::Once,
            Shift::Once => Shift::Off,
        };
        self.shift_touched = Some(now);
    }

    /// What a held backspace does at `now`.
    fn hold_backspace(&mut self, now: Duration, is_down: bool) -> bool {
        if !is_down {
            return false;
        }
        let (since, words) = *self.erasing.get_or_insert((now, 0));
        let due = since + REPEAT_AFTER + REPEAT_EVERY * words;
        if now < due {
            return false;
        }
        self.erasing = Some((since, words + 1));
        true
    }
}

impl Canvas<'_> {
    /// The keyboard at `place` for a field of `kind`. Gives what was typed in this frame.
    pub fn keyboard(&mut self, place: Rect, keyboard: &mut Keyboard, kind: FieldKind, now: Duration) -> Vec<Keystroke> {
        let language = if kind.is_latin() { Language::ENGLISH } else { keyboard.language };
        let (rows, columns) = if language.is_right_to_left() { (&ARABIC, 12.0) } else { (&ENGLISH, 10.0) };
        let unit = (place.width() - GAP * (columns - 1.0)) / columns;
        let mut typed = Vec::new();
        let mut top = place.top();
        for (index, row) in rows.iter().enumerate() {
            let height = if index == 0 { DIGITS } else { ROW };
            let mut left = place.left();
            for (key, span) in *row {
                let width = unit * span + GAP * (span - 1.0);
                let at = Rect::from_min_size(eframe::egui::pos2(left, top), vec2(width, height));
                self.key(at, *key, keyboard, (kind, language), now, &mut typed);
                left += width + GAP;
            }
            top += height + GAP;
        }
        typed
    }

    fn key(
        &mut self,
        place: Rect,
        key: Key,
        keyboard: &mut Keyboard,
        (kind, language): (FieldKind, Language),
        now: Duration,
        typed: &mut Vec<Keystroke>,
    ) {
        let is_shifted = keyboard.shift != Shift::Off && !language.is_right_to_left();
        let letter = match key {
            Key::Letter(letter) => in_field(letter, kind, is_shifted),
            Key::Space if kind == FieldKind::Email => None,
            Key::Language if kind.is_latin() => None,
            _ => Some(""),
        };
        let Some(letter) = letter else {
            self.dead_key(place, key, language);
            return;
        };
        let shown = if is_shifted { letter.to_uppercase() } else { letter.to_owned() };
        let label = self.key_label(key, &shown, language);
        let is_held = key == Key::Shift && is_shifted;
        let role = if key == Key::Shift { Role::Switch } else { Role::Button };
        let id = Id::unique("key").with((language, format!("{key:?}")));
        let (response, look) = self.control(id, place, role, &label, is_held);
        let colours = self.palette();
        let is_down = response.is_pointer_button_down_on();
        let is_letter = matches!(key, Key::Letter(_));
        let fill = if is_letter || is_held || is_down || key == Key::Done { look.fill } else { Color32::TRANSPARENT };
        let border =
            if key == Key::Done && !is_down { Stroke::new(stroke::CONTROL, colours.accent) } else { look.border };
        self.painter().rect(place, CornerRadius::same(radius::SEGMENT), fill, border, StrokeKind::Inside);
        let text = if key == Key::Done && !(self.theme.is_flat() && is_down) { colours.accent } else { look.text };
        self.key_face(place, key, &shown, language, [text, look.icon]);

        match key {
            Key::Backspace => {
                if keyboard.hold_backspace(now, is_down) {
                    typed.push(Keystroke::EraseWord);
                }
                // What was held long enough to take words does not take a letter when it is let go.
                if response.clicked() && keyboard.erasing.is_none_or(|(_, words)| words == 0) {
                    typed.push(Keystroke::EraseLetter);
                }
                if !is_down {
                    keyboard.erasing = None;
                }
            }
            Key::Shift => {
                let since = if is_down { *keyboard.shift_down.get_or_insert(now) } else { now };
                if now.saturating_sub(since) >= SHIFT_TWICE {
                    keyboard.shift = Shift::Locked;
                } else if response.clicked() && keyboard.shift_down.is_none_or(|down| now - down < SHIFT_TWICE) {
                    keyboard.shift_pressed(now);
                }
                if !is_down {
                    keyboard.shift_down = None;
                }
            }
            _ if !response.clicked() => {}
            Key::Letter(_) => {
                typed.push(Keystroke::Write(shown));
                if keyboard.shift == Shift::Once {
                    keyboard.shift = Shift::Off;
                }
            }
            Key::Space => typed.push(Keystroke::Write(" ".to_owned())),
            Key::Language => keyboard.language = other(keyboard.language),
            Key::Next => typed.push(Keystroke::Next),
            Key::Done => typed.push(Keystroke::Done),
        }
    }

    fn key_label(&self, key: Key, letter: &str, language: Language) -> String {
        let word = |name| self.words.get(name, language).to_owned();
        match key {
            Key::Letter(_) => letter.to_owned(),
            Key::Shift => word("key.shift"),
            Key::Backspace => word("key.erase"),
            Key::Language => self.words.get("language.name", other(language)).to_owned() + " ⌨",
            Key::Space => word("key.space"),
            Key::Next => word("key.next"),
            Key::Done => word("key.done"),
        }
    }

    fn key_face(&mut self, place: Rect, key: Key, letter: &str, language: Language, [text, icon]: [Color32; 2]) {
        let role = |size: f32, weight| TypeRole { size, line_height: size * 1.34, weight };
        let square = |side: f32| Rect::from_center_size(place.center(), Vec2::splat(side));
        let is_arabic = language.is_right_to_left();
        match key {
            Key::Letter(_) => {
                let size = if letter.chars().all(|letter| letter.is_ascii_digit()) { 38.0 } else { 42.0 };
                self.centred(letter, language, role(size, Weight::Medium), place.center(), text);
            }
            Key::Shift => icons::paint(self.painter(), Icon::Shift, square(48.0), icon, false),
            Key::Backspace => icons::paint(self.painter(), Icon::Backspace, square(48.0), icon, false),
            Key::Next => icons::paint(self.painter(), Icon::NextField, square(48.0), icon, is_arabic),
            Key::Space => {
                let word = self.words.get("key.space", language).to_owned();
                let colour = self.palette().ink2;
                self.centred(&word, language, role(30.0, Weight::Medium), place.center(), colour);
            }
            Key::Done => {
                let word = self.words.get("key.done", language).to_owned();
                self.pair(place, Icon::Check, (36.0, 10.0), &word, language, role(32.0, Weight::SemiBold), [text; 2]);
            }
            Key::Language => {
                let name = self.words.get("language.name", other(language)).to_owned();
                let (size, side, gap) = if is_arabic { (27.0, 32.0, 6.0) } else { (30.0, 36.0, 10.0) };
                let role = role(size, Weight::Medium);
                self.pair(place, Icon::Globe, (side, gap), &name, Language::ENGLISH, role, [text, icon]);
            }
        }
    }

    /// An icon and a word in the middle of a key, the icon where `language` begins.
    #[allow(clippy::too_many_arguments, reason = "a private helper of one caller")]
    fn pair(
        &mut self,
        place: Rect,
        icon: Icon,
        (side, gap): (f32, f32),
        word: &str,
        language: Language,
        role: TypeRole,
        [text, icon_colour]: [Color32; 2],
    ) {
        let own = Language::of_text(word).unwrap_or(language);
        let width = self.block_in(word, own, role, f32::INFINITY, crate::ui::text::Fit::Wrap).text_width();
        let whole = side + gap + width;
        let left = place.center().x - whole / 2.0;
        let (icon_x, text_x) =
            if language.is_right_to_left() { (left + width + gap, left) } else { (left, left + side + gap) };
        let at = Rect::from_min_size(eframe::egui::pos2(icon_x, place.center().y - side / 2.0), Vec2::splat(side));
        icons::paint(self.painter(), icon, at, icon_colour, false);
        let centre = eframe::egui::pos2(text_x + width / 2.0, place.center().y);
        self.centred(word, own, role, centre, text);
    }

    /// A key that cannot be used in this field: it keeps its place, dashed.
    fn dead_key(&mut self, place: Rect, key: Key, language: Language) {
        let colours = self.palette();
        let inner = place.shrink(1.5);
        let corners = [inner.left_top(), inner.right_top(), inner.right_bottom(), inner.left_bottom()];
        self.dashed(&corners, 10.0, 10.0, Stroke::new(stroke::HAIRLINE, colours.hairline));
        let letter = if let Key::Letter(letter) = key { letter } else { "" };
        let faint = colours.line;
        self.key_face(place, key, letter, language, [faint, faint]);
    }
}

fn other(language: Language) -> Language {
    if language.is_right_to_left() { Language::ENGLISH } else { Language::ARABIC }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn every_row_fills_its_columns() {
        for (rows, columns) in [(ENGLISH, 10.0), (ARABIC, 12.0)] {
            for row in rows {
                let spans: f32 = row.iter().map(|(_, span)| span).sum();
                assert!((spans - columns).abs() < 1e-3, "{row:?}");
            }
        }
    }

    #[test]
    fn shift_touched_twice_stays_and_a_third_touch_ends_it() {
        let mut keyboard = Keyboard::new(Language::ENGLISH);
        keyboard.shift_pressed(1000 * MS);
        assert_eq!(keyboard.shift, Shift::Once);
        keyboard.shift_pressed(1300 * MS);
        assert_eq!(keyboard.shift, Shift::Locked);
        keyboard.set_capital(false);
        assert_eq!(keyboard.shift, Shift::Locked);
        keyboard.shift_pressed(1500 * MS);
        assert_eq!(keyboard.shift, Shift::Off);
    }

    #[test]
    fn a_held_backspace_takes_words_after_half_a_second() {
        let mut keyboard = Keyboard::new(Language::ENGLISH);
        let taken: Vec<u32> = (0..1400).step_by(50).filter(|ms| keyboard.hold_backspace(*ms * MS, true)).collect();
        assert_eq!(taken, [500, 800, 1100]);
    }

    #[test]
    fn special_keys_serve_the_field() {
        assert_eq!(in_field("-", FieldKind::Email, false), Some("@"));
        assert_eq!(in_field("-", FieldKind::Phone, false), Some("+"));
        assert_eq!(in_field("q", FieldKind::Phone, false), None);
        assert_eq!(in_field("-", FieldKind::Name, true), Some("-"));
    }
}
