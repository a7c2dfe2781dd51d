//! The people on record and the staff's desk: what they are built from.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Foundation;
use crate::{
    clock::Clock,
    config::Secrets,
    event::{Bus, Command, Device, DeviceStatus, Event},
    staff::{Desk, DeskHandle, DeskParts, RecogniserId, Register, system_wall_clock},
    store::{Key, Store},
    vision::RecogniserInfo,
};

use super::eyes::EyesLink;

/// The people on record, and the recogniser that their faces were read with.
pub(super) struct People {
    pub(super) register: Register,
    recogniser: RecogniserInfo,
}

/// The key to what is personal. `None`: staff are told; nobody is recognised, nothing personal is kept, the voice goes on.
pub(super) fn key(foundation: &Foundation, bus: &Bus) -> Option<Key> {
    let config = &foundation.config;
    let name = &config.store.key;
    let tell = |detail: String| tell(bus, detail);
    let secret = Secrets::from_environment().get(name).map_err(|error| tell(error.to_string())).ok()?;
    Key::load(&config.paths.database, name, secret.as_ref()).map_err(|error| tell(error.to_string())).ok()
}

fn tell(bus: &Bus, detail: String) {
    bus.publish(Event::Device { device: Device::Store, status: DeviceStatus::Lost, detail });
}

impl People {
    /// `None` without a recogniser: staff are told, nobody is recognised or enrolled, the voice goes on.
    pub(super) fn open(foundation: &Foundation, store: &Store, key: Key, bus: &Bus) -> Option<Self> {
        let config = &foundation.config;
        let recogniser = RecogniserInfo::configured(&foundation.models, &config.vision)
            .map_err(|error| tell(bus, format!("nobody can be recognised: {error}")))
            .ok()?;
        let id = RecogniserId { name: recogniser.name.clone(), dimensions: recogniser.dimensions };
        let register = Register::new(store.people(key), id, config.enrolment.retention_days, system_wall_clock());
        Some(Self { register, recogniser })
    }

    /// Opens the desk behind the staff pages, which also keeps the register up to date.
    pub(super) fn open_desk(
        &self,
        foundation: &Foundation,
        clock: Arc<dyn Clock>,
        eyes: &EyesLink,
        conversation: mpsc::Sender<Command>,
        repaint: Arc<dyn Fn() + Send + Sync>,
    ) -> DeskHandle {
        Desk::start(DeskParts {
            clock,
            config: foundation.config.clone(),
            register: self.register.clone(),
            same_person_threshold: self.recogniser.same_person_threshold,
            glimpses: eyes.glimpses.clone(),
            eyes: eyes.mode.clone(),
            conversation,
            repaint: Box::new(move || repaint()),
        })
    }

    /// Reads the people on record once: a replay recognises them without a desk.
    pub(super) async fn load(&self) {
        let register = self.register.clone();
        let loading = async move {
            register.people().ready().await?;
            tokio::task::spawn_blocking(move || register.load())
                .await
                .map_err(|error| crate::store::StoreError::NotChanged(error.to_string()))?
        };
        if let Err(error) = loading.await {
            tracing::error!(%error, "the people on record cannot be read; nobody is recognised");
        }
    }
}
