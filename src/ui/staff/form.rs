//! A person's details: four fields, the keyboard, and the language they are spoken to in. Step 1 of an enrolment, and
//! "Edit" on a person's page.

use std::time::Duration;

use eframe::egui::{Event, EventFilter, Id, Key, Rect, vec2};

use super::Page;
use crate::{
    event::{
        Language,
        staff::{DetailField, PersonDetails, RefusedDetails, StaffCommand},
    },
    ui::{
        icons::Icon,
        text::Fit,
        tokens::TypeRole,
        widgets::{
            Button, ButtonKind, Canvas, Caret, FIELD_HEIGHT, FieldKind, FieldWords, Keyboard, Keystroke, LABEL_HEIGHT,
            Writing,
        },
    },
};

/// How long the keyboard slides.
const SLIDE: Duration = Duration::from_millis(240);

/// Whether a keyboard is up, and since when.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slide {
    is_open: bool,
    since: Option<Duration>,
}

impl Slide {
    pub(super) fn open(&mut self, now: Duration) {
        if !self.is_open {
            *self = Self { is_open: true, since: Some(now) };
        }
    }

    pub(super) fn close(&mut self, now: Duration) {
        if self.is_open {
            *self = Self { is_open: false, since: Some(now) };
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) fn is_moving(&self, now: Duration) -> bool {
        self.since.is_some_and(|since| now.saturating_sub(since) < SLIDE)
    }

    /// Where a keyboard that rests at `place` stands at `now`, coming from below `bottom`.
    pub(super) fn place(&self, place: Rect, bottom: f32, now: Duration, reduced_motion: bool) -> Rect {
        let t = self.since.map_or(1.0, |since| now.saturating_sub(since).as_secs_f32() / SLIDE.as_secs_f32());
        let t = if reduced_motion { 1.0 } else { t.min(1.0) };
        let eased = 1.0 - (1.0 - t) * (1.0 - t);
        let up = if self.is_open { eased } else { 1.0 - eased };
        place.translate(vec2(0.0, (bottom - place.top()) * (1.0 - up)))
    }
}

/// What was typed on an attached keyboard into the field `id`, which has the focus. Its arrow keys do nothing.
pub(super) fn attached_keyboard(canvas: &mut Canvas<'_>, id: Id) -> Vec<Keystroke> {
    let filter = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
    canvas.ui.memory_mut(|memory| {
        memory.request_focus(id);
        memory.set_focus_lock_filter(id, filter);
    });
    let events = canvas.ui.input(|input| input.events.clone());
    events
        .into_iter()
        .filter_map(|event| match event {
            Event::Text(text) => Some(Keystroke::Write(text)),
            Event::Key { key: Key::Backspace, pressed: true, modifiers, .. } => {
                Some(if modifiers.ctrl || modifiers.alt { Keystroke::EraseWord } else { Keystroke::EraseLetter })
            }
            Event::Key { key: Key::Tab, pressed: true, .. } => Some(Keystroke::Next),
            Event::Key { key: Key::Enter | Key::Escape, pressed: true, .. } => Some(Keystroke::Done),
            _ => None,
        })
        .collect()
}

const FIELDS: [(DetailField, FieldKind); 4] = [
    (DetailField::Name, FieldKind::Name),
    (DetailField::Phone, FieldKind::Phone),
    (DetailField::Email, FieldKind::Email),
    (DetailField::Note, FieldKind::Note),
];

/// What is being written.
pub(super) struct Form {
    fields: [Writing; 4],
    language: Option<Language>,
    active: usize,
    keyboard: Keyboard,
    slide: Slide,
    last_key: Duration,
    /// Fields that the desk refused and that have not been written in since.
    refused: Vec<DetailField>,
    /// The refusal that is in the view, so that it is taken once.
    seen: Vec<DetailField>,
}

impl Form {
    /// The form with `details` in it; its keyboard is up where `is_open`.
    pub(super) fn new(details: &PersonDetails, language: Language, now: Duration, is_open: bool) -> Self {
        let texts = [&details.name, &details.phone, &details.email, &details.note];
        let mut index = 0;
        let fields = texts.map(|text| {
            let kind = FIELDS.get(index).map_or(FieldKind::Note, |(_, kind)| *kind);
            index += 1;
            Writing::new(kind, text)
        });
        let mut keyboard = Keyboard::new(language);
        let mut slide = Slide::default();
        if is_open {
            slide.open(now);
        }
        keyboard.set_capital(fields.first().is_some_and(Writing::wants_capital));
        Self {
            fields,
            language: details.language,
            active: 0,
            keyboard,
            slide,
            last_key: now,
            refused: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// The form as it was when it was sent, with what is wrong in it.
    pub(super) fn refused(refused: &RefusedDetails, language: Language, now: Duration) -> Self {
        let mut form = Self::new(&refused.details, language, now, false);
        form.refused.clone_from(&refused.fields);
        form
    }

    pub(super) fn is_moving(&self, now: Duration) -> bool {
        self.slide.is_moving(now)
    }

    fn activate(&mut self, index: usize, now: Duration) {
        if let Some(left) = self.fields.get_mut(self.active).filter(|_| index != self.active) {
            left.leave();
        }
        self.active = index;
        self.last_key = now;
        self.slide.open(now);
        self.follow_capital();
    }

    fn follow_capital(&mut self) {
        let wants = self.fields.get(self.active).is_some_and(Writing::wants_capital);
        self.keyboard.set_capital(wants);
    }

    fn done(&mut self, now: Duration) {
        if let Some(field) = self.fields.get_mut(self.active) {
            field.leave();
        }
        self.slide.close(now);
    }

    /// A key of the screen's keyboard, or of an attached one.
    fn take(&mut self, keystroke: Keystroke, is_attached: bool, now: Duration) {
        self.last_key = now;
        let language = match &keystroke {
            Keystroke::Write(text) if is_attached => Language::of_text(text).unwrap_or(self.keyboard.language()),
            _ => self.keyboard.language(),
        };
        let Some(field) = self.fields.get_mut(self.active) else { return };
        let kind = FIELDS.get(self.active).map(|(detail, _)| *detail);
        self.refused.retain(|refused| Some(*refused) != kind);
        match keystroke {
            Keystroke::Write(text) => {
                if is_attached && !field.kind().is_latin() {
                    self.keyboard.set_language(language);
                }
                field.write(&text, language);
            }
            Keystroke::EraseLetter => field.erase_letter(),
            Keystroke::EraseWord => field.erase_word(),
            Keystroke::Next => {
                self.activate((self.active + 1) % FIELDS.len(), now);
                return;
            }
            Keystroke::Done => {
                self.done(now);
                return;
            }
        }
        self.follow_capital();
    }

    /// The details, if nothing is wrong. Else the first wrong field becomes active and every field says what is wrong.
    fn submit(&mut self, window: Language, now: Duration) -> Option<PersonDetails> {
        for field in &mut self.fields {
            field.leave();
        }
        if let Some(wrong) = self.fields.iter().position(|field| field.problem().is_some()) {
            self.activate(wrong, now);
            return None;
        }
        let [name, phone, email, note] = self.fields.each_ref().map(|field| field.text().trim().to_owned());
        Some(PersonDetails { name, phone, email, note, language: Some(self.language.unwrap_or(window)) })
    }
}

/// Step 1 of an enrolment.
pub(super) fn paint_step(
    page: &mut Page<'_, '_>,
    form: &mut Option<Form>,
    details: &PersonDetails,
    refused: &[DetailField],
) {
    let now = page.shown.now;
    let form = form.get_or_insert_with(|| Form::new(details, page.canvas.language, now, true));
    // A refusal is told until its field is written in again.
    if form.seen != refused {
        form.seen = refused.to_vec();
        form.refused = refused.to_vec();
    }
    let title = page.word("people.enrol");
    page.header(&title, "");
    page.steps(0);
    let (title, line) = (page.word("name.title"), page.word("name.only"));
    heading(page, form, &title, &line);
    if let Some(language) = paint(page, form) {
        form.keyboard.set_language(language);
        page.send(StaffCommand::SetLanguage(language));
    }
    if page.sheet.is_landscape && form.slide.is_open() {
        return;
    }
    let (stop_word, next_word) = (page.word("name.stop"), page.word("name.next"));
    // The Arabic words of the first are shorter.
    let weights = if page.canvas.is_mirrored() { [326.0, 672.0] } else { [403.0, 595.0] };
    let [stop, next] = page.sheet.parts(action_row(page), weights);
    if page.button("stop", stop, ButtonKind::Careful, Some(Icon::Cross), &stop_word) {
        page.send(StaffCommand::Decline);
    }
    let button = Button { icon_last: true, ..Button::new(ButtonKind::Primary, Some(Icon::Arrow), &next_word) };
    if page.canvas.button(Id::unique("staff").with("next"), next, &button).clicked()
        && let Some(details) = form.submit(page.canvas.language, now)
    {
        form.seen.clear();
        page.send(StaffCommand::SetDetails(details));
    }
    let text = page.word("name.nothing");
    let place = if page.sheet.is_landscape {
        page.sheet.low(848.0, 948.0, 992.0, 56.0)
    } else {
        page.sheet.low(64.0, 1788.0, 952.0, 76.0)
    };
    page.note(place, Icon::Lock, 40.0, &text);
}

/// How editing a person's details ended.
pub(super) enum Edited {
    /// These are to be saved.
    Saved(PersonDetails),
    /// Everything stays as it was.
    Discarded,
}

/// "Edit" on a person's page. Gives how it ended, once it has.
pub(super) fn paint_edit(page: &mut Page<'_, '_>, form: &mut Form) -> Option<Edited> {
    let now = page.shown.now;
    page.staff_header();
    let title = page.word("person.edit.title");
    let line = page.word("name.only");
    heading(page, form, &title, &line);
    paint(page, form);
    if page.sheet.is_landscape && form.slide.is_open() {
        return None;
    }
    let (discard_word, save_word) = (page.word("person.discard"), page.word("person.save"));
    let [discard, save] = page.sheet.parts(action_row(page), [403.0, 595.0]);
    if page.button("discard", discard, ButtonKind::Normal, Some(Icon::Cross), &discard_word) {
        return Some(Edited::Discarded);
    }
    if page.button("save", save, ButtonKind::Primary, Some(Icon::Check), &save_word) {
        return form.submit(page.canvas.language, now).map(Edited::Saved);
    }
    None
}

/// The actions stand as wide as the keyboard above them.
fn action_row(page: &Page<'_, '_>) -> Rect {
    if page.sheet.is_landscape { page.sheet.actions() } else { page.sheet.low(32.0, 1652.0, 1016.0, 104.0) }
}

fn heading(page: &mut Page<'_, '_>, form: &Form, title: &str, line: &str) {
    let colours = page.canvas.palette();
    let (start, top, width) = if page.sheet.is_landscape { (88.0, 124.0, 664.0) } else { (64.0, 232.0, 952.0) };
    let place = page.sheet.rect(start, top, width, 68.0);
    let height = page.line(place, title, TypeRole::TITLE, colours.ink);
    let place = page.sheet.rect(start, top + height, width, 42.0);
    page.line(place, line, TypeRole::SMALL, colours.ink2);
    if page.sheet.is_landscape && !form.slide.is_open() {
        let centre = page.sheet.rect(88.0, 330.0, 664.0, 440.0).center();
        let name = form.fields.first().map(|field| field.text().to_owned()).unwrap_or_default();
        page.canvas.initials(centre, 320.0, &name);
    }
}

/// The boxes of the fields: start, top, width.
const PORTRAIT: [(f32, f32, f32); 4] =
    [(64.0, 410.0, 952.0), (64.0, 572.0, 467.0), (549.0, 572.0, 467.0), (64.0, 734.0, 952.0)];
const LANDSCAPE: [(f32, f32, f32); 4] =
    [(848.0, 268.0, 992.0), (848.0, 416.0, 487.0), (1353.0, 416.0, 487.0), (848.0, 564.0, 992.0)];

/// The fields, the language and the keyboard. Gives the language if it was touched.
fn paint(page: &mut Page<'_, '_>, form: &mut Form) -> Option<Language> {
    let now = page.shown.now;
    let is_up = form.slide.is_open();
    let only_active = page.sheet.is_landscape && is_up;
    let boxes = if page.sheet.is_landscape { LANDSCAPE } else { PORTRAIT };
    for (index, (start, top, width)) in boxes.into_iter().enumerate() {
        if only_active && index != form.active {
            continue;
        }
        let place = if only_active {
            let keyboard = page.sheet.keyboard();
            Rect::from_min_size(
                keyboard.min - vec2(0.0, FIELD_HEIGHT + LABEL_HEIGHT),
                vec2(keyboard.width(), FIELD_HEIGHT),
            )
        } else {
            page.sheet.rect(start, top, width, FIELD_HEIGHT)
        };
        if paint_field(page, form, index, place) {
            form.activate(index, now);
        }
    }
    let touched = if only_active { None } else { paint_language(page, form) };
    if is_up || form.slide.is_moving(now) {
        let kind = FIELDS.get(form.active).map_or(FieldKind::Name, |(_, kind)| *kind);
        let reduced_motion = page.canvas.reduced_motion;
        let at = form.slide.place(page.sheet.keyboard(), page.sheet.size.y, now, reduced_motion);
        for keystroke in page.canvas.keyboard(at, &mut form.keyboard, kind, now) {
            form.take(keystroke, false, now);
        }
        if is_up {
            for keystroke in attached_keyboard(page.canvas, field_id(form.active)) {
                form.take(keystroke, true, now);
            }
        }
    }
    touched
}

fn field_id(index: usize) -> Id {
    Id::unique("field").with(index)
}

/// Gives whether it was touched.
fn paint_field(page: &mut Page<'_, '_>, form: &Form, index: usize, place: Rect) -> bool {
    let (Some((detail, _)), Some(writing)) = (FIELDS.get(index), form.fields.get(index)) else { return false };
    let (label, hint, icon, problem_key) = match detail {
        DetailField::Name => ("form.name", None, Icon::Person, "field.name"),
        DetailField::Phone => ("form.phone", Some("form.number"), Icon::Phone, "field.phone"),
        DetailField::Email => ("form.email", Some("form.address"), Icon::Mail, "field.email"),
        DetailField::Note => ("form.note", Some("form.note.hint"), Icon::Edit, "field.note"),
    };
    let label = page.word(label);
    let optional = page.word("form.optional");
    // The name has no hint of its own: its label says it.
    let hint = hint.map_or_else(|| label.clone(), |key| page.word(key));
    let is_name = *detail == DetailField::Name;
    let words = FieldWords { label: &label, optional: (!is_name).then_some(&optional), hint: &hint, icon };
    let is_active = form.slide.is_open() && form.active == index;
    let caret = is_active.then(|| Caret {
        keyboard: if writing.kind().is_latin() { Language::ENGLISH } else { form.keyboard.language() },
        since_key: page.shown.now.saturating_sub(form.last_key),
    });
    let is_refused = form.refused.contains(detail);
    let problem = writing.told_problem().or(is_refused.then_some(problem_key));
    let response = page.canvas.text_field(field_id(index), place, &words, writing, caret, problem.is_some());
    if let Some(key) = problem {
        let text = page.word(key);
        page.canvas.below_field(place, &text, true);
    } else if writing.is_full() {
        let limit = writing.kind().limit();
        page.canvas.below_field(place, &format!("{} / {limit}", writing.letters()), false);
    }
    response.clicked()
}

fn paint_language(page: &mut Page<'_, '_>, form: &mut Form) -> Option<Language> {
    const SWITCH: f32 = 383.0;
    let row = if page.sheet.is_landscape {
        page.sheet.rect(848.0, 679.0, 992.0, 104.0)
    } else {
        page.sheet.rect(64.0, 868.0, 952.0, 104.0)
    };
    let colours = page.canvas.palette();
    let text = page.word("name.lang");
    let width = row.width() - SWITCH - 24.0;
    let block = page.canvas.block(&text, TypeRole::LABEL, width, Fit::Wrap);
    let top = (row.height() - block.height()) / 2.0;
    let line = page.canvas.inside(row, 0.0, top, vec2(width, block.height()));
    block.paint(page.canvas.painter(), line.min, colours.ink);
    let place = page.canvas.inside(row, row.width() - SWITCH, 0.0, vec2(SWITCH, row.height()));
    let chosen = form.language.unwrap_or(page.canvas.language);
    let touched = page.canvas.language_choice(Id::unique("spoken language"), place, chosen)?;
    form.language = Some(touched);
    Some(touched)
}
