//! Synthetic voices, as clips in a temporary folder that a second run finds again.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use majlis::{event::Language, speech::embedded::Vowels};

/// A voice of espeak-ng (name, words a minute, pitch), the same reading Arabic without its vowels, or one of flite.
#[derive(Hash)]
pub(crate) enum Voice {
    Espeak(&'static str, u32, u32),
    Unvowelled(&'static str, u32, u32),
    Flite(&'static str),
}

/// The first [`MAIN_ENGLISH`] count for the figure; the others are worse synthesis, and are measured all the same.
pub(crate) const ENGLISH: &[Voice] = &[
    Voice::Flite("slt"),
    Voice::Espeak("en-us", 150, 50),
    Voice::Flite("rms"),
    Voice::Espeak("en-us+f2", 160, 50),
    Voice::Flite("awb"),
    Voice::Espeak("en-us+f3", 150, 50),
    Voice::Flite("kal16"),
    Voice::Espeak("en-us+m3", 140, 50),
    Voice::Espeak("en-gb", 150, 50),
    // Not en-gb+f3: espeak-ng has no variants of en-gb and speaks plain en-gb.
    Voice::Espeak("en-gb-x-rp+f3", 150, 50),
    Voice::Espeak("en-us+m7", 150, 50),
    Voice::Espeak("en-us+f4", 150, 50),
];
pub(crate) const MAIN_ENGLISH: usize = 8;

/// The first [`MAIN_ARABIC`] count for the figure: two of espeak-ng's female variants and two made of a man's diphones
/// (`mbrola-ar1`, `mbrola-ar2`: Debian's non-free, so only where somebody has installed them). Then voices that nothing was
/// fitted on: faster, deeper, without vowels, as a harness that gives espeak-ng plain text hears it, and a third variant.
pub(crate) const ARABIC: &[Voice] = &[
    Voice::Espeak("ar+f5", 150, 50),
    Voice::Espeak("ar+f2", 150, 50),
    Voice::Espeak("mb-ar1", 150, 50),
    Voice::Espeak("mb-ar2", 150, 50),
    Voice::Espeak("ar+f5", 160, 60),
    Voice::Espeak("ar+f5", 150, 40),
    Voice::Unvowelled("ar+f5", 150, 50),
    Voice::Unvowelled("ar+f2", 150, 50),
    Voice::Espeak("ar+f3", 150, 50),
];
pub(crate) const MAIN_ARABIC: usize = 4;

/// Voices that were tried and left out, and why.
pub(crate) const LEFT_OUT: &str = "left out, as measured before the grammar grew: en-us+Annie (50 % right) and ar+Annie (7 %), breathy; ar+m3 \
     (71 %, most of it rejected) and ar+f4 (50 %), too deep for the acoustic model; flite kal, the same voice as kal16 \
     at half the bandwidth";

impl Voice {
    /// Whether this machine has it. All but mbrola's come with what `scripts/setup.sh` installs.
    pub(crate) fn is_installed(&self) -> bool {
        let Self::Espeak(name, ..) = self else { return true };
        name.strip_prefix("mb-").is_none_or(|name| Path::new("/usr/share/mbrola").join(name).exists())
    }
}

impl fmt::Display for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Espeak(name, rate, pitch) => write!(f, "espeak-ng {name} -s {rate} -p {pitch}"),
            Self::Unvowelled(name, rate, pitch) => write!(f, "espeak-ng {name} -s {rate} -p {pitch} bare"),
            Self::Flite(name) => write!(f, "flite {name}"),
        }
    }
}

pub(crate) struct Synthesiser {
    folder: PathBuf,
    vowels: Arc<Vowels>,
}

impl Synthesiser {
    pub(crate) fn new(vowels: Arc<Vowels>) -> Self {
        let folder = std::env::temp_dir().join("majlis-recognition");
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, vowels }
    }

    /// `text` in this voice at 16 kHz, 0.3 s of silence before and after it.
    pub(crate) fn say(&self, text: &str, voice: &Voice, language: Language) -> Arc<[f32]> {
        let mut hasher = DefaultHasher::new();
        (text, voice).hash(&mut hasher);
        let clip = self.folder.join(format!("{:016x}.wav", hasher.finish()));
        if !clip.exists() {
            let raw = self.folder.join(format!("raw-{}.wav", std::process::id()));
            let mut command = match voice {
                Voice::Espeak(name, rate, pitch) | Voice::Unvowelled(name, rate, pitch) => {
                    let mut command = Command::new("espeak-ng");
                    command.args(["-v", name, "-s", &rate.to_string(), "-p", &pitch.to_string(), "-w"]);
                    let is_restored = language == Language::ARABIC && matches!(voice, Voice::Espeak(..));
                    let text = if is_restored { self.vowels.restore(text).unwrap() } else { text.to_owned() };
                    command.arg(&raw).arg(text);
                    command
                }
                Voice::Flite(name) => {
                    let mut command = Command::new("flite");
                    command.args(["-voice", name, "-t", text, "-o"]).arg(&raw);
                    command
                }
            };
            assert!(command.stderr(Stdio::null()).status().unwrap().success());
            let made = Command::new("sox")
                .arg(&raw)
                .args(["-r", "16000", "-c", "1", "-b", "16"])
                .arg(&clip)
                .args(["vol", "0.8", "pad", "0.3", "0.3"])
                .stderr(Stdio::null())
                .status();
            assert!(made.unwrap().success());
        }
        let mut reader = hound::WavReader::open(&clip).unwrap();
        reader.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_768.0).collect()
    }
}
