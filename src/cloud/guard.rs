//! A breaker with its surroundings: the bus that hears of every change, the health shown in the window, and the
//! probe that brings a service back.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{sync::watch, task::AbortHandle};

use super::{Breaker, BreakerSettings, FailureKind, ProviderError};
use crate::{
    clock::Clock,
    event::{Bus, Connection, Event, ProviderKind, ProviderStatus, ServedBy},
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

/// What can be reached, derived from all guards. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health {
    connection: watch::Sender<Connection>,
    suspended: Arc<Mutex<Vec<(ProviderKind, bool)>>>,
}

impl Default for Health {
    fn default() -> Self {
        Self { connection: watch::Sender::new(Connection::Local), suspended: Arc::default() }
    }
}

impl Health {
    /// `Local` where no service is configured; `Offline` while speech to text or the language model is suspended, for that
    /// limits what visitors can ask (another voice does not); else `Online`.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }

    /// The present state.
    #[must_use]
    pub fn connection(&self) -> Connection {
        *self.connection.borrow()
    }

    fn set(&self, kind: ProviderKind, is_suspended: bool) {
        let mut suspended = self.suspended.lock().unwrap_or_else(PoisonError::into_inner);
        suspended.retain(|(known, _)| *known != kind);
        suspended.push((kind, is_suspended));
        let is_offline =
            suspended.iter().any(|(kind, is_suspended)| *is_suspended && *kind != ProviderKind::TextToSpeech);
        let connection = if is_offline { Connection::Offline } else { Connection::Online };
        self.connection.send_if_modified(|current| std::mem::replace(current, connection) != connection);
    }
}

/// Makes guards that share a clock, a bus and the health.
#[derive(Clone)]
pub struct Supervisor {
    clock: Arc<dyn Clock>,
    bus: Bus,
    health: Health,
}

impl Supervisor {
    /// Nothing is guarded yet: the health is `Local`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, bus: Bus) -> Self {
        Self { clock, bus, health: Health::default() }
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
        self.health.set(kind, false);
        self.guard(kind, name.into(), Some((Breaker::new(settings), probe)))
    }

    /// A guard for the provider of last resort: its failures are told, but it is asked every time.
    #[must_use]
    pub fn last_resort(&self, kind: ProviderKind, name: impl Into<String>) -> Arc<Guard> {
        self.guard(kind, name.into(), None)
    }

    fn guard(&self, kind: ProviderKind, name: String, service: Option<(Breaker, Arc<dyn Probe>)>) -> Arc<Guard> {
        let (breaker, probe) = service.unzip();
        let state = Mutex::new(State { breaker, told: (ProviderStatus::Healthy, None), prober: None });
        Arc::new(Guard { kind, name, probe, surroundings: self.clone(), state })
    }
}

/// Decides whether one provider is asked, and tells the world what became of it, once per change.
pub struct Guard {
    kind: ProviderKind,
    name: String,
    probe: Option<Arc<dyn Probe>>,
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
        self.lock().breaker.as_ref().is_none_or(Breaker::is_closed)
    }

    /// Where its provider is.
    pub(crate) fn served_by(&self) -> ServedBy {
        if self.probe.is_some() { ServedBy::Cloud } else { ServedBy::Embedded }
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
        let Some(probe) = &self.probe else { return false };
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
        if self.probe.is_some() {
            self.surroundings.health.set(self.kind, status == ProviderStatus::Suspended);
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
    use crate::clock::ManualClock;

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

    #[test]
    fn the_kiosk_is_offline_only_without_ears_or_mind() {
        let health = Health::default();
        let suspend = |kind, is_suspended| {
            health.set(kind, is_suspended);
            health.connection()
        };
        assert_eq!(suspend(ProviderKind::TextToSpeech, true), Connection::Online);
        for kind in [ProviderKind::SpeechToText, ProviderKind::LanguageModel] {
            assert_eq!(suspend(kind, true), Connection::Offline, "{kind:?}");
            assert_eq!(suspend(kind, false), Connection::Online, "{kind:?}");
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
