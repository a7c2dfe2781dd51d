//! The conversation as the window sees it.

use std::{sync::Arc, time::Duration};

use super::{answer::ToolMark, heard::SpokenText, machine::State};
use crate::{
    audio::Playhead,
    event::{
        AnswerId, ByLanguage, Caption, CaptionWord, Card, Connection, Device, KnownVisitor, Language, Phase, Speaker,
        Toast, ToolStep, ToolView, Topic, View, WordState,
    },
};

/// What the view is made of, besides the machine's state.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// The visitor's words: those that are final, and those that may change.
    pub(super) visitor: Option<VisitorWords>,
    /// The kiosk's answer that sounds, or sounded last.
    pub(super) kiosk: Option<KioskWords>,
    /// The question that the present answer answers.
    pub(super) question: Option<String>,
    pub(super) is_thinking_long: bool,
    pub(super) connection: Connection,
    pub(super) lost: Vec<Device>,
    pub(super) uses_service: bool,
    pub(super) camera_on: bool,
    /// Whom the kiosk recognised in this visit.
    pub(super) known: Option<Arc<KnownVisitor>>,
    pub(super) topics: Arc<[Topic]>,
    pub(super) toast: Option<Toast>,
    /// When the last visitor took leave: the farewell stays for a while.
    pub(super) farewell_since: Option<Duration>,
    /// The tools of the present answer.
    pub(super) tool: Option<ToolView>,
    /// What takes the place of the caption.
    pub(super) card: Option<Card>,
    /// Questions asked since the card was shown.
    card_questions: u32,
    /// Until when the card of a visit that is over stays.
    pub(super) summary_until: Option<Duration>,
    /// The name of who speaks, if it is not whom the visit began with.
    pub(super) persona: Option<ByLanguage<String>>,
}

/// A card of an appointment stays for the question after it (another time? cancel it?), and leaves with the next.
const CARD_QUESTIONS: u32 = 2;

#[derive(Debug, Clone)]
pub(super) struct KioskWords {
    pub(super) answer: AnswerId,
    pub(super) language: Language,
    pub(super) spoken: SpokenText,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VisitorWords {
    pub(super) text: String,
    pub(super) language: Language,
    pub(super) is_final: bool,
}

impl Scene {
    pub(super) fn new(topics: Arc<[Topic]>, uses_service: bool, camera_on: bool) -> Self {
        Self {
            visitor: None,
            kiosk: None,
            question: None,
            is_thinking_long: false,
            connection: Connection::default(),
            lost: Vec::new(),
            uses_service,
            camera_on,
            known: None,
            topics,
            toast: None,
            farewell_since: None,
            tool: None,
            card: None,
            card_questions: 0,
            summary_until: None,
            persona: None,
        }
    }

    /// Nobody's words are left on the screen.
    pub(super) fn clear(&mut self) {
        self.visitor = None;
        self.kiosk = None;
        self.question = None;
        self.known = None;
        self.is_thinking_long = false;
        self.farewell_since = None;
        self.tool = None;
        self.persona = None;
        self.put_card_away();
    }

    pub(super) fn show_card(&mut self, card: Card) {
        self.card = Some(card);
        self.card_questions = 0;
        self.summary_until = None;
    }

    pub(super) fn put_card_away(&mut self) {
        self.card = None;
        self.summary_until = None;
    }

    /// The card of a visit that is over leaves in time.
    pub(super) fn put_summary_away(&mut self, now: Duration) {
        if self.summary_until.is_some_and(|until| now >= until) {
            self.put_card_away();
        }
    }

    /// The visitor has asked something.
    pub(super) fn question_asked(&mut self, text: String) {
        self.question = Some(text);
        self.card_questions += 1;
        if self.card_questions >= CARD_QUESTIONS {
            self.put_card_away();
        }
    }

    /// Tools begin to run: the first of them gives the plate its sentence.
    pub(super) fn begin_tools(&mut self, marks: &[ToolMark]) {
        let Some(first) = marks.first() else { return };
        let mut steps = self.tool.take().map(|tool| tool.steps).unwrap_or_default();
        for mark in marks {
            let key = short_key(mark.says);
            // The same step again is one line.
            steps.retain(|step: &ToolStep| step.key != key);
            steps.push(ToolStep { key, is_done: false });
        }
        self.tool = Some(ToolView { key: first.says, icon: first.icon, steps });
    }

    /// They have come to their end.
    pub(super) fn tools_done(&mut self) {
        for step in self.tool.iter_mut().flat_map(|tool| &mut tool.steps) {
            step.is_done = true;
        }
    }

    /// The answer that they ran for is over.
    pub(super) fn end_tools(&mut self) {
        self.tool = None;
    }

    pub(super) fn view(&self, state: &State, playhead: &Playhead) -> View {
        let phase = state.phase();
        let shows_kiosk = matches!(phase, Phase::Speaking | Phase::Interrupted);
        let said_last = self.kiosk.as_ref().map(|words| words.spoken.text()).filter(|text| !text.is_empty());
        let (caption, before) = if shows_kiosk {
            let before = self.question.clone().map(|text| (Speaker::Visitor, text));
            (self.kiosk_caption(playhead), before)
        } else {
            let caption = self.visitor_caption().or_else(|| self.kept_answer(phase));
            let before = said_last
                .filter(|_| caption.as_ref().is_none_or(|caption| caption.speaker == Speaker::Visitor))
                .map(|text| (Speaker::Kiosk, text.to_owned()));
            (caption, before)
        };
        View {
            phase,
            phase_since: state.phase_since(),
            language: state.language(),
            caption,
            before,
            hint: self.hint(phase),
            connection: self.connection,
            lost: self.lost.clone(),
            uses_service: self.uses_service,
            camera_on: self.camera_on,
            known: self.known.clone(),
            tool: self.tool.clone().filter(|_| matches!(phase, Phase::CallingTool | Phase::Thinking)),
            card: self.card.clone(),
            persona: self.persona.clone(),
            topics: self.topics.clone(),
            is_reading: state.is_reading(),
            toast: self.toast.clone(),
        }
    }

    fn kiosk_caption(&self, playhead: &Playhead) -> Option<Caption> {
        let KioskWords { answer, language, spoken } = self.kiosk.as_ref()?;
        // Until the first sample of this answer the playhead is still in the one before.
        let start = Playhead { answer: *answer, ..Playhead::default() };
        let playhead = if playhead.answer == *answer { playhead } else { &start };
        Some(Caption { speaker: Speaker::Kiosk, language: *language, words: spoken.caption(playhead) })
    }

    /// After an answer its words stay readable until the visitor speaks.
    fn kept_answer(&self, phase: Phase) -> Option<Caption> {
        let KioskWords { language, spoken, .. } = self.kiosk.as_ref().filter(|_| phase == Phase::Listening)?;
        Some(Caption {
            speaker: Speaker::Kiosk,
            language: *language,
            words: caption_words(spoken.text(), WordState::Spoken),
        })
        .filter(|caption| !caption.words.is_empty())
    }

    fn visitor_caption(&self) -> Option<Caption> {
        let words = self.visitor.as_ref()?;
        let state = if words.is_final { WordState::Recognised } else { WordState::Uncertain };
        Some(Caption { speaker: Speaker::Visitor, language: words.language, words: caption_words(&words.text, state) })
    }

    /// A sentence that takes the place of the caption.
    fn hint(&self, phase: Phase) -> Option<&'static str> {
        match phase {
            Phase::Attending => Some("attending"),
            Phase::Transcribing | Phase::Thinking | Phase::CallingTool => {
                self.is_thinking_long.then_some("thinking.long")
            }
            Phase::Interrupted => Some("interrupted"),
            Phase::Idle => self.farewell_since.map(|_| "goodbye"),
            Phase::Listening | Phase::Speaking => None,
        }
    }
}

/// The key of the short name of what a tool says (`tool.appointments.short`).
fn short_key(says: &'static str) -> &'static str {
    match says {
        "tool.knowledge" => "tool.knowledge.short",
        "tool.appointments" => "tool.appointments.short",
        "tool.booking" => "tool.booking.short",
        "tool.staff" => "tool.staff.short",
        "tool.look" => "tool.look.short",
        "tool.persona" => "tool.persona.short",
        "tool.end" => "tool.end.short",
        "tool.visitor" => "tool.visitor.short",
        "tool.remember" => "tool.remember.short",
        "tool.forget" => "tool.forget.short",
        _ => "tool.other.short",
    }
}

fn caption_words(text: &str, state: WordState) -> Vec<CaptionWord> {
    text.split_whitespace().map(|text| CaptionWord { text: text.to_owned(), state }).collect()
}
