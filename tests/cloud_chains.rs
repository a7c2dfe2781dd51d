//! The chains over real HTTP: what the visitor gets, what staff see, and how the kiosk comes back, for each fault.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "common/openai.rs"]
mod openai;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use majlis::{
    clock::ManualClock,
    cloud::{BreakerSettings, Cloud, FailureKind, Link, ProviderError, Service, Supervisor},
    config,
    event::{Bus, Connection, Event, Language, ProviderKind, ProviderStatus, ServedBy, Subscription},
    llm::{AnswerStream, ChatMessage, ChatRequest, CloudLanguageModel, Delta, LanguageModel, LlmChain, Role},
    speech::{
        CloudSpeechToText, CloudTextToSpeech, PcmChunk, SpeakRequest, SpeechStream, SpeechToText, SttChain,
        TextToSpeech, TranscribeRequest, Transcript, TranscriptPiece, TranscriptStream, TtsChain,
    },
};
use openai::{Endpoint, Fault, Server};

const EMBEDDED_WORDS: &str = "when do you open";
const EMBEDDED_ANSWER: &str = "We are open from nine to five.";
const APOLOGY: &str = "I am sorry, I lost the thread.";
const SENTENCE: &str = "Straight on, past the bridge and the old fountain.";
const EMBEDDED_RATE_HZ: u32 = 22_050;

struct EmbeddedEars;

impl SpeechToText for EmbeddedEars {
    fn name(&self) -> &str {
        "embedded"
    }

    fn transcribe(&self, request: TranscribeRequest) -> TranscriptStream {
        let (language, served_by) = (request.likely_language, ServedBy::Embedded);
        let result = Transcript { text: EMBEDDED_WORDS.into(), language, entry: None, served_by };
        stream::iter([Ok(TranscriptPiece::Final(result))]).boxed()
    }
}

struct EmbeddedMind;

impl LanguageModel for EmbeddedMind {
    fn name(&self) -> &str {
        "embedded"
    }

    fn answer(&self, _: ChatRequest) -> AnswerStream {
        let done = Delta::Done { served_by: ServedBy::Embedded, ends_visit: false };
        stream::iter([Ok(Delta::Text(EMBEDDED_ANSWER.into())), Ok(done)]).boxed()
    }
}

/// Remembers what it was asked to say.
#[derive(Default)]
struct EmbeddedVoice(Mutex<Vec<String>>);

impl TextToSpeech for EmbeddedVoice {
    fn name(&self) -> &str {
        "embedded"
    }

    fn served_by(&self) -> ServedBy {
        ServedBy::Embedded
    }

    fn speak(&self, request: SpeakRequest) -> SpeechStream {
        self.0.lock().unwrap().push(request.text);
        stream::iter([Ok(PcmChunk { samples: vec![0.5; 100], sample_rate_hz: EMBEDDED_RATE_HZ, words: vec![] })])
            .boxed()
    }
}

/// A kiosk's speech and language at a scripted cloud, with fakes for the embedded parts, in virtual time.
struct World {
    clock: ManualClock,
    supervisor: Supervisor,
    events: Subscription,
    ears: SttChain,
    mind: LlmChain,
    voice: TtsChain,
    embedded_voice: Arc<EmbeddedVoice>,
}

impl World {
    fn at(base_url: String) -> Self {
        let mut config = config::Cloud { base_url, breaker_failures: 2, ..config::Cloud::default() };
        config.stt.timeout_ms = 300;
        config.stt.stream = true;
        config.llm.first_token_timeout_ms = 300;
        config.llm.token_timeout_ms = 200;
        config.tts.first_audio_timeout_ms = 300;
        config.tts.chunk_timeout_ms = 200;
        let cloud = Cloud::new(&config, &config::Secrets::default()).unwrap();
        let clock = ManualClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let events = bus.subscribe();
        let supervisor = Supervisor::new(Arc::new(clock.clone()), bus);
        let service = |kind| cloud.service(kind).unwrap();
        let guard = |service: &Arc<Service>| {
            supervisor.service(service.kind(), service.name(), BreakerSettings::from(&config), service.clone())
        };
        let last = |kind| supervisor.last_resort(kind, "embedded");

        let stt = service(ProviderKind::SpeechToText);
        let ears = SttChain::new(vec![
            Link::new(Arc::new(CloudSpeechToText::new(stt.clone(), config.stt.clone())), guard(&stt)),
            Link::new(Arc::new(EmbeddedEars), last(ProviderKind::SpeechToText)),
        ]);
        let llm = service(ProviderKind::LanguageModel);
        let mind = LlmChain::new(
            vec![
                Link::new(Arc::new(CloudLanguageModel::new(llm.clone(), config.llm.clone())), guard(&llm)),
                Link::new(Arc::new(EmbeddedMind), last(ProviderKind::LanguageModel)),
            ],
            [(Language::ENGLISH, APOLOGY.to_owned())].into(),
        );
        let tts = service(ProviderKind::TextToSpeech);
        let embedded_voice = Arc::new(EmbeddedVoice::default());
        let voice = TtsChain::new(vec![
            Link::new(Arc::new(CloudTextToSpeech::new(tts.clone(), config.tts.clone())), guard(&tts)),
            Link::new(embedded_voice.clone(), last(ProviderKind::TextToSpeech)),
        ]);
        Self { clock, supervisor, events, ears, mind, voice, embedded_voice }
    }

    async fn hear(&self) -> Transcript {
        let request = TranscribeRequest { samples: vec![0.1; 1_600].into(), likely_language: Language::ENGLISH };
        let pieces: Vec<_> = self.ears.transcribe(request).collect().await;
        match pieces.into_iter().next_back() {
            Some(Ok(TranscriptPiece::Final(transcript))) => transcript,
            other => panic!("{other:?}"),
        }
    }

    /// The text, and who ended it.
    async fn ask(&self) -> (String, ServedBy) {
        let messages = Arc::new([ChatMessage::new(Role::User, "Hello?")]);
        let request =
            ChatRequest { messages, language: Language::ENGLISH, entry: None, takes_leave: false, tools: Arc::new([]) };
        let (mut text, mut by) = (String::new(), None);
        for piece in self.mind.answer(request).collect::<Vec<_>>().await {
            match piece.unwrap() {
                Delta::Text(more) => text += &more,
                Delta::Call(_) => panic!("nobody offered a tool"),
                Delta::Done { served_by, .. } => by = Some(served_by),
            }
        }
        (text, by.unwrap())
    }

    async fn say(&self) -> Vec<Result<PcmChunk, ProviderError>> {
        let request = SpeakRequest { text: SENTENCE.into(), language: Language::ENGLISH, voice: None };
        self.voice.speak(request).collect().await
    }

    /// What staff were told since the last call.
    fn told(&mut self) -> Vec<(ProviderKind, ProviderStatus, String)> {
        std::iter::from_fn(|| self.events.try_next())
            .filter_map(|stamped| match stamped.event {
                Event::Provider { kind, name, status, detail } if name == "cloud" => Some((kind, status, detail)),
                _ => None,
            })
            .collect()
    }

    fn statuses(&mut self) -> Vec<ProviderStatus> {
        self.told().into_iter().map(|(_, status, _)| status).collect()
    }

    /// Lets virtual time run until `connection` is reached.
    async fn run_until(&self, connection: Connection) {
        let mut health = self.supervisor.health().subscribe();
        while *health.borrow_and_update() != connection {
            self.clock.advance(Duration::from_secs(1));
            let _ = tokio::time::timeout(Duration::from_millis(20), health.changed()).await;
        }
    }
}

#[tokio::test]
async fn whatever_fails_before_the_first_piece_the_embedded_parts_serve_the_same_request() {
    for fault in [
        Fault::status(401),
        Fault::rate_limited("30"),
        Fault::status(500),
        Fault::Hang,
        Fault::Slow(Duration::from_secs(5)),
        Fault::Cut { after: 0 },
        Fault::Malformed { after: 0 },
    ] {
        let server = Server::start().await;
        server.script(|script| {
            for endpoint in [Endpoint::Transcription, Endpoint::Chat, Endpoint::Speech] {
                script.fail_always(endpoint, fault.clone());
            }
        });
        let mut world = World::at(server.base_url());
        assert_eq!(world.hear().await.text, EMBEDDED_WORDS, "{fault:?}");
        assert_eq!(world.ask().await, (EMBEDDED_ANSWER.to_owned(), ServedBy::Embedded), "{fault:?}");
        // Raw PCM has no form that could be malformed.
        if !matches!(fault, Fault::Malformed { .. }) {
            let chunks = world.say().await;
            assert!(chunks.iter().all(|chunk| chunk.as_ref().unwrap().sample_rate_hz == EMBEDDED_RATE_HZ), "{fault:?}");
            assert_eq!(*world.embedded_voice.0.lock().unwrap(), [SENTENCE], "{fault:?}");
        }
        let told = world.told();
        let expects = if matches!(fault, Fault::Malformed { .. }) { 2 } else { 3 };
        assert_eq!(told.len(), expects, "{fault:?}: {told:?}");
        assert!(told.iter().all(|(_, status, cause)| *status != ProviderStatus::Healthy && !cause.is_empty()));
    }
}

#[tokio::test]
async fn one_quick_hiccup_is_tried_again_and_nobody_notices() {
    for fault in [Fault::status(500), Fault::Cut { after: 0 }] {
        let server = Server::start().await;
        server.script(|script| {
            for endpoint in [Endpoint::Transcription, Endpoint::Chat, Endpoint::Speech] {
                script.fail(endpoint, fault.clone());
            }
        });
        let mut world = World::at(server.base_url());
        assert_eq!(world.hear().await.served_by, ServedBy::Cloud);
        assert_eq!(world.ask().await.1, ServedBy::Cloud);
        assert!(world.say().await.iter().all(Result::is_ok));
        assert!(world.embedded_voice.0.lock().unwrap().is_empty());
        assert_eq!(world.told(), []);
    }
}

#[tokio::test]
async fn a_wrong_key_suspends_the_service_at_once_and_it_is_asked_no_more() {
    let server = Server::start().await;
    server.script(|script| script.fail_always(Endpoint::Chat, Fault::status(401)));
    let mut world = World::at(server.base_url());
    assert_eq!(world.supervisor.health().connection(), Connection::Online);
    for _ in 0..3 {
        assert_eq!(world.ask().await.1, ServedBy::Embedded);
    }
    assert_eq!(server.requests_to(Endpoint::Chat).len(), 1);
    assert_eq!(world.supervisor.health().connection(), Connection::Offline);
    let told = world.told();
    assert!(
        matches!(told.as_slice(), [(ProviderKind::LanguageModel, ProviderStatus::Suspended, cause)]
        if cause.contains("401") && cause.contains("cloud.api_key")),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_rate_limited_service_is_left_alone_for_as_long_as_it_asks_and_comes_back() {
    let server = Server::start().await;
    server.script(|script| script.fail(Endpoint::Transcription, Fault::rate_limited("7")));
    let mut world = World::at(server.base_url());
    assert_eq!(world.hear().await.served_by, ServedBy::Embedded);
    world.clock.advance(Duration::from_millis(6_900));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(server.requests_to(Endpoint::Models).is_empty(), "not before its time");
    world.run_until(Connection::Online).await;
    assert_eq!(world.hear().await.served_by, ServedBy::Cloud);
    assert_eq!(world.statuses(), [ProviderStatus::Suspended, ProviderStatus::Healthy]);
}

#[tokio::test]
async fn failures_in_a_row_suspend_a_service_until_it_answers_a_probe() {
    let server = Server::start().await;
    server.script(|script| {
        script.fail_always(Endpoint::Transcription, Fault::Hang);
        script.fail(Endpoint::Models, Fault::status(503));
    });
    let mut world = World::at(server.base_url());
    for _ in 0..3 {
        world.hear().await;
    }
    assert_eq!(server.requests_to(Endpoint::Transcription).len(), 2, "the third visitor does not wait");
    server.script(openai::Script::recover);
    server.script(|script| script.fail(Endpoint::Models, Fault::status(503)));
    world.run_until(Connection::Online).await;
    world.hear().await;
    assert_eq!(server.requests_to(Endpoint::Transcription).len(), 3);
    assert_eq!(server.requests_to(Endpoint::Models).len(), 2, "one probe failed, one succeeded");
    assert_eq!(world.statuses(), [ProviderStatus::Failed, ProviderStatus::Suspended, ProviderStatus::Healthy]);
}

#[tokio::test]
async fn a_cloud_that_is_not_there_is_noticed_at_once_and_so_is_its_return() {
    let address = openai::closed_address().await;
    let mut world = World::at(format!("http://{address}/v1"));
    assert_eq!(world.hear().await.served_by, ServedBy::Embedded);
    assert_eq!(world.supervisor.health().connection(), Connection::Offline);
    let _server = Server::start_on(address).await;
    world.run_until(Connection::Online).await;
    assert_eq!(world.hear().await.served_by, ServedBy::Cloud);
    assert_eq!(world.statuses(), [ProviderStatus::Suspended, ProviderStatus::Healthy]);
}

#[tokio::test]
async fn an_answer_cut_before_its_first_clause_is_replaced_without_trace() {
    for fault in [
        Fault::Cut { after: 2 },
        Fault::EndEarly { after: 2 },
        Fault::Malformed { after: 2 },
        Fault::Stall { after: 2 },
    ] {
        let server = Server::start().await;
        server.script(|script| script.fail_always(Endpoint::Chat, fault.clone()));
        let mut world = World::at(server.base_url());
        assert_eq!(world.ask().await, (EMBEDDED_ANSWER.to_owned(), ServedBy::Embedded), "{fault:?}");
        assert_eq!(world.statuses(), [ProviderStatus::Failed]);
    }
}

#[tokio::test]
async fn an_answer_cut_later_is_ended_with_an_apology() {
    for fault in [Fault::Cut { after: 12 }, Fault::Malformed { after: 12 }, Fault::Stall { after: 12 }] {
        let server = Server::start().await;
        server.script(|script| script.fail(Endpoint::Chat, fault.clone()));
        let mut world = World::at(server.base_url());
        let (text, by) = world.ask().await;
        assert_eq!(text, format!("The museum opens at nine in the morning. You can walk… {APOLOGY}"), "{fault:?}");
        assert_eq!(by, ServedBy::Cloud);
        assert_eq!(server.requests_to(Endpoint::Chat).len(), 1, "what was heard is not asked again");
        assert_eq!(world.statuses(), [ProviderStatus::Failed]);
        assert!(world.ask().await.0.ends_with("the main square."));
        assert_eq!(world.statuses(), [ProviderStatus::Healthy]);
    }
}

#[tokio::test]
async fn a_clause_cut_in_the_middle_is_spoken_to_its_end_by_the_next_voice() {
    let server = Server::start().await;
    // At 65 ms a character and about 40 ms a chunk, 25 chunks end in the fourth word: "past |the bridge".
    server.script(|script| {
        script.speech_ms_per_char = 65;
        script.fail(Endpoint::Speech, Fault::Cut { after: 25 });
    });
    let world = World::at(server.base_url());
    let chunks: Vec<PcmChunk> = world.say().await.into_iter().map(Result::unwrap).collect();
    assert_eq!(*world.embedded_voice.0.lock().unwrap(), ["past the bridge and the old fountain."]);
    assert_eq!(chunks.last().unwrap().sample_rate_hz, EMBEDDED_RATE_HZ);
}

#[tokio::test]
async fn a_transcript_cut_in_the_middle_is_begun_anew_by_the_next_provider() {
    let server = Server::start().await;
    server.script(|script| script.fail_always(Endpoint::Transcription, Fault::Cut { after: 3 }));
    let mut world = World::at(server.base_url());
    assert_eq!(world.hear().await.text, EMBEDDED_WORDS);
    assert_eq!(world.statuses(), [ProviderStatus::Failed]);
}

#[tokio::test]
async fn an_empty_transcript_is_passed_on_as_it_is() {
    let server = Server::start().await;
    server.script(|script| script.fail(Endpoint::Transcription, Fault::Empty));
    let mut world = World::at(server.base_url());
    let transcript = world.hear().await;
    assert_eq!((transcript.text.as_str(), transcript.served_by), ("", ServedBy::Cloud));
    assert_eq!(world.told(), []);
}

#[tokio::test]
async fn a_chain_without_anybody_left_says_so() {
    let server = Server::start().await;
    server.script(|script| script.fail_always(Endpoint::Speech, Fault::status(401)));
    let config = config::Cloud { base_url: server.base_url(), ..config::Cloud::default() };
    let service =
        Cloud::new(&config, &config::Secrets::default()).unwrap().service(ProviderKind::TextToSpeech).unwrap();
    let clock = Arc::new(ManualClock::default());
    let supervisor = Supervisor::new(clock.clone(), Bus::new(clock));
    let guard = supervisor.service(service.kind(), service.name(), BreakerSettings::from(&config), service.clone());
    let voice = TtsChain::new(vec![Link::new(Arc::new(CloudTextToSpeech::new(service, config.tts)), guard)]);
    let request = SpeakRequest { text: SENTENCE.into(), language: Language::ENGLISH, voice: None };
    for kind in [FailureKind::Unauthorized, FailureKind::Unavailable] {
        let pieces: Vec<_> = voice.speak(request.clone()).collect().await;
        assert_eq!(pieces.last().unwrap().as_ref().unwrap_err().kind, kind);
    }
}
