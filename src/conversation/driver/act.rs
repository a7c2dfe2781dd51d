//! Carrying out what the machine decides.

use super::*;

impl Conversation {
    pub(super) async fn act(&mut self, action: Action) {
        match action {
            Action::BeginVisit => self.begin_visit(),
            Action::EndVisit(reason) => {
                self.records.clear();
                self.clip = None;
                if let Some(visit) = self.visit.take() {
                    self.parts.bus.publish(Event::VisitEnded { visit, reason });
                    self.parts.store.record(Record::VisitEnded { visit, at: UnixMillis::now(), reason });
                }
                self.history.clear();
                self.scene.clear();
                if reason == EndReason::Goodbye {
                    self.scene.farewell_since = Some(self.parts.clock.now());
                }
            }
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
            Action::RecordQuestion { turn, question } => self.record_question(AnswerId::default(), turn, question),
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
                if self.answer.as_ref().is_some_and(|(id, _)| *id == answer) {
                    self.answer = None;
                }
                self.tell_audio(AudioCommand::Clear { through: answer }).await;
                if let Some(record) = self.records.get_mut(&turn) {
                    record.answers_thrown += 1;
                }
            }
            Action::Say { answer, turn, key, language } => {
                let name = self.scene.known.as_ref().map(|known| known.name.clone());
                let values = [("name", name.as_deref().unwrap_or_default())];
                let text = self.parts.words.fill(key, language, &values);
                self.start_answer(answer, turn, language, Source::Sentence(text));
                if let Some((_, running)) = &mut self.answer {
                    running.name = name;
                }
                if key == machine::GREETING_BY_NAME {
                    self.note_greeting();
                }
                if let Some((_, running)) = &self.answer {
                    running.job.commit();
                }
                self.scene.question = None;
            }
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

    fn begin_visit(&mut self) {
        let visit = *self.visit.get_or_insert_with(VisitId::generate);
        self.scene.farewell_since = None;
        self.parts.bus.publish(Event::VisitStarted { visit });
        self.parts.store.record(Record::VisitStarted { visit, at: UnixMillis::now() });
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
    fn record_of(&mut self, turn: TurnId) -> &mut TurnRecord {
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

    // ---- the answer -------------------------------------------------------------------------------------------------

    fn prepare(&mut self, answer: AnswerId, turn: TurnId, question: &Question) {
        let language = question.language;
        let knowledge = self.parts.knowledge.clone();
        // After a switch of the language the question's words are still in the other one.
        let written_in = Language::of_text(&question.text).unwrap_or(language);
        let hits = knowledge.search(&question.text, written_in, FACTS).unwrap_or_else(|error| {
            tracing::warn!(%error, "the knowledge base cannot be searched; the model answers without facts");
            Vec::new()
        });
        let known: Vec<_> = question
            .entry
            .iter()
            .chain(hits.iter().map(|hit| &hit.id))
            .filter_map(|id| knowledge.entry(id))
            .take(FACTS)
            .collect();
        let is_sure = |hit: &Hit| hit.score >= self.parts.config.embedded.answer_threshold;
        let takes_leave = hits
            .first()
            .filter(|hit| is_sure(hit))
            .and_then(|hit| knowledge.entry(&hit.id))
            .is_some_and(|entry| entry.does == Answered::EndsVisit);
        let seen = self.parts.seen.fresh(self.parts.clock.now()).map(|(text, age)| {
            let age_s = age.as_secs().to_string();
            self.parts.words.fill("seen.context", language, &[("n", &age_s), ("seen", &text)])
        });
        let instructions = prompt::instructions(&self.parts.config.stand, language, &known, seen.as_deref());
        let request = ChatRequest {
            messages: self.history.with_question(instructions, &question.text),
            language,
            entry: question.entry.clone(),
            takes_leave,
            tools: Arc::new([]),
        };
        self.start_answer(answer, Some(turn), language, Source::Model(request));
    }

    fn start_answer(&mut self, answer: AnswerId, turn: Option<TurnId>, language: Language, source: Source) {
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
            job: AnswerJob::start(makers, answer, language, source),
            spoken: SpokenText::default(),
            served_by: None,
            first_token_at: None,
            first_audio_at: None,
            name: None,
            unheard_from: self.scene.lost.contains(&Device::Speaker).then(|| self.parts.meters.borrow().playhead),
        };
        self.answer = Some((answer, running));
    }

    fn commit(&mut self, answer: AnswerId, turn: TurnId, question: Question) {
        if let Some((_, running)) = self.answer.as_ref().filter(|(id, _)| *id == answer) {
            running.job.commit();
        }
        self.scene.question = Some(question.text.clone());
        let record = self.record_of(turn);
        record.transcript.clone_from(&question.text);
        record.language = question.language;
        self.record_question(answer, turn, question);
    }

    fn record_question(&self, answer: AnswerId, turn: TurnId, question: Question) {
        let Some(visit) = self.visit else { return };
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
    async fn close_answer(&mut self, answer: AnswerId, is_cut: bool) {
        let Some((_, running)) = self.answer.take_if(|(id, _)| *id == answer) else { return };
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
        let Some(mut record) = running.turn.and_then(|turn| self.records.remove(&turn)) else {
            self.history.kiosk(&shown);
            return;
        };
        record.answer = running.spoken.text().trim().to_owned();
        record.heard.clone_from(&heard);
        record.served_by = running.served_by;
        record.first_token_at = running.first_token_at;
        record.first_audio_at = running.first_audio_at;
        record.is_interrupted = is_cut;
        self.history.visitor(&record.transcript);
        // What could be read while the speaker was gone counts as said.
        self.history.kiosk(&shown);
        self.parts.bus.publish(Event::TurnFinished { turn: record.turn, answer: Some(answer) });
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
