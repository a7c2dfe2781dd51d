//! What the machine is told and what it asks for.

use std::{sync::Arc, time::Duration};

use super::{OwnWords, Question, Words};
use crate::{
    config,
    event::{AnswerId, EndReason, Language, Phase, Sight, TurnId, UtteranceId, VisitorId},
    words::{Expecting, TurnWords},
};

/// The part of the configuration that the conversation obeys.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `[turn]`
    pub turn: config::Turn,
    /// `[visit]`
    pub visit: config::Visit,
    /// `audio.max_utterance_s`
    pub max_utterance: Duration,
    /// `presence.listen_only_when_attending`
    pub listen_only_when_attending: bool,
    /// What words mean for whose turn it is.
    pub words: Arc<TurnWords>,
}

/// Identifies one request for a transcription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct JobId(pub u64);

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Somebody is in front of the kiosk.
    Arrived,
    /// Nobody is any more.
    Left,
    /// What the camera shows now.
    Seen(Sight),
    /// Somebody who is there is known.
    Recognised {
        /// Who.
        visitor: VisitorId,
        /// The language they asked for.
        language: Language,
    },
    /// "That is not me."
    NotMe,
    /// "Forget me" was carried out, or could not be.
    Forgotten {
        /// Whether it was.
        is_done: bool,
    },
    /// This sentence of the kiosk's own is to be said instead of whatever is being said.
    Tell(&'static str),
    /// A page of text is to be read out, in its language; or no more, if it is being read.
    ReadOut(Language),
    /// The page that is being read out is gone.
    StopReading,
    /// The niche was touched.
    Touched,
    /// "Finish" was touched.
    Finish,
    /// A member of staff has signed in at the screen, or has left the staff pages.
    Staff {
        /// Whether they are there now.
        is_there: bool,
    },
    /// The program stops.
    Shutdown,
    /// A topic was touched.
    Topic(Question),
    /// The language switch was touched.
    SetLanguage(Language),
    /// A person was asked for.
    CallStaff,
    /// What the kiosk is saying where it was just paused. Before a `SpeechStarted` over its voice.
    OwnWords(OwnWords),
    /// What the kiosk has just asked for. Before the `PlayoutFinished` of the answer that asks; a tool may say it too.
    Asked(Expecting),
    /// Speech began.
    SpeechStarted {
        /// The utterance.
        utterance: UtteranceId,
        /// Whether it came over the kiosk's own voice, which is paused now.
        over_playout: bool,
    },
    /// Speech over the kiosk's voice has not paused for a while: what there is of it can be transcribed.
    SpeechGoesOn(UtteranceId),
    /// The speech over the kiosk's voice is long and loud enough to be a visitor's. Words decide whether it cuts the
    /// answer.
    InterruptionConfirmed(UtteranceId),
    /// It was none; playout goes on by itself.
    InterruptionDismissed(UtteranceId),
    /// A pause long enough to transcribe what there is.
    SpeechPaused {
        /// The utterance.
        utterance: UtteranceId,
        /// Where its speech began.
        speech_start: Duration,
        /// Where its speech ended.
        speech_end: Duration,
    },
    /// The pause was not the end.
    SpeechResumed(UtteranceId),
    /// The voice's verdict.
    TurnProbability {
        /// The utterance.
        utterance: UtteranceId,
        /// The end of speech that is judged.
        speech_end: Duration,
        /// 0 (goes on) to 1 (finished).
        finished: f32,
    },
    /// Nothing can be heard any more.
    MicrophoneLost,
    /// The utterance is as long as one may be.
    UtteranceTruncated(UtteranceId),
    /// A transcription is complete.
    Transcribed {
        /// Which.
        job: JobId,
        /// The words; empty text: none.
        words: Words,
    },
    /// A transcription failed with every provider.
    TranscriptionFailed(JobId),
    /// All of an answer's text is there.
    AnswerComplete {
        /// Which.
        answer: AnswerId,
        /// Whether the visitor has taken leave.
        ends_visit: bool,
        /// Whether there is anything to hear.
        has_text: bool,
    },
    /// An answer failed with every provider before anything could be heard.
    AnswerFailed(AnswerId),
    /// Tools began to run for an answer, or have all come to their end.
    Calling {
        /// Which.
        answer: AnswerId,
        /// Whether they run.
        is_running: bool,
    },
    /// Nothing of an answer is left to be heard for now, although it goes on.
    SoundRanDry(AnswerId),
    /// The first sample of an answer left.
    PlayoutStarted(AnswerId),
    /// Sound is still coming.
    SoundHeard(AnswerId),
    /// An answer was played to its end.
    PlayoutFinished(AnswerId),
    /// A deadline has come.
    Tick,
}

/// What the driver is to do. In order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A visit begins.
    BeginVisit,
    /// The visit ends.
    EndVisit(EndReason),
    /// The phase changed.
    Phase {
        /// From.
        from: Phase,
        /// To.
        to: Phase,
    },
    /// Transcribe the utterance's last clip.
    Transcribe {
        /// Name it so.
        job: JobId,
        /// For this turn.
        turn: TurnId,
    },
    /// Its result is not wanted: `thrown_away` if it was for a pause that was not the end.
    CancelTranscription {
        /// Which.
        job: JobId,
        /// For this turn.
        turn: TurnId,
    },
    /// Words that were written down are not the whole: they are thrown away.
    DiscardWords {
        /// Of this turn.
        turn: TurnId,
    },
    /// The question goes on record although it will not be answered.
    RecordQuestion {
        /// Of this turn.
        turn: TurnId,
        /// The question.
        question: Question,
    },
    /// The turn has ended: the visitor has finished. Not for touched topics.
    TurnDecided {
        /// Which.
        turn: TurnId,
    },
    /// Close the utterance in the audio loop.
    EndUtterance(UtteranceId),
    /// Begin an answer without letting it be heard.
    Prepare {
        /// Name it so.
        answer: AnswerId,
        /// For this turn.
        turn: TurnId,
        /// To this question.
        question: Question,
    },
    /// Let the answer be heard; the question goes on record.
    Commit {
        /// Which.
        answer: AnswerId,
        /// For this turn.
        turn: TurnId,
        /// To this question.
        question: Question,
    },
    /// Throw the prepared answer away without trace.
    Discard {
        /// Which.
        answer: AnswerId,
        /// For this turn.
        turn: TurnId,
    },
    /// Say a sentence of the kiosk's own.
    Say {
        /// Name it so.
        answer: AnswerId,
        /// The turn that it answers, if any.
        turn: Option<TurnId>,
        /// The sentence's key.
        key: &'static str,
        /// In this language.
        language: Language,
    },
    /// Stop the answer's sound and record what was heard of it.
    Cut(AnswerId),
    /// The answer was heard whole: record it.
    Heard(AnswerId),
    /// Let paused playout go on.
    ResumePlayout,
    /// Nothing was understood in this turn: forget it.
    ForgetTurn(TurnId),
    /// Thinking takes long: say so.
    LongThinking,
    /// A phase lasted longer than it can; it is being ended.
    Watchdog(Phase),
}
