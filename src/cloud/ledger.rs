//! What services cost: prices, the running total, the day's sums in the stand's time zone, and the budget.
//!
//! Money is counted in whole billionths of a thousandth (10⁻¹²) of the currency and shown in millionths ([`Cost`]), so that
//! no sum depends on its order.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio::sync::watch;

use super::Service;
use crate::{
    clock::WallClock,
    config,
    event::{Amount, BudgetStatus, Bus, Cost, Event, ProviderKind, Usage, UsageSum},
};

/// 10⁻¹² of the currency in a [`Cost`].
const FRACTIONS: u128 = 1_000_000;
/// How often a kiosk whose budget is spent looks whether the day is over.
const LOOK_FOR_MIDNIGHT: Duration = Duration::from_secs(20);

/// Keeps the days' sums over a restart.
pub trait DayBook: Send + Sync + 'static {
    /// What `day` has cost so far in all runs. Asked at the start and when a day begins.
    fn spent_on(&self, day: Date) -> Cost;
    /// Keeps the sum of a model in this run; it replaces the one before. Must not wait.
    fn keep(&self, day: Date, sum: &UsageSum);
}

/// Forgets at the end of the program.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDayBook;

impl DayBook for NoDayBook {
    fn spent_on(&self, _: Date) -> Cost {
        Cost::default()
    }

    fn keep(&self, _: Date, _: &UsageSum) {}
}

/// Prices of a model, millionths of the currency.
#[derive(Debug, Clone)]
struct Price {
    model: String,
    /// Empty: any.
    provider: String,
    audio_minute: u64,
    input_mtok: u64,
    cached_mtok: u64,
    output_mtok: u64,
    characters_million: u64,
}

impl Price {
    fn of(price: &config::Price) -> Self {
        let input_mtok = millionths(price.input_mtok);
        let cached_mtok = millionths(price.cached_mtok);
        Self {
            model: price.model.clone(),
            provider: price.provider.clone(),
            audio_minute: millionths(price.audio_minute),
            input_mtok,
            cached_mtok: if cached_mtok == 0 { input_mtok } else { cached_mtok },
            output_mtok: millionths(price.output_mtok),
            characters_million: millionths(price.characters_million),
        }
    }

    fn is_for(&self, usage: &Usage) -> bool {
        self.model == usage.model && (self.provider.is_empty() || self.provider == usage.provider)
    }

    /// 10⁻¹² of the currency.
    fn fractions(&self, amount: Amount) -> u128 {
        let product = |count: u64, price: u64| u128::from(count) * u128::from(price);
        match amount {
            // A minute has 60,000 ms.
            Amount::Transcription { audio_ms } => product(audio_ms, self.audio_minute) * FRACTIONS / 60_000,
            Amount::Tokens { input, cached, output } => {
                product(input, self.input_mtok) + product(cached, self.cached_mtok) + product(output, self.output_mtok)
            }
            Amount::Speech { characters } => product(characters, self.characters_million),
        }
    }
}

/// A price of the configuration, which limits it to 10,000.
fn millionths(price: f32) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "limited and not negative")]
    let millionths = (f64::from(price) * 1e6).round() as u64;
    millionths
}

fn rounded(fractions: u128) -> Cost {
    Cost(u64::try_from((fractions + FRACTIONS / 2) / FRACTIONS).unwrap_or(u64::MAX))
}

/// Counts what services cost. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("spent", &self.spent()).finish_non_exhaustive()
    }
}

struct Inner {
    prices: Vec<Price>,
    /// Zero: no limit.
    budget: Cost,
    warn_at: Cost,
    time_zone: TimeZone,
    wall: WallClock,
    book: Arc<dyn DayBook>,
    bus: Option<Bus>,
    sums: Mutex<Sums>,
    status: watch::Sender<BudgetStatus>,
}

struct Sums {
    /// 10⁻¹² of the currency, since the start of the program.
    total: u128,
    day: Date,
    day_ends: Timestamp,
    /// What other runs had spent of the day.
    before: Cost,
    /// 10⁻¹² of the currency, today in this run.
    today: u128,
    /// What the bus was told of the day's cost last.
    told: Option<Cost>,
    /// Today in this run; the fractions beside each, because its cost is rounded.
    models: BTreeMap<(u8, String, String), (UsageSum, u128)>,
}

impl Default for Ledger {
    /// Knows no prices and no budget.
    fn default() -> Self {
        let wall: WallClock = Arc::new(Timestamp::now);
        Self::new(&config::Costs::default(), TimeZone::UTC, wall, Arc::new(NoDayBook), None)
    }
}

impl Ledger {
    /// Counts by the prices and the budget of `[costs]`, by the days of `time_zone`; tells `bus` of each change of the
    /// day's cost and of the budget.
    #[must_use]
    pub fn new(
        costs: &config::Costs,
        time_zone: TimeZone,
        wall: WallClock,
        book: Arc<dyn DayBook>,
        bus: Option<Bus>,
    ) -> Self {
        let budget = Cost(millionths(costs.daily_budget));
        let warn_at = Cost(budget.0 / 100 * u64::from(costs.warn_at_percent));
        let now = wall();
        let (day, day_ends) = day_of(now, &time_zone);
        let before = book.spent_on(day);
        let sums = Sums { total: 0, day, day_ends, before, today: 0, told: None, models: BTreeMap::new() };
        let (prices, status) = (costs.prices.iter().map(Price::of).collect(), watch::Sender::default());
        let sums = Mutex::new(sums);
        let ledger =
            Self { inner: Arc::new(Inner { prices, budget, warn_at, time_zone, wall, book, bus, sums, status }) };
        ledger.tell(&mut ledger.lock());
        ledger
    }

    /// One request was served, or may have been: it was sent and not refused.
    pub fn used(&self, usage: &Usage) {
        let mut sums = self.lock();
        self.begin_day(&mut sums);
        // A price for this provider before one for any.
        let fitting = self.inner.prices.iter().filter(|price| price.is_for(usage));
        let price = fitting.max_by_key(|price| !price.provider.is_empty());
        let fractions = price.map_or(0, |price| price.fractions(usage.amount));
        sums.total += fractions;
        sums.today += fractions;
        let kind = usage.amount.kind();
        let key = (kind as u8, usage.provider.clone(), usage.model.clone());
        let (sum, exact) = sums.models.entry(key).or_insert_with(|| (empty(kind, usage), 0));
        match usage.amount {
            Amount::Transcription { audio_ms } => sum.audio_ms += audio_ms,
            Amount::Tokens { input, cached, output } => {
                sum.input_tokens += input;
                sum.cached_tokens += cached;
                sum.output_tokens += output;
            }
            Amount::Speech { characters } => sum.characters += characters,
        }
        *exact += fractions;
        sum.cost = rounded(*exact);
        let sum = sum.clone();
        self.inner.book.keep(sums.day, &sum);
        self.tell(&mut sums);
    }

    /// What has been spent since the start of the program. The cost of a turn or visit is the difference
    /// ([`Cost::since`]); what a request used may become known up to a second after its end.
    #[must_use]
    pub fn spent(&self) -> Cost {
        rounded(self.lock().total)
    }

    /// The present day in the stand's time zone, and what it has cost so far, runs before this one included.
    #[must_use]
    pub fn today(&self) -> (Date, Cost) {
        let mut sums = self.lock();
        if self.begin_day(&mut sums) {
            self.tell(&mut sums);
        }
        (sums.day, sums.spent_today())
    }

    /// How the day's budget stands.
    #[must_use]
    pub fn status(&self) -> BudgetStatus {
        let mut sums = self.lock();
        if self.begin_day(&mut sums) {
            self.tell(&mut sums);
        }
        *self.inner.status.borrow()
    }

    /// Whether services may be asked.
    #[must_use]
    pub fn admits(&self) -> bool {
        self.inner.budget == Cost::default() || self.status() != BudgetStatus::Exhausted
    }

    /// Changes of the budget's status.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<BudgetStatus> {
        self.inner.status.subscribe()
    }

    /// Begins a new day, if it is one; also when the clock was set back.
    fn begin_day(&self, sums: &mut Sums) -> bool {
        let now = (self.inner.wall)();
        if now < sums.day_ends && day_of(now, &self.inner.time_zone).0 == sums.day {
            return false;
        }
        (sums.day, sums.day_ends) = day_of(now, &self.inner.time_zone);
        sums.before = self.inner.book.spent_on(sums.day);
        sums.today = 0;
        sums.models.clear();
        true
    }

    /// Publishes what is new; the lock is held, so that changes are told in their order.
    fn tell(&self, sums: &mut Sums) {
        let Inner { budget, warn_at, status, bus, .. } = &*self.inner;
        let spent = sums.spent_today();
        if let Some(bus) = bus
            && sums.told.replace(spent) != Some(spent)
        {
            bus.publish(Event::Spent { scope: "day", cost: spent });
        }
        let new = if *budget == Cost::default() {
            BudgetStatus::Within
        } else if spent >= *budget {
            BudgetStatus::Exhausted
        } else if spent >= *warn_at {
            BudgetStatus::Warning
        } else {
            BudgetStatus::Within
        };
        if !status.send_if_modified(|status| std::mem::replace(status, new) != new) {
            return;
        }
        if let Some(bus) = bus {
            bus.publish(Event::Budget { status: new, spent, budget: *budget });
        }
        if new == BudgetStatus::Exhausted
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(wait_for_midnight(Arc::downgrade(&self.inner)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.inner.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sums {
    fn spent_today(&self) -> Cost {
        self.before + rounded(self.today)
    }
}

fn empty(kind: ProviderKind, usage: &Usage) -> UsageSum {
    UsageSum {
        kind,
        provider: usage.provider.clone(),
        model: usage.model.clone(),
        audio_ms: 0,
        input_tokens: 0,
        cached_tokens: 0,
        output_tokens: 0,
        characters: 0,
        cost: Cost::default(),
    }
}

/// Nobody asks a service whose budget is spent: so the ledger looks by itself whether the day is over.
async fn wait_for_midnight(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(LOOK_FOR_MIDNIGHT).await;
        let Some(inner) = inner.upgrade() else { return };
        if (Ledger { inner }).status() != BudgetStatus::Exhausted {
            return;
        }
    }
}

/// The day of `now`, and when it ends.
fn day_of(now: Timestamp, time_zone: &TimeZone) -> (Date, Timestamp) {
    let day = now.to_zoned(time_zone.clone()).date();
    let end = day.tomorrow().and_then(|next| next.to_zoned(time_zone.clone())).map(|next| next.timestamp());
    (day, end.unwrap_or(Timestamp::MAX))
}

/// What a request uses, told to the ledger when it is dropped: however the request ends, and even if it is cancelled, for
/// the service has begun its work. Only a request that was refused costs nothing.
pub(crate) struct Charge {
    service: Arc<Service>,
    model: String,
    amount: Amount,
    is_void: bool,
}

impl Charge {
    /// For a request that is about to be sent.
    pub(crate) fn new(service: Arc<Service>, model: &str, amount: Amount) -> Self {
        Self { service, model: model.to_owned(), amount, is_void: false }
    }

    /// More is known of it.
    pub(crate) fn set(&mut self, amount: Amount) {
        self.amount = amount;
    }

    /// The service did not take it.
    pub(crate) fn refused(mut self) {
        self.is_void = true;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if !self.is_void {
            self.service.used(&self.model, self.amount);
        }
    }
}

/// Tokens of a text where the service does not tell: four characters each, OpenAI's rule of thumb for English ("What are
/// tokens and how to count them?"); Arabic has more.
pub(crate) fn estimated_tokens(characters: u64) -> u64 {
    characters.div_ceil(4)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
