//! Speech without any network: espeak-ng for the voice, PocketSphinx for recognition, in English and Arabic.
//!
//! In: speech and text through the traits of `speech`, the phrasings of the knowledge base. Out: the same traits'
//! streams. Never touches: the network, devices, the conversation's state.

mod accent;
mod arpabet;
mod espeak;
mod grammar;
mod lexicon;
mod numbers;
mod phones;
mod pocketsphinx;
mod recogniser;
mod sentences;
mod tashkeel;
mod trim;
mod voice;
mod vowels;

pub use espeak::Espeak;
pub(in crate::speech) use numbers::telephone_numbers_spelled;
pub use recogniser::EmbeddedSpeechToText;
pub use voice::EmbeddedTextToSpeech;
pub use vowels::Vowels;

/// The name of the embedded providers in events and logs.
const NAME: &str = "embedded";
