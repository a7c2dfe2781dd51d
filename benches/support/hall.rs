//! The noise of a hall: a babble of many voices, music, clatter. Seeded: the same in every run.

#![allow(
    dead_code,
    clippy::indexing_slicing,
    reason = "each bench uses its part; indices are within their own lengths"
)]

use std::sync::Arc;

use majlis::audio::Frame;

use super::{
    PIPELINE_RATE, Voice,
    room::{Chance, Noise, at_level, reverberate},
    speak,
};

/// Who talks in the hall.
const TALKERS: usize = 12;

const VOICES: [Voice; 10] = [
    Voice::Espeak("en-us"),
    Voice::Flite("slt"),
    Voice::Espeak("ar"),
    Voice::Flite("rms"),
    Voice::Espeak("en-gb"),
    Voice::Espeak("ar+f2"),
    Voice::Flite("awb"),
    Voice::Espeak("en-us+f3"),
    Voice::Espeak("ar+f5"),
    Voice::Espeak("en-us+m3"),
];

const ENGLISH: [&str; 8] = [
    "I told you that we should have taken the other road, it is much shorter at this time of the day.",
    "Look at the big wheel over there, can you see how it turns in the wind?",
    "My sister works for a company that builds such panels, she says that business is very good this year.",
    "Children, please stay together and do not touch anything until the guide has come.",
    "The lunch was excellent, but the queue was far too long, we waited for almost half an hour.",
    "Did you hear what he said about the new building next to the station?",
    "No, the meeting is on Tuesday at ten, and I have not finished the slides yet.",
    "It is quite warm in here, shall we go outside and have some fresh air?",
];

const ARABIC: [&str; 8] = [
    "قلت لك إن الطريق الآخر أقصر بكثير في هذا الوقت من اليوم.",
    "انظر إلى العجلة الكبيرة هناك، هل ترى كيف تدور مع الريح؟",
    "أختي تعمل في شركة تصنع هذه الألواح وتقول إن العمل جيد هذا العام.",
    "يا أولاد، ابقوا معا ولا تلمسوا شيئا حتى يأتي المرشد.",
    "كان الغداء ممتازا، لكن الصف كان طويلا جدا وانتظرنا نصف ساعة.",
    "هل سمعت ما قاله عن المبنى الجديد بجانب المحطة؟",
    "لا، الاجتماع يوم الثلاثاء في العاشرة ولم أنته من العرض بعد.",
    "الجو حار هنا، هل نخرج قليلا لنستنشق الهواء؟",
];

struct Talker {
    clip: Arc<[f32]>,
    position: usize,
    pause: usize,
    gain: f32,
}

/// The hall.
pub(crate) struct Hall {
    clips: Vec<Arc<[f32]>>,
    talkers: Vec<Talker>,
    chance: Chance,
    /// Tones of the chord that sounds: frequency in radians a sample, phase.
    chord: Vec<(f32, f32)>,
    chord_age: usize,
    clatter: f32,
    until_clatter: usize,
    clatter_low: f32,
    gain: f32,
}

impl Hall {
    /// A hall whose RMS over a minute is `level_db`, dBFS.
    pub(crate) fn new(seed: u32, level_db: f32) -> anyhow::Result<Self> {
        let mut clips: Vec<Arc<[f32]>> = Vec::new();
        for (n, voice) in VOICES.iter().enumerate() {
            let is_arabic = matches!(voice, Voice::Espeak(name) if name.starts_with("ar"));
            let texts = if is_arabic { &ARABIC } else { &ENGLISH };
            for text in texts.iter().skip(n % 2).step_by(2) {
                let clip = at_level(&speak(*voice, text)?, -20.0);
                // Further away than the kiosk's own voice: little of it comes directly.
                let room = reverberate(&reverberate(&clip, 31 + n as u32), 77 + n as u32);
                clips.push(room.into());
            }
        }
        let mut hall = Self {
            clips,
            talkers: Vec::new(),
            chance: Chance::new(seed),
            chord: Vec::new(),
            chord_age: usize::MAX,
            clatter: 0.0,
            until_clatter: 0,
            clatter_low: 0.0,
            gain: 1.0,
        };
        for _ in 0..TALKERS {
            let talker = hall.talker();
            hall.talkers.push(talker);
        }
        let (mut energy, mut frame) = (0.0_f64, [0.0; PIPELINE_RATE / 100]);
        for _ in 0..6_000 {
            frame.fill(0.0);
            hall.add(&mut frame);
            energy += frame.iter().map(|x| f64::from(x * x)).sum::<f64>();
        }
        let rms_db = 10.0 * (energy / (6_000 * frame.len()) as f64).log10();
        hall.gain = 10_f32.powf((level_db - rms_db as f32) / 20.0);
        Ok(hall)
    }

    fn talker(&mut self) -> Talker {
        let clip = self.clips[self.chance.index(self.clips.len())].clone();
        Talker {
            clip,
            position: 0,
            pause: (self.chance.within(0.0, 3.0) * PIPELINE_RATE as f32) as usize,
            gain: 10_f32.powf(self.chance.within(-5.0, 3.0) / 20.0),
        }
    }

    fn music(&mut self) -> f32 {
        // A chord of three notes with overtones each half second, struck and dying away.
        if self.chord_age > PIPELINE_RATE / 2 {
            self.chord_age = 0;
            let steps = [0, 3, 5, 7, 10, 12, 15];
            let root = 110.0 * 2_f32.powf(steps[self.chance.index(steps.len())] as f32 / 12.0);
            self.chord = [1.0, 1.5, 2.0, 2.52, 4.0]
                .iter()
                .map(|ratio| (std::f32::consts::TAU * root * ratio / PIPELINE_RATE as f32, 0.0))
                .collect();
        }
        let envelope = (-3.0 * self.chord_age as f32 / PIPELINE_RATE as f32).exp();
        self.chord_age += 1;
        let mut sum = 0.0;
        for (step, phase) in &mut self.chord {
            *phase = (*phase + *step) % std::f32::consts::TAU;
            sum += phase.sin() + 0.4 * (2.0 * *phase).sin();
        }
        0.012 * sum * envelope
    }

    fn clatter(&mut self) -> f32 {
        if self.until_clatter == 0 {
            self.until_clatter = (self.chance.within(0.4, 4.0) * PIPELINE_RATE as f32) as usize;
            self.clatter = 10_f32.powf(self.chance.within(-26.0, -10.0) / 20.0);
        }
        self.until_clatter -= 1;
        self.clatter *= 1.0 - 1.0 / (0.02 * PIPELINE_RATE as f32);
        let white = self.chance.within(-1.0, 1.0);
        // A cup, not a drum: its low tones are taken out.
        self.clatter_low += 0.2 * (white - self.clatter_low);
        (white - self.clatter_low) * self.clatter
    }
}

impl Noise for Hall {
    fn add(&mut self, frame: &mut Frame) {
        for n in 0..self.talkers.len() {
            let talker = &mut self.talkers[n];
            if talker.pause >= frame.len() {
                talker.pause -= frame.len();
                continue;
            }
            let from = talker.clip.get(talker.position..).unwrap_or_default();
            frame.iter_mut().zip(from).for_each(|(x, said)| *x += said * talker.gain * self.gain);
            talker.position += frame.len();
            if talker.position >= talker.clip.len() {
                self.talkers[n] = self.talker();
            }
        }
        for x in frame.iter_mut() {
            *x += (self.music() + self.clatter()) * self.gain;
        }
    }
}
