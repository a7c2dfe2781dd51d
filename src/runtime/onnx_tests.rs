use ort::{inputs, value::TensorRef};

use super::{super::Manifest, *};

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

fn store() -> ModelStore {
    ModelStore::open(&models()).unwrap()
}

#[test]
fn silero_finds_no_speech_in_silence() {
    let store = store();
    let mut session = Onnx::load(&store).unwrap().session(&store, "silero-vad", 1).unwrap();
    assert!(speech_in_silence(&mut session) < 0.1);
}

#[test]
fn a_model_answers_the_same_after_start_up_pages_were_given_back() {
    let store = store();
    let onnx = Onnx::load(&store).unwrap();
    let mut session = onnx.session(&store, "silero-vad", 1).unwrap();
    let before = speech_in_silence(&mut session);
    assert!(onnx.give_back_start_up_pages().unwrap() > 1_000_000, "the library's code is megabytes");
    assert!((speech_in_silence(&mut session) - before).abs() < f32::EPSILON);
}

fn speech_in_silence(session: &mut Session) -> f32 {
    let (window, state) = ([0.0_f32; 576], [0.0_f32; 256]);
    let outputs = session
        .run(inputs![
            "input" => TensorRef::from_array_view(([1_i64, 576], &window[..])).unwrap(),
            "state" => TensorRef::from_array_view(([2_i64, 1, 128], &state[..])).unwrap(),
            "sr" => TensorRef::from_array_view((Vec::<i64>::new(), &[16_000_i64][..])).unwrap(),
        ])
        .unwrap();
    let (_, probability) = outputs["output"].try_extract_tensor::<f32>().unwrap();
    probability[0]
}

#[test]
fn every_network_at_hand_takes_what_the_manifest_says() {
    let store = store();
    let onnx = Onnx::load(&store).unwrap();
    for model in store.manifest().models().filter(|model| !model.inputs.is_empty()) {
        if store.locate(&model.name).is_ok() {
            onnx.session(&store, &model.name, 1).unwrap_or_else(|error| panic!("{error}"));
        } else {
            assert_ne!(model.required_for, crate::runtime::RequiredFor::Voice, "{} is missing", model.name);
        }
    }
}

#[test]
fn a_network_with_other_inputs_than_the_manifest_says_is_refused() {
    let text = std::fs::read_to_string(models().join("manifest.toml")).unwrap().replace("[1, 576]", "[1, 576, 3]");
    let store = ModelStore::new(&models(), Manifest::parse(&text, Path::new("manifest.toml")).unwrap());
    let error = Onnx::load(&store).unwrap().session(&store, "silero-vad", 1).unwrap_err();
    assert!(matches!(error, OnnxError::WrongShape { .. }), "{error}");
    assert!(error.to_string().contains("expected input [1, 576, 3]"), "{error}");
}

#[test]
fn a_library_that_is_none_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join(LIBRARY);
    std::fs::write(&library, b"no library").unwrap();
    // Another test of this process may have loaded the real one, which then stays.
    if let Err(error) = Onnx::load_from(&library) {
        assert!(error.to_string().contains(library.to_str().unwrap()), "{error}");
    }
    let error = Onnx::load_from(&folder.path().join("none")).unwrap_err();
    assert!(matches!(error, OnnxError::Library { .. }), "{error}");
}
