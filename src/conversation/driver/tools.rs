//! What tools ask of the conversation, and the buttons of the appointment's card.

use super::*;
use crate::{
    event::{Card, Effect, PersonaId, SlotId},
    store::StaffEvent,
};

impl Conversation {
    /// The calls of a step have come to their end: of the present answer, or of one that was given up.
    pub(super) async fn called(&mut self, answer: AnswerId, step: Arc<ToolStepDone>) {
        if self.visit != Some(step.visit) {
            tracing::info!(visit = %step.visit, "a call came to its end after its visit");
            return;
        }
        for effect in step.results.iter().flat_map(|result| &result.effects) {
            self.take_effect(effect);
        }
        match self.answer.as_mut().filter(|(id, _)| *id == answer) {
            Some((_, running)) => {
                running.name = self.scene.known.as_ref().map(|known| known.name.clone()).or(running.name.take());
                running.steps.push(step);
                self.scene.tools_done();
                self.feed(Input::Calling { answer, is_running: false }).await;
            }
            None if step.has_changed_something() => {
                self.history.step(&step);
                self.has_untold_result = true;
            }
            None => {}
        }
    }

    pub(super) fn take_effect(&mut self, effect: &Effect) {
        self.visit_log.note(effect);
        match effect {
            Effect::SwitchPersona(to) => self.switch_persona(to),
            Effect::CallStaff => self.tell_staff(),
            Effect::Identified(known) => self.identified(known.clone()),
            Effect::Show(card) => self.scene.show_card(card.clone()),
            Effect::HideCard => self.scene.put_card_away(),
            Effect::Forgotten(visitor) => self.is_forgotten(*visitor),
            Effect::EndVisit | Effect::Done(_) | Effect::Booked { .. } | Effect::Preferred(_) => {}
        }
    }

    /// A visitor wants to talk with somebody.
    fn tell_staff(&self) {
        self.parts.store.record(Record::Staff(StaffEvent {
            id: uuid::Uuid::now_v7(),
            at: UnixMillis::now(),
            kind: "request".to_owned(),
            subject: "visitor".to_owned(),
            status: "wants_staff".to_owned(),
            detail: String::new(),
        }));
    }

    fn switch_persona(&mut self, to: &PersonaId) {
        let Some(next) = self.parts.personas.get(to).cloned() else {
            tracing::warn!(persona = %to, "a tool passed the visitor to a persona that does not exist");
            return;
        };
        let from = std::mem::replace(&mut self.persona, next);
        if from.id != *to {
            self.parts.bus.publish(Event::PersonaChanged { from: from.id.clone(), to: to.clone() });
        }
        self.show_persona();
    }

    /// Who speaks is shown if it is not whom the visit began with.
    pub(super) fn show_persona(&mut self) {
        let is_first = self.persona.id == self.parts.personas.first().id;
        let name = |language: &Language| (*language, self.persona.name(*language).to_owned());
        self.scene.persona = (!is_first).then(|| self.parts.words.languages().iter().map(name).collect());
    }

    /// A button of the card: another time, or none at all.
    pub(super) fn touch_card(&mut self, to: Option<SlotId>) -> Input {
        if let (Some(card), Some(visit)) = (self.scene.appointment(), self.visit) {
            let (desk, done) = (self.parts.appointments.clone(), self.background.0.clone());
            let context = self.context(visit, TurnId::default());
            let busy = self.parts.activity.begin();
            tokio::spawn(async move {
                let change = match to {
                    Some(slot) => desk.shift(card, slot, context).await,
                    None => desk.cancel(card, context).await,
                };
                // The conversation may have ended meanwhile; the appointment is changed all the same.
                let _ = done.send(Background::CardChanged(visit, change)).await;
                drop(busy);
            });
        }
        Input::Touched
    }

    pub(super) async fn card_changed(&mut self, visit: VisitId, change: CardChange) {
        if self.visit != Some(visit) {
            return;
        }
        for effect in &change.effects {
            self.take_effect(effect);
        }
        let key = if change.says.is_some() { "card.changed" } else { "card.unchanged" };
        self.card_says = change.says.unwrap_or_default();
        self.feed(Input::Tell(key)).await;
    }
}

impl Scene {
    /// The appointment that is shown.
    pub(super) fn appointment(&self) -> Option<Arc<crate::event::AppointmentCard>> {
        match &self.card {
            Some(Card::Appointment(card)) => Some(card.clone()),
            _ => None,
        }
    }
}
