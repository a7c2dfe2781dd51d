//! The part of PocketSphinx's C library (0.8+5prealpha) that is used, wrapped so that the rest of the program cannot
//! misuse it.
#![allow(unsafe_code, reason = "the one place that calls PocketSphinx")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    io,
    path::Path,
    ptr::{self, NonNull},
    sync::Mutex,
};

use super::{
    Segment,
    senones::{DIMENSIONS, STREAMS, Scores},
};
use crate::runtime::give_back_unchanged_pages;

#[repr(C)]
struct Config {
    _opaque: [u8; 0],
}
#[repr(C)]
struct Handle {
    _opaque: [u8; 0],
}
#[repr(C)]
struct Segments {
    _opaque: [u8; 0],
}

#[repr(C)]
struct FrontEnd {
    _opaque: [u8; 0],
}
#[repr(C)]
struct Dynamics {
    _opaque: [u8; 0],
}

#[link(name = "pocketsphinx")]
unsafe extern "C" {
    fn ps_args() -> *const c_void;
    fn ps_init(config: *mut Config) -> *mut Handle;
    fn ps_free(decoder: *mut Handle) -> c_int;
    fn ps_add_word(decoder: *mut Handle, word: *const c_char, phones: *const c_char, update: c_int) -> c_int;
    fn ps_set_jsgf_string(decoder: *mut Handle, name: *const c_char, grammar: *const c_char) -> c_int;
    fn ps_set_allphone_file(decoder: *mut Handle, name: *const c_char, path: *const c_char) -> c_int;
    fn ps_set_search(decoder: *mut Handle, name: *const c_char) -> c_int;
    #[cfg(test)]
    fn ps_start_utt(decoder: *mut Handle) -> c_int;
    #[cfg(test)]
    fn ps_process_raw(
        decoder: *mut Handle,
        samples: *const i16,
        count: usize,
        no_search: c_int,
        full_utterance: c_int,
    ) -> c_int;
    #[cfg(test)]
    fn ps_end_utt(decoder: *mut Handle) -> c_int;
    fn ps_decode_senscr(decoder: *mut Handle, file: *mut libc::FILE) -> c_int;
    fn ps_get_fe(decoder: *mut Handle) -> *mut FrontEnd;
    fn ps_get_feat(decoder: *mut Handle) -> *mut Dynamics;
    fn ps_get_hyp(decoder: *mut Handle, score: *mut i32) -> *const c_char;
    fn ps_seg_iter(decoder: *mut Handle) -> *mut Segments;
    fn ps_seg_next(segments: *mut Segments) -> *mut Segments;
    fn ps_seg_word(segments: *mut Segments) -> *const c_char;
    fn ps_seg_frames(segments: *mut Segments, start: *mut c_int, end: *mut c_int);
    fn ps_seg_prob(segments: *mut Segments, acoustic: *mut i32, language: *mut i32, back: *mut i32) -> i32;
}

#[link(name = "sphinxbase")]
unsafe extern "C" {
    fn cmd_ln_parse_r(
        base: *mut Config,
        definitions: *const c_void,
        count: i32,
        arguments: *mut *mut c_char,
        strict: i32,
    ) -> *mut Config;
    fn cmd_ln_free_r(config: *mut Config) -> c_int;
    fn fe_get_output_size(front_end: *mut FrontEnd) -> c_int;
    fn fe_start_stream(front_end: *mut FrontEnd);
    fn fe_start_utt(front_end: *mut FrontEnd) -> c_int;
    fn fe_process_frames(
        front_end: *mut FrontEnd,
        samples: *mut *const i16,
        count: *mut usize,
        cepstra: *mut *mut f32,
        frames: *mut i32,
        first_frame: *mut i32,
    ) -> c_int;
    fn fe_end_utt(front_end: *mut FrontEnd, cepstrum: *mut f32, frames: *mut i32) -> c_int;
    fn feat_s2mfc2feat_live(
        dynamics: *mut Dynamics,
        cepstra: *mut *mut f32,
        frames: *mut i32,
        is_begin: i32,
        is_end: i32,
        features: *mut *mut *mut f32,
    ) -> i32;
    fn feat_array_alloc(dynamics: *mut Dynamics, frames: i32) -> *mut *mut *mut f32;
    fn feat_array_free(features: *mut *mut *mut f32);
    fn err_set_logfp(file: *mut c_void) -> *mut c_void;
    fn err_set_callback(callback: Option<extern "C" fn()>, user_data: *mut c_void);
}

/// The library's command-line and grammar parsers are not known to be re-entrant: one decoder is built at a time. Nor is
/// one freed while another is built or the pages of a file that decoders map are given back.
static BUILDING: Mutex<()> = Mutex::new(());

/// A decoder.
pub(super) struct Decoder(NonNull<Handle>);

// SAFETY: the library keeps a decoder's state in the decoder; nothing in it belongs to a thread. It is not `Sync`.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder with these arguments, as `pocketsphinx_batch` takes them. The caller has checked that the files they
    /// name exist: the library ends the process over some that are missing. `None`: the library refused.
    pub(super) fn open(arguments: &[(&str, &str)]) -> Option<Self> {
        let strings: Vec<CString> = arguments
            .iter()
            .flat_map(|(name, value)| [*name, *value])
            .map(CString::new)
            .collect::<Result<_, _>>()
            .ok()?;
        let mut pointers: Vec<*mut c_char> = strings.iter().map(|string| string.as_ptr().cast_mut()).collect();
        let count = i32::try_from(pointers.len()).ok()?;
        let _building = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: null switches off the library's log to standard error, and what it prints past that log. The arguments are null-terminated and are
        // copied by the parser (it does not write to them). The decoder keeps its own reference to the configuration.
        let decoder = unsafe {
            err_set_callback(None, ptr::null_mut());
            err_set_logfp(ptr::null_mut());
            let config = cmd_ln_parse_r(ptr::null_mut(), ps_args(), count, pointers.as_mut_ptr(), 1);
            if config.is_null() {
                return None;
            }
            let decoder = ps_init(config);
            cmd_ln_free_r(config);
            decoder
        };
        NonNull::new(decoder).map(Self)
    }

    /// Adds a word with its phones; `last` rebuilds what depends on the dictionary. `false`: an unknown phone, or the
    /// word is there already.
    pub(super) fn add_word(&mut self, word: &str, phones: &str, last: bool) -> bool {
        let (Ok(word), Ok(phones)) = (CString::new(word), CString::new(phones)) else { return false };
        // SAFETY: a live decoder and null-terminated strings, which the library copies.
        unsafe { ps_add_word(self.0.as_ptr(), word.as_ptr(), phones.as_ptr(), last.into()) >= 0 }
    }

    /// Adds a search by grammar, whose words have all been added. `false`: the library refused it.
    pub(super) fn add_grammar(&mut self, name: &CStr, grammar: &str) -> bool {
        let Ok(grammar) = CString::new(grammar) else { return false };
        let _building = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: as in `add_word`.
        unsafe { ps_set_jsgf_string(self.0.as_ptr(), name.as_ptr(), grammar.as_ptr()) >= 0 }
    }

    /// Adds a search for any sequence of phones.
    pub(super) fn add_phone_loop(&mut self, name: &CStr) -> bool {
        // SAFETY: as in `add_word`; a null path means no phone language model.
        unsafe { ps_set_allphone_file(self.0.as_ptr(), name.as_ptr(), ptr::null()) >= 0 }
    }

    /// The features of a whole utterance (16 kHz, mono), [`STREAMS`] × [`DIMENSIONS`] values a frame, as the decoder's own
    /// search would compute them. The caller has checked that the model has this many.
    pub(super) fn features(&mut self, samples: &[i16]) -> Option<Vec<f32>> {
        let mut features = Vec::new();
        // SAFETY: a live decoder, used by one thread at a time (`&mut self`), and its own parts. The first call for frames
        // has no buffer and only says how many there will be; one more may come at the end. The output is for as many
        // frames as there are cepstra, which is what the library fills when an utterance begins and ends at once, and each
        // of its streams has as many values as a cepstrum. The buffers outlive the calls.
        unsafe {
            let (front_end, dynamics) = (ps_get_fe(self.0.as_ptr()), ps_get_feat(self.0.as_ptr()));
            if usize::try_from(fe_get_output_size(front_end)) != Ok(DIMENSIONS) {
                return None;
            }
            let (mut rest, mut count, mut frames, mut last) = (samples.as_ptr(), samples.len(), 0, 0);
            if fe_process_frames(front_end, ptr::null_mut(), &mut count, ptr::null_mut(), &mut frames, ptr::null_mut())
                < 0
            {
                return None;
            }
            let rows = usize::try_from(frames).ok()? + 1;
            let mut values = vec![0.0_f32; rows * DIMENSIONS];
            let mut cepstra: Vec<*mut f32> = values.chunks_exact_mut(DIMENSIONS).map(<[f32]>::as_mut_ptr).collect();
            // Nothing of the utterances before: what is noise is learnt anew, so that an answer depends on its question alone.
            fe_start_stream(front_end);
            if fe_start_utt(front_end) < 0
                || fe_process_frames(
                    front_end,
                    &mut rest,
                    &mut count,
                    cepstra.as_mut_ptr(),
                    &mut frames,
                    ptr::null_mut(),
                ) < 0
            {
                return None;
            }
            // The frame that is filled up at the end follows those that came.
            let ending = *cepstra.get(usize::try_from(frames).ok()?)?;
            fe_end_utt(front_end, ending, &mut last);
            let mut total = frames + last;
            if total <= 0 {
                return None;
            }
            let streams = feat_array_alloc(dynamics, total);
            if streams.is_null() {
                return None;
            }
            let made = feat_s2mfc2feat_live(dynamics, cepstra.as_mut_ptr(), &mut total, 1, 1, streams);
            for frame in 0..usize::try_from(made).unwrap_or(0) {
                for stream in 0..STREAMS {
                    features
                        .extend_from_slice(std::slice::from_raw_parts(*(*streams.add(frame)).add(stream), DIMENSIONS));
                }
            }
            feat_array_free(streams);
        }
        Some(features)
    }

    /// Decodes an utterance by its scores with the search `name`. The best path, empty when there is none, and its score.
    pub(super) fn decode(&mut self, name: &CStr, scores: &Scores) -> Option<(i32, Vec<Segment>)> {
        let decoder = self.0.as_ptr();
        let dump = scores.dump();
        // SAFETY: a live decoder, used by one thread at a time (`&mut self`), that never decoded samples. The file is over borrowed bytes, opened for
        // reading only, and closed before the borrow ends; the library lets go of it before it returns.
        unsafe {
            if ps_set_search(decoder, name.as_ptr()) < 0 {
                return None;
            }
            let file = libc::fmemopen(dump.as_ptr().cast_mut().cast(), dump.len(), c"rb".as_ptr());
            if file.is_null() {
                return None;
            }
            let frames = ps_decode_senscr(decoder, file);
            libc::fclose(file);
            if frames < 0 {
                return None;
            }
        }
        self.best_path()
    }

    /// The same by the library's own scores; the decoder is spent.
    #[cfg(test)]
    pub(super) fn decode_samples(mut self, name: &CStr, samples: &[i16]) -> Option<(i32, Vec<Segment>)> {
        let decoder = self.0.as_ptr();
        // SAFETY: as in `decode`; `samples` is borrowed for the call only. A long utterance leaves the library's buffers of
        // two sizes, which `decode` would write past: there is no `decode` after this.
        unsafe {
            fe_start_stream(ps_get_fe(decoder));
            if ps_set_search(decoder, name.as_ptr()) < 0
                || ps_start_utt(decoder) < 0
                || ps_process_raw(decoder, samples.as_ptr(), samples.len(), 0, 1) < 0
                || ps_end_utt(decoder) < 0
            {
                return None;
            }
        }
        self.best_path()
    }

    fn best_path(&mut self) -> Option<(i32, Vec<Segment>)> {
        let mut score = 0;
        // SAFETY: a live decoder, which has just ended an utterance.
        if unsafe { ps_get_hyp(self.0.as_ptr(), &mut score) }.is_null() {
            return Some((0, Vec::new()));
        }
        Some((score, self.segments()))
    }

    fn segments(&mut self) -> Vec<Segment> {
        let mut found = Vec::new();
        // SAFETY: the iterator belongs to this decoder, which is not used otherwise meanwhile; `ps_seg_next` frees it
        // when it returns null. A word is a null-terminated string of the dictionary's.
        unsafe {
            let mut segments = ps_seg_iter(self.0.as_ptr());
            while !segments.is_null() {
                let (mut first, mut last, mut acoustic) = (0, 0, 0);
                let word = ps_seg_word(segments);
                ps_seg_frames(segments, &mut first, &mut last);
                ps_seg_prob(segments, &mut acoustic, ptr::null_mut(), ptr::null_mut());
                if !word.is_null() {
                    let word = CStr::from_ptr(word).to_string_lossy().into_owned();
                    found.push(Segment { word, first_frame: first, last_frame: last, acoustic });
                }
                segments = ps_seg_next(segments);
            }
        }
        found
    }
}

/// Gives memory that building a decoder took and freed back to the system, megabytes of it: the C library's allocator
/// would keep it for the rest of the program.
pub(super) fn return_freed_memory() {
    // SAFETY: takes a plain integer and is safe to call from any thread.
    unsafe { libc::malloc_trim(0) };
}

/// Gives back the resident pages of a model's `file` that decoders map, once they have read it. Where a service hears, they
/// are not needed; otherwise they come back.
pub(super) fn give_back_pages_of(file: &Path) -> io::Result<usize> {
    let file = file.canonicalize()?;
    let _building = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // SAFETY: only decoders map the model's files, and none is freed while the lock is held.
    unsafe { give_back_unchanged_pages(&[&file]) }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        let _building = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: the decoder is live and nobody else has it.
        unsafe { ps_free(self.0.as_ptr()) };
    }
}
