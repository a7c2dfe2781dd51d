//! Whatever happens, in whatever order: the conversation never gets stuck, never speaks without an answer or with two, and
//! never forgets an answer that it has paused.
//!
//! As many sequences as `PROPTEST_CASES` says; docs/interruption.md quotes a run of 100,000.

use super::*;

fn any_input() -> impl Strategy<Value = Input> {
    let id = 1_u64..6;
    let text = prop_oneof![
        Just(""),
        Just("What time do you open?"),
        Just("and the"),
        Just("متى تفتحون؟"),
        Just("mhm"),
        Just("لحظة"),
        Just("open at nine every day"),
        Just("zero five five"),
    ];
    let expecting = prop_oneof![Just(Expecting::Anything), Just(Expecting::YesNo), Just(Expecting::Digits)];
    prop_oneof![
        Just(Input::Arrived),
        Just(Input::Left),
        Just(Input::Touched),
        Just(Input::Finish),
        Just(Input::CallStaff),
        Just(Input::Tick),
        Just(Input::MicrophoneLost),
        Just(Input::Topic(topic())),
        Just(Input::SetLanguage(Language::ARABIC)),
        Just(Input::NotMe),
        any::<bool>().prop_map(|is_done| Input::Forgotten { is_done }),
        Just(Input::Recognised { visitor: VisitorId(uuid::Uuid::from_u128(1)), language: Language::ARABIC }),
        (any::<bool>(), 0_u32..4, any::<Option<bool>>(), 0.0_f32..1.0).prop_map(
            |(is_seeing, people_near, who, mouth)| {
                let visitor = who.map(|is_attending| SeenVisitor {
                    track: TrackId(1),
                    centre: [0.5; 2],
                    height: 0.2,
                    is_attending,
                    mouth_motion: mouth,
                });
                Input::Seen(Sight { is_seeing, people_near, visitor })
            }
        ),
        (id.clone(), any::<bool>())
            .prop_map(|(id, over_playout)| Input::SpeechStarted { utterance: UtteranceId(id), over_playout }),
        expecting.clone().prop_map(Input::Asked),
        expecting.prop_map(|asks| Input::OwnWords(OwnWords { around: "We open at nine every day.".into(), asks })),
        id.clone().prop_map(|id| Input::SpeechGoesOn(UtteranceId(id))),
        id.clone().prop_map(|id| Input::InterruptionConfirmed(UtteranceId(id))),
        id.clone().prop_map(|id| Input::InterruptionDismissed(UtteranceId(id))),
        (id.clone(), 0_u64..5_000).prop_map(|(id, end)| Input::SpeechPaused {
            utterance: UtteranceId(id),
            speech_start: Duration::ZERO,
            speech_end: Duration::from_millis(end),
        }),
        id.clone().prop_map(|id| Input::SpeechResumed(UtteranceId(id))),
        id.clone().prop_map(|id| Input::UtteranceTruncated(UtteranceId(id))),
        (id.clone(), text, any::<bool>()).prop_map(|(id, text, is_cloud)| Input::Transcribed {
            job: JobId(id),
            words: Words {
                text: text.into(),
                language: Language::ENGLISH,
                entry: None,
                served_by: if is_cloud { ServedBy::Cloud } else { ServedBy::Embedded },
            },
        }),
        id.clone().prop_map(|id| Input::TranscriptionFailed(JobId(id))),
        (id.clone(), any::<bool>(), any::<bool>()).prop_map(|(id, ends_visit, has_text)| Input::AnswerComplete {
            answer: AnswerId(id),
            ends_visit,
            has_text
        }),
        id.clone().prop_map(|id| Input::AnswerFailed(AnswerId(id))),
        (id.clone(), any::<bool>()).prop_map(|(id, is_running)| Input::Calling { answer: AnswerId(id), is_running }),
        id.clone().prop_map(|id| Input::SoundRanDry(AnswerId(id))),
        Just(Input::Tell("card.changed")),
        id.clone().prop_map(|id| Input::PlayoutStarted(AnswerId(id))),
        id.clone().prop_map(|id| Input::SoundHeard(AnswerId(id))),
        id.prop_map(|id| Input::PlayoutFinished(AnswerId(id))),
    ]
}

/// At most one answer may be under way, and none may be let out before it was prepared.
fn check_answers(actions: &[Action]) {
    let mut open: Vec<AnswerId> = Vec::new();
    for action in actions {
        match action {
            Action::Prepare { answer, .. } | Action::Say { answer, .. } => {
                assert!(open.is_empty(), "answer {answer} begins while {open:?} is under way");
                open.push(*answer);
            }
            Action::Commit { answer, .. } => assert!(open.contains(answer), "answer {answer} was never prepared"),
            Action::Discard { answer, .. } | Action::Cut(answer) | Action::Heard(answer) => {
                assert!(open.contains(answer), "answer {answer} ends but was not under way");
                open.retain(|id| id != answer);
            }
            _ => {}
        }
    }
}

/// What the audio loop does by itself: it pauses playout when speech begins over it, and lets it go on when it finds that
/// this was none.
#[derive(Default)]
struct Loop {
    held: Option<AnswerId>,
}

impl Loop {
    fn before(&mut self, talk: &Talk, input: &Input) {
        let sounding = talk.state.answer.as_ref().filter(|answer| answer.last_sound.is_some()).map(|answer| answer.id);
        match input {
            Input::SpeechStarted { over_playout: true, .. } => self.held = self.held.or(sounding),
            Input::InterruptionDismissed(_) => self.held = None,
            // The end of what was held ends the hold.
            Input::PlayoutFinished(answer) => self.held = self.held.filter(|held| held != answer),
            _ => {}
        }
    }

    fn after(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::ResumePlayout => self.held = None,
                Action::Cut(answer) | Action::Discard { answer, .. } => {
                    self.held = self.held.filter(|held| held > answer)
                }
                _ => {}
            }
        }
    }
}

/// What must hold whatever has happened.
fn check(talk: &Talk, audio: &Loop) -> Result<(), TestCaseError> {
    let state = &talk.state;
    let speaks = matches!(state.phase(), Phase::Speaking | Phase::Interrupted);
    prop_assert!(!speaks || state.answer.is_some(), "speaking without an answer");
    prop_assert!(state.in_visit == (state.phase() != Phase::Idle), "visit and phase disagree");
    if state.is_judging_interruption() {
        prop_assert!(state.answer.as_ref().is_some_and(|answer| answer.is_committed), "nothing is interrupted");
        prop_assert!(state.turn.is_some(), "nobody interrupts");
        prop_assert!(matches!(state.phase(), Phase::Interrupted | Phase::Listening), "{:?}", state.phase());
    } else {
        prop_assert!(state.phase() != Phase::Interrupted, "interrupted, but nothing is being judged");
        prop_assert!(
            audio.held.is_none() || state.held_utterance().is_some(),
            "a paused answer that nobody will resume"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_sequence_of_events_leaves_two_answers_a_paused_one_or_a_visit_that_never_ends(
        inputs in proptest::collection::vec((any_input(), 0_u64..3_000), 0..60)
    ) {
        let mut talk = Talk::new();
        let mut audio = Loop::default();
        for (input, pause_ms) in inputs {
            audio.before(&talk, &input);
            let actions = talk.feed(input);
            audio.after(&actions);
            check(&talk, &audio)?;
            let actions = talk.wait_ms(pause_ms);
            audio.after(&actions);
            check(&talk, &audio)?;
        }
        check_answers(&talk.actions);
        // Left alone, every conversation comes to its end; what was paused has been resumed or cut long before.
        let actions = talk.wait(Duration::from_secs(12));
        audio.after(&actions);
        prop_assert!(audio.held.is_none(), "an answer stays paused");
        prop_assert!(!talk.state.is_judging_interruption(), "an interruption is never judged");
        talk.wait(Duration::from_secs(300));
        prop_assert_eq!(talk.state.phase(), Phase::Idle);
        prop_assert!(talk.state.next_deadline(&talk.settings).is_none());
        check_answers(&talk.actions);
    }

    /// A visitor and a kiosk that behave as they do, interrupting each other all the time.
    #[test]
    fn whoever_interrupts_whenever_the_answer_is_heard_or_cut_once(
        steps in proptest::collection::vec((any_interruption(), 0_u64..2_500), 1..12)
    ) {
        let mut talk = Talk::new();
        let mut audio = Loop::default();
        talk.ask_and_be_answered(1);
        for (n, (inputs, pause_ms)) in steps.into_iter().enumerate() {
            for input in inputs(UtteranceId(n as u64 + 2), &talk) {
                audio.before(&talk, &input);
                let actions = talk.feed(input);
                audio.after(&actions);
                check(&talk, &audio)?;
            }
            let actions = talk.wait_ms(pause_ms);
            audio.after(&actions);
            check(&talk, &audio)?;
        }
        let actions = talk.wait(Duration::from_secs(12));
        audio.after(&actions);
        prop_assert!(audio.held.is_none(), "an answer stays paused");
        check_answers(&talk.actions);
    }
}

type Steps = fn(UtteranceId, &Talk) -> Vec<Input>;

/// Pieces of an interruption, as the ears and the recogniser tell them.
fn any_interruption() -> impl Strategy<Value = Steps> {
    prop_oneof![
        Just((|utterance, _| vec![Input::SpeechStarted { utterance, over_playout: true }]) as Steps),
        Just(
            (|utterance, _| {
                vec![
                    Input::SpeechStarted { utterance, over_playout: true },
                    Input::InterruptionConfirmed(utterance),
                    Input::SpeechGoesOn(utterance),
                ]
            }) as Steps
        ),
        Just(
            (|_, talk| {
                let Some(utterance) = talk.state.utterance() else { return Vec::new() };
                let speech_end = talk.now;
                vec![Input::SpeechPaused { utterance, speech_start: Duration::ZERO, speech_end }]
            }) as Steps
        ),
        Just((|_, talk| talk.state.utterance().map(Input::SpeechResumed).into_iter().collect()) as Steps),
        Just((|_, talk| vec![transcribed(talk, "mhm")]) as Steps),
        Just((|_, talk| vec![transcribed(talk, "")]) as Steps),
        Just((|_, talk| vec![transcribed(talk, "stop")]) as Steps),
        Just((|_, talk| vec![transcribed(talk, "Where is the training hall?")]) as Steps),
        Just(
            (|_, talk| talk.state.answer.as_ref().map(|answer| Input::PlayoutStarted(answer.id)).into_iter().collect())
                as Steps
        ),
        Just(
            (|_, talk| talk.state.answer.as_ref().map(|answer| Input::PlayoutFinished(answer.id)).into_iter().collect())
                as Steps
        ),
        Just((|_, talk| talk.state.utterance().map(Input::InterruptionDismissed).into_iter().collect()) as Steps),
        Just((|_, _| vec![Input::MicrophoneLost]) as Steps),
    ]
}

fn transcribed(talk: &Talk, text: &str) -> Input {
    let words = Words { text: text.into(), language: Language::ENGLISH, entry: None, served_by: ServedBy::Cloud };
    Input::Transcribed { job: talk.state.last_job, words }
}
