//! Everybody on record: how many, the list, search, and whether recognition works.

use std::time::Duration;

use eframe::egui::{Id, Rect, pos2, vec2};

use super::{Page, form::Slide};
use crate::{
    event::staff::{PeopleView, PersonRow, PersonStatus, StaffCommand},
    ui::{
        icons::Icon,
        text::Fit,
        tokens::{Depth, TypeRole, Weight, radius},
        widgets::{
            ButtonKind, Caret, FIELD_HEIGHT, FieldKind, FieldWords, Keyboard, Keystroke, LABEL_HEIGHT, ListRow,
            ROW_GAP, ROW_HEIGHT, Scroll, Tag, TagKind, Writing,
        },
    },
};

/// What is being looked for.
struct Find {
    writing: Writing,
    keyboard: Keyboard,
    slide: Slide,
    last_key: Duration,
}

/// What the list remembers between frames.
#[derive(Default)]
pub(super) struct People {
    scroll: Scroll,
    find: Option<Find>,
}

impl People {
    pub(super) fn is_moving(&self, now: Duration) -> bool {
        self.find.as_ref().is_some_and(|find| find.slide.is_moving(now))
    }

    pub(super) fn paint(&mut self, page: &mut Page<'_, '_>, people: &PeopleView) {
        page.staff_header();
        // Back from a person's page while something is still looked for.
        if self.find.is_none() && !people.search.is_empty() {
            self.find = Some(Find::new(page, &people.search, false));
        }
        let title = page.word("people.title");
        let all: u32 = apart(people).iter().sum();
        let line = match (self.find.is_some(), all) {
            (true, _) => page.fill("people.found", &[("n", &people.rows.len().to_string())]),
            (false, 1) => page.word("people.count.one"),
            (false, n) => page.fill("people.count", &[("n", &n.to_string())]),
        };
        let keyboard_up = self.find.as_ref().is_some_and(|find| find.slide.is_open());
        let top = if page.sheet.is_landscape && keyboard_up {
            // The field takes the numbers' side, and what was found the column above the keyboard.
            140.0
        } else if page.sheet.is_landscape {
            page.title(&title, &line);
            side(page, people);
            if self.find.is_some() { 404.0 } else { 252.0 }
        } else {
            page.title(&title, &line);
            if self.find.is_none() {
                counts(page, people);
            }
            if self.find.is_some() { 466.0 } else { 494.0 }
        };
        let bottom = match (page.sheet.is_landscape, keyboard_up) {
            (_, true) => page.sheet.keyboard().top() - 12.0,
            (true, false) => 770.0 + page.sheet.extra,
            (false, false) => 1346.0 + page.sheet.extra,
        };
        self.list(page, people, top, bottom);
        if !page.sheet.is_landscape && !keyboard_up {
            let place = page.sheet.low(64.0, 1364.0, 952.0, 124.0);
            recognition(page, place, people.recognition);
        }
        if !keyboard_up {
            self.actions(page);
            page.tabs();
        }
        self.find(page);
    }

    fn list(&mut self, page: &mut Page<'_, '_>, people: &PeopleView, top: f32, bottom: f32) {
        let (start, width) = page.sheet.column();
        let view = page.sheet.rect(start, top, width, bottom - top);
        let rows = people.rows.len() as f32;
        let note_height = if page.sheet.is_landscape { 0.0 } else { 90.0 };
        let content = rows * (ROW_HEIGHT + ROW_GAP) + note_height;
        let now = page.shown.now;
        let rail = page.sheet.rect(start + width + 18.0, 0.0, 10.0, 0.0).left();
        page.canvas.scroll(Id::unique("people"), view, content, &mut self.scroll, rail, now);
        let clip = page.canvas.ui.clip_rect();
        // The shadows of rows reach beyond the list; only its height cuts them off.
        let clipped = Rect::from_min_max(pos2(0.0, view.top() - 12.0), pos2(page.sheet.size.x, view.bottom()));
        page.canvas.ui.set_clip_rect(clipped.intersect(clip));
        let first = (self.scroll.offset() / (ROW_HEIGHT + ROW_GAP)).floor().max(0.0) as usize;
        let visible = (view.height() / (ROW_HEIGHT + ROW_GAP)).ceil() as usize + 1;
        for (index, row) in people.rows.iter().enumerate().skip(first).take(visible) {
            let y = top + index as f32 * (ROW_HEIGHT + ROW_GAP) - self.scroll.offset();
            let place = page.sheet.rect(start, y, width, ROW_HEIGHT);
            if paint_row(page, place, row) {
                page.send(StaffCommand::ShowPerson(row.id));
            }
        }
        let below = top + rows * (ROW_HEIGHT + ROW_GAP) - self.scroll.offset() + 14.0;
        let place = page.sheet.rect(start, below, width, 60.0);
        if people.rows.is_empty() {
            let key = if people.search.is_empty() { "people.none" } else { "people.nomatch" };
            let text = page.word(key);
            note(page, place, &text);
        } else if !page.sheet.is_landscape {
            let text = page.word("people.note");
            note(page, place, &text);
        }
        page.canvas.ui.set_clip_rect(clip);
    }

    fn actions(&mut self, page: &mut Page<'_, '_>) {
        let row = page.sheet.actions();
        let (enrol_word, find_word) = (page.word("people.enrol"), page.word("people.find"));
        let all_word = page.word("people.all");
        let [enrol, find] = page.sheet.parts(row, [735.0, if self.find.is_some() { 290.0 } else { 199.0 }]);
        if page.button("enrol", enrol, ButtonKind::Primary, Some(Icon::Plus), &enrol_word) {
            self.find = None;
            page.send(StaffCommand::BeginEnrolment);
        }
        if self.find.is_some() {
            if page.button("all", find, ButtonKind::Normal, Some(Icon::Cross), &all_word) {
                self.find = None;
                self.scroll.reset();
                page.send(StaffCommand::Search(String::new()));
            }
        } else if page.button("find", find, ButtonKind::Normal, Some(Icon::Search), &find_word) {
            self.find = Some(Find::new(page, "", true));
            self.scroll.reset();
        }
    }

    fn find(&mut self, page: &mut Page<'_, '_>) {
        let Some(find) = &mut self.find else { return };
        let (start, width) = page.sheet.column();
        let place = match (page.sheet.is_landscape, find.slide.is_open()) {
            (true, true) => page.sheet.rect(88.0, 140.0 + LABEL_HEIGHT, 664.0, FIELD_HEIGHT),
            (true, false) => page.sheet.rect(start, 252.0 + LABEL_HEIGHT, width, FIELD_HEIGHT),
            (false, _) => page.sheet.rect(start, 280.0 + LABEL_HEIGHT, width, FIELD_HEIGHT),
        };
        let (label, hint) = (page.word("people.find.label"), page.word("people.find.hint"));
        let words = FieldWords { label: &label, optional: None, hint: &hint, icon: Icon::Search };
        let now = page.shown.now;
        let caret = find
            .slide
            .is_open()
            .then(|| Caret { keyboard: find.keyboard.language(), since_key: now.saturating_sub(find.last_key) });
        let id = Id::unique("find");
        let field = page.canvas.text_field(id, place, &words, &find.writing, caret, false);
        if field.clicked() {
            find.slide.open(now);
        }
        if !find.slide.is_open() && !find.slide.is_moving(now) {
            return;
        }
        let at = find.slide.place(page.sheet.keyboard(), page.sheet.size.y, now, page.canvas.reduced_motion);
        let mut typed = page.canvas.keyboard(at, &mut find.keyboard, FieldKind::Search, now);
        typed.extend(super::form::attached_keyboard(page.canvas, id));
        let before = find.writing.text().to_owned();
        for keystroke in typed {
            find.last_key = now;
            match keystroke {
                Keystroke::Write(text) => find.writing.write(&text, find.keyboard.language()),
                Keystroke::EraseLetter => find.writing.erase_letter(),
                Keystroke::EraseWord => find.writing.erase_word(),
                Keystroke::Next | Keystroke::Done => find.slide.close(now),
            }
        }
        if find.writing.text() != before {
            let text = find.writing.text().to_owned();
            self.scroll.reset();
            page.send(StaffCommand::Search(text));
        }
    }
}

impl Find {
    fn new(page: &Page<'_, '_>, search: &str, is_open: bool) -> Self {
        let mut slide = Slide::default();
        if is_open {
            slide.open(page.shown.now);
        }
        Self {
            writing: Writing::new(FieldKind::Search, search),
            keyboard: Keyboard::new(page.canvas.language),
            slide,
            last_key: page.shown.now,
        }
    }
}

/// A row with its dates and its tag. Gives whether it was touched.
fn paint_row(page: &mut Page<'_, '_>, place: Rect, row: &PersonRow) -> bool {
    let line = dates_line(page, row);
    let no_name = page.word("person.noname");
    let (kind, icon, word) = status(page, row.status);
    let tag = Tag { kind, icon, word: &word, size: 25.0 };
    let shown = ListRow { name: &row.name, no_name: &no_name, line: &line, tag };
    page.canvas.list_row(Id::unique("person").with(row.id.0), place, &shown).clicked()
}

/// When they came and until when they are kept.
fn dates_line(page: &Page<'_, '_>, row: &PersonRow) -> String {
    let dates = page.dates();
    let since = dates.short(row.last_visit.unwrap_or(row.since));
    match (row.status, row.until, row.last_visit) {
        (PersonStatus::Forgotten, ..) => page.fill("people.gone", &[("since", &dates.short(row.since))]),
        (_, Some(until), visit) => {
            let key = if visit.is_some() { "people.visited" } else { "people.enrolled" };
            page.fill(key, &[("since", &since), ("until", &dates.short(until))])
        }
        (_, None, _) => page.fill("people.enrolled.only", &[("since", &dates.short(row.since))]),
    }
}

/// What the tag of a person says.
pub(super) fn status(page: &Page<'_, '_>, status: PersonStatus) -> (TagKind, Icon, String) {
    match status {
        PersonStatus::Valid => (TagKind::Ok, Icon::Check, page.word("tag.valid")),
        PersonStatus::EndsSoon { days_left: 1 } => (TagKind::Warn, Icon::Clock, page.word("tag.days.one")),
        PersonStatus::EndsSoon { days_left } => {
            (TagKind::Warn, Icon::Clock, page.fill("tag.days", &[("n", &days_left.to_string())]))
        }
        PersonStatus::NeedsPictures => (TagKind::Warn, Icon::Camera, page.word("tag.pictures")),
        PersonStatus::Forgotten => (TagKind::Plain, Icon::Bin, page.word("tag.deleted")),
    }
}

/// An info sign and a sentence on the wall.
fn note(page: &mut Page<'_, '_>, place: Rect, text: &str) {
    const ICON: f32 = 36.0;
    const GAP: f32 = 14.0;
    let colours = page.canvas.palette();
    let width = place.width() - ICON - GAP;
    let block = page.canvas.block(text, TypeRole::SMALL, width, Fit::Balance);
    let icon = page.canvas.inside(place, 0.0, 3.0, vec2(ICON, ICON));
    page.canvas.icon(Icon::Info, icon, colours.ink2);
    let line = page.canvas.inside(place, ICON + GAP, 0.0, vec2(width, block.height()));
    block.paint(page.canvas.painter(), line.min, colours.ink2);
    page.canvas.describe("people note", line, text);
}

const COUNTS: [(&str, Icon); 3] =
    [("people.valid", Icon::Check), ("people.ends", Icon::Clock), ("people.forgotten", Icon::Bin)];

/// Valid for long, valid but ending soon, forgotten: each person is counted once.
fn apart(people: &PeopleView) -> [u32; 3] {
    let [valid, ends_soon, forgotten] = people.counts;
    [valid.saturating_sub(ends_soon), ends_soon, forgotten]
}

fn counts(page: &mut Page<'_, '_>, people: &PeopleView) {
    let place = page.sheet.rect(64.0, 288.0, 952.0, 176.0);
    page.canvas.surface(place, radius::CARD, Depth::Card, page.canvas.palette().surface);
    let inner = place.shrink2(vec2(12.0, 32.0));
    for (index, count) in apart(people).into_iter().enumerate() {
        let width = inner.width() / 3.0;
        let cell = page.canvas.inside(inner, index as f32 * width, 0.0, vec2(width, inner.height()));
        if index > 0 {
            let x = page.canvas.inside(cell, 0.0, 0.0, vec2(2.0, 0.0)).left();
            page.canvas.divider(x, cell.top(), cell.bottom());
        }
        count_cell(page, cell, index, count);
    }
}

/// A large number, its sign and its word, in the middle of `cell`.
fn count_cell(page: &mut Page<'_, '_>, cell: Rect, index: usize, count: u32) {
    const GAP: f32 = 22.0;
    let Some((key, icon)) = COUNTS.get(index).copied() else { return };
    let colours = page.canvas.palette();
    let colour = [colours.ok, colours.warn, colours.ink2].get(index).copied().unwrap_or(colours.ink2);
    let big = TypeRole { size: 64.0, line_height: 76.0, weight: Weight::SemiBold };
    let small = TypeRole { line_height: 38.0, ..TypeRole::SMALL };
    let word = page.word(key);
    let number = page.canvas.block(&count.to_string(), big, f32::INFINITY, Fit::Wrap);
    let label = page.canvas.block(&word, small, f32::INFINITY, Fit::Wrap);
    let size = vec2(number.text_width() + GAP + label.text_width(), cell.height());
    let frame = Rect::from_center_size(cell.center(), size);
    let middle = frame.height() / 2.0;
    let at = page.canvas.inside(frame, 0.0, middle - 38.0, vec2(number.text_width(), 76.0));
    number.paint(page.canvas.painter(), at.min, colours.ink);
    let start = number.text_width() + GAP;
    let sign = page.canvas.inside(frame, start, middle - 37.0, vec2(36.0, 36.0));
    page.canvas.icon(icon, sign, colour);
    let at = page.canvas.inside(frame, start, middle - 1.0, vec2(label.text_width(), 38.0));
    label.paint(page.canvas.painter(), at.min, colours.ink);
    page.canvas.describe(("count", index), frame, &format!("{count} {word}"));
}

/// Landscape: the numbers, the note and recognition at the start side.
fn side(page: &mut Page<'_, '_>, people: &PeopleView) {
    let place = page.sheet.rect(88.0, 72.0, 664.0, 396.0);
    page.canvas.surface(place, radius::CARD, Depth::Card, page.canvas.palette().surface);
    for (index, count) in apart(people).into_iter().enumerate() {
        let top = place.top() + 12.0 + index as f32 * 124.0;
        let cell = Rect::from_min_size(pos2(place.left(), top), vec2(place.width(), 124.0));
        if index > 0 {
            page.canvas.rule(place.left() + 40.0, place.right() - 40.0, top);
        }
        count_cell(page, cell, index, count);
    }
    let text = page.word("people.note");
    let at = page.sheet.rect(88.0, 508.0, 664.0, 84.0);
    note(page, at, &text);
    let at = page.sheet.low(88.0, 632.0, 664.0, 220.0);
    recognition(page, at, people.recognition);
}

/// Whether recognition works, and the switch; without one where the configuration has it off.
fn recognition(page: &mut Page<'_, '_>, place: Rect, recognition: Option<bool>) {
    const PADDING: f32 = 36.0;
    let colours = page.canvas.palette();
    page.canvas.surface(place, radius::CARD, Depth::Card, colours.surface);
    let (key, why, colour) = match recognition {
        Some(true) => ("recognition.on", "recognition.on.why", colours.ok),
        Some(false) => ("recognition.off", "recognition.off.why", colours.warn),
        None => ("recognition.none", "recognition.none.why", colours.ink2),
    };
    // In a narrow card the switch stands below the words.
    let switch_width = if recognition.is_some() { 320.0 } else { 0.0 };
    let is_stacked = place.height() > 150.0 && recognition.is_some();
    let words_height = if is_stacked { place.height() - 96.0 } else { place.height() };
    let icon = page.canvas.inside(place, PADDING, (words_height - 48.0) / 2.0, vec2(48.0, 48.0));
    page.canvas.icon(Icon::Person, icon, colour);
    let start = PADDING + 48.0 + 22.0;
    let beside = if is_stacked { 0.0 } else { switch_width + 18.0 };
    let width = place.width() - start - beside - PADDING;
    let (title, why) = (page.word(key), page.word(why));
    let first = TypeRole { weight: Weight::SemiBold, ..TypeRole::LABEL };
    let second = TypeRole { weight: Weight::Regular, line_height: 32.0, ..TypeRole::MICRO };
    let heading = page.canvas.block(&title, first, width, Fit::OneLine);
    let sentence = page.canvas.block(&why, second, width, Fit::Balance);
    let height = heading.height() + sentence.height();
    let text = page.canvas.inside(place, start, (words_height - height) / 2.0, vec2(width, height));
    heading.paint(page.canvas.painter(), text.min, colours.ink);
    sentence.paint(page.canvas.painter(), text.min + vec2(0.0, heading.height()), colours.ink2);
    page.canvas.describe("recognition", text, &format!("{title}. {why}"));
    if let Some(is_on) = recognition {
        let top = place.height() - 96.0 - 14.0;
        let at = page.canvas.inside(place, place.width() - PADDING - switch_width, top, vec2(switch_width, 96.0));
        let (off, on) = (page.word("switch.off"), page.word("switch.on"));
        let chosen = Some(usize::from(is_on));
        if let Some(touched) = page.canvas.switch(Id::unique("recognition"), at, &[&off, &on], chosen) {
            page.send(StaffCommand::SetRecognition(touched == 1));
        }
    }
}
