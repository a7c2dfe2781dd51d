//! Several services of a kind in order, over real HTTP: who is asked, who finishes what broke off, and what the day's
//! budget stops.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "common/openai.rs"]
mod openai;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use jiff::tz::TimeZone;
use majlis::{
    clock::ManualClock,
    cloud::{BreakerSettings, Cloud, Ledger, Link, NoDayBook, Service, Supervisor},
    config,
    event::{
        BudgetStatus, Bus, ByLanguage, Connection, Cost, Event, Language, ProviderKind, ProviderStatus, ServedBy,
        Subscription, ToolSpec, ToolUse,
    },
    llm::{AnswerStream, ChatMessage, ChatRequest, CloudLanguageModel, Delta, LanguageModel, LlmChain, Role},
    speech::{
        CloudSpeechToText, CloudTextToSpeech, PcmChunk, SpeakRequest, SpeechToText, SttChain, TextToSpeech,
        TranscribeRequest, TranscriptPiece, TtsChain,
    },
};
use openai::{Endpoint, Fault, Server, tokens};
use serde_json::json;

const EMBEDDED_ANSWER: &str = "We are open from nine to five.";
const APOLOGY: &str = "I am sorry, I lost the thread.";
const LIMIT: Duration = Duration::from_secs(20);

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

/// Two services of each kind and an embedded model.
struct World {
    servers: [Server; 2],
    supervisor: Supervisor,
    ledger: Ledger,
    events: Subscription,
    ears: SttChain,
    mind: LlmChain,
    voice: TtsChain,
}

impl World {
    async fn start() -> Self {
        Self::with_costs(config::Costs::default()).await
    }

    async fn with_costs(costs: config::Costs) -> Self {
        let servers = [Server::start().await, Server::start().await];
        let second = servers[1].base_url();
        let mut config = config::Cloud { base_url: servers[0].base_url(), ..config::Cloud::default() };
        config.breaker_failures = 2;
        config.stt.timeout_ms = 2_000;
        config.llm.token_timeout_ms = 300;
        config.tts.chunk_timeout_ms = 300;
        config.stt.next = vec![config::NextStt { base_url: second.clone(), ..config::NextStt::default() }];
        let model = "second-model".to_owned();
        config.llm.next =
            vec![config::NextLlm { base_url: second.clone(), name: "spare".into(), model, ..Default::default() }];
        config.tts.next =
            vec![config::NextTts { base_url: second, voice: ByLanguage::texts("echo", ""), ..Default::default() }];

        let clock = Arc::new(ManualClock::default());
        let bus = Bus::new(clock.clone());
        let events = bus.subscribe();
        let wall: majlis::clock::WallClock = Arc::new(|| "2026-11-24T12:00:00Z".parse().unwrap());
        let ledger = Ledger::new(&costs, TimeZone::UTC, wall, Arc::new(NoDayBook), Some(bus.clone()));
        let cloud = Cloud::with_ledger(&config, &config::Secrets::default(), &ledger).unwrap();
        let supervisor = Supervisor::new(clock, bus).with_budget(ledger.clone());
        let guard = |service: &Arc<Service>| {
            supervisor.service(service.kind(), service.name(), BreakerSettings::from(&config), service.clone())
        };
        let stt = cloud.in_order(ProviderKind::SpeechToText, config.stt.all());
        let ears = stt.into_iter().map(|(service, options)| {
            let guard = guard(&service);
            Link::<dyn SpeechToText>::new(Arc::new(CloudSpeechToText::new(service, options)), guard)
        });
        let llm = cloud.in_order(ProviderKind::LanguageModel, config.llm.all());
        let embedded = supervisor.last_resort(ProviderKind::LanguageModel, "embedded");
        let minds = llm.into_iter().map(|(service, options)| {
            let guard = guard(&service);
            Link::<dyn LanguageModel>::new(Arc::new(CloudLanguageModel::new(service, options)), guard)
        });
        let minds = minds.chain([Link::<dyn LanguageModel>::new(Arc::new(EmbeddedMind), embedded)]);
        let tts = cloud.in_order(ProviderKind::TextToSpeech, config.tts.all());
        let voices = tts.into_iter().map(|(service, options)| {
            let guard = guard(&service);
            Link::<dyn TextToSpeech>::new(Arc::new(CloudTextToSpeech::new(service, options)), guard)
        });
        let apologies = [(Language::ENGLISH, APOLOGY.to_owned())].into();
        let (ears, mind) = (SttChain::new(ears.collect()), LlmChain::new(minds.collect(), apologies));
        let voice = TtsChain::new(voices.collect());
        Self { servers, supervisor, ledger, events, ears, mind, voice }
    }

    async fn ask(&self) -> (String, ServedBy) {
        let (text, calls, by) = self.ask_with(Arc::new([])).await;
        assert_eq!(calls, []);
        (text, by)
    }

    async fn ask_with(&self, tools: Arc<[ToolSpec]>) -> (String, Vec<ToolUse>, ServedBy) {
        let messages = Arc::new([ChatMessage::new(Role::User, "When do you open?")]);
        let request = ChatRequest { messages, language: Language::ENGLISH, entry: None, takes_leave: false, tools };
        let (mut text, mut calls, mut by) = (String::new(), Vec::new(), None);
        for piece in tokio::time::timeout(LIMIT, self.mind.answer(request).collect::<Vec<_>>()).await.unwrap() {
            match piece.unwrap() {
                Delta::Text(more) => text += &more,
                Delta::Call(call) => calls.push(call),
                Delta::Done { served_by, .. } => by = Some(served_by),
            }
        }
        (text, calls, by.unwrap())
    }

    async fn hear(&self) -> String {
        let request = TranscribeRequest { samples: vec![0.1; 16_000].into(), likely_language: Language::ENGLISH };
        match self.ears.transcribe(request).collect::<Vec<_>>().await.pop() {
            Some(Ok(TranscriptPiece::Final(transcript))) => transcript.text,
            other => panic!("{other:?}"),
        }
    }

    /// What staff were told: which provider, and what became of it.
    fn told(&mut self) -> Vec<(String, ProviderStatus)> {
        std::iter::from_fn(|| self.events.try_next())
            .filter_map(|stamped| match stamped.event {
                Event::Provider { name, status, .. } => Some((name, status)),
                _ => None,
            })
            .collect()
    }

    /// Waits until the ledger has counted `spent`.
    async fn until_spent(&self, spent: Cost) {
        let counted = async {
            while self.ledger.spent() < spent {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LIMIT, counted).await.unwrap();
    }
}

#[tokio::test]
async fn the_second_service_of_a_kind_serves_when_the_first_fails() {
    let mut world = World::start().await;
    world.servers[0].script(|script| {
        for endpoint in [Endpoint::Transcription, Endpoint::Chat, Endpoint::Speech] {
            script.fail_always(endpoint, Fault::status(503));
        }
    });
    world.servers[1].script(|script| {
        script.transcript = "From the second.".into();
        script.answer = tokens("The second answers.");
    });
    assert_eq!(world.hear().await, "From the second.");
    assert_eq!(world.ask().await, ("The second answers.".to_owned(), ServedBy::Cloud));
    let request = SpeakRequest { text: "We open at nine.".into(), language: Language::ENGLISH, voice: None };
    let chunks: Vec<_> = world.voice.speak(request).collect().await;
    assert!(chunks.iter().all(Result::is_ok));
    let spoken = world.servers[1].requests_to(Endpoint::Speech)[0].json();
    assert_eq!((&spoken["voice"], &spoken["model"]), (&"echo".into(), &"gpt-4o-mini-tts".into()), "its own voice");
    assert_eq!(world.servers[1].requests_to(Endpoint::Chat)[0].json()["model"], "second-model");
    let failed = ("cloud".to_owned(), ProviderStatus::Failed);
    assert_eq!(world.told(), [failed.clone(), failed.clone(), failed]);
    // Suspended after the next failure; the kiosk is not offline, for the second one is there.
    world.ask().await;
    assert_eq!(world.told(), [("cloud".to_owned(), ProviderStatus::Suspended)]);
    assert_eq!(world.supervisor.health().connection(), Connection::Online);
    world.servers[1].script(|script| script.fail_always(Endpoint::Chat, Fault::status(401)));
    assert_eq!(world.ask().await, (EMBEDDED_ANSWER.to_owned(), ServedBy::Embedded), "the embedded one is the last");
    assert_eq!(world.told(), [("spare".to_owned(), ProviderStatus::Suspended)]);
    assert_eq!(world.supervisor.health().connection(), Connection::Offline);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_finished_by_the_next_service() {
    // Twelve tokens end in "You can walk", of which the last word may not be whole.
    for fault in [Fault::Cut { after: 12 }, Fault::Malformed { after: 12 }, Fault::Stall { after: 12 }] {
        for rest in [
            "walk there from the main square.",
            " walk there from the main square.",
            "You can walk there from the main square.",
        ] {
            let mut world = World::start().await;
            world.servers[0].script(|script| script.fail(Endpoint::Chat, fault.clone()));
            world.servers[1].script(|script| script.answer = tokens(rest));
            let (text, by) = world.ask().await;
            assert_eq!(
                text, "The museum opens at nine in the morning. You can walk there from the main square.",
                "{fault:?} {rest}"
            );
            assert_eq!(by, ServedBy::Cloud);
            let messages = world.servers[1].requests_to(Endpoint::Chat)[0].json()["messages"].clone();
            assert_eq!(messages[0]["content"], "When do you open?");
            let said = (&messages[1]["role"], &messages[1]["content"]);
            assert_eq!(said, (&"assistant".into(), &"The museum opens at nine in the morning. You can".into()));
            assert!(messages[2]["content"].as_str().unwrap().contains("the rest of that sentence"), "{messages}");
            assert_eq!(world.told(), [("cloud".to_owned(), ProviderStatus::Failed)]);
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_between_sentences_goes_on_with_the_next_one() {
    let world = World::start().await;
    world.servers[0].script(|script| {
        script.answer = tokens("The museum opens at nine, every morning. You can walk there.");
        script.fail(Endpoint::Chat, Fault::Cut { after: 9 });
    });
    world.servers[1].script(|script| script.answer = tokens("It closes at five."));
    assert_eq!(world.ask().await.0, "The museum opens at nine, every morning. It closes at five.");
    let messages = world.servers[1].requests_to(Endpoint::Chat)[0].json()["messages"].clone();
    assert!(messages[2]["content"].as_str().unwrap().contains("the next sentence"), "{messages}");
}

#[tokio::test]
async fn an_answer_that_nobody_can_finish_is_closed_with_an_apology() {
    let world = World::start().await;
    world.servers[0].script(|script| script.fail(Endpoint::Chat, Fault::Cut { after: 12 }));
    world.servers[1].script(|script| script.fail_always(Endpoint::Chat, Fault::status(500)));
    let expected = format!("The museum opens at nine in the morning. You can walk… {APOLOGY}");
    assert_eq!(world.ask().await, (expected, ServedBy::Cloud));
}

#[tokio::test]
async fn a_call_of_an_answer_that_broke_off_is_asked_for_again_by_the_next_service_only() {
    let world = World::start().await;
    let spec = ToolSpec { name: "look".into(), description: "Looks.".into(), parameters: json!({ "type": "object" }) };
    let calls = |arguments| [vec![("look", arguments)]].into();
    world.servers[0].script(|script| {
        script.answer = tokens("One moment please, I will look.");
        script.calls = calls("{\"at\":1}");
        // After the text, in the middle of the call.
        script.fail(Endpoint::Chat, Fault::Cut { after: 10 });
    });
    world.servers[1].script(|script| {
        script.answer = tokens("Now.");
        script.calls = calls("{\"at\":2}");
    });
    let (text, calls, _) = world.ask_with([spec].into()).await;
    assert_eq!(text, "One moment please, I will look. Now.");
    let arguments: Vec<&str> = calls.iter().map(|call| call.arguments.as_str()).collect();
    assert_eq!(arguments, ["{\"at\":2}"]);
}

#[tokio::test]
async fn a_clause_that_breaks_off_is_spoken_to_its_end_by_the_next_service_and_a_clip_is_written_down_anew() {
    let world = World::start().await;
    world.servers[0].script(|script| {
        script.speech_ms_per_char = 65;
        script.fail(Endpoint::Speech, Fault::Cut { after: 25 });
        script.fail_always(Endpoint::Transcription, Fault::Malformed { after: 0 });
    });
    let text = "Straight on, past the bridge and the old fountain.";
    let request = SpeakRequest { text: text.into(), language: Language::ENGLISH, voice: None };
    let chunks: Vec<PcmChunk> = world.voice.speak(request).map(Result::unwrap).collect().await;
    assert!(chunks.len() > 1);
    let rest = &world.servers[1].requests_to(Endpoint::Speech)[0].json()["input"];
    assert_eq!(rest, "past the bridge and the old fountain.");
    world.hear().await;
    let clip = |server: &Server| server.requests_to(Endpoint::Transcription)[0].wav_samples();
    assert_eq!(clip(&world.servers[0]), clip(&world.servers[1]));
}

fn prices(daily_budget: f32) -> config::Costs {
    let mut costs = config::Costs { daily_budget, ..config::Costs::default() };
    let price = |model: &str| config::Price { model: model.into(), ..config::Price::default() };
    costs.prices = vec![
        config::Price { input_mtok: 1.0, cached_mtok: 0.5, output_mtok: 4.0, ..price("gpt-4o-mini") },
        config::Price { audio_minute: 0.006, ..price("gpt-4o-mini-transcribe") },
        config::Price { characters_million: 15.0, ..price("gpt-4o-mini-tts") },
    ];
    costs
}

#[tokio::test]
async fn what_each_service_used_is_counted() {
    let world = World::with_costs(prices(0.0)).await;
    world.servers[0].script(|script| {
        script.usage = json!({
            "prompt_tokens": 1_000, "completion_tokens": 20, "prompt_tokens_details": { "cached_tokens": 600 },
        });
    });
    world.ask().await;
    // The usage comes after the answer's end: 400 + 600 / 2 + 20 × 4.
    world.until_spent(Cost(780)).await;
    world.hear().await;
    assert_eq!(world.ledger.spent().since(Cost(780)), Cost(100), "a second of speech");
    let request = SpeakRequest { text: "We open at nine.".into(), language: Language::ENGLISH, voice: None };
    world.voice.speak(request).collect::<Vec<_>>().await;
    assert_eq!(world.ledger.spent().since(Cost(880)), Cost(240), "sixteen characters");
}

#[tokio::test]
async fn what_a_service_does_not_tell_is_estimated_and_what_it_refused_costs_nothing() {
    let world = World::with_costs(prices(0.0)).await;
    world.servers[0].script(|script| script.fail(Endpoint::Chat, Fault::status(401)));
    world.ask().await;
    assert_eq!(world.ledger.spent(), Cost(0));

    let world = World::with_costs(prices(0.0)).await;
    world.ask().await;
    // 17 characters of question are 5 tokens, 81 of answer 21.
    world.until_spent(Cost(5 + 21 * 4)).await;
    assert_eq!(world.ledger.spent(), Cost(89));
}

#[tokio::test]
async fn when_the_budget_is_spent_the_embedded_parts_serve_the_same_visit() {
    let mut world = World::with_costs(prices(0.001)).await;
    world.servers[0].script(|script| script.usage = json!({ "prompt_tokens": 850, "completion_tokens": 0 }));
    assert_eq!(world.ask().await.1, ServedBy::Cloud);
    world.until_spent(Cost(850)).await;
    assert_eq!(world.ledger.status(), BudgetStatus::Warning);
    assert_eq!(world.ask().await.1, ServedBy::Cloud, "a warning stops nothing");
    world.until_spent(Cost(1_700)).await;
    let mut connection = world.supervisor.health().subscribe();
    let offline = connection.wait_for(|connection| *connection == Connection::Offline);
    tokio::time::timeout(LIMIT, offline).await.unwrap().unwrap();
    assert_eq!(world.ask().await, (EMBEDDED_ANSWER.to_owned(), ServedBy::Embedded));
    let asked: usize = world.servers.iter().map(|server| server.requests_to(Endpoint::Chat).len()).sum();
    assert_eq!(asked, 2, "no service is asked any more");
    let told: Vec<BudgetStatus> = std::iter::from_fn(|| world.events.try_next())
        .filter_map(|stamped| match stamped.event {
            Event::Budget { status, .. } => Some(status),
            _ => None,
        })
        .collect();
    assert_eq!(told, [BudgetStatus::Warning, BudgetStatus::Exhausted]);
}
