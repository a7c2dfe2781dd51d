//! Whose an appointment is, and which one is meant.

use jiff::Timestamp;

use super::Desk;
use crate::{
    appointments::{calendar::Slot, code, reason},
    event::{AppointmentCard, VisitId, VisitorId},
    store::{Appointment, AppointmentStatus},
    tools::{CallContext, ToolError},
};

impl Desk {
    /// The appointments that whoever stands here may see: theirs, if they are on record, and those of this visit.
    pub(in crate::appointments) async fn own(
        &self,
        visitor: Option<VisitorId>,
        visit: VisitId,
        now: Timestamp,
    ) -> Result<Vec<Appointment>, ToolError> {
        self.read(move |reader| {
            let mut own = match visitor {
                Some(visitor) => reader.appointments_of(visitor, now.into())?,
                None => Vec::new(),
            };
            let of_visit = reader.booked_in(visit, now.into())?;
            // Of a visit in which somebody else was known: what they booked is theirs alone.
            own.extend(of_visit.into_iter().filter(|one| one.visitor.is_none()));
            own.sort_by_key(|one| one.start);
            Ok(own)
        })
        .await
    }

    /// The appointment with that code, if it stands and is not over.
    pub(in crate::appointments) async fn by_code(
        &self,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<Appointment>, ToolError> {
        let code = code.to_owned();
        let found = self.read(move |reader| reader.appointment(&code)).await?;
        Ok(found.filter(|one| one.status == AppointmentStatus::Booked && one.end > now))
    }

    pub(super) async fn shown(&self, card: &AppointmentCard, now: Timestamp) -> Result<Appointment, ToolError> {
        self.by_code(&card.code, now).await?.ok_or_else(reason::gone)
    }

    /// The appointment that is meant: by its code, else the one that is shown, else the only one of whoever stands here.
    pub(in crate::appointments) async fn meant(
        &self,
        code: Option<&str>,
        context: &CallContext,
    ) -> Result<Appointment, ToolError> {
        let own = self.own(context.visitor, context.visit, context.now).await?;
        if let Some(said) = code {
            let code = code::read(said, &self.code_prefix).ok_or_else(|| {
                ToolError::Invalid(format!(
                    "this is no code; a code is {} and four letters or digits, such as {0}-4H7K",
                    self.code_prefix
                ))
            })?;
            if let Some(appointment) = own.into_iter().find(|one| one.code == code) {
                return Ok(appointment);
            }
            return self.of_somebody(&code, context).await;
        }
        if let Some(shown) = &context.shown
            && let Some(appointment) = self.by_code(&shown.code, context.now).await?
        {
            return Ok(appointment);
        }
        match own.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(ToolError::Refused(
                "no appointment of this visitor is known; ask for its code, or for their telephone number \
                 (identify_visitor)"
                    .to_owned(),
            )),
            several => {
                let lines: Vec<String> = several
                    .iter()
                    .map(|one| format!("{} (code {})", self.worded(one, context.language, context.now), one.code))
                    .collect();
                Err(ToolError::Invalid(format!("which of them? give its `code`: {}", lines.join("; "))))
            }
        }
    }

    /// Whoever has the code has the appointment; wrong ones are counted.
    async fn of_somebody(&self, code: &str, context: &CallContext) -> Result<Appointment, ToolError> {
        if !self.attempts.may_try(context.visit, context.now) {
            return Err(reason::too_many_tries());
        }
        let found = self.by_code(code, context.now).await?;
        found.ok_or_else(|| {
            self.attempts.was_wrong(context.visit, context.now);
            ToolError::Refused(
                "there is no open appointment with this code; ask for it again, letter by letter".to_owned(),
            )
        })
    }

    /// The slot of an appointment, also one that lies outside the hours by now.
    pub(in crate::appointments) fn slot_of(&self, appointment: &Appointment) -> Option<Slot> {
        let host = self.calendar.host(&appointment.host)?.clone();
        Some(Slot { host, start: appointment.start, end: appointment.end })
    }
}
