//! The window: a lamp in a niche that speaks, the words of both sides, and what can be touched.
//!
//! In: snapshots of the conversation ([`crate::event::View`]) and the meters of the sound, both read without waiting.
//! Out: commands for the conversation. Never touches: the conversation itself, devices, the network; a frame never waits.
//!
//! [`app`] is one frame; [`screens`] decide what stands where; [`widgets`] are what they are made of; [`text`] lays out
//! words in both directions; [`stage`], [`avatar`] and [`motion`] are the lamp; [`staff`] are the pages behind the PIN, opened by
//! holding the stand's mark for three seconds. Measures and colours: [`tokens`], [`layout`].

pub mod app;
pub mod appearance;
pub mod avatar;
pub mod dates;
pub mod fonts;
pub mod icons;
pub mod layout;
pub mod mesh;
pub mod motion;
pub mod pace;
pub mod paused;
pub mod screens;
pub mod staff;
pub mod stage;
pub mod text;
pub mod tokens;
pub mod widgets;
pub mod window;

pub use app::{KioskApp, UiInputs};
pub use paused::{Paused, PausedInputs, run_paused};
pub use window::{ScreenshotError, ScreenshotRequest, UiError, WindowHandle, WindowInputs, WindowOptions, run};
