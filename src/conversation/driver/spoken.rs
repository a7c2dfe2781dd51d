//! What the kiosk says: its own sentences, and what becomes of an answer once it is over.

use super::*;

impl Conversation {
    /// A sentence of the kiosk's own.
    pub(super) fn say(&mut self, answer: AnswerId, turn: Option<TurnId>, key: &'static str, language: Language) {
        let name = self.scene.known.as_ref().map_or("", |known| &known.name);
        let soon = self.memory.as_ref().and_then(|(_, memory)| memory.soon.as_deref()).unwrap_or_default();
        let is_by_name = key == machine::GREETING_BY_NAME;
        let key = if is_by_name && !soon.is_empty() { "greet.back.soon" } else { key };
        let text: &str = if key == machine::READ_OUT { &self.reads } else { &self.card_says };
        let values = [("name", name), ("when", soon), ("text", text)];
        let text = self.parts.words.fill(key, language, &values);
        self.start_answer(answer, turn, language, Source::Sentence(text));
        if is_by_name {
            self.note_greeting("face");
        }
        if let Some((_, running)) = &self.answer {
            running.job.commit();
        }
        self.scene.question = None;
    }

    /// What the kiosk is saying goes on record when it begins to sound, and again when it is over.
    pub(super) fn record_answer(&self, answer: AnswerId, running: &RunningAnswer) {
        let Some(visit) = self.visit else { return };
        self.parts.store.record(Record::Message(Message {
            visit,
            turn: running.turn.unwrap_or_default(),
            speaker: Speaker::Kiosk,
            answer,
            language: running.language,
            text: Said(running.without_name(running.spoken.text().trim())),
            served_by: running.served_by,
            started_at: UnixMillis::now(),
        }));
    }

    /// The answer is over: what was heard of it goes on record.
    pub(super) async fn close_answer(&mut self, answer: AnswerId, is_cut: bool) {
        let Some((_, running)) = self.answer.take_if(|(id, _)| *id == answer) else { return };
        self.scene.end_tools();
        let playhead = self.parts.meters.borrow().playhead;
        let spoken = &running.spoken;
        let shown = match is_cut {
            false => spoken.text(),
            true if playhead.answer == answer => spoken.heard(&playhead),
            true => "",
        };
        let heard = match &running.unheard_from {
            None => shown,
            Some(playhead) if playhead.answer == answer => spoken.heard(playhead),
            Some(_) => "",
        };
        let (shown, heard) = (running.without_name(shown.trim()), running.without_name(heard.trim()));
        self.record_answer(answer, &running);
        let Some(visit) = self.visit else { return };
        let turn = running.turn.unwrap_or_default();
        self.parts.store.record(Record::Heard { visit, turn, answer, text: Said(heard.clone()) });
        self.parts.feed.publish(FeedEvent::Transcript {
            visit,
            turn,
            speaker: Speaker::Kiosk,
            language: running.language,
            text: heard.clone(),
            is_final: true,
            is_interrupted: is_cut,
        });
        let Some(mut record) = running.turn.and_then(|turn| self.records.remove(&turn)) else {
            self.history.kiosk(&shown);
            self.fold_history();
            return;
        };
        record.answer = running.spoken.text().trim().to_owned();
        record.heard.clone_from(&heard);
        record.served_by = running.served_by;
        record.first_token_at = running.first_token_at;
        record.first_audio_at = running.first_audio_at;
        record.is_interrupted = is_cut;
        self.history.visitor(&record.transcript);
        for step in &running.steps {
            self.history.step(step);
        }
        // What could be read while the speaker was gone counts as said.
        self.history.kiosk(&shown);
        let has_changed = running.steps.iter().any(|step| step.has_changed_something());
        // An answer that was cut may not have come to what the tools did.
        if running.tells_result && !shown.is_empty() {
            self.has_untold_result = false;
        }
        self.has_untold_result |= is_cut && has_changed;
        self.fold_history();
        self.parts.bus.publish(Event::TurnFinished { turn: record.turn, answer: Some(answer) });
        self.tell_cost_of_turn();
        log_turn(&record);
        self.parts.store.record(Record::Turn(record.figures()));
        if self.parts.turns.try_send(record).is_err() {
            self.parts.bus.publish(Event::Dropped { what: "turn_records", count: 1 });
        }
    }
}

/// The turn's figures, without its words.
fn log_turn(record: &TurnRecord) {
    let waterfall = record.waterfall();
    tracing::info!(
        visit = %record.visit,
        turn = %record.turn,
        language = %record.language,
        served_by = ?record.served_by,
        is_interrupted = record.is_interrupted,
        end_of_turn_ms = waterfall.end_of_turn,
        transcript_ms = waterfall.transcript,
        first_token_ms = waterfall.first_token,
        first_audio_ms = waterfall.first_audio,
        first_sample_ms = waterfall.first_sample,
        transcriptions_thrown = record.transcriptions_thrown,
        answers_thrown = record.answers_thrown,
        "turn"
    );
}
