use std::io::Cursor;

use super::*;

/// What stands for the weights of a model.
const WEIGHTS: &[u8] = b"weights";

struct World {
    root: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn store(&self, source: &str) -> ModelStore {
        let sha256 = hex(&Sha256::digest(WEIGHTS));
        let text = format!(
            r#"
            version = 1
            [[model]]
            name = "net"
            task = "voice-activity"
            file = "net.onnx"
            bytes = 7
            sha256 = "{sha256}"
            licence = "MIT"
            commercial_use = true
            required_for = "voice"
            inputs = []
            normalisation = "none"
            thresholds = {{}}
            source.{source}
            "#
        );
        let places = Places {
            models: self.path("models"),
            extra: Some(self.path("extra")),
            shared: self.path("shared"),
            wheels: vec![self.path("wheels")],
        };
        ModelStore::with_places(places, Manifest::parse(&text, Path::new("manifest.toml")).unwrap())
    }
}

fn zip_with(member: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(member, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

/// Serves `body` at `/file` on loopback until the test's runtime ends.
async fn serve(body: Vec<u8>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().route("/file", axum::routing::get(move || async move { body }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/file")
}

const IN_WHEEL: &str = r#"wheel = { package = "some-net", version = "1.2.3", path = "some_net/net.onnx" }"#;

#[test]
fn the_folder_of_models_comes_before_the_others() {
    let world = World::new();
    let store = world.store(r#"shared = "other-name.onnx""#);
    let shared = world.write("shared/other-name.onnx", WEIGHTS);
    assert_eq!(store.locate("net").unwrap(), shared);
    let extra = world.write("extra/net.onnx", WEIGHTS);
    assert_eq!(store.locate("net").unwrap(), extra);
    let own = world.write("models/net.onnx", WEIGHTS);
    assert_eq!(store.locate("net").unwrap(), own);
}

#[test]
fn a_wrong_sum_names_the_file_the_sum_found_and_the_sum_expected() {
    let world = World::new();
    let store = world.store(IN_WHEEL);
    let file = world.write("models/net.onnx", b"WEIGHTS");
    let message = store.locate("net").unwrap_err().to_string();
    assert!(message.contains(file.to_str().unwrap()), "{message}");
    assert!(message.contains(&hex(&Sha256::digest(b"WEIGHTS"))), "{message}");
    assert!(message.contains(&hex(&Sha256::digest(WEIGHTS))), "{message}");
    assert!(matches!(store.verify().as_slice(), [(_, Status::Unusable(_))]));
}

#[test]
fn a_model_is_taken_out_of_the_wheel_of_the_pinned_version() {
    let world = World::new();
    let store = world.store(IN_WHEEL);
    world.write("wheels/some_net-1.2.4-py3-none-any.whl", &zip_with("some_net/net.onnx", b"newer"));
    assert!(matches!(store.locate("net"), Err(ModelError::Missing { .. })));
    world.write("wheels/some_net-1.2.3-py3-none-any.whl", &zip_with("some_net/net.onnx", WEIGHTS));
    assert_eq!(store.locate("net").unwrap(), world.path("models/net.onnx"));
    assert_eq!(std::fs::read(world.path("models/net.onnx")).unwrap(), WEIGHTS);
}

#[test]
fn looking_how_models_stand_writes_nothing() {
    let world = World::new();
    let store = world.store(IN_WHEEL);
    let status = || store.verify().remove(0).1;
    assert!(matches!(status(), Status::Missing));
    let wheel = world.write("wheels/some_net-1.2.3-py3-none-any.whl", &zip_with("some_net/net.onnx", WEIGHTS));
    assert!(matches!(status(), Status::Ready(path) if path == wheel));
    world.write("wheels/some_net-1.2.3-py3-none-any.whl", &zip_with("some_net/net.onnx", b"WEIGHTS"));
    assert!(matches!(status(), Status::Unusable(ModelError::WrongSum { file, .. }) if file == wheel));
    assert!(!world.path("models").exists());
}

#[test]
fn a_file_in_a_wheel_that_is_longer_than_the_manifest_says_is_not_unpacked() {
    let world = World::new();
    let store = world.store(IN_WHEEL);
    world.write("wheels/some_net-1.2.3-py3-none-any.whl", &zip_with("some_net/net.onnx", &[0; 1 << 20]));
    assert!(matches!(store.locate("net"), Err(ModelError::Archive { .. })));
    assert!(!world.path("models/net.onnx").exists());
}

#[test]
fn a_missing_model_says_where_it_was_looked_for_and_what_to_do() {
    let world = World::new();
    let message = world.store(IN_WHEEL).locate("net").unwrap_err().to_string();
    for part in ["net.onnx", "models", "extra", "shared", "wheels", "setup.sh"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn a_model_that_is_nowhere_is_downloaded_once() {
    let world = World::new();
    let url = serve(WEIGHTS.to_vec()).await;
    let store = world.store(&format!(r#"url = {{ href = "{url}" }}"#));
    assert!(matches!(store.locate("net"), Err(ModelError::Missing { .. })));
    assert_eq!(store.fetch("net").await.unwrap(), world.path("models/net.onnx"));
    assert_eq!(store.locate("net").unwrap(), world.path("models/net.onnx"));
}

#[tokio::test]
async fn a_download_with_another_sum_leaves_no_file() {
    let world = World::new();
    let url = serve(b"WEIGHTS".to_vec()).await;
    let store = world.store(&format!(r#"url = {{ href = "{url}" }}"#));
    assert!(matches!(store.fetch("net").await, Err(ModelError::WrongSum { .. })));
    assert!(!world.path("models").exists());
}

#[tokio::test]
async fn a_download_that_is_too_long_is_stopped() {
    let world = World::new();
    let url = serve(vec![0; 1 << 20]).await;
    let store = world.store(&format!(r#"url = {{ href = "{url}" }}"#));
    assert!(matches!(store.fetch("net").await, Err(ModelError::Download { .. })));
}

#[tokio::test]
async fn a_model_in_a_downloaded_archive_is_unpacked() {
    let world = World::new();
    let archive = zip_with("net.onnx", WEIGHTS);
    let length = archive.len();
    let url = serve(archive).await;
    let store = world.store(&format!(r#"url = {{ href = "{url}", member = "net.onnx", bytes = {length} }}"#));
    assert_eq!(store.fetch("net").await.unwrap(), world.path("models/net.onnx"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_in_the_error() {
    let world = World::new();
    let store = world.store(r#"url = { href = "http://127.0.0.1:1/file" }"#);
    let message = store.fetch("net").await.unwrap_err().to_string();
    assert!(message.contains("http://127.0.0.1:1/file") && message.contains("refused"), "{message}");
}

#[test]
fn the_shipped_manifest_is_valid_and_bars_research_models_from_commercial_use() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/manifest.toml");
    let manifest = Manifest::read(&path).unwrap();
    let voice: Vec<&str> = manifest
        .models()
        .filter(|model| model.required_for == crate::runtime::RequiredFor::Voice)
        .map(|model| model.name.as_str())
        .collect();
    assert_eq!(voice, ["silero-vad", "smart-turn-v3.2", "rawi-ensemble", "rawi-vocabulary"]);
    for model in manifest.models().filter(|model| model.name.starts_with("insightface")) {
        assert!(!model.commercial_use && model.required_for == crate::runtime::RequiredFor::Research, "{}", model.name);
    }
}

#[test]
fn a_manifest_with_a_path_for_a_file_name_is_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/manifest.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("\"silero_vad.onnx\"", "\"../silero_vad.onnx\"");
    let message = Manifest::parse(&text, &path).unwrap_err().to_string();
    assert!(message.contains("silero-vad: file: found \"../silero_vad.onnx\""), "{message}");
}
