//! The PIN pad. The avatar shuts its eyes.

use eframe::egui::{Event, Id, Key, Rect, Shape, Stroke, pos2, vec2};

use super::Page;
use crate::{
    event::staff::{PinProblem, PinView, StaffCommand},
    ui::{
        icons::Icon,
        layout::{Layout, PLATE_HEIGHT},
        screens,
        tokens::{TypeRole, Weight},
        widgets::{Button, ButtonKind, Plate, PlateText, TAG_HEIGHT, Tag, TagKind},
    },
};

const DIGITS: u8 = 6;

/// Where the pad stands in this window.
struct Measures {
    /// The middle of the words and lozenges.
    middle: f32,
    words: f32,
    lozenges: f32,
    tag: f32,
    note: f32,
    keys: Rect,
    key: (f32, f32),
    gap: f32,
}

pub(super) fn paint(page: &mut Page<'_, '_>, plate: &mut Plate, pin: &PinView) {
    let size = page.sheet.size;
    let layout = Layout::new(size, false, page.canvas.is_mirrored());
    screens::paint_header(page.canvas, page.shown.stand, &layout);
    if let Some(niche) = page.shown.view.page.as_ref().and_then(|it| super::niche(it, size, page.canvas.is_mirrored()))
    {
        let words = vec![(page.canvas.language, page.word("pin.title"))];
        let top = niche.plate_centre() - vec2(0.0, PLATE_HEIGHT / 2.0);
        plate.paint(page.canvas, top, &PlateText { icon: Icon::Lock, words });
    }
    let measures = measures(page);
    let colours = page.canvas.palette();
    let language = page.canvas.language;
    let enter = page.word("pin.enter");
    let role = TypeRole { size: 38.0, line_height: 56.0, weight: Weight::Medium };
    let centre = pos2(measures.middle, measures.words + 28.0);
    page.canvas.centred(&enter, language, role, centre, colours.ink);
    page.canvas.describe("enter", Rect::from_center_size(centre, vec2(600.0, 56.0)), &enter);
    lozenges(page, &measures, pin);
    problem(page, &measures, pin);
    keys(page, &measures);
    let note = page.word("pin.note");
    let centre = pos2(measures.middle, measures.note + 21.0);
    page.canvas.centred(&note, language, TypeRole::SMALL, centre, colours.ink2);
    page.canvas.describe("pin note", Rect::from_center_size(centre, vec2(800.0, 42.0)), &note);
    controls(page);
    attached_keyboard(page);
}

fn measures(page: &Page<'_, '_>) -> Measures {
    let sheet = &page.sheet;
    if sheet.is_landscape {
        let row = sheet.rect(848.0, 0.0, 992.0, 0.0);
        // The pad is not mirrored, but its place is.
        let keys = sheet.low(848.0, 540.0, 568.0, 420.0);
        Measures {
            middle: row.center().x,
            words: 160.0,
            lozenges: 240.0,
            tag: 348.0,
            note: 440.0 + sheet.extra,
            keys,
            key: (180.0, 96.0),
            gap: 12.0,
        }
    } else {
        let keys = sheet.fixed(216.0, 880.0, 648.0, 582.0).translate(vec2(0.0, sheet.extra));
        Measures {
            middle: keys.center().x,
            words: 594.0,
            lozenges: 672.0,
            tag: 782.0,
            note: 1490.0 + sheet.extra,
            keys,
            key: (204.0, 132.0),
            gap: 18.0,
        }
    }
}

/// How many digits were touched, never which. Counted from the left in both languages.
fn lozenges(page: &mut Page<'_, '_>, measures: &Measures, pin: &PinView) {
    const APART: f32 = 98.0;
    let colours = page.canvas.palette();
    let left = measures.middle - APART * f32::from(DIGITS - 1) / 2.0;
    let middle = measures.lozenges + 42.0;
    for index in 0..DIGITS {
        let x = left + APART * f32::from(index);
        let is_filled = index < pin.digits;
        let (fill, line) = if is_filled { (colours.accent, colours.accent) } else { (colours.surface, colours.line) };
        let points =
            vec![pos2(x, middle - 36.0), pos2(x + 26.0, middle), pos2(x, middle + 36.0), pos2(x - 26.0, middle)];
        page.canvas.painter().add(Shape::convex_polygon(points, fill, Stroke::new(4.0, line)));
    }
    let place = Rect::from_center_size(pos2(measures.middle, middle), vec2(588.0, 84.0));
    let text = page.fill("pin.digits", &[("n", &pin.digits.to_string())]);
    page.canvas.describe("digits", place, &text);
}

fn problem(page: &mut Page<'_, '_>, measures: &Measures, pin: &PinView) {
    let number = |page: &Page<'_, '_>, key: &str, n: u32| page.fill(key, &[("n", &n.to_string())]);
    let (kind, icon, text) = match pin.problem {
        _ if pin.is_checking => (TagKind::Plain, Icon::Lozenges, page.word("pin.checking")),
        None => return,
        Some(PinProblem::Wrong { attempts_left: 1 }) => (TagKind::Bad, Icon::Warning, page.word("pin.wrong.one")),
        Some(PinProblem::Wrong { attempts_left }) => {
            (TagKind::Bad, Icon::Warning, number(page, "pin.wrong", attempts_left))
        }
        Some(PinProblem::Locked { minutes: 1 }) => (TagKind::Bad, Icon::Lock, page.word("pin.locked.one")),
        Some(PinProblem::Locked { minutes }) => (TagKind::Bad, Icon::Lock, number(page, "pin.locked", minutes)),
        Some(PinProblem::Wait { seconds }) => (TagKind::Warn, Icon::Clock, number(page, "pin.wait", seconds)),
        Some(PinProblem::NobodyHasOne) => (TagKind::Warn, Icon::Key, page.word("pin.nobody")),
    };
    let tag = Tag { kind, icon, word: &text, size: 28.0 };
    let width = page.canvas.tag_width(&tag);
    let centre = pos2(measures.middle, measures.tag + TAG_HEIGHT / 2.0);
    page.canvas.tag(Rect::from_center_size(centre, vec2(width, TAG_HEIGHT)), &tag);
}

fn keys(page: &mut Page<'_, '_>, measures: &Measures) {
    let (width, height) = measures.key;
    let cancel = page.word("pin.cancel");
    let erase = page.word("key.erase");
    for index in 0..12_u8 {
        let (column, row) = (f32::from(index % 3), f32::from(index / 3));
        let corner = measures.keys.min + vec2(column * (width + measures.gap), row * (height + measures.gap));
        let place = Rect::from_min_size(corner, vec2(width, height));
        let id = Id::unique("pin").with(index);
        let digit = match index {
            0..=8 => Some(index + 1),
            10 => Some(0),
            _ => None,
        };
        let command = match digit {
            Some(digit) => {
                let label = digit.to_string();
                let role = TypeRole { size: 56.0, line_height: 72.0, weight: Weight::Medium };
                let key = Button { role, ..Button::new(ButtonKind::Normal, None, &label) };
                page.canvas.button(id, place, &key).clicked().then_some(StaffCommand::Digit(digit))
            }
            None if index == 9 => {
                let role = TypeRole { weight: Weight::Medium, ..TypeRole::BUTTON };
                let key = Button { role, ..Button::new(ButtonKind::Quiet, None, &cancel) };
                page.canvas.button(id, place, &key).clicked().then_some(StaffCommand::Close)
            }
            None => {
                let key = Button { icon_side: 60.0, ..Button::new(ButtonKind::Quiet, None, "") };
                let touched = page.canvas.button(id, place, &key);
                touched.widget_info(|| eframe::egui::WidgetInfo::labeled(eframe::egui::Role::Button, true, &erase));
                let icon = Rect::from_center_size(place.center(), vec2(60.0, 60.0));
                page.canvas.icon(Icon::Backspace, icon, page.canvas.palette().accent);
                touched.clicked().then_some(StaffCommand::EraseDigit)
            }
        };
        if let Some(command) = command {
            page.send(command);
        }
    }
}

fn controls(page: &mut Page<'_, '_>) {
    let sheet = page.sheet;
    let (switch, back, notice) = if sheet.is_landscape {
        (
            sheet.low(1440.0, 540.0, 400.0, 104.0),
            sheet.low(1440.0, 856.0, 400.0, 104.0),
            sheet.low(848.0, 988.0, 992.0, 56.0),
        )
    } else {
        (
            sheet.low(64.0, 1652.0, 383.0, 104.0),
            sheet.low(623.0, 1652.0, 393.0, 104.0),
            sheet.low(64.0, 1788.0, 952.0, 76.0),
        )
    };
    if let Some(language) = page.canvas.language_switch(switch) {
        page.send(StaffCommand::SetLanguage(language));
    }
    let label = page.word("pin.back");
    let button = Button { turns_icon: true, ..Button::new(ButtonKind::Normal, Some(Icon::Arrow), &label) };
    if page.canvas.button(Id::unique("staff").with("back"), back, &button).clicked() {
        page.send(StaffCommand::Close);
    }
    let text = page.word("pin.page");
    page.note(notice, Icon::Info, 36.0, &text);
}

/// An attached keyboard works the same.
fn attached_keyboard(page: &mut Page<'_, '_>) {
    let events = page.canvas.ui.input(|input| input.events.clone());
    for event in events {
        match event {
            Event::Text(text) => {
                let digits: Vec<u8> = text
                    .chars()
                    .filter_map(|letter| letter.to_digit(10))
                    .filter_map(|d| u8::try_from(d).ok())
                    .collect();
                for digit in digits {
                    page.send(StaffCommand::Digit(digit));
                }
            }
            Event::Key { key: Key::Backspace, pressed: true, .. } => page.send(StaffCommand::EraseDigit),
            Event::Key { key: Key::Escape, pressed: true, .. } => page.send(StaffCommand::Close),
            _ => {}
        }
    }
}
