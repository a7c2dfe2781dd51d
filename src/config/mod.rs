//! `kiosk.toml` as typed, validated configuration; secrets from the environment or systemd credentials.
//!
//! In: a file, `--set` overrides, the environment. Out: [`Config`], or every problem at once with line, key, what was
//! found and what is allowed. Never touches: any other room, devices, the network.

mod schema;

pub use schema::*;
