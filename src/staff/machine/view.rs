//! The state as the window shows it.

use super::{Page, PinPad, Settings, Sitting, State};
use crate::{
    event::staff::{CaptureView, FaultView, PeopleView, PersonView, PinView, StaffPage, StaffView},
    store::PeopleList,
};

impl State {
    /// What the window shows.
    #[must_use]
    pub fn view(&self, settings: &Settings) -> StaffView {
        StaffView {
            page: self.shown(settings),
            language: self.language,
            staff_name: self.member.as_ref().map(|member| member.name.clone()).unwrap_or_default(),
            closes_at: self.closes_at(settings),
        }
    }

    fn shown(&self, settings: &Settings) -> Option<StaffPage> {
        Some(match &self.page {
            Page::Closed => return None,
            Page::Pin(pad) => StaffPage::Pin(pad.view()),
            Page::People { search, list, .. } => self.people(settings, search, list),
            Page::Person(page) => {
                let Some(record) = &page.record else {
                    return Some(self.people(settings, &page.before.0, &page.before.1));
                };
                let consent_version = record.consent.as_ref().map(|consent| consent.text_version.clone());
                StaffPage::Person(PersonView {
                    row: record.row.clone(),
                    details: record.details.clone(),
                    consent_version: consent_version.unwrap_or_default(),
                    enrolled_by: record.enrolled_by.clone().unwrap_or_default(),
                    confirms_forget: page.confirms_forget,
                    removed: page.removed,
                    refused: page.refused.clone().map(Box::new),
                })
            }
            Page::Details { details, refused } => {
                StaffPage::Details { details: details.clone(), refused: refused.clone() }
            }
            Page::Consent { details, until } => {
                let text = settings.consent.as_ref().and_then(|texts| texts.text(self.language))?;
                StaffPage::Consent(text.view(&details.name, until.timestamp(), &settings.time_zone))
            }
            Page::Capture(sitting) => StaffPage::Capture(sitting.view(settings)),
            Page::Fault => StaffPage::Fault(FaultView {
                fault: settings.safe_mode.as_ref()?.fault.clone(),
                may_act: self.member.is_some(),
            }),
            Page::Done { name, until } => StaffPage::Done { name: name.clone(), until: until.timestamp() },
        })
    }

    fn people(&self, settings: &Settings, search: &str, list: &PeopleList) -> StaffPage {
        StaffPage::People(PeopleView {
            search: search.to_owned(),
            rows: list.rows.clone(),
            counts: list.counts,
            recognition: settings.recognition.then_some(self.recognises),
        })
    }
}

impl PinPad {
    fn view(&self) -> PinView {
        PinView {
            digits: u8::try_from(self.digits.len()).unwrap_or(u8::MAX),
            is_checking: self.checking.is_some(),
            problem: self.problem,
        }
    }
}

impl Sitting {
    fn view(&self, settings: &Settings) -> CaptureView {
        let problem = if self.failed {
            Some("capture.not_saved")
        } else if self.is_waiting() {
            None
        } else {
            self.capture.problem()
        };
        CaptureView {
            name: self.details.name.clone(),
            live: self.live.clone(),
            taken: self.capture.taken().len(),
            problem,
            gauges: self.capture.gauges(&settings.demands),
            looks_like: self.alike.as_ref().map(|alike| (alike.name.clone(), alike.score)),
        }
    }
}
