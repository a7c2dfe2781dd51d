//! What happens, and what is asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AnswerId, BudgetStatus, Cost, EntryId, KnownVisitor, Language, PersonaId, PresenceChange, SlotId, ToolFailure,
    ToolStatus, TrackId, TurnId, VisitId, VisitorId,
};

/// Where a conversation stands (DESIGN, "The state of a conversation").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nobody is there.
    #[default]
    Idle,
    /// Somebody is there, nothing was said yet.
    Attending,
    /// The visitor may speak, or speaks.
    Listening,
    /// The visitor has finished; the words are not there yet.
    Transcribing,
    /// The words are there, the answer is not.
    Thinking,
    /// A tool runs for the answer.
    CallingTool,
    /// The answer is being heard (or shown, without a speaker).
    Speaking,
    /// The visitor spoke over the answer; it is paused until that is judged.
    Interrupted,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person in front of the kiosk.
    Visitor,
    /// The kiosk.
    Kiosk,
}

/// Which kind of part answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServedBy {
    /// A service at a base URL.
    Cloud,
    /// The parts inside the program.
    Embedded,
}

/// A device of the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// What the visitor is heard with.
    Microphone,
    /// What the kiosk is heard with.
    Speaker,
    /// What the visitor is seen with.
    Camera,
    /// The window.
    Display,
    /// The database.
    Store,
}

/// Whether a device can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// It works.
    Ready,
    /// It is gone or does not work; it is looked for again.
    Lost,
}

/// A kind of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Speech to text.
    SpeechToText,
    /// The language model.
    LanguageModel,
    /// Text to speech.
    TextToSpeech,
}

/// What became of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderStatus {
    /// It answers.
    Healthy,
    /// One request failed; the next provider served it.
    Failed,
    /// It failed too often and is left alone until a trial succeeds.
    Suspended,
}

/// Why a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The visitor said goodbye.
    Goodbye,
    /// Nobody said anything for too long.
    Silence,
    /// The visitor left.
    Departure,
    /// The visitor touched "Finish".
    Touch,
    /// Staff took the kiosk over.
    Staff,
    /// The program is stopping.
    Shutdown,
}

/// Something that happened. Carries no words of the visitor's, so that it may be logged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A visit began.
    VisitStarted {
        /// Which.
        visit: VisitId,
    },
    /// A visit ended.
    VisitEnded {
        /// Which.
        visit: VisitId,
        /// Why.
        reason: EndReason,
    },
    /// The conversation moved on.
    PhaseChanged {
        /// Where it was.
        from: Phase,
        /// Where it is.
        to: Phase,
    },
    /// A turn is complete; `ops::report` adds its figures.
    TurnFinished {
        /// Which.
        turn: TurnId,
        /// The answer it got, if any.
        answer: Option<AnswerId>,
    },
    /// A device came or went.
    Device {
        /// Which.
        device: Device,
        /// Its state now.
        status: DeviceStatus,
        /// For staff: the device's name and the cause. Nothing personal.
        detail: String,
    },
    /// A provider failed, was suspended or answers again.
    Provider {
        /// Its kind.
        kind: ProviderKind,
        /// Its name (`cloud`, `embedded`).
        name: String,
        /// Its state now.
        status: ProviderStatus,
        /// For staff: the cause. Nothing secret, nothing personal.
        detail: String,
    },
    /// A state lasted longer than it can and was ended.
    WatchdogFired {
        /// The state that was stuck.
        phase: Phase,
    },
    /// Work that was begun for a turn that came to nothing.
    WorkThrown {
        /// Transcriptions.
        transcriptions: u32,
        /// Answers.
        answers: u32,
    },
    /// Somebody came or went.
    Presence {
        /// Whose face.
        track: TrackId,
        /// What they did.
        change: PresenceChange,
    },
    /// It was decided who somebody is.
    Identity {
        /// Whose face.
        track: TrackId,
        /// Who; `None`: nobody on record.
        visitor: Option<VisitorId>,
        /// The similarity to that person, or to the most similar one, −1..1.
        score: f32,
        /// How much more similar than the second best.
        margin: f32,
        /// How many pictures voted.
        votes: u32,
    },
    /// Pictures were kept for, or sent to, the model that sees.
    PicturesObserved {
        /// Kept since the last time this was told.
        seen: u64,
        /// Sent since then.
        sent: u64,
    },
    /// A tool was called, or a call came to its end.
    ToolCall {
        /// The turn it belongs to.
        turn: TurnId,
        /// The call.
        call: String,
        /// The tool.
        tool: String,
        /// Where it stands.
        status: ToolStatus,
        /// How long it took, ms; not for `started`.
        took_ms: Option<u64>,
        /// Why it failed.
        failure: Option<ToolFailure>,
    },
    /// Somebody else speaks.
    PersonaChanged {
        /// Who spoke before.
        from: PersonaId,
        /// Who speaks now.
        to: PersonaId,
    },
    /// A turn, visit or day has cost this.
    Spent {
        /// `turn`, `visit` or `day`.
        scope: &'static str,
        /// How much.
        cost: Cost,
    },
    /// The day's budget stands otherwise than before.
    Budget {
        /// How it stands.
        status: BudgetStatus,
        /// What the day has cost so far.
        spent: Cost,
        /// What it may cost.
        budget: Cost,
    },
    /// A recorded microphone has come to its end.
    InputEnded,
    /// Something was dropped because a queue was full or an input too long.
    Dropped {
        /// What: `audio_frames`, `audio_events`, `utterance_tail`, `turn_records`, `records`.
        what: &'static str,
        /// How many.
        count: u64,
    },
}

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stamped {
    /// Since the start of the run (`Clock`).
    #[serde(rename = "at_ms", serialize_with = "as_ms")]
    pub at: Duration,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

fn as_ms<S: serde::Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(at.as_millis()).unwrap_or(u64::MAX))
}

/// Something asked for from outside the conversation: by touch, by presence, by staff, by a demonstration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Somebody is in front of the kiosk and looks at it.
    VisitorArrived,
    /// Nobody is in front of the kiosk any more.
    VisitorLeft,
    /// The visitor is somebody who agreed to be known.
    VisitorRecognised(Box<KnownVisitor>),
    /// "That is not me" was touched.
    NotMe,
    /// "Forget me" was touched, and confirmed.
    ForgetMe,
    /// The niche was touched: begin to talk.
    Touch,
    /// A topic was touched: ask its question.
    AskTopic(EntryId),
    /// The language switch was touched.
    SetLanguage(Language),
    /// "Finish" was touched.
    Finish,
    /// Another time was touched on the card of the appointment.
    MoveAppointment(SlotId),
    /// "Cancel it" was touched on the card of the appointment.
    CancelAppointment,
    /// The card was put away.
    HideCard,
    /// The visitor asked for a person.
    CallStaff,
    /// A member of staff has signed in at the screen: until they have left, what is said there is not for the kiosk.
    StaffSignedIn,
    /// The staff pages are closed.
    StaffLeft,
    /// "Read out" was touched on a page of text: says it, instead of whatever is being said. Touched while the kiosk
    /// reads, it stops.
    ReadOut {
        /// What stands there.
        text: std::sync::Arc<str>,
        /// Its language.
        language: Language,
    },
    /// The page that is being read out is gone.
    StopReading,
    /// End the visit and stop the program.
    Shutdown,
}
