//! The text of an answer: the model's, step by step with the tools that it calls, or a sentence of the kiosk's own.

use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::{Calling, Maker, PendingClause, Progress, Source};
use crate::{
    conversation::{personas::Persona, prompt::Briefing},
    event::{Effect, PersonaVoice, ServedBy, ToolResult, ToolUse},
    llm::{ChatMessage, ChatRequest, Delta},
    speech::{Clause, ClauseSplitter},
};

/// A question to the model, and what it may use to answer it.
pub(in crate::conversation) struct Inquiry {
    /// The question with its history; the instructions first.
    pub(in crate::conversation) request: ChatRequest,
    /// What the instructions are made of: somebody else may speak from the next step on.
    pub(in crate::conversation) briefing: Briefing,
    /// Who speaks.
    pub(in crate::conversation) persona: Arc<Persona>,
    /// What is needed for calls; `None`: nothing may be called.
    pub(in crate::conversation) calling: Option<Calling>,
}

/// What one step of the model came to.
struct StepOfModel {
    text: String,
    calls: Vec<ToolUse>,
    /// Who answered and whether the visitor has taken leave; `None`: it was cut.
    done: Option<(ServedBy, bool)>,
}

impl Maker {
    pub(super) async fn think(
        &self,
        source: Source,
        voice: Option<Arc<PersonaVoice>>,
        clauses: mpsc::Sender<PendingClause>,
    ) {
        let mut outlet = ClauseOutlet::new(self, voice, clauses);
        match source {
            Source::Sentence(text) => {
                outlet.push(text).await;
                outlet.finish().await;
                self.report(Progress::Complete { served_by: None, ends_visit: false, has_text: true }).await;
            }
            Source::Deed(deed) => {
                if self.wanted.clone().wait_for(|wanted| *wanted).await.is_err() {
                    return;
                }
                outlet.push(deed.await).await;
                let has_text = outlet.finish().await;
                self.report(Progress::Complete { served_by: None, ends_visit: false, has_text }).await;
            }
            Source::Model(inquiry) => self.answer(*inquiry, outlet).await,
        }
    }

    /// Asks the model, carries out what it calls, and asks again, until it calls nothing more.
    async fn answer(&self, inquiry: Inquiry, mut outlet: ClauseOutlet<'_>) {
        let Inquiry { mut request, briefing, mut persona, mut calling } = inquiry;
        let (mut ends_visit, mut steps) = (false, 0);
        let served_by = loop {
            if calling.as_ref().is_none_or(|calling| steps >= calling.max_steps) {
                request.tools = Arc::new([]);
            }
            let step = self.ask(request.clone(), &mut outlet).await;
            let Some((served_by, takes_leave)) = step.done else {
                // The chain has told staff the cause already; here only the outcome counts.
                let outcome = if outlet.finish().await {
                    Progress::Complete { served_by: None, ends_visit, has_text: true }
                } else {
                    Progress::Failed
                };
                return self.report(outcome).await;
            };
            ends_visit |= takes_leave;
            let Some(tools) = calling.as_mut().filter(|_| !request.tools.is_empty() && !step.calls.is_empty()) else {
                break served_by;
            };
            let Some(results) = self.call(tools, step.calls.clone(), steps, &mut outlet).await else { return };
            steps += 1;
            let effects = || results.iter().flat_map(|result| &result.effects);
            if effects().any(|effect| matches!(effect, Effect::EndVisit)) {
                // Whoever takes leave has said so, or the kiosk says it: the model is not asked for a second farewell.
                ends_visit = true;
                break served_by;
            }
            let next = effects().find_map(|effect| match effect {
                Effect::SwitchPersona(id) => tools.personas.get(id).cloned(),
                _ => None,
            });
            let mut messages = request.messages.to_vec();
            messages.push(ChatMessage::calling(step.text, step.calls));
            messages.extend(results.iter().map(ChatMessage::result));
            if let Some(next) = next.filter(|next| next.id != persona.id) {
                persona = next;
                tools.context.persona = persona.id.clone();
                if let Some(instructions) = messages.first_mut() {
                    instructions.text = briefing.instructions(&persona);
                }
                request.tools = tools.toolbox.specs(&persona.tools);
                tools.allowed = persona.tools.clone();
                outlet.voice = persona.voice.clone();
                outlet
                    .sentence(tools.words.fill("persona.now", self.language, &[("name", persona.name(self.language))]))
                    .await;
            }
            request.messages = messages.into();
        };
        let has_text = outlet.finish().await;
        self.report(Progress::Complete { served_by: Some(served_by), ends_visit, has_text }).await;
    }

    /// One step of the model: its text goes out as it comes.
    async fn ask(&self, request: ChatRequest, outlet: &mut ClauseOutlet<'_>) -> StepOfModel {
        let mut step = StepOfModel { text: String::new(), calls: Vec::new(), done: None };
        let mut deltas = self.makers.llm.answer(request);
        loop {
            match deltas.next().await {
                Some(Ok(Delta::Text(text))) => {
                    if !std::mem::replace(&mut outlet.has_begun, true) {
                        self.report(Progress::FirstToken).await;
                    }
                    step.text.push_str(&text);
                    outlet.push(text).await;
                }
                Some(Ok(Delta::Call(call))) => step.calls.push(call),
                Some(Ok(Delta::Done { served_by, ends_visit })) => {
                    step.done = Some((served_by, ends_visit));
                    return step;
                }
                Some(Err(_)) | None => return step,
            }
        }
    }

    /// `None`: the answer is not wanted any more.
    async fn call(
        &self,
        tools: &mut Calling,
        calls: Vec<ToolUse>,
        step: u32,
        outlet: &mut ClauseOutlet<'_>,
    ) -> Option<Vec<ToolResult>> {
        // What was said before the call is a clause of its own: it is heard while the tools run.
        outlet.cut().await;
        // Nothing is called for an answer that may be thrown away.
        self.wanted.clone().wait_for(|wanted| *wanted).await.ok()?;
        tools.context.step = step;
        let mut work = tools.start(self, calls);
        self.report(Progress::Calling(work.marks.clone())).await;
        if outlet.next == 0 {
            let clock = self.makers.clock.clone();
            let announce_at = clock.now() + tools.announce_after;
            tokio::select! {
                biased;
                results = work.results() => return Some(results),
                () = clock.sleep_until(announce_at) => {
                    let says = work.marks.first().map_or("tool.other", |mark| mark.says);
                    outlet.sentence(tools.words.get(says, self.language).to_owned()).await;
                }
            }
        }
        Some(work.results().await)
    }
}

/// Turns text into clauses for the voice, and tells the driver about both.
pub(super) struct ClauseOutlet<'a> {
    maker: &'a Maker,
    splitter: ClauseSplitter,
    clauses: mpsc::Sender<PendingClause>,
    next: u32,
    /// Whose voice speaks the clauses from here on.
    voice: Option<Arc<PersonaVoice>>,
    /// Whether the model has said anything.
    has_begun: bool,
    /// Whether a blank has to stand before what follows.
    needs_blank: bool,
}

impl<'a> ClauseOutlet<'a> {
    fn new(maker: &'a Maker, voice: Option<Arc<PersonaVoice>>, clauses: mpsc::Sender<PendingClause>) -> Self {
        let splitter = ClauseSplitter::default();
        Self { maker, splitter, clauses, next: 0, voice, has_begun: false, needs_blank: false }
    }

    async fn push(&mut self, mut text: String) {
        let Some(first) = text.chars().next() else { return };
        if std::mem::take(&mut self.needs_blank) && !first.is_whitespace() {
            text.insert(0, ' ');
        }
        let clauses = self.splitter.push(&text);
        self.maker.report(Progress::Text(text)).await;
        self.send(clauses).await;
    }

    /// A sentence that stands by itself.
    async fn sentence(&mut self, text: String) {
        self.cut().await;
        self.push(text).await;
        self.cut().await;
    }

    /// Sends what there is: what follows is another clause.
    async fn cut(&mut self) {
        let clause = self.splitter.cut();
        self.send(clause).await;
        self.needs_blank = self.next > 0;
    }

    /// Sends what is left. Whether there was anything to say: a text without a letter or digit has no clause.
    async fn finish(&mut self) -> bool {
        let clauses = self.splitter.finish();
        self.send(clauses).await;
        self.next > 0
    }

    async fn send(&mut self, clauses: impl IntoIterator<Item = Clause>) {
        for clause in clauses {
            self.maker.report(Progress::Clause(clause.bytes)).await;
            let pending = PendingClause { index: self.next, text: clause.text, voice: self.voice.clone() };
            self.next += 1;
            if self.clauses.send(pending).await.is_err() {
                return;
            }
        }
    }
}
