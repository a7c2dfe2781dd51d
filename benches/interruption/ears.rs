//! The audio loop alone in the room: how often it takes its own voice or the hall for a visitor, and how soon and how
//! surely it hears one.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use futures_util::FutureExt as _;
use majlis::{
    audio::{AnswerId, AudioCommand, AudioEvent, AudioLink, AudioLoop, PlayChunk},
    clock::{Clock as _, ManualClock},
    config,
    event::Language,
};

use crate::support::{
    self, Models, PIPELINE_RATE, Voice,
    room::{Chance, Noise, Room, at_level},
    speak,
};

/// The kiosk's voice at the speaker, dBFS, and how much of it comes back to the microphone.
pub(crate) const PLAYED_DB: f32 = -20.0;
pub(crate) const ECHO_DB: f32 = -6.0;
/// A visitor at the microphone, dBFS: as loud as the kiosk.
pub(crate) const VISITOR_DB: f32 = -26.0;
/// Between two answers.
const GAP: Duration = Duration::from_millis(1_200);

const ENGLISH: [&str; 6] = [
    "The pavilion is open every day from nine in the morning until ten in the evening, and on Friday from two.",
    "You will find the solar hall on the ground floor, behind the big wind wheel; the lift is to your left.",
    "The beginners programme costs one hundred and fifty riyals, and students pay half of it with their card.",
    "Yes, there is a prayer room on the first floor, next to the library, and it is open all day.",
    "We show how the sun and the wind give us light, how it is stored, and what you can do with it at home.",
    "Please leave large bags in the lockers beside the entrance. They are free of charge.",
];

const ARABIC: [&str; 6] = [
    "الجناح مفتوح كل يوم من التاسعة صباحا حتى العاشرة مساء، ويوم الجمعة من الساعة الثانية.",
    "تجد قاعة الشمس في الطابق الأرضي خلف عجلة الريح الكبيرة، والمصعد على يسارك.",
    "سعر برنامج المبتدئين مئة وخمسون ريالا، ويدفع الطلاب نصف السعر ببطاقتهم.",
    "نعم، يوجد مصلى في الطابق الأول بجانب المكتبة، وهو مفتوح طوال اليوم.",
    "نعرض كيف تمنحنا الشمس والريح الضوء، وكيف يخزن، وماذا تفعل به في البيت.",
    "من فضلك اترك الحقائب الكبيرة في الخزائن بجانب المدخل، وهي مجانية.",
];

pub(crate) const INTERRUPTIONS: [(&str, Voice); 16] = [
    ("Excuse me, where is the training hall?", Voice::Flite("slt")),
    ("Stop, please.", Voice::Espeak("en-us")),
    ("Wait, what about Friday?", Voice::Flite("rms")),
    ("And how much does it cost for children?", Voice::Espeak("en-us+f3")),
    ("Sorry, I meant the wind hall.", Voice::Flite("awb")),
    ("Can you say that again?", Voice::Espeak("en-gb")),
    ("Hello, I have another question.", Voice::Espeak("en-us+m3")),
    ("No, that is not what I asked.", Voice::Flite("kal16")),
    ("لحظة من فضلك", Voice::Espeak("ar")),
    ("عفوا، أين قاعة التدريب؟", Voice::Espeak("ar+f2")),
    ("قف، أريد أن أسأل عن شيء آخر", Voice::Espeak("ar+f5")),
    ("وكم السعر للأطفال؟", Voice::Espeak("ar+f3")),
    ("Where can I park my car?", Voice::Flite("slt")),
    ("That is enough, thank you. What time do you close?", Voice::Espeak("en-us+f2")),
    ("متى يفتح الجناح؟", Voice::Espeak("ar+f2")),
    ("Is there a discount for students?", Voice::Flite("rms")),
];

/// The kiosk's answers in its own two voices.
pub(crate) fn answers() -> anyhow::Result<Vec<Arc<[f32]>>> {
    let voices = config::Embedded::default().voice;
    let [english, arabic] =
        Language::SHIPPED.map(|language| -> &'static str { voices.text(language).to_owned().leak() });
    let mut answers = Vec::new();
    for (english_text, arabic_text) in ENGLISH.iter().zip(ARABIC) {
        for (voice, text) in [(english, *english_text), (arabic, arabic_text)] {
            answers.push(at_level(&speak(Voice::Espeak(voice), text)?, PLAYED_DB).into());
        }
    }
    Ok(answers)
}

/// What came of a time in the room.
#[derive(Default)]
#[allow(dead_code, reason = "the bench prints all of it, the test looks at some")]
pub(crate) struct Outcome {
    pub(crate) spoken: Duration,
    pub(crate) pauses: usize,
    pub(crate) confirmed: usize,
    pub(crate) held: Duration,
    pub(crate) tried: usize,
    pub(crate) heard: usize,
    /// Onset to the last audible sample at the speaker, ms.
    pub(crate) silent_after_ms: Vec<f64>,
}

struct Stage {
    audio: AudioLoop,
    link: AudioLink,
    clock: ManualClock,
    room: Room,
    next: u64,
}

impl Stage {
    fn send(&self, command: AudioCommand) -> anyhow::Result<()> {
        Ok(self.link.commands.send(command).now_or_never().context("the queue is full")??)
    }
}

/// Plays answers for `length`; if `visits`, somebody interrupts each of them.
pub(crate) fn run(
    models: &Models,
    noise: Vec<Box<dyn Noise>>,
    length: Duration,
    visits: bool,
) -> anyhow::Result<Outcome> {
    let answers = answers()?;
    let interruptions: Vec<Arc<[f32]>> = INTERRUPTIONS
        .iter()
        .map(|(text, voice)| Ok(at_level(&speak(*voice, text)?, VISITOR_DB).into()))
        .collect::<anyhow::Result<_>>()?;
    let room = Room::new(5, ECHO_DB, noise);
    let clock = ManualClock::default();
    let (audio, link) = models.audio_loop_with(
        room.microphone(),
        room.speaker(),
        &config::Audio::default(),
        Arc::new(clock.clone()),
    )?;
    let mut stage = Stage { audio, link, clock, room, next: 1 };
    let mut chance = Chance::new(11);
    let mut outcome = Outcome::default();
    for _ in 0..150 {
        support::step(&mut stage.audio, &mut stage.link, &stage.clock);
    }
    let mut turn = 0;
    while stage.clock.now() < length {
        let visitor = visits.then(|| interruptions[turn % interruptions.len()].clone());
        one_answer(&mut stage, &answers[turn % answers.len()], visitor, &mut chance, &mut outcome)?;
        turn += 1;
    }
    Ok(outcome)
}

/// One answer, alone or interrupted.
fn one_answer(
    stage: &mut Stage,
    answer: &Arc<[f32]>,
    visitor: Option<Arc<[f32]>>,
    chance: &mut Chance,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let id = AnswerId(stage.next);
    stage.next += 1;
    let length = Duration::from_secs_f64(answer.len() as f64 / PIPELINE_RATE as f64);
    stage.send(AudioCommand::Play(PlayChunk {
        answer: id,
        clause: 0,
        samples: answer.clone(),
        sample_rate_hz: PIPELINE_RATE as u32,
    }))?;
    stage.send(AudioCommand::CloseAnswer(id))?;
    let begun = stage.clock.now();
    let interrupts_at = visitor.as_ref().map(|_| begun + length.mul_f32(chance.within(0.1, 0.6)));
    let (mut onset, mut held_at, mut is_heard, mut is_over) = (None, None, false, false);
    let mut left = GAP;
    while left > Duration::ZERO {
        let now = stage.clock.now();
        if onset.is_none()
            && let (Some(at), Some(speech)) = (interrupts_at, &visitor)
            && now >= at
        {
            onset = Some(stage.room.say(speech.clone()));
            outcome.tried += 1;
        }
        for event in support::step(&mut stage.audio, &mut stage.link, &stage.clock) {
            let now = stage.clock.now();
            match event {
                AudioEvent::SpeechStarted { over_playout: true, .. } => {
                    held_at = Some(now);
                    if onset.is_none() {
                        outcome.pauses += 1;
                    }
                }
                AudioEvent::SpeechStarted { over_playout: false, utterance, .. } if onset.is_none() => {
                    stage.send(AudioCommand::EndUtterance(utterance))?;
                }
                AudioEvent::InterruptionDismissed { .. } => {
                    outcome.held += held_at.take().map_or(Duration::ZERO, |at| now - at);
                }
                AudioEvent::InterruptionConfirmed { utterance } => {
                    if let Some(onset) = onset {
                        is_heard = true;
                        outcome.heard += 1;
                        let last = stage.room.last_sound();
                        outcome.silent_after_ms.push(last.saturating_sub(onset).as_secs_f64() * 1e3);
                        stage.send(AudioCommand::Clear { through: id })?;
                        is_over = true;
                    } else {
                        outcome.confirmed += 1;
                        stage.send(AudioCommand::EndUtterance(utterance))?;
                        stage.send(AudioCommand::Resume)?;
                        outcome.held += held_at.take().map_or(Duration::ZERO, |at| now - at);
                    }
                }
                AudioEvent::SpeechPaused { clip } if !is_heard || is_over => {
                    stage.send(AudioCommand::EndUtterance(clip.utterance))?;
                }
                AudioEvent::PlayoutFinished { .. } => {
                    is_over = true;
                    outcome.spoken += length;
                }
                _ => {}
            }
        }
        if is_over && onset.is_none_or(|onset| stage.clock.now() > onset + Duration::from_secs(4)) {
            left = left.saturating_sub(Duration::from_millis(10));
        }
        anyhow::ensure!(stage.clock.now() < begun + length + Duration::from_secs(60), "an answer never ends");
    }
    if onset.is_some() && !is_heard {
        println!("not heard: {:?}, {onset:?}", (outcome.tried - 1) % INTERRUPTIONS.len());
    }
    Ok(())
}
