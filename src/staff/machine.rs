//! What the staff pages do: `(state, input, now) → (state, actions)`. Pure: no clock, no database, no camera.
//!
//! Two things hold whatever is touched: no page but the PIN pad without a right PIN, and nothing is kept of anybody
//! before they agreed. `tests.rs` tries random touches.

use std::time::Duration;

mod enrolment;
mod io;
#[cfg(test)]
mod tests;
mod view;

pub use io::{Action, Alike, Enrolled, Input, Member, Now, PinOutcome, RequestId, SafeMode, Settings};

use super::{
    capture::{Capture, NO_PICTURE_AFTER},
    details,
    pin::{Guard, PIN_DIGITS, Pin},
};
use crate::{
    event::{
        Language, VisitorId,
        staff::{DetailField, LivePicture, PersonDetails, PinProblem, RefusedDetails, Removed, StaffCommand},
    },
    store::{Consent, PeopleList, PersonRecord, UnixMillis},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The staff pages.
#[derive(Clone)]
pub struct State {
    page: Page,
    language: Language,
    /// The language that staff chose, while a person reads in theirs.
    staff_language: Language,
    member: Option<Member>,
    guard: Guard,
    touched_at: Duration,
    last_request: RequestId,
    /// A PIN that is being checked, even if the pad was closed meanwhile: there is one at a time, so that none is tried
    /// past the pauses.
    checking: Option<RequestId>,
    /// Whether recognition is not paused.
    recognises: bool,
    /// The language that the consent page was asked to be read out in. It may be silent by now.
    read: Option<Language>,
}

#[derive(Clone)]
enum Page {
    Closed,
    Pin(PinPad),
    People { search: String, list: PeopleList, asked: RequestId },
    Person(Box<PersonPage>),
    Details { details: PersonDetails, refused: Vec<DetailField> },
    Consent { details: PersonDetails, until: UnixMillis },
    Capture(Box<Sitting>),
    Done { name: String, until: UnixMillis },
    Fault,
}

#[derive(Clone, Default)]
struct PinPad {
    digits: Vec<u8>,
    checking: Option<RequestId>,
    counting: Option<RequestId>,
    problem: Option<PinProblem>,
}

#[derive(Clone)]
struct PersonPage {
    /// `None` until it was read.
    record: Option<PersonRecord>,
    /// The list that is shown until then.
    before: (String, PeopleList),
    asked: RequestId,
    confirms_forget: bool,
    forgetting: Option<RequestId>,
    removed: Option<Removed>,
    /// Changed details that were not valid.
    refused: Option<RefusedDetails>,
}

/// Somebody who agreed, while their pictures are taken. Everything is dropped with it.
#[derive(Clone)]
struct Sitting {
    details: PersonDetails,
    consent: Consent,
    until: UnixMillis,
    capture: Capture,
    live: Option<LivePicture>,
    seen_at: Duration,
    comparing: Option<RequestId>,
    alike: Option<Alike>,
    /// The question who it is has been answered, if it was asked.
    is_identified: bool,
    renews: Option<VisitorId>,
    saving: Option<RequestId>,
    failed: bool,
}

impl State {
    /// Closed pages. `guard` and `recognises` come from the audit log.
    #[must_use]
    pub fn new(language: Language, guard: Guard, recognises: bool) -> Self {
        Self {
            page: Page::Closed,
            language,
            staff_language: language,
            member: None,
            guard,
            touched_at: Duration::ZERO,
            last_request: RequestId::default(),
            checking: None,
            recognises,
            read: None,
        }
    }

    /// Whether people are recognised now.
    #[must_use]
    pub fn recognises(&self, settings: &Settings) -> bool {
        settings.recognition && self.recognises
    }

    /// When something happens by itself.
    #[must_use]
    pub fn deadline(&self, settings: &Settings) -> Duration {
        let closes_at = self.closes_at(settings);
        match &self.page {
            Page::Capture(sitting) if sitting.live.is_some() => closes_at.min(sitting.seen_at + NO_PICTURE_AFTER),
            _ => closes_at,
        }
    }

    fn closes_at(&self, settings: &Settings) -> Duration {
        match self.page {
            Page::Closed => Duration::MAX,
            _ => self.touched_at.saturating_add(settings.closes_after),
        }
    }

    /// Takes `input` in. What is to be done about it, in order.
    #[must_use]
    pub fn step(&mut self, settings: &Settings, input: Input, now: Now) -> Vec<Action> {
        let read = self.read;
        let mut step = Step { state: self, settings, now, actions: Vec::new() };
        step.take(input);
        step.leave_reading(read);
        step.actions
    }
}

struct Step<'a> {
    state: &'a mut State,
    settings: &'a Settings,
    now: Now,
    actions: Vec<Action>,
}

impl Step<'_> {
    fn take(&mut self, input: Input) {
        match input {
            Input::Command(command) => {
                // A touch that comes after the end finds the pages closed.
                self.close_if_late();
                self.state.touched_at = self.now.clock;
                self.command(command);
            }
            Input::Tick => {
                self.close_if_late();
                self.notice_lost_camera();
            }
            Input::StaffCounted(request, count) => self.staff_counted(request, count),
            Input::PinChecked(request, outcome) => self.pin_checked(request, outcome),
            Input::PeopleRead(request, read) => {
                if let Page::People { list, asked, .. } = &mut self.state.page
                    && *asked == request
                {
                    *list = read.unwrap_or_default();
                }
            }
            Input::PersonRead(request, read) => self.person_read(request, read),
            Input::Forgotten(request, removed) => self.forgotten(request, removed),
            Input::Glimpse(glimpse) => self.look(&glimpse),
            Input::Compared(request, alike) => {
                if let Page::Capture(sitting) = &mut self.state.page
                    && sitting.comparing == Some(request)
                {
                    sitting.comparing = None;
                    sitting.is_identified = alike.is_none();
                    sitting.alike = alike;
                }
            }
            Input::Saved(request, is_saved) => self.saved(request, is_saved),
            Input::PeopleChanged => self.read_again(),
        }
    }

    fn command(&mut self, command: StaffCommand) {
        match command {
            StaffCommand::Open => self.open(),
            StaffCommand::Close => self.close(),
            StaffCommand::StillThere => {}
            StaffCommand::SetLanguage(language) => {
                self.state.language = language;
                if !self.is_with_a_person() {
                    self.state.staff_language = language;
                }
            }
            StaffCommand::Digit(digit) => self.digit(digit),
            StaffCommand::EraseDigit => {
                if let Page::Pin(pad) = &mut self.state.page
                    && pad.checking.is_none()
                {
                    pad.digits.pop();
                }
            }
            // Everything else is behind the PIN; in safe mode there is nothing else.
            command => {
                if let (Some(member), None) = (self.state.member.clone(), &self.settings.safe_mode) {
                    self.command_of(&member, command);
                }
            }
        }
    }

    fn command_of(&mut self, member: &Member, command: StaffCommand) {
        match command {
            StaffCommand::ShowPeople if !self.is_with_a_person() => self.show_people(String::new()),
            StaffCommand::Search(search) if matches!(self.state.page, Page::People { .. }) => self.show_people(search),
            StaffCommand::ShowPerson(id) if matches!(self.state.page, Page::People { .. } | Page::Person(_)) => {
                self.show_person(id);
            }
            StaffCommand::SaveDetails(id, details) => self.save_details(member, id, &details),
            StaffCommand::AskForget(id) => self.ask_forget(id),
            StaffCommand::CancelForget => {
                if let Page::Person(page) = &mut self.state.page {
                    page.confirms_forget = false;
                }
            }
            StaffCommand::ConfirmForget => self.confirm_forget(member),
            StaffCommand::SetRecognition(on) if self.settings.recognition && self.state.recognises != on => {
                self.state.recognises = on;
                self.actions.push(Action::SetRecognition(on, member.id));
            }
            StaffCommand::BeginEnrolment => self.begin_enrolment(),
            StaffCommand::SetDetails(details) => self.set_details(details),
            StaffCommand::ReadOut => self.read_out(),
            StaffCommand::Agree => self.agree(),
            StaffCommand::Decline if self.is_with_a_person() => self.end_enrolment(),
            StaffCommand::StartOver => {
                if let Page::Capture(sitting) = &mut self.state.page
                    && sitting.saving.is_none()
                {
                    sitting.start_over();
                }
            }
            StaffCommand::NotTheSame => self.identify(|_| None),
            StaffCommand::TheSame => self.identify(|alike| Some(alike.visitor)),
            StaffCommand::Finish if matches!(self.state.page, Page::Done { .. }) => self.end_enrolment(),
            _ => {}
        }
    }

    // The PIN pad.

    fn open(&mut self) {
        if !matches!(self.state.page, Page::Closed) {
            return;
        }
        if self.settings.safe_mode.as_ref().is_some_and(|safe_mode| !safe_mode.has_pins) {
            self.state.page = Page::Fault;
            return;
        }
        let counting = self.request();
        let problem = self.state.guard.problem(self.settings.lockout, self.now.wall);
        self.state.page = Page::Pin(PinPad { counting: Some(counting), problem, ..PinPad::default() });
        self.actions.push(Action::CountStaff(counting));
    }

    fn close(&mut self) {
        if matches!(self.state.page, Page::Capture(_)) {
            self.actions.push(Action::Look(false));
        }
        self.state.page = Page::Closed;
        if self.state.member.take().is_some() && self.settings.safe_mode.is_none() {
            self.actions.push(Action::GiveBack);
        }
        self.state.language = self.settings.language;
        self.state.staff_language = self.settings.language;
    }

    fn close_if_late(&mut self) {
        if self.now.clock >= self.state.closes_at(self.settings) {
            self.close();
        }
    }

    fn staff_counted(&mut self, request: RequestId, count: usize) {
        if let Page::Pin(pad) = &mut self.state.page
            && pad.counting == Some(request)
            && count == 0
        {
            // Where nobody can show who they are, everybody is told what is wrong.
            match self.settings.safe_mode {
                Some(_) => self.state.page = Page::Fault,
                None => pad.problem = Some(PinProblem::NobodyHasOne),
            }
        }
    }

    fn digit(&mut self, digit: u8) {
        let Page::Pin(pad) = &mut self.state.page else { return };
        if digit > 9 || pad.checking.is_some() || pad.digits.len() >= PIN_DIGITS {
            return;
        }
        pad.digits.push(digit);
        let Some(pin) = Pin::of_digits(&pad.digits) else { return };
        let is_busy = self.state.checking.map(|_| PinProblem::Wait { seconds: 1 });
        if let Some(problem) = self.state.guard.problem(self.settings.lockout, self.now.wall).or(is_busy) {
            pad.digits.clear();
            pad.problem = Some(problem);
            return;
        }
        self.state.last_request.0 += 1;
        let request = self.state.last_request;
        self.state.checking = Some(request);
        pad.checking = Some(request);
        pad.problem = None;
        self.actions.push(Action::CheckPin(request, pin));
    }

    fn pin_checked(&mut self, request: RequestId, outcome: PinOutcome) {
        if self.state.checking != Some(request) {
            return;
        }
        self.state.checking = None;
        // It counts, and is written down, even if the pad was closed meanwhile.
        let problem = match &outcome {
            PinOutcome::Wrong => {
                self.actions.push(Action::AuditWrong);
                Some(self.state.guard.wrong(self.settings.lockout, self.now.wall))
            }
            PinOutcome::Right(member) => {
                self.state.guard.right();
                self.actions.push(Action::AuditRight(member.id));
                None
            }
            PinOutcome::NobodyHasOne => Some(PinProblem::NobodyHasOne),
            PinOutcome::Failed => None,
        };
        let Page::Pin(pad) = &mut self.state.page else { return };
        if pad.checking != Some(request) {
            return;
        }
        pad.checking = None;
        pad.digits.clear();
        pad.problem = problem;
        if let PinOutcome::Right(member) = outcome {
            self.state.member = Some(member);
            match self.settings.safe_mode {
                Some(_) => self.state.page = Page::Fault,
                None => {
                    self.actions.push(Action::TakeOver);
                    self.show_people(String::new());
                }
            }
        }
    }

    // The people on record.

    fn show_people(&mut self, search: String) {
        let asked = self.request();
        // What was listed stays until the answer is there.
        let list = match std::mem::replace(&mut self.state.page, Page::Closed) {
            Page::People { list, .. } => list,
            _ => PeopleList::default(),
        };
        self.state.page = Page::People { search: search.clone(), list, asked };
        self.actions.push(Action::ReadPeople(asked, search));
    }

    fn show_person(&mut self, id: VisitorId) {
        let asked = self.request();
        let before = match std::mem::replace(&mut self.state.page, Page::Closed) {
            Page::People { search, list, .. } => (search, list),
            Page::Person(page) => page.before,
            _ => Default::default(),
        };
        self.state.page = Page::Person(Box::new(PersonPage {
            record: None,
            before,
            asked,
            confirms_forget: false,
            forgetting: None,
            removed: None,
            refused: None,
        }));
        self.actions.push(Action::ReadPerson(asked, id));
    }

    fn person_read(&mut self, request: RequestId, read: Option<Box<PersonRecord>>) {
        let Page::Person(page) = &mut self.state.page else { return };
        if page.asked != request {
            return;
        }
        match read {
            Some(record) => page.record = Some(*record),
            None => self.show_people(String::new()),
        }
    }

    fn save_details(&mut self, member: &Member, id: VisitorId, details: &PersonDetails) {
        let Page::Person(page) = &self.state.page else { return };
        let is_shown = page.record.as_ref().is_some_and(|record| record.row.id == id);
        if !is_shown || page.removed.is_some() {
            return;
        }
        let request = self.request();
        let Page::Person(page) = &mut self.state.page else { return };
        match details::validate(details) {
            Ok(details) => {
                page.asked = request;
                page.refused = None;
                self.actions.push(Action::Edit(request, id, details, member.id));
            }
            // The window names most of what is wrong while it is written. What it lets pass is told now.
            Err(fields) => {
                page.refused = Some(RefusedDetails { number: request.0, details: details.clone(), fields });
            }
        }
    }

    fn ask_forget(&mut self, id: VisitorId) {
        if let Page::Person(page) = &mut self.state.page
            && page.removed.is_none()
            && page.record.as_ref().is_some_and(|record| record.row.id == id && record.row.until.is_some())
        {
            page.confirms_forget = true;
        }
    }

    fn confirm_forget(&mut self, member: &Member) {
        let request = self.request();
        if let Page::Person(page) = &mut self.state.page
            && page.confirms_forget
            && page.forgetting.is_none()
            && let Some(record) = &page.record
        {
            page.forgetting = Some(request);
            self.actions.push(Action::Forget(request, record.row.id, member.id));
        }
    }

    fn forgotten(&mut self, request: RequestId, removed: Option<Removed>) {
        let asked = self.request();
        if let Page::Person(page) = &mut self.state.page
            && page.forgetting == Some(request)
            && let Some(record) = &page.record
        {
            page.forgetting = None;
            page.confirms_forget = false;
            page.removed = removed;
            page.asked = asked;
            self.actions.push(Action::ReadPerson(asked, record.row.id));
        }
    }

    /// Shows what was changed from elsewhere.
    fn read_again(&mut self) {
        let asked = self.request();
        match &mut self.state.page {
            Page::People { search, asked: before, .. } => {
                *before = asked;
                self.actions.push(Action::ReadPeople(asked, search.clone()));
            }
            Page::Person(page) => {
                if let Some(record) = &page.record {
                    page.asked = asked;
                    self.actions.push(Action::ReadPerson(asked, record.row.id));
                }
            }
            _ => {}
        }
    }

    fn request(&mut self) -> RequestId {
        self.state.last_request.0 += 1;
        self.state.last_request
    }
}
