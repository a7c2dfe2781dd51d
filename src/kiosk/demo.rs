//! `majlis demo`: a whole visit with a scripted visitor, in real time: somebody comes, asks three questions aloud, hears
//! the answers and leaves. Needs no camera, microphone, key or network.

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use super::{Foundation, StartError, run::Pictures};
use crate::{
    audio::{
        PIPELINE_RATE_HZ, resample_all,
        script::{Script, clip_length},
    },
    config::Embedded,
    event::{Command, EndReason, Event, Language, Phase, Stamped, Subscription},
    speech::{
        SpeakRequest, TextToSpeech as _,
        embedded::{EmbeddedTextToSpeech, Vowels},
    },
};

/// The visitor's voices: not the kiosk's own.
const VISITOR_VOICES: [(Language, &str); 2] = [(Language::ENGLISH, "en-us+f3"), (Language::ARABIC, "ar+f5")];

/// What the visitor asks: something the knowledge base has, something it has not, and goodbye.
const QUESTIONS: [(Language, [&str; 3]); 2] = [
    (
        Language::ENGLISH,
        ["What are your opening hours?", "Who won the football match in Lisbon last night?", "Thank you, goodbye."],
    ),
    (Language::ARABIC, ["متى يفتح الجناح؟", "من فاز في مباراة كرة القدم ليلة أمس؟", "شكرًا، مع السلامة."]),
];

/// A person's pause before speaking.
const BREATH: Duration = Duration::from_millis(700);

/// How far into the first answer the picture is taken.
const PICTURE_AFTER: Duration = Duration::from_millis(1_800);

/// The longest an answer may take before the demonstration goes on without it.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// A visitor who knows what to say.
pub struct Visitor {
    script: Script,
    clips: Vec<Arc<[f32]>>,
    is_greeted: bool,
}

impl Visitor {
    /// Prepares the visitor's voice.
    ///
    /// # Errors
    /// The embedded voice cannot speak.
    pub async fn prepare(foundation: &Foundation, language: Language, script: Script) -> Result<Self, StartError> {
        let voice = VISITOR_VOICES.iter().map(|(language, voice)| (*language, (*voice).to_owned())).collect();
        let config = Embedded { voice, ..foundation.config.embedded.clone() };
        let vowels = Arc::new(Vowels::new(foundation.onnx.clone(), foundation.models.clone()));
        let voice = EmbeddedTextToSpeech::new(foundation.espeak.clone()?, vowels, &config);
        let questions = QUESTIONS.iter().find(|(own, _)| *own == language).map_or([""; 3], |(_, questions)| *questions);
        let mut clips = Vec::new();
        for question in questions {
            clips.push(speak(&voice, question, language).await?);
        }
        Ok(Self { script, clips, is_greeted: foundation.config.visit.greet })
    }

    /// Comes, talks, leaves. Gives the picture of the window taken while the kiosk spoke its first answer, or why there
    /// is none.
    pub async fn visit(
        self,
        commands: mpsc::Sender<Command>,
        mut events: Subscription,
        pictures: Pictures,
        path: PathBuf,
    ) -> Result<PathBuf, String> {
        let mut picture = Err("the kiosk never spoke".to_owned());
        let mut is_first = true;
        // A command can only be refused by a conversation that has ended, and then there is nothing to wait for.
        let _ = commands.send(Command::VisitorArrived).await;
        if self.is_greeted {
            wait_for(&mut events, is_listening).await;
        }
        for clip in &self.clips {
            sleep(BREATH).await;
            if !self.script.say(clip.clone()).await {
                break;
            }
            sleep(clip_length(clip)).await;
            wait_for(&mut events, is_speaking).await;
            if std::mem::take(&mut is_first) {
                sleep(PICTURE_AFTER).await;
                picture = pictures.take(path.clone()).await;
            }
            wait_for(&mut events, |event| is_listening(event) || is_over(event)).await;
        }
        let _ = commands.send(Command::VisitorLeft).await;
        sleep(BREATH).await;
        picture
    }
}

async fn speak(voice: &EmbeddedTextToSpeech, text: &str, language: Language) -> Result<Arc<[f32]>, StartError> {
    let mut pieces = voice.speak(SpeakRequest { text: text.to_owned(), language, voice: None });
    let (mut samples, mut rate_hz) = (Vec::new(), PIPELINE_RATE_HZ);
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        rate_hz = piece.sample_rate_hz;
        samples.extend(piece.samples);
    }
    Ok(resample_all(&samples, rate_hz, PIPELINE_RATE_HZ)?.into())
}

/// Waits for an event, at most [`ANSWER_LIMIT`]: a demonstration that hangs is no demonstration.
async fn wait_for(events: &mut Subscription, is_wanted: impl Fn(&Event) -> bool) {
    let until = Instant::now() + ANSWER_LIMIT;
    while let Ok(Some(Stamped { event, .. })) =
        timeout(until.saturating_duration_since(Instant::now()), events.next()).await
    {
        if is_wanted(&event) {
            return;
        }
    }
    tracing::warn!("the demonstration goes on without what it waited for");
}

fn is_listening(event: &Event) -> bool {
    matches!(event, Event::PhaseChanged { from: Phase::Speaking, to: Phase::Listening })
}

fn is_speaking(event: &Event) -> bool {
    matches!(event, Event::PhaseChanged { to: Phase::Speaking, .. })
}

fn is_over(event: &Event) -> bool {
    matches!(event, Event::VisitEnded { reason: EndReason::Goodbye, .. })
}
