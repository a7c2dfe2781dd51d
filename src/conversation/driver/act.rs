//! Carrying out what the machine decides.

use super::*;

impl Conversation {
    pub(super) async fn act(&mut self, action: Action) {
        match action {
            Action::BeginVisit => self.begin_visit(),
            Action::EndVisit(reason) => self.end_visit(reason),
            Action::Phase { from, to } => self.phase_changed(from, to),
            Action::Transcribe { job, turn } => self.transcribe(job, turn),
            Action::CancelTranscription { job, turn } => {
                self.transcriptions.remove(&job);
                if let Some(record) = self.records.get_mut(&turn) {
                    record.transcriptions_thrown += 1;
                }
            }
            Action::DiscardWords { turn } => {
                if let Some(record) = self.records.get_mut(&turn) {
                    record.transcriptions_thrown += 1;
                }
            }
            Action::RecordQuestion { turn, question } => {
                self.visit_log.asked(&question.text);
                self.record_question(AnswerId::default(), turn, question);
            }
            Action::TurnDecided { turn } => {
                let now = self.parts.clock.now();
                if let Some(record) = self.records.get_mut(&turn) {
                    record.end_of_turn = Some(now);
                }
            }
            Action::EndUtterance(utterance) => self.tell_audio(AudioCommand::EndUtterance(utterance)).await,
            Action::Prepare { answer, turn, question } => self.prepare(answer, turn, &question),
            Action::Commit { answer, turn, question } => self.commit(answer, turn, question),
            Action::Discard { answer, turn } => {
                self.discard(answer);
                self.tell_audio(AudioCommand::Clear { through: answer }).await;
                if let Some(record) = self.records.get_mut(&turn) {
                    record.answers_thrown += 1;
                }
            }
            Action::Say { answer, turn, key, language } => self.say(answer, turn, key, language),
            Action::Cut(answer) => {
                self.tell_audio(AudioCommand::Clear { through: answer }).await;
                self.close_answer(answer, true).await;
            }
            Action::Heard(answer) => self.close_answer(answer, false).await,
            Action::ResumePlayout => self.tell_audio(AudioCommand::Resume).await,
            Action::ForgetTurn(turn) => {
                if let Some(record) = self.records.remove(&turn) {
                    self.tell_of_thrown_work(&record);
                }
                self.scene.visitor = None;
            }
            Action::LongThinking => self.scene.is_thinking_long = true,
            Action::Watchdog(phase) => {
                tracing::warn!(?phase, "a phase lasted longer than it can and was ended");
                self.parts.bus.publish(Event::WatchdogFired { phase });
            }
        }
    }

    async fn tell_audio(&self, command: AudioCommand) {
        // The loop drains its queue every 10 ms and outlives the conversation.
        let _ = self.parts.audio.send(command).await;
    }

    fn phase_changed(&mut self, from: Phase, to: Phase) {
        self.scene.is_thinking_long = false;
        if to == Phase::Speaking && from != Phase::Interrupted {
            self.scene.visitor = None;
            self.share_spoken();
        }
        self.parts.bus.publish(Event::PhaseChanged { from, to });
    }

    // ---- the question -----------------------------------------------------------------------------------------------

    fn transcribe(&mut self, job: JobId, turn: TurnId) {
        let Some(clip) = self.clip.clone() else { return };
        let record = self.record_of(turn);
        record.speech_start.get_or_insert(clip.speech_start);
        record.speech_end = Some(clip.speech_end);
        record.transcript_at = None;
        let request = TranscribeRequest { samples: clip.samples.clone(), likely_language: self.state.language() };
        let mut pieces = self.parts.stt.transcribe(request);
        let (events, clock) = (self.transcript_events.0.clone(), self.parts.clock.clone());
        let busy = self.parts.activity.begin();
        let task = tokio::spawn(async move {
            loop {
                let piece = match pieces.next().await {
                    Some(Ok(piece)) => Some(piece),
                    // The chain has told staff the cause.
                    Some(Err(_)) | None => None,
                };
                let is_last = !matches!(piece, Some(TranscriptPiece::Partial(_)));
                let event = TranscriptEvent { job, at: clock.now(), piece };
                if events.send(event).await.is_err() || is_last {
                    break;
                }
            }
            drop(busy);
        });
        self.transcriptions.insert(job, Transcription { turn, _task: AbortOnDropHandle::new(task) });
    }

    /// The turn's record, made when it is first needed: before the visit is known to be one.
    pub(super) fn record_of(&mut self, turn: TurnId) -> &mut TurnRecord {
        let (visit, language) = (*self.visit.get_or_insert_with(VisitId::generate), self.state.language());
        self.records.entry(turn).or_insert_with(|| TurnRecord::new(visit, turn, language))
    }

    /// A turn that came to nothing is not counted as one; what it cost is.
    fn tell_of_thrown_work(&self, record: &TurnRecord) {
        let (transcriptions, answers) = (record.transcriptions_thrown, record.answers_thrown);
        if transcriptions + answers > 0 {
            self.parts.bus.publish(Event::WorkThrown { transcriptions, answers });
        }
    }
}
