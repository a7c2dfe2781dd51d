//! ONNX Runtime: finding its library, loading it once, and sessions that stay small and quiet.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ort::{
    environment::Environment,
    logging::LogLevel,
    session::{Session, builder::SessionBuilder},
    value::ValueType,
};

use super::{Model, ModelError, ModelStore, memory::give_back_pages_of_files};

const LIBRARY: &str = "libonnxruntime.so";

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The library is nowhere.
    #[error("found no {LIBRARY} in {places}; run scripts/setup.sh, or set MAJLIS_ONNXRUNTIME to the file")]
    LibraryMissing {
        /// Where it was looked for.
        places: String,
    },
    /// The library does not load, or is too old.
    #[error("{}: ONNX Runtime cannot be loaded: {detail}; delete it and run scripts/setup.sh", path.display())]
    Library {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The model cannot be had.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// ONNX Runtime refuses the model.
    #[error("{}: ONNX Runtime refuses model \"{model}\": {detail}", path.display())]
    Session {
        /// The model.
        model: String,
        /// Its file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The network does not take what the manifest says.
    #[error("{}: model \"{model}\" has the wrong inputs: found {found}, expected {expected}", path.display())]
    WrongShape {
        /// The model.
        model: String,
        /// Its file.
        path: PathBuf,
        /// Its inputs.
        found: String,
        /// The manifest's.
        expected: String,
    },
}

/// ONNX Runtime, loaded. Cheap to clone; the library is loaded once in a process, whoever asks first.
#[derive(Clone)]
pub struct Onnx {
    environment: Environment,
    /// The library's file, without symbolic links.
    library: Arc<Path>,
}

impl std::fmt::Debug for Onnx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Onnx").finish_non_exhaustive()
    }
}

impl Onnx {
    /// Loads the library: `$MAJLIS_ONNXRUNTIME`, `vendor/lib/` beside the folder of models, the program's own folder,
    /// `/usr/lib/majlis`.
    ///
    /// # Errors
    /// When it is not found or does not load.
    pub fn load(store: &ModelStore) -> Result<Self, OnnxError> {
        let candidates = candidates(store.root());
        let path = candidates.iter().find(|path| path.is_file()).ok_or_else(|| OnnxError::LibraryMissing {
            places: candidates.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
        })?;
        Self::load_from(path)
    }

    /// Loads the library at `path`. A process can do so once; whoever needs it again clones what this gives.
    ///
    /// # Errors
    /// When it does not load.
    pub fn load_from(path: &Path) -> Result<Self, OnnxError> {
        let refused = |detail: String| OnnxError::Library { path: path.to_owned(), detail };
        // An absolute path, because ort would look for a relative one beside the program.
        let absolute = path.canonicalize().map_err(|error| refused(error.to_string()))?;
        let builder = ort::init_from(&absolute).map_err(|error| refused(error.to_string()))?;
        let environment =
            builder.with_name("majlis").with_telemetry(false).build().map_err(|error| refused(error.to_string()))?;
        Ok(Self { environment, library: absolute.into() })
    }

    /// Gives back resident pages of the program and of the library that only loading needed, and tells how many bytes
    /// that were. To be called once the models are loaded, where nobody waits: it takes some milliseconds.
    ///
    /// # Errors
    /// The kernel does not tell which pages there are.
    pub fn give_back_start_up_pages(&self) -> io::Result<usize> {
        give_back_pages_of_files(&self.library)
    }

    /// A session on a model of the store, on `threads` threads (the caller's is one of them). One session per thread
    /// of the program: running it needs `&mut`.
    ///
    /// # Errors
    /// When the model is missing, has a wrong sum, is refused, or has other inputs than the manifest says.
    pub fn session(&self, store: &ModelStore, name: &str, threads: usize) -> Result<Session, OnnxError> {
        self.session_with(store, name, threads, Memory::GivenBack)
    }

    /// The same for a network that runs several times a second on large tensors: it keeps its memory from run to run,
    /// because getting it anew each time would take longer than the network itself.
    ///
    /// # Errors
    /// As [`Onnx::session`].
    pub fn busy_session(&self, store: &ModelStore, name: &str, threads: usize) -> Result<Session, OnnxError> {
        self.session_with(store, name, threads, Memory::Kept)
    }

    fn session_with(
        &self,
        store: &ModelStore,
        name: &str,
        threads: usize,
        memory: Memory,
    ) -> Result<Session, OnnxError> {
        let model = store.model(name)?;
        let path = store.locate(name)?;
        let session = self.open(&path, threads, memory).map_err(|error| OnnxError::Session {
            model: model.name.clone(),
            path: path.clone(),
            detail: error.to_string(),
        })?;
        check_inputs(&session, model, &path)?;
        Ok(session)
    }

    fn open(&self, path: &Path, threads: usize, memory: Memory) -> ort::Result<Session> {
        quiet(Session::builder(&self.environment)?, threads, memory)?.commit_from_file(path)
    }
}

/// What becomes of a session's memory between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    /// It is given back.
    GivenBack,
    /// It stays in the session's arena.
    Kept,
}

/// A kiosk runs for months on few models of a few megabytes: memory is given back after each run instead of being kept
/// in an arena (67 instead of 81 MB resident with the three voice models, equally fast), and threads sleep while there
/// is no work instead of spinning.
fn quiet(builder: SessionBuilder, threads: usize, memory: Memory) -> ort::Result<SessionBuilder> {
    let is_kept = memory == Memory::Kept;
    let cpu = ort::ep::CPU::default().with_arena_allocator(is_kept).build();
    Ok(builder
        .with_execution_providers([cpu])?
        // SCRFD's graph states the sizes of one picture; for every other one ONNX Runtime would warn, at each run.
        .with_log_level(LogLevel::Error)?
        .with_memory_pattern(is_kept)?
        .with_intra_threads(threads.max(1))?
        .with_intra_op_spinning(false)?
        .with_inter_threads(1)?
        .with_inter_op_spinning(false)?)
}

fn candidates(root: &Path) -> Vec<PathBuf> {
    let given = std::env::var_os("MAJLIS_ONNXRUNTIME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent).map(|folder| folder.join(LIBRARY));
    let mut candidates: Vec<PathBuf> = given.into_iter().collect();
    candidates.push(root.join("vendor").join("lib").join(LIBRARY));
    candidates.extend(beside);
    candidates.push(Path::new("/usr/lib/majlis").join(LIBRARY));
    candidates
}

fn check_inputs(session: &Session, model: &Model, path: &Path) -> Result<(), OnnxError> {
    let found: Vec<(&str, &[i64])> =
        session.inputs().iter().map(|input| (input.name(), dimensions(input.dtype()))).collect();
    let expected: Vec<(&str, &[i64])> =
        model.inputs.iter().map(|input| (input.name.as_str(), input.shape.as_slice())).collect();
    let fits = found.len() == expected.len()
        && expected.iter().all(|(name, shape)| found.iter().any(|(n, s)| n == name && compatible(s, shape)));
    if fits {
        return Ok(());
    }
    Err(OnnxError::WrongShape {
        model: model.name.clone(),
        path: path.to_owned(),
        found: describe(&found),
        expected: describe(&expected),
    })
}

fn dimensions(kind: &ValueType) -> &[i64] {
    match kind {
        ValueType::Tensor { shape, .. } => shape,
        _ => &[],
    }
}

/// Whether two shapes allow a common tensor; −1 is any dimension.
fn compatible(one: &[i64], other: &[i64]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a == b || *a < 0 || *b < 0)
}

fn describe(inputs: &[(&str, &[i64])]) -> String {
    let each: Vec<String> = inputs.iter().map(|(name, shape)| format!("{name} {shape:?}")).collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}

#[cfg(test)]
#[path = "onnx_tests.rs"]
mod tests;
