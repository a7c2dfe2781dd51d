//! What a visitor who is known leads to, and what becomes of the camera.

use super::*;
use crate::knowledge::Answered;

/// How long a greeting waits for what is remembered of the visitor.
const RECALL_LIMIT: Duration = Duration::from_millis(300);

/// What becomes of "forget me", said aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forgetting {
    /// The visitor is asked whether they mean it.
    Asks,
    /// They have said yes: it is being done. Or there is nobody to forget.
    IsDone,
}

impl RunningAnswer {
    /// The text as it may be kept and told to the model.
    pub(super) fn without_name(&self, text: &str) -> String {
        match self.name.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => text.replace(name, "…"),
            None => text.to_owned(),
        }
    }
}

impl Conversation {
    pub(super) async fn done_beside(&mut self, done: Background) {
        match done {
            Background::Recognised(visitor, memory) => {
                let input = self.recognised(visitor, memory);
                self.feed(input).await;
            }
            Background::Remembered(visitor, memory) => {
                if self.scene.known.as_ref().is_some_and(|known| known.id == visitor) {
                    self.memory = Some((visitor, memory));
                }
            }
            Background::Forgotten { visitor, is_done, is_said } => self.has_forgotten(visitor, is_done, is_said).await,
            Background::Reworded { visit, old, summary } => {
                if self.visit == Some(visit) {
                    self.history.reword(&old, &summary);
                }
            }
            Background::CardChanged(visit, change) => self.card_changed(visit, change).await,
        }
    }

    /// The eyes have recognised somebody: what is remembered of them is looked up first, so that the greeting can use it.
    pub(super) fn recall(&self, visitor: Box<KnownVisitor>) {
        let (records, done) = (self.parts.records.clone(), self.background.0.clone());
        let busy = self.parts.activity.begin();
        tokio::spawn(async move {
            let recalling = records.memory(visitor.id, visitor.language);
            let memory = tokio::time::timeout(RECALL_LIMIT, recalling).await.unwrap_or_default();
            // Without a conversation there is nobody to greet.
            let _ = done.send(Background::Recognised(visitor, memory)).await;
            drop(busy);
        });
    }

    /// Shows whom the eyes have recognised; the machine decides whether they are greeted.
    fn recognised(&mut self, visitor: Box<KnownVisitor>, memory: VisitorMemory) -> Input {
        let id = visitor.id;
        // Their language's files may have been taken away since they enrolled.
        let languages = self.parts.words.languages();
        let is_spoken = languages.contains(&visitor.language);
        let language = if is_spoken { visitor.language } else { self.parts.config.stand.language };
        self.memory = Some((id, memory));
        self.visit_log.visitor = Some(id);
        self.scene.known = Some(Arc::from(visitor));
        Input::Recognised { visitor: id, language }
    }

    /// Somebody said who they are, by their phone number.
    pub(super) fn identified(&mut self, known: Arc<KnownVisitor>) {
        let (visitor, language) = (known.id, self.state.language());
        if self.scene.known.as_ref().is_some_and(|own| own.id == visitor) {
            return;
        }
        self.memory = None;
        self.scene.known = Some(known);
        self.note_greeting("phone");
        let (records, done) = (self.parts.records.clone(), self.background.0.clone());
        tokio::spawn(async move {
            let memory = records.memory(visitor, language).await;
            let _ = done.send(Background::Remembered(visitor, memory)).await;
        });
    }

    /// Tells the people on record, once the visit is on record itself. `by`: `face` or `phone`.
    pub(super) fn note_greeting(&self, by: &'static str) {
        if let Some((known, visit)) = self.scene.known.as_ref().zip(self.visit) {
            self.parts.records.greeted(known.id, visit);
            self.parts.feed.publish(FeedEvent::VisitorRecognized { visit, visitor: known.id, by });
        }
    }

    /// "That is not me."
    pub(super) fn deny(&mut self) -> Input {
        let Some(known) = self.scene.known.take() else { return Input::Touched };
        self.memory = None;
        self.visit_log.visitor = None;
        self.parts.records.denied(known.id);
        self.tell_eyes(EyesCommand::NotThem(known.id));
        Input::NotMe
    }

    /// "Forget me" was touched: asks whoever keeps the people, and answers when it is done.
    pub(super) fn forget(&mut self) -> Input {
        if let Some(known) = &self.scene.known {
            let forgetting = self.start_to_forget(known.id, false);
            tokio::spawn(forgetting);
        }
        Input::Touched
    }

    /// Comes to its end even if whoever waits for it is gone. Gives whether it was done.
    fn start_to_forget(&self, visitor: VisitorId, is_said: bool) -> impl Future<Output = bool> + Send + use<> {
        let (records, done) = (self.parts.records.clone(), self.background.0.clone());
        let busy = self.parts.activity.begin();
        async move {
            let task = tokio::spawn(async move {
                let outcome = records.forget(visitor).await;
                if let Err(error) = &outcome {
                    tracing::error!(%visitor, %error, "\"forget me\" failed");
                }
                let is_done = outcome.is_ok();
                // The conversation may have ended meanwhile; the person is forgotten all the same.
                let _ = done.send(Background::Forgotten { visitor, is_done, is_said }).await;
                drop(busy);
                is_done
            });
            task.await.unwrap_or(false)
        }
    }

    /// What becomes of a question that is "forget me", or the answer to whether that is meant. It needs no model.
    pub(super) fn forgetting(&self, question: &Question, does: Option<Answered>) -> Option<(Forgetting, Source)> {
        let words = self.parts.words.clone();
        let language = question.language;
        let says = move |key: &str| words.get(key, language).to_owned();
        let known = self.scene.known.as_ref().map(|known| known.id);
        let asks = does == Some(Answered::Forgets);
        match known {
            None if asks => Some((Forgetting::IsDone, Source::Sentence(says("forget.nobody")))),
            Some(visitor) if self.asked_to_forget && self.consent.agrees(&question.text) => {
                let forgetting = self.start_to_forget(visitor, true);
                let saying =
                    async move { says(if forgetting.await { "greet.forgotten" } else { "greet.unforgotten" }) };
                Some((Forgetting::IsDone, Source::Deed(Box::pin(saying))))
            }
            Some(_) if asks => Some((Forgetting::Asks, Source::Sentence(says("forget.spoken.ask")))),
            _ => None,
        }
    }

    async fn has_forgotten(&mut self, visitor: VisitorId, is_done: bool, is_said: bool) {
        let is_still_there = self.scene.known.as_ref().is_some_and(|known| known.id == visitor);
        if is_done {
            self.is_forgotten(visitor);
        }
        if is_still_there && !is_said {
            self.feed(Input::Forgotten { is_done }).await;
        }
    }

    /// Nothing of them is used any more.
    pub(super) fn is_forgotten(&mut self, visitor: VisitorId) {
        // Until the gallery has gone without them they are not recognised again either.
        self.tell_eyes(EyesCommand::NotThem(visitor));
        self.visit_log.note(&crate::event::Effect::Forgotten(visitor));
        self.memory.take_if(|(own, _)| *own == visitor);
        self.scene.known.take_if(|known| known.id == visitor);
    }

    fn tell_eyes(&self, command: EyesCommand) {
        if self.parts.eyes.try_send(command).is_err() {
            tracing::debug!("nobody sees: the eyes were not told");
        }
    }

    /// The camera is nobody's of the sound's: its changes come over the bus.
    pub(super) fn camera_changed(&mut self, event: &Event) {
        let Event::Device { device: Device::Camera, status, .. } = event else { return };
        self.scene.lost.retain(|lost| *lost != Device::Camera);
        match status {
            DeviceStatus::Lost => self.scene.lost.push(Device::Camera),
            // From here on the notice says that there is one: rather too long than not.
            DeviceStatus::Ready => self.scene.camera_on = true,
        }
    }
}
