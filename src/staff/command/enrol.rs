//! `majlis enroll`: somebody who agreed on paper, from pictures in files.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::{Outcome, Session, day};
use crate::{
    config::Config,
    event::{
        Language,
        staff::{PersonDetails, Pose},
    },
    staff::{
        RecogniserId, Register,
        capture::Taken,
        consent::{ConsentTexts, sha256},
        desk::new_face,
        details,
    },
    store::{Actor, Consent, NewPerson, UnixMillis},
    vision::{FaceReading, Faces},
};

/// Pictures of one person in one call are at least this part of the threshold alike.
const SAME_SITTING: f32 = 0.5;

/// A head that is turned by more than this is not seen from the front, degrees.
const FRONT_DEG: f32 = 12.0;

/// `majlis enroll`
#[derive(Debug, Clone, Args)]
pub struct EnrolArgs {
    /// How they want to be called
    #[arg(long)]
    pub name: String,
    /// Their telephone number
    #[arg(long, default_value = "", hide_default_value = true)]
    pub phone: String,
    /// Their e-mail address
    #[arg(long, default_value = "", hide_default_value = true)]
    pub email: String,
    /// The language they are spoken to in, by its code: `en`, `ar` [default: stand.language]
    #[arg(long)]
    pub language: Option<Language>,
    /// Anything else
    #[arg(long, default_value = "", hide_default_value = true)]
    pub note: String,
    /// The text they agreed to, as it was signed: its SHA-256 is kept with them. Without it nobody is enrolled
    #[arg(long, value_name = "FILE")]
    pub consent_file: PathBuf,
    /// Enrols them even if they look like somebody on record
    #[arg(long)]
    pub allow_duplicate: bool,
    /// Pictures of their face, one person in each; five from slightly different sides are best
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
}

/// What finds and reads faces.
pub struct FaceTools {
    /// The networks.
    pub faces: Box<dyn Faces>,
    /// Whose numbers they make.
    pub recogniser: RecogniserId,
    /// From this similarity on two faces are the same person.
    pub same_person_threshold: f32,
}

/// Runs `majlis enroll`. `load` is asked for the networks once what was written is right.
///
/// # Errors
/// The database or a network cannot be used.
pub fn enrol(
    config: &Config,
    args: &EnrolArgs,
    load: impl FnOnce() -> anyhow::Result<FaceTools>,
) -> anyhow::Result<Outcome> {
    let details = match checked_details(args) {
        Ok(details) => details,
        Err(refused) => return Ok(refused),
    };
    let languages = crate::words::languages(&config.paths.assets);
    if let Some(language) = args.language.filter(|language| !languages.contains(language)) {
        let allowed = Language::listed(languages);
        return Ok(Outcome::refused(format!("--language: found \"{language}\"; allowed: {allowed}"), 2));
    }
    let consent = match consent(config, &args.consent_file, args.language)? {
        Ok(consent) => consent,
        Err(refused) => return Ok(refused),
    };
    let mut notes = String::new();
    if !config.vision.recognition {
        notes.push_str(
            "majlis: vision.recognition is off: nobody is recognised at the stand until it is turned on in kiosk.toml\n",
        );
    }
    let mut tools = load()?;
    let taken = match read_pictures(&args.images, tools.faces.as_mut(), tools.same_person_threshold, &mut notes)? {
        Ok(taken) => taken,
        Err(refused) => return Ok(Outcome { notes: notes + &refused.notes, ..refused }),
    };
    let session = Session::open(config)?;
    let register = session.register(config, tools.recogniser.clone());
    register.load()?;
    if let Some(duplicate) = duplicate(config, &register, &taken, tools.same_person_threshold) {
        notes.push_str(&format!("majlis: {duplicate}\n"));
        if !args.allow_duplicate {
            notes.push_str("majlis: nobody was enrolled; --allow-duplicate enrols them all the same\n");
            return Ok(Outcome { notes, code: 1, ..Outcome::default() });
        }
    }
    let now = UnixMillis::now();
    let retained_until = register.retained_until(now);
    let covers_crops = consent.covers_crops;
    let person = NewPerson {
        renews: None,
        language: details.language.unwrap_or(config.stand.language),
        details,
        consent,
        faces: taken.iter().map(|taken| new_face(taken, &tools.recogniser.name, covers_crops)).collect(),
        retained_until,
        by: Actor::CommandLine,
    };
    let name = person.details.name.clone();
    let id = session.runtime.block_on(session.people.enrol(person, now))?;
    session.close()?;
    let text = format!(
        "enrolled {name} ({id}) from {} of {} picture(s), kept until {}\n",
        taken.len(),
        args.images.len(),
        day(retained_until.timestamp())
    );
    Ok(Outcome { text, notes, code: 0 })
}

fn checked_details(args: &EnrolArgs) -> Result<PersonDetails, Outcome> {
    let given = PersonDetails {
        name: args.name.clone(),
        phone: args.phone.clone(),
        email: args.email.clone(),
        note: args.note.clone(),
        language: args.language,
    };
    details::validate(&given).map_err(|refused| {
        let rules: Vec<&str> = refused.iter().map(|field| field.rule()).collect();
        Outcome::refused(rules.join("; "), 2)
    })
}

/// The text that was agreed to: one of ours if it is the same file, else whatever was signed, which covers no crops.
fn consent(config: &Config, file: &Path, language: Option<Language>) -> anyhow::Result<Result<Consent, Outcome>> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            let words = format!("--consent-file {}: {error}; it must be the text they agreed to", file.display());
            return Ok(Err(Outcome::refused(words, 1)));
        }
    };
    if bytes.trim_ascii().is_empty() {
        let words = format!("--consent-file {} is empty; it must be the text they agreed to", file.display());
        return Ok(Err(Outcome::refused(words, 1)));
    }
    let text_sha256 = sha256(&bytes);
    let texts = ConsentTexts::load(&config.paths.assets)?;
    let agreed_at = UnixMillis::now();
    Ok(Ok(match texts.with_sum(&text_sha256) {
        Some(text) => Consent {
            text_version: text.version().to_owned(),
            text_sha256,
            language: text.language(),
            agreed_at,
            covers_crops: text.covers_crops(),
        },
        None => Consent {
            text_version: "signed file".to_owned(),
            text_sha256,
            language: language.unwrap_or(config.stand.language),
            agreed_at,
            covers_crops: false,
        },
    }))
}

/// The pictures that are good enough; why the others are not goes into `notes`.
fn read_pictures(
    images: &[PathBuf],
    faces: &mut dyn Faces,
    same_person_threshold: f32,
    notes: &mut String,
) -> anyhow::Result<Result<Vec<Taken>, Outcome>> {
    let mut taken: Vec<Taken> = Vec::new();
    for path in images {
        let reading = match read_picture(path, faces)? {
            Ok(reading) => reading,
            Err(reason) => {
                notes.push_str(&format!("majlis: {}: {reason}; not used\n", path.display()));
                continue;
            }
        };
        if let Some(first) = taken.first() {
            let similarity = first.reading.embedding.similarity(&reading.embedding);
            if similarity < SAME_SITTING * same_person_threshold {
                let words = format!(
                    "{}: this is somebody else than in the first picture (similarity {similarity:.2}); give pictures \
                     of one person. Nobody was enrolled",
                    path.display()
                );
                return Ok(Err(Outcome::refused(words, 1)));
            }
        }
        taken.push(Taken { pose: pose_of(&reading), reading });
    }
    if taken.is_empty() {
        return Ok(Err(Outcome::refused("no picture can be used; nobody was enrolled", 1)));
    }
    Ok(Ok(taken))
}

/// The only face of a picture, or why it cannot be used.
fn read_picture(path: &Path, faces: &mut dyn Faces) -> anyhow::Result<Result<FaceReading, String>> {
    let decoded = image::ImageReader::open(path)
        .and_then(image::ImageReader::with_guessed_format)
        .map_err(image::ImageError::from)
        .and_then(image::ImageReader::decode);
    let picture = match decoded {
        Ok(picture) => picture.into_rgb8(),
        Err(error) => return Ok(Err(format!("it is no picture that can be read ({error})"))),
    };
    let found = faces.detect(&picture).with_context(|| path.display().to_string())?;
    let Some(largest) = found.first() else { return Ok(Err("no face was found".to_owned())) };
    let reading = match faces.read(&picture, largest, found.len()) {
        Ok(reading) => reading,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if reading.quality.is_ok() {
        return Ok(Ok(reading));
    }
    let codes: Vec<String> = reading
        .quality
        .reasons
        .iter()
        .filter_map(|reason| serde_json::to_value(reason).ok()?.as_str().map(str::to_owned))
        .collect();
    Ok(Err(codes.join(", ")))
}

fn pose_of(reading: &FaceReading) -> Pose {
    let (yaw, pitch) = (reading.quality.measures.yaw_deg, reading.quality.measures.pitch_deg);
    if yaw.abs().max(pitch.abs()) <= FRONT_DEG {
        Pose::Front
    } else if yaw.abs() >= pitch.abs() {
        if yaw > 0.0 { Pose::Left } else { Pose::Right }
    } else if pitch > 0.0 {
        Pose::Up
    } else {
        Pose::Down
    }
}

/// Whom one of the pictures looks like, in words.
fn duplicate(config: &Config, register: &Register, taken: &[Taken], same_person_threshold: f32) -> Option<String> {
    let configured = config.enrolment.duplicate_threshold;
    let threshold = if configured > 0.0 { configured } else { same_person_threshold };
    let gallery = register.gallery().load_full();
    let found = taken.iter().filter_map(|taken| gallery.search(&taken.reading.embedding).ok().flatten());
    let best = found.max_by(|one, other| one.score.total_cmp(&other.score)).filter(|best| best.score >= threshold)?;
    let name = register.people().reader().ok()?.known(best.visitor).ok()??.name;
    Some(format!("this looks like {name} ({}), similarity {:.2}", best.visitor, best.score))
}
