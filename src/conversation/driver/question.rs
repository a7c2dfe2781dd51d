//! From a question to its answer in the making.

use super::*;
use crate::{
    conversation::{
        answer::{Calling, Inquiry},
        prompt::Briefing,
    },
    knowledge::{Answered, Entry, Hit},
    llm::ChatRequest,
    tools::CallContext,
};

/// Entries of the knowledge base that the model is shown with a question.
const FACTS: usize = 4;

impl Conversation {
    pub(super) fn prepare(&mut self, answer: AnswerId, turn: TurnId, question: &Question) {
        let language = question.language;
        let knowledge = self.parts.knowledge.clone();
        // After a switch of the language the question's words are still in the other one.
        let written_in = Language::written(&question.text, language);
        let hits = knowledge.search(&question.text, written_in, FACTS).unwrap_or_else(|error| {
            tracing::warn!(%error, "the knowledge base cannot be searched; the model answers without facts");
            Vec::new()
        });
        let known: Vec<&Entry> = question
            .entry
            .iter()
            .chain(hits.iter().map(|hit| &hit.id))
            .filter_map(|id| knowledge.entry(id))
            .take(FACTS)
            .collect();
        let is_sure = |hit: &Hit| hit.score >= self.parts.config.embedded.answer_threshold;
        let best = hits.first().filter(|hit| is_sure(hit)).map(|hit| &hit.id);
        let does = question.entry.as_ref().or(best).and_then(|id| knowledge.entry(id)).map(|entry| entry.does);
        if let Some((forgetting, source)) = self.forgetting(question, does) {
            self.start_answer(answer, Some(turn), language, source);
            if let Some((_, running)) = &mut self.answer {
                running.forgetting = Some(forgetting);
            }
            return;
        }
        let briefing = self.briefing(language, &known);
        let instructions = briefing.instructions(&self.persona);
        let visit = *self.visit.get_or_insert_with(VisitId::generate);
        let calling = self.calling(visit, turn, question);
        let request = ChatRequest {
            messages: self.history.with_question(instructions, &question.text),
            language,
            entry: question.entry.clone(),
            takes_leave: does == Some(Answered::EndsVisit),
            tools: calling
                .as_ref()
                .map_or_else(|| Arc::new([]) as _, |calling| calling.toolbox.specs(&calling.allowed)),
        };
        let inquiry = Inquiry { request, briefing, persona: self.persona.clone(), calling };
        self.start_answer(answer, Some(turn), language, Source::Model(Box::new(inquiry)));
        if let Some((_, running)) = &mut self.answer {
            running.tells_result = self.has_untold_result;
        }
    }

    fn briefing(&self, language: Language, known: &[&Entry]) -> Briefing {
        let (parts, words) = (&self.parts, &self.parts.words);
        let seen = parts.seen.fresh(parts.clock.now()).map(|(text, age)| {
            let age_s = age.as_secs().to_string();
            words.fill("seen.context", language, &[("n", &age_s), ("seen", &text)])
        });
        let fact = |entry: &&Entry| {
            let own = entry.text(language);
            format!("{} {}", own.question, own.answer)
        };
        let stand = &parts.config.stand;
        Briefing {
            stand: format!("{} ({})", stand.name.text(Language::ENGLISH), stand.name.text(Language::ARABIC)),
            language: Some(language),
            language_name: words.get("language.prompt", language).to_owned(),
            facts: known.iter().map(fact).collect(),
            seen,
            memory: self.memory.as_ref().map(|(_, memory)| memory.clone()),
            earlier: self.history.summary().map(str::to_owned),
            now: parts.config.tools.enabled.then(|| self.time_at_the_stand()),
            has_untold_result: self.has_untold_result,
        }
    }

    /// "Tuesday 2026-11-24 10:12, Asia/Riyadh", for the model.
    fn time_at_the_stand(&self) -> String {
        let zone = &self.parts.config.stand.time_zone;
        let now = (self.parts.wall)();
        // The zone was checked when the configuration was read.
        now.in_tz(zone).map_or_else(|_| now.to_string(), |now| format!("{}, {zone}", now.strftime("%A %Y-%m-%d %H:%M")))
    }

    fn calling(&self, visit: VisitId, turn: TurnId, question: &Question) -> Option<Calling> {
        let config = &self.parts.config.tools;
        if !config.enabled {
            return None;
        }
        Some(Calling {
            toolbox: self.parts.toolbox.clone(),
            allowed: self.persona.tools.clone(),
            context: CallContext { visitor_said: question.text.as_str().into(), ..self.context(visit, turn) },
            personas: self.parts.personas.clone(),
            words: self.parts.words.clone(),
            max_steps: config.max_steps,
            announce_after: Duration::from_millis(config.announce_after_ms),
        })
    }

    /// For whom and where something is done. Nothing was said for it.
    pub(super) fn context(&self, visit: VisitId, turn: TurnId) -> CallContext {
        CallContext {
            visit,
            turn,
            step: 0,
            visitor: self.scene.known.as_ref().map(|known| known.id),
            language: self.state.language(),
            persona: self.persona.id.clone(),
            now: (self.parts.wall)(),
            visitor_said: "".into(),
            shown: self.scene.appointment(),
        }
    }

    pub(super) fn start_answer(&mut self, answer: AnswerId, turn: Option<TurnId>, language: Language, source: Source) {
        let makers = Makers {
            clock: self.parts.clock.clone(),
            llm: self.parts.llm.clone(),
            tts: self.parts.tts.clone(),
            audio: self.parts.audio.clone(),
            events: self.answer_events.0.clone(),
            activity: self.parts.activity.clone(),
        };
        let running = RunningAnswer {
            turn,
            language,
            job: AnswerJob::start(makers, answer, language, self.persona.voice.clone(), source),
            spoken: SpokenText::default(),
            served_by: None,
            first_token_at: None,
            first_audio_at: None,
            name: self.scene.known.as_ref().map(|known| known.name.clone()),
            unheard_from: self.scene.lost.contains(&Device::Speaker).then(|| self.parts.meters.borrow().playhead),
            steps: Vec::new(),
            is_working: false,
            tells_result: false,
            forgetting: None,
        };
        self.answer = Some((answer, running));
    }

    pub(super) fn commit(&mut self, answer: AnswerId, turn: TurnId, question: Question) {
        if let Some((_, running)) = self.answer.as_mut().filter(|(id, _)| *id == answer) {
            running.job.commit();
            self.asked_to_forget = running.forgetting == Some(known::Forgetting::Asks);
        }
        self.language_of_visit.commit();
        self.scene.question_asked(question.text.clone());
        self.visit_log.asked(&question.text);
        let record = self.record_of(turn);
        record.transcript.clone_from(&question.text);
        record.language = question.language;
        self.record_question(answer, turn, question);
    }

    pub(super) fn record_question(&self, answer: AnswerId, turn: TurnId, question: Question) {
        let Some(visit) = self.visit else { return };
        self.parts.feed.publish(FeedEvent::Transcript {
            visit,
            turn,
            speaker: Speaker::Visitor,
            language: question.language,
            text: question.text.clone(),
            is_final: true,
            is_interrupted: false,
        });
        self.parts.store.record(Record::Message(Message {
            visit,
            turn,
            speaker: Speaker::Visitor,
            answer,
            language: question.language,
            text: Said(question.text),
            served_by: question.written_by,
            started_at: UnixMillis::now(),
        }));
    }

    /// A prepared answer is not wanted. What tools changed for it stays, and will be told.
    pub(super) fn discard(&mut self, answer: AnswerId) {
        let Some((_, running)) = self.answer.take_if(|(id, _)| *id == answer) else { return };
        self.scene.end_tools();
        for step in running.steps.iter().filter(|step| step.has_changed_something()) {
            self.history.step(step);
            self.has_untold_result = true;
        }
    }
}
