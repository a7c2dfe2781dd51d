//! From what cameras send to RGB.

use std::{borrow::Cow, io::Cursor};

use image::{DynamicImage, RgbImage, codecs::jpeg::JpegDecoder};

/// Start of a JPEG, its end, and the segments that matter here (ITU-T T.81, table B.1).
const START: [u8; 2] = [0xff, 0xd8];
const END: [u8; 2] = [0xff, 0xd9];
const HUFFMAN_TABLES: u8 = 0xc4;
const SCAN: u8 = 0xda;

/// How far from its end the end mark of a picture is looked for: drivers pad, but not by more.
const PADDING: usize = 64 * 1024;

/// A picture in YUYV (4:2:2, BT.601, limited range), `stride` bytes a line.
pub(super) fn from_yuyv(bytes: &[u8], width: u32, height: u32, stride: usize) -> Result<RgbImage, String> {
    let line_bytes = width as usize * 2;
    let stride = stride.max(line_bytes);
    let needed = stride * (height as usize).saturating_sub(1) + line_bytes;
    let Some(bytes) = bytes.get(..needed).filter(|_| width > 0 && width.is_multiple_of(2)) else {
        return Err(format!("{} bytes for {width}×{height} YUYV; needed: {needed}", bytes.len()));
    };
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for line in bytes.chunks(stride) {
        let (pairs, _) = line.get(..line_bytes).unwrap_or_default().as_chunks::<4>();
        for &[y0, u, y1, v] in pairs {
            pixels.extend_from_slice(&rgb(y0, u, v));
            pixels.extend_from_slice(&rgb(y1, u, v));
        }
    }
    RgbImage::from_raw(width, height, pixels).ok_or_else(|| "a picture of an impossible size".to_owned())
}

/// ITU-R BT.601, luminance 16..235 and colour 16..240, in 1/256.
fn rgb(y: u8, u: u8, v: u8) -> [u8; 3] {
    let (y, u, v) = (298 * (i32::from(y) - 16) + 128, i32::from(u) - 128, i32::from(v) - 128);
    [y + 409 * v, y - 100 * u - 208 * v, y + 516 * u].map(|value| (value >> 8).clamp(0, 255) as u8)
}

/// A picture in motion JPEG. Most cameras leave out the Huffman tables: they are always the same.
pub(super) fn from_mjpeg(bytes: &[u8]) -> Result<RgbImage, String> {
    let tail = bytes.len().saturating_sub(PADDING);
    let is_whole = bytes.get(tail..).unwrap_or_default().windows(2).any(|pair| pair == END);
    // The decoder would fill up with grey what is missing.
    if !bytes.starts_with(&START) || !is_whole {
        return Err(format!("{} bytes that are no whole JPEG", bytes.len()));
    }
    let whole = with_huffman_tables(bytes);
    let picture = JpegDecoder::new(Cursor::new(&*whole)).and_then(DynamicImage::from_decoder);
    picture.map(DynamicImage::into_rgb8).map_err(|error| error.to_string())
}

/// The JPEG with the standard Huffman tables before its scan, if it has none.
fn with_huffman_tables(jpeg: &[u8]) -> Cow<'_, [u8]> {
    match scan_without_tables(jpeg) {
        Some(at) => {
            let (head, rest) = jpeg.split_at(at);
            Cow::Owned([head, &STANDARD_HUFFMAN_TABLES, rest].concat())
        }
        None => Cow::Borrowed(jpeg),
    }
}

/// Where the scan begins, if no Huffman tables come before it.
fn scan_without_tables(jpeg: &[u8]) -> Option<usize> {
    let mut at = START.len();
    loop {
        match jpeg.get(at..)? {
            [0xff, SCAN, ..] => return Some(at),
            [0xff, HUFFMAN_TABLES, ..] => return None,
            // Any number of 0xff may come before a marker.
            [0xff, 0xff, ..] => at += 1,
            [0xff, _, high, low, ..] => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return None,
        }
    }
}

/// The four tables of ITU-T T.81, K.3 to K.6, as one segment.
#[rustfmt::skip]
const STANDARD_HUFFMAN_TABLES: [u8; 420] = [
    0xff, 0xc4, 0x01, 0xa2, 0x00, 0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x10, 0x00, 0x02, 0x01, 0x03, 0x03, 0x02,
    0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00, 0x00, 0x01, 0x7d, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31,
    0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52,
    0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a,
    0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57,
    0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5,
    0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
    0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8,
    0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0x01, 0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b, 0x11, 0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04, 0x04, 0x00, 0x01, 0x02, 0x77, 0x00, 0x01,
    0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14,
    0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25,
    0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46,
    0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a,
    0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
    0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
    0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use image::{Rgb, codecs::jpeg::JpegEncoder};

    use super::*;

    fn jpeg() -> (RgbImage, Vec<u8>) {
        let picture = RgbImage::from_fn(64, 48, |x, y| Rgb([x as u8 * 4, y as u8 * 5, 120]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&picture).unwrap();
        (picture, bytes)
    }

    /// The JPEG without its segments of Huffman tables, as cameras send it.
    fn without_tables(jpeg: &[u8]) -> Vec<u8> {
        let (mut kept, mut rest) = (jpeg[..2].to_vec(), &jpeg[2..]);
        while rest[1] != SCAN {
            let (segment, after) = rest.split_at(2 + usize::from(u16::from_be_bytes([rest[2], rest[3]])));
            if segment[1] != HUFFMAN_TABLES {
                kept.extend_from_slice(segment);
            }
            rest = after;
        }
        kept.extend_from_slice(rest);
        kept
    }

    #[test]
    fn yuyv_becomes_the_colours_that_the_standard_says() {
        // Black, white; then pure red, green and blue of BT.601.
        let cases = [
            ([16, 128, 16, 128], [0, 0, 0]),
            ([235, 128, 235, 128], [255, 255, 255]),
            ([81, 90, 81, 240], [255, 0, 0]),
            ([145, 54, 145, 34], [0, 255, 0]),
            ([41, 240, 41, 110], [0, 0, 255]),
            ([126, 128, 126, 128], [128, 128, 128]),
        ];
        for (bytes, expected) in cases {
            let picture = from_yuyv(&bytes, 2, 1, 4).unwrap();
            for pixel in picture.pixels() {
                let off = pixel.0.iter().zip(expected).map(|(found, wanted)| found.abs_diff(wanted)).max().unwrap();
                assert!(off <= 1, "{bytes:?}: {:?} instead of {expected:?}", pixel.0);
            }
        }
    }

    #[test]
    fn padding_at_the_end_of_a_line_is_no_part_of_the_picture() {
        let lines = [[235, 128, 16, 128, 9, 9, 9, 9], [16, 128, 235, 128, 9, 9, 9, 9]].concat();
        let picture = from_yuyv(&lines, 2, 2, 8).unwrap();
        let red: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(red, [255, 0, 0, 255]);
        assert!(from_yuyv(&lines[..9], 2, 2, 8).is_err(), "a short picture is a bad one");
    }

    #[test]
    fn a_jpeg_without_huffman_tables_is_the_same_picture() {
        let (original, whole) = jpeg();
        let bare = without_tables(&whole);
        assert!(bare.len() + 400 < whole.len(), "the tables are gone");
        let decoded = from_mjpeg(&bare).unwrap();
        assert_eq!(decoded, from_mjpeg(&whole).unwrap());
        let off: u64 = decoded.iter().zip(original.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(off / decoded.len() as u64 <= 3, "and it is the original");
    }

    #[test]
    fn a_driver_may_pad_but_a_cut_jpeg_is_a_bad_one() {
        let (_, whole) = jpeg();
        assert!(from_mjpeg(&[whole.as_slice(), &[0; 500]].concat()).is_ok());
        for length in [0, 1, 2, 100, whole.len() / 2, whole.len() - 2] {
            assert!(from_mjpeg(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(from_mjpeg(&[0; 4096]).is_err());
    }

    #[test]
    fn no_bytes_at_all_make_the_decoder_panic() {
        let (_, whole) = jpeg();
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..500 {
            let mut broken = whole.clone();
            for _ in 0..random.usize(1..20) {
                let at = random.usize(2..broken.len() - 2);
                broken[at] = random.u8(..);
            }
            let _ = from_mjpeg(&broken);
        }
    }
}
