//! Sums, days and the budget.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::clock::ManualClock;

/// A book that outlives its ledger.
#[derive(Default)]
struct Kept(Mutex<BTreeMap<(Date, String), Cost>>);

impl DayBook for Kept {
    fn spent_on(&self, day: Date) -> Cost {
        let sums = self.0.lock().unwrap();
        sums.iter().filter(|((kept, _), _)| *kept == day).fold(Cost::default(), |sum, (_, cost)| sum + *cost)
    }

    fn keep(&self, day: Date, sum: &UsageSum) {
        self.0.lock().unwrap().insert((day, sum.model.clone()), sum.cost);
    }
}

struct World {
    now: Arc<Mutex<Timestamp>>,
    book: Arc<Kept>,
    costs: config::Costs,
    bus: Bus,
}

impl World {
    fn new(daily_budget: f32) -> Self {
        let mut costs = config::Costs { daily_budget, ..config::Costs::default() };
        let price = |model: &str| config::Price { model: model.into(), ..config::Price::default() };
        costs.prices = vec![
            config::Price { audio_minute: 0.003, ..price("ears") },
            config::Price { input_mtok: 0.15, cached_mtok: 0.075, output_mtok: 0.6, ..price("mind") },
            config::Price { input_mtok: 3.0, provider: "dear".into(), ..price("mind") },
            config::Price { characters_million: 12.0, ..price("voice") },
        ];
        let bus = Bus::new(Arc::new(ManualClock::default()));
        let now = Arc::new(Mutex::new("2026-11-24T12:00:00Z".parse().unwrap()));
        Self { now, book: Arc::default(), costs, bus }
    }

    fn ledger(&self) -> Ledger {
        let now = self.now.clone();
        let wall: WallClock = Arc::new(move || *now.lock().unwrap());
        let zone = TimeZone::get("Asia/Riyadh").unwrap();
        Ledger::new(&self.costs, zone, wall, self.book.clone(), Some(self.bus.clone()))
    }

    fn set(&self, now: &str) {
        *self.now.lock().unwrap() = now.parse().unwrap();
    }
}

fn usage(model: &str, amount: Amount) -> Usage {
    Usage { provider: "cloud".into(), model: model.into(), amount }
}

fn minute() -> Usage {
    usage("ears", Amount::Transcription { audio_ms: 60_000 })
}

#[test]
fn each_kind_costs_its_price() {
    let ledger = World::new(0.0).ledger();
    let cost = |usage: Usage| {
        let before = ledger.spent();
        ledger.used(&usage);
        ledger.spent().since(before)
    };
    assert_eq!(cost(minute()), Cost(3_000));
    let tokens = Amount::Tokens { input: 1_000, cached: 2_000, output: 100 };
    assert_eq!(cost(usage("mind", tokens)), Cost(150 + 150 + 60));
    let dear = Usage { provider: "dear".into(), ..usage("mind", tokens) };
    assert_eq!(cost(dear), Cost(9_000), "its own price; what is cached costs the same unless a price says otherwise");
    assert_eq!(cost(usage("voice", Amount::Speech { characters: 50 })), Cost(600));
    assert_eq!(cost(usage("unknown", tokens)), Cost(0));
}

#[test]
fn many_small_requests_cost_as_much_as_one_large_one() {
    let ledger = World::new(0.0).ledger();
    for _ in 0..1_000 {
        // 0.15 millionths each.
        ledger.used(&usage("mind", Amount::Tokens { input: 1, cached: 0, output: 0 }));
    }
    assert_eq!(ledger.spent(), Cost(150));
    assert_eq!(ledger.today().1, Cost(150));
}

#[test]
fn the_budget_warns_stops_and_is_whole_again_at_midnight_of_the_stand() {
    let world = World::new(0.01);
    let mut events = world.bus.subscribe();
    let ledger = world.ledger();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        ledger.used(&minute());
        statuses.push((ledger.status(), ledger.admits()));
    }
    use BudgetStatus::{Exhausted, Warning, Within};
    assert_eq!(statuses, [(Within, true), (Within, true), (Warning, true), (Exhausted, false)]);
    // Riyadh is three hours ahead of UTC.
    world.set("2026-11-24T20:59:59Z");
    assert!(!ledger.admits());
    world.set("2026-11-24T21:00:00Z");
    assert!(ledger.admits());
    assert_eq!(ledger.today(), ("2026-11-25".parse().unwrap(), Cost(0)));
    assert_eq!(ledger.spent(), Cost(12_000), "the running total goes on");
    let told: Vec<_> = std::iter::from_fn(|| events.try_next())
        .filter_map(|stamped| match stamped.event {
            Event::Budget { status, spent, budget } => Some((status, spent, budget)),
            _ => None,
        })
        .collect();
    let budget = Cost(10_000);
    let expected = [(Warning, Cost(9_000), budget), (Exhausted, Cost(12_000), budget), (Within, Cost(0), budget)];
    assert_eq!(told, expected, "each change once");
}

#[test]
fn what_the_day_has_cost_is_told_at_the_start_with_each_change_and_at_midnight() {
    let world = World::new(0.0);
    let mut events = world.bus.subscribe();
    let mut told = || -> Vec<Cost> {
        std::iter::from_fn(|| events.try_next())
            .filter_map(|stamped| match stamped.event {
                Event::Spent { scope: "day", cost } => Some(cost),
                _ => None,
            })
            .collect()
    };
    let ledger = world.ledger();
    assert_eq!(told(), [Cost(0)]);
    ledger.used(&minute());
    ledger.used(&usage("unknown", Amount::Speech { characters: 1 }));
    ledger.used(&minute());
    assert_eq!(told(), [Cost(3_000), Cost(6_000)], "what costs nothing changes nothing");
    world.set("2026-11-24T21:00:00Z");
    assert_eq!((ledger.today().1, told()), (Cost(0), vec![Cost(0)]));
    world.set("2026-11-24T20:00:00Z");
    drop(ledger);
    let _next_run = world.ledger();
    assert_eq!(told(), [Cost(6_000)], "the runs before count");
}

#[test]
fn a_restart_does_not_refill_the_budget() {
    let world = World::new(0.01);
    let ledger = world.ledger();
    for _ in 0..4 {
        ledger.used(&minute());
    }
    drop(ledger);
    let ledger = world.ledger();
    assert!(!ledger.admits());
    assert_eq!((ledger.spent(), ledger.today().1), (Cost(0), Cost(12_000)));
}

#[test]
fn without_a_budget_nothing_is_ever_exhausted() {
    let ledger = World::new(0.0).ledger();
    for _ in 0..1_000 {
        ledger.used(&minute());
    }
    assert_eq!((ledger.status(), ledger.admits()), (BudgetStatus::Within, true));
}
