//! Majlis (مجلس, the room where guests are received): a receptionist for exhibition stands and lobbies.
//!
//! A folder under `src/` is a room of the house; `ARCHITECTURE.md` is the map. Each room's `mod.rs` opens with
//! what it is for, what comes in, what goes out, and what it must never touch.

pub mod appointments;
pub mod audio;
pub mod camera;
pub mod clock;
pub mod cloud;
pub mod config;
pub mod conversation;
pub mod event;
pub mod kiosk;
pub mod knowledge;
pub mod llm;
pub mod ops;
pub mod runtime;
pub mod speech;
pub mod staff;
pub mod store;
pub mod tools;
pub mod ui;
pub mod vision;
pub mod words;
