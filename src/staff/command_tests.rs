//! The command line on a temporary database, with scripted faces.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};

use image::RgbImage;

use super::*;
use crate::{
    staff::{
        RecogniserId,
        test_faces::{DIMENSIONS, THRESHOLD, face},
    },
    store::AuditAction,
    vision::{Face, FaceReading, Faces, Liveness, QualityReason, VisionError},
};

struct Place {
    folder: tempfile::TempDir,
    config: Config,
}

/// Reads faces off the colour of a picture: red is how many there are, green who, blue what is wrong.
struct Colours;

impl Faces for Colours {
    fn detect(&mut self, picture: &RgbImage) -> Result<Vec<Face>, VisionError> {
        Ok(vec![face(0).face; usize::from(picture.get_pixel(0, 0).0[0])])
    }

    fn read(&mut self, picture: &RgbImage, _face: &Face, faces: usize) -> Result<FaceReading, VisionError> {
        let [_, who, wrong] = picture.get_pixel(0, 0).0;
        let mut reading = face(usize::from(who));
        if faces > 1 {
            reading.quality.reasons.push(QualityReason::SeveralFaces);
        }
        if wrong > 0 {
            reading.quality.reasons.push(QualityReason::TooDark);
        }
        Ok(reading)
    }

    fn liveness(&mut self, _picture: &RgbImage, _face: &Face) -> Result<Option<Liveness>, VisionError> {
        Ok(None)
    }
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.paths.database = folder.path().join("majlis.sqlite");
        config.vision.recognition = true;
        Self { folder, config }
    }

    fn picture(&self, name: &str, [faces, who, wrong]: [u8; 3]) -> PathBuf {
        let path = self.folder.path().join(name);
        RgbImage::from_pixel(8, 8, image::Rgb([faces, who, wrong]))
            .save_with_format(&path, image::ImageFormat::Png)
            .unwrap();
        path
    }

    fn enrol(&self, name: &str, images: &[PathBuf]) -> Outcome {
        self.enrol_with(EnrolArgs { name: name.to_owned(), images: images.to_vec(), ..self.arguments() })
    }

    fn arguments(&self) -> EnrolArgs {
        EnrolArgs {
            name: "Maryam".to_owned(),
            phone: String::new(),
            email: String::new(),
            language: None,
            note: String::new(),
            consent_file: Path::new("assets/consent/ar.toml").to_owned(),
            allow_duplicate: false,
            images: vec![self.picture("good.png", [1, 1, 0])],
        }
    }

    fn enrol_with(&self, arguments: EnrolArgs) -> Outcome {
        enrol(&self.config, &arguments, || {
            Ok(FaceTools {
                faces: Box::new(Colours),
                recogniser: RecogniserId { name: self.config.vision.recogniser.clone(), dimensions: DIMENSIONS },
                same_person_threshold: THRESHOLD,
            })
        })
        .unwrap()
    }

    fn list(&self, search: &str) -> Vec<serde_json::Value> {
        let action = VisitorsAction::List { search: search.to_owned(), json: true };
        serde_json::from_str(&visitors(&self.config, &action, no_recogniser).unwrap().text).unwrap()
    }

    fn id_of(&self, name: &str) -> Uuid {
        let row = self.list(name).into_iter().next().unwrap();
        row["id"].as_str().unwrap().parse().unwrap()
    }

    fn add(&self, name: &str, pin: &str) -> Outcome {
        let pin = Pin::parse(pin).map_err(anyhow::Error::from);
        add_staff(&self.config, name, || pin).unwrap()
    }
}

#[test]
fn somebody_who_agreed_on_paper_is_enrolled_shown_found_and_forgotten() {
    let place = Place::new();
    let images = [place.picture("a.png", [1, 1, 0]), place.picture("b.jpg", [1, 1, 0])];
    let outcome = place.enrol("Maryam Al Suwaidi", &images);
    assert_eq!((outcome.code, outcome.notes.as_str()), (0, ""), "the format is taken from what is in the file");
    assert!(outcome.text.contains("from 2 of 2"), "{}", outcome.text);
    let id = place.id_of("suwaidi");
    let shown = visitors(&place.config, &VisitorsAction::Show { id, json: true }, no_recogniser).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown.text).unwrap();
    assert_eq!((&shown["status"], &shown["embeddings"]["usable"]), (&"valid".into(), &2.into()));
    assert_eq!((&shown["consent"]["version"], &shown["consent"]["language"]), (&"5".into(), &"ar".into()));
    assert_eq!(place.list("khalid").len(), 0);

    let asked =
        visitors(&place.config, &VisitorsAction::Forget { id: Uuid::now_v7(), yes: true }, no_recogniser).unwrap_err();
    assert!(asked.to_string().contains("majlis visitors list"), "{asked}");
    let forgotten = visitors(&place.config, &VisitorsAction::Forget { id, yes: true }, no_recogniser).unwrap();
    assert!(forgotten.text.contains("2 pattern(s) of the face, 0 crop(s)"), "{}", forgotten.text);
    assert_eq!(place.list("")[0]["status"], "forgotten");
    assert_eq!(crate::store::check(&place.config.paths.database).unwrap(), []);
}

/// For commands that read no face.
fn no_recogniser() -> anyhow::Result<CropReader> {
    anyhow::bail!("no recogniser was to be loaded")
}

#[test]
fn embedding_again_loads_the_recogniser_and_tells_how_many_it_was() {
    let place = Place::new();
    assert_eq!(place.enrol_with(place.arguments()).code, 0);
    let recogniser = RecogniserId { name: place.config.vision.recogniser.clone(), dimensions: DIMENSIONS };
    let reader = CropReader { recogniser, embed: Box::new(|_| panic!("everybody is known")) };
    let outcome = visitors(&place.config, &VisitorsAction::Embed, || Ok(reader)).unwrap();
    assert!(outcome.code == 0 && outcome.text.starts_with("0 person(s)"), "{}", outcome.text);
    let error = visitors(&place.config, &VisitorsAction::Embed, no_recogniser).unwrap_err();
    assert!(error.to_string().contains("no recogniser"), "{error}");
}

#[test]
fn without_a_consent_file_nobody_is_enrolled_and_no_database_is_made() {
    let place = Place::new();
    let empty = place.folder.path().join("empty.txt");
    std::fs::write(&empty, " \n").unwrap();
    for file in [place.folder.path().join("nothing.txt"), empty] {
        let outcome = place.enrol_with(EnrolArgs { consent_file: file, ..place.arguments() });
        assert_eq!(outcome.code, 1);
        assert!(outcome.notes.contains("must be the text they agreed to"), "{}", outcome.notes);
    }
    assert!(!place.config.paths.database.exists());
    let signed = place.folder.path().join("signed.pdf");
    std::fs::write(&signed, "%PDF signed by hand").unwrap();
    assert_eq!(place.enrol_with(EnrolArgs { consent_file: signed, ..place.arguments() }).code, 0);
    let shown = visitors(&place.config, &VisitorsAction::Show { id: place.id_of("maryam"), json: true }, no_recogniser)
        .unwrap();
    assert!(shown.text.contains("\"signed file\"") && shown.text.contains("\"covers_crops\": false"), "{}", shown.text);
}

#[test]
fn pictures_that_cannot_be_used_are_named_with_the_reason() {
    let place = Place::new();
    let text = place.folder.path().join("notes.png");
    std::fs::write(&text, "not a picture").unwrap();
    let images = [
        place.picture("nobody.png", [0, 0, 0]),
        place.picture("crowd.png", [3, 1, 0]),
        place.picture("dark.png", [1, 1, 1]),
        text,
    ];
    let outcome = place.enrol("Maryam", &images);
    assert_eq!(outcome.code, 1);
    for told in ["nobody.png: no face", "crowd.png: several_faces", "dark.png: too_dark", "notes.png: it is no picture"]
    {
        assert!(outcome.notes.contains(told), "{told} in {}", outcome.notes);
    }
    assert!(outcome.notes.contains("nobody was enrolled"));
    let two_people = [place.picture("one.png", [1, 1, 0]), place.picture("two.png", [1, 2, 0])];
    let outcome = place.enrol("Maryam", &two_people);
    assert!(outcome.code == 1 && outcome.notes.contains("two.png: this is somebody else"), "{}", outcome.notes);
    assert!(!place.config.paths.database.exists());
}

#[test]
fn somebody_who_looks_like_a_person_on_record_is_enrolled_only_on_purpose() {
    let place = Place::new();
    assert_eq!(place.enrol_with(place.arguments()).code, 0);
    let again = EnrolArgs { name: "Twin".to_owned(), ..place.arguments() };
    let refused = place.enrol_with(again.clone());
    assert_eq!(refused.code, 1);
    assert!(refused.notes.contains("this looks like Maryam") && refused.notes.contains("--allow-duplicate"));
    assert_eq!(place.enrol_with(EnrolArgs { allow_duplicate: true, ..again }).code, 0);
    assert_eq!(place.list("").len(), 2);
}

#[test]
fn details_that_are_not_right_are_wrong_use() {
    let place = Place::new();
    let arguments = EnrolArgs { name: " ".to_owned(), phone: "12".to_owned(), ..place.arguments() };
    let outcome = place.enrol_with(arguments);
    assert_eq!(outcome.code, 2);
    assert!(outcome.notes.contains("the name is needed") && outcome.notes.contains("7 to 15 digits"));
}

#[test]
fn staff_are_added_listed_and_removed() {
    let place = Place::new();
    assert!(staff(&place.config, &StaffAction::List { json: false }).is_err(), "no database is made by looking");
    assert_eq!(place.add("Aisha", "402913").code, 0);
    for (name, pin, told) in [
        ("Omar", "402913", "somebody else's"),
        ("Omar", "123456", "guessed at once"),
        ("Omar", "12345", "6 digits"),
        ("Aisha", "118274", "already"),
    ] {
        let refused = place.add(name, pin);
        assert!(refused.code == 1 && refused.notes.contains(told), "{}", refused.notes);
        assert!(!refused.notes.contains(pin), "{}", refused.notes);
    }
    let list = staff(&place.config, &StaffAction::List { json: false }).unwrap().text;
    assert!(list.contains("Aisha") && !list.contains("argon2"), "{list}");
    let removed = staff(&place.config, &StaffAction::Remove { who: "Aisha".to_owned() }).unwrap();
    assert_eq!(removed.code, 0);
    let again = staff(&place.config, &StaffAction::Remove { who: "Aisha".to_owned() }).unwrap();
    assert!(again.code == 1 && again.notes.contains("majlis staff list"), "{}", again.notes);
    assert_eq!(place.add("Omar", "402913").code, 0, "the PIN is free again");
    let session = Session::open(&place.config).unwrap();
    let log = session.people.reader().unwrap().audit_log(&[], 10).unwrap();
    let actions: Vec<AuditAction> = log.iter().rev().map(|entry| entry.action).collect();
    assert_eq!(actions, [AuditAction::StaffAdded, AuditAction::StaffRemoved, AuditAction::StaffAdded]);
}
