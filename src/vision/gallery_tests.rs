#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

const NET: &str = "net";

fn visitor(number: u128) -> VisitorId {
    VisitorId(uuid::Uuid::from_u128(number))
}

fn embedding(values: &[f32]) -> Embedding {
    Embedding::normalised(values.to_vec()).unwrap()
}

/// Numbers that differ for every seed.
fn random(seed: u64, dimensions: usize) -> Embedding {
    let mut chance = fastrand::Rng::with_seed(seed);
    embedding(&(0..dimensions).map(|_| chance.f32() - 0.5).collect::<Vec<_>>())
}

/// The same, one embedding after the other.
fn search_plainly(people: &[(VisitorId, Embedding)], wanted: &Embedding) -> Match {
    let mut best: HashMap<VisitorId, f32> = HashMap::new();
    for (visitor, embedding) in people {
        let score = best.entry(*visitor).or_insert(f32::NEG_INFINITY);
        *score = score.max(embedding.similarity(wanted));
    }
    let mut ranked: Vec<(VisitorId, f32)> = best.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let second = ranked.get(1).map_or(0.0, |(_, score)| *score);
    Match { visitor: ranked[0].0, score: ranked[0].1, margin: ranked[0].1 - second }
}

#[test]
fn an_empty_gallery_knows_nobody() {
    assert_eq!(Gallery::new(NET, 3).search(&embedding(&[1.0, 0.0, 0.0])), Ok(None));
}

#[test]
fn the_margin_is_to_the_second_best_person_and_not_to_another_picture_of_the_same() {
    let mut gallery = Gallery::new(NET, 3);
    gallery.insert(visitor(1), NET, &embedding(&[1.0, 0.1, 0.0])).unwrap();
    gallery.insert(visitor(1), NET, &embedding(&[1.0, 0.0, 0.1])).unwrap();
    gallery.insert(visitor(2), NET, &embedding(&[0.6, 0.8, 0.0])).unwrap();
    let found = gallery.search(&embedding(&[1.0, 0.0, 0.0])).unwrap().unwrap();
    assert_eq!(found.visitor, visitor(1));
    assert!((found.margin - (found.score - 0.6)).abs() < 1e-6, "{found:?}");
}

#[test]
fn alone_in_the_gallery_a_persons_margin_is_their_score() {
    let mut gallery = Gallery::new(NET, 3);
    gallery.insert(visitor(1), NET, &embedding(&[1.0, 0.0, 0.0])).unwrap();
    let found = gallery.search(&embedding(&[0.6, 0.8, 0.0])).unwrap().unwrap();
    assert!((found.score - 0.6).abs() < 1e-6 && found.margin == found.score, "{found:?}");
}

#[test]
fn a_search_finds_exactly_what_comparing_with_everybody_finds() {
    for dimensions in [128, 130, 512] {
        let mut gallery = Gallery::new(NET, dimensions);
        let mut people = Vec::new();
        for number in 0..900_u64 {
            let (visitor, embedding) = (visitor(u128::from(number / 3)), random(number, dimensions));
            gallery.insert(visitor, NET, &embedding).unwrap();
            people.push((visitor, embedding));
        }
        for seed in 0..200 {
            let wanted = random(10_000 + seed, dimensions);
            let (found, plain) = (gallery.search(&wanted).unwrap().unwrap(), search_plainly(&people, &wanted));
            assert_eq!(found.visitor, plain.visitor);
            assert!((found.score - plain.score).abs() < 1e-5, "{found:?} {plain:?}");
            assert!((found.margin - plain.margin).abs() < 1e-5, "{found:?} {plain:?}");
        }
    }
}

/// Directions with a few large numbers, whose copies in bytes are the coarsest, or with many alike, which are near ties.
fn rows() -> impl Strategy<Value = Vec<(u8, Vec<f32>)>> {
    let number = prop_oneof![3 => Just(0.0_f32), 3 => -1.0..1.0_f32, 1 => prop_oneof![Just(1.0_f32), Just(-1.0)]];
    let row = prop::collection::vec(number, 24).prop_filter("a direction", |row| row.iter().any(|x| x.abs() > 0.01));
    prop::collection::vec((0_u8..6, row), 2..40)
}

proptest! {
    #[test]
    fn no_search_leaves_out_whom_comparing_with_everybody_finds(rows in rows()) {
        let rows: Vec<(VisitorId, Embedding)> =
            rows.iter().map(|(who, row)| (visitor(u128::from(*who)), embedding(row))).collect();
        let ((_, wanted), people) = rows.split_first().unwrap();
        let mut gallery = Gallery::new(NET, 24);
        for (who, embedding) in people {
            gallery.insert(*who, NET, embedding).unwrap();
        }
        let (found, plain) = (gallery.search(wanted).unwrap().unwrap(), search_plainly(people, wanted));
        prop_assert!((found.score - plain.score).abs() < 1e-5, "{found:?} {plain:?}");
        prop_assert!((found.margin - plain.margin).abs() < 1e-5, "{found:?} {plain:?}");
        prop_assert!(found.visitor == plain.visitor || plain.margin < 1e-5, "{found:?} {plain:?}");
    }
}

#[test]
fn who_is_forgotten_is_found_no_more_and_the_others_still_are() {
    let mut gallery = Gallery::new(NET, 64);
    for number in 0..30 {
        gallery.insert(visitor(u128::from(number / 3)), NET, &random(number, 64)).unwrap();
    }
    assert_eq!(gallery.remove(visitor(4)), 3);
    assert_eq!(gallery.remove(visitor(4)), 0);
    assert_eq!((gallery.people(), gallery.len()), (9, 27));
    for number in (0..30).filter(|number| number / 3 != 4) {
        let found = gallery.search(&random(number, 64)).unwrap().unwrap();
        assert_eq!(found.visitor, visitor(u128::from(number / 3)));
        assert!(found.score > 0.999);
    }
    assert!(gallery.search(&random(12, 64)).unwrap().unwrap().score < 0.9);
    gallery.insert(visitor(4), NET, &random(12, 64)).unwrap();
    assert_eq!(gallery.search(&random(12, 64)).unwrap().unwrap().visitor, visitor(4));
}

#[test]
fn embeddings_of_different_recognisers_are_never_mixed() {
    let mut gallery = Gallery::new(NET, 3);
    let error = gallery.insert(visitor(1), "other", &embedding(&[1.0, 0.0, 0.0])).unwrap_err();
    assert!(error.to_string().contains("\"other\"") && error.to_string().contains("\"net\""), "{error}");
    let error = gallery.insert(visitor(1), NET, &embedding(&[1.0, 0.0])).unwrap_err();
    assert_eq!(error.to_string(), "the embedding has 2 numbers; \"net\" makes 3");
    assert!(gallery.search(&embedding(&[1.0, 0.0])).is_err());
    assert!(gallery.is_empty() && gallery.people() == 0, "what was refused leaves no trace");
}

#[test]
fn a_gallery_shows_nothing_of_its_people_in_a_log() {
    let mut gallery = Gallery::new(NET, 3);
    gallery.insert(visitor(77), NET, &embedding(&[1.0, 0.0, 0.0])).unwrap();
    assert_eq!(format!("{gallery:?}"), "Gallery(net: 1 embeddings of 1 people)");
}
