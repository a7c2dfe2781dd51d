//! From frames to utterances: where speech begins, pauses, goes on, and whether it interrupts the kiosk.
//!
//! A pure state machine: levels and probabilities in, [`Happening`]s out. The onset is found by the VAD (61 ms after
//! the true one, median); a pause by energy where the room is quiet enough, which is some 25 ms quicker than the
//! VAD and as sure, and by the VAD otherwise.

use std::{collections::VecDeque, time::Duration};

use super::{
    FRAME_SAMPLES, Frame, PIPELINE_RATE_HZ, SpeechClip, UtteranceId,
    level::{NoiseFloor, UsualLevel},
    mel::{MelHistory, MelSnapshot},
    source::FRAME,
    vad::WINDOW,
};
use crate::config;

/// Kept before the onset, so that the recogniser hears the first consonant.
const LEAD_IN: Duration = Duration::from_millis(300);
/// An onset is looked for at most this far before the VAD's window.
const BACK_DATING: Duration = Duration::from_millis(200);
/// A frame this far under the utterance's level is silence, dB.
const SILENCE_BELOW_LEVEL_DB: f32 = 35.0;
/// Energy can be trusted where that threshold lies this far above the noise floor, dB.
const CLEAR_OF_NOISE_DB: f32 = 6.0;
/// A frame this far above the noise floor may belong to the onset, dB.
const ONSET_ABOVE_NOISE_DB: f32 = 10.0;
/// The VAD hears silence below its threshold less this.
const HYSTERESIS: f32 = 0.15;
/// Windows of VAD silence that make a pause: where energy cannot be trusted, and where it can but disagrees.
const SILENT_WINDOWS: u32 = 2;
const SILENT_WINDOWS_AGAINST_ENERGY: u32 = 5;
/// Loud frames among the last eight without which speech has not come back.
const LOUD_FRAMES_TO_RESUME: usize = 3;
/// For this long after playout begins the echo canceller is still settling: stronger evidence is asked for.
const PLAYOUT_WARM_UP: Duration = Duration::from_secs(3);
/// For so much sound from the speaker, over all answers, it has yet to find its echo at all: the strongest is asked for.
const ECHO_UNKNOWN: Duration = Duration::from_secs(3);

/// Under echo the canceller holds a visitor's voice back as well, in pieces, and the VAD doubts what is left of it. But
/// next to nothing is left of the echo itself, so sound that stands out from that belongs to somebody else, and a part of
/// the VAD's usual probability is enough: measured in docs/interruption.md.
const SHARE_UNDER_ECHO: f32 = 0.2;
const SHARE_IN_WARM_UP: f32 = 0.4;
const SHARE_WHILE_UNKNOWN: f32 = 0.8;
/// What stands out from the floor, dB: where the kiosk may be heard, and where not.
const STANDS_OUT_UNDER_ECHO_DB: f32 = 15.0;
const STANDS_OUT_DB: f32 = 8.0;
/// ... in so many of the last [`CLEAN_FRAMES`], of 10 ms.
const FRAMES_STANDING_OUT: usize = 3;
const FRAMES_IN_WARM_UP: usize = 4;
const CLEAN_FRAMES: usize = 8;
/// Standard deviations above its usual level at which something is not the hall: to pause for it, to take it for a visitor.
const UNUSUAL_TO_PAUSE: f32 = 2.0;
const UNUSUAL_TO_LISTEN: f32 = 1.8;
/// Playout that was paused falls silent in the room, and the canceller lets go, within so long; only then can be told what
/// it was paused for.
const ROOM_FALLS_SILENT: Duration = Duration::from_millis(300);
/// By then it is decided, from the onset on.
const JUDGED_WITHIN: Duration = Duration::from_millis(600);
/// Windows of certain speech without which it was none: about 100 ms. Where the kiosk may have been heard, one of them must
/// lie after so long: its voice is gone from the room by then.
const CERTAIN_WINDOWS: u32 = 3;
const ECHO_IS_GONE: Duration = Duration::from_millis(200);

/// An utterance that has been silent for this long is closed without being told: the conversation ends its turns much
/// sooner, so it has not taken this one, and speech after it must not be taken for its end.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// Speech over the kiosk's voice that has gone on for so long is handed out to be judged by its words, before it pauses:
/// soon enough for half a second of it to be judged within 0.6 s by a recogniser that is quick, and once more.
const PARTS_AT: [Duration; 2] = [Duration::from_millis(450), Duration::from_millis(1_400)];

const WINDOW_TIME: Duration = Duration::from_millis(32);
const HISTORY_FRAMES: usize = 32;

/// What a frame brings.
pub(super) struct Observation<'a> {
    /// The processed frame.
    pub(super) clean: &'a Frame,
    /// The level of the unprocessed frame, dBFS.
    pub(super) raw_dbfs: f32,
    /// The level of the processed frame, dBFS.
    pub(super) clean_dbfs: f32,
    /// When the unprocessed frame ended (`Clock`).
    pub(super) end: Duration,
    /// The VAD's window that was completed in this frame, and when it ended.
    pub(super) window: Option<VadWindow>,
    /// Whether the microphone may hear the kiosk: then its level says nothing.
    pub(super) may_echo: bool,
    /// Since when the kiosk has been speaking, if it is.
    pub(super) playing_since: Option<Duration>,
}

/// A window of the VAD.
#[derive(Debug, Clone, Copy)]
pub(super) struct VadWindow {
    pub(super) probability: f32,
    pub(super) end: Duration,
}

/// What the state machine finds.
#[derive(Debug)]
pub(super) enum Happening {
    Started {
        utterance: UtteranceId,
        at: Duration,
        over_playout: bool,
    },
    Confirmed {
        utterance: UtteranceId,
    },
    Dismissed {
        utterance: UtteranceId,
    },
    Truncated {
        utterance: UtteranceId,
    },
    GoesOn {
        clip: SpeechClip,
    },
    /// With the question for the turn model.
    Paused {
        clip: SpeechClip,
        heard: MelSnapshot,
    },
    Resumed {
        utterance: UtteranceId,
        at: Duration,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interruption {
    /// The kiosk was not speaking.
    None,
    /// It may be a cough.
    Pending,
    /// It is an interruption.
    Confirmed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    Speaking,
    Paused,
    /// Too long: what follows is not kept.
    Truncated,
}

struct Utterance {
    id: UtteranceId,
    activity: Activity,
    interruption: Interruption,
    /// When it was found, which is later than its start.
    found: Duration,
    /// Windows in which the VAD was certain, while the kiosk was silent.
    certain_windows: u32,
    /// Whether the last of them came when nothing of the kiosk's voice could be heard any more.
    is_certain_alone: bool,
    /// The power of the loudest frames of those, as a mean.
    level: LoudestFrames,
    start: Duration,
    /// The end of the last speech heard.
    end: Duration,
    samples: Vec<f32>,
    /// The loudest 50 ms heard without echo, dBFS.
    loudest_dbfs: Option<f32>,
    quiet_frames: u32,
    silent_windows: u32,
    /// How many of [`PARTS_AT`] were handed out.
    parts: usize,
}

/// The state machine.
pub(super) struct Segmenter {
    settings: config::Audio,
    transcribe_after: Duration,
    max_samples: usize,
    noise: NoiseFloor,
    /// The newest frames' levels, dBFS; `None` under echo.
    levels: VecDeque<Option<f32>>,
    /// The same of what is left after processing, and its floor.
    clean_levels: VecDeque<f32>,
    clean_floor: NoiseFloor,
    /// How loud that usually is while nobody is heard: with the kiosk's voice in the room, and without.
    usual_under_echo: UsualLevel,
    usual: UsualLevel,
    /// How long the speaker has been heard so far.
    echo_heard: Duration,
    lead_in: VecDeque<f32>,
    /// Of the open utterance.
    mel: MelHistory,
    current: Option<Utterance>,
    next_id: UtteranceId,
    /// Whether speech must stop before it can begin: after an utterance was ended in the middle of speech.
    must_stop_first: bool,
    windows_above: u32,
    is_speech: bool,
}

impl Segmenter {
    pub(super) fn new(settings: &config::Audio, turn: &config::Turn) -> Self {
        Self {
            settings: settings.clone(),
            transcribe_after: Duration::from_millis(turn.transcribe_after_ms),
            max_samples: usize::try_from(settings.max_utterance_s).unwrap_or(usize::MAX / 1_000_000)
                * PIPELINE_RATE_HZ as usize,
            noise: NoiseFloor::default(),
            levels: VecDeque::with_capacity(HISTORY_FRAMES),
            clean_levels: VecDeque::with_capacity(CLEAN_FRAMES),
            clean_floor: NoiseFloor::default(),
            usual_under_echo: UsualLevel::default(),
            usual: UsualLevel::default(),
            echo_heard: Duration::ZERO,
            lead_in: VecDeque::new(),
            mel: MelHistory::default(),
            current: None,
            next_id: UtteranceId::default().next(),
            must_stop_first: false,
            windows_above: 0,
            is_speech: false,
        }
    }

    /// Whether the VAD hears speech.
    pub(super) fn is_speech(&self) -> bool {
        self.is_speech
    }

    /// The noise floor of the unprocessed sound, dBFS.
    pub(super) fn noise_dbfs(&self) -> f32 {
        self.noise.dbfs()
    }

    /// Whether an utterance is open.
    pub(super) fn has_utterance(&self) -> bool {
        self.current.is_some()
    }

    /// The turn of `utterance` is over.
    pub(super) fn end_utterance(&mut self, utterance: UtteranceId) {
        if self.current.as_ref().is_some_and(|current| current.id == utterance) {
            self.close();
        }
    }

    fn close(&mut self) {
        if let Some(closed) = self.current.take() {
            self.must_stop_first = closed.activity != Activity::Paused && self.is_speech;
        }
    }

    /// Takes a frame.
    pub(super) fn push(&mut self, seen: &Observation<'_>, happenings: &mut Vec<Happening>) {
        self.remember(seen);
        if let Some(window) = seen.window {
            self.is_speech = window.probability >= self.threshold(seen) && self.stands_out(seen);
            self.windows_above = if self.is_speech { self.windows_above + 1 } else { 0 };
            self.must_stop_first &= self.is_speech;
        }
        if self.current.is_none() {
            self.look_for_onset(seen, happenings);
        } else {
            self.follow(seen, happenings);
        }
    }

    fn threshold(&self, seen: &Observation<'_>) -> f32 {
        let interruption = self.settings.interruption_threshold;
        match seen.playing_since {
            None => self.settings.speech_threshold,
            Some(_) if !seen.may_echo => interruption,
            Some(_) if self.echo_heard < ECHO_UNKNOWN => interruption * SHARE_WHILE_UNKNOWN,
            Some(_) if is_warming_up(seen) => interruption * SHARE_IN_WARM_UP,
            Some(_) => interruption * SHARE_UNDER_ECHO,
        }
    }

    /// While the kiosk speaks: whether what is left after processing is more than the echo and the hall leave.
    fn stands_out(&self, seen: &Observation<'_>) -> bool {
        if seen.playing_since.is_none() {
            return true;
        }
        let (usual, above_db) = if seen.may_echo {
            (&self.usual_under_echo, STANDS_OUT_UNDER_ECHO_DB)
        } else {
            (&self.usual, STANDS_OUT_DB)
        };
        let threshold = (self.clean_floor.dbfs() + above_db).max(usual.exceptional_dbfs(UNUSUAL_TO_PAUSE));
        let needed = if is_warming_up(seen) && seen.may_echo { FRAMES_IN_WARM_UP } else { FRAMES_STANDING_OUT };
        self.clean_levels.iter().filter(|level| **level > threshold).count() >= needed
    }

    fn remember(&mut self, seen: &Observation<'_>) {
        let level = (!seen.may_echo).then_some(seen.raw_dbfs);
        if let Some(level) = level {
            self.noise.update(level, self.is_speech || self.has_utterance());
        }
        if seen.may_echo && seen.playing_since.is_some() {
            self.echo_heard = self.echo_heard.saturating_add(FRAME);
        }
        let is_heard = self.is_speech || self.has_utterance();
        self.clean_floor.update(seen.clean_dbfs, is_heard);
        if !is_heard {
            let usual = if seen.may_echo { &mut self.usual_under_echo } else { &mut self.usual };
            usual.update(seen.clean_dbfs);
        }
        if self.clean_levels.len() == CLEAN_FRAMES {
            self.clean_levels.pop_front();
        }
        self.clean_levels.push_back(seen.clean_dbfs);
        if self.levels.len() == HISTORY_FRAMES {
            self.levels.pop_front();
        }
        self.levels.push_back(level);
        self.lead_in.extend(seen.clean);
        let kept = samples(LEAD_IN + BACK_DATING + 4 * WINDOW_TIME);
        let excess = self.lead_in.len().saturating_sub(kept);
        self.lead_in.drain(..excess);
    }

    fn look_for_onset(&mut self, seen: &Observation<'_>, happenings: &mut Vec<Happening>) {
        let Some(window) = seen.window else { return };
        let is_unknown = seen.playing_since.is_some() && seen.may_echo && self.echo_heard < ECHO_UNKNOWN;
        let needed = if is_unknown { 2 } else { 1 };
        if self.must_stop_first || self.windows_above < needed {
            return;
        }
        let at = self.back_dated(window.end.saturating_sub(WINDOW_TIME * needed), seen.end);
        let wanted = samples(seen.end.saturating_sub(at) + LEAD_IN).next_multiple_of(FRAME_SAMPLES);
        let skip = self.lead_in.len().saturating_sub(wanted);
        let heard: Vec<f32> = self.lead_in.iter().skip(skip).copied().collect();
        self.mel.clear();
        heard.as_chunks::<FRAME_SAMPLES>().0.iter().for_each(|frame| self.mel.push(frame));
        let over_playout = seen.playing_since.is_some();
        let id = self.next_id;
        self.next_id = id.next();
        self.current = Some(Utterance {
            id,
            activity: Activity::Speaking,
            interruption: if over_playout { Interruption::Pending } else { Interruption::None },
            found: seen.end,
            certain_windows: 0,
            is_certain_alone: !seen.may_echo,
            level: LoudestFrames::default(),
            start: at,
            end: window.end,
            samples: heard,
            loudest_dbfs: None,
            quiet_frames: 0,
            silent_windows: 0,
            parts: 0,
        });
        self.learn_level();
        happenings.push(Happening::Started { utterance: id, at, over_playout });
    }

    /// The onset: as far before `at` as frames stand out from the noise without a gap.
    fn back_dated(&self, at: Duration, newest_end: Duration) -> Duration {
        let threshold = self.noise.dbfs() + ONSET_ABOVE_NOISE_DB;
        let mut start = newest_end;
        let mut onset = at;
        for level in self.levels.iter().rev() {
            start = start.saturating_sub(FRAME);
            if start >= at {
                continue;
            }
            if at - start > BACK_DATING || level.is_none_or(|level| level < threshold) {
                break;
            }
            onset = start;
        }
        onset
    }

    /// The loudest of the last 50 ms counts to the utterance's level.
    fn learn_level(&mut self) {
        let newest: Option<Vec<f32>> = self.levels.iter().rev().take(5).copied().collect();
        let (Some(newest), Some(current)) = (newest, &mut self.current) else { return };
        let mean_power = newest.iter().map(|level| 10_f32.powf(level / 10.0)).sum::<f32>() / newest.len().max(1) as f32;
        let level = 10.0 * mean_power.max(1e-12).log10();
        current.loudest_dbfs = Some(current.loudest_dbfs.map_or(level, |loudest| loudest.max(level)));
    }

    fn follow(&mut self, seen: &Observation<'_>, happenings: &mut Vec<Happening>) {
        self.learn_level();
        let noise_dbfs = self.noise.dbfs();
        let loud_frames = |threshold: f32, levels: &VecDeque<Option<f32>>| {
            levels.iter().rev().take(8).filter(|level| level.is_some_and(|level| level > threshold)).count()
        };
        let Some(current) = &mut self.current else { return };
        if current.activity != Activity::Truncated {
            current.samples.extend_from_slice(seen.clean);
            self.mel.push(seen.clean);
            if current.samples.len() > self.max_samples {
                current.activity = Activity::Truncated;
                happenings.push(Happening::Truncated { utterance: current.id });
                happenings.push(current.paused(&self.mel));
                return;
            }
        }

        // Where the frames' energy decides: the level under which it is silence.
        let silence_dbfs = current
            .loudest_dbfs
            .map(|loudest| loudest - SILENCE_BELOW_LEVEL_DB)
            .filter(|threshold| !seen.may_echo && *threshold > noise_dbfs + CLEAR_OF_NOISE_DB);
        if let Some(threshold) = silence_dbfs {
            current.quiet_frames = if seen.raw_dbfs > threshold { 0 } else { current.quiet_frames + 1 };
        } else {
            current.quiet_frames = 0;
        }
        let is_silent = self.settings.speech_threshold - HYSTERESIS;
        if let Some(window) = seen.window {
            current.silent_windows = if window.probability < is_silent { current.silent_windows + 1 } else { 0 };
        }

        if current.activity == Activity::Paused {
            let is_loud =
                silence_dbfs.is_none_or(|threshold| loud_frames(threshold, &self.levels) >= LOUD_FRAMES_TO_RESUME);
            if seen.window.is_some() && self.is_speech && is_loud {
                current.activity = Activity::Speaking;
                current.end = seen.end;
                current.quiet_frames = 0;
                happenings.push(Happening::Resumed { utterance: current.id, at: seen.end });
            } else if seen.end.saturating_sub(current.end) > FORGOTTEN_AFTER {
                self.close();
            }
            return;
        }

        match silence_dbfs {
            Some(_) if current.quiet_frames == 0 => current.end = seen.end,
            None => {
                if let Some(window) = seen.window
                    && window.probability >= is_silent
                {
                    current.end = window.end;
                }
            }
            Some(_) => {}
        }
        let windows_needed = if silence_dbfs.is_some() {
            SILENT_WINDOWS_AGAINST_ENERGY
        } else {
            SILENT_WINDOWS.max(u32::try_from(self.transcribe_after.as_millis() / WINDOW_TIME.as_millis()).unwrap_or(2))
        };
        let is_pause = FRAME * current.quiet_frames >= self.transcribe_after && silence_dbfs.is_some()
            || current.silent_windows >= windows_needed;
        if current.activity == Activity::Truncated {
            if is_pause {
                self.close();
            }
            return;
        }
        let spoken = current.end.saturating_sub(current.start);
        if current.interruption == Interruption::Pending {
            if let Some(window) = seen.window
                && window.probability >= self.settings.interruption_threshold
            {
                current.certain_windows += 1;
                current.is_certain_alone |= seen.end.saturating_sub(current.found) >= ECHO_IS_GONE;
                self.clean_levels.iter().rev().take(3).for_each(|level| current.level.push(*level));
            }
            let usual_dbfs = self.usual.exceptional_dbfs(UNUSUAL_TO_LISTEN);
            let is_loud_enough = current.level.dbfs() > usual_dbfs.max(self.clean_floor.dbfs() + STANDS_OUT_DB);
            let is_long_enough = spoken >= Duration::from_millis(self.settings.interruption_min_ms);
            let is_certain = current.certain_windows >= CERTAIN_WINDOWS && current.is_certain_alone;
            if is_long_enough && is_loud_enough && is_certain {
                current.interruption = Interruption::Confirmed;
                happenings.push(Happening::Confirmed { utterance: current.id });
            } else if seen.end.saturating_sub(current.found) < ROOM_FALLS_SILENT {
                return;
            } else if is_pause || seen.end.saturating_sub(current.start) >= JUDGED_WITHIN.max(ROOM_FALLS_SILENT) {
                happenings.push(Happening::Dismissed { utterance: current.id });
                // What was taken for a visitor and was none is how loud it is here.
                current.level.0.iter().for_each(|level| self.usual.update(*level));
                self.must_stop_first = self.is_speech;
                self.current = None;
                return;
            }
        }
        if current.interruption == Interruption::Confirmed
            && PARTS_AT.get(current.parts).is_some_and(|at| spoken >= *at)
        {
            current.parts += 1;
            happenings.push(Happening::GoesOn { clip: current.clip() });
        }
        if !is_pause {
            return;
        }
        current.activity = Activity::Paused;
        happenings.push(current.paused(&self.mel));
    }
}

impl Utterance {
    fn clip(&self) -> SpeechClip {
        SpeechClip {
            utterance: self.id,
            speech_start: self.start,
            speech_end: self.end,
            samples: self.samples.as_slice().into(),
        }
    }

    fn paused(&self, mel: &MelHistory) -> Happening {
        Happening::Paused { clip: self.clip(), heard: mel.snapshot() }
    }
}

/// Whether the kiosk has begun to speak so lately that its echo may not be cancelled well yet.
fn is_warming_up(seen: &Observation<'_>) -> bool {
    seen.playing_since.is_some_and(|since| seen.end.saturating_sub(since) < PLAYOUT_WARM_UP)
}

/// The level of the louder half of speech: that of its vowels, whatever lies between them.
#[derive(Debug, Clone, Default)]
struct LoudestFrames(Vec<f32>);

impl LoudestFrames {
    fn push(&mut self, dbfs: f32) {
        // Only until the speech is judged: some sixty frames.
        self.0.push(dbfs);
    }

    fn dbfs(&self) -> f32 {
        let mut levels = self.0.clone();
        levels.sort_by(f32::total_cmp);
        levels.get(levels.len() * 3 / 4).copied().unwrap_or(f32::NEG_INFINITY)
    }
}

fn samples(time: Duration) -> usize {
    (time.as_secs_f64() * f64::from(PIPELINE_RATE_HZ)).round() as usize
}

const _: () = assert!(WINDOW as u128 * 1000 / PIPELINE_RATE_HZ as u128 == WINDOW_TIME.as_millis());

#[cfg(test)]
mod tests;
