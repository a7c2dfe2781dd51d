//! Which screen a state of the conversation has, what the nameplate says, and what the avatar does.

use crate::{
    event::{Card, Device, Language, Phase, Speaker, View},
    ui::{icons::Icon, motion::AvatarState, widgets::PlateText},
    words::Words,
};

/// A screen of the visitor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scene {
    /// Nobody is there.
    Attract,
    /// Somebody who agreed to be known is greeted by name.
    Greeting,
    /// A visit goes on.
    Conversation,
    /// A card takes the place of what is said and of the topics: an appointment, or what the visit came to.
    Card,
    /// The services do not answer and nothing is being said: what works now.
    Offline,
    /// A device is lost and nothing is being said: what works now.
    Lost(Device),
}

/// The screen for `view`. What is being said or shown goes before what does not work, but for an ear that is missing.
#[must_use]
pub fn scene_of(view: &View) -> Scene {
    let is_quiet = view.caption.is_none() && view.hint.is_none();
    if view.card.is_some() {
        return Scene::Card;
    }
    match AvatarState::of(view.phase, view.connection, &view.lost) {
        AvatarState::Lost(Device::Microphone) if view.caption.is_none() => Scene::Lost(Device::Microphone),
        AvatarState::Lost(device) if is_quiet => Scene::Lost(device),
        AvatarState::Offline if is_quiet => Scene::Offline,
        _ if is_greeted(view) => Scene::Greeting,
        _ if view.phase == Phase::Idle && is_quiet => Scene::Attract,
        _ => Scene::Conversation,
    }
}

/// Whether the visitor is known and nothing but the greeting has been said.
fn is_greeted(view: &View) -> bool {
    let is_first = view.before.is_none()
        && view.hint.is_none()
        && view.caption.as_ref().is_none_or(|caption| caption.speaker == Speaker::Kiosk);
    let is_open = matches!(view.phase, Phase::Attending | Phase::Listening | Phase::Speaking | Phase::Interrupted);
    view.known.is_some() && is_first && is_open
}

/// Whether the microphone is lost: the visitor can only touch.
pub(super) fn is_deaf(view: &View) -> bool {
    view.lost.contains(&Device::Microphone)
}

/// The icon and the key of the nameplate.
fn plate(view: &View) -> (Icon, &'static str) {
    match (scene_of(view), view.phase) {
        (Scene::Lost(Device::Microphone), _) => (Icon::MicrophoneOff, "plate.mic"),
        (Scene::Lost(Device::Speaker), _) => (Icon::SpeakerOff, "plate.speaker"),
        (Scene::Lost(_), _) => (Icon::CameraOff, "plate.camera"),
        (Scene::Offline, _) => (Icon::CloudOff, "offline"),
        // An earlier answer may still be shown.
        (_, Phase::Attending | Phase::Listening) if is_deaf(view) => (Icon::MicrophoneOff, "plate.mic"),
        (_, Phase::Idle) if view.hint == Some("goodbye") || matches!(view.card, Some(Card::Summary(_))) => {
            (Icon::Star, "plate.goodbye")
        }
        (_, Phase::Idle) => (Icon::Hand, "attract.approach"),
        (_, Phase::Attending) => (Icon::Microphone, "attending"),
        (_, Phase::Listening) => (Icon::Microphone, "listening"),
        (_, Phase::Transcribing) => (Icon::Lozenges, "transcribing"),
        (_, Phase::Thinking) => (Icon::Lozenges, "thinking"),
        (_, Phase::CallingTool) => match &view.tool {
            Some(tool) => (Icon::named(tool.icon).unwrap_or(Icon::Lozenges), tool.key),
            None => (Icon::Search, "tool.knowledge"),
        },
        (_, Phase::Speaking) if view.lost.contains(&Device::Speaker) => (Icon::SpeakerOff, "plate.speaker"),
        (_, Phase::Speaking) => (Icon::Speaker, "speaking"),
        (_, Phase::Interrupted) => (Icon::Microphone, "interrupted"),
    }
}

/// Whether the nameplate says who speaks: while the machine talks or listens. What it is at work on needs the room.
fn names_persona(phase: Phase) -> bool {
    matches!(phase, Phase::Listening | Phase::Speaking)
}

/// What the nameplate says.
pub(super) fn plate_text(view: &View, words: &Words, language: Language) -> PlateText {
    let (icon, key) = plate(view);
    let state = words.get(key, language);
    let name = view.persona.as_ref().filter(|_| names_persona(view.phase)).map_or("", |names| names.text(language));
    let text = match name {
        "" => state.to_owned(),
        name => words.fill("plate.persona", language, &[("name", name), ("state", state)]),
    };
    PlateText { icon, words: vec![(language, text)] }
}

/// The key of the sentence on what is on and what is kept. It must be true.
pub(super) fn notice_key(view: &View) -> &'static str {
    let microphone = !is_deaf(view);
    let camera = view.camera_on && !view.lost.contains(&Device::Camera);
    match (camera, microphone, view.uses_service) {
        (true, true, true) => "notice.service",
        (true, true, false) => "notice.local",
        (false, true, true) => "notice.service.mic",
        (false, true, false) => "notice.local.mic",
        (true, false, _) => "notice.camera",
        (false, false, _) => "notice.off",
    }
}

/// The icon before that sentence.
pub(super) fn notice_icon(view: &View) -> Icon {
    match notice_key(view) {
        "notice.local.mic" | "notice.service.mic" => Icon::Microphone,
        "notice.off" => Icon::CameraOff,
        _ => Icon::Camera,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Connection;

    fn view(phase: Phase) -> View {
        View {
            phase,
            phase_since: std::time::Duration::ZERO,
            language: Language::ENGLISH,
            caption: None,
            before: None,
            hint: None,
            connection: Connection::Online,
            lost: Vec::new(),
            uses_service: false,
            camera_on: true,
            known: None,
            tool: None,
            card: None,
            persona: None,
            topics: [].into(),
            is_reading: false,
            toast: None,
        }
    }

    #[test]
    fn a_lost_microphone_is_told_whenever_the_visitor_would_speak() {
        for phase in [Phase::Idle, Phase::Attending, Phase::Listening] {
            let view = View { lost: vec![Device::Microphone], hint: Some("unheard"), ..view(phase) };
            assert_eq!(scene_of(&view), Scene::Lost(Device::Microphone), "{phase:?}");
        }
        let speaking = View { lost: vec![Device::Microphone], ..view(Phase::Speaking) };
        assert_eq!(scene_of(&speaking), Scene::Conversation);
    }

    #[test]
    fn a_microphone_lost_after_an_answer_is_told_beside_it() {
        let answer = crate::event::Caption {
            speaker: crate::event::Speaker::Kiosk,
            language: Language::ENGLISH,
            words: Vec::new(),
        };
        let listening = View { caption: Some(answer), ..view(Phase::Listening) };
        assert_eq!(plate(&listening), (Icon::Microphone, "listening"));
        let deaf = View { lost: vec![Device::Microphone], ..listening };
        assert_eq!(scene_of(&deaf), Scene::Conversation);
        assert_eq!(plate(&deaf), (Icon::MicrophoneOff, "plate.mic"));
    }

    #[test]
    fn somebody_known_is_greeted_until_they_speak() {
        let known = crate::event::KnownVisitor {
            id: crate::event::VisitorId::generate(),
            name: "Maryam".into(),
            language: Language::ENGLISH,
            agreed_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let greeted = View { known: Some(std::sync::Arc::new(known)), ..view(Phase::Listening) };
        assert_eq!(scene_of(&greeted), Scene::Greeting);
        let said = |speaker| crate::event::Caption { speaker, language: Language::ENGLISH, words: Vec::new() };
        let greeting = View { caption: Some(said(Speaker::Kiosk)), phase: Phase::Speaking, ..greeted.clone() };
        assert_eq!(scene_of(&greeting), Scene::Greeting);
        let heard = View { caption: Some(said(Speaker::Visitor)), ..greeted.clone() };
        assert_eq!(scene_of(&heard), Scene::Conversation);
        let answered = View { before: Some((Speaker::Visitor, "When?".into())), ..greeting };
        assert_eq!(scene_of(&answered), Scene::Conversation);
        assert_eq!(scene_of(&View { known: None, ..greeted }), Scene::Conversation);
    }

    #[test]
    fn nobody_is_asked_closer_while_leave_is_taken() {
        let goodbye = View { hint: Some("goodbye"), ..view(Phase::Idle) };
        assert_eq!(plate(&goodbye).1, "plate.goodbye");
    }

    #[test]
    fn the_notice_names_only_what_is_on() {
        let on = view(Phase::Idle);
        assert_eq!(notice_key(&on), "notice.local");
        assert_eq!(notice_key(&View { uses_service: true, ..on.clone() }), "notice.service");
        assert_eq!(notice_key(&View { camera_on: false, ..on.clone() }), "notice.local.mic");
        assert_eq!(notice_key(&View { lost: vec![Device::Camera], ..on.clone() }), "notice.local.mic");
        assert_eq!(notice_key(&View { lost: vec![Device::Microphone], ..on }), "notice.camera");
    }

    #[test]
    fn offline_is_told_before_the_first_word_and_not_over_an_answer() {
        let offline = |phase| scene_of(&View { connection: Connection::Offline, ..view(phase) });
        assert_eq!(offline(Phase::Idle), Scene::Offline);
        assert_eq!(offline(Phase::Speaking), Scene::Conversation);
        assert_eq!(scene_of(&View { connection: Connection::Local, ..view(Phase::Idle) }), Scene::Attract);
    }
}
