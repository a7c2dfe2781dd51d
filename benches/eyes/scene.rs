//! Pictures of a hall in which photographs of faces come, go and pass by.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use image::{Rgb, RgbImage, imageops};
use majlis::vision::{Bounds, FaceReader, Faces as _, picture};

/// The picture's size, pixels.
pub(crate) const SIZE: [u32; 2] = [1_280, 720];

/// The folder with the photographs (never part of the repository).
pub(crate) fn photographs() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/faces/images");
    folder.canonicalize().ok().filter(|folder| folder.is_dir())
}

/// The photographs of everybody who has at least `count`, by name.
pub(crate) fn people(folder: &Path, count: usize) -> anyhow::Result<Vec<Vec<PathBuf>>> {
    let mut by_name = std::collections::BTreeMap::<String, Vec<PathBuf>>::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = stem.rsplit_once('_').map_or(stem.clone(), |(name, _)| name.to_owned());
        by_name.entry(name).or_default().push(path);
    }
    let mut people: Vec<Vec<PathBuf>> = by_name.into_values().filter(|paths| paths.len() >= count).collect();
    people.iter_mut().for_each(|paths| paths.sort());
    Ok(people)
}

pub(crate) fn open(path: &Path) -> anyhow::Result<RgbImage> {
    picture::open(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The hall without anybody: a wall with some shade, signs and grain.
pub(crate) fn hall() -> RgbImage {
    let mut chance = fastrand::Rng::with_seed(1);
    let mut hall = RgbImage::from_fn(SIZE[0], SIZE[1], |x, y| {
        let shade = 150.0 - 60.0 * y as f32 / SIZE[1] as f32 + 20.0 * (x as f32 / 90.0).sin();
        let grain = chance.f32() * 12.0;
        Rgb([(shade + grain) as u8, (shade * 0.97 + grain) as u8, (shade * 0.9 + grain) as u8])
    });
    for _ in 0..14 {
        let (x, y) = (chance.u32(0..1_150), chance.u32(0..620));
        let (width, height) = (chance.u32(20..130), chance.u32(20..100));
        let colour = Rgb([chance.u8(40..220), chance.u8(40..220), chance.u8(40..220)]);
        for (x, y) in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
            hall.put_pixel(x, y, colour);
        }
    }
    hall
}

/// A photograph with its face, cut out softly.
#[derive(Clone)]
pub(crate) struct Person {
    photograph: RgbImage,
    face: Bounds,
}

impl Person {
    /// The largest face of a photograph.
    pub(crate) fn of(path: &Path, reader: &mut FaceReader) -> anyhow::Result<Self> {
        let photograph = open(path)?;
        let faces = reader.detect(&photograph)?;
        ensure!(!faces.is_empty(), "no face in {}", path.display());
        let face = faces.first().map(|face| face.bounds).unwrap_or_default();
        Ok(Self { photograph, face })
    }

    /// The photograph so large that the face has this part of the picture's height; `squeeze`: narrower by this factor,
    /// as a head that is turned.
    pub(crate) fn sprite(&self, height: f32, squeeze: f32) -> Sprite {
        let scale = height * SIZE[1] as f32 / self.face.height;
        let (width, height) =
            (self.photograph.width() as f32 * scale * squeeze, self.photograph.height() as f32 * scale);
        let picture = imageops::resize(
            &self.photograph,
            (width as u32).max(1),
            (height as u32).max(1),
            imageops::FilterType::Triangle,
        );
        let [x, y] = self.face.centre();
        Sprite {
            picture,
            centre: [x * scale * squeeze, y * scale],
            radii: [self.face.width * scale * squeeze * 0.95, self.face.height * scale * 0.85],
        }
    }
}

/// Somebody at a size.
pub(crate) struct Sprite {
    picture: RgbImage,
    centre: [f32; 2],
    radii: [f32; 2],
}

impl Sprite {
    /// Puts the face's middle at `x`, `y`.
    pub(crate) fn paint(&self, onto: &mut RgbImage, x: f32, y: f32) {
        let (left, top) = ((x - self.centre[0]).round(), (y - self.centre[1]).round());
        for (u, v, pixel) in self.picture.enumerate_pixels() {
            let (px, py) = (u as f32 + left, v as f32 + top);
            let away = ((u as f32 - self.centre[0]) / self.radii[0]).hypot((v as f32 - self.centre[1]) / self.radii[1]);
            let opacity = ((1.15 - away) / 0.15).clamp(0.0, 1.0);
            if opacity <= 0.0 || px < 0.0 || py < 0.0 || px >= SIZE[0] as f32 || py >= SIZE[1] as f32 {
                continue;
            }
            let below = onto.get_pixel_mut(px as u32, py as u32);
            for (below, above) in below.0.iter_mut().zip(pixel.0) {
                *below = (f32::from(*below) * (1.0 - opacity) + f32::from(above) * opacity) as u8;
            }
        }
    }
}
