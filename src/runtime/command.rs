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
        /// Names of models, or `voice`, `vision`, `research` for all that are needed for that.
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
        let _infallible =
            writeln!(text, "{name:<24} {required_for:<9} {state:<9} {megabytes:>6.1} MB  {licence}{terms}");
    }
    text
}

async fn fetch(store: &ModelStore, names: &[String]) -> (String, u8) {
    let voice = [RequiredFor::Voice.to_string()];
    let names = if names.is_empty() { &voice } else { names };
    let mut wanted = Vec::new();
    for name in names {
        let group = store.manifest().models().filter(|model| model.required_for.to_string() == *name);
        let before = wanted.len();
        wanted.extend(group.map(|model| model.name.as_str()));
        if wanted.len() == before {
            wanted.push(name);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
    }

    #[tokio::test]
    async fn the_list_shows_every_model_with_its_terms() {
        let (text, exit_code) = models_command(&models(), &ModelsAction::List).await;
        assert_eq!(exit_code, 0);
        assert_eq!(text.lines().count(), ModelStore::open(&models()).unwrap().manifest().models().count());
        let line = text.lines().find(|line| line.starts_with("insightface-y1")).unwrap();
        assert!(
            line.contains("research") && line.ends_with("LicenseRef-InsightFace-research, no commercial use"),
            "{line}"
        );
    }

    #[tokio::test]
    async fn what_a_conversation_needs_is_there_after_set_up() {
        let (text, exit_code) = models_command(&models(), &ModelsAction::Fetch { names: Vec::new() }).await;
        assert_eq!((exit_code, text.lines().count()), (0, 4), "{text}");
        let (text, exit_code) = models_command(&models(), &ModelsAction::Verify).await;
        assert_eq!(exit_code, 0, "{text}");
    }

    #[tokio::test]
    async fn an_unknown_name_is_answered_with_those_that_exist() {
        let fetch = ModelsAction::Fetch { names: vec!["silero".to_owned()] };
        let (text, exit_code) = models_command(&models(), &fetch).await;
        assert_eq!(exit_code, 1);
        assert!(text.contains("found no model \"silero\"") && text.contains("silero-vad"), "{text}");
    }

    #[tokio::test]
    async fn without_a_manifest_the_file_that_was_expected_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (text, exit_code) = models_command(folder.path(), &ModelsAction::Verify).await;
        assert_eq!(exit_code, 1);
        assert!(text.contains("manifest.toml: cannot be read"), "{text}");
    }
}
