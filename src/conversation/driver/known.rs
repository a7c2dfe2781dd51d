//! What a visitor who is known leads to, and what becomes of the camera.

use super::*;
use crate::event::KnownVisitor;

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
    /// Shows whom the eyes have recognised; the machine decides whether they are greeted.
    pub(super) fn recognised(&mut self, visitor: Box<KnownVisitor>) -> Input {
        let (id, language) = (visitor.id, visitor.language);
        self.scene.known = Some(Arc::from(visitor));
        Input::Recognised { visitor: id, language }
    }

    /// Tells the people on record, once the visit is on record itself.
    pub(super) fn note_greeting(&self) {
        if let Some((known, visit)) = self.scene.known.as_ref().zip(self.visit) {
            self.parts.records.greeted(known.id, visit);
        }
    }

    /// "That is not me."
    pub(super) fn deny(&mut self) -> Input {
        let Some(known) = self.scene.known.take() else { return Input::Touched };
        self.parts.records.denied(known.id);
        self.tell_eyes(EyesCommand::NotThem(known.id));
        Input::NotMe
    }

    /// "Forget me": asks whoever keeps the people, and answers when it is done.
    pub(super) fn forget(&mut self) -> Input {
        let Some(known) = &self.scene.known else { return Input::Touched };
        let (visitor, records, done) = (known.id, self.parts.records.clone(), self.forgotten.0.clone());
        let busy = self.parts.activity.begin();
        tokio::spawn(async move {
            let outcome = records.forget(visitor).await;
            if let Err(error) = &outcome {
                tracing::error!(%visitor, %error, "\"forget me\" failed");
            }
            // The conversation may have ended meanwhile; the person is forgotten all the same.
            let _ = done.send((visitor, outcome.is_ok())).await;
            drop(busy);
        });
        Input::Touched
    }

    pub(super) async fn has_forgotten(&mut self, visitor: VisitorId, is_done: bool) {
        let is_still_there = self.scene.known.as_ref().is_some_and(|known| known.id == visitor);
        if is_done {
            // Until the gallery has gone without them they are not recognised again either.
            self.tell_eyes(EyesCommand::NotThem(visitor));
            self.scene.known.take_if(|known| known.id == visitor);
        }
        if is_still_there {
            self.feed(Input::Forgotten { is_done }).await;
        }
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
