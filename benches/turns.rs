//! When a turn is taken to be over: thirty sentences with a pause inside, none of which may be cut, and whole
//! questions, which should be answered soon.
//!
//! Synthetic voices, the whole audio loop in virtual time, the words before each pause as a recogniser would give
//! them 150 ms after it was asked. `cargo bench --profile dev --bench turns`; with `-- --write DIR` the sentences are
//! written as a set for `majlis eval turns` instead.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use futures_util::FutureExt as _;
use majlis::{
    audio::{
        AnswerId, AudioCommand, AudioEvent, PlayChunk,
        endpoint::{Decision, Signals, TextVerdict, decide},
    },
    clock::{Clock as _, ManualClock},
    config,
    conversation::machine::{self, Action, Input, Settings, State, Words},
    event::{Language, ServedBy},
    words::Expecting,
};
use support::{Models, Voice, quantile, scene, speak};

/// How long the scripted recogniser takes.
const TRANSCRIPTION: Duration = Duration::from_millis(150);
const LEAD_MS: usize = 1_000;

/// What is said before the pause (as a recogniser writes it), and after it.
const UNFINISHED_EN: [(&str, &str); 24] = [
    ("I would like to know", "when the solar hall opens."),
    ("Can you tell me", "where the training hall is?"),
    ("I am looking for", "the entrance to the wind hall."),
    ("What is the price of the", "beginners programme?"),
    ("I have a question about", "the opening hours."),
    ("Is there a programme for", "children under twelve?"),
    ("We would like to visit the pavilion with", "a group of thirty students."),
    ("My name is", "Sara, and I have an appointment."),
    ("I wanted to ask", "whether the hall is open on Friday."),
    ("How do I get to the", "prayer room from here?"),
    ("Could you please", "repeat the address?"),
    ("I was wondering if", "there is a discount for students."),
    ("Do you have any", "courses in the evening?"),
    ("The thing is that", "I lost my ticket."),
    ("I came here because", "my son wants to see the turbines."),
    ("Where can I find the", "lockers?"),
    ("I need to know how", "long the programme takes."),
    ("Um, so,", "what can I see here?"),
    ("Well, I think,", "I want to register."),
    ("Is it possible to", "book a place for tomorrow?"),
    ("Are there any seats left in the", "programme at four?"),
    ("I would like a coffee and", "something to eat."),
    ("Does the ticket include the", "guided tour?"),
    ("When does the next", "demonstration begin?"),
];

const UNFINISHED_AR: [(&str, &str); 6] = [
    ("أريد أن أسأل عن", "أوقات العمل يوم الجمعة"),
    ("هل يمكنني أن", "أحجز مقعدا في البرنامج"),
    ("أنا أبحث عن", "قاعة التدريب"),
    ("كم سعر البرنامج الذي", "يبدأ في المساء"),
    ("من فضلك، أين أجد", "مدخل الجناح"),
    ("نحن مجموعة من", "عشرين طالبا"),
];

const FINISHED_EN: [&str; 16] = [
    "What are your opening hours?",
    "Where is the training hall?",
    "How much does the programme cost?",
    "Is the pavilion open on Friday?",
    "How do I register?",
    "What can I see here?",
    "Where can I park my car?",
    "Do you have a programme for children?",
    "How long does the tour take?",
    "Who are you?",
    "Is there a prayer room?",
    "Can I book a place for tomorrow?",
    "Thank you, goodbye.",
    "Tell me about the solar hall.",
    "Is the building wheelchair accessible?",
    "Where are you from?",
];

const FINISHED_AR: [&str; 4] = ["متى يفتح الجناح؟", "كم سعر البرنامج؟", "أين قاعة التدريب؟", "هل الدخول مجاني؟"];

const ENGLISH_VOICES: [Voice; 6] = [
    Voice::Espeak("en-us"),
    Voice::Flite("slt"),
    Voice::Espeak("en-gb"),
    Voice::Flite("rms"),
    Voice::Espeak("en-us+f3"),
    Voice::Flite("kal16"),
];
const ARABIC_VOICES: [Voice; 2] = [Voice::Espeak("ar"), Voice::Espeak("ar+f2")];

struct Outcome {
    /// When the turn ended, after the end of what was said first, ms.
    ended_after_ms: Option<f64>,
    /// When the last pause before that was found, from the same moment, ms.
    paused_after_ms: f64,
    /// Times that transcription began.
    pauses: usize,
    smart_turn: Option<f32>,
}

/// Plays the parts with `gap_ms` between them and decides until the turn is over.
fn listen(
    models: &Models,
    parts: &[Vec<f32>],
    texts: &[&str],
    gap_ms: usize,
    language: Language,
) -> anyhow::Result<Outcome> {
    let mut sounds: Vec<(usize, &[f32])> = Vec::new();
    let mut at = LEAD_MS;
    for part in parts {
        sounds.push((at, part));
        at += part.len() / 16 + gap_ms;
    }
    let first_end_ms = LEAD_MS + parts.first().map_or(0, |part| part.len() / 16);
    let clock = ManualClock::default();
    let (mut audio, mut link) = models.audio_loop(scene(at + 3_000, &sounds), Arc::new(clock.clone()))?;
    let settings = config::Turn::default();
    let mut signals = Signals::default();
    let mut pause: Option<(Duration, Duration)> = None;
    let mut outcome = Outcome { ended_after_ms: None, paused_after_ms: f64::NAN, pauses: 0, smart_turn: None };
    while clock.now() < Duration::from_millis(at as u64 + 2_500) {
        for event in support::step(&mut audio, &mut link, &clock) {
            match event {
                AudioEvent::SpeechPaused { clip } => {
                    pause = Some((clip.speech_end, clock.now() + TRANSCRIPTION));
                    signals = Signals::default();
                    outcome.pauses += 1;
                    outcome.paused_after_ms = clock.now().as_secs_f64() * 1e3 - first_end_ms as f64;
                }
                AudioEvent::SpeechResumed { .. } => pause = None,
                AudioEvent::TurnProbability { finished, .. } => {
                    signals.smart_turn = Some(finished);
                    outcome.smart_turn = outcome.smart_turn.or(Some(finished));
                }
                _ => {}
            }
        }
        let Some((speech_end, transcribed)) = pause else { continue };
        let now = clock.now();
        signals.silence = now.saturating_sub(speech_end);
        if now >= transcribed {
            // What was said up to here: the first part until the second has begun.
            let second_began = now.as_millis() as usize >= first_end_ms + gap_ms;
            let said = if second_began { texts.join(" ") } else { texts.first().copied().unwrap_or("").to_owned() };
            signals.text = Some(TextVerdict::of(&said, language, Expecting::Anything, &models.turns));
        }
        signals.language = Some(language);
        if decide(&signals, &settings, &models.turns) == Decision::End {
            outcome.ended_after_ms = Some(now.as_secs_f64() * 1e3 - first_end_ms as f64);
            break;
        }
    }
    Ok(outcome)
}

/// Writes the sentences as a set for `majlis eval turns`.
fn write_set(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let write = |name: String, language: Language, voice: Voice, texts: &[&str], gap_ms: usize| -> anyhow::Result<()> {
        let parts = texts.iter().map(|text| speak(voice, text)).collect::<anyhow::Result<Vec<_>>>()?;
        let (mut at_ms, mut sounds, mut words) = (LEAD_MS, Vec::<(usize, &[f32])>::new(), Vec::new());
        let mut end_s = 0.0;
        for (part, text) in parts.iter().zip(texts) {
            sounds.push((at_ms, part));
            at_ms += part.len() / 16;
            end_s = at_ms as f64 / 1e3;
            words.push(serde_json::json!({ "text": text, "end_s": end_s }));
            at_ms += gap_ms;
        }
        support::write_wav(&folder.join(&name).with_extension("wav"), &scene(at_ms + 500, &sounds))?;
        let json = serde_json::json!({ "language": language, "end_of_turn_s": end_s, "words": words });
        Ok(std::fs::write(folder.join(name).with_extension("json"), serde_json::to_string_pretty(&json)?)?)
    };
    let voices = |language| if language == Language::ARABIC { &ARABIC_VOICES[..] } else { &ENGLISH_VOICES[..] };
    for (language, unfinished, finished) in [
        (Language::ENGLISH, &UNFINISHED_EN[..], &FINISHED_EN[..]),
        (Language::ARABIC, &UNFINISHED_AR[..], &FINISHED_AR[..]),
    ] {
        for (n, ((first, second), voice)) in unfinished.iter().zip(voices(language).iter().cycle()).enumerate() {
            write(format!("{language}-pause-{n:02}"), language, *voice, &[first, second], 400 + n * 37 % 9 * 100)?;
        }
        for (n, (text, voice)) in finished.iter().zip(voices(language).iter().cycle()).enumerate() {
            write(format!("{language}-whole-{n:02}"), language, *voice, &[text], 0)?;
        }
    }
    println!("written: {}", folder.display());
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    if arguments.next().as_deref() == Some("--write") {
        return write_set(Path::new(&arguments.next().context("--write needs a folder")?));
    }
    let models = Models::load()?;
    let unfinished = UNFINISHED_EN
        .iter()
        .zip(ENGLISH_VOICES.iter().cycle())
        .map(|(texts, voice)| (*texts, *voice, Language::ENGLISH))
        .chain(
            UNFINISHED_AR
                .iter()
                .zip(ARABIC_VOICES.iter().cycle())
                .map(|(texts, voice)| (*texts, *voice, Language::ARABIC)),
        );
    let (mut cut, mut count) = (0, 0);
    for (n, ((first, second), voice, language)) in unfinished.enumerate() {
        let gap_ms = 400 + n * 37 % 9 * 100;
        let parts = [speak(voice, first)?, speak(voice, second)?];
        let outcome = listen(&models, &parts, &[first, second], gap_ms, language)?;
        count += 1;
        let resumed_at = gap_ms as f64;
        if outcome.ended_after_ms.is_none_or(|ended| ended < resumed_at) {
            cut += 1;
            println!(
                "cut: {first:?} | {gap_ms} ms, {voice:?}, after {:?}, smart-turn {:?}",
                outcome.ended_after_ms, outcome.smart_turn
            );
        }
    }
    println!("unfinished sentences with pauses of 0.4 to 1.2 s: {cut} of {count} cut");

    let finished = FINISHED_EN
        .iter()
        .zip(ENGLISH_VOICES.iter().cycle())
        .map(|(text, voice)| (*text, *voice, Language::ENGLISH))
        .chain(
            FINISHED_AR.iter().zip(ARABIC_VOICES.iter().cycle()).map(|(text, voice)| (*text, *voice, Language::ARABIC)),
        );
    let (mut ended_ms, mut paused_ms, mut pauses, mut voice_finished) = (Vec::new(), Vec::new(), 0, 0);
    for (text, voice, language) in finished {
        let outcome = listen(&models, &[speak(voice, text)?], &[text], 0, language)?;
        pauses += outcome.pauses;
        paused_ms.push(outcome.paused_after_ms);
        voice_finished += usize::from(outcome.smart_turn.is_some_and(|finished| finished >= 0.5));
        let ended = outcome.ended_after_ms.unwrap_or(f64::INFINITY);
        if ended > 600.0 {
            println!("late: {text:?}, {voice:?}: {ended} ms, smart-turn {:?}", outcome.smart_turn);
        }
        ended_ms.push(ended);
    }
    println!(
        "{} whole questions: turn over {:.0} ms after the end of speech (median), {:.0} ms at most; {:.2} transcriptions \
         each; smart-turn alone finds {voice_finished} finished",
        ended_ms.len(),
        quantile(&mut ended_ms, 0.5),
        quantile(&mut ended_ms, 1.0),
        pauses as f64 / ended_ms.len() as f64,
    );
    println!(
        "the pause at their end is found {:.0} ms after it (median), {:.0} ms (95th percentile)",
        quantile(&mut paused_ms, 0.5),
        quantile(&mut paused_ms, 0.95),
    );
    interruptions(&models)?;
    [Duration::ZERO, TRANSCRIPTION / 2, TRANSCRIPTION].into_iter().try_for_each(|time| prepared_answers(&models, time))
}

/// Scripted services: how long the model takes for its first token, and the voice for the first sound of it.
const FIRST_TOKEN: Duration = Duration::from_millis(200);
const FIRST_SOUND: Duration = Duration::from_millis(100);

/// How much sooner the first sound comes because the answer is prepared while it is uncertain whether the visitor has
/// finished: the conversation's own machine on the real ears, with and without `turn.prepare_answers`.
///
/// The later the words are there, the less time is left to prepare anything in: `transcription` after they are asked for.
fn prepared_answers(models: &Models, transcription: Duration) -> anyhow::Result<()> {
    let questions = FINISHED_EN
        .iter()
        .zip(ENGLISH_VOICES.iter().cycle())
        .map(|(text, voice)| (*text, *voice, Language::ENGLISH))
        .chain(
            FINISHED_AR.iter().zip(ARABIC_VOICES.iter().cycle()).map(|(text, voice)| (*text, *voice, Language::ARABIC)),
        );
    let (mut gains_ms, mut with_ms, mut without_ms) = (Vec::new(), Vec::new(), Vec::new());
    for (text, voice, language) in questions {
        let question = speak(voice, text)?;
        let first_sound = |prepares| first_sound(models, (&question, text, language), transcription, prepares);
        let (with, without) = (first_sound(true)?, first_sound(false)?);
        gains_ms.push(without - with);
        with_ms.push(with);
        without_ms.push(without);
    }
    println!(
        "words {} ms after they are asked for, first token {} ms after it is, first sound {} ms later: {} answers sound {:.0} ms after the end of \
         speech when they are prepared, {:.0} ms when not (medians); gain {:.0} ms (median), {:.0} ms at least",
        transcription.as_millis(),
        FIRST_TOKEN.as_millis(),
        FIRST_SOUND.as_millis(),
        gains_ms.len(),
        quantile(&mut with_ms, 0.5),
        quantile(&mut without_ms, 0.5),
        quantile(&mut gains_ms, 0.5),
        quantile(&mut gains_ms, 0.0),
    );
    Ok(())
}

/// From the end of the question to the first sound of its answer, ms.
fn first_sound(
    models: &Models,
    (question, text, language): (&[f32], &str, Language),
    transcription: Duration,
    prepares: bool,
) -> anyhow::Result<f64> {
    let end_ms = LEAD_MS + question.len() / 16;
    let clock = ManualClock::default();
    let near = scene(end_ms + 4_000, &[(LEAD_MS, question)]);
    let (mut audio, mut link) = models.audio_loop(near, Arc::new(clock.clone()))?;
    let defaults = config::Config::default();
    let settings = Settings {
        turn: config::Turn { prepare_answers: prepares, ..defaults.turn },
        visit: config::Visit { greet: false, ..defaults.visit },
        max_utterance: Duration::from_secs(defaults.audio.max_utterance_s),
        listen_only_when_attending: false,
        words: Arc::new(models.turns.clone()),
    };
    let mut state = State::new(language);
    let mut due: Vec<(Duration, Input)> = Vec::new();
    let (mut ready, mut is_wanted) = (None, false);
    while clock.now() < Duration::from_millis(end_ms as u64 + 4_000) {
        let mut inputs: Vec<Input> = support::step(&mut audio, &mut link, &clock)
            .into_iter()
            .filter_map(|event| match event {
                AudioEvent::SpeechStarted { utterance, over_playout, .. } => {
                    Some(Input::SpeechStarted { utterance, over_playout })
                }
                AudioEvent::SpeechPaused { clip } => Some(Input::SpeechPaused {
                    utterance: clip.utterance,
                    speech_start: clip.speech_start,
                    speech_end: clip.speech_end,
                }),
                AudioEvent::SpeechResumed { utterance, .. } => Some(Input::SpeechResumed(utterance)),
                AudioEvent::TurnProbability { utterance, speech_end, finished } => {
                    Some(Input::TurnProbability { utterance, speech_end, finished })
                }
                _ => None,
            })
            .collect();
        let now = clock.now();
        inputs.extend(due.extract_if(.., |(at, _)| *at <= now).map(|(_, input)| input));
        inputs.push(Input::Tick);
        for input in inputs {
            let (next, actions) = machine::step(&state, &settings, now, input);
            state = next;
            for action in actions {
                match action {
                    Action::Transcribe { job, .. } => {
                        // What was said so far is unknown here: at a pause inside, all of it is more than there is.
                        let words = Words { text: text.to_owned(), language, entry: None, served_by: ServedBy::Cloud };
                        due.push((now + transcription, Input::Transcribed { job, words }));
                    }
                    Action::Prepare { .. } => ready = Some(now + FIRST_TOKEN + FIRST_SOUND),
                    Action::Discard { .. } => ready = None,
                    Action::Commit { .. } => is_wanted = true,
                    _ => {}
                }
            }
        }
        if is_wanted && ready.is_some_and(|ready| ready <= now) {
            return Ok(now.as_secs_f64() * 1e3 - end_ms as f64);
        }
    }
    anyhow::bail!("{text:?} is never answered")
}

/// How soon speech over an answer silences it.
fn interruptions(models: &Models) -> anyhow::Result<()> {
    const START_MS: usize = 4_000;
    let answer =
        speak(Voice::Espeak("en-gb"), &"On Friday the pavilion is open from two in the afternoon. ".repeat(4))?;
    let mut stopped_ms = Vec::new();
    for (text, voice) in FINISHED_EN.iter().zip(ENGLISH_VOICES.iter().cycle()) {
        let question = speak(*voice, text)?;
        let clock = ManualClock::default();
        let near = scene(7_000, &[(START_MS, &question)]);
        let (mut audio, mut link) = models.audio_loop(near, Arc::new(clock.clone()))?;
        let mut stopped = f64::INFINITY;
        while clock.now() < Duration::from_secs(6) {
            if clock.now() == Duration::from_secs(1) {
                let samples = answer.as_slice().into();
                let chunk = PlayChunk { answer: AnswerId(1), clause: 0, samples, sample_rate_hz: 16_000 };
                link.commands.send(AudioCommand::Play(chunk)).now_or_never().context("the queue is full")??;
            }
            for event in support::step(&mut audio, &mut link, &clock) {
                if matches!(event, AudioEvent::SpeechStarted { over_playout: true, .. }) {
                    stopped = stopped.min(clock.now().as_secs_f64() * 1e3 - START_MS as f64);
                }
            }
        }
        if stopped > 200.0 {
            println!("slow to stop: {text:?}, {voice:?}: {stopped} ms");
        }
        stopped_ms.push(stopped);
    }
    println!(
        "speech over an answer, {} times: playout is held after {:.0} ms (median), {:.0} ms (95th percentile)",
        stopped_ms.len(),
        quantile(&mut stopped_ms, 0.5),
        quantile(&mut stopped_ms, 0.95),
    );
    Ok(())
}
