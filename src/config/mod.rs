//! `kiosk.toml` as typed, validated configuration; secrets from the environment or systemd credentials.
//!
//! In: a file, `--set` overrides, the environment. Out: [`Config`], or every problem at once with line, key, what was
//! found and what is allowed. Never touches: any other room, devices, the network.

mod address;
mod choice;
mod command;
mod load;
mod problem;
mod providers;
mod reference;
mod schedule;
mod schema;
mod secrets;
mod section;
mod setting;

pub(crate) use address::{is_loopback, is_private};
pub use choice::{
    AudioHost, Auth, CameraFormat, Choice, Digits, HttpMethod, LogFormat, NoiseSuppression, Theme, UnknownChoice,
};
pub use command::check_command;
pub use problem::{ConfigErrors, Origin, Problem};
pub use providers::CloudProvider;
pub use reference::reference;
pub use schedule::{DAY_MINUTES, ScheduleProblem, WorkingHours, holiday, problems as schedule_problems};
pub use schema::{
    Appointments, Audio, Camera, Cloud, CloudLlm, CloudStt, CloudTts, Config, Costs, Embedded, Enrolment, Health, Host,
    HttpTool, Log, McpServer, Memory, NextLlm, NextStt, NextTts, Paths, Personas, Presence, Price, Staff, Stand, Store,
    Tools, Turn, Ui, Vision, Visit, VisualContext,
};
pub use secrets::{SecretError, Secrets};
