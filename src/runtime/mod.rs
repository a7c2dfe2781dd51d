//! What the program runs on: the model manifest, the store that finds and checks models, ONNX Runtime,
//! the allocator's settings, and what the processor's vector instructions are used for.
//!
//! In: `models/manifest.toml`, folders, wheel files, URLs. Out: paths of checked models, ONNX sessions.
//! Never touches: any other room; what goes through a model.

mod command;
mod download;
mod lanes;
mod manifest;
mod memory;
mod onnx;
mod store;
mod wheel;

pub use command::{ModelsAction, models_command};
pub use lanes::row_products;
pub use manifest::{
    ChannelOrder, Decoder, Input, Manifest, ManifestError, Model, Pixels, RequiredFor, Source, Task, UrlSource,
    WheelSource,
};
pub use memory::{give_back_unchanged_pages, keep_memory_small};
pub use onnx::{Onnx, OnnxError};
pub use store::{ModelError, ModelStore, Places, Status};
