//! `majlis models list|fetch|verify`.

use std::{fmt::Write, path::Path};

use super::{Model, ModelStore, RequiredFor, Status};

/// What to do with the models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelsAction {
    /// Show every model and whether it is there.
    List,
    /// Get models: those named, else those needed for a conversation.
    Fetch {
        /// The names.
        names: Vec<String>,
    },
    /// Check the sum of every model that is there.
    Verify,
}

/// Text for standard output and the exit code: 0 done, 1 failed.
pub async fn models_command(models: &Path, action: &ModelsAction) -> (String, u8) {
    let store = match ModelStore::open(models) {
        Ok(store) => store,
        Err(error) => return (format!("{error}\n"), 1),
    };
    match action {
        ModelsAction::List => (list(&store), 0),
        ModelsAction::Fetch { names } => fetch(&store, names).await,
        ModelsAction::Verify => verify(&store),
    }
}

fn list(store: &ModelStore) -> String {
    let mut text = String::new();
    for (model, (_, status)) in store.manifest().models().zip(store.verify()) {
        let state = match status {
            Status::Ready(_) => "ready",
            Status::Missing => "missing",
            Status::Unusable(_) => "unusable",
        };
        let terms = if model.commercial_use { "" } else { ", no commercial use" };
        let Model { name, required_for, bytes, licence, .. } = model;
        let megabytes = *bytes as f64 / 1e6;
        let licence = licence.split(',').next().unwrap_or(licence);
        let _infallible =
            writeln!(text, "{name:<24} {required_for:<9} {state:<9} {megabytes:>6.1} MB  {licence}{terms}");
    }
    text
}

async fn fetch(store: &ModelStore, names: &[String]) -> (String, u8) {
    let needed = store.manifest().models().filter(|model| model.required_for == RequiredFor::Voice);
    let wanted: Vec<&str> = match names {
        [] => needed.map(|model| model.name.as_str()).collect(),
        names => names.iter().map(String::as_str).collect(),
    };
    let mut text = String::new();
    let mut exit_code = 0;
    for name in wanted {
        let _infallible = match store.fetch(name).await {
            Ok(path) => writeln!(text, "{name}: {}", path.display()),
            Err(error) => {
                exit_code = 1;
                writeln!(text, "{name}: {error}")
            }
        };
    }
    (text, exit_code)
}

/// A missing model is a failure only where a conversation needs it; an unusable one always is.
fn verify(store: &ModelStore) -> (String, u8) {
    let mut text = String::new();
    let mut exit_code = 0;
    for (model, (name, status)) in store.manifest().models().zip(store.verify()) {
        let needed = model.required_for == RequiredFor::Voice;
        let _infallible = match status {
            Status::Ready(path) => writeln!(text, "{name}: ready, {}", path.display()),
            Status::Missing if needed => {
                exit_code = 1;
                writeln!(text, "{name}: missing, needed for a conversation; run `majlis models fetch`")
            }
            Status::Missing => writeln!(text, "{name}: missing, not needed for a conversation"),
            Status::Unusable(error) => {
                exit_code = 1;
                writeln!(text, "{name}: {error}")
            }
        };
    }
    (text, exit_code)
}
