//! SCRFD's outputs, as InsightFace reads them (python-package/insightface/model_zoo/scrfd.py): for two anchors in each
//! cell of the strides 8, 16 and 32 a score, the distances of the box's four sides from the cell's corner and five
//! landmarks from there, in strides. The tensors are told apart by their shapes: their names are numbers that differ.

use super::super::{
    Bounds, Face, VisionError,
    network::{Outputs, wrong},
};

/// Boxes of one face overlap by more (InsightFace's default).
pub(super) const MOST_OVERLAP: f32 = 0.4;

const ANCHORS: usize = 2;

/// The faces with a score of at least `min_score`, in pixels of the padded picture.
pub(super) fn decode(outputs: &Outputs<'_>, width: u32, height: u32, min_score: f32) -> Result<Vec<Face>, VisionError> {
    decode_tensors(&outputs.all(), width, height, min_score).map_err(|found| {
        let allowed = "SCRFD with landmarks gives scores, boxes and points for strides 8, 16 and 32".to_owned();
        wrong(outputs.model(), found, allowed)
    })
}

fn decode_tensors(tensors: &[(&[i64], &[f32])], width: u32, height: u32, min_score: f32) -> Result<Vec<Face>, String> {
    let mut faces = Vec::new();
    for stride in [8_u32, 16, 32] {
        let columns = (width / stride) as usize;
        let count = columns * (height / stride) as usize * ANCHORS;
        let tensor = |numbers: usize| {
            let fits = |shape: &[i64], values: &[f32]| {
                shape.last().is_some_and(|last| usize::try_from(*last) == Ok(numbers))
                    && values.len() == count * numbers
            };
            let fitting = tensors.iter().find(|(shape, values)| fits(shape, values));
            fitting.map(|(_, values)| *values).ok_or_else(|| {
                let shapes: Vec<String> = tensors.iter().map(|(shape, _)| format!("{shape:?}")).collect();
                format!("found outputs of {}, none of [{count}, {numbers}]", shapes.join(", "))
            })
        };
        let (scores, boxes, landmarks) = (tensor(1)?, tensor(4)?, tensor(10)?);
        let (boxes, _) = boxes.as_chunks::<4>();
        let (landmarks, _) = landmarks.as_chunks::<10>();
        for (index, ((&score, sides), points)) in scores.iter().zip(boxes).zip(landmarks).enumerate() {
            if score < min_score || columns == 0 {
                continue;
            }
            let cell = index / ANCHORS;
            let corner = [(cell % columns) as f32, (cell / columns) as f32];
            faces.push(face(corner, stride as f32, score, sides, points));
        }
    }
    Ok(faces)
}

fn face(
    [column, row]: [f32; 2],
    stride: f32,
    score: f32,
    &[left, up, right, down]: &[f32; 4],
    points: &[f32; 10],
) -> Face {
    let (points, _) = points.as_chunks::<2>();
    let mut landmarks = [[0.0; 2]; 5];
    for (landmark, [x, y]) in landmarks.iter_mut().zip(points) {
        *landmark = [(column + x) * stride, (row + y) * stride];
    }
    Face {
        bounds: Bounds {
            x: (column - left) * stride,
            y: (row - up) * stride,
            width: (left + right) * stride,
            height: (up + down) * stride,
        },
        score,
        landmarks,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_tensors_are_found_by_shape_in_any_order() {
        // 64 × 32 pixels: 32, 8 and 2 cells with two anchors each.
        let numbers = |count: usize, each: usize| vec![0.0_f32; count * each];
        let (mut scores, mut boxes, mut points) = (numbers(16, 1), numbers(16, 4), numbers(16, 10));
        // The second anchor of the cell in column 1, row 1 of stride 16.
        let anchor = 2 * (4 + 1) + 1;
        scores[anchor] = 0.7;
        boxes[4 * anchor..4 * anchor + 4].copy_from_slice(&[0.5, 1.0, 1.5, 0.25]);
        points[10 * anchor..10 * anchor + 2].copy_from_slice(&[0.5, -0.5]);
        let others: Vec<(usize, usize, Vec<f32>)> =
            [64, 4].into_iter().flat_map(|count| [1, 4, 10].map(|each| (count, each, numbers(count, each)))).collect();
        let mut tensors: Vec<(Vec<i64>, &[f32])> =
            vec![(vec![16, 10], &points), (vec![1, 16, 1], &scores), (vec![16, 4], &boxes)];
        tensors.extend(others.iter().map(|(count, each, values)| (vec![*count as i64, *each as i64], &values[..])));
        let tensors: Vec<(&[i64], &[f32])> = tensors.iter().map(|(shape, values)| (&shape[..], *values)).collect();
        let faces = decode_tensors(&tensors, 64, 32, 0.5).unwrap();
        assert_eq!(faces.len(), 1);
        assert_eq!(faces[0].bounds, Bounds { x: 8.0, y: 0.0, width: 32.0, height: 20.0 });
        assert_eq!(faces[0].landmarks[0], [24.0, 8.0]);
    }

    #[test]
    fn outputs_of_another_network_are_told_with_their_shapes() {
        let error = decode_tensors(&[(&[1, 128], &[0.0; 128])], 64, 32, 0.5).unwrap_err();
        assert!(error.contains("[1, 128]") && error.contains("[64, 1]"), "{error}");
    }
}
