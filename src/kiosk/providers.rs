//! The providers of speech and language, in order: the configured services first, the embedded parts last; and the ledger
//! of what the services cost.

use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::{Foundation, spending::StoreBook};
use crate::{
    audio,
    clock::Clock,
    cloud::{BreakerSettings, Cloud, Ledger, Link, ProviderError, Service, Supervisor},
    config::{self, Secrets},
    conversation::Personas,
    event::{Bus, Connection, Event, Language, ProviderKind, ProviderStatus},
    llm::{CloudLanguageModel, CloudObserver, KnowledgeModel, LanguageModel, LlmChain, Observer},
    speech::{
        CloudSpeechToText, CloudTextToSpeech, SPEECH_RATE_HZ, SpeechToText, SttChain, TextToSpeech, TtsChain,
        embedded::{EmbeddedSpeechToText, EmbeddedTextToSpeech, Espeak, Vowels},
    },
    store::StoreWriter,
};

pub(super) struct Providers {
    pub(super) stt: Arc<dyn SpeechToText>,
    pub(super) llm: Arc<dyn LanguageModel>,
    pub(super) tts: Arc<dyn TextToSpeech>,
    pub(super) connection: watch::Receiver<Connection>,
    /// What the services cost.
    pub(super) ledger: Ledger,
    /// A model that sees, where a service is configured for it.
    pub(super) observer: Option<Arc<dyn Observer>>,
    /// Whether what the visitor says leaves the box: to a service that is not on it.
    pub(super) uses_service: bool,
}

/// The chains. What is missing is told to staff and left out: a kiosk that can only be read is better than none.
pub(super) fn build(foundation: &Foundation, clock: Arc<dyn Clock>, bus: &Bus, store: &StoreWriter) -> Providers {
    let config = &foundation.config;
    let ledger = ledger(config, bus, store);
    let (cloud, is_usable) = cloud(foundation, bus, &ledger);
    let supervisor = Supervisor::new(clock, bus.clone()).with_budget(ledger.clone());
    let breaker = BreakerSettings::from(&config.cloud);
    let guard = |service: &Arc<Service>| supervisor.service(service.kind(), service.name(), breaker, service.clone());
    let last_resort = |kind: ProviderKind| supervisor.last_resort(kind, EMBEDDED);

    let mut stt: Vec<Link<dyn SpeechToText>> = Vec::new();
    let mut llm: Vec<Link<dyn LanguageModel>> = Vec::new();
    let mut tts: Vec<Link<dyn TextToSpeech>> = Vec::new();
    for (service, options) in cloud.in_order(ProviderKind::SpeechToText, config.cloud.stt.all()) {
        let guard = guard(&service);
        stt.push(Link::new(Arc::new(CloudSpeechToText::new(service, options)), guard));
    }
    for (service, options) in cloud.in_order(ProviderKind::LanguageModel, config.cloud.llm.all()) {
        let guard = guard(&service);
        llm.push(Link::new(Arc::new(CloudLanguageModel::new(service, options)), guard));
    }
    for (service, options) in cloud.in_order(ProviderKind::TextToSpeech, config.cloud.tts.all()) {
        let guard = guard(&service);
        tts.push(Link::new(Arc::new(CloudTextToSpeech::new(service, options)), guard));
    }
    let knowledge =
        KnowledgeModel::new(foundation.knowledge.clone(), foundation.words.clone(), config.embedded.answer_threshold);
    llm.push(Link::new(Arc::new(knowledge), last_resort(ProviderKind::LanguageModel)));
    match embedded_speech(foundation) {
        Ok((ears, voice)) => {
            stt.push(Link::new(Arc::new(ears), last_resort(ProviderKind::SpeechToText)));
            tts.push(Link::new(Arc::new(voice), last_resort(ProviderKind::TextToSpeech)));
        }
        Err(error) => {
            suspended(bus, ProviderKind::SpeechToText, EMBEDDED, &error.message);
            suspended(bus, ProviderKind::TextToSpeech, EMBEDDED, &error.message);
        }
    }
    let spoken = foundation.words.languages().iter().copied();
    let apologies = spoken.map(|language| (language, foundation.words.get("trouble", language).to_owned())).collect();
    let observer = CloudObserver::configured(config, &cloud);
    let connection = if is_usable { supervisor.health().subscribe() } else { watch::channel(Connection::Offline).1 };
    Providers {
        stt: Arc::new(SttChain::new(stt)),
        llm: Arc::new(LlmChain::new(llm, apologies)),
        tts: Arc::new(TtsChain::new(tts)),
        connection,
        ledger,
        observer,
        uses_service: cloud.leaves_the_box(ProviderKind::SpeechToText)
            || cloud.leaves_the_box(ProviderKind::LanguageModel),
    }
}

/// Counts what the services cost, kept in the database.
fn ledger(config: &config::Config, bus: &Bus, store: &StoreWriter) -> Ledger {
    let cloud = &config.cloud;
    let models: [Vec<String>; 3] = [
        cloud.stt.all().into_iter().map(|options| options.model).collect(),
        cloud.llm.all().into_iter().map(|options| options.model).collect(),
        cloud.tts.all().into_iter().map(|options| options.model).collect(),
    ];
    if config.costs.daily_budget > 0.0 {
        for model in
            models.iter().flatten().filter(|model| config.costs.prices.iter().all(|price| price.model != **model))
        {
            tracing::warn!(
                "the model \"{model}\" has no [[costs.prices]]: it counts as free, whatever the daily budget"
            );
        }
    }
    let book = Arc::new(StoreBook::new(config.paths.database.clone(), store.clone()));
    // The configuration has checked the zone.
    let zone = TimeZone::get(&config.stand.time_zone).unwrap_or(TimeZone::UTC);
    Ledger::new(&config.costs, zone, Arc::new(jiff::Timestamp::now), book, Some(bus.clone()))
}

/// The configured services. A configuration that cannot work (no key, say) leaves the kiosk to its embedded parts.
fn cloud(foundation: &Foundation, bus: &Bus, ledger: &Ledger) -> (Cloud, bool) {
    let config = &foundation.config.cloud;
    match Cloud::with_ledger(config, &Secrets::from_environment(), ledger) {
        Ok(cloud) => (cloud, true),
        Err(error) => {
            let message = error.to_string();
            for kind in [ProviderKind::SpeechToText, ProviderKind::LanguageModel, ProviderKind::TextToSpeech] {
                suspended(bus, kind, "cloud", &message);
            }
            (Cloud::default(), false)
        }
    }
}

/// In place of voices that espeak-ng does not have, those that it comes with: a kiosk that speaks otherwise than wished
/// is better than a mute one.
pub(super) fn choose_voices(espeak: &Espeak, languages: &[Language], config: &mut config::Embedded) {
    let defaults = config::Embedded::default();
    // On a thread of its own, because it waits for espeak-ng's, and whoever starts the kiosk may be a task.
    std::thread::scope(|scope| {
        let checking = scope.spawn(|| {
            for language in languages.iter().copied() {
                let voice = config.voice.own(language).map_or(language.code(), String::as_str);
                let default = defaults.voice.text(language);
                if !espeak.has_voice(voice) && espeak.has_voice(default) {
                    tracing::warn!(
                        "embedded.voice.{language} is \"{voice}\", which espeak-ng does not have: \"{default}\" speaks \
                         instead; `espeak-ng --voices` lists the files' and the voices' names that can be used"
                    );
                    config.voice.put(language, default.to_owned());
                }
            }
        });
        if checking.join().is_err() {
            tracing::error!("the voices of espeak-ng could not be checked");
        }
    });
}

/// Personas whose voice espeak-ng does not have speak with the configured one.
pub(super) fn check_persona_voices(espeak: &Espeak, personas: &mut Personas) {
    // On a thread of its own, as above.
    std::thread::scope(|scope| {
        let checking = scope.spawn(|| personas.keep_voices(|voice| espeak.has_voice(voice)));
        match checking.join() {
            Ok(missing) if missing.is_empty() => {}
            Ok(missing) => tracing::warn!(
                "assets/personas names voices that espeak-ng does not have: {}; the configured voice speaks instead",
                missing.join(", ")
            ),
            Err(_) => tracing::error!("the voices of the personas could not be checked"),
        }
    });
}

fn embedded_speech(foundation: &Foundation) -> Result<(EmbeddedSpeechToText, EmbeddedTextToSpeech), ProviderError> {
    let config = &foundation.config.embedded;
    let espeak = foundation.espeak.clone()?;
    let vowels = Arc::new(Vowels::new(foundation.onnx.clone(), foundation.models.clone()));
    let entries = foundation.knowledge.entries().cloned().collect();
    let ears = EmbeddedSpeechToText::new(entries, espeak.clone(), vowels.clone(), config)?;
    Ok((ears, EmbeddedTextToSpeech::new(espeak, vowels, config)))
}

fn suspended(bus: &Bus, kind: ProviderKind, name: &str, detail: &str) {
    bus.publish(Event::Provider {
        kind,
        name: name.to_owned(),
        status: ProviderStatus::Suspended,
        detail: detail.to_owned(),
    });
}

// What the microphone hears goes to speech to text as it is.
const _: () = assert!(audio::PIPELINE_RATE_HZ == SPEECH_RATE_HZ);

/// The name of the embedded parts in events.
const EMBEDDED: &str = "embedded";
