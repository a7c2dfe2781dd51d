//! `majlis staff …`, `majlis visitors …`, `majlis enroll …`: the same register without the screen. They open the
//! database beside a running kiosk, which notices what they change within seconds.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{Embed, RecogniserId, Register, details, pin::Pin, system_wall_clock};
use crate::{
    clock::SystemClock,
    config::{Config, Secrets},
    event::{
        Bus, VisitorId,
        staff::{PersonDetails, PersonRow, PersonStatus},
    },
    store::{Actor, Key, People, PersonRecord, StaffRow, Store, UnixMillis},
};

mod enrol;

pub use enrol::{EnrolArgs, FaceTools, enrol};

/// How long the database may take to be closed.
const CLOSE_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// What a command printed, and the program's exit code: 0 done, 1 not done, 2 wrong use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// For standard output.
    pub text: String,
    /// For standard error.
    pub notes: String,
    /// The exit code.
    pub code: u8,
}

impl Outcome {
    fn done(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    fn refused(notes: impl std::fmt::Display, code: u8) -> Self {
        Self { notes: format!("majlis: {notes}\n"), code, ..Self::default() }
    }

    /// Prints it.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn print(&self) -> anyhow::Result<u8> {
        let _ = std::io::stderr().lock().write_all(self.notes.as_bytes());
        std::io::stdout().lock().write_all(self.text.as_bytes()).context("standard output cannot be written")?;
        Ok(self.code)
    }
}

/// `majlis staff`
#[derive(Debug, Clone, Subcommand)]
pub enum StaffAction {
    /// Adds a member of staff; asks for their PIN (six digits) twice, or reads it from standard input
    Add {
        /// Their name, as it stands with those they enrol
        #[arg(long)]
        name: String,
    },
    /// Lists the members of staff
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Removes a member of staff: their PIN opens nothing any more
    Remove {
        /// Their name or id
        who: String,
    },
}

/// `majlis visitors`
#[derive(Debug, Clone, Subcommand)]
pub enum VisitorsAction {
    /// Lists the people on record
    List {
        /// Only those whose name, telephone number or e-mail address contains this
        #[arg(long, default_value = "", value_name = "TEXT", hide_default_value = true)]
        search: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows what is kept of a person
    Show {
        /// Their id
        id: Uuid,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Makes new patterns from the kept pictures of those whom the recogniser in use does not know, where their consent
    /// covers kept pictures
    Embed,
    /// Forgets a person, and tells what was removed
    Forget {
        /// Their id
        id: Uuid,
        /// Without asking
        #[arg(long)]
        yes: bool,
    },
}

/// The database, open for one command.
struct Session {
    store: Store,
    people: People,
    runtime: Runtime,
}

impl Session {
    fn open(config: &Config) -> anyhow::Result<Self> {
        let path = &config.paths.database;
        let secret = Secrets::from_environment().get(&config.store.key)?;
        let key = Key::load(path, &config.store.key, secret.as_ref())?;
        let bus = Bus::new(std::sync::Arc::new(SystemClock::start_now()));
        let store = Store::open(path, bus)?;
        let people = store.people(key);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(people.ready())?;
        Ok(Self { store, people, runtime })
    }

    /// The same, but makes no database.
    fn open_existing(config: &Config) -> anyhow::Result<Self> {
        let path = &config.paths.database;
        if !path.exists() {
            bail!("there is no database {}: nobody is on record; paths.database names another", path.display());
        }
        Self::open(config)
    }

    fn register(&self, config: &Config, recogniser: RecogniserId) -> Register {
        let days = config.enrolment.retention_days;
        Register::new(self.people.clone(), recogniser, days, system_wall_clock())
    }

    fn close(self) -> anyhow::Result<()> {
        self.store.close(CLOSE_LIMIT)?;
        Ok(())
    }
}

/// Runs `majlis staff`.
///
/// # Errors
/// The database or the terminal cannot be used, or there is no such member.
pub fn staff(config: &Config, action: &StaffAction) -> anyhow::Result<Outcome> {
    match action {
        StaffAction::Add { name } => add_staff(config, name, read_pin),
        StaffAction::List { json } => {
            let session = Session::open_existing(config)?;
            let staff = session.people.reader()?.staff()?;
            session.close()?;
            Ok(Outcome::done(if *json { staff_json(&staff) } else { staff_table(&staff) }))
        }
        StaffAction::Remove { who } => remove_staff(config, who),
    }
}

fn add_staff(config: &Config, name: &str, read_pin: impl FnOnce() -> anyhow::Result<Pin>) -> anyhow::Result<Outcome> {
    let asked = PersonDetails { name: name.to_owned(), ..PersonDetails::default() };
    let name = match details::validate(&asked) {
        Ok(details) => details.name,
        Err(_) => return Ok(Outcome::refused("--name: 1 to 60 letters are needed", 2)),
    };
    let session = Session::open(config)?;
    let staff = session.people.reader()?.staff()?;
    if staff.iter().any(|member| member.pin_hash.is_some() && member.name == name) {
        return Ok(Outcome::refused(format!("there is a \"{name}\" already; add another letter or name"), 1));
    }
    let pin = match read_pin() {
        Ok(pin) => pin,
        Err(error) => return Ok(Outcome::refused(format!("{error:#}"), 1)),
    };
    // Told apart by their PIN: each try in the audit log must have one name.
    if pin.owner(&staff).is_some() {
        return Ok(Outcome::refused("this PIN is somebody else's; choose another", 1));
    }
    let hash = match pin.hash() {
        Ok(hash) => hash,
        Err(error) => return Ok(Outcome::refused(error, 1)),
    };
    let id = session.runtime.block_on(session.people.add_staff(name.clone(), hash, UnixMillis::now()))?;
    session.close()?;
    Ok(Outcome::done(format!("added {name} ({})\n", id.0)))
}

/// Twice from a terminal, without showing it; else one line of standard input.
fn read_pin() -> anyhow::Result<Pin> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("the PIN cannot be read from standard input")?;
        return Ok(Pin::parse(line.trim())?);
    }
    let pin = Pin::parse(rpassword::prompt_password("PIN, six digits: ")?.trim())?;
    let again = rpassword::prompt_password("once more: ")?;
    if Pin::parse(again.trim()).ok().as_ref() != Some(&pin) {
        bail!("the two are not the same; nothing was added");
    }
    Ok(pin)
}

fn remove_staff(config: &Config, who: &str) -> anyhow::Result<Outcome> {
    let session = Session::open_existing(config)?;
    let staff = session.people.reader()?.staff()?;
    let mut found = staff
        .iter()
        .filter(|member| member.removed_at.is_none() && (member.name == who || member.id.0.to_string() == who));
    let member = match (found.next(), found.next()) {
        (Some(member), None) => member,
        (Some(_), Some(_)) => {
            return Ok(Outcome::refused(format!("several are called \"{who}\"; give the id of one"), 1));
        }
        (None, _) => {
            return Ok(Outcome::refused(
                format!("there is no member of staff \"{who}\"; `majlis staff list` shows those there are"),
                1,
            ));
        }
    };
    session.runtime.block_on(session.people.remove_staff(member.id, UnixMillis::now()))?;
    let text = format!("removed {} ({})\n", member.name, member.id.0);
    session.close()?;
    Ok(Outcome::done(text))
}

fn staff_table(staff: &[StaffRow]) -> String {
    if staff.is_empty() {
        return "nobody; `majlis staff add --name NAME` adds somebody\n".to_owned();
    }
    let line = |member: &StaffRow| {
        let state = member.removed_at.map_or_else(String::new, |at| format!("  removed {}", day(at.timestamp())));
        format!("{}  {}  since {}{state}\n", member.id.0, member.name, day(member.created_at.timestamp()))
    };
    staff.iter().map(line).collect()
}

fn staff_json(staff: &[StaffRow]) -> String {
    let entry = |member: &StaffRow| {
        serde_json::json!({
            "id": member.id.0,
            "name": member.name,
            "added_at": member.created_at.timestamp().to_string(),
            "removed_at": member.removed_at.map(|at| at.timestamp().to_string()),
        })
    };
    format!("{:#}\n", serde_json::Value::Array(staff.iter().map(entry).collect()))
}

/// What reads aligned faces that were kept.
pub struct CropReader {
    /// Whose numbers it makes.
    pub recogniser: RecogniserId,
    /// Makes them.
    pub embed: Box<Embed<'static>>,
}

/// Runs `majlis visitors`. `load` is asked for the recogniser where one is needed.
///
/// # Errors
/// The database or the recogniser cannot be used, or there is no such person.
pub fn visitors(
    config: &Config,
    action: &VisitorsAction,
    load: impl FnOnce() -> anyhow::Result<CropReader>,
) -> anyhow::Result<Outcome> {
    let session = Session::open_existing(config)?;
    let outcome = match action {
        VisitorsAction::List { search, json } => list(config, &session, search, *json)?,
        VisitorsAction::Show { id, json } => show(config, &session, VisitorId(*id), *json)?,
        VisitorsAction::Embed => embed_again(config, &session, load()?)?,
        VisitorsAction::Forget { id, yes } => forget(config, &session, VisitorId(*id), *yes)?,
    };
    session.close()?;
    Ok(outcome)
}

/// Everybody on record whom that recogniser knows. `None`: there is no database.
///
/// # Errors
/// The database or its key cannot be used.
pub fn on_record(config: &Config, recogniser: RecogniserId) -> anyhow::Result<Option<Register>> {
    if !config.paths.database.exists() {
        return Ok(None);
    }
    let session = Session::open(config)?;
    let register = session.register(config, recogniser);
    register.load()?;
    session.close()?;
    Ok(Some(register))
}

fn embed_again(config: &Config, session: &Session, mut crops: CropReader) -> anyhow::Result<Outcome> {
    let register = session.register(config, crops.recogniser);
    let people = session.runtime.block_on(register.embed_again(&mut *crops.embed))?;
    Ok(Outcome::done(format!(
        "{people} person(s) can be recognised again; `majlis visitors list` shows who still needs new pictures\n"
    )))
}

fn list(config: &Config, session: &Session, search: &str, json: bool) -> anyhow::Result<Outcome> {
    let list = session.people.reader()?.list(search, &config.vision.recogniser, UnixMillis::now())?;
    let notes = list
        .unreadable
        .iter()
        .map(|id| format!("majlis: {id} does not open with the store's key and is left out\n"))
        .collect();
    let text = if json {
        let rows = list.rows.iter().map(row_json).collect();
        format!("{:#}\n", serde_json::Value::Array(rows))
    } else if list.rows.is_empty() {
        let whom = if search.is_empty() { "nobody is on record" } else { "nobody on record fits" };
        format!("{whom}\n")
    } else {
        list.rows.iter().map(row_line).collect()
    };
    Ok(Outcome { text, notes, code: 0 })
}

fn row_line(row: &PersonRow) -> String {
    let name = if row.name.is_empty() { "(no name kept)" } else { &row.name };
    let until = row.until.map_or_else(String::new, |until| format!("  until {}", day(until)));
    let last = row.last_visit.map_or_else(String::new, |last| format!("  last visit {}", day(last)));
    let status = match row.status {
        PersonStatus::Valid => "valid".to_owned(),
        PersonStatus::EndsSoon { days_left } => format!("{days_left} day(s) left"),
        PersonStatus::NeedsPictures => "needs new pictures".to_owned(),
        PersonStatus::Forgotten => "forgotten".to_owned(),
    };
    format!("{}  {name}  {status}  since {}{until}{last}\n", row.id, day(row.since))
}

fn row_json(row: &PersonRow) -> serde_json::Value {
    let (status, days_left) = match row.status {
        PersonStatus::Valid => ("valid", None),
        PersonStatus::EndsSoon { days_left } => ("ends_soon", Some(days_left)),
        PersonStatus::NeedsPictures => ("needs_pictures", None),
        PersonStatus::Forgotten => ("forgotten", None),
    };
    serde_json::json!({
        "id": row.id,
        "name": row.name,
        "status": status,
        "days_left": days_left,
        "since": row.since.to_string(),
        "until": row.until.map(|until| until.to_string()),
        "last_visit": row.last_visit.map(|last| last.to_string()),
    })
}

/// The person, or the words that there is none.
fn person(config: &Config, session: &Session, id: VisitorId) -> anyhow::Result<Result<PersonRecord, Outcome>> {
    let record = session.people.reader()?.person(id, &config.vision.recogniser, UnixMillis::now())?;
    Ok(record.ok_or_else(|| {
        let words = format!(
            "there is nobody with the id {id} whose data open with the store's key; `majlis visitors list` shows \
             those there are"
        );
        Outcome::refused(words, 1)
    }))
}

fn show(config: &Config, session: &Session, id: VisitorId, json: bool) -> anyhow::Result<Outcome> {
    let record = match person(config, session, id)? {
        Ok(record) => record,
        Err(refused) => return Ok(refused),
    };
    let mut value = row_json(&record.row);
    let details = &record.details;
    let rest = serde_json::json!({
        "phone": details.phone,
        "email": details.email,
        "note": details.note,
        "language": details.language,
        "consent": record.consent.as_ref().map(|consent| serde_json::json!({
            "version": consent.text_version,
            "sha256": consent.text_sha256,
            "language": consent.language,
            "agreed_at": consent.agreed_at.timestamp().to_string(),
            "covers_crops": consent.covers_crops,
        })),
        "enrolled_by": record.enrolled_by,
        "embeddings": { "usable": record.embeddings[0], "of_other_recognisers": record.embeddings[1] },
        "crops": record.crops,
        "visits": record.visits,
    });
    if let (Some(value), serde_json::Value::Object(rest)) = (value.as_object_mut(), rest) {
        value.extend(rest);
    }
    if json {
        return Ok(Outcome::done(format!("{value:#}\n")));
    }
    let mut text = row_line(&record.row);
    for (what, words) in [("phone", &details.phone), ("e-mail", &details.email), ("note", &details.note)] {
        if !words.is_empty() {
            text.push_str(&format!("  {what}: {words}\n"));
        }
    }
    if let Some(language) = details.language {
        text.push_str(&format!("  language: {language}\n"));
    }
    if let Some(consent) = &record.consent {
        let by = record.enrolled_by.as_deref().unwrap_or("the command line");
        let agreed = day(consent.agreed_at.timestamp());
        text.push_str(&format!("  agreed to text {} on {agreed}, enrolled by {by}\n", consent.text_version));
    }
    let [usable, of_others] = record.embeddings;
    text.push_str(&format!(
        "  patterns: {usable} usable, {of_others} of other recognisers; crops: {}; visits: {}\n",
        record.crops, record.visits
    ));
    Ok(Outcome::done(text))
}

fn forget(config: &Config, session: &Session, id: VisitorId, yes: bool) -> anyhow::Result<Outcome> {
    // Somebody whose data do not open can be forgotten all the same.
    let name = person(config, session, id)?.ok().map(|record| record.row.name).unwrap_or_default();
    let whom = if name.is_empty() { id.to_string() } else { format!("{name} ({id})") };
    if !yes {
        if !std::io::stdin().is_terminal() {
            return Ok(Outcome::refused("nobody can be asked here whether to forget them; add --yes", 2));
        }
        let mut output = std::io::stderr().lock();
        write!(output, "Forget {whom}? This cannot be undone. [y/N] ")?;
        output.flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(Outcome::refused("nobody was forgotten", 1));
        }
    }
    let removed = session.runtime.block_on(session.people.forget(id, Actor::CommandLine, UnixMillis::now()))?;
    Ok(Outcome::done(format!(
        "forgot {id}: removed the details, {} pattern(s) of the face, {} crop(s) and the link to {} visit(s)\n",
        removed.embeddings, removed.crops, removed.visits_unlinked
    )))
}

/// `2026-11-21`, UTC.
fn day(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
