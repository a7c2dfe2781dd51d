//! The queue of what is to be said: clauses without gaps between them, fades where it is cut, and how far it is.

use std::{collections::VecDeque, time::Duration};

use super::{AnswerId, PlayChunk, Playhead, resample::Resampler};

/// Sound waiting to be played. More is refused: an answer is never that long.
const MAX_QUEUED: Duration = Duration::from_secs(240);
/// Blocks in which sound is brought to the speaker's rate, ms.
const BLOCK_MS: u32 = 5;
/// A fade, so that holding and dropping do not click.
const FADE: Duration = Duration::from_millis(4);

/// What playout has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// The first sample of an answer is leaving.
    Start(AnswerId),
    /// The last sample of a closed answer has left.
    End(AnswerId),
    /// A hold had nothing left to hold and was let go.
    Released,
}

enum Piece {
    Sound { chunk: PlayChunk, position: usize },
    End(AnswerId),
}

enum Mark {
    Clause(AnswerId, u32),
    End(AnswerId),
}

/// The playout queue.
#[derive(Default)]
pub(super) struct Playout {
    pieces: VecDeque<Piece>,
    queued: Duration,
    rate_hz: u32,
    resampler: Option<Resampler>,
    /// Where the resampler's first sample lies in the stream.
    resampler_base: u64,
    /// Samples at the speaker's rate that have not left yet.
    ready: VecDeque<f32>,
    /// Samples made ready, and samples that have left, since the start.
    produced: u64,
    left: u64,
    marks: VecDeque<(u64, Mark)>,
    /// Playout is held: a hold belongs to the answers up to this one, the newest when it was taken.
    held: Option<AnswerId>,
    newest: AnswerId,
    /// 0 (silent) to 1.
    gain: f32,
    playhead: Playhead,
    /// Answers up to this one were dropped; what still comes of them is too late.
    dropped: Option<AnswerId>,
    block: Vec<f32>,
}

impl Playout {
    /// Plays `chunk` after what is queued. `false`: it was refused, because the queue is full or its rate impossible.
    pub(super) fn enqueue(&mut self, chunk: PlayChunk) -> bool {
        if self.is_dropped(chunk.answer) {
            return true;
        }
        let length = length(chunk.samples.len(), chunk.sample_rate_hz);
        if chunk.sample_rate_hz == 0 || self.queued + length > MAX_QUEUED {
            return false;
        }
        self.queued += length;
        self.newest = self.newest.max(chunk.answer);
        self.pieces.push_back(Piece::Sound { chunk, position: 0 });
        true
    }

    /// No more comes for `answer`.
    pub(super) fn close(&mut self, answer: AnswerId) {
        if !self.is_dropped(answer) {
            self.newest = self.newest.max(answer);
            self.pieces.push_back(Piece::End(answer));
        }
    }

    /// Holds the answers queued so far. `false`: playout was held already.
    pub(super) fn hold(&mut self) -> bool {
        if !self.has_sound() {
            // In a gap there is nothing to fade out.
            self.gain = 0.0;
        }
        self.held.replace(self.newest).is_none()
    }

    /// Lets playout go on. `false`: it was not held.
    pub(super) fn release(&mut self) -> bool {
        self.held.take().is_some()
    }

    /// Drops everything, and lets a held playout go: the next answer is heard.
    pub(super) fn clear(&mut self, through: AnswerId) {
        let fading = if self.is_held() { 0 } else { self.fade_samples() };
        let mut tail: Vec<f32> = self.ready.iter().take(fading).copied().collect();
        let count = tail.len().max(1) as f32;
        tail.iter_mut().enumerate().for_each(|(n, sample)| *sample *= 1.0 - (n + 1) as f32 / count);
        self.dropped = self.dropped.max(Some(through));
        self.pieces.clear();
        self.queued = Duration::ZERO;
        self.resampler = None;
        self.marks.clear();
        self.ready = tail.into();
        self.produced = self.left + self.ready.len() as u64;
        self.held = None;
        self.playhead.is_playing = false;
    }

    /// Whether there is sound that would be heard now.
    pub(super) fn is_sounding(&self) -> bool {
        !self.is_held() && self.has_sound()
    }

    /// Whether playout is held.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether an answer has begun, or is about to, and has not ended: true also in the gap before a late clause.
    pub(super) fn has_open_answer(&self) -> bool {
        self.playhead.is_playing || self.has_sound()
    }

    /// Whether anything is left to be said, held or not.
    pub(super) fn has_sound(&self) -> bool {
        !self.ready.is_empty() || !self.pieces.is_empty()
    }

    pub(super) fn playhead(&self) -> Playhead {
        Playhead { is_playing: self.playhead.is_playing && self.is_sounding(), ..self.playhead }
    }

    /// Appends at most `room` samples at `rate_hz` to `output`, and what is reached by them to `reached`.
    pub(super) fn pull(&mut self, room: usize, rate_hz: u32, output: &mut Vec<f32>, reached: &mut Vec<Reached>) {
        if rate_hz != self.rate_hz {
            self.change_rate(rate_hz);
        }
        let end = output.len() + room;
        self.end_stale_hold(reached);
        loop {
            while self.ready.is_empty() && self.refill() {}
            if self.is_held() && (self.gain <= 0.0 || self.ready.is_empty()) {
                // Nothing to fade out: what comes next waits from its first sample.
                self.gain = 0.0;
                if self.ready.is_empty() {
                    self.pass_marks(reached);
                    self.end_stale_hold(reached);
                }
                return;
            }
            self.pass_marks(reached);
            let until_mark = self.marks.front().map_or(u64::MAX, |(at, _)| at - self.left);
            let fading =
                if self.is_held() { (self.gain * self.fade_samples() as f32).ceil() as usize } else { usize::MAX };
            let until_mark = usize::try_from(until_mark).unwrap_or(usize::MAX);
            let count = self.ready.len().min(end - output.len()).min(until_mark).min(fading);
            if count == 0 {
                return;
            }
            self.hand_over(count, output);
            self.pass_marks(reached);
        }
    }

    /// Lets a hold go that has nothing to hold any more, because its answers have ended or another one has come:
    /// nobody else would, and the next answer would be silent.
    fn end_stale_hold(&mut self, reached: &mut Vec<Reached>) {
        if self.held.is_some_and(|through| self.newest > through || !self.has_open_answer()) {
            self.held = None;
            reached.push(Reached::Released);
        }
    }

    fn hand_over(&mut self, count: usize, output: &mut Vec<f32>) {
        let step = 1.0 / self.fade_samples().max(1) as f32;
        let is_held = self.is_held();
        let mut taken = 0;
        for sample in self.ready.drain(..count) {
            self.gain = if is_held { self.gain - step } else { (self.gain + step).min(1.0) };
            // Rounding must not leave a last sample of almost nothing.
            self.gain = if self.gain < 0.5 * step { 0.0 } else { self.gain };
            output.push(sample * self.gain);
            taken += 1;
        }
        self.left += taken;
        if self.playhead.is_playing {
            self.playhead.clause_played += length(count, self.rate_hz);
        }
        if self.ready.is_empty() && self.pieces.is_empty() && !is_held {
            // Speech that was not cut ends by itself and begins again at full height.
            self.gain = 1.0;
        }
    }

    /// Applies the marks that lie where playout is.
    fn pass_marks(&mut self, reached: &mut Vec<Reached>) {
        while let Some((at, mark)) = self.marks.front() {
            if *at > self.left || (matches!(mark, Mark::Clause(..)) && self.ready.is_empty()) {
                return;
            }
            match *mark {
                Mark::Clause(answer, clause) => {
                    let is_new = !self.playhead.is_playing || self.playhead.answer != answer;
                    if is_new {
                        reached.push(Reached::Start(answer));
                        self.gain = if self.is_held() { self.gain } else { 1.0 };
                    }
                    if is_new || self.playhead.clause != clause {
                        self.playhead = Playhead { answer, clause, clause_played: Duration::ZERO, is_playing: true };
                    }
                }
                Mark::End(answer) => {
                    self.playhead.is_playing = false;
                    reached.push(Reached::End(answer));
                }
            }
            self.marks.pop_front();
        }
    }

    /// Makes the next block ready. `false`: there is nothing to make it of.
    fn refill(&mut self) -> bool {
        self.block.clear();
        match self.pieces.front_mut() {
            None => return false,
            Some(Piece::End(answer)) => {
                let answer = *answer;
                self.pieces.pop_front();
                self.flush();
                self.marks.push_back((self.produced, Mark::End(answer)));
            }
            Some(Piece::Sound { chunk, position }) => {
                let rate_hz = chunk.sample_rate_hz;
                if self.resampler.as_ref().is_none_or(|resampler| resampler.input_rate_hz() != rate_hz) {
                    self.flush();
                    let Ok(resampler) = Resampler::new(rate_hz, self.rate_hz, BLOCK_MS) else {
                        // A rate that no device and no service has: the chunk is dropped.
                        self.pieces.pop_front();
                        return true;
                    };
                    self.resampler = Some(resampler);
                    self.resampler_base = self.produced;
                    return true;
                }
                let Some(resampler) = &mut self.resampler else { return false };
                if *position == 0 {
                    let at = self.resampler_base + resampler.next_output();
                    self.marks.push_back((at, Mark::Clause(chunk.answer, chunk.clause)));
                }
                let step = (rate_hz * BLOCK_MS / 1000).max(1) as usize;
                let rest = chunk.samples.get(*position..).unwrap_or_default();
                let now = rest.get(..step).unwrap_or(rest);
                resampler.push(now, &mut self.block);
                *position += now.len();
                self.queued = self.queued.saturating_sub(length(now.len(), rate_hz));
                if *position >= chunk.samples.len() {
                    self.pieces.pop_front();
                }
                self.take_block();
            }
        }
        true
    }

    fn flush(&mut self) {
        if let Some(mut resampler) = self.resampler.take() {
            resampler.flush(&mut self.block);
            self.take_block();
        }
    }

    fn take_block(&mut self) {
        self.produced += self.block.len() as u64;
        self.ready.extend(self.block.drain(..));
    }

    /// Another speaker: what was made ready for the old one, a few ms, is given up.
    fn change_rate(&mut self, rate_hz: u32) {
        self.rate_hz = rate_hz;
        self.resampler = None;
        self.ready.clear();
        self.left = self.produced;
        for (at, _) in &mut self.marks {
            *at = (*at).min(self.left);
        }
    }

    fn fade_samples(&self) -> usize {
        (FADE.as_secs_f64() * f64::from(self.rate_hz)) as usize
    }

    fn is_dropped(&self, answer: AnswerId) -> bool {
        self.dropped.is_some_and(|dropped| answer <= dropped)
    }
}

fn length(samples: usize, rate_hz: u32) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(rate_hz.max(1)))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn chunk(answer: u64, clause: u32, samples: usize, value: f32) -> PlayChunk {
        PlayChunk { answer: AnswerId(answer), clause, samples: vec![value; samples].into(), sample_rate_hz: 24_000 }
    }

    fn pull(playout: &mut Playout, room: usize, rate_hz: u32) -> (Vec<f32>, Vec<Reached>) {
        let (mut output, mut reached) = (Vec::new(), Vec::new());
        playout.pull(room, rate_hz, &mut output, &mut reached);
        (output, reached)
    }

    #[test]
    fn clauses_follow_each_other_without_a_gap_and_the_playhead_tells_where_it_is() {
        let mut playout = Playout::default();
        assert!(playout.enqueue(chunk(1, 0, 2_400, 0.5)));
        assert!(playout.enqueue(chunk(1, 1, 2_400, 0.5)));
        playout.close(AnswerId(1));
        let (first, reached) = pull(&mut playout, 3_600, 24_000);
        assert_eq!((first.len(), reached), (3_600, vec![Reached::Start(AnswerId(1))]));
        assert!(first.iter().all(|sample| (*sample - 0.5).abs() < 1e-6));
        let head = playout.playhead();
        assert_eq!((head.clause, head.is_playing), (1, true));
        assert!(head.clause_played.abs_diff(Duration::from_millis(50)) < Duration::from_micros(10));
        let (second, reached) = pull(&mut playout, 3_600, 24_000);
        assert_eq!((second.len(), reached), (1_200, vec![Reached::End(AnswerId(1))]));
        assert!(!playout.playhead().is_playing && !playout.has_sound());
    }

    #[test]
    fn an_answer_at_another_rate_is_whole_and_its_clauses_lie_where_they_should() {
        let mut playout = Playout::default();
        for clause in 0..3 {
            playout.enqueue(PlayChunk { sample_rate_hz: 22_050, ..chunk(1, clause, 2_205, 0.25) });
        }
        playout.close(AnswerId(1));
        let mut lengths = [0; 3];
        let mut total = 0;
        loop {
            let (output, _) = pull(&mut playout, 48, 48_000);
            if output.is_empty() {
                break;
            }
            total += output.len();
            lengths[playout.playhead().clause as usize] += output.len();
        }
        assert_eq!(total, 3 * 4_800);
        assert!(lengths.iter().all(|length: &usize| length.abs_diff(4_800) <= 48), "{lengths:?}");
    }

    #[test]
    fn a_held_answer_fades_out_waits_and_goes_on_where_it_was() {
        let mut playout = Playout::default();
        playout.enqueue(chunk(1, 0, 4_800, 0.5));
        pull(&mut playout, 480, 24_000);
        assert!(playout.hold());
        let (tail, _) = pull(&mut playout, 480, 24_000);
        assert_eq!(tail.len(), 96);
        assert!(tail.is_sorted_by(|a, b| a > b) && tail[95] == 0.0);
        assert!(!playout.is_sounding() && !playout.playhead().is_playing);
        assert!(pull(&mut playout, 480, 24_000).0.is_empty());
        assert!(playout.release());
        let (rest, reached) = pull(&mut playout, 9_600, 24_000);
        assert_eq!(rest.len(), 4_800 - 480 - 96);
        assert!(rest[0] < 0.01 && rest[200] == 0.5 && reached.is_empty());
    }

    #[test]
    fn a_dropped_answer_ends_softly_and_its_late_chunks_are_not_heard() {
        let mut playout = Playout::default();
        playout.enqueue(chunk(1, 0, 4_800, 0.5));
        pull(&mut playout, 470, 24_000);
        playout.clear(AnswerId(1));
        let (tail, _) = pull(&mut playout, 480, 24_000);
        assert!(tail.len() <= 96 && tail.last().is_none_or(|sample| *sample == 0.0), "{tail:?}");
        assert!(playout.enqueue(chunk(1, 1, 480, 0.5)));
        playout.close(AnswerId(1));
        assert!(!playout.has_sound());
        playout.enqueue(chunk(2, 0, 480, 0.5));
        assert_eq!(pull(&mut playout, 480, 24_000).1, vec![Reached::Start(AnswerId(2))]);
    }

    #[test]
    fn a_hold_in_the_last_samples_of_an_answer_ends_with_it_and_the_next_answer_is_heard() {
        let mut playout = Playout::default();
        playout.enqueue(chunk(1, 0, 500, 0.5));
        playout.close(AnswerId(1));
        pull(&mut playout, 450, 24_000);
        assert!(playout.hold());
        let (tail, reached) = pull(&mut playout, 480, 24_000);
        assert_eq!((tail.len(), reached), (50, vec![Reached::End(AnswerId(1)), Reached::Released]));
        assert!(!playout.is_held() && !playout.release());
        playout.enqueue(chunk(2, 0, 480, 0.5));
        let (next, reached) = pull(&mut playout, 480, 24_000);
        assert_eq!((next.len(), reached), (480, vec![Reached::Start(AnswerId(2))]));
        assert!(next.iter().all(|sample| *sample == 0.5));
    }

    #[test]
    fn a_hold_between_clauses_holds_the_late_clause_but_not_another_answer() {
        let mut playout = Playout::default();
        playout.enqueue(chunk(1, 0, 480, 0.5));
        pull(&mut playout, 960, 24_000);
        assert!(playout.has_open_answer() && !playout.has_sound());
        assert!(playout.hold());
        playout.enqueue(chunk(1, 1, 480, 0.5));
        assert_eq!(pull(&mut playout, 480, 24_000), (vec![], vec![]));
        playout.enqueue(chunk(2, 0, 480, 0.5));
        playout.close(AnswerId(2));
        let (rest, reached) = pull(&mut playout, 2_000, 24_000);
        assert_eq!(rest.len(), 960);
        assert_eq!(reached, [Reached::Released, Reached::Start(AnswerId(2)), Reached::End(AnswerId(2))]);
    }

    #[test]
    fn an_answer_that_is_closed_while_it_is_held_in_a_gap_has_ended() {
        let mut playout = Playout::default();
        playout.enqueue(chunk(1, 0, 480, 0.5));
        pull(&mut playout, 960, 24_000);
        assert!(playout.hold());
        assert_eq!(pull(&mut playout, 480, 24_000), (vec![], vec![]));
        playout.close(AnswerId(1));
        assert_eq!(pull(&mut playout, 480, 24_000).1, vec![Reached::End(AnswerId(1)), Reached::Released]);
        assert!(!playout.has_open_answer());
    }

    #[test]
    fn an_answer_without_sound_is_finished_at_once() {
        let mut playout = Playout::default();
        playout.close(AnswerId(3));
        assert_eq!(pull(&mut playout, 10, 24_000).1, vec![Reached::End(AnswerId(3))]);
    }

    #[test]
    fn more_than_four_minutes_are_refused() {
        let mut playout = Playout::default();
        for _ in 0..4 {
            assert!(playout.enqueue(chunk(1, 0, 60 * 24_000, 0.0)));
        }
        assert!(!playout.enqueue(chunk(1, 0, 24_000, 0.0)));
    }
}
