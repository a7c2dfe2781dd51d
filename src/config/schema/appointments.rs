//! `[appointments]`: when somebody can be met.

use super::*;

section! {
    /// When somebody can be met. Times are those of `stand.time_zone`.
    Appointments {
        /// Whether appointments can be booked.
        enabled: bool = true, Limit::Any;
        /// The letters before the code of a confirmation.
        code_prefix: String = "NEP".into(), Limit::NotEmpty;
        /// How far ahead can be booked, days.
        days_ahead: u32 = 14, Limit::Int(1..=366);
        /// Not sooner than this from now, minutes.
        min_notice_minutes: u32 = 15, Limit::Int(0..=10_080);
        /// Days without appointments: "2026-12-02", or "2026-12-24/2026-12-26".
        holidays: Vec<String> = Vec::new(), Limit::Any;
        /// The country whose way of writing phone numbers is taken where a visitor leaves out the country code, as in ISO 3166.
        phone_country: String = "SA".into(), Limit::NotEmpty;
    } lists {
        /// Somebody, or something, that can be booked. Without any there is one host, the desk.
        hosts: Host;
    }
}

section! {
    /// Somebody, or something, that can be booked.
    Host {
        /// Its short name for tools: letters, digits, _.
        id: String = String::new(), Limit::NotEmpty;
        /// What it is called: { en = "Training adviser" }.
        name: ByLanguage<String> = ByLanguage::default(), Limit::NotEmpty;
        /// About what: { en = "Apprenticeship programme" }.
        subject: ByLanguage<String> = ByLanguage::default(), Limit::Any;
        /// Where: { en = "Meeting point B2" }.
        place: ByLanguage<String> = ByLanguage::default(), Limit::Any;
        /// How to get there.
        directions: ByLanguage<String> = ByLanguage::default(), Limit::Any;
        /// Working hours: "mon-thu,sat,sun 09:00-12:00,13:00-17:00", one line for each group of days.
        hours: Vec<String> = Vec::new(), Limit::Any;
        /// How long an appointment is, minutes.
        length_minutes: u32 = 30, Limit::Int(5..=480);
    }
}
