//! What the avatar does, seen from the conversation.

use crate::event::{Connection, Device, Phase};

/// What the avatar does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AvatarState {
    /// Nobody is there.
    #[default]
    Idle,
    /// Somebody is there, nothing was said yet.
    Attending,
    /// The visitor may speak, or speaks.
    Listening,
    /// As listening, at once: the visitor spoke over the answer.
    Interrupted,
    /// The answer is being found, or a tool runs.
    Thinking,
    /// The answer is being heard.
    Speaking,
    /// Something good happened; lasts [`super::GLAD`].
    Glad,
    /// It waits, and the services cannot be reached.
    Offline,
    /// It waits, and this device is lost.
    Lost(Device),
    /// The service is paused.
    Safe,
}

impl AvatarState {
    /// What the avatar does in a conversation at `phase`. While it waits it shows what is missing, the worst first: it
    /// cannot hear, cannot be heard, cannot see, works without network. Thinking and speaking are always shown. Safe
    /// mode and gladness are not states of a conversation: the window sets them.
    #[must_use]
    pub fn of(phase: Phase, connection: Connection, lost: &[Device]) -> Self {
        const BY_WEIGHT: [Device; 3] = [Device::Microphone, Device::Speaker, Device::Camera];
        let lost = BY_WEIGHT.into_iter().find(|device| lost.contains(device));
        match (phase, lost) {
            (Phase::Transcribing | Phase::Thinking | Phase::CallingTool, _) => Self::Thinking,
            (Phase::Speaking, _) => Self::Speaking,
            (Phase::Interrupted, _) => Self::Interrupted,
            (Phase::Listening, Some(Device::Microphone)) => Self::Lost(Device::Microphone),
            (Phase::Listening, _) => Self::Listening,
            (Phase::Idle | Phase::Attending, Some(device)) => Self::Lost(device),
            (Phase::Idle | Phase::Attending, None) if connection == Connection::Offline => Self::Offline,
            (Phase::Attending, None) => Self::Attending,
            (Phase::Idle, None) => Self::Idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_microphone_is_shown_while_waiting_and_listening_but_an_answer_is_spoken() {
        let of = |phase| AvatarState::of(phase, Connection::Online, &[Device::Camera, Device::Microphone]);
        assert_eq!(of(Phase::Idle), AvatarState::Lost(Device::Microphone));
        assert_eq!(of(Phase::Listening), AvatarState::Lost(Device::Microphone));
        assert_eq!(of(Phase::Speaking), AvatarState::Speaking);
    }

    #[test]
    fn without_camera_it_still_listens() {
        assert_eq!(AvatarState::of(Phase::Listening, Connection::Online, &[Device::Camera]), AvatarState::Listening);
    }

    #[test]
    fn a_kiosk_that_is_meant_to_work_alone_does_not_look_offline() {
        assert_eq!(AvatarState::of(Phase::Idle, Connection::Local, &[]), AvatarState::Idle);
        assert_eq!(AvatarState::of(Phase::Attending, Connection::Offline, &[]), AvatarState::Offline);
    }

    #[test]
    fn a_lost_store_or_display_is_not_the_visitors_concern() {
        assert_eq!(
            AvatarState::of(Phase::Idle, Connection::Online, &[Device::Store, Device::Display]),
            AvatarState::Idle
        );
    }
}
