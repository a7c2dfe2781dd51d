//! The part of PocketSphinx's C library (0.8+5prealpha) that is used, wrapped so that the rest of the program cannot
//! misuse it.
#![allow(unsafe_code, reason = "the one place that calls PocketSphinx")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr::{self, NonNull},
    sync::Mutex,
};

use super::Segment;

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

#[link(name = "pocketsphinx")]
unsafe extern "C" {
    fn ps_args() -> *const c_void;
    fn ps_init(config: *mut Config) -> *mut Handle;
    fn ps_free(decoder: *mut Handle) -> c_int;
    fn ps_add_word(decoder: *mut Handle, word: *const c_char, phones: *const c_char, update: c_int) -> c_int;
    fn ps_set_jsgf_string(decoder: *mut Handle, name: *const c_char, grammar: *const c_char) -> c_int;
    fn ps_set_allphone_file(decoder: *mut Handle, name: *const c_char, path: *const c_char) -> c_int;
    fn ps_set_search(decoder: *mut Handle, name: *const c_char) -> c_int;
    fn ps_start_utt(decoder: *mut Handle) -> c_int;
    fn ps_process_raw(
        decoder: *mut Handle,
        samples: *const i16,
        count: usize,
        no_search: c_int,
        full_utterance: c_int,
    ) -> c_int;
    fn ps_end_utt(decoder: *mut Handle) -> c_int;
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
    fn err_set_logfp(file: *mut c_void) -> *mut c_void;
    fn err_set_callback(callback: Option<extern "C" fn()>, user_data: *mut c_void);
}

/// The library's command-line and grammar parsers are not known to be re-entrant: one decoder is built at a time.
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

    /// Decodes a whole utterance (16 kHz, mono) with the search `name`. The best path, empty when there is none, and
    /// its score.
    pub(super) fn decode(&mut self, name: &CStr, samples: &[i16]) -> Option<(i32, Vec<Segment>)> {
        let decoder = self.0.as_ptr();
        // SAFETY: a live decoder, used by one thread at a time (`&mut self`); `samples` is borrowed for the call only.
        unsafe {
            if ps_set_search(decoder, name.as_ptr()) < 0 || ps_start_utt(decoder) < 0 {
                return None;
            }
            let frames = ps_process_raw(decoder, samples.as_ptr(), samples.len(), 0, 1);
            // The utterance is ended whatever became of it, so that the next one can start.
            if ps_end_utt(decoder) < 0 || frames < 0 {
                return None;
            }
            let mut score = 0;
            if ps_get_hyp(decoder, &mut score).is_null() {
                return Some((0, Vec::new()));
            }
            Some((score, self.segments()))
        }
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

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the decoder is live and nobody else has it.
        unsafe { ps_free(self.0.as_ptr()) };
    }
}
