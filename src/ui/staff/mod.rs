//! The staff pages: PIN, people, enrolment. A person who is enrolled sees the consent and the pictures here too.
//!
//! In: the [`StaffView`] and the time. Out: shapes and [`StaffTouch`]es. Never touches: the database, the camera; what is being
//! written stays here until it is sent, and is forgotten when the page goes.

mod capture;
mod consent;
mod done;
mod fault;
mod form;
mod live;
mod people;
mod person;
mod pin;
mod sheet;

use std::time::Duration;

use eframe::egui::{Event, Id, Vec2, pos2, vec2};

use self::{form::Form, live::Live, people::People, sheet::Sheet};
use super::{
    dates::Dates,
    icons::Icon,
    layout::{Layout, Niche, Orientation},
    text::Fit,
    tokens::{TypeRole, Weight},
    widgets::{Button, ButtonKind, Canvas, Hold, Plate, Scroll},
};
use crate::{
    config,
    event::{
        VisitorId,
        staff::{StaffCommand, StaffPage, StaffView},
    },
    words::Words,
};

/// What was touched on a staff page.
#[derive(Clone, PartialEq)]
pub enum StaffTouch {
    /// Something the staff room has to know.
    Command(StaffCommand),
    /// "Text size".
    TextSize,
    /// "Start again" (safe mode).
    StartAgain,
    /// "End the program" (safe mode).
    End,
}

/// What the pages are drawn from.
#[derive(Clone, Copy)]
pub struct StaffShown<'a> {
    /// The pages.
    pub view: &'a StaffView,
    /// All sentences.
    pub words: &'a Words,
    /// Who receives.
    pub stand: &'a config::Stand,
    /// Whether the visitor's text size is above 100 %.
    pub is_large_text: bool,
    /// The visitor's text size, for the consent text: 1, 1.25 or 1.5.
    pub text_zoom: f32,
    /// Whether the text of the page is being read out.
    pub is_reading: bool,
    /// The time since the start.
    pub now: Duration,
    /// The date.
    pub wall: jiff::Timestamp,
}

/// Which page stands there: what is remembered of one does not outlive it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageId {
    Pin,
    People,
    Person(VisitorId),
    Details,
    Consent,
    Capture,
    Done,
    Fault,
}

impl PageId {
    fn of(page: &StaffPage) -> Self {
        match page {
            StaffPage::Pin(_) => Self::Pin,
            StaffPage::People(_) => Self::People,
            StaffPage::Person(person) => Self::Person(person.row.id),
            StaffPage::Details { .. } => Self::Details,
            StaffPage::Consent(_) => Self::Consent,
            StaffPage::Capture(_) => Self::Capture,
            StaffPage::Done { .. } => Self::Done,
            StaffPage::Fault(_) => Self::Fault,
        }
    }
}

/// What the pages remember between frames.
#[derive(Default)]
pub struct StaffPages {
    shown: Option<PageId>,
    people: People,
    form: Option<Form>,
    /// The refusal of changed details that was told last.
    refusal: Option<u64>,
    hold: Hold,
    /// How far the text of the page is scrolled.
    text: Scroll,
    live: Live,
    /// The longest time until closing that was seen: how long the pages stay without a touch.
    closes_after: Duration,
}

impl StaffPages {
    /// The pages are closed: nothing of them is kept.
    pub fn close(&mut self) {
        if self.shown.is_some() {
            *self = Self::default();
        }
    }

    /// Whether something moves by itself: a keyboard slides.
    #[must_use]
    pub fn is_moving(&self, now: Duration) -> bool {
        self.form.as_ref().is_some_and(|form| form.is_moving(now)) || self.people.is_moving(now)
    }

    /// Paints the page and gives what was touched.
    pub fn paint(&mut self, canvas: &mut Canvas<'_>, plate: &mut Plate, shown: StaffShown<'_>) -> Vec<StaffTouch> {
        let Some(content) = &shown.view.page else { return Vec::new() };
        let id = PageId::of(content);
        if self.shown != Some(id) {
            self.form = None;
            self.refusal = None;
            self.hold = Hold::default();
            self.text.reset();
            self.live = Live::default();
            if id == PageId::Pin {
                self.people = People::default();
            }
            self.shown = Some(id);
        }
        let left = shown.view.closes_at.saturating_sub(shown.now);
        self.closes_after = self.closes_after.max(left);
        let is_landscape = canvas.ui.max_rect().width() > canvas.ui.max_rect().height();
        let sheet = Sheet::new(canvas.ui.max_rect().size(), is_landscape, canvas.is_mirrored());
        let mut page = Page { canvas, shown, sheet, touches: Vec::new(), closes_after: self.closes_after };
        match content {
            StaffPage::Pin(pin) => pin::paint(&mut page, plate, pin),
            StaffPage::People(people) => self.people.paint(&mut page, people),
            StaffPage::Person(person) => {
                if let Some(refused) = person.refused.as_ref().filter(|refused| self.refusal != Some(refused.number)) {
                    self.refusal = Some(refused.number);
                    self.form = Some(Form::refused(refused, page.canvas.language, page.shown.now));
                }
                person::paint(&mut page, person, &mut self.form);
            }
            StaffPage::Details { details, refused } => form::paint_step(&mut page, &mut self.form, details, refused),
            StaffPage::Consent(view) => consent::paint(&mut page, view, &mut self.hold, &mut self.text),
            StaffPage::Capture(view) => capture::paint(&mut page, view, &mut self.live),
            StaffPage::Fault(view) => fault::paint(&mut page, view, &mut self.text),
            StaffPage::Done { name, until } => done::paint(&mut page, name, *until),
        }
        let mut touches = page.touches;
        if touches.is_empty() && somebody_is_there(canvas) {
            touches.push(StaffTouch::Command(StaffCommand::StillThere));
        }
        touches
    }
}

/// Whether a touch ended or a key went down in this frame.
fn somebody_is_there(canvas: &Canvas<'_>) -> bool {
    canvas.ui.input(|input| {
        input.pointer.any_released()
            || input.events.iter().any(|event| matches!(event, Event::Text(_) | Event::Key { pressed: true, .. }))
    })
}

/// The niche of the page, if it has one. Only the PIN pad has.
#[must_use]
pub fn niche(page: &StaffPage, size: Vec2, is_mirrored: bool) -> Option<Niche> {
    if !matches!(page, StaffPage::Pin(_)) {
        return None;
    }
    let layout = Layout::new(size, false, is_mirrored);
    Some(match layout.orientation {
        Orientation::Landscape => layout.niche,
        Orientation::Portrait => {
            let middle = size.x / 2.0;
            let opening = eframe::egui::Rect::from_min_size(pos2(middle - 210.0, 140.0), vec2(420.0, 372.0));
            Niche { opening, avatar_centre: pos2(middle, 350.0), avatar_radius: 88.0 }
        }
    })
}

/// One frame of a page while it is painted.
struct Page<'a, 'c> {
    canvas: &'a mut Canvas<'c>,
    shown: StaffShown<'a>,
    sheet: Sheet,
    touches: Vec<StaffTouch>,
    closes_after: Duration,
}

/// The pages say that they close in this time.
const SOON: Duration = Duration::from_secs(20);

impl<'a> Page<'a, '_> {
    fn send(&mut self, command: StaffCommand) {
        self.touches.push(StaffTouch::Command(command));
    }

    fn word(&self, key: &str) -> String {
        self.canvas.word(key)
    }

    fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.canvas.words.fill(key, self.canvas.language, values)
    }

    fn dates(&self) -> Dates<'a> {
        Dates { words: self.shown.words, language: self.shown.view.language, time_zone: &self.shown.stand.time_zone }
    }

    /// The button that is `label`led, at `place`.
    fn button(
        &mut self,
        name: &str,
        place: eframe::egui::Rect,
        kind: ButtonKind,
        icon: Option<Icon>,
        label: &str,
    ) -> bool {
        self.canvas.button(Id::unique("staff").with(name), place, &Button::new(kind, icon, label)).clicked()
    }

    /// A line of text where reading starts in `place`; gives its height.
    fn line(&mut self, place: eframe::egui::Rect, text: &str, role: TypeRole, colour: eframe::egui::Color32) -> f32 {
        let block = self.canvas.block(text, role, place.width(), Fit::Wrap);
        block.paint(self.canvas.painter(), place.min, colour);
        let shown = eframe::egui::Rect::from_min_size(place.min, vec2(place.width(), block.height()));
        self.canvas.describe(("line", text.len(), place.min.y as i32, place.min.x as i32), shown, text);
        block.height()
    }

    /// The lock, the page's name, and `end` at the other side.
    fn header(&mut self, title: &str, end: &str) {
        let place = self.sheet.header();
        let colours = self.canvas.palette();
        let lock = self.canvas.inside(place, 0.0, 10.0, vec2(44.0, 44.0));
        self.canvas.icon(Icon::Lock, lock, colours.brass);
        let role = TypeRole { weight: Weight::SemiBold, ..TypeRole::LABEL };
        let end_role = TypeRole { size: 30.0, ..TypeRole::LABEL };
        // Shortly before the pages close, landscape has no other place to say so.
        let left = self.shown.view.closes_at.saturating_sub(self.shown.now);
        let soon = (self.sheet.is_landscape && left <= SOON).then(|| self.closes_soon(left));
        let end = soon.as_deref().unwrap_or(end);
        let width = self.canvas.block(end, end_role, f32::INFINITY, Fit::Wrap).text_width().min(560.0);
        let block = self.canvas.block(end, end_role, width + 1.0, Fit::OneLine);
        let at = self.canvas.inside(place, place.width() - width - 1.0, 10.0, vec2(width + 1.0, 44.0));
        let colour = if soon.is_some() { colours.warn } else { colours.ink2 };
        block.paint(self.canvas.painter(), at.min, colour);
        if !end.is_empty() {
            self.canvas.describe("header end", at, end);
        }
        let title_place = self.canvas.inside(place, 62.0, 10.0, vec2(place.width() - 62.0 - width - 24.0, 44.0));
        let block = self.canvas.block(title, role, title_place.width(), Fit::OneLine);
        block.paint(self.canvas.painter(), title_place.min, colours.ink);
        self.canvas.describe("header", title_place, title);
    }

    /// "Staff", who it is, the date and the time.
    fn staff_header(&mut self) {
        let title = self.word("staff.title");
        let name = self.shown.view.staff_name.clone();
        let title = if name.is_empty() { title } else { format!("{title} · {name}") };
        let dates = self.dates();
        let end = format!("{} · {}", dates.weekday(self.shown.wall), dates.time(self.shown.wall));
        // The minute changes by itself.
        self.canvas.changes_in(Duration::from_secs(10));
        self.header(&title, &end);
    }

    /// The four steps, `at` being the present one.
    fn steps(&mut self, at: usize) {
        let names = ["step.name", "step.consent", "step.pictures", "step.done"].map(|key| self.word(key));
        let place = self.sheet.steps();
        self.canvas.steps(place, &names, at);
    }

    /// The bar with the tabs, "Close", and when the pages close by themselves.
    fn tabs(&mut self) {
        let word = self.word("people.title");
        let (bed, _) = self.sheet.tabs();
        if self.canvas.tab(Id::unique("tab").with("people"), bed, Icon::Person, &word, self.sheet.is_landscape) {
            self.send(StaffCommand::ShowPeople);
        }
        self.close_bar();
    }

    /// "Close" alone: while a person is being enrolled there is no other page to go to.
    fn close_bar(&mut self) {
        let close = self.word("staff.close");
        let (_, end) = self.sheet.tabs();
        let touched = if self.sheet.is_landscape {
            self.button("close", end, ButtonKind::Normal, Some(Icon::Cross), &close)
        } else {
            let tool = super::widgets::Tool { icon: Icon::Cross, label: &close, is_on: false };
            self.canvas.tool(Id::unique("staff").with("close"), end, tool).clicked()
        };
        if touched {
            self.send(StaffCommand::Close);
        }
        self.closing();
    }

    /// When the pages close by themselves. Landscape says it in its header, and only shortly before.
    fn closing(&mut self) {
        let left = self.shown.view.closes_at.saturating_sub(self.shown.now);
        if left == Duration::MAX || self.shown.view.closes_at == Duration::MAX {
            return;
        }
        let until_soon = left.saturating_sub(SOON);
        self.canvas.changes_in(if until_soon.is_zero() { Duration::from_secs(1) } else { until_soon });
        if self.sheet.is_landscape {
            return;
        }
        let text = if left <= SOON {
            self.closes_soon(left)
        } else {
            let minutes = (self.closes_after.as_secs() + 30) / 60;
            match minutes {
                0 | 1 => self.word("staff.closes.one"),
                2 => self.word("staff.closes.two"),
                n => self.fill("staff.closes.many", &[("n", &n.to_string())]),
            }
        };
        let place = self.sheet.low(64.0, 1796.0, 952.0, 56.0);
        self.note(place, Icon::Clock, 36.0, &text);
    }

    fn closes_soon(&self, left: Duration) -> String {
        self.fill("staff.closes.soon", &[("n", &left.as_secs_f32().ceil().to_string())])
    }

    /// An icon and a small sentence in the middle of `place`'s height.
    fn note(&mut self, place: eframe::egui::Rect, icon: Icon, side: f32, text: &str) {
        let colours = self.canvas.palette();
        let at = self.canvas.inside(place, 0.0, (place.height() - side) / 2.0, vec2(side, side));
        self.canvas.icon(icon, at, colours.ink2);
        let role = TypeRole { weight: Weight::Regular, line_height: 36.0, ..TypeRole::MICRO };
        let width = place.width() - side - 20.0;
        let block = self.canvas.block(text, role, width, Fit::Wrap);
        let top = (place.height() - block.height()) / 2.0;
        let line = self.canvas.inside(place, side + 20.0, top, vec2(width, block.height()));
        block.paint(self.canvas.painter(), line.min, colours.ink2);
        self.canvas.describe("note", line, text);
    }

    /// The page's name and a line below it.
    fn title(&mut self, title: &str, line: &str) {
        let colours = self.canvas.palette();
        let (start, width) = self.sheet.column();
        let top = if self.sheet.is_landscape { 132.0 } else { 148.0 };
        let place = self.sheet.rect(start, top, width, 68.0);
        self.line(place, title, TypeRole::TITLE, colours.ink);
        let place = self.sheet.rect(start, top + 68.0, width, 42.0);
        self.line(place, line, TypeRole::SMALL, colours.ink2);
    }
}
