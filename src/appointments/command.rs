//! `majlis appointments …`: the book of appointments for staff, beside a running kiosk.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use anyhow::bail;
use clap::Subcommand;
use jiff::{Timestamp, ToSpan as _, civil::Date};

use super::{Desk, ask, code};
use crate::{
    clock::SystemClock,
    config::{Config, Secrets},
    event::{Bus, Language},
    staff::command::Outcome,
    store::{AppointmentStatus, Key, StaffAppointment, Store, UnixMillis},
    words::Words,
};

/// How long the database may take to be closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// `majlis appointments`
#[derive(Debug, Clone, Subcommand)]
pub enum AppointmentsAction {
    /// Lists the appointments of a day, or of all days that can be booked from today on
    List {
        /// The day: 2026-11-24, a weekday, today or tomorrow
        #[arg(long)]
        day: Option<String>,
        /// Also those that were cancelled
        #[arg(long)]
        cancelled: bool,
    },
    /// Cancels an appointment by its code
    Cancel {
        /// Its code, as in NEP-4H7K
        code: String,
    },
}

/// Runs `majlis appointments`.
///
/// # Errors
/// The configuration, the translations or the database cannot be used.
pub fn appointments(config: &Config, action: &AppointmentsAction) -> anyhow::Result<Outcome> {
    let path = &config.paths.database;
    if !path.exists() {
        bail!("there is no database {}: nothing is booked; paths.database names another", path.display());
    }
    let secret = Secrets::from_environment().get(&config.store.key)?;
    let key = Key::load(path, &config.store.key, secret.as_ref())?;
    let store = Store::open(path, Bus::new(Arc::new(SystemClock::start_now())))?;
    let desk = Desk::new(config, store.people(key), Arc::new(Words::load(&config.paths.assets)?))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(desk.people.ready())?;
    let now = Timestamp::now();
    let outcome = match action {
        AppointmentsAction::List { day, cancelled } => list(&desk, day.as_deref(), *cancelled, now)?,
        AppointmentsAction::Cancel { code } => runtime.block_on(cancel(&desk, code, now))?,
    };
    store.close(CLOSE_LIMIT)?;
    Ok(outcome)
}

fn list(desk: &Desk, day: Option<&str>, cancelled: bool, now: Timestamp) -> anyhow::Result<Outcome> {
    let today = desk.calendar.today(now);
    let (first, last) = match day {
        None => (today, *desk.calendar.window(now).end()),
        Some(text) => match ask::day(text, today) {
            Some(day) => (day, day),
            None => return Ok(refused(&format!("--day: found \"{text}\"; allowed {}", ask::DAY_SHAPE), 2)),
        },
    };
    let midnight =
        |day: Date| -> anyhow::Result<Timestamp> { Ok(day.to_zoned(desk.calendar.time_zone().clone())?.timestamp()) };
    let times = [midnight(first)?, midnight(last.checked_add(1.day())?)?];
    let mut all = desk.people.reader()?.appointments_between(times)?;
    all.retain(|one| cancelled || one.appointment.status == AppointmentStatus::Booked);
    if all.is_empty() {
        return Ok(done("none\n".to_owned()));
    }
    let mut text = String::new();
    for one in &all {
        line(&mut text, desk, one, now)?;
    }
    Ok(done(text))
}

fn done(text: String) -> Outcome {
    Outcome { text, ..Outcome::default() }
}

fn refused(why: &str, code: u8) -> Outcome {
    Outcome { notes: format!("majlis: {why}\n"), code, ..Outcome::default() }
}

fn line(text: &mut String, desk: &Desk, one: &StaffAppointment, now: Timestamp) -> std::fmt::Result {
    let StaffAppointment { appointment, name, phone } = one;
    let english = Language::ENGLISH;
    let day = desk.wording.day(appointment.start, now, english);
    let time = desk.wording.span([appointment.start, appointment.end], english);
    write!(text, "{}  {day}, {time}  {}", appointment.code, desk.host_name(&appointment.host, english))?;
    for known in [name, phone].into_iter().flatten() {
        write!(text, "  {known}")?;
    }
    let is_cancelled = appointment.status == AppointmentStatus::Cancelled;
    writeln!(text, "{}", if is_cancelled { "  cancelled" } else { "" })
}

async fn cancel(desk: &Desk, said: &str, now: Timestamp) -> anyhow::Result<Outcome> {
    let unknown = || {
        refused(&format!("there is no open appointment {said}; `majlis appointments list` shows those there are"), 1)
    };
    let Some(code) = code::read(said, &desk.code_prefix) else {
        let allowed = format!("{} and four letters or digits, as in {0}-4H7K", desk.code_prefix);
        return Ok(refused(&format!("found \"{said}\"; allowed {allowed}"), 2));
    };
    let reader = desk.people.reader()?;
    let Some(appointment) = reader.appointment(&code)?.filter(|one| one.end > now) else { return Ok(unknown()) };
    match desk.cancel_for_staff(appointment.id, UnixMillis::from(now)).await? {
        Some(cancelled) => {
            let when = desk.wording.day(cancelled.start, now, Language::ENGLISH);
            let time = desk.wording.clock(cancelled.start, Language::ENGLISH);
            Ok(done(format!("cancelled {code}: {when}, {time}\n")))
        }
        None => Ok(unknown()),
    }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
