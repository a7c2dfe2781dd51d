//! What services cost, kept in the database and told on the command line.

use std::{fmt::Write as _, path::PathBuf};

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use uuid::Uuid;

use crate::{
    cloud::DayBook,
    config::Config,
    event::{Cost, ProviderKind, UsageSum},
    store::{Reader, Record, StoreWriter, UsedOfDay},
};

/// How many days `majlis costs` looks back.
const DAYS: i64 = 7;

/// The days' sums in the database.
pub(super) struct StoreBook {
    database: PathBuf,
    writer: StoreWriter,
    run: Uuid,
}

impl StoreBook {
    pub(super) fn new(database: PathBuf, writer: StoreWriter) -> Self {
        Self { database, writer, run: Uuid::now_v7() }
    }
}

impl DayBook for StoreBook {
    /// Reads a few rows: at the start and at midnight. What cannot be read counts as nothing spent; the store has told
    /// staff of its fault already.
    fn spent_on(&self, day: Date) -> Cost {
        if !self.database.exists() {
            return Cost::default();
        }
        match Reader::open(&self.database).and_then(|reader| reader.used_on(day)) {
            Ok(sums) => total(&sums),
            Err(error) => {
                tracing::warn!("what {day} has cost so far cannot be read, the budget counts from zero: {error}");
                Cost::default()
            }
        }
    }

    fn keep(&self, day: Date, sum: &UsageSum) {
        self.writer.record(Record::Used(UsedOfDay { day, run: self.run, sum: sum.clone() }));
    }
}

fn total(sums: &[UsageSum]) -> Cost {
    sums.iter().fold(Cost::default(), |total, sum| total + sum.cost)
}

/// `majlis costs`: what `day` cost by model; without one, today by model and the days before it.
///
/// # Errors
/// The database cannot be read.
pub fn costs(config: &Config, day: Option<Date>) -> anyhow::Result<String> {
    let path = &config.paths.database;
    if !path.is_file() {
        anyhow::bail!("there is no database {}: nothing was spent; paths.database names another", path.display());
    }
    let reader = Reader::open(path)?;
    let zone = TimeZone::get(&config.stand.time_zone).unwrap_or(TimeZone::UTC);
    let today = Timestamp::now().to_zoned(zone).date();
    let currency = &config.costs.currency;
    let shown = day.unwrap_or(today);
    let sums = reader.used_on(shown)?;
    let mut text = format!("{shown}  {} {currency}", amount(total(&sums)));
    if config.costs.daily_budget > 0.0 {
        let _ = write!(text, " of {}", config.costs.daily_budget);
    }
    text.push('\n');
    for sum in &sums {
        let UsageSum { provider, model, cost, .. } = sum;
        let _ = writeln!(text, "  {} {currency}  {provider}  {model}  {}", amount(*cost), used(sum));
    }
    if sums.is_empty() {
        text.push_str("  nothing was used\n");
    }
    if day.is_none() {
        for back in 1..DAYS {
            let Ok(earlier) = today.checked_sub(back.days()) else { break };
            let _ = writeln!(text, "{earlier}  {} {currency}", amount(total(&reader.used_on(earlier)?)));
        }
    }
    Ok(text)
}

fn used(sum: &UsageSum) -> String {
    match sum.kind {
        ProviderKind::SpeechToText => format!("{}.{:03} s heard", sum.audio_ms / 1_000, sum.audio_ms % 1_000),
        ProviderKind::LanguageModel => {
            let UsageSum { input_tokens, cached_tokens, output_tokens, .. } = sum;
            format!("tokens: {input_tokens} read, {cached_tokens} from the cache, {output_tokens} written")
        }
        ProviderKind::TextToSpeech => format!("{} characters spoken", sum.characters),
    }
}

/// With all six places: small sums matter here.
fn amount(Cost(millionths): Cost) -> String {
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::ManualClock,
        cloud::Ledger,
        config,
        event::{Amount, Bus, Usage},
        store::Store,
    };

    #[test]
    fn a_day_is_in_the_database_when_the_store_is_closed_and_the_next_run_goes_on_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.paths.database = folder.path().join("majlis.sqlite");
        config.costs.daily_budget = 2.0;
        config.costs.prices =
            vec![config::Price { model: "mind".into(), output_mtok: 0.6, ..config::Price::default() }];
        let run = |config: &Config| {
            let bus = Bus::new(Arc::new(ManualClock::default()));
            let store = Store::open(&config.paths.database, bus.clone()).unwrap();
            let book = Arc::new(StoreBook::new(config.paths.database.clone(), store.writer()));
            let zone = TimeZone::get(&config.stand.time_zone).unwrap();
            let ledger = Ledger::new(&config.costs, zone, Arc::new(Timestamp::now), book, Some(bus));
            let before = ledger.today().1;
            for _ in 0..2 {
                let amount = Amount::Tokens { input: 5, cached: 0, output: 1_000_000 };
                ledger.used(&Usage { provider: "cloud".into(), model: "mind".into(), amount });
            }
            store.close(std::time::Duration::from_secs(10)).unwrap();
            before
        };
        assert_eq!(run(&config), Cost(0));
        assert_eq!(run(&config), Cost(1_200_000), "a restart does not refill the budget");
        let text = costs(&config, None).unwrap();
        assert!(text.contains("2.400000 USD of 2\n") && text.contains("4000000 written"), "{text}");
    }
}
