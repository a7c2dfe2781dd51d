//! Arabic number words in modern standard Arabic, with the vowels inside the word; the ending of the case is left to
//! the vowel model, as in a careful but not solemn reading.

use super::{Amount, Currency, DayHalf, Item};

/// 0–10 as they count masculine nouns.
const COUNT: [&str; 11] = ["صِفْر", "وَاحِد", "اِثْنَان", "ثَلَاثَة", "أَرْبَعَة", "خَمْسَة", "سِتَّة", "سَبْعَة", "ثَمَانِيَة", "تِسْعَة", "عَشَرَة"];
/// 0–10 as they count feminine nouns.
const COUNT_FEMININE: [&str; 11] = ["صِفْر", "وَاحِدَة", "اِثْنَتَان", "ثَلَاث", "أَرْبَع", "خَمْس", "سِتّ", "سَبْع", "ثَمَانِي", "تِسْع", "عَشْر"];
const TENS: [&str; 10] = ["", "", "عِشْرُون", "ثَلَاثُون", "أَرْبَعُون", "خَمْسُون", "سِتُّون", "سَبْعُون", "ثَمَانُون", "تِسْعُون"];
const HUNDREDS: [&str; 10] =
    ["", "مِئَة", "مِئَتَان", "ثَلَاثُمِئَة", "أَرْبَعُمِئَة", "خَمْسُمِئَة", "سِتُّمِئَة", "سَبْعُمِئَة", "ثَمَانُمِئَة", "تِسْعُمِئَة"];
/// One, two, three to ten, and more of each scale.
const SCALES: [(u64, [&str; 4]); 4] = [
    (1_000_000_000_000, ["تِرِلْيُون", "تِرِلْيُونَان", "تِرِلْيُونَات", "تِرِلْيُون"]),
    (1_000_000_000, ["مِلْيَار", "مِلْيَارَان", "مِلْيَارَات", "مِلْيَار"]),
    (1_000_000, ["مِلْيُون", "مِلْيُونَان", "مَلَايِين", "مِلْيُون"]),
    (1_000, ["أَلْف", "أَلْفَان", "آلَاف", "أَلْف"]),
];
/// The hours 1–12.
const HOURS: [&str; 13] = [
    "",
    "الوَاحِدَة",
    "الثَّانِيَة",
    "الثَّالِثَة",
    "الرَّابِعَة",
    "الخَامِسَة",
    "السَّادِسَة",
    "السَّابِعَة",
    "الثَّامِنَة",
    "التَّاسِعَة",
    "العَاشِرَة",
    "الحَادِيَةَ عَشْرَة",
    "الثَّانِيَةَ عَشْرَة",
];
/// Nouns in -āt that are masculine nevertheless.
const MASCULINE_IN_AT: [&str; 4] = ["ريالات", "كيلومترات", "دولارات", "مليارات"];
/// Broken plurals of feminine nouns.
const FEMININE_BROKEN: [&str; 4] = ["دقائق", "سنين", "ليال", "ثوان"];

/// The words for `item`; `next` is the word after it, with which a number agrees.
pub(super) fn say(item: &Item, next: Option<&str>) -> String {
    match item {
        Item::Word(word) => word.clone(),
        Item::Count(value) => amount(value, next.is_some_and(is_feminine)),
        // Arabic digits with an ordinal ending are not written; a lone ordinal is read as its number.
        Item::Ordinal(value) | Item::Year(value) => cardinal(*value, false),
        Item::Clock { hour, minute, half } => clock(*hour, *minute, *half),
        Item::Money(value, currency) => money(value, *currency),
        Item::Percent(value) => format!("{} بِالمِئَة", amount(value, false)),
        Item::Digits(number) => digits(number),
        Item::Span(from, to) => format!("{} إِلَى {}", say(from, None), say(to, next)),
    }
}

fn is_feminine(noun: &str) -> bool {
    let bare: String = noun.chars().filter(|c| !('\u{064b}'..='\u{0652}').contains(c)).collect();
    FEMININE_BROKEN.contains(&bare.as_str())
        || bare.ends_with('ة')
        || bare.ends_with("ات") && !MASCULINE_IN_AT.contains(&bare.as_str())
}

fn amount(value: &Amount, feminine: bool) -> String {
    if value.fraction.is_empty() {
        return cardinal(value.whole, feminine);
    }
    let fraction = match value.fraction.as_str() {
        // "2.5", "2.25": the fraction is read as a number; with leading zeros digit by digit.
        digits if !digits.starts_with('0') => digits.parse().map(|number| cardinal(number, false)).ok(),
        _ => None,
    };
    format!("{} فَاصِلَة {}", cardinal(value.whole, false), fraction.unwrap_or_else(|| digits(&value.fraction)))
}

fn pick(table: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or("")
}

fn cardinal(value: u64, feminine: bool) -> String {
    let units = if feminine { &COUNT_FEMININE } else { &COUNT };
    for (scale, [one, two, few, many]) in SCALES {
        if value >= scale {
            let head = match value / scale {
                1 => one.to_owned(),
                2 => two.to_owned(),
                count @ 3..=10 => format!("{} {few}", pick(&COUNT, count)),
                count => format!("{} {many}", cardinal(count, false)),
            };
            return join(&head, value % scale, feminine);
        }
    }
    match value {
        0..=10 => pick(units, value).to_owned(),
        11 if feminine => "إِحْدَى عَشْرَة".to_owned(),
        11 => "أَحَدَ عَشَر".to_owned(),
        12 if feminine => "اِثْنَتَا عَشْرَة".to_owned(),
        12 => "اِثْنَا عَشَر".to_owned(),
        13..20 => format!("{} {}", pick(units, value - 10), if feminine { "عَشْرَة" } else { "عَشَر" }),
        20..100 if value.is_multiple_of(10) => pick(&TENS, value / 10).to_owned(),
        20..100 => format!("{} وَ{}", pick(units, value % 10), pick(&TENS, value / 10)),
        _ => join(pick(&HUNDREDS, value / 100), value % 100, feminine),
    }
}

fn join(head: &str, rest: u64, feminine: bool) -> String {
    if rest == 0 { head.to_owned() } else { format!("{head} وَ{}", cardinal(rest, feminine)) }
}

fn money(value: &Amount, currency: Currency) -> String {
    let [one, two, few, accusative] = match currency {
        Currency::Riyal => ["رِيَال", "رِيَالَان", "رِيَالَات", "رِيَالًا"],
        Currency::Dollar => ["دُولَار", "دُولَارَان", "دُولَارَات", "دُولَارًا"],
        Currency::Euro => ["يُورُو", "يُورُو", "يُورُو", "يُورُو"],
        Currency::Pound => ["جُنَيْه", "جُنَيْهَان", "جُنَيْهَات", "جُنَيْهًا"],
    };
    if !value.fraction.is_empty() {
        return format!("{} {one}", amount(value, false));
    }
    let noun = match (value.whole, value.whole % 100) {
        (1, _) => return format!("{one} وَاحِد"),
        (2, _) => return two.to_owned(),
        (_, 3..=10) => few,
        (_, 11..=99) => accusative,
        _ => one,
    };
    format!("{} {noun}", cardinal(value.whole, false))
}

fn clock(hour: u64, minute: u64, half: Option<DayHalf>) -> String {
    let half = half.or_else(|| (hour > 12).then_some(DayHalf::Evening));
    // From twenty to the hour on, the next hour is named: "the tenth less a quarter".
    let (named, minutes) = match minute {
        0 => (hour, String::new()),
        15 => (hour, " وَالرُّبْع".to_owned()),
        20 => (hour, " وَالثُّلُث".to_owned()),
        30 => (hour, " وَالنِّصْف".to_owned()),
        40 => (hour + 1, " إِلَّا ثُلُثًا".to_owned()),
        45 => (hour + 1, " إِلَّا رُبْعًا".to_owned()),
        3..=10 => (hour, format!(" وَ{} دَقَائِق", cardinal(minute, true))),
        _ => (hour, format!(" وَ{} دَقِيقَة", cardinal(minute, true))),
    };
    let twelve = match named % 12 {
        0 => 12,
        other => other,
    };
    let suffix = match half {
        Some(DayHalf::Morning) => " صَبَاحًا",
        Some(DayHalf::Evening) => " مَسَاءً",
        None => "",
    };
    format!("{}{minutes}{suffix}", pick(&HOURS, twelve))
}

fn digits(number: &str) -> String {
    let groups: Vec<String> = number
        .split_whitespace()
        .map(|group| {
            let words: Vec<&str> = group
                .chars()
                .map(|c| if c == '+' { "زَائِد" } else { pick(&COUNT, c.to_digit(10).unwrap_or(0).into()) })
                .collect();
            words.join(" ")
        })
        .collect();
    groups.join("، ")
}
