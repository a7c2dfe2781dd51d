//! espeak-ng on a thread of its own: its C library keeps all its state in globals, so one thread owns it and takes
//! requests over a bounded queue.

mod ffi;

use std::{
    ops::{ControlFlow, Range},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use crate::{
    cloud::{FailureKind, ProviderError},
    speech::{PcmChunk, WordMark},
};

/// Requests that may wait; the next one is refused.
const QUEUED_REQUESTS: usize = 32;
/// Buffers of one request that may wait to be played: 1,024 of 60 ms are a minute. When they are full, the thread
/// waits, so that a listener that stops reading holds up the requests behind it until the end, and never memory.
const QUEUED_BUFFERS: usize = 1_024;
/// How much sound the library makes at a time, ms.
const BUFFER_MS: u16 = 60;
/// How long the thread sleeps before it looks again whether a full queue has room.
const FULL_WAIT: Duration = Duration::from_millis(10);

/// What is to be said, and which bytes of the written text each of its words stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Script {
    text: String,
    /// By first character, ascending.
    words: Vec<(usize, Range<usize>)>,
}

impl Script {
    /// Appends a word that stands for the bytes `source`.
    pub(super) fn push(&mut self, word: &str, source: Range<usize>) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.words.push((self.text.chars().count(), source));
        self.text.push_str(word);
    }

    /// The written word that the spoken character belongs to.
    fn source_of(&self, character: usize) -> Option<&Range<usize>> {
        let after = self.words.partition_point(|(first, _)| *first <= character);
        self.words.get(after.checked_sub(1)?).map(|(_, source)| source)
    }
}

type Prepare = Box<dyn FnOnce() -> Result<Script, ProviderError> + Send>;
type Sound = mpsc::Sender<Result<PcmChunk, ProviderError>>;

enum Request {
    Speak { voice: String, words_per_minute: u32, script: Prepare, sound: Sound },
    Phonemes { voice: String, texts: Vec<String>, reply: oneshot::Sender<Result<Vec<String>, ProviderError>> },
}

/// A handle to the one thread that owns espeak-ng. Dropping the last handle ends the thread and waits for it: native
/// code must not run while the process ends.
#[derive(Debug, Clone)]
pub struct Espeak {
    owner: Arc<Owner>,
}

#[derive(Debug)]
struct Owner {
    /// `None` once it is dropped.
    requests: Option<mpsc::Sender<Request>>,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
        self.requests = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of espeak-ng panicked");
        }
    }
}

impl Espeak {
    /// Starts the thread. It initialises the library at once, in about 10 ms; a fault there (no voice data, library in
    /// use already) is the answer to every request.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start() -> Result<Self, ProviderError> {
        let (requests, queue) = mpsc::channel(QUEUED_REQUESTS);
        let is_ending = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&is_ending);
        let thread = thread::Builder::new()
            .name("espeak-ng".into())
            .spawn(move || serve(queue, &ending))
            .map_err(|error| unavailable(format!("the thread for espeak-ng cannot be started: {error}")))?;
        Ok(Self { owner: Arc::new(Owner { requests: Some(requests), is_ending, thread: Some(thread) }) })
    }

    fn send(&self, request: Request) -> Result<(), ProviderError> {
        let sent = self.owner.requests.as_ref().is_some_and(|requests| requests.try_send(request).is_ok());
        if sent { Ok(()) } else { Err(busy()) }
    }

    /// Speaks what `script` returns (it is called on the owner's thread). Dropping the receiver stops the synthesis.
    pub(super) fn speak(
        &self,
        voice: &str,
        words_per_minute: u32,
        script: impl FnOnce() -> Result<Script, ProviderError> + Send + 'static,
    ) -> mpsc::Receiver<Result<PcmChunk, ProviderError>> {
        let (sound, receiver) = mpsc::channel(QUEUED_BUFFERS);
        let request = Request::Speak {
            voice: voice.to_owned(),
            words_per_minute,
            script: Box::new(script),
            sound: sound.clone(),
        };
        if let Err(error) = self.send(request) {
            // The channel is new and empty.
            let _ = sound.try_send(Err(error));
        }
        receiver
    }

    /// Whether the library works and has this voice. Waits; not for async code.
    #[must_use]
    pub fn has_voice(&self, voice: &str) -> bool {
        self.phonemes(voice, Vec::new()).is_ok()
    }

    /// The phonemes of each text, in the International Phonetic Alphabet. Waits; not for async code.
    pub(super) fn phonemes(&self, voice: &str, texts: Vec<String>) -> Result<Vec<String>, ProviderError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Phonemes { voice: voice.to_owned(), texts, reply };
        self.send(request)?;
        answer.blocking_recv().map_err(|_| unavailable("the thread of espeak-ng has ended".into()))?
    }
}

fn serve(mut queue: mpsc::Receiver<Request>, is_ending: &AtomicBool) {
    let mut library = ffi::Library::open(BUFFER_MS).map_err(|error| unavailable(error.to_string()));
    while let Some(request) = queue.blocking_recv() {
        if is_ending.load(Ordering::Relaxed) {
            // What waits is not done; its senders are dropped with it.
            return;
        }
        match request {
            Request::Speak { sound, .. } if sound.is_closed() => {}
            Request::Speak { voice, words_per_minute, script, sound } => {
                let spoken = ready(&mut library, &voice).and_then(|library| {
                    let script = script()?;
                    library.set_rate(words_per_minute);
                    speak(library, &script, &sound, is_ending)
                });
                if let Err(error) = spoken {
                    // A listener that has gone needs no error.
                    let _ = give(&sound, Err(error), is_ending);
                }
            }
            Request::Phonemes { voice, texts, reply } => {
                let phonemes = ready(&mut library, &voice)
                    .map(|library| texts.iter().map(|text| library.phonemes(text)).collect());
                let _ = reply.send(phonemes);
            }
        }
    }
}

fn ready<'a>(
    library: &'a mut Result<ffi::Library, ProviderError>,
    voice: &str,
) -> Result<&'a mut ffi::Library, ProviderError> {
    let library = library.as_mut().map_err(|error| error.clone())?;
    if !library.set_voice(voice) {
        return Err(unavailable(format!(
            "espeak-ng has no voice \"{voice}\"; `espeak-ng --voices` lists those that it has; see `[embedded]` in kiosk.toml"
        )));
    }
    Ok(library)
}

fn speak(
    library: &mut ffi::Library,
    script: &Script,
    sound: &Sound,
    is_ending: &AtomicBool,
) -> Result<(), ProviderError> {
    let sample_rate_hz = library.sample_rate_hz();
    let mut last = None;
    let mut sink = |samples: &[i16], events: &[ffi::WordEvent]| {
        let mut words = Vec::new();
        for event in events {
            // Several spoken words may stand for one written word; its mark is where the first of them begins.
            let source = script.source_of(event.character);
            if source.is_some() && source != last {
                last = source;
                words.extend(
                    source.map(|bytes| WordMark { bytes: bytes.clone(), start: Duration::from_millis(event.at_ms) }),
                );
            }
        }
        let samples = samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
        give(sound, Ok(PcmChunk { samples, sample_rate_hz, words }), is_ending)
    };
    if library.speak(&script.text, &mut sink) || sound.is_closed() {
        return Ok(());
    }
    Err(unavailable("espeak-ng refused the text".into()))
}

/// Waits for room; `Break`: nobody listens any more, or the thread is to end.
fn give(sound: &Sound, piece: Result<PcmChunk, ProviderError>, is_ending: &AtomicBool) -> ControlFlow<()> {
    let mut piece = piece;
    while !is_ending.load(Ordering::Relaxed) {
        match sound.try_send(piece) {
            Ok(()) => return ControlFlow::Continue(()),
            Err(TrySendError::Closed(_)) => return ControlFlow::Break(()),
            Err(TrySendError::Full(waiting)) => {
                piece = waiting;
                thread::sleep(FULL_WAIT);
            }
        }
    }
    ControlFlow::Break(())
}

fn busy() -> ProviderError {
    unavailable(format!("espeak-ng has {QUEUED_REQUESTS} requests waiting already"))
}

fn unavailable(message: String) -> ProviderError {
    ProviderError::new(super::NAME, FailureKind::Unavailable, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    // One test for all that needs the library: it can be opened once in a process.
    #[test]
    fn speech_comes_with_marks_in_the_written_text_and_a_second_owner_is_refused() {
        let espeak = Espeak::start().unwrap();
        let mut sound = espeak.speak("en-us", 160, || {
            let mut script = Script::default();
            script.push("Open", 0..4);
            script.push("nine thirty", 5..9);
            script.push("daily", 10..15);
            Ok(script)
        });
        let mut marks = Vec::new();
        let mut samples = 0;
        while let Some(chunk) = sound.blocking_recv() {
            let chunk = chunk.unwrap();
            assert_eq!(chunk.sample_rate_hz, 22_050);
            samples += chunk.samples.len();
            marks.extend(chunk.words);
        }
        let bytes: Vec<_> = marks.iter().map(|mark| mark.bytes.clone()).collect();
        assert_eq!(bytes, [0..4, 5..9, 10..15]);
        assert!(marks.is_sorted_by_key(|mark| mark.start));
        assert!(samples > 22_050 / 2);

        assert_eq!(espeak.phonemes("en-us", vec!["open".into()]).unwrap().len(), 1);

        let unknown = espeak.speak("xx-none", 160, || Ok(Script::default())).blocking_recv().unwrap();
        assert_eq!(unknown.unwrap_err().kind, FailureKind::Unavailable);

        let second = Espeak::start().unwrap();
        assert!(second.phonemes("en-us", vec!["open".into()]).unwrap_err().message.contains("in use"));
    }
}
