//! Arabic, modern standard.

/// The hours, from twelve.
const HOURS: [&str; 12] = [
    "الثانية عشرة",
    "الواحدة",
    "الثانية",
    "الثالثة",
    "الرابعة",
    "الخامسة",
    "السادسة",
    "السابعة",
    "الثامنة",
    "التاسعة",
    "العاشرة",
    "الحادية عشرة",
];

/// The days of a month, from the first.
const DAYS: [&str; 31] = [
    "الأول",
    "الثاني",
    "الثالث",
    "الرابع",
    "الخامس",
    "السادس",
    "السابع",
    "الثامن",
    "التاسع",
    "العاشر",
    "الحادي عشر",
    "الثاني عشر",
    "الثالث عشر",
    "الرابع عشر",
    "الخامس عشر",
    "السادس عشر",
    "السابع عشر",
    "الثامن عشر",
    "التاسع عشر",
    "العشرين",
    "الحادي والعشرين",
    "الثاني والعشرين",
    "الثالث والعشرين",
    "الرابع والعشرين",
    "الخامس والعشرين",
    "السادس والعشرين",
    "السابع والعشرين",
    "الثامن والعشرين",
    "التاسع والعشرين",
    "الثلاثين",
    "الحادي والثلاثين",
];

/// Minutes 3–10, counting a feminine noun; the noun is plural with them.
const FEW: [&str; 8] = ["ثلاث", "أربع", "خمس", "ست", "سبع", "ثماني", "تسع", "عشر"];

/// 11–19 and the units before tens, feminine.
const TEENS: [&str; 9] =
    ["إحدى عشرة", "اثنتي عشرة", "ثلاث عشرة", "أربع عشرة", "خمس عشرة", "ست عشرة", "سبع عشرة", "ثماني عشرة", "تسع عشرة"];
const UNITS: [&str; 10] = ["", "إحدى", "اثنتين", "ثلاث", "أربع", "خمس", "ست", "سبع", "ثمان", "تسع"];
const TENS: [&str; 6] = ["", "", "عشرين", "ثلاثين", "أربعين", "خمسين"];

fn pick<'a>(table: &[&'a str], index: i8) -> &'a str {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or_default()
}

/// «الرابع والعشرين»
pub(super) fn day_of_month(day: i8) -> String {
    pick(&DAYS, day - 1).to_owned()
}

/// «العاشرة والنصف صباحًا»
pub(super) fn time(hour: i8, minute: i8) -> String {
    // From twenty to the hour on, the next hour is named: "the fifth less a third".
    let (named, minutes) = match minute {
        0 => (hour, String::new()),
        15 => (hour, " والربع".to_owned()),
        20 => (hour, " والثلث".to_owned()),
        25 => (hour, " والنصف إلا خمس دقائق".to_owned()),
        30 => (hour, " والنصف".to_owned()),
        35 => (hour, " والنصف وخمس دقائق".to_owned()),
        40 => (hour + 1, " إلا ثلثًا".to_owned()),
        45 => (hour + 1, " إلا ربعًا".to_owned()),
        50 => (hour + 1, " إلا عشر دقائق".to_owned()),
        55 => (hour + 1, " إلا خمس دقائق".to_owned()),
        other => (hour, format!(" و{}", count_of_minutes(other))),
    };
    let part = match named % 24 {
        0..=3 => "ليلًا",
        4..=11 => "صباحًا",
        12..=14 => "ظهرًا",
        15..=16 => "عصرًا",
        17..=20 => "مساءً",
        _ => "ليلًا",
    };
    format!("{}{minutes} {part}", pick(&HOURS, named % 12))
}

fn count_of_minutes(minute: i8) -> String {
    match minute {
        1 => "دقيقة".to_owned(),
        2 => "دقيقتين".to_owned(),
        3..=10 => format!("{} دقائق", pick(&FEW, minute - 3)),
        11..=19 => format!("{} دقيقة", pick(&TEENS, minute - 11)),
        _ if minute % 10 == 0 => format!("{} دقيقة", pick(&TENS, minute / 10)),
        _ => format!("{} و{} دقيقة", pick(&UNITS, minute % 10), pick(&TENS, minute / 10)),
    }
}
