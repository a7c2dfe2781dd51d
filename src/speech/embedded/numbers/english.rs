//! English number words.

use super::{Amount, Currency, DayHalf, Item};

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(u64, &str); 4] =
    [(1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")];

pub(super) fn say(item: &Item) -> String {
    match item {
        Item::Word(word) => word.clone(),
        Item::Count(value) => amount(value),
        Item::Ordinal(value) => ordinal(*value),
        Item::Year(value) => year(*value),
        Item::Clock { hour, minute, half } => clock(*hour, *minute, *half),
        Item::Money(value, currency) => {
            let one = value.whole == 1 && value.fraction.is_empty();
            let noun = match currency {
                Currency::Riyal => "riyal",
                Currency::Dollar => "dollar",
                Currency::Euro => "euro",
                Currency::Pound => "pound",
            };
            format!("{} {noun}{}", amount(value), if one { "" } else { "s" })
        }
        Item::Percent(value) => format!("{} percent", amount(value)),
        Item::Digits(number) => digits(number),
        Item::Span(from, to) => format!("{} to {}", say(from), say(to)),
    }
}

fn amount(value: &Amount) -> String {
    if value.fraction.is_empty() {
        return cardinal(value.whole);
    }
    format!("{} point {}", cardinal(value.whole), digits(&value.fraction))
}

fn small(value: u64) -> &'static str {
    usize::try_from(value).ok().and_then(|index| SMALL.get(index)).copied().unwrap_or("")
}

fn cardinal(value: u64) -> String {
    for (scale, name) in SCALES {
        if value >= scale {
            return join(&format!("{} {name}", cardinal(value / scale)), value % scale, " ");
        }
    }
    match value {
        0..20 => small(value).to_owned(),
        20..100 => {
            let tens = usize::try_from(value / 10).ok().and_then(|index| TENS.get(index)).copied().unwrap_or("");
            join(tens, value % 10, " ")
        }
        _ => join(&format!("{} hundred", small(value / 100)), value % 100, " "),
    }
}

fn join(head: &str, rest: u64, glue: &str) -> String {
    if rest == 0 { head.to_owned() } else { format!("{head}{glue}{}", cardinal(rest)) }
}

fn ordinal(value: u64) -> String {
    let words = cardinal(value);
    let (head, last) = words.rsplit_once(' ').map_or(("", words.as_str()), |(head, last)| (head, last));
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        other => other.strip_suffix('y').map_or_else(|| format!("{other}th"), |stem| format!("{stem}ieth")),
    };
    if head.is_empty() { last } else { format!("{head} {last}") }
}

fn year(value: u64) -> String {
    let (century, rest) = (value / 100, value % 100);
    match rest {
        _ if value / 10 == 200 => cardinal(value),
        0 => format!("{} hundred", cardinal(century)),
        1..10 => format!("{} oh {}", cardinal(century), small(rest)),
        _ => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

fn clock(hour: u64, minute: u64, half: Option<DayHalf>) -> String {
    let half = half.or_else(|| (hour > 12).then_some(DayHalf::Evening));
    let twelve = match hour % 12 {
        0 => 12,
        other => other,
    };
    let suffix = match half {
        Some(DayHalf::Morning) => " A M",
        Some(DayHalf::Evening) => " P M",
        None if minute == 0 => " o'clock",
        None => "",
    };
    let minutes = match minute {
        0 => String::new(),
        1..10 => format!(" oh {}", small(minute)),
        _ => format!(" {}", cardinal(minute)),
    };
    format!("{}{minutes}{suffix}", small(twelve))
}

/// Digit by digit; groups are set apart by a comma, which the voice reads as a short pause.
fn digits(number: &str) -> String {
    let groups: Vec<String> = number
        .split_whitespace()
        .map(|group| {
            let words: Vec<&str> = group
                .chars()
                .map(|c| if c == '+' { "plus" } else { small(c.to_digit(10).unwrap_or(0).into()) })
                .collect();
            words.join(" ")
        })
        .collect();
    groups.join(", ")
}
