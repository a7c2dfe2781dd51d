//! A window in a test: the real application over a view that the test sets, in virtual time.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shared by the window's tests, each of which uses a part"
)]

pub mod staff;

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use arc_swap::ArcSwap;
use eframe::egui;
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use majlis::{
    audio::Meters,
    clock::ManualClock,
    config,
    event::{
        Alternative, AppointmentCard, ByLanguage, Caption, CaptionWord, Card, Command, Connection, EntryId, Fault,
        FaultCause, Language, Phase, QrModules, Sight, SlotId, Speaker, SummaryCard, ToolStep, ToolView, Topic, View,
        WordState,
        staff::{StaffCommand, StaffPage, StaffView},
    },
    ui::{KioskApp, PausedInputs, UiInputs, WindowHandle, WindowInputs, fonts, paused::PausedApp},
    words::Words,
};
use tokio::sync::{mpsc, watch};

pub const PORTRAIT: [f32; 2] = [1080.0, 1920.0];
pub const LANDSCAPE: [f32; 2] = [1920.0, 1080.0];

/// The window under test and the other ends of its channels.
pub struct Kiosk {
    pub harness: Harness<'static, Option<KioskApp>>,
    pub view: Arc<ArcSwap<View>>,
    pub commands: mpsc::Receiver<Command>,
    pub meters: watch::Sender<Meters>,
    pub sight: watch::Sender<Sight>,
    pub staff_view: Arc<ArcSwap<StaffView>>,
    pub staff: mpsc::Receiver<StaffCommand>,
    pub clock: ManualClock,
}

impl Kiosk {
    pub fn new(view: View, size: [f32; 2], ui: config::Ui) -> Self {
        Self::with_assets(view, size, ui, Path::new("assets"))
    }

    pub fn with_assets(view: View, size: [f32; 2], ui: config::Ui, assets: &Path) -> Self {
        let view = Arc::new(ArcSwap::from_pointee(view));
        let (commands, received) = mpsc::channel(8);
        let (meters, read) = watch::channel(Meters { input_dbfs: -60.0, noise_dbfs: -60.0, ..Meters::default() });
        let (sight, seen) = watch::channel(Sight::default());
        let staff_view = Arc::new(ArcSwap::from_pointee(StaffView::closed(Language::ENGLISH)));
        let (staff, staff_received) = mpsc::channel(64);
        let clock = ManualClock::default();
        clock.advance(Duration::from_secs(10));
        let inputs = UiInputs {
            view: view.clone(),
            meters: read,
            commands,
            sight: seen,
            window: WindowInputs {
                staff_view: staff_view.clone(),
                staff,
                wall: today,
                words: Arc::new(Words::load(assets).unwrap()),
                stand: config::Stand::default(),
                ui,
                assets: assets.to_owned(),
                clock: Arc::new(clock.clone()),
                handle: WindowHandle::default(),
            },
            screenshots: mpsc::channel(1).1,
        };
        let mut inputs = Some(inputs);
        let harness = Harness::builder().with_size(size).with_step_dt(0.05).with_max_steps(1).wgpu().build_ui_state(
            move |ui, app: &mut Option<KioskApp>| match (app.as_mut(), inputs.take()) {
                (Some(app), _) => app.frame(&mut whole_window(ui), Duration::ZERO),
                // The fonts come with the next frame.
                (None, Some(inputs)) => {
                    let fonts = fonts::load(&inputs.window.assets).unwrap();
                    *app = Some(KioskApp::new(ui.ctx(), inputs, fonts, fastrand::Rng::with_seed(7)));
                }
                (None, None) => {}
            },
            None,
        );
        Self { harness, view, commands: received, meters, sight, staff_view, staff: staff_received, clock }
    }

    /// The application.
    pub fn app(&self) -> &KioskApp {
        self.harness.state().as_ref().unwrap()
    }

    /// One frame, fifty milliseconds later.
    pub fn step(&mut self) {
        self.clock.advance(Duration::from_millis(50));
        self.harness.step();
    }

    /// Lets `steps` frames pass while a voice rises and falls at the microphone and the speaker.
    pub fn settle(&mut self, steps: u16) {
        for index in 0..steps {
            // The trail of the look's picture: 22 bars.
            let i = f32::from(index + 22 - steps.min(22)) % 44.0;
            let level = (i * 0.53).sin().abs() * (i * 0.17 + 0.9).sin().abs() * (0.4 + 0.6 * i / 22.0);
            self.meters.send_modify(|meters| {
                meters.input_dbfs = meters.noise_dbfs + 6.0 + 30.0 * level;
                meters.voice.loudness = 0.8;
                meters.voice.jaw = 0.9;
                meters.voice.open_vowel = 0.4;
                meters.voice.spread = -0.4;
            });
            self.step();
        }
    }

    pub fn show(&mut self, change: impl FnOnce(&mut View)) {
        let mut view = View::clone(&self.view.load());
        change(&mut view);
        self.view.store(Arc::new(view));
        self.step();
    }

    /// A finger comes down at `place`, and stays.
    pub fn press(&mut self, place: egui::Pos2) {
        self.finger(place, true);
    }

    /// The finger at `place` is lifted.
    pub fn release(&mut self, place: egui::Pos2) {
        self.finger(place, false);
    }

    fn finger(&mut self, pos: egui::Pos2, pressed: bool) {
        self.harness.hover_at(pos);
        let modifiers = egui::Modifiers::NONE;
        let button = egui::PointerButton::Primary;
        self.harness.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
        self.step();
    }

    /// Shows a staff page.
    pub fn show_staff(&mut self, view: StaffView) {
        self.staff_view.store(Arc::new(view));
        self.step();
    }

    /// What was touched on staff pages, but for signs of life.
    pub fn staff_sent(&mut self) -> Vec<StaffCommand> {
        std::iter::from_fn(|| self.staff.try_recv().ok()).filter(|sent| *sent != StaffCommand::StillThere).collect()
    }

    /// What can be touched: its words, and where it is.
    pub fn controls(&self) -> Vec<(String, egui::Rect)> {
        let nodes = self.harness.root().children_recursive();
        nodes
            .filter(|node| {
                use egui::Role::{Button, RadioButton, Switch, Tab};
                matches!(node.accesskit_node().role(), Button | Switch | RadioButton | Tab)
            })
            .map(|node| (node.accesskit_node().label().unwrap_or_default(), node.rect()))
            .collect()
    }

    /// Where the window can be touched, but for the whole of it.
    pub fn touchable(&self) -> Vec<egui::Rect> {
        self.controls().into_iter().map(|(_, rect)| rect).filter(|rect| rect.height() < 400.0).collect()
    }

    pub fn sent(&mut self) -> Vec<Command> {
        std::iter::from_fn(|| self.commands.try_recv().ok()).collect()
    }
}

/// The date of every picture: a Saturday morning at the stand.
pub fn today() -> jiff::Timestamp {
    "2026-11-21T07:24:00Z".parse().unwrap()
}

/// The window without the margin that the harness leaves.
pub fn whole_window(ui: &egui::Ui) -> egui::Ui {
    let whole = egui::UiBuilder::new().max_rect(ui.ctx().content_rect());
    egui::Ui::new(ui.ctx().clone(), egui::Id::unique("window"), whole)
}

/// The configuration with a fixed theme: pictures must not depend on the hour.
pub fn themed(theme: &str) -> config::Ui {
    config::Ui { theme: theme.parse().unwrap(), ..config::Ui::default() }
}

pub fn topics() -> Arc<[Topic]> {
    [
        ("hours", "clock", "Opening hours", "أوقات الزيارة"),
        ("training", "cap", "Training programmes", "البرامج التدريبية"),
        ("way", "pin", "Find your way", "الطريق إلى القاعات"),
        ("appointment", "calendar", "Book an appointment", "حجز موعد"),
    ]
    .into_iter()
    .map(|(entry, icon, english, arabic)| Topic {
        entry: EntryId(entry.into()),
        icon: icon.into(),
        label: ByLanguage::texts(english, arabic),
    })
    .collect()
}

pub fn view(phase: Phase, language: Language) -> View {
    View {
        phase,
        phase_since: Duration::ZERO,
        language,
        caption: None,
        before: None,
        hint: None,
        connection: Connection::Online,
        lost: Vec::new(),
        uses_service: false,
        camera_on: true,
        known: None,
        tool: None,
        card: None,
        persona: None,
        topics: topics(),
        is_reading: false,
        toast: None,
    }
}

/// The words of `text`; those before `|` in the first state, the one after it in the second, the rest in the third.
fn caption(speaker: Speaker, language: Language, text: &str, states: [WordState; 3]) -> Caption {
    let mut stage = 0;
    let mut words = Vec::new();
    for word in text.split(' ') {
        if word == "|" {
            stage = 1;
            continue;
        }
        words.push(CaptionWord { text: word.into(), state: states[stage] });
        stage = if stage == 1 { 2 } else { stage };
    }
    Caption { speaker, language, words }
}

pub fn heard(language: Language) -> Caption {
    let text = if language == Language::ARABIC {
        "في أي ساعة يفتح الجناح | غدًا صبا"
    } else {
        "What time does the pavilion open | tomorrow mor"
    };
    let states = [WordState::Recognised, WordState::Uncertain, WordState::Uncertain];
    caption(Speaker::Visitor, language, text, states)
}

pub fn spoken(language: Language) -> Caption {
    let text = if language == Language::ARABIC {
        "يفتح جناح Noor Energy أبوابه غدًا من الساعة 9:00 صباحًا حتى 6:00 | مساءً، وتبدأ دورة Solar Skills 2027 في القاعة B2 الساعة 11:30."
    } else {
        "The Noor Energy pavilion opens tomorrow at 9:00 and closes at | 18:00, and the Solar Skills 2027 course starts in hall B2 at 11:30."
    };
    caption(Speaker::Kiosk, language, text, [WordState::Spoken, WordState::Now, WordState::ToCome])
}

pub fn asked(language: Language) -> (Speaker, String) {
    let text = if language == Language::ARABIC {
        "متى يفتح الجناح غدًا؟ وهل توجد دورات عن الطاقة الشمسية؟"
    } else {
        "When does the pavilion open tomorrow? Are there solar courses?"
    };
    (Speaker::Visitor, text.into())
}

/// What keeps the kiosk of the tests from starting.
pub fn fault(cause: FaultCause) -> Fault {
    let (code, found) = match cause {
        FaultCause::Devices => ("AUDIO-204", "the speaker's rate is 0 Hz; allowed 8000 to 192000"),
        FaultCause::Files => (
            "MODEL-101",
            "/opt/majlis/releases/2026-11-21T07-24-00Z/share/models/silero_vad.onnx: not found; allowed: the file that \
             models/manifest.toml names. Run scripts/setup.sh",
        ),
        FaultCause::Storage => ("STORE-301", "the store's thread cannot be started"),
        FaultCause::Configuration => (
            "CONFIG-401",
            "kiosk.toml:12: ui.theme: found \"pink\"; allowed day, dusk, contrast, auto\nkiosk.toml:31: turn.max_prepared: \
             found \"x\"; allowed a whole number from 0 to 20",
        ),
    };
    Fault { cause, code: code.into(), found: found.into() }
}

/// Safe mode under test and the other ends of its channels.
pub struct SafeMode {
    pub harness: Harness<'static, Option<PausedApp>>,
    pub staff_view: Arc<ArcSwap<StaffView>>,
    pub staff: mpsc::Receiver<StaffCommand>,
    pub start_again: Arc<AtomicBool>,
    /// Whether the window was told to close.
    pub is_closing: bool,
    clock: ManualClock,
}

impl SafeMode {
    pub fn new(size: [f32; 2], ui: config::Ui, cause: FaultCause) -> Self {
        let clock = ManualClock::default();
        let staff_view = Arc::new(ArcSwap::from_pointee(StaffView::closed(Language::ENGLISH)));
        let (staff, touched) = mpsc::channel(64);
        let mut inputs = Some(PausedInputs {
            fault: fault(cause),
            window: WindowInputs {
                staff_view: staff_view.clone(),
                staff,
                wall: today,
                words: Arc::new(Words::load(Path::new("assets")).unwrap()),
                stand: config::Stand::default(),
                ui,
                assets: "assets".into(),
                clock: Arc::new(clock.clone()),
                handle: WindowHandle::default(),
            },
        });
        let start_again = Arc::new(AtomicBool::new(false));
        let shared = start_again.clone();
        let harness = Harness::builder().with_size(size).with_step_dt(0.05).with_max_steps(1).wgpu().build_ui_state(
            move |ui, app: &mut Option<PausedApp>| match (app.as_mut(), inputs.take()) {
                (Some(app), _) => app.frame(&mut whole_window(ui), Duration::ZERO),
                (None, Some(inputs)) => {
                    let fonts = fonts::load(&inputs.window.assets).unwrap();
                    *app = Some(PausedApp::new(ui.ctx(), inputs, fonts, shared.clone()));
                }
                (None, None) => {}
            },
            None,
        );
        let mut safe = Self { harness, staff_view, staff: touched, start_again, is_closing: false, clock };
        safe.settle();
        safe
    }

    /// Two seconds.
    pub fn settle(&mut self) {
        for _ in 0..40 {
            self.clock.advance(Duration::from_millis(50));
            self.harness.step();
            let mut asked = self.harness.output().viewport_output.values().flat_map(|output| &output.commands);
            self.is_closing |= asked.any(|asked| *asked == egui::ViewportCommand::Close);
        }
    }

    pub fn show_staff(&mut self, page: StaffPage, language: Language) {
        self.staff_view.store(Arc::new(staff::shown(page, language)));
        self.settle();
    }

    pub fn touch(&mut self, label: &str) {
        self.harness.get_by_role_and_label(egui::accesskit::Role::Button, label).click();
        self.settle();
    }

    pub fn sent(&mut self) -> Vec<StaffCommand> {
        std::iter::from_fn(|| self.staff.try_recv().ok()).filter(|sent| *sent != StaffCommand::StillThere).collect()
    }
}

/// The code of the look's picture, row by row.
pub fn qr() -> QrModules {
    let rows: Vec<&str> = include_str!("qr.txt").lines().collect();
    QrModules { side: rows.len(), dark: rows.iter().flat_map(|row| row.bytes()).map(|module| module == b'1').collect() }
}

pub fn appointment(language: Language) -> Card {
    let arabic = language == Language::ARABIC;
    let text = |english: &str, own: &str| if arabic { own.to_owned() } else { english.to_owned() };
    let other = |slot: &str, time: String, day: String| Alternative { slot: SlotId(slot.into()), time, day };
    let (tuesday, wednesday) = (text("Tuesday", "الثلاثاء"), text("Wednesday", "الأربعاء"));
    Card::Appointment(Arc::new(AppointmentCard {
        day: text("Tuesday 24 November", "الثلاثاء 24 نوفمبر"),
        time: text("10:30 to 11:00", "من 10:30 إلى 11:00 صباحًا"),
        host: text("Training adviser", "مستشار التدريب"),
        subject: text("Apprenticeship programme", "برنامج التدريب المهني"),
        place: text("Meeting point B2", "نقطة اللقاء B2"),
        place_detail: text("First floor, left of the stairs", "الطابق الأول، على يسار السلم"),
        code: "NEP-4H7K".into(),
        qr: qr(),
        alternatives: vec![
            other("a", "11:30".into(), tuesday.clone()),
            other("b", text("14:00", "2:00 م"), tuesday),
            other("c", "9:30".into(), wednesday),
        ],
    }))
}

pub fn summary(language: Language) -> Card {
    let lines = |english: &[&str], own: &[&str]| -> Vec<String> {
        let lines = if language == Language::ARABIC { own } else { english };
        lines.iter().map(|line| (*line).to_owned()).collect()
    };
    Card::Summary(Arc::new(SummaryCard {
        asked: lines(
            &["When does the pavilion open tomorrow?", "Are there solar courses?"],
            &["متى يفتح الجناح غدًا؟", "هل توجد دورات عن الطاقة الشمسية؟"],
        ),
        done: lines(&["Looked for free appointments"], &["البحث عن المواعيد المتاحة"]),
        booked: lines(
            &["Training adviser, Tuesday 24 November, 10:30 to 11:00"],
            &["مستشار التدريب، الثلاثاء 24 نوفمبر، من 10:30 إلى 11:00"],
        ),
        duration: Duration::from_secs(185),
    }))
}

/// A tool runs, as the look has it: one step done, one under way.
pub fn tool(language: Language) -> View {
    let arabic = language == Language::ARABIC;
    let (said, asked) = if arabic {
        ("بكل سرور. لحظة من فضلكم.", "هل يمكنني لقاء مستشار التدريب يوم الثلاثاء؟")
    } else {
        ("Gladly. One moment, please.", "Can I meet a training adviser on Tuesday?")
    };
    View {
        caption: Some(caption(Speaker::Kiosk, language, said, [WordState::Spoken; 3])),
        before: Some((Speaker::Visitor, asked.into())),
        tool: Some(ToolView {
            key: "tool.appointments",
            icon: "calendar",
            steps: vec![
                ToolStep { key: "tool.booking.short", is_done: true },
                ToolStep { key: "tool.appointments.short", is_done: false },
            ],
        }),
        topics: topics().iter().take(2).cloned().collect(),
        ..view(Phase::CallingTool, language)
    }
}
