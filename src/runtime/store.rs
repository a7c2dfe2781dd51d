//! Finds models, checks them, and unpacks or downloads those that are not there.

use std::{
    ffi::OsStr,
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    Manifest, ManifestError, Model,
    download::download,
    wheel::{find, read_member},
};

/// Why a model cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The manifest does not name it.
    #[error("found no model \"{name}\" in the manifest; allowed {allowed}")]
    Unknown {
        /// The name.
        name: String,
        /// The names in the manifest.
        allowed: String,
    },
    /// It is nowhere on this machine.
    #[error(
        "model \"{model}\": found no {file} in {places}; run scripts/setup.sh, `majlis models fetch {model}`, or put the file there"
    )]
    Missing {
        /// The model.
        model: String,
        /// Its file.
        file: String,
        /// Where it was looked for.
        places: String,
    },
    /// The file is there, but it is another one.
    #[error(
        "{}: the file of model \"{model}\" has the wrong sum: found {found}, expected {expected}; delete it and run `majlis models fetch {model}`",
        file.display()
    )]
    WrongSum {
        /// The model.
        model: String,
        /// The file.
        file: PathBuf,
        /// The sum found.
        found: String,
        /// The sum in the manifest.
        expected: String,
    },
    /// A file cannot be read or written.
    #[error("{}: cannot be {attempted}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        attempted: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A wheel or archive is broken or lacks the file.
    #[error("{}: cannot unpack {member}: {detail}; delete the archive and run scripts/setup.sh", archive.display())]
    Archive {
        /// The archive.
        archive: PathBuf,
        /// The file inside.
        member: String,
        /// Why.
        detail: String,
    },
    /// The download failed.
    #[error("model \"{model}\": cannot download {url}: {detail}; try again, or put {file} into the folder of models")]
    Download {
        /// The model.
        model: String,
        /// Its address.
        url: String,
        /// Its file.
        file: String,
        /// Why.
        detail: String,
    },
}

/// Where models are looked for, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The folder of models; what is unpacked or downloaded goes here.
    pub models: PathBuf,
    /// `$MAJLIS_MODELS`.
    pub extra: Option<PathBuf>,
    /// `../shared/models` beside the checkout.
    pub shared: PathBuf,
    /// Folders with Python wheels.
    pub wheels: Vec<PathBuf>,
}

impl Places {
    /// The places that the environment names: `$MAJLIS_MODELS`, `$MAJLIS_CACHE` (else `~/.cache/majlis`).
    #[must_use]
    pub fn from_environment(models: &Path) -> Self {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = parent(models);
        let cache = folder("MAJLIS_CACHE").or_else(|| Some(folder("HOME")?.join(".cache").join("majlis")));
        let mut wheels = vec![root.join("vendor").join("wheels")];
        wheels.extend(cache.map(|cache| cache.join("wheels")));
        Self {
            models: models.to_owned(),
            extra: folder("MAJLIS_MODELS"),
            shared: root.join("..").join("shared").join("models"),
            wheels,
        }
    }

    fn candidates(&self, model: &Model) -> Vec<PathBuf> {
        let shared = model.source.shared.as_deref().unwrap_or(Path::new(&model.file));
        let mut candidates = vec![self.models.join(&model.file)];
        candidates.extend(self.extra.iter().map(|extra| extra.join(&model.file)));
        candidates.push(self.shared.join(shared));
        candidates
    }

    fn describe(&self, model: &Model) -> String {
        let mut places: Vec<String> = vec![self.models.display().to_string()];
        places.extend(self.extra.iter().map(|extra| extra.display().to_string()));
        places.push(self.shared.display().to_string());
        if let Some(wheel) = &model.source.wheel {
            places.extend(
                self.wheels.iter().map(|w| format!("the wheel {} {} in {}", wheel.package, wheel.version, w.display())),
            );
        }
        places.join(", ")
    }
}

/// The folder that holds `folder`; `models` alone is in the current one.
fn parent(folder: &Path) -> &Path {
    match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// How a model stands.
#[derive(Debug)]
pub enum Status {
    /// It is there, as this file or in this wheel, and its sum is right.
    Ready(PathBuf),
    /// It is nowhere on this machine.
    Missing,
    /// It is there but cannot be used.
    Unusable(ModelError),
}

/// A model whose sum is right.
enum Found {
    /// A file.
    File(PathBuf),
    /// The bytes of a file in this wheel.
    InWheel(PathBuf, Vec<u8>),
}

/// Finds models, checks them, fetches them.
#[derive(Debug, Clone)]
pub struct ModelStore {
    places: Places,
    manifest: Manifest,
}

impl ModelStore {
    /// A store on the folder `models`; the other places are those of the environment.
    #[must_use]
    pub fn new(models: &Path, manifest: Manifest) -> Self {
        Self::with_places(Places::from_environment(models), manifest)
    }

    /// A store that looks in `places`.
    #[must_use]
    pub fn with_places(places: Places, manifest: Manifest) -> Self {
        Self { places, manifest }
    }

    /// A store on the folder `models` with the `manifest.toml` in it.
    ///
    /// # Errors
    /// When the manifest cannot be used.
    pub fn open(models: &Path) -> Result<Self, ManifestError> {
        Ok(Self::new(models, Manifest::read(&models.join("manifest.toml"))?))
    }

    /// The models that may be loaded.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder that holds the folder of models: the checkout, or where the program is installed.
    pub(super) fn root(&self) -> &Path {
        parent(&self.places.models)
    }

    /// The model of that name.
    ///
    /// # Errors
    /// When the manifest does not name it.
    pub fn model(&self, name: &str) -> Result<&Model, ModelError> {
        self.manifest.get(name).ok_or_else(|| ModelError::Unknown {
            name: name.to_owned(),
            allowed: self.manifest.models().map(|model| model.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The checked file of a model; without network. Out of a wheel it is unpacked into the folder of models.
    ///
    /// # Errors
    /// When it is unknown, missing, or its sum is wrong.
    pub fn locate(&self, name: &str) -> Result<PathBuf, ModelError> {
        let model = self.model(name)?;
        match self.look_for(model)? {
            Found::File(path) => Ok(path),
            Found::InWheel(_, bytes) => self.keep(model, &bytes),
        }
    }

    /// Where a model is; changes nothing.
    fn look_for(&self, model: &Model) -> Result<Found, ModelError> {
        for candidate in self.places.candidates(model) {
            if candidate.is_file() {
                check_file(model, &candidate)?;
                return Ok(Found::File(candidate));
            }
        }
        let wheels = &self.places.wheels;
        if let Some(wheel) = &model.source.wheel
            && let Some(archive) = wheels.iter().find_map(|folder| find(folder, wheel))
        {
            let file = File::open(&archive).map_err(io(&archive, "read"))?;
            let bytes = read_member(&archive, file, &wheel.path, model.bytes)?;
            check_sum(model, &archive, &sum_of(&bytes))?;
            return Ok(Found::InWheel(archive, bytes));
        }
        Err(ModelError::Missing {
            model: model.name.clone(),
            file: model.file.clone(),
            places: self.places.describe(model),
        })
    }

    /// The checked file of a model, downloaded into the folder of models if it is nowhere on this machine.
    ///
    /// # Errors
    /// As [`Self::locate`], and when the download fails.
    pub async fn fetch(&self, name: &str) -> Result<PathBuf, ModelError> {
        let missing = match self.locate(name) {
            Err(missing @ ModelError::Missing { .. }) => missing,
            found_or_unusable => return found_or_unusable,
        };
        let model = self.model(name)?;
        let Some(source) = &model.source.url else { return Err(missing) };
        let bytes = download(model, source).await?;
        self.keep(model, &bytes)
    }

    /// How every model stands, in the manifest's order; without network, and without writing: what is in a wheel stays
    /// there.
    #[must_use]
    pub fn verify(&self) -> Vec<(String, Status)> {
        let status = |model: &Model| match self.look_for(model) {
            Ok(Found::File(path) | Found::InWheel(path, _)) => Status::Ready(path),
            Err(ModelError::Missing { .. }) => Status::Missing,
            Err(unusable) => Status::Unusable(unusable),
        };
        self.manifest.models().map(|model| (model.name.clone(), status(model))).collect()
    }

    /// Checks `bytes` and writes them to the folder of models, whole or not at all.
    fn keep(&self, model: &Model, bytes: &[u8]) -> Result<PathBuf, ModelError> {
        let path = self.places.models.join(&model.file);
        check_sum(model, &path, &sum_of(bytes))?;
        std::fs::create_dir_all(&self.places.models).map_err(io(&self.places.models, "written"))?;
        let mut part_name = OsStr::new(&model.file).to_owned();
        // Several processes and threads may unpack the same model at once.
        part_name.push(format!(".{}.part", uuid::Uuid::now_v7()));
        let part = self.places.models.join(part_name);
        let written = File::create(&part)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&part, &path));
        if let Err(source) = written {
            // Half a file must not stay; that it cannot be removed either adds nothing to the error.
            let _ = std::fs::remove_file(&part);
            return Err(ModelError::Io { path, attempted: "written", source });
        }
        Ok(path)
    }
}

fn io(path: &Path, attempted: &'static str) -> impl FnOnce(std::io::Error) -> ModelError {
    let path = path.to_owned();
    move |source| ModelError::Io { path, attempted, source }
}

fn check_file(model: &Model, path: &Path) -> Result<(), ModelError> {
    let mut file = File::open(path).map_err(io(path, "read"))?;
    let mut sum = Sha256::new();
    let mut block = vec![0_u8; 1 << 18];
    loop {
        let length = file.read(&mut block).map_err(io(path, "read"))?;
        if length == 0 {
            break;
        }
        sum.update(block.get(..length).unwrap_or_default());
    }
    check_sum(model, path, &hex(&sum.finalize()))
}

fn check_sum(model: &Model, file: &Path, found: &str) -> Result<(), ModelError> {
    if found == model.sha256 {
        return Ok(());
    }
    Err(ModelError::WrongSum {
        model: model.name.clone(),
        file: file.to_owned(),
        found: found.to_owned(),
        expected: model.sha256.clone(),
    })
}

fn sum_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(sum: &[u8]) -> String {
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
