//! The conversation as the window sees it.

use std::{sync::Arc, time::Duration};

use super::{heard::SpokenText, machine::State};
use crate::{
    audio::Playhead,
    event::{
        AnswerId, Caption, CaptionWord, Connection, Device, KnownVisitor, Language, Phase, Speaker, Toast, Topic, View,
        WordState,
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
}

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
            tool: None,
            card: None,
            persona: None,
            topics: self.topics.clone(),
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

fn caption_words(text: &str, state: WordState) -> Vec<CaptionWord> {
    text.split_whitespace().map(|text| CaptionWord { text: text.to_owned(), state }).collect()
}
