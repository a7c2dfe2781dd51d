//! Enrolment: name, consent, five pictures, done. Whatever was not saved goes with the page it stands in.

use std::sync::Arc;

use super::{Action, Alike, DAY_MS, Enrolled, Page, RequestId, Sitting, Step};
use crate::{
    event::{
        Language, VisitorId,
        staff::{LivePicture, PersonDetails},
    },
    staff::{
        capture::{Capture, NO_PICTURE_AFTER, Progress},
        details,
    },
    store::{Consent, UnixMillis},
    vision::Glimpse,
};

impl Step<'_> {
    /// Whether the pages are a person's who is being enrolled.
    pub(super) fn is_with_a_person(&self) -> bool {
        matches!(self.state.page, Page::Details { .. } | Page::Consent { .. } | Page::Capture(_) | Page::Done { .. })
    }

    /// With recognition off by configuration nothing could be done with a face, so none is taken.
    pub(super) fn begin_enrolment(&mut self) {
        let is_possible = self.settings.recognition && self.settings.consent.is_some();
        if is_possible && matches!(self.state.page, Page::People { .. } | Page::Person(_)) {
            self.state.page = Page::Details { details: PersonDetails::default(), refused: Vec::new() };
        }
    }

    pub(super) fn set_details(&mut self, given: PersonDetails) {
        if !matches!(self.state.page, Page::Details { .. }) {
            return;
        }
        match details::validate(&given) {
            Ok(details) => {
                self.state.language = details.language.unwrap_or(self.state.language);
                let until = UnixMillis(self.now.wall.0 + i64::from(self.settings.retention_days) * DAY_MS);
                self.state.page = Page::Consent { details, until };
            }
            Err(refused) => self.state.page = Page::Details { details: given, refused },
        }
    }

    /// The text is spoken in the language in which it is shown.
    pub(super) fn read_out(&mut self) {
        let text = self.settings.consent.as_ref().and_then(|texts| texts.text(self.state.language));
        let (Page::Consent { until, .. }, Some(text)) = (&self.state.page, text) else { return };
        let spoken = text.spoken(until.timestamp(), &self.settings.time_zone);
        self.actions.push(Action::ReadOut(spoken.into(), text.language()));
        self.state.read = Some(self.state.language);
    }

    /// Nobody is read what does not stand there any more: the page is gone, or in another language.
    pub(super) fn leave_reading(&mut self, read: Option<Language>) {
        let stands_there = matches!(self.state.page, Page::Consent { .. }) && read == Some(self.state.language);
        if read.is_some() && !stands_there {
            self.state.read = None;
            self.actions.push(Action::StopReading);
        }
    }

    /// The person agrees to the text in the language in which it is shown.
    pub(super) fn agree(&mut self) {
        let text = self.settings.consent.as_ref().and_then(|texts| texts.text(self.state.language));
        let (Page::Consent { details, until }, Some(text)) = (&self.state.page, text) else { return };
        let consent = Consent {
            text_version: text.version().to_owned(),
            text_sha256: text.sha256().to_owned(),
            language: text.language(),
            agreed_at: self.now.wall,
            covers_crops: text.covers_crops(),
        };
        let sitting = Sitting {
            details: details.clone(),
            consent,
            until: *until,
            capture: Capture::default(),
            live: None,
            seen_at: self.now.clock,
            comparing: None,
            alike: None,
            is_identified: false,
            renews: None,
            saving: None,
            failed: false,
        };
        self.state.page = Page::Capture(Box::new(sitting));
        self.actions.push(Action::Look(true));
    }

    /// Back to the list, in the language of staff. Whatever was not saved is dropped.
    pub(super) fn end_enrolment(&mut self) {
        if matches!(self.state.page, Page::Capture(_)) {
            self.actions.push(Action::Look(false));
        }
        self.state.language = self.state.staff_language;
        self.show_people(String::new());
    }

    pub(super) fn look(&mut self, glimpse: &Arc<Glimpse>) {
        let Page::Capture(sitting) = &mut self.state.page else { return };
        sitting.seen_at = self.now.clock;
        let face = glimpse.faces.first().map(|reading| reading.face.bounds);
        sitting.live = Some(LivePicture {
            picture: glimpse.frame.picture.clone(),
            face: face.map(|bounds| [bounds.x, bounds.y, bounds.width, bounds.height]),
        });
        if sitting.is_waiting() {
            return;
        }
        let progress = sitting.capture.look(glimpse, &self.settings.demands);
        if progress == Progress::None {
            return;
        }
        // Whoever holds still for a picture is there.
        self.state.touched_at = self.now.clock;
        let first = sitting.capture.taken().first();
        if let (Progress::Took(_), Some(first), false) = (progress, first, sitting.is_identified) {
            self.state.last_request.0 += 1;
            sitting.comparing = Some(self.state.last_request);
            self.actions.push(Action::Compare(self.state.last_request, first.reading.embedding.clone()));
        }
        if progress == Progress::Complete {
            self.save();
        }
    }

    pub(super) fn identify(&mut self, whose: impl FnOnce(&Alike) -> Option<VisitorId>) {
        if let Page::Capture(sitting) = &mut self.state.page
            && let Some(alike) = sitting.alike.take()
        {
            sitting.renews = whose(&alike);
            sitting.is_identified = true;
        }
    }

    fn save(&mut self) {
        let request = self.request();
        let (Page::Capture(sitting), Some(member)) = (&mut self.state.page, &self.state.member) else { return };
        sitting.saving = Some(request);
        let enrolled = Enrolled {
            renews: sitting.renews,
            details: sitting.details.clone(),
            language: sitting.details.language.unwrap_or(sitting.consent.language),
            consent: sitting.consent.clone(),
            retained_until: sitting.until,
            taken: sitting.capture.taken().to_vec(),
            by: member.id,
        };
        self.actions.push(Action::Save(request, Box::new(enrolled)));
    }

    pub(super) fn saved(&mut self, request: RequestId, is_saved: bool) {
        let Page::Capture(sitting) = &mut self.state.page else { return };
        if sitting.saving != Some(request) {
            return;
        }
        if !is_saved {
            // "Start over" tries again.
            sitting.saving = None;
            sitting.failed = true;
            return;
        }
        self.state.page = Page::Done { name: sitting.details.name.clone(), until: sitting.until };
        self.actions.push(Action::Look(false));
    }

    pub(super) fn notice_lost_camera(&mut self) {
        if let Page::Capture(sitting) = &mut self.state.page
            && sitting.live.is_some()
            && self.now.clock >= sitting.seen_at + NO_PICTURE_AFTER
        {
            sitting.live = None;
            sitting.capture.lost();
        }
    }
}

impl Sitting {
    /// Whether no picture is to be taken now.
    pub(super) fn is_waiting(&self) -> bool {
        self.comparing.is_some() || self.alike.is_some() || self.saving.is_some() || self.failed
    }

    pub(super) fn start_over(&mut self) {
        self.capture = Capture::default();
        self.comparing = None;
        self.alike = None;
        self.is_identified = false;
        self.renews = None;
        self.failed = false;
    }
}
