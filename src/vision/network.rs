//! A network that takes a picture: its session, and the pixels as it wants them.

use image::RgbImage;
use ort::{
    session::{Session, SessionOutputs},
    value::TensorRef,
};

use super::VisionError;
use crate::runtime::{ChannelOrder, Model, ModelStore, Onnx, Pixels, Task};

/// One session and its input buffer.
pub(super) struct Network {
    name: String,
    input: String,
    session: Session,
    pixels: Pixels,
    buffer: Vec<f32>,
}

impl Network {
    /// Loads the model `name`, which must be for `task` and take pictures.
    pub(super) fn load<'models>(
        models: &'models ModelStore,
        onnx: &Onnx,
        name: &str,
        task: Task,
        threads: usize,
    ) -> Result<(Self, &'models Model), VisionError> {
        let model = models.model(name).map_err(crate::runtime::OnnxError::from)?;
        if model.task != task {
            let found = format!("found a model for {}", words(model.task));
            return Err(wrong(name, found, format!("a model for {} is needed", words(task))));
        }
        let (Some(pixels), [input]) = (model.pixels, model.inputs.as_slice()) else {
            let found = "found no `pixels`, or not exactly one input, in the manifest".to_owned();
            return Err(wrong(name, found, "how pictures go in must stand there".to_owned()));
        };
        let session = onnx.busy_session(models, name, threads)?;
        let network = Self { name: name.to_owned(), input: input.name.clone(), session, pixels, buffer: Vec::new() };
        Ok((network, model))
    }

    /// Its name in the manifest.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs it on `picture`, with zeros to the right and below up to `width` × `height`, which must not be smaller.
    pub(super) fn run(&mut self, picture: &RgbImage, width: u32, height: u32) -> Result<Outputs<'_>, VisionError> {
        fill(&mut self.buffer, picture, [width, height], &self.pixels);
        let failed = |error: ort::Error| failed(&self.name, &error);
        let shape = [1_i64, 3, i64::from(height), i64::from(width)];
        let tensor = TensorRef::from_array_view((shape, self.buffer.as_slice())).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![self.input.as_str() => tensor]).map_err(failed)?;
        Ok(Outputs { model: &self.name, outputs })
    }
}

/// What a network made of a picture.
pub(super) struct Outputs<'network> {
    model: &'network str,
    outputs: SessionOutputs<'network>,
}

impl Outputs<'_> {
    /// The network's name in the manifest.
    pub(super) fn model(&self) -> &str {
        self.model
    }

    /// The tensor `name`.
    pub(super) fn get(&self, name: &str) -> Result<&[f32], VisionError> {
        let value = self.outputs.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.outputs.keys().collect();
            wrong(self.model, format!("found the outputs {}", names.join(", ")), format!("{name} is needed"))
        })?;
        let (_, values) = value.try_extract_tensor::<f32>().map_err(|error| failed(self.model, &error))?;
        Ok(values)
    }

    /// All tensors of numbers, with their shapes.
    pub(super) fn all(&self) -> Vec<(&[i64], &[f32])> {
        let values = self.outputs.keys().filter_map(|name| self.outputs.get(name));
        let tensors = values.filter_map(|value| value.try_extract_tensor::<f32>().ok());
        tensors.map(|(shape, values)| (&shape[..], values)).collect()
    }
}

/// The pixels as planes, one channel after the other, in the network's order and scale.
fn fill(buffer: &mut Vec<f32>, picture: &RgbImage, [width, height]: [u32; 2], pixels: &Pixels) {
    let (width, height) = (width as usize, height as usize);
    let plane = width * height;
    buffer.clear();
    buffer.resize(3 * plane, 0.0);
    let row_bytes = 3 * picture.width() as usize;
    if plane == 0 || row_bytes == 0 {
        return;
    }
    let (first, rest) = buffer.split_at_mut(plane);
    let (second, third) = rest.split_at_mut(plane);
    // Red, green and blue go here.
    let planes = match pixels.order {
        ChannelOrder::Rgb => [first, second, third],
        ChannelOrder::Bgr => [third, second, first],
    };
    let factors = pixels.scale.map(|scale| 1.0 / scale);
    let [red, green, blue] = match pixels.order {
        ChannelOrder::Rgb => [0, 1, 2],
        ChannelOrder::Bgr => [2, 1, 0],
    }
    .map(|channel: usize| {
        let factor = factors.get(channel).copied().unwrap_or(1.0);
        (factor, -pixels.mean.get(channel).copied().unwrap_or(0.0) * factor)
    });
    let [reds, greens, blues] = planes.map(|plane| plane.chunks_exact_mut(width));
    let rows = picture.as_raw().chunks_exact(row_bytes);
    for (((source, to_red), to_green), to_blue) in rows.zip(reds).zip(greens).zip(blues) {
        let (pixels, _) = source.as_chunks::<3>();
        for (((&[r, g, b], to_red), to_green), to_blue) in pixels.iter().zip(to_red).zip(to_green).zip(to_blue) {
            *to_red = f32::from(r) * red.0 + red.1;
            *to_green = f32::from(g) * green.0 + green.1;
            *to_blue = f32::from(b) * blue.0 + blue.1;
        }
    }
}

/// A model of another kind than its task needs.
pub(super) fn wrong(model: &str, found: String, allowed: String) -> VisionError {
    VisionError::WrongModel { model: model.to_owned(), found, allowed }
}

fn failed(model: &str, error: &ort::Error) -> VisionError {
    VisionError::Inference { model: model.to_owned(), reason: error.to_string() }
}

fn words(task: Task) -> &'static str {
    match task {
        Task::VoiceActivity => "voice activity",
        Task::EndOfTurn => "the end of a turn",
        Task::ArabicVowels => "Arabic vowels",
        Task::FaceDetection => "finding faces",
        Task::FaceRecognition => "recognising faces",
        Task::FaceLiveness => "telling a person from a picture",
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn pixels_go_in_as_planes_in_the_networks_order_padded_with_zeros() {
        let picture = RgbImage::from_raw(2, 1, vec![10, 20, 30, 40, 50, 60]).unwrap_or_default();
        let mut buffer = Vec::new();
        let pixels = Pixels { order: ChannelOrder::Bgr, mean: [0.0; 3], scale: [1.0; 3] };
        fill(&mut buffer, &picture, [3, 2], &pixels);
        assert_eq!(buffer[..6], [30.0, 60.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(buffer[6..12], [20.0, 50.0, 0.0, 0.0, 0.0, 0.0]);
        let pixels = Pixels { order: ChannelOrder::Rgb, mean: [10.0, 0.0, 20.0], scale: [2.0, 1.0, 10.0] };
        fill(&mut buffer, &picture, [2, 1], &pixels);
        assert_eq!(buffer, [0.0, 15.0, 20.0, 50.0, 1.0, 4.0]);
    }
}
