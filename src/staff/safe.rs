//! The desk of a program that cannot start: the PIN pad, and behind it why. Everything else of the staff pages needs
//! what may be missing here.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::mpsc;

use super::{
    WallClock,
    desk::{self, ANSWERS, COMMANDS, PIN_ENTRIES},
    machine::{Action, Input, Now, SafeMode, Settings, State},
    pin::Guard,
};
use crate::{
    clock::Clock,
    config::Config,
    event::{
        Fault,
        staff::{StaffCommand, StaffView},
    },
    store::{Actor, AuditAction, People, UnixMillis},
};

/// What safe mode's desk is made of.
pub struct SafeDeskParts<'a> {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the calendar and the clock on the wall say.
    pub wall: WallClock,
    /// The configuration; where it is what is wrong, what could be read of it.
    pub config: &'a Config,
    /// What keeps the program from starting.
    pub fault: Fault,
    /// The database with the PINs; `None`: it cannot be read. Then the page shows itself without one, and only tells.
    pub people: Option<People>,
    /// Called after the view was replaced. Must not block.
    pub repaint: Box<dyn Fn() + Send + Sync>,
}

/// What the window of safe mode is told and tells.
pub struct SafeDeskHandle {
    /// What is touched. Bounded; when it is full a touch is dropped.
    pub commands: mpsc::Sender<StaffCommand>,
    /// What the window shows.
    pub view: Arc<ArcSwap<StaffView>>,
}

/// The task behind safe mode's staff pages.
pub struct SafeDesk {
    clock: Arc<dyn Clock>,
    wall: WallClock,
    settings: Settings,
    state: State,
    people: Option<People>,
    repaint: Box<dyn Fn() + Send + Sync>,
    view: Arc<ArcSwap<StaffView>>,
    answers: mpsc::Sender<Input>,
}

impl SafeDesk {
    /// Starts the task, which ends with the last sender of commands. It needs a tokio runtime.
    #[must_use]
    pub fn start(parts: SafeDeskParts<'_>) -> SafeDeskHandle {
        let language = parts.config.stand.language;
        let safe_mode = SafeMode { fault: Arc::new(parts.fault), has_pins: parts.people.is_some() };
        // Nobody is compared with anybody here.
        let settings = Settings { safe_mode: Some(safe_mode), ..desk::settings(parts.config, 1.0) };
        let (commands, touched) = mpsc::channel(COMMANDS);
        let (answers, answered) = mpsc::channel(ANSWERS);
        let view = Arc::new(ArcSwap::from_pointee(StaffView::closed(language)));
        let desk = Self {
            clock: parts.clock,
            wall: parts.wall,
            state: State::new(language, Guard::default(), false),
            settings,
            people: parts.people,
            repaint: parts.repaint,
            view: view.clone(),
            answers,
        };
        tokio::spawn(desk.run(touched, answered));
        SafeDeskHandle { commands, view }
    }

    async fn run(mut self, mut touched: mpsc::Receiver<StaffCommand>, mut answered: mpsc::Receiver<Input>) {
        self.remember().await;
        loop {
            let deadline = self.state.deadline(&self.settings);
            let clock = self.clock.clone();
            let input = tokio::select! {
                biased;
                command = touched.recv() => match command {
                    Some(command) => Input::Command(command),
                    None => return,
                },
                Some(answer) = answered.recv() => answer,
                // Closed pages have no deadline.
                () = clock.sleep_until(deadline), if deadline != std::time::Duration::MAX => Input::Tick,
            };
            self.take(input);
        }
    }

    /// Wrong PINs count across starts, here as well.
    async fn remember(&mut self) {
        let Some(people) = &self.people else { return };
        let tried = desk::read_people(people, |reader| {
            reader.audit_log(&[AuditAction::PinRight, AuditAction::PinWrong], PIN_ENTRIES)
        });
        if let Some(tried) = tried.await {
            let guard = Guard::of_audit_log(&tried, self.settings.lockout);
            self.state = State::new(self.settings.language, guard, false);
        }
    }

    fn now(&self) -> Now {
        Now { clock: self.clock.now(), wall: UnixMillis((self.wall)().as_millisecond()) }
    }

    fn take(&mut self, input: Input) {
        let now = self.now();
        for action in self.state.step(&self.settings, input, now) {
            self.act(action);
        }
        desk::show(&self.view, self.state.view(&self.settings), &*self.repaint);
    }

    fn act(&self, action: Action) {
        let Some(people) = self.people.clone() else { return };
        match action {
            Action::CountStaff(request) => {
                self.answer(async move { Input::StaffCounted(request, desk::count_staff(&people).await) })
            }
            Action::CheckPin(request, pin) => {
                self.answer(async move { Input::PinChecked(request, desk::check_pin(&people, pin).await) })
            }
            Action::AuditRight(member) => {
                let by = Actor::Staff(member);
                desk::audit(&people, self.now().wall, by, AuditAction::PinRight, Some(member));
            }
            Action::AuditWrong => {
                desk::audit(&people, self.now().wall, Actor::Unknown, AuditAction::PinWrong, None);
            }
            // There is no visit to take over; the machine asks for nothing else in safe mode.
            _ => {}
        }
    }

    /// Waits for an answer beside the desk, and takes it in.
    fn answer(&self, work: impl Future<Output = Input> + Send + 'static) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            // The desk may be gone by now.
            let _ = answers.send(work.await).await;
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        clock::ManualClock,
        event::{
            Bus, FaultCause, Language,
            staff::{PinProblem, StaffPage},
        },
        staff::{pin::Pin, system_wall_clock},
        store::{Key, Store},
    };

    /// A limit that is never reached unless the test fails.
    const LONG: Duration = Duration::from_secs(20);

    fn fault() -> Fault {
        let found = "kiosk.toml:3: ui.theme: found \"pink\"; allowed day, dusk, contrast, auto".to_owned();
        Fault { cause: FaultCause::Configuration, code: "CONFIG-401".to_owned(), found }
    }

    fn desk(clock: &ManualClock, people: Option<People>) -> SafeDeskHandle {
        SafeDesk::start(SafeDeskParts {
            clock: Arc::new(clock.clone()),
            wall: system_wall_clock(),
            config: &Config::default(),
            fault: fault(),
            people,
            repaint: Box::new(|| {}),
        })
    }

    async fn until(desk: &SafeDeskHandle, is_there: impl Fn(&StaffView) -> bool) -> Arc<StaffView> {
        tokio::time::timeout(LONG, async {
            loop {
                let view = desk.view.load_full();
                if is_there(&view) {
                    return view;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap()
    }

    async fn type_pin(desk: &SafeDeskHandle, pin: &str) {
        for digit in pin.bytes() {
            desk.commands.send(StaffCommand::Digit(digit - b'0')).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_pin_opens_why_the_program_does_not_start_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::default();
        let store = Store::open(&folder.path().join("majlis.sqlite"), Bus::new(Arc::new(clock.clone()))).unwrap();
        let people = store.people(Key::random());
        people.ready().await.unwrap();
        let hash = Pin::parse("402913").unwrap().hash().unwrap();
        people.add_staff("Aisha".to_owned(), hash, UnixMillis(0)).await.unwrap();
        let desk = desk(&clock, Some(people.clone()));

        desk.commands.send(StaffCommand::Open).await.unwrap();
        type_pin(&desk, "118274").await;
        until(&desk, |view| {
            matches!(&view.page, Some(StaffPage::Pin(pin)) if matches!(pin.problem, Some(PinProblem::Wrong { .. })))
        })
        .await;
        type_pin(&desk, "402913").await;
        let view = until(&desk, |view| matches!(view.page, Some(StaffPage::Fault(_)))).await;
        let Some(StaffPage::Fault(shown)) = &view.page else { panic!("another page") };
        assert_eq!((&*shown.fault, shown.may_act, view.staff_name.as_str()), (&fault(), true, "Aisha"));

        desk.commands.send(StaffCommand::ShowPeople).await.unwrap();
        desk.commands.send(StaffCommand::BeginEnrolment).await.unwrap();
        desk.commands.send(StaffCommand::SetLanguage(Language::ARABIC)).await.unwrap();
        let view = until(&desk, |view| view.language == Language::ARABIC).await;
        assert!(matches!(view.page, Some(StaffPage::Fault(_))), "people are not shown in safe mode");
        desk.commands.send(StaffCommand::Close).await.unwrap();
        until(&desk, |view| view.page.is_none()).await;

        assert!(tokio::task::spawn_blocking(move || store.flush(LONG)).await.unwrap());
        let tries = [AuditAction::PinRight, AuditAction::PinWrong];
        let log = people.reader().unwrap().audit_log(&tries, 10).unwrap();
        let log: Vec<AuditAction> = log.into_iter().map(|entry| entry.action).collect();
        assert_eq!(log, [AuditAction::PinRight, AuditAction::PinWrong], "the newest first");
    }

    #[tokio::test]
    async fn without_a_database_the_page_tells_but_nothing_can_be_done_there() {
        let clock = ManualClock::default();
        let desk = desk(&clock, None);
        desk.commands.send(StaffCommand::Open).await.unwrap();
        let view = until(&desk, |view| view.page.is_some()).await;
        assert!(matches!(&view.page, Some(StaffPage::Fault(shown)) if !shown.may_act));
        clock.advance(Duration::from_secs(Config::default().staff.closes_after_s + 1));
        until(&desk, |view| view.page.is_none()).await;
    }
}
