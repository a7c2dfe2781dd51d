//! The task behind the staff pages: turns what happens into inputs of the machine and carries out its actions. It also
//! keeps the register up to date and forgets those whose time is over.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    Register,
    capture::{Demands, Taken},
    consent::ConsentTexts,
    machine::{Action, Alike, Enrolled, Input, Member, Now, PinOutcome, Settings, State},
    pin::{Guard, Lockout, Pin},
};
use crate::{
    clock::Clock,
    config::Config,
    event::{
        Command,
        staff::{StaffCommand, StaffView},
    },
    store::{
        Actor, AuditAction, AuditEntry, NewFace, NewPerson, People, PeopleReader, Record, StaffId, StoreError,
        UnixMillis,
    },
    vision::{Embedding, EyesMode, Glimpse},
};

/// Touches waiting for the desk. When it is full a touch is dropped; the finger touches again.
pub(super) const COMMANDS: usize = 32;

/// Answers of the database and of hashing waiting for the desk: each belongs to one touch. When it is full they wait.
pub(super) const ANSWERS: usize = 32;

/// How often the database is asked whether another process changed the people on record.
const REFRESH_EVERY: Duration = Duration::from_secs(3);

/// How often those whose time is over are forgotten, and how soon it is tried again if the database did not take it.
const RETENTION_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
const RETENTION_RETRY: Duration = Duration::from_secs(10 * 60);

/// Entries of the audit log that wrong PINs are counted from.
pub(super) const PIN_ENTRIES: u32 = 200;

/// What the desk is made of.
pub struct DeskParts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configuration.
    pub config: Arc<Config>,
    /// The people on record.
    pub register: Register,
    /// The recogniser's similarity from which two faces are the same person.
    pub same_person_threshold: f32,
    /// What the eyes see while somebody is enrolled.
    pub glimpses: watch::Receiver<Option<Arc<Glimpse>>>,
    /// Tells the eyes what they are used for.
    pub eyes: watch::Sender<EyesMode>,
    /// The conversation: its visit ends when staff sign in, and its voice reads the consent text out. Bounded; when it is full
    /// the touch is dropped.
    pub conversation: mpsc::Sender<Command>,
    /// Called after the view was replaced. Must not block.
    pub repaint: Box<dyn Fn() + Send + Sync>,
}

/// A running desk.
pub struct DeskHandle {
    /// What is touched. Bounded; when it is full a touch is dropped.
    pub commands: mpsc::Sender<StaffCommand>,
    /// What the window shows.
    pub view: Arc<ArcSwap<StaffView>>,
    /// Whether people are recognised: the configuration has it on, and staff have not paused it.
    pub recognises: watch::Receiver<bool>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl DeskHandle {
    /// Closes the pages and ends the task. Nothing unsaved is kept.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the desk did not end well");
        }
    }
}

/// The task behind the staff pages.
pub struct Desk {
    clock: Arc<dyn Clock>,
    register: Register,
    settings: Settings,
    state: State,
    glimpses: watch::Receiver<Option<Arc<Glimpse>>>,
    eyes: watch::Sender<EyesMode>,
    conversation: mpsc::Sender<Command>,
    repaint: Box<dyn Fn() + Send + Sync>,
    view: Arc<ArcSwap<StaffView>>,
    recognises: watch::Sender<bool>,
    answers: mpsc::Sender<Input>,
    next_refresh: Duration,
    next_retention: Duration,
}

impl Desk {
    /// Starts the task, which loads the register and forgets those whose time is over. It needs a tokio runtime. A
    /// consent text that cannot be read is told in the log; then nobody can be enrolled.
    #[must_use]
    pub fn start(parts: DeskParts) -> DeskHandle {
        let config = &parts.config;
        let consent = ConsentTexts::load(&config.paths.assets)
            .inspect_err(|error| tracing::error!(%error, "nobody can be enrolled"))
            .ok();
        let settings = Settings { consent: consent.map(Arc::new), ..settings(config, parts.same_person_threshold) };
        let language = config.stand.language;
        let (commands, touched) = mpsc::channel(COMMANDS);
        let (answers, answered) = mpsc::channel(ANSWERS);
        let view = Arc::new(ArcSwap::from_pointee(StaffView::closed(language)));
        let stop = CancellationToken::new();
        let (recognises, is_recognising) = watch::channel(false);
        let desk = Self {
            clock: parts.clock,
            register: parts.register,
            state: State::new(language, Guard::default(), settings.recognition),
            settings,
            glimpses: parts.glimpses,
            eyes: parts.eyes,
            conversation: parts.conversation,
            repaint: parts.repaint,
            view: view.clone(),
            recognises,
            answers,
            next_refresh: Duration::ZERO,
            next_retention: Duration::ZERO,
        };
        let task = tokio::spawn(desk.run(touched, answered, stop.clone()));
        DeskHandle { commands, view, recognises: is_recognising, stop, task }
    }

    async fn run(
        mut self,
        mut touched: mpsc::Receiver<StaffCommand>,
        mut answered: mpsc::Receiver<Input>,
        stop: CancellationToken,
    ) {
        self.remember().await;
        let mut has_eyes = true;
        loop {
            let now = self.clock.now();
            if now >= self.next_retention {
                self.forget_expired().await;
            }
            if now >= self.next_refresh {
                self.refresh().await;
            }
            let next_duty = self.next_refresh.min(self.next_retention);
            let deadline = self.state.deadline(&self.settings).min(next_duty);
            let input = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                command = touched.recv() => match command {
                    Some(command) => Input::Command(command),
                    None => break,
                },
                Some(answer) = answered.recv() => answer,
                changed = self.glimpses.changed(), if has_eyes => {
                    has_eyes = changed.is_ok();
                    match self.glimpses.borrow_and_update().clone() {
                        Some(glimpse) => Input::Glimpse(glimpse),
                        None => continue,
                    }
                }
                () = self.clock.sleep_until(deadline) => Input::Tick,
            };
            self.take(input);
        }
        self.take(Input::Command(StaffCommand::Close));
    }

    /// What survives a restart: wrong PINs, and whether recognition is paused.
    async fn remember(&mut self) {
        // The database may be opened by its thread only now.
        if let Err(error) = self.register.people().ready().await {
            tracing::error!(%error, "the people on record cannot be read yet");
        }
        let read = self.read(|reader| {
            let pins = reader.audit_log(&[AuditAction::PinRight, AuditAction::PinWrong], PIN_ENTRIES)?;
            let switches = reader.audit_log(&[AuditAction::RecognitionOn, AuditAction::RecognitionOff], 1)?;
            Ok((pins, switches))
        });
        match read.await {
            Ok((pins, switches)) => {
                let guard = Guard::of_audit_log(&pins, self.settings.lockout);
                let is_paused = switches.first().is_some_and(|last| last.action == AuditAction::RecognitionOff);
                self.state = State::new(self.settings.language, guard, !is_paused);
            }
            Err(error) => tracing::error!(%error, "wrong PINs before the start cannot be counted"),
        }
        self.tell_whether_recognising();
    }

    fn tell_whether_recognising(&self) {
        let recognises = self.state.recognises(&self.settings);
        self.register.set_paused(!recognises);
        self.recognises.send_replace(recognises);
    }

    fn take(&mut self, input: Input) {
        let now = Now { clock: self.clock.now(), wall: self.register.now() };
        for action in self.state.step(&self.settings, input, now) {
            self.act(action);
        }
        show(&self.view, self.state.view(&self.settings), &*self.repaint);
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::TakeOver => self.tell_conversation(Command::StaffSignedIn),
            Action::GiveBack => self.tell_conversation(Command::StaffLeft),
            Action::CountStaff(request) => self.answer(move |register| async move {
                Input::StaffCounted(request, count_staff(register.people()).await)
            }),
            Action::CheckPin(request, pin) => self.answer(move |register| async move {
                Input::PinChecked(request, check_pin(register.people(), pin).await)
            }),
            Action::AuditRight(member) => self.audit(Actor::Staff(member), AuditAction::PinRight, Some(member)),
            Action::AuditWrong => self.audit(Actor::Unknown, AuditAction::PinWrong, None),
            Action::ReadPeople(request, search) => self.answer(move |register| async move {
                let (recogniser, now) = (register.recogniser().name.clone(), register.now());
                let list = read_people(register.people(), move |reader| reader.list(&search, &recogniser, now)).await;
                Input::PeopleRead(request, list)
            }),
            Action::ReadPerson(request, id) => {
                self.answer(move |register| async move { Input::PersonRead(request, read_person(&register, id).await) })
            }
            Action::Edit(request, id, details, by) => self.answer(move |register| async move {
                let done = register.people().edit(id, details, Actor::Staff(by), register.now()).await;
                if let Err(error) = done {
                    tracing::error!(%error, "details are not changed");
                }
                Input::PersonRead(request, read_person(&register, id).await)
            }),
            Action::Forget(request, id, by) => self.answer(move |register| async move {
                let removed = register.forget(id, Actor::Staff(by)).await;
                let removed = removed.inspect_err(|error| tracing::error!(%error, "a person is not forgotten")).ok();
                Input::Forgotten(request, removed)
            }),
            Action::SetRecognition(on, by) => {
                let action = if on { AuditAction::RecognitionOn } else { AuditAction::RecognitionOff };
                self.audit(Actor::Staff(by), action, None);
                self.tell_whether_recognising();
            }
            Action::ReadOut(text, language) => self.tell_conversation(Command::ReadOut { text, language }),
            Action::StopReading => self.tell_conversation(Command::StopReading),
            Action::Look(wanted) => {
                self.eyes.send_replace(if wanted { EyesMode::Enrolment } else { EyesMode::Reception });
            }
            Action::Compare(request, embedding) => {
                let threshold = self.settings.duplicate_threshold;
                self.answer(move |register| async move {
                    Input::Compared(request, alike(&register, &embedding, threshold).await)
                });
            }
            Action::Save(request, enrolled) => {
                self.answer(move |register| async move { Input::Saved(request, save(&register, *enrolled).await) })
            }
        }
    }

    /// Does something that takes a while beside the desk, and takes its answer in.
    fn answer<F>(&self, work: impl FnOnce(Register) -> F)
    where
        F: Future<Output = Input> + Send + 'static,
    {
        let (work, answers) = (work(self.register.clone()), self.answers.clone());
        tokio::spawn(async move {
            let answer = work.await;
            // The desk may be gone by now.
            let _ = answers.send(answer).await;
        });
    }

    fn tell_conversation(&self, command: Command) {
        if self.conversation.try_send(command).is_err() {
            tracing::debug!("a touch was dropped: the conversation's queue is full or closed");
        }
    }

    fn audit(&self, actor: Actor, action: AuditAction, subject: Option<StaffId>) {
        audit(self.register.people(), self.register.now(), actor, action, subject);
    }

    async fn forget_expired(&mut self) {
        let now = self.clock.now();
        let next = match self.register.people().forget_expired(self.register.now()).await {
            Ok(forgotten) => {
                if !forgotten.is_empty() {
                    tracing::info!(people = forgotten.len(), "forgotten: the time they are kept is over");
                    // Nobody of them is recognised from now on.
                    self.next_refresh = now;
                }
                RETENTION_EVERY
            }
            Err(error) => {
                tracing::error!(%error, "those whose time is over are not forgotten yet");
                RETENTION_RETRY
            }
        };
        self.next_retention = now + next;
    }

    /// Another process, or this one, may have changed the people on record.
    async fn refresh(&mut self) {
        self.next_refresh = self.clock.now() + REFRESH_EVERY;
        let register = self.register.clone();
        match tokio::task::spawn_blocking(move || register.refresh()).await {
            Ok(Ok(true)) => self.take(Input::PeopleChanged),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the people on record cannot be read"),
            Err(error) => tracing::error!(%error, "reading the people on record did not end well"),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&PeopleReader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let people = self.register.people().clone();
        match tokio::task::spawn_blocking(move || read(&people.reader()?)).await {
            Ok(read) => read,
            Err(error) => Err(StoreError::NotChanged(error.to_string())),
        }
    }
}

/// Shows what the pages have come to, if that is something else.
pub(super) fn show(shown: &ArcSwap<StaffView>, view: StaffView, repaint: &dyn Fn()) {
    if **shown.load() != view {
        shown.store(Arc::new(view));
        repaint();
    }
}

/// Writes down who did what.
pub(super) fn audit(people: &People, at: UnixMillis, actor: Actor, action: AuditAction, subject: Option<StaffId>) {
    people.record(Record::Audit(AuditEntry::new(at, actor, action, subject.map(|staff| staff.0))));
}

/// What the pages need to know; without the consent text nobody can be enrolled.
pub(super) fn settings(config: &Config, same_person_threshold: f32) -> Settings {
    let duplicate = config.enrolment.duplicate_threshold;
    Settings {
        closes_after: Duration::from_secs(config.staff.closes_after_s),
        lockout: Lockout { max_attempts: config.staff.max_attempts, lock_minutes: config.staff.lock_minutes },
        recognition: config.vision.recognition,
        language: config.stand.language,
        // The configuration was checked: it is a time zone.
        time_zone: jiff::tz::TimeZone::get(&config.stand.time_zone).unwrap_or(jiff::tz::TimeZone::UTC),
        retention_days: config.enrolment.retention_days,
        demands: Demands::new(&config.vision, same_person_threshold),
        duplicate_threshold: if duplicate > 0.0 { duplicate } else { same_person_threshold },
        safe_mode: None,
        consent: None,
    }
}

/// Reads on a thread that may wait. `None`: it cannot be read, which is told in the log.
pub(super) async fn read_people<T: Send + 'static>(
    people: &People,
    read: impl FnOnce(&PeopleReader) -> Result<T, StoreError> + Send + 'static,
) -> Option<T> {
    let people = people.clone();
    let read = tokio::task::spawn_blocking(move || read(&people.reader()?)).await;
    match read {
        Ok(read) => read.inspect_err(|error| tracing::error!(%error, "the people on record cannot be read")).ok(),
        Err(error) => {
            tracing::error!(%error, "reading the people on record did not end well");
            None
        }
    }
}

async fn read_person(register: &Register, id: crate::event::VisitorId) -> Option<Box<crate::store::PersonRecord>> {
    let (recogniser, now) = (register.recogniser().name.clone(), register.now());
    read_people(register.people(), move |reader| reader.person(id, &recogniser, now)).await.flatten().map(Box::new)
}

/// How many members of staff have a PIN. What cannot be read is not nobody.
pub(super) async fn count_staff(people: &People) -> usize {
    let staff = read_people(people, |reader| reader.staff()).await;
    staff.map_or(1, |staff| staff.iter().filter(|member| member.pin_hash.is_some()).count())
}

/// Hashing takes some 30 ms for each member of staff, on a thread of its own.
pub(super) async fn check_pin(people: &People, pin: Pin) -> PinOutcome {
    let checked = read_people(people, move |reader| {
        let staff = reader.staff()?;
        if staff.iter().all(|member| member.pin_hash.is_none()) {
            return Ok(PinOutcome::NobodyHasOne);
        }
        let owner = pin.owner(&staff).map(|owner| Member { id: owner.id, name: owner.name.clone() });
        Ok(owner.map_or(PinOutcome::Wrong, PinOutcome::Right))
    });
    checked.await.unwrap_or(PinOutcome::Failed)
}

/// Somebody on record who looks like this.
async fn alike(register: &Register, embedding: &Embedding, threshold: f32) -> Option<Alike> {
    let found = register
        .gallery()
        .load()
        .search(embedding)
        .inspect_err(|error| tracing::error!(%error, "nobody was compared"))
        .ok()??;
    if found.score < threshold {
        return None;
    }
    let id = found.visitor;
    let known = read_people(register.people(), move |reader| reader.known(id)).await.flatten()?;
    Some(Alike { visitor: id, name: known.name, score: found.score })
}

async fn save(register: &Register, enrolled: Enrolled) -> bool {
    let covers_crops = enrolled.consent.covers_crops;
    let recogniser = register.recogniser().name.clone();
    let person = NewPerson {
        renews: enrolled.renews,
        details: enrolled.details,
        language: enrolled.language,
        consent: enrolled.consent,
        faces: enrolled.taken.iter().map(|taken| new_face(taken, &recogniser, covers_crops)).collect(),
        retained_until: enrolled.retained_until,
        by: Actor::Staff(enrolled.by),
    };
    if let Err(error) = register.people().enrol(person, register.now()).await {
        tracing::error!(%error, "a person is not enrolled");
        return false;
    }
    // They are recognised from now on; if the database cannot be read just now, from the next refresh on.
    let register = register.clone();
    match tokio::task::spawn_blocking(move || register.load()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the gallery is renewed later"),
        Err(error) => tracing::error!(%error, "renewing the gallery did not end well"),
    }
    true
}

/// What is kept of a picture.
pub(super) fn new_face(taken: &Taken, recogniser: &str, covers_crops: bool) -> NewFace {
    NewFace {
        recogniser: recogniser.to_owned(),
        pose: taken.pose,
        quality: taken.reading.quality.measures.sharpness,
        values: taken.reading.embedding.values().to_vec(),
        crop_png: if covers_crops { png(&taken.reading.crop) } else { None },
    }
}

fn png(picture: &image::RgbImage) -> Option<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .inspect_err(|error| tracing::error!(%error, "a crop is not kept"))
        .ok()?;
    Some(bytes.into_inner())
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
