//! Accuracy on pairs, as Labeled Faces in the Wild measures it (View 2): the threshold that is best on nine tenths of
//! the pairs is tried on the last tenth, ten times.

use serde::Serialize;

/// How many parts the pairs are cut into.
const FOLDS: usize = 10;

/// How often it is right. `None`: there are too few pairs of one kind to tell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Accuracy {
    /// Share of the pairs judged rightly, mean over the folds.
    pub accuracy: Option<f64>,
    /// Its standard deviation over the folds.
    pub accuracy_sd: Option<f64>,
    /// The threshold, mean over the folds.
    pub threshold: Option<f64>,
    /// Share of the same pairs accepted where at most 1 % of the different ones are.
    pub tar_at_far_1pct: Option<f64>,
    /// The same at 0.1 %.
    pub tar_at_far_0p1pct: Option<f64>,
}

/// What a threshold does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// Pairs with at least this similarity are accepted.
    pub threshold: f64,
    /// Share of the different pairs that are accepted.
    pub far: f64,
    /// Share of the same pairs that are.
    pub tar: f64,
}

impl Accuracy {
    /// Of pairs with their similarity and whether they are of one person, in the order of the file.
    pub(super) fn of(pairs: &[(f32, bool)]) -> Self {
        let folds = folds(pairs);
        let results: Vec<(f64, f64)> = folds.map(|folds| cross_validate(pairs, &folds)).unwrap_or_default();
        let accuracies: Vec<f64> = results.iter().map(|(accuracy, _)| *accuracy).collect();
        let thresholds: Vec<f64> = results.iter().map(|(_, threshold)| *threshold).collect();
        Self {
            accuracy: mean(&accuracies),
            accuracy_sd: deviation(&accuracies),
            threshold: mean(&thresholds),
            tar_at_far_1pct: accepted_at(pairs, 0.01),
            tar_at_far_0p1pct: accepted_at(pairs, 0.001),
        }
    }
}

/// The fold of each pair: the same and the different ones are each cut into runs of equal length, so that the official
/// order of LFW gives the official folds, and a file sorted by kind still has both kinds in each.
fn folds(pairs: &[(f32, bool)]) -> Option<Vec<usize>> {
    let same = pairs.iter().filter(|(_, is_same)| *is_same).count();
    let different = pairs.len() - same;
    let count = FOLDS.min(same).min(different);
    if count < 2 {
        return None;
    }
    let (mut seen_same, mut seen_different) = (0, 0);
    let fold = |(_, is_same): &(f32, bool)| {
        let (seen, all) = if *is_same { (&mut seen_same, same) } else { (&mut seen_different, different) };
        *seen += 1;
        (*seen - 1) * count / all
    };
    Some(pairs.iter().map(fold).collect())
}

/// Accuracy and threshold of each fold.
fn cross_validate(pairs: &[(f32, bool)], folds: &[usize]) -> Vec<(f64, f64)> {
    let count = folds.iter().max().map_or(0, |last| last + 1);
    (0..count)
        .map(|fold| {
            let part = |is_tested: bool| {
                let chosen = pairs.iter().zip(folds).filter(move |(_, of)| (**of == fold) == is_tested);
                chosen.map(|(pair, _)| *pair).collect::<Vec<(f32, bool)>>()
            };
            let threshold = best_threshold(part(false));
            let tested = part(true);
            let right = tested.iter().filter(|(score, is_same)| (f64::from(*score) >= threshold) == *is_same).count();
            (right as f64 / tested.len().max(1) as f64, threshold)
        })
        .collect()
}

/// The threshold that judges most pairs rightly: halfway between two similarities; of several, the middle one.
fn best_threshold(mut pairs: Vec<(f32, bool)>) -> f64 {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Below all of them every pair is accepted.
    let mut right = pairs.iter().filter(|(_, is_same)| *is_same).count();
    let first = pairs.first().map_or(0.0, |(score, _)| f64::from(*score));
    let (mut most, mut best) = (right, vec![first]);
    for (index, (score, is_same)) in pairs.iter().enumerate() {
        right = if *is_same { right - 1 } else { right + 1 };
        let next = pairs.get(index + 1).map_or(*score + 1e-3, |(next, _)| *next);
        if next <= *score || right < most {
            continue;
        }
        if right > most {
            most = right;
            best.clear();
        }
        best.push((f64::from(*score) + f64::from(next)) / 2.0);
    }
    best.get(best.len() / 2).copied().unwrap_or(first)
}

/// Share of the same pairs that lie above all but `far` of the different ones.
fn accepted_at(pairs: &[(f32, bool)], far: f64) -> Option<f64> {
    let (same, mut different) = split(pairs);
    different.sort_by(|a, b| b.total_cmp(a));
    let allowed = (far * different.len() as f64) as usize;
    let limit = different.get(allowed)?;
    (!same.is_empty()).then(|| same.iter().filter(|score| *score > limit).count() as f64 / same.len() as f64)
}

/// What thresholds from −1 to 1 do, a hundredth apart.
pub(super) fn roc(pairs: &[(f32, bool)]) -> Vec<RocPoint> {
    let (same, different) = split(pairs);
    let share = |scores: &[f32], threshold: f64| {
        let accepted = scores.iter().filter(|score| f64::from(**score) >= threshold).count();
        accepted as f64 / scores.len().max(1) as f64
    };
    let thresholds = (-100..=100).map(|hundredths| f64::from(hundredths) / 100.0);
    thresholds
        .map(|threshold| RocPoint { threshold, far: share(&different, threshold), tar: share(&same, threshold) })
        .collect()
}

fn split(pairs: &[(f32, bool)]) -> (Vec<f32>, Vec<f32>) {
    let of = |kind: bool| pairs.iter().filter(|(_, is_same)| *is_same == kind).map(|(score, _)| *score).collect();
    (of(true), of(false))
}

fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

fn deviation(numbers: &[f64]) -> Option<f64> {
    let mean = mean(numbers)?;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (numbers.len() > 1).then(|| (squares / (numbers.len() - 1) as f64).sqrt())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// 20 same pairs around 0.6 and 20 different ones around 0.1, but the first `wrong` of each far on the other side.
    fn pairs(wrong: usize) -> Vec<(f32, bool)> {
        let score = |index: usize, is_same: bool| match (index < wrong, is_same) {
            (true, true) => -0.5,
            (true, false) => 0.95,
            (false, true) => 0.6 + index as f32 * 1e-3,
            (false, false) => 0.1 + index as f32 * 1e-3,
        };
        (0..40).map(|index| (score(index / 2, index % 2 == 0), index % 2 == 0)).collect()
    }

    #[test]
    fn pairs_that_lie_apart_are_all_told_apart() {
        let accuracy = Accuracy::of(&pairs(0));
        assert_eq!((accuracy.accuracy, accuracy.accuracy_sd), (Some(1.0), Some(0.0)));
        assert!((0.119..0.6).contains(&accuracy.threshold.unwrap()));
        assert_eq!((accuracy.tar_at_far_1pct, accuracy.tar_at_far_0p1pct), (Some(1.0), Some(1.0)));
    }

    #[test]
    fn pairs_on_the_wrong_side_cost_their_share() {
        // Two of 20 in each kind: the first fold, which holds them, is wrong as a whole.
        let accuracy = Accuracy::of(&pairs(2));
        assert!((accuracy.accuracy.unwrap() - 0.9).abs() < 1e-9, "{accuracy:?}");
        assert!((accuracy.accuracy_sd.unwrap() - 0.1_f64.sqrt()).abs() < 1e-9, "{accuracy:?}");
    }

    #[test]
    fn a_file_sorted_by_kind_gives_the_same_folds_as_a_mixed_one() {
        let mut sorted = pairs(2);
        sorted.sort_by_key(|(_, is_same)| !is_same);
        assert_eq!(Accuracy::of(&sorted), Accuracy::of(&pairs(2)));
    }

    #[test]
    fn too_few_pairs_of_one_kind_have_no_accuracy_instead_of_a_made_up_one() {
        let accuracy = Accuracy::of(&[(0.9, true), (0.8, true)]);
        assert_eq!((accuracy.accuracy, accuracy.threshold, accuracy.tar_at_far_1pct), (None, None, None));
        assert_eq!(Accuracy::of(&[(0.9, true), (0.1, false)]).accuracy, None);
    }

    #[test]
    fn at_a_rate_of_false_acceptance_the_best_impostor_decides() {
        let mut pairs: Vec<(f32, bool)> = (0..100_u8).map(|index| (f32::from(index) / 200.0, false)).collect();
        pairs.extend([(0.49, true), (0.492, true), (0.6, true), (0.1, true)]);
        // 1 % of 100 may be accepted: 0.495; all but that lie at 0.49 or below.
        assert_eq!(accepted_at(&pairs, 0.01), Some(0.5));
        assert_eq!(accepted_at(&pairs, 0.001), Some(0.25));
    }

    #[test]
    fn the_curve_falls_from_everything_to_nothing() {
        let roc = roc(&pairs(2));
        assert_eq!(roc.len(), 201);
        assert_eq!((roc[0].far, roc[0].tar), (1.0, 1.0));
        assert_eq!((roc[200].far, roc[200].tar), (0.0, 0.0));
        assert!(roc.windows(2).all(|two| two[1].far <= two[0].far && two[1].tar <= two[0].tar));
    }
}
