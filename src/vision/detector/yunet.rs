//! YuNet's outputs, as OpenCV's `FaceDetectorYN` reads them (modules/objdetect/src/face_detect.cpp): for each cell of
//! the strides 8, 16 and 32 class and objectness probability, box (centre offset and logarithm of the size, in
//! strides) and five landmarks (offsets in strides).

use super::super::{
    Bounds, Face, VisionError,
    network::{Outputs, wrong},
};

/// Boxes of one face overlap by more (OpenCV's default).
pub(super) const MOST_OVERLAP: f32 = 0.3;

/// The faces with a score of at least `min_score`, in pixels of the padded picture.
pub(super) fn decode(outputs: &Outputs<'_>, width: u32, height: u32, min_score: f32) -> Result<Vec<Face>, VisionError> {
    let mut faces = Vec::new();
    for stride in [8_u32, 16, 32] {
        let cells = Cells {
            stride,
            columns: (width / stride) as usize,
            rows: (height / stride) as usize,
            class: outputs.get(&format!("cls_{stride}"))?,
            objectness: outputs.get(&format!("obj_{stride}"))?,
            boxes: outputs.get(&format!("bbox_{stride}"))?,
            landmarks: outputs.get(&format!("kps_{stride}"))?,
        };
        let count = cells.columns * cells.rows;
        let lengths = [cells.class.len(), cells.objectness.len(), cells.boxes.len() / 4, cells.landmarks.len() / 10];
        if lengths.iter().any(|length| *length != count) {
            let found = format!("found outputs for {lengths:?} cells at stride {stride}");
            return Err(wrong(outputs.model(), found, format!("YuNet gives {count} for {width} x {height} pixels")));
        }
        cells.decode(min_score, &mut faces);
    }
    Ok(faces)
}

/// The outputs of one stride.
struct Cells<'a> {
    stride: u32,
    columns: usize,
    rows: usize,
    class: &'a [f32],
    objectness: &'a [f32],
    boxes: &'a [f32],
    landmarks: &'a [f32],
}

impl Cells<'_> {
    fn decode(&self, min_score: f32, faces: &mut Vec<Face>) {
        let stride = self.stride as f32;
        let (boxes, _) = self.boxes.as_chunks::<4>();
        let (landmarks, _) = self.landmarks.as_chunks::<10>();
        let scores = self.class.iter().zip(self.objectness);
        for (index, (((class, objectness), &[x, y, width, height]), points)) in
            scores.zip(boxes).zip(landmarks).enumerate()
        {
            let score = (class.clamp(0.0, 1.0) * objectness.clamp(0.0, 1.0)).sqrt();
            if score < min_score || self.columns == 0 {
                continue;
            }
            let (column, row) = ((index % self.columns) as f32, (index / self.columns) as f32);
            let (width, height) = (width.exp() * stride, height.exp() * stride);
            let (centre_x, centre_y) = ((column + x) * stride, (row + y) * stride);
            let (points, _) = points.as_chunks::<2>();
            let mut found = [[0.0; 2]; 5];
            for (point, [x, y]) in found.iter_mut().zip(points) {
                *point = [(x + column) * stride, (y + row) * stride];
            }
            faces.push(Face {
                bounds: Bounds { x: centre_x - width / 2.0, y: centre_y - height / 2.0, width, height },
                score,
                landmarks: found,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_becomes_a_box_around_its_centre_and_five_points() {
        let (mut class, mut objectness) = ([0.0; 4], [1.0; 4]);
        let (mut boxes, mut landmarks) = ([0.0; 16], [0.0; 40]);
        // The second cell of the second row, 32 pixels wide and 16 high, half a stride to the right of its corner.
        class[3] = 0.64;
        objectness[3] = 4.0;
        boxes[12..].copy_from_slice(&[0.5, 0.0, 4.0_f32.ln(), 2.0_f32.ln()]);
        landmarks[30..32].copy_from_slice(&[0.25, -1.0]);
        let cells = Cells {
            stride: 8,
            columns: 2,
            rows: 2,
            class: &class,
            objectness: &objectness,
            boxes: &boxes,
            landmarks: &landmarks,
        };
        let mut faces = Vec::new();
        cells.decode(0.6, &mut faces);
        assert_eq!(faces.len(), 1);
        let face = faces[0];
        assert!((face.score - 0.8).abs() < 1e-6, "probabilities are cut off at 1: {}", face.score);
        let Bounds { x, y, width, height } = face.bounds;
        for (found, wanted) in [(x, -4.0), (y, 0.0), (width, 32.0), (height, 16.0)] {
            assert!((found - wanted).abs() < 1e-4, "{:?}", face.bounds);
        }
        assert_eq!(face.landmarks[0], [10.0, 0.0]);
        assert_eq!(face.landmarks[1], [8.0, 8.0]);
    }
}
