//! What can be reached, as the window shows it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::event::{Connection, ProviderKind};

/// What can be reached, derived from all guards and the budget. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health {
    connection: watch::Sender<Connection>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Each service's kind, and whether it is suspended.
    services: Vec<(ProviderKind, bool)>,
    is_budget_spent: bool,
}

impl Default for Health {
    fn default() -> Self {
        Self { connection: watch::Sender::new(Connection::Local), known: Arc::default() }
    }
}

impl Health {
    /// `Local` where no service is configured; `Offline` while every service of speech to text or every language model is
    /// suspended, for that limits what visitors can ask (another voice does not), and while the day's budget is spent;
    /// else `Online`.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }

    /// The present state.
    #[must_use]
    pub fn connection(&self) -> Connection {
        *self.connection.borrow()
    }

    /// One more service; gives its number.
    pub(super) fn add(&self, kind: ProviderKind) -> usize {
        let mut known = self.lock();
        known.services.push((kind, false));
        self.publish(&known);
        known.services.len() - 1
    }

    pub(super) fn set(&self, service: usize, is_suspended: bool) {
        let mut known = self.lock();
        if let Some((_, suspended)) = known.services.get_mut(service) {
            *suspended = is_suspended;
        }
        self.publish(&known);
    }

    pub(super) fn set_budget_spent(&self, is_budget_spent: bool) {
        let mut known = self.lock();
        known.is_budget_spent = is_budget_spent;
        self.publish(&known);
    }

    fn publish(&self, known: &Known) {
        let is_away = |kind: ProviderKind| {
            let mut of_kind = known.services.iter().filter(|(own, _)| *own == kind).peekable();
            of_kind.peek().is_some() && of_kind.all(|(_, is_suspended)| *is_suspended)
        };
        let is_limited =
            known.is_budget_spent || is_away(ProviderKind::SpeechToText) || is_away(ProviderKind::LanguageModel);
        let connection = if known.services.is_empty() {
            Connection::Local
        } else if is_limited {
            Connection::Offline
        } else {
            Connection::Online
        };
        self.connection.send_if_modified(|current| std::mem::replace(current, connection) != connection);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kiosk_is_offline_only_without_ears_or_mind() {
        let health = Health::default();
        assert_eq!(health.connection(), Connection::Local);
        let [voice, ears, mind, spare] = [
            ProviderKind::TextToSpeech,
            ProviderKind::SpeechToText,
            ProviderKind::LanguageModel,
            ProviderKind::LanguageModel,
        ]
        .map(|kind| health.add(kind));
        let set = |service, is_suspended| {
            health.set(service, is_suspended);
            health.connection()
        };
        assert_eq!(set(voice, true), Connection::Online);
        assert_eq!(set(ears, true), Connection::Offline);
        assert_eq!(set(ears, false), Connection::Online);
        assert_eq!(set(mind, true), Connection::Online, "the spare one answers");
        assert_eq!(set(spare, true), Connection::Offline);
        assert_eq!(set(mind, false), Connection::Online);
        health.set_budget_spent(true);
        assert_eq!(health.connection(), Connection::Offline);
        health.set_budget_spent(false);
        assert_eq!(health.connection(), Connection::Online);
    }
}
