//! A visit: what is said, by whom, and what works where something does not.

use super::{Frame, Scene, scene::is_deaf};
use crate::{
    event::{Caption as Said, Connection, Device, Phase, Speaker, View},
    ui::{
        icons::Icon,
        tokens::TypeRole,
        widgets::{Caption, CaptionFoot, CaptionWords, Step},
    },
};

/// The conversation's card with one row of topics.
pub(super) fn paint(frame: &mut Frame<'_, '_>) {
    let rows = frame.conversation_rows();
    frame.topics(rows);
    if frame.is_known() {
        let beds = frame.known_beds(rows);
        frame.ways_out(&beds);
        if frame.furniture.asks_forget {
            super::greeting::question(frame, beds.card);
            return;
        }
    }
    let view = frame.shown.view;
    let canvas = &*frame.canvas;
    let is_waiting = matches!(view.phase, Phase::Attending | Phase::Listening | Phase::Interrupted);
    let hears = is_waiting && !is_deaf(view);
    let is_at_work = matches!(view.phase, Phase::Transcribing | Phase::Thinking | Phase::CallingTool);

    let said = view.caption.as_ref().filter(|caption| !caption.words.is_empty());
    let you = canvas.word("you");
    let sentence = canvas.word(sentence_key(frame));
    // A sentence of the kiosk's own goes before old words; a tool's name stands beside the lozenges.
    let own_sentence = view.hint.filter(|_| !is_at_work);
    let words = match said {
        Some(caption) if own_sentence.is_none() => CaptionWords::Said(caption),
        _ => CaptionWords::Sentence(&sentence, TypeRole::CAPTION),
    };
    let is_visitors = |caption: &Said| caption.speaker == Speaker::Visitor;
    let who = match words {
        CaptionWords::Said(caption) if is_visitors(caption) => Some((Icon::Person, you.as_str())),
        _ => None,
    };
    // While the visitor's own words stand large, what was said before them is out of place.
    let before = view.before.as_ref().filter(|_| who.is_none()).map(|(speaker, text)| {
        let icon = if *speaker == Speaker::Visitor { Icon::Person } else { Icon::Star };
        (icon, text.as_str())
    });
    let labels = steps(view, is_at_work).map(|(key, is_done)| (canvas.word(key), is_done)).collect::<Vec<_>>();
    let steps: Vec<_> = labels.iter().map(|(label, is_done)| Step { label, is_done: *is_done }).collect();
    let foot_key = foot_key(frame);
    let foot_text = canvas.word(foot_key);
    let trail = frame.furniture.trail.clone();
    let foot = CaptionFoot {
        icon: match foot_key {
            "offline" => Some(Icon::CloudOff),
            "lost.mic" => Some(Icon::MicrophoneOff),
            _ => None,
        },
        hint: &foot_text,
        trail: hears.then_some(&trail),
    };
    // Nobody is there any more to be told how to talk.
    let foot = (view.phase != Phase::Idle).then_some(foot);
    let caption = Caption { before, who, words, steps: &steps, foot };
    card(frame, rows, caption);
}

/// What the card says where nothing is being said.
fn sentence_key(frame: &Frame<'_, '_>) -> &'static str {
    let view = frame.shown.view;
    match (view.hint, view.phase) {
        (Some(hint), Phase::Idle | Phase::Attending | Phase::Listening | Phase::Interrupted | Phase::Speaking) => hint,
        (_, Phase::Transcribing) => "transcribing",
        (_, Phase::Thinking | Phase::CallingTool) => "thinking",
        (_, Phase::Speaking) => "speaking",
        (_, Phase::Listening | Phase::Interrupted) if view.before.is_some() => "listening.next",
        _ => "attract.invite",
    }
}

/// What is done and what is at work, by the keys of their words: the steps of tools, else what the phase is about.
fn steps(view: &View, is_at_work: bool) -> impl Iterator<Item = (&'static str, bool)> {
    let tool = view.tool.as_ref().filter(|_| is_at_work);
    let other = (is_at_work && tool.is_none()).then(|| (view.hint.unwrap_or(work_key(view.phase)), false));
    tool.into_iter().flat_map(|tool| &tool.steps).map(|step| (step.key, step.is_done)).chain(other)
}

/// What is at work where no sentence says it.
fn work_key(phase: Phase) -> &'static str {
    match phase {
        Phase::CallingTool => "tool.knowledge",
        Phase::Thinking => "thinking",
        _ => "transcribing",
    }
}

/// The last line of the card.
fn foot_key(frame: &Frame<'_, '_>) -> &'static str {
    let view = frame.shown.view;
    match view.phase {
        Phase::Speaking if view.lost.contains(&Device::Speaker) => "lost.speaker",
        Phase::Speaking if view.lost.contains(&Device::Microphone) => "plate.mic",
        Phase::Attending | Phase::Listening if is_deaf(view) => "lost.mic",
        _ if view.connection == Connection::Offline => "offline",
        Phase::Speaking => "speaking.hint",
        Phase::Transcribing | Phase::Thinking | Phase::CallingTool => "working",
        _ => "listening.hint",
    }
}

/// Offline or without a device, before the first word: what works now, and all topics.
pub(super) fn paint_what_works(frame: &mut Frame<'_, '_>, scene: Scene) {
    // Large words need the place of the upper row; a row stays, since a deaf machine is asked by touch.
    let rows = if frame.canvas.zoom > 1.0 { 1 } else { 2 };
    frame.topics(rows);
    let (key, role) = match scene {
        Scene::Lost(Device::Microphone) => ("lost.mic", TypeRole::CAPTION),
        Scene::Lost(Device::Speaker) => ("lost.speaker", TypeRole::CAPTION),
        Scene::Lost(_) => ("lost.camera", TypeRole::CAPTION),
        _ => ("offline.body", TypeRole::LEAD),
    };
    let works = frame.canvas.word("works");
    let sentence = frame.canvas.word(key);
    let caption = Caption {
        before: None,
        who: Some((Icon::Info, &works)),
        words: CaptionWords::Sentence(&sentence, role),
        steps: &[],
        foot: None,
    };
    card(frame, rows, caption);
}

fn card(frame: &mut Frame<'_, '_>, rows: usize, caption: Caption<'_>) {
    // Offline or without a device the topics keep both rows: whoever is known is greeted first, or speaks.
    let place = if frame.is_known() && rows < 2 { frame.known_beds(rows).card } else { frame.card_place(rows) };
    let orientation = frame.shown.layout.orientation;
    crate::ui::widgets::with_opacity(frame.canvas, frame.shown.arrival, |canvas| {
        canvas.caption(place, orientation, caption);
    });
}
