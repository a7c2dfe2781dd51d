//! The part of espeak-ng's C library (`speak_lib.h`, API revision 12) that is used, wrapped so that the rest of the
//! program cannot misuse it.
#![allow(unsafe_code, reason = "the one place that calls espeak-ng")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_short, c_uint, c_void},
    marker::PhantomData,
    ops::ControlFlow,
    path::Path,
    ptr,
    sync::{Mutex, MutexGuard, TryLockError},
};

const OUTPUT_SYNCHRONOUS: c_int = 2;
const INITIALIZE_DONT_EXIT: c_int = 0x8000;
const CHARS_UTF8: c_int = 1;
const PHONEMES_IPA: c_int = 0x02;
const POSITION_CHARACTER: c_int = 1;
const PARAMETER_RATE: c_int = 1;
const EVENT_LIST_TERMINATED: c_int = 0;
const EVENT_WORD: c_int = 1;
const OK: c_int = 0;

/// `espeak_EVENT`; the union at its end is as large as its longest member, 8 bytes.
#[repr(C)]
struct Event {
    kind: c_int,
    unique_identifier: c_uint,
    text_position: c_int,
    length: c_int,
    audio_position: c_int,
    sample: c_int,
    user_data: *mut c_void,
    id: [u64; 1],
}

type Callback = extern "C" fn(*mut c_short, c_int, *mut Event) -> c_int;

#[link(name = "espeak-ng")]
unsafe extern "C" {
    fn espeak_Initialize(output: c_int, buffer_ms: c_int, path: *const c_char, options: c_int) -> c_int;
    fn espeak_SetSynthCallback(callback: Callback);
    fn espeak_SetParameter(parameter: c_int, value: c_int, relative: c_int) -> c_int;
    fn espeak_SetVoiceByName(name: *const c_char) -> c_int;
    fn espeak_Synth(
        text: *const c_void,
        size: usize,
        position: c_uint,
        position_type: c_int,
        end_position: c_uint,
        flags: c_uint,
        unique_identifier: *mut c_uint,
        user_data: *mut c_void,
    ) -> c_int;
    fn espeak_TextToPhonemes(text: *mut *const c_void, text_mode: c_int, phoneme_mode: c_int) -> *const c_char;
    fn espeak_Info(path: *mut *const c_char) -> *const c_char;
    fn espeak_Terminate() -> c_int;
}

/// Held while the library is in use: all its state is global, so there can be one user at a time.
static IN_USE: Mutex<()> = Mutex::new(());

/// A word that begins in the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WordEvent {
    /// Its first character, counted from 0.
    pub(super) character: usize,
    /// Its start in the sound, ms.
    pub(super) at_ms: u64,
}

/// What the library hands out: samples and the words that begin in them. `Break` stops the synthesis.
pub(super) type Sink<'a> = dyn FnMut(&[i16], &[WordEvent]) -> ControlFlow<()> + 'a;

/// Why the library cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InitError {
    #[error("espeak-ng is in use already; build one `Espeak` and share it")]
    InUse,
    #[error("espeak-ng finds no voice data; install the Debian packages espeak-ng and espeak-ng-data")]
    NoData,
}

/// The library, initialised; stays on the thread that made it.
pub(super) struct Library {
    sample_rate_hz: u32,
    _in_use: MutexGuard<'static, ()>,
    _not_send: PhantomData<*mut ()>,
}

impl Library {
    /// Initialises the library for sound in buffers of about `buffer_ms`.
    pub(super) fn open(buffer_ms: u16) -> Result<Self, InitError> {
        let in_use = match IN_USE.try_lock() {
            Ok(guard) => guard,
            // The guarded value is empty: a panic elsewhere cannot have spoiled it.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(InitError::InUse),
        };
        // SAFETY: `IN_USE` makes this the only user. A null path means the built-in one. DONT_EXIT: without it, missing
        // data would end the process.
        let rate =
            unsafe { espeak_Initialize(OUTPUT_SYNCHRONOUS, buffer_ms.into(), ptr::null(), INITIALIZE_DONT_EXIT) };
        let library = Self {
            sample_rate_hz: u32::try_from(rate).ok().filter(|rate| *rate > 0).ok_or(InitError::NoData)?,
            _in_use: in_use,
            _not_send: PhantomData,
        };
        if !library.has_data() {
            return Err(InitError::NoData);
        }
        // SAFETY: the callback is a function of this module and lives for ever.
        unsafe { espeak_SetSynthCallback(deliver) };
        Ok(library)
    }

    /// With DONT_EXIT, initialisation does not say whether the data were found.
    fn has_data(&self) -> bool {
        let mut path = ptr::null();
        // SAFETY: the library writes a pointer to a static, null-terminated string into `path`.
        let folder = unsafe {
            espeak_Info(&mut path);
            (!path.is_null()).then(|| CStr::from_ptr(path))
        };
        folder.and_then(|folder| folder.to_str().ok()).is_some_and(|folder| Path::new(folder).join("phontab").exists())
    }

    /// The rate of its sound, Hz.
    pub(super) fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Chooses a voice, such as `en-us+f3`. `false`: there is none of this name.
    pub(super) fn set_voice(&mut self, name: &str) -> bool {
        let Ok(name) = CString::new(name) else { return false };
        // SAFETY: `name` is null-terminated and is copied by the library.
        unsafe { espeak_SetVoiceByName(name.as_ptr()) == OK }
    }

    /// Sets the speaking rate, words a minute (80–450).
    pub(super) fn set_rate(&mut self, words_per_minute: u32) {
        let rate = c_int::try_from(words_per_minute.clamp(80, 450)).unwrap_or(175);
        // SAFETY: takes and returns plain integers.
        unsafe { espeak_SetParameter(PARAMETER_RATE, rate, 0) };
    }

    /// Speaks `text` into `sink`; returns when all has been said or `sink` broke it off. `false`: the library refused.
    pub(super) fn speak(&mut self, text: &str, mut sink: &mut Sink<'_>) -> bool {
        let Ok(text) = CString::new(text.replace('\0', " ")) else { return false };
        let user_data: *mut &mut Sink<'_> = &mut sink;
        // SAFETY: in synchronous mode the library calls back on this thread and only before this call returns, so that
        // `text` and `sink` outlive every use of the pointers; the length includes the terminating zero.
        let result = unsafe {
            espeak_Synth(
                text.as_ptr().cast(),
                text.as_bytes_with_nul().len(),
                0,
                POSITION_CHARACTER,
                0,
                CHARS_UTF8 as c_uint,
                ptr::null_mut(),
                user_data.cast(),
            )
        };
        result == OK
    }

    /// The phonemes of `text` in the International Phonetic Alphabet, words separated by spaces.
    pub(super) fn phonemes(&mut self, text: &str) -> String {
        let Ok(text) = CString::new(text.replace('\0', " ")) else { return String::new() };
        let mut rest: *const c_void = text.as_ptr().cast();
        let mut phonemes = String::new();
        while !rest.is_null() {
            // SAFETY: `rest` points into `text`, which lives on; the library moves it to the next clause or makes it
            // null at the end. The result is a null-terminated buffer of the library's, copied before the next call.
            let clause = unsafe {
                let clause = espeak_TextToPhonemes(&mut rest, CHARS_UTF8, PHONEMES_IPA);
                (!clause.is_null()).then(|| CStr::from_ptr(clause).to_string_lossy())
            };
            if let Some(clause) = clause {
                phonemes.push_str(&clause);
                phonemes.push(' ');
            }
        }
        phonemes
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: this is the only user, and it is on its own thread, with no call under way.
        unsafe { espeak_Terminate() };
    }
}

/// Hands a buffer to the [`Sink`] behind the events' `user_data`. Returns 1 to stop the synthesis.
extern "C" fn deliver(samples: *mut c_short, count: c_int, events: *mut Event) -> c_int {
    if events.is_null() {
        return 0;
    }
    let mut words = Vec::new();
    let mut event = events;
    // SAFETY: the library passes an array of events that ends with LIST_TERMINATED; that last one carries `user_data`
    // as well. `user_data` is the pointer that `speak` passed, valid until `espeak_Synth` returns; nobody else uses it
    // meanwhile. `samples`, if not null, points at `count` samples.
    unsafe {
        while (*event).kind != EVENT_LIST_TERMINATED {
            if (*event).kind == EVENT_WORD {
                words.push(WordEvent {
                    character: usize::try_from((*event).text_position - 1).unwrap_or(0),
                    at_ms: u64::try_from((*event).audio_position).unwrap_or(0),
                });
            }
            event = event.add(1);
        }
        let sink = (*event).user_data.cast::<&mut Sink<'_>>();
        let length = usize::try_from(count).unwrap_or(0);
        if sink.is_null() || samples.is_null() {
            return 0;
        }
        let samples = std::slice::from_raw_parts(samples, length);
        c_int::from((*sink)(samples, &words).is_break())
    }
}
