//! Curves of time, 0..1 to 0..1 unless said otherwise.

/// A blink: 90 ms down, 40 ms shut, 150 ms up.
const BLINK_DOWN_SECS: f32 = 0.090;
const BLINK_SHUT_SECS: f32 = 0.040;
const BLINK_UP_SECS: f32 = 0.150;
/// How long a blink lasts, seconds.
pub(super) const BLINK_SECS: f32 = BLINK_DOWN_SECS + BLINK_SHUT_SECS + BLINK_UP_SECS;

/// Fast, then slow.
pub(super) fn out(k: f32) -> f32 {
    1.0 - (1.0 - k.clamp(0.0, 1.0)).powi(3)
}

/// Slow, fast, slow.
pub(super) fn in_out(k: f32) -> f32 {
    let k = k.clamp(0.0, 1.0);
    if k < 0.5 { 4.0 * k.powi(3) } else { 1.0 - (2.0 - 2.0 * k).powi(3) / 2.0 }
}

/// Past the end and back, by an overshoot of 1.35.
pub(super) fn out_back(k: f32) -> f32 {
    const OVERSHOOT: f32 = 1.35;
    let k = k.clamp(0.0, 1.0) - 1.0;
    1.0 + (OVERSHOOT + 1.0) * k.powi(3) + OVERSHOOT * k.powi(2)
}

/// The part of the way gone in `dt` by what follows with the time constant `tau` (both in seconds).
pub(super) fn approach(dt: f32, tau: f32) -> f32 {
    1.0 - (-dt / tau).exp()
}

/// How far the lids are open, `secs` after the beginning of a blink.
#[must_use]
pub fn blink_opening(secs: f32) -> f32 {
    if secs < BLINK_DOWN_SECS {
        1.0 - in_out(secs / BLINK_DOWN_SECS)
    } else {
        out((secs - BLINK_DOWN_SECS - BLINK_SHUT_SECS) / BLINK_UP_SECS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blink_shuts_the_eyes_and_is_over_after_280_ms() {
        assert_eq!(blink_opening(0.0), 1.0);
        assert_eq!(blink_opening(0.110), 0.0);
        assert_eq!(blink_opening(0.280), 1.0);
        const { assert!(BLINK_SECS <= 0.2801) };
    }

    #[test]
    fn curves_begin_at_nothing_and_arrive() {
        for curve in [out, in_out, out_back] {
            assert!(curve(-1.0).abs() < 1e-6 && (curve(1.0) - 1.0).abs() < 1e-6 && (curve(7.0) - 1.0).abs() < 1e-6);
        }
        assert!((1..100).map(|i| out_back(i as f32 / 100.0)).fold(0.0, f32::max) > 1.05);
    }
}
