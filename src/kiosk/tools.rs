//! What the model may call in a running kiosk: the built-in tools, those of `kiosk.toml`, and the servers of tools.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::Foundation;
use crate::{
    camera::FrameSlot,
    clock::Clock,
    config::Secrets,
    conversation::{ForgetMe, Personas, VisitorRecords, is_discreet},
    event::{Bus, Connection, Language, Sight},
    llm::Observer,
    tools::{
        self, OpenTools, Tool, ToolParts,
        builtin::{
            CameraLooker, EndConversation, Look, LookParts, PersonaChoice, RequestHuman, SearchKnowledgeBase,
            SwitchPersona,
        },
    },
};

/// What the tools are built from, beside the foundation.
pub(super) struct Surroundings<'k> {
    pub(super) bus: &'k Bus,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) records: Arc<dyn VisitorRecords>,
    pub(super) connection: watch::Receiver<Connection>,
    pub(super) sight: watch::Receiver<Sight>,
    /// Where the camera's pictures are, and who looks at them.
    pub(super) seeing: Option<(Arc<FrameSlot>, Arc<dyn Observer>)>,
}

/// Opens the registry. What cannot be used is told to staff, and the kiosk starts without it.
pub(super) fn open(foundation: &Foundation, around: Surroundings<'_>, appointments: Vec<Arc<dyn Tool>>) -> OpenTools {
    let config = &foundation.config;
    let mut built_in: Vec<Arc<dyn Tool>> = vec![
        Arc::new(SearchKnowledgeBase::new(foundation.knowledge.clone())),
        Arc::new(RequestHuman::default()),
        Arc::new(EndConversation::default()),
        Arc::new(ForgetMe::new(around.records, foundation.words.clone())),
    ];
    if let Some(switch) = SwitchPersona::new(choices(&foundation.personas)) {
        built_in.push(Arc::new(switch));
    }
    if let Some((slot, observer)) = around.seeing {
        let looker = CameraLooker::new(LookParts {
            slot,
            sight: around.sight,
            connection: around.connection,
            observer,
            is_discreet,
            bus: around.bus.clone(),
            config: config.visual_context.clone(),
        });
        let limit = Duration::from_millis(config.visual_context.timeout_ms);
        built_in.push(Arc::new(Look::new(Arc::new(looker), limit)));
    }
    built_in.extend(appointments);
    let parts = ToolParts {
        config,
        secrets: &Secrets::from_environment(),
        words: &foundation.words,
        bus: around.bus.clone(),
        clock: around.clock,
    };
    let opened = tools::open(parts, built_in);
    for fault in &opened.faults {
        tracing::warn!(%fault, "a tool is not there");
    }
    opened
}

/// Everybody to whom a visitor may be passed, with when that is done, for the model.
fn choices(personas: &Personas) -> Vec<PersonaChoice> {
    let when = |id: &crate::event::PersonaId| {
        let passes = personas.all().flat_map(|persona| &persona.passes_to).filter(|pass| pass.persona == *id);
        let mut reasons: Vec<&str> = passes.map(|pass| pass.when.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons.join(", or ")
    };
    let choice = |persona: &Arc<crate::conversation::Persona>| PersonaChoice {
        id: persona.id.clone(),
        description: match when(&persona.id) {
            reasons if reasons.is_empty() => persona.name(Language::ENGLISH).to_owned(),
            reasons => format!("{}, when {reasons}", persona.name(Language::ENGLISH)),
        },
    };
    personas.all().map(choice).collect()
}
