//! Staff pages in a test: views as the staff room would give them.

use std::{sync::Arc, time::Duration};

use majlis::event::{
    Language, VisitorId,
    staff::{
        CaptureView, ConsentPoint, ConsentView, Gauge, LivePicture, PeopleView, PersonDetails, PersonRow, PersonStatus,
        PersonView, PinProblem, PinView, StaffPage, StaffView,
    },
};
use uuid::Uuid;

/// The pages close two minutes after the tests' clock begins, and a second that pictures take.
pub const CLOSES_AT: Duration = Duration::from_secs(133);

pub fn shown(page: StaffPage, language: Language) -> StaffView {
    StaffView { page: Some(page), language, staff_name: String::new(), closes_at: CLOSES_AT }
}

pub fn at(date: &str) -> jiff::Timestamp {
    format!("{date}T09:00:00+03:00").parse().unwrap()
}

pub fn arabic(language: Language) -> bool {
    language.is_right_to_left()
}

pub fn pin() -> PinView {
    PinView { digits: 3, is_checking: false, problem: Some(PinProblem::Wrong { attempts_left: 3 }) }
}

pub fn id(number: u128) -> VisitorId {
    VisitorId(Uuid::from_u128(number))
}

pub fn row(number: u128, name: &str, since: &str, until: Option<&str>, status: PersonStatus) -> PersonRow {
    PersonRow { id: id(number), name: name.into(), since: at(since), until: until.map(at), last_visit: None, status }
}

pub fn people(language: Language) -> PeopleView {
    let names = if arabic(language) {
        ["مريم السويدي", "خالد الرحمن", "Lena Moreau", ""]
    } else {
        ["Maryam Al Suwaidi", "Khalid Rahman", "Lena Moreau", ""]
    };
    let rows = vec![
        row(1, names[0], "2026-11-03", Some("2027-11-03"), PersonStatus::Valid),
        row(2, names[1], "2026-10-28", Some("2027-10-28"), PersonStatus::Valid),
        row(3, names[2], "2025-11-27", Some("2026-11-27"), PersonStatus::EndsSoon { days_left: 6 }),
        row(4, names[3], "2026-11-20", None, PersonStatus::Forgotten),
    ];
    PeopleView { search: String::new(), rows, counts: [3, 1, 1], recognition: Some(true) }
}

pub fn details(language: Language) -> PersonDetails {
    let text = |english: &str, own: &str| if arabic(language) { own.to_owned() } else { english.to_owned() };
    PersonDetails {
        name: text("Maryam Al Suwaidi", "مريم السويدي"),
        phone: "050 123 4567".into(),
        email: "maryam@noor.example".into(),
        note: text("Prefers mornings", "زميلتنا في Noor Energy منذ 2024، تتحدث الفرنسية"),
        language: Some(language),
    }
}

pub fn person(language: Language) -> PersonView {
    let mut row = people(language).rows.swap_remove(0);
    row.last_visit = Some(at("2026-11-18"));
    PersonView {
        row,
        details: details(language),
        consent_version: "3".into(),
        enrolled_by: if arabic(language) { "هدى".into() } else { "Huda".into() },
        confirms_forget: false,
        removed: None,
        refused: None,
    }
}

pub fn consent(language: Language) -> ConsentView {
    let points: [(&str, [&str; 2], [&str; 2]); 5] = [
        (
            "chip",
            ["What is kept", "ما الذي يُحفظ"],
            [
                "Name, face pattern from five pictures (deleted at once), your wishes, and what your visits were about.",
                "الاسم، ونمط الوجه من خمس صور (تُحذف فورًا)، ورغباتكم، وموضوعات زياراتكم.",
            ],
        ),
        (
            "lock",
            ["Where", "أين"],
            [
                "Name and pattern stay on this box, encrypted. The rest may go to the language service while we talk.",
                "يبقى الاسم والنمط على هذا الجهاز مشفَّرين. وقد يُرسَل الباقي إلى خدمة اللغة أثناء حديثنا.",
            ],
        ),
        (
            "clock",
            ["How long", "إلى متى"],
            ["Until 21 November 2027, or until you want it gone.", "حتى 21 نوفمبر 2027، أو حتى تطلبوا حذفه."],
        ),
        (
            "hand",
            ["What for", "لماذا"],
            [
                "To greet you by name and to go on where we stopped. Nothing else.",
                "للترحيب بكم بالاسم ومتابعة الحديث من حيث توقفنا، لا غير.",
            ],
        ),
        (
            "bin",
            ["To stop", "للتراجع"],
            [
                "Say or touch “Forget me”, or ask our staff. Gone at once.",
                "قولوا «احذفوا بياناتي» أو المسوها، أو اسألوا موظفينا، فتُحذف فورًا.",
            ],
        ),
    ];
    let own = usize::from(arabic(language));
    let text = |both: [&str; 2]| both[own].to_owned();
    ConsentView {
        name: details(language).name,
        language,
        version: "3".into(),
        dated: text(["1 September 2026", "1 سبتمبر 2026"]),
        title: text(["May I know you by your face?", "هل تأذنون لي بالتعرّف إليكم من ملامح الوجه؟"]),
        lead: text(["It is your choice. Everything else works without it.", "الأمر لكم، وكل شيء آخر يعمل دون ذلك."]),
        points: points
            .into_iter()
            .map(|(icon, heading, body)| ConsentPoint { icon: icon.into(), heading: text(heading), text: text(body) })
            .collect(),
    }
}

/// A blurred stand-in for a live picture: a wall, a window at the left, and a figure in the middle.
pub fn live() -> LivePicture {
    let picture = image::RgbImage::from_fn(1280, 720, |x, y| {
        let (x, y) = (x as f32 / 1280.0, y as f32 / 720.0);
        let soft = |distance: f32| (0.5 - distance * 30.0).clamp(0.0, 1.0);
        let mix = |a: [f32; 3], b: [f32; 3], k: f32| [0, 1, 2].map(|i: usize| a[i] + (b[i] - a[i]) * k);
        let mut colour = mix([169.0, 155.0, 136.0], [230.0, 220.0, 200.0], soft((x - 0.2).abs() - 0.12));
        colour = mix(colour, [123.0, 148.0, 144.0], soft((x - 0.85).abs() - 0.15));
        colour = mix(colour, [106.0, 91.0, 73.0], soft(0.8 - y));
        let ellipse = |cx: f32, cy: f32, rx: f32, ry: f32| ((x - cx) / rx).hypot((y - cy) / ry) * 0.1 - 0.1;
        colour = mix(colour, [91.0, 59.0, 74.0], soft(ellipse(0.5, 1.05, 0.2, 0.35)));
        colour = mix(colour, [47.0, 39.0, 35.0], soft(ellipse(0.5, 0.48, 0.1, 0.26)));
        colour = mix(colour, [176.0, 124.0, 92.0], soft(ellipse(0.5, 0.52, 0.062, 0.15)));
        image::Rgb(colour.map(|channel| channel as u8))
    });
    LivePicture { picture: Arc::new(picture), face: Some([560.0, 260.0, 160.0, 220.0]) }
}

pub fn capture(language: Language) -> CaptureView {
    CaptureView {
        name: details(language).name,
        live: Some(live()),
        taken: 2,
        problem: Some("face.far"),
        gauges: [
            Gauge { value: 0.17, good: [0.35, 0.75] },
            Gauge { value: 0.56, good: [0.35, 0.75] },
            Gauge { value: 0.62, good: [0.35, 1.0] },
        ],
        looks_like: None,
    }
}
