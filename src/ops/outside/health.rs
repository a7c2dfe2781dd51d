//! How the kiosk is doing, without a word of anybody's: what `GET /health` answers.

use jiff::Timestamp;
use serde::Serialize;

use super::{Body, VERSION, message::rfc3339_ms};
use crate::event::{BudgetStatus, Cost, Device, DeviceStatus, PersonaId, Phase, ProviderKind, ProviderStatus, VisitId};

/// The state, kept from the messages.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    v: u32,
    version: &'static str,
    status: Overall,
    #[serde(serialize_with = "rfc3339_ms")]
    since: Timestamp,
    state: Phase,
    visit: Option<Visit>,
    persona: Option<PersonaId>,
    devices: Vec<DeviceState>,
    providers: Vec<ProviderState>,
    budget: Option<Budget>,
    spent_today_micros: Cost,
    /// The newest message.
    last_event_id: Option<u64>,
    readers: usize,
    slow_readers_dropped: u64,
}

/// Whether everything works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Overall {
    /// Nothing is known to be lost.
    Ok,
    /// A device is lost or a provider does not answer; visitors are served all the same.
    Degraded,
}

#[derive(Debug, Clone, Serialize)]
struct Visit {
    id: VisitId,
    #[serde(serialize_with = "rfc3339_ms")]
    since: Timestamp,
}

#[derive(Debug, Clone, Serialize)]
struct DeviceState {
    device: Device,
    status: DeviceStatus,
    detail: String,
    #[serde(serialize_with = "rfc3339_ms")]
    since: Timestamp,
}

#[derive(Debug, Clone, Serialize)]
struct ProviderState {
    kind: ProviderKind,
    name: String,
    status: ProviderStatus,
    detail: String,
    #[serde(serialize_with = "rfc3339_ms")]
    since: Timestamp,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Budget {
    status: BudgetStatus,
    spent_micros: Cost,
    budget_micros: Cost,
}

impl Health {
    /// Nothing has happened since `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            v: VERSION,
            version: env!("CARGO_PKG_VERSION"),
            status: Overall::Ok,
            since: now,
            state: Phase::Idle,
            visit: None,
            persona: None,
            devices: Vec::new(),
            providers: Vec::new(),
            budget: None,
            spent_today_micros: Cost::default(),
            last_event_id: None,
            readers: 0,
            slow_readers_dropped: 0,
        }
    }

    /// Takes note of message `id`.
    pub(super) fn note(&mut self, id: u64, at: Timestamp, body: &Body) {
        self.last_event_id = Some(id);
        match body {
            Body::VisitStarted { visit } => {
                self.visit = Some(Visit { id: *visit, since: at });
                self.persona = None;
            }
            Body::VisitEnded { .. } => self.visit = None,
            Body::StateChanged { to, .. } => self.state = *to,
            Body::PersonaChanged { to, .. } => self.persona = Some(to.clone()),
            Body::Spent { scope: "day", cost_micros } => self.spent_today_micros = *cost_micros,
            Body::Budget { status, spent_micros, budget_micros } => {
                let (status, spent_micros, budget_micros) = (*status, *spent_micros, *budget_micros);
                self.budget = Some(Budget { status, spent_micros, budget_micros });
            }
            Body::Device { device, status, detail } => {
                self.devices.retain(|known| known.device != *device);
                let detail = detail.clone();
                self.devices.push(DeviceState { device: *device, status: *status, detail, since: at });
            }
            Body::Provider { kind, name, status, detail } => {
                self.providers.retain(|known| (known.kind, &known.name) != (*kind, name));
                let (name, detail) = (name.clone(), detail.clone());
                self.providers.push(ProviderState { kind: *kind, name, status: *status, detail, since: at });
            }
            Body::Transcript { .. }
            | Body::VisitorRecognized { .. }
            | Body::ToolCall { .. }
            | Body::Spent { .. }
            | Body::CallSummary { .. } => {}
        }
        let is_lost = self.devices.iter().any(|known| known.status == DeviceStatus::Lost)
            || self.providers.iter().any(|known| known.status != ProviderStatus::Healthy);
        self.status = if is_lost { Overall::Degraded } else { Overall::Ok };
    }

    /// With what the hub knows besides.
    pub(super) fn with_readers(&self, readers: usize, slow_readers_dropped: u64) -> Self {
        Self { readers, slow_readers_dropped, ..self.clone() }
    }
}
