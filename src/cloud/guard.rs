//! A breaker with its surroundings: the bus that hears of every change, the health shown in the window, and the
//! probe that brings a service back.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use tokio::task::AbortHandle;

use super::{Breaker, BreakerSettings, FailureKind, Health, Ledger, ProviderError};
use crate::{
    clock::Clock,
    event::{BudgetStatus, Bus, Event, ProviderKind, ProviderStatus, ServedBy},
};

/// A failure that came later than this is no hiccup: another try would make the visitor wait twice.
const QUICK: Duration = Duration::from_millis(400);

/// Whether the same provider may be asked once more, `elapsed` after it was asked first: a connection that died in
/// the pool, a worker that was just restarted. Only where nothing was heard yet.
pub(crate) fn worth_a_second_try(error: &ProviderError, elapsed: Duration) -> bool {
    matches!(error.kind, FailureKind::Cut | FailureKind::ServerError) && error.retry_after.is_none() && elapsed < QUICK
}

/// Asks a service whether it is there, without using it.
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// Succeeds if the service answers; [`FailureKind::Rejected`] if it is there but answers no probes.
    async fn probe(&self) -> Result<(), ProviderError>;
}

/// Makes guards that share a clock, a bus and the health.
#[derive(Clone)]
pub struct Supervisor {
    clock: Arc<dyn Clock>,
    bus: Bus,
    health: Health,
    ledger: Option<Ledger>,
}

impl Supervisor {
    /// Nothing is guarded yet: the health is `Local`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, bus: Bus) -> Self {
        Self { clock, bus, health: Health::default(), ledger: None }
    }

    /// Lets no service be asked while the budget of `ledger` is spent. Call it on the runtime.
    #[must_use]
    pub fn with_budget(self, ledger: Ledger) -> Self {
        let (mut status, health) = (ledger.subscribe(), self.health.clone());
        health.set_budget_spent(!ledger.admits());
        tokio::spawn(async move {
            // Ends with the ledger.
            while status.changed().await.is_ok() {
                let is_spent = *status.borrow_and_update() == BudgetStatus::Exhausted;
                health.set_budget_spent(is_spent);
            }
        });
        Self { ledger: Some(ledger), ..self }
    }

    /// What can be reached.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// A guard for a service: it is suspended after failures and comes back when `probe` succeeds.
    #[must_use]
    pub fn service(
        &self,
        kind: ProviderKind,
        name: impl Into<String>,
        settings: BreakerSettings,
        probe: Arc<dyn Probe>,
    ) -> Arc<Guard> {
        let service = Some((self.health.add(kind), Breaker::new(settings), probe));
        self.guard(kind, name.into(), service)
    }

    /// A guard for the provider of last resort: its failures are told, but it is asked every time.
    #[must_use]
    pub fn last_resort(&self, kind: ProviderKind, name: impl Into<String>) -> Arc<Guard> {
        self.guard(kind, name.into(), None)
    }

    fn guard(&self, kind: ProviderKind, name: String, service: Option<(usize, Breaker, Arc<dyn Probe>)>) -> Arc<Guard> {
        let (service, breaker) = match service {
            Some((number, breaker, probe)) => (Some((number, probe)), Some(breaker)),
            None => (None, None),
        };
        let state = Mutex::new(State { breaker, told: (ProviderStatus::Healthy, None), prober: None });
        Arc::new(Guard { kind, name, service, surroundings: self.clone(), state })
    }
}

/// Decides whether one provider is asked, and tells the world what became of it, once per change.
pub struct Guard {
    kind: ProviderKind,
    name: String,
    /// Its number in the health, and what asks whether it is there; `None`: the last resort.
    service: Option<(usize, Arc<dyn Probe>)>,
    surroundings: Supervisor,
    state: Mutex<State>,
}

struct State {
    breaker: Option<Breaker>,
    /// What the bus was told last.
    told: (ProviderStatus, Option<FailureKind>),
    prober: Option<AbortHandle>,
}

impl Guard {
    /// Whether the provider may be asked.
    #[must_use]
    pub fn admits(&self) -> bool {
        let has_money = self.service.is_none() || self.surroundings.ledger.as_ref().is_none_or(Ledger::admits);
        has_money && self.lock().breaker.as_ref().is_none_or(Breaker::is_closed)
    }

    /// Where its provider is.
    pub(crate) fn served_by(&self) -> ServedBy {
        if self.service.is_some() { ServedBy::Cloud } else { ServedBy::Embedded }
    }

    /// A request was served.
    pub fn succeeded(&self) {
        let mut state = self.lock();
        if let Some(breaker) = &mut state.breaker {
            breaker.succeeded();
        }
        if let Some(prober) = state.prober.take() {
            prober.abort();
        }
        self.tell(&mut state, ProviderStatus::Healthy, None, "answers again");
    }

    /// A request failed for good. Called on the runtime: the probe may have to be started.
    pub fn failed(self: &Arc<Self>, error: &ProviderError) {
        let now = self.surroundings.clock.now();
        let mut state = self.lock();
        let has_opened = state.breaker.as_mut().is_some_and(|breaker| breaker.failed(error, now));
        if has_opened {
            let due = state.breaker.as_ref().and_then(Breaker::probe_due).unwrap_or(now);
            let pause = due.saturating_sub(now).as_secs_f32();
            let detail = format!("{}; left alone, tried again in {pause:.0} s", error.message);
            self.tell(&mut state, ProviderStatus::Suspended, Some(error.kind), &detail);
            state.prober = Some(tokio::spawn(bring_back(Arc::downgrade(self))).abort_handle());
        } else if state.breaker.as_ref().is_none_or(Breaker::is_closed) {
            self.tell(&mut state, ProviderStatus::Failed, Some(error.kind), &error.message);
        }
    }

    /// One round of the background probe: gives whether to go on.
    async fn try_to_bring_back(&self) -> bool {
        let Some((_, probe)) = &self.service else { return false };
        let result = probe.probe().await;
        let now = self.surroundings.clock.now();
        let mut state = self.lock();
        let Some(breaker) = &mut state.breaker else { return false };
        let is_back = breaker.probed(&result, now);
        if is_back {
            self.tell(&mut state, ProviderStatus::Healthy, None, "answers again");
        }
        !is_back
    }

    /// Publishes what is new; the lock is held, so that changes are told in their order.
    fn tell(&self, state: &mut State, status: ProviderStatus, cause: Option<FailureKind>, detail: &str) {
        if std::mem::replace(&mut state.told, (status, cause)) == (status, cause) {
            return;
        }
        if let Some((number, _)) = self.service {
            self.surroundings.health.set(number, status == ProviderStatus::Suspended);
        }
        let (kind, name, detail) = (self.kind, self.name.clone(), detail.to_owned());
        self.surroundings.bus.publish(Event::Provider { kind, name, status, detail });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(prober) = self.lock().prober.take() {
            prober.abort();
        }
    }
}

/// Probes whenever the breaker says so, until it is closed or the guard is gone.
async fn bring_back(guard: Weak<Guard>) {
    loop {
        let Some((clock, due)) = guard.upgrade().and_then(|guard| {
            let due = guard.lock().breaker.as_ref().and_then(Breaker::probe_due)?;
            Some((guard.surroundings.clock.clone(), due))
        }) else {
            return;
        };
        clock.sleep_until(due).await;
        let Some(guard) = guard.upgrade() else { return };
        if !guard.try_to_bring_back().await {
            return;
        }
    }
}

/// A provider in a chain, with its guard.
pub struct Link<P: ?Sized> {
    /// The provider.
    pub provider: Arc<P>,
    /// Decides whether it is asked.
    pub guard: Arc<Guard>,
}

impl<P: ?Sized> Link<P> {
    /// A link of a chain.
    #[must_use]
    pub fn new(provider: Arc<P>, guard: Arc<Guard>) -> Self {
        Self { provider, guard }
    }
}

impl<P: ?Sized> Clone for Link<P> {
    fn clone(&self) -> Self {
        Self { provider: self.provider.clone(), guard: self.guard.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::ManualClock, event::Connection};

    /// Fails as often as it is told to, then succeeds.
    struct Scripted(Mutex<u32>);

    #[async_trait]
    impl Probe for Scripted {
        async fn probe(&self) -> Result<(), ProviderError> {
            let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if *failures == 0 {
                return Ok(());
            }
            *failures -= 1;
            Err(ProviderError::new("cloud", FailureKind::Unreachable, "still away"))
        }
    }

    #[tokio::test]
    async fn a_suspended_service_comes_back_by_itself_and_each_change_is_told_once() {
        let clock = ManualClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let mut events = bus.subscribe();
        let supervisor = Supervisor::new(Arc::new(clock.clone()), bus);
        let health = supervisor.health();
        assert_eq!(health.connection(), Connection::Local);
        let settings = BreakerSettings { failures: 2, open: Duration::from_secs(20) };
        let guard =
            supervisor.service(ProviderKind::LanguageModel, "cloud", settings, Arc::new(Scripted(Mutex::new(1))));
        assert_eq!(health.connection(), Connection::Online);

        let failure = ProviderError::new("cloud", FailureKind::ServerError, "500");
        guard.failed(&failure);
        guard.failed(&failure);
        guard.failed(&failure);
        assert!(!guard.admits());
        assert_eq!(health.connection(), Connection::Offline);

        let mut connection = health.subscribe();
        let driver = tokio::spawn(async move {
            loop {
                clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
        });
        let _ = connection.wait_for(|connection| *connection == Connection::Online).await;
        driver.abort();
        assert!(guard.admits());
        guard.succeeded();

        let told: Vec<ProviderStatus> = std::iter::from_fn(|| events.try_next())
            .filter_map(|stamped| match stamped.event {
                Event::Provider { status, .. } => Some(status),
                _ => None,
            })
            .collect();
        assert_eq!(told, [ProviderStatus::Failed, ProviderStatus::Suspended, ProviderStatus::Healthy]);
    }
}
