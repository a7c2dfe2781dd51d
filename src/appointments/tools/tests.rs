//! The tools as the model calls them, and what visitors come to see and hear.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::tools;
use crate::{
    appointments::Desk,
    clock::ManualClock,
    config::{Config, Digits, Host},
    event::{
        AppointmentCard, Bus, ByLanguage, Card, Cost, Effect, EndReason, Language, PersonaId, SlotId, TurnId, VisitId,
        VisitSummary, VisitorId, staff::PersonDetails,
    },
    store::{Actor, Consent, Key, NewPerson, People, Store, UnixMillis},
    tools::{CallContext, Tool, ToolError, ToolOutput},
    words::Words,
};

/// Saturday 21 November 2026, 10:00 at the stand.
const NOW: &str = "2026-11-21T07:00:00Z";

struct Stand {
    _folder: tempfile::TempDir,
    store: Store,
    key: Key,
    people: People,
    desk: Desk,
}

impl Stand {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("majlis.sqlite");
        let store = Store::open(&path, Bus::new(Arc::new(ManualClock::default()))).unwrap();
        let key = Key::random();
        let people = store.people(key.clone());
        people.ready().await.unwrap();
        let mut config = Config::default();
        config.appointments.hosts = vec![Host {
            id: "adviser".to_owned(),
            name: ByLanguage::texts("Training adviser", "مستشار التدريب"),
            subject: ByLanguage::texts("Apprenticeship programme", ""),
            place: ByLanguage::texts("Meeting point B2", ""),
            directions: ByLanguage::texts("First floor, left of the stairs", ""),
            hours: vec!["mon-thu 09:00-12:00,13:00-17:00".to_owned()],
            ..Host::default()
        }];
        change(&mut config);
        let words = Arc::new(Words::load(Path::new("assets")).unwrap());
        let desk = Desk::new(&config, people.clone(), words).unwrap();
        Self { _folder: folder, store, key, people, desk }
    }

    fn tool(&self, name: &str) -> Arc<dyn Tool> {
        tools(&self.desk).into_iter().find(|tool| tool.spec().name == name).unwrap()
    }

    async fn call(&self, name: &str, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        self.tool(name).call(arguments, context).await
    }

    async fn ask(&self, name: &str, arguments: Value, context: &CallContext) -> Result<String, ToolError> {
        self.tool(name).proposal(&arguments, context).await.map(Option::unwrap)
    }

    async fn book(&self, slot: &str, context: &CallContext) -> Arc<AppointmentCard> {
        let slot = format!("{slot}/adviser");
        card(&self.call("book_appointment", json!({"slot": slot}), context).await.unwrap())
    }

    async fn person(&self, name: &str, phone: &str) -> VisitorId {
        let details = PersonDetails { name: name.to_owned(), phone: phone.to_owned(), ..PersonDetails::default() };
        let agreed_at = UnixMillis::from(now());
        let consent = Consent {
            text_version: "3".to_owned(),
            text_sha256: "a".repeat(64),
            language: Language::ENGLISH,
            agreed_at,
            covers_crops: false,
        };
        let person = NewPerson {
            renews: None,
            details,
            language: Language::ENGLISH,
            consent,
            faces: Vec::new(),
            retained_until: UnixMillis(agreed_at.0 + 365 * 24 * 3_600_000),
            by: Actor::CommandLine,
        };
        self.people.enrol(person, agreed_at).await.unwrap()
    }
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A visit of its own by somebody who is not known.
fn visit() -> CallContext {
    CallContext {
        visit: VisitId::generate(),
        turn: TurnId(1),
        step: 0,
        visitor: None,
        language: Language::ENGLISH,
        persona: PersonaId("reception".to_owned()),
        now: now(),
        visitor_said: "".into(),
        shown: None,
    }
}

fn visit_of(visitor: VisitorId) -> CallContext {
    CallContext { visitor: Some(visitor), ..visit() }
}

fn card(output: &ToolOutput) -> Arc<AppointmentCard> {
    let card = output.effects.iter().find_map(|effect| match effect {
        Effect::Show(Card::Appointment(card)) => Some(card.clone()),
        _ => None,
    });
    card.unwrap_or_else(|| panic!("{output:?}"))
}

fn booked(output: &ToolOutput) -> &str {
    let line = output.effects.iter().find_map(|effect| match effect {
        Effect::Booked { line, .. } => Some(line.as_str()),
        _ => None,
    });
    line.unwrap_or_else(|| panic!("{output:?}"))
}

/// What is said of the times that were found.
fn offered(output: &ToolOutput) -> Vec<&str> {
    output.content["free"].as_array().unwrap().iter().map(|slot| slot["say_when"].as_str().unwrap()).collect()
}

fn why<T: std::fmt::Debug>(result: Result<T, ToolError>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_visitor_books_what_was_offered_and_sees_it_on_the_card() {
    let (stand, context) = (Stand::new().await, visit());
    let found = stand.call("fetch_slots", json!({"day": "Tuesday", "time_of_day": "morning"}), &context).await.unwrap();
    assert_eq!(
        offered(&found),
        [
            "Tuesday the 24th of November at nine o'clock",
            "Tuesday the 24th of November at half past nine",
            "Tuesday the 24th of November at ten o'clock",
            "Tuesday the 24th of November at half past ten",
            "Tuesday the 24th of November at eleven o'clock",
            "Tuesday the 24th of November at half past eleven",
        ]
    );
    let slot = json!({"slot": found.content["free"][3]["slot"]});
    let question = stand.ask("book_appointment", slot.clone(), &context).await.unwrap();
    assert_eq!(question, "Shall I book Training adviser for Tuesday the 24th of November at half past ten?");
    assert_eq!(stand.desk.own(None, context.visit, now()).await.unwrap(), [], "nothing is booked by asking");

    let done = stand.call("book_appointment", slot, &context).await.unwrap();
    let card = card(&done);
    assert_eq!((card.day.as_str(), card.time.as_str()), ("Tuesday 24 November", "10:30 to 11:00"));
    assert_eq!((card.host.as_str(), card.subject.as_str()), ("Training adviser", "Apprenticeship programme"));
    assert_eq!(card.place_detail, "First floor, left of the stairs");
    assert!(card.code.starts_with("NEP-") && card.code.len() == 8 && card.qr.side > 20);
    let others: Vec<(&str, &str)> =
        card.alternatives.iter().map(|other| (other.time.as_str(), other.day.as_str())).collect();
    assert_eq!(others, [("9:30", "Tuesday"), ("11:30", "Tuesday"), ("13:00", "Tuesday")]);
    assert_eq!(
        booked(&done),
        format!("Booked: Training adviser, Tuesday 24 November, 10:30 to 11:00, code {}", card.code)
    );
    let say = done.content["say"].as_str().unwrap();
    let expected = "It is booked: Training adviser, Tuesday the 24th of November at half past ten. The code is NEP-";
    assert!(say.starts_with(expected), "{say}");

    let again = visit();
    let text = why(stand.call("book_appointment", json!({"day": "2026-11-24", "time": "10:30"}), &again).await);
    assert!(text.contains("taken") && text.contains("at half past nine (slot 2026-11-24T06:30:00Z/adviser)"), "{text}");
    let text = why(stand.ask("book_appointment", json!({"day": "2026-11-24", "time": "10:30"}), &again).await);
    assert!(text.contains("taken"), "{text}");
}

#[tokio::test]
async fn where_appointments_are_off_no_tool_offers_them() {
    let stand = Stand::with(|config| config.appointments.enabled = false).await;
    let names: Vec<String> = tools(&stand.desk).iter().map(|tool| tool.spec().name.clone()).collect();
    assert_eq!(names, ["identify_visitor", "remember_preference"]);
}

#[tokio::test]
async fn in_arabic_everything_is_arabic() {
    let stand = Stand::with(|config| config.ui.digits = Digits::Arabic).await;
    let context = CallContext { language: Language::ARABIC, ..visit() };
    let slot = json!({"day": "الثلاثاء", "time": "١٠:٣٠"});
    let question = stand.ask("book_appointment", slot.clone(), &context).await.unwrap();
    assert_eq!(
        question,
        "هل أحجز لكم موعدًا مع مستشار التدريب الثلاثاء الرابع والعشرين من نوفمبر في العاشرة والنصف صباحًا؟"
    );
    let done = stand.call("book_appointment", slot, &context).await.unwrap();
    let card = card(&done);
    assert_eq!((card.day.as_str(), card.time.as_str()), ("الثلاثاء ٢٤ نوفمبر", "١٠:٣٠ إلى ١١:٠٠"));
    assert_eq!(card.alternatives[0].day, "الثلاثاء");
    assert!(booked(&done).starts_with("تم الحجز: مستشار التدريب"));
}

#[tokio::test]
async fn times_are_spread_over_the_days_and_what_is_not_free_is_said() {
    let stand = Stand::new().await;
    let found = stand.call("fetch_slots", json!({}), &visit()).await.unwrap();
    assert_eq!(
        offered(&found),
        [
            "Monday the 23rd of November at nine o'clock",
            "Monday the 23rd of November at half past four",
            "Tuesday the 24th of November at nine o'clock",
            "Tuesday the 24th of November at half past four",
            "Wednesday the 25th of November at nine o'clock",
            "Wednesday the 25th of November at half past four",
        ]
    );
    let near = stand.call("fetch_slots", json!({"day": "Monday", "until": "Tuesday", "near": "14:00"}), &visit()).await;
    let near = near.unwrap();
    assert_eq!(
        offered(&near)[..2],
        ["Monday the 23rd of November at half past one", "Monday the 23rd of November at two o'clock",]
    );
    assert_eq!(offered(&near)[3], "Tuesday the 24th of November at half past one");
    let friday = stand.call("fetch_slots", json!({"day": "Friday"}), &visit()).await.unwrap();
    assert_eq!(offered(&friday), [""; 0]);
    assert_eq!(friday.content["why"], "nothing is free then");
    assert_eq!(friday.content["next_free"][0]["say_when"], "Monday the 30th of November at nine o'clock");
    for (wrong, allowed) in [
        (json!({"day": "someday"}), "a date such as"),
        (json!({"near": "soon"}), "a time of day such as"),
        (json!({"day": "2027-11-24"}), "allowed: 2026-11-21 to 2026-12-05"),
        (json!({"host": "nobody"}), "allowed: adviser (Training adviser: Apprenticeship programme)"),
    ] {
        let text = why(stand.call("fetch_slots", wrong.clone(), &visit()).await);
        assert!(text.contains(allowed), "{wrong}: {text}");
    }
}

#[tokio::test]
async fn an_appointment_is_opened_by_its_code_or_in_its_own_visit_and_by_nobody_else() {
    let (stand, context) = (Stand::new().await, visit());
    let card = stand.book("2026-11-24T07:30:00Z", &context).await;
    let own = stand.call("retrieve_appointments", json!({}), &context).await.unwrap();
    assert_eq!(own.content["appointments"][0]["code"], card.code.as_str());
    assert_eq!(self::card(&own).code, card.code);

    let stranger = visit();
    let text = why(stand.call("retrieve_appointments", json!({}), &stranger).await);
    assert!(text.contains("not known who") && !text.contains(&card.code), "{text}");
    for tool in ["cancel_appointment", "modify_appointment"] {
        let text = why(stand.call(tool, json!({"day": "Wednesday", "time": "09:00"}), &stranger).await);
        assert!(text.contains("no appointment of this visitor") && !text.contains(&card.code), "{text}");
    }
    let by_code = stand.call("retrieve_appointments", json!({"code": card.code.to_lowercase()}), &stranger).await;
    assert_eq!(self::card(&by_code.unwrap()).day, "Tuesday 24 November");
    let question = stand.ask("cancel_appointment", json!({"code": card.code}), &stranger).await.unwrap();
    assert_eq!(
        question,
        "Shall I cancel your appointment with Training adviser Tuesday the 24th of November at half past ten?"
    );
    let done = stand.call("cancel_appointment", json!({"code": card.code}), &stranger).await.unwrap();
    assert_eq!(booked(&done), "Cancelled: Training adviser, Tuesday 24 November, 10:30 to 11:00");
    assert!(done.effects.contains(&Effect::HideCard));
    let text = why(stand.call("retrieve_appointments", json!({"code": card.code}), &context).await);
    assert!(text.contains("no open appointment"), "{text}");
}

#[tokio::test]
async fn codes_cannot_be_tried_out() {
    let (stand, owner, thief) = (Stand::new().await, visit(), visit());
    let card = stand.book("2026-11-24T07:30:00Z", &owner).await;
    for code in ["NEP-AAAA", "NEP-CCCC", "NEP-DDDD"] {
        why(stand.call("cancel_appointment", json!({"code": code}), &thief).await);
    }
    let text = why(stand.call("cancel_appointment", json!({"code": card.code}), &thief).await);
    assert!(text.contains("too many"), "{text}");
    stand.call("cancel_appointment", json!({"code": card.code}), &owner).await.unwrap();
}

#[tokio::test]
async fn an_appointment_is_moved_by_word_and_by_touch_and_keeps_its_code() {
    let (stand, mut context) = (Stand::new().await, visit());
    let card = stand.book("2026-11-24T07:30:00Z", &context).await;
    context.shown = Some(card.clone());
    let change = json!({"day": "Wednesday", "time": "2 pm"});
    assert_eq!(
        stand.ask("modify_appointment", change.clone(), &context).await.unwrap(),
        "Shall I move your appointment with Training adviser from Tuesday the 24th of November at half past ten to \
         Wednesday the 25th of November at two o'clock?"
    );
    let moved = self::card(&stand.call("modify_appointment", change, &context).await.unwrap());
    assert_eq!(
        (moved.day.as_str(), moved.time.as_str(), &moved.code),
        ("Wednesday 25 November", "14:00 to 14:30", &card.code)
    );

    let touched = stand.desk.move_to(&moved, &moved.alternatives[0].slot, Language::ENGLISH, now()).await.unwrap();
    let touched_card = self::card(&touched);
    assert_eq!(touched_card.time.split(' ').next().unwrap(), moved.alternatives[0].time);
    assert!(booked(&touched).starts_with("Moved: Training adviser"));
    let bad = stand.desk.move_to(&touched_card, &SlotId("x".to_owned()), Language::ENGLISH, now()).await;
    assert!(why(bad).contains("no slot"));
    let gone = stand.desk.cancel(&touched_card, Language::ENGLISH, now()).await.unwrap();
    assert!(gone.effects.contains(&Effect::HideCard));
    assert!(why(stand.desk.cancel(&touched_card, Language::ENGLISH, now()).await).contains("does not stand"));
    // The first time is free again.
    stand.book("2026-11-24T07:30:00Z", &visit()).await;
}

#[tokio::test]
async fn nobody_books_twice_at_once_or_more_than_a_handful() {
    let (stand, context) = (Stand::new().await, visit());
    stand.book("2026-11-24T07:30:00Z", &context).await;
    let text = why(stand.ask("book_appointment", json!({"slot": "2026-11-24T07:30:00Z/adviser"}), &context).await);
    assert!(text.contains("another appointment at that time"), "{text}");
    stand.book("2026-11-24T08:00:00Z", &context).await;
    stand.book("2026-11-25T08:00:00Z", &context).await;
    let text = why(stand.call("book_appointment", json!({"slot": "2026-11-26T08:00:00Z/adviser"}), &context).await);
    assert!(text.contains("3 open appointments"), "{text}");
}

#[tokio::test]
async fn a_visitor_is_identified_by_their_number_alone_and_only_by_it() {
    let stand = Stand::new().await;
    let id = stand.person("Maryam Al Suwaidi", "050 123 4567").await;
    stand.book("2026-11-24T07:30:00Z", &visit_of(id)).await;
    stand.people.prefer(id, "by the window".to_owned(), UnixMillis::from(now())).await.unwrap();
    let summary = VisitSummary {
        text: "Asked for hall B2.".to_owned(),
        language: Language::ENGLISH,
        asked: Vec::new(),
        done: Vec::new(),
        booked: Vec::new(),
        preferences: Vec::new(),
        duration: std::time::Duration::from_secs(60),
        cost: Cost(0),
        reason: EndReason::Goodbye,
        visitor: Some(id),
    };
    stand.store.writer().sealing(stand.key.clone()).summarise(VisitId::generate(), UnixMillis::from(now()), &summary);
    stand.people.ready().await.unwrap();

    let said = "صفر خمسة صفر واحد اثنين ثلاثة أربعة خمسة ستة سبعة";
    let found = stand.call("identify_visitor", json!({"phone": said}), &visit()).await.unwrap();
    assert_eq!(found.content["name"], "Maryam Al Suwaidi");
    assert_eq!(found.content["preferences"], json!(["by the window"]));
    assert_eq!(
        found.content["open_appointments"],
        json!(["Tuesday the 24th of November at half past ten: Training adviser"])
    );
    assert_eq!(found.content["last_visits"], json!(["Saturday 21 November: Asked for hall B2."]));
    let Effect::Identified(known) = &found.effects[0] else { panic!("{found:?}") };
    assert_eq!(known.id, id);
    assert!(!format!("{found:?}").contains("Maryam"));

    for arguments in [
        json!({"phone": "050 999 9999"}),
        json!({"phone": "050 999 9999", "name": "Maryam Al Suwaidi"}),
        json!({"phone": "050 123 4567", "name": "Fatima"}),
    ] {
        let wrong = stand.call("identify_visitor", arguments.clone(), &visit()).await.unwrap();
        assert_eq!((wrong.content["known"].clone(), wrong.effects.len()), (json!(false), 0), "{arguments}");
        assert!(!wrong.content.to_string().contains("Maryam"));
    }
    for name in ["maryam", "مريم"] {
        let right = stand.call("identify_visitor", json!({"phone": "0501234567", "name": name}), &visit()).await;
        assert_eq!(right.unwrap().content["known"], true, "{name}");
    }
    let text = why(stand.call("identify_visitor", json!({"phone": "12"}), &visit()).await);
    assert!(text.contains("2 digits"), "{text}");
    let somebody_else = visit_of(stand.person("Omar", "").await);
    let text = why(stand.call("identify_visitor", json!({"phone": "0501234567"}), &somebody_else).await);
    assert!(text.contains("somebody else") && !text.contains("Maryam"), "{text}");
}

#[tokio::test]
async fn numbers_cannot_be_tried_out() {
    let (stand, context) = (Stand::new().await, visit());
    stand.person("Maryam", "0501234567").await;
    for last in 1..=3 {
        let wrong = json!({"phone": format!("050999999{last}")});
        assert_eq!(stand.call("identify_visitor", wrong, &context).await.unwrap().content["known"], false);
    }
    let text = why(stand.call("identify_visitor", json!({"phone": "0501234567"}), &context).await);
    assert!(text.contains("too many"), "{text}");
}

#[tokio::test]
async fn people_who_share_a_number_are_told_apart_by_their_names() {
    let stand = Stand::new().await;
    stand.person("Maryam Al Suwaidi", "0501234567").await;
    let omar = stand.person("Omar Al Suwaidi", "0501234567").await;
    let call = |arguments| async { stand.call("identify_visitor", arguments, &visit()).await };
    let text = why(call(json!({"phone": "0501234567"})).await);
    assert!(text.contains("ask for the visitor's name") && !text.contains("Omar"), "{text}");
    let found = call(json!({"phone": "0501234567", "name": "Omar"})).await.unwrap();
    assert!(matches!(&found.effects[0], Effect::Identified(known) if known.id == omar));
    assert!(why(call(json!({"phone": "0501234567", "name": "عمر"})).await).contains("several"));
}

#[tokio::test]
async fn what_somebody_is_used_to_is_offered_first_and_theirs_alone() {
    let stand = Stand::new().await;
    let id = stand.person("Maryam", "").await;
    for slot in ["2026-11-25T11:00:00Z", "2026-12-02T11:30:00Z"] {
        stand.book(slot, &visit_of(id)).await;
    }
    let found = stand.call("fetch_slots", json!({}), &visit_of(id)).await.unwrap();
    assert!(offered(&found)[0].starts_with("Wednesday the 25th of November at"), "{:?}", offered(&found));
    assert_eq!(found.content["free"][0]["visitor_likes"], true);
    let memory = stand.desk.memory(id, Language::ENGLISH, now()).await;
    assert_eq!(memory.preferences, ["usually comes in the afternoon", "usually comes on Wednesday"]);
    assert_eq!(memory.appointments.len(), 2);
    let other = stand.call("fetch_slots", json!({}), &visit()).await.unwrap();
    assert!(offered(&other)[0].starts_with("Monday") && !other.content.to_string().contains("likes"));

    // What they say counts more than what they did.
    stand.call("remember_preference", json!({"preference": "mornings, Thursdays"}), &visit_of(id)).await.unwrap();
    let found = stand.call("fetch_slots", json!({}), &visit_of(id)).await.unwrap();
    assert_eq!(offered(&found)[0], "Thursday the 26th of November at nine o'clock");
}

#[tokio::test]
async fn a_preference_is_kept_for_whoever_is_on_record() {
    let stand = Stand::new().await;
    let id = stand.person("Maryam", "").await;
    let wish = json!({"preference": "  the  quiet room "});
    assert_eq!(
        stand.ask("remember_preference", wish.clone(), &visit()).await.unwrap(),
        "Shall I remember this for your next visits: the quiet room?"
    );
    let kept = stand.call("remember_preference", wish.clone(), &visit_of(id)).await.unwrap();
    assert_eq!(kept.effects, [Effect::Preferred("the quiet room".to_owned())]);
    assert_eq!(stand.desk.memory(id, Language::ENGLISH, now()).await.preferences, ["the quiet room"]);
    let unknown = stand.call("remember_preference", wish, &visit()).await.unwrap();
    assert!(unknown.content["remembered"].as_str().unwrap().contains("this visit only"));
}

#[tokio::test]
async fn name_and_number_are_kept_only_with_consent() {
    let stand = Stand::new().await;
    let given = |may_keep: bool, time: &str| json!({"day": "Tuesday", "time": time, "name": "Sara", "phone": "oh five oh one two three four five six seven", "may_keep": may_keep});
    let question = stand.ask("book_appointment", given(true, "09:00"), &visit()).await.unwrap();
    assert!(question.ends_with("and keep your name and number until then?"), "{question}");
    assert!(!stand.ask("book_appointment", given(false, "09:00"), &visit()).await.unwrap().contains("keep"));
    stand.call("book_appointment", given(true, "09:00"), &visit()).await.unwrap();
    stand.call("book_appointment", given(false, "09:30"), &visit()).await.unwrap();
    let times = ["2026-11-24T00:00:00Z".parse().unwrap(), "2026-11-25T00:00:00Z".parse().unwrap()];
    let all = stand.people.reader().unwrap().appointments_between(times).unwrap();
    let kept: Vec<_> = all.iter().map(|one| (one.name.as_deref(), one.phone.as_deref())).collect();
    assert_eq!(kept, [(Some("Sara"), Some("+966501234567")), (None, None)]);
}
