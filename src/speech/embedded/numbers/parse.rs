//! Finds the numbers of a text and what they are: a time, a price, a telephone number.

use std::ops::Range;

use super::{Amount, Currency, DayHalf, Item, Placed};
use crate::event::Language;

/// Digits from which a bare number is a telephone number rather than a count.
const TELEPHONE_DIGITS: usize = 7;
/// What may stand around a word and belongs to the voice, not to the word.
const PUNCTUATION: &[char] = &[
    '.', ',', ';', ':', '!', '?', '"', '\'', '(', ')', '[', ']', '«', '»', '“', '”', '‘', '’', '…', '،', '؛', '؟', '-',
    '–', '—',
];

/// A whitespace-separated piece, its digits and signs made Western.
struct Token {
    source: Range<usize>,
    before: String,
    core: String,
    after: String,
}

/// The items of `text`, in order.
pub(super) fn items(text: &str, language: Language) -> Vec<Placed> {
    let tokens = tokens(text);
    let mut placed: Vec<Placed> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some(first) = rest.first() {
        let previous = placed.last().map(|placed| &placed.item);
        let (item, used) = take_item(rest, previous, language);
        let (taken, remaining) = rest.split_at(used.clamp(1, rest.len()));
        rest = remaining;
        let last = taken.last().unwrap_or(first);
        placed.push(Placed {
            item,
            source: first.source.start..last.source.end,
            before: first.before.clone(),
            after: last.after.clone(),
        });
    }
    placed
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                start = None;
                if let Some(piece) = text.get(from..at) {
                    tokens.push(token(piece, from..at));
                }
            }
            _ => {}
        }
    }
    tokens
}

fn token(piece: &str, source: Range<usize>) -> Token {
    let western: String = piece.chars().map(western).collect();
    let without_front = western.trim_start_matches(PUNCTUATION);
    let core = without_front.trim_end_matches(PUNCTUATION);
    let before = western.get(..western.len() - without_front.len()).unwrap_or("").to_owned();
    let after = without_front.get(core.len()..).unwrap_or("").to_owned();
    Token { source, before, core: core.to_owned(), after }
}

/// Arabic-Indic digits and signs as Western ones.
fn western(c: char) -> char {
    match c {
        '\u{0660}'..='\u{0669}' => digit(u32::from(c) - 0x0660),
        '\u{06f0}'..='\u{06f9}' => digit(u32::from(c) - 0x06f0),
        '٪' => '%',
        '٫' => '.',
        '٬' => ',',
        other => other,
    }
}

fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// The item that begins at the first token, and how many tokens it takes.
fn take_item(tokens: &[Token], previous: Option<&Item>, language: Language) -> (Item, usize) {
    let Some(first) = tokens.first() else { return (Item::Word(String::new()), 1) };
    let next = tokens.get(1).filter(|next| first.after.is_empty() && next.before.is_empty()).map(|t| t.core.as_str());
    if let (Some(currency), Some(number)) = (currency(&first.core), next.and_then(amount)) {
        return (Item::Money(number, currency), 2);
    }
    if !first.core.contains(|c: char| c.is_ascii_digit()) {
        return (Item::Word(plain_word(&first.core, language)), 1);
    }
    if let Some((number, used)) = telephone(tokens) {
        return (Item::Digits(number), used);
    }
    if let Some((hour, minute)) = clock(&first.core) {
        return match next.and_then(day_half) {
            Some(half) => (Item::Clock { hour, minute, half: Some(half) }, 2),
            None => (Item::Clock { hour, minute, half: None }, 1),
        };
    }
    if let Some(item) = compact(&first.core) {
        return (item, 1);
    }
    if let Some(number) = amount(&first.core) {
        if let Some(currency) = next.and_then(currency) {
            return (Item::Money(number, currency), 2);
        }
        let is_hour = number.fraction.is_empty() && (1..=24).contains(&number.whole);
        if is_hour && let Some(half) = next.and_then(day_half) {
            return (Item::Clock { hour: number.whole, minute: 0, half: Some(half) }, 2);
        }
        if is_hour && matches!(previous, Some(Item::Word(word)) if word == "الساعة") {
            return (Item::Clock { hour: number.whole, minute: 0, half: None }, 1);
        }
        if first.core.len() == 4 && (1900..=2099).contains(&number.whole) {
            return (Item::Year(number.whole), 1);
        }
        return (Item::Count(number), 1);
    }
    (Item::Word(mixed(&first.core, language)), 1)
}

/// A word without digits: abbreviations letter by letter, signs as words.
fn plain_word(core: &str, language: Language) -> String {
    let is_abbreviation =
        language == Language::ARABIC && (2..=4).contains(&core.len()) && core.chars().all(|c| c.is_ascii_uppercase());
    if is_abbreviation {
        return spaced(core);
    }
    if core.contains('@') {
        return core.replace('@', " at ").replace('.', " dot ");
    }
    if core == "&" && language == Language::ENGLISH {
        return "and".to_owned();
    }
    core.to_owned()
}

pub(super) fn spaced(letters: &str) -> String {
    let letters: Vec<String> = letters.chars().map(String::from).collect();
    letters.join(" ")
}

/// Letters and digits in one word ("B2", "24/7"): each run for itself.
fn mixed(core: &str, language: Language) -> String {
    let mut runs: Vec<(bool, String)> = Vec::new();
    for c in core.chars() {
        let is_digit = c.is_ascii_digit();
        match runs.last_mut() {
            Some((kind, run)) if *kind == is_digit => run.push(c),
            _ => runs.push((is_digit, c.to_string())),
        }
    }
    let words: Vec<String> = runs
        .into_iter()
        .map(|(is_digit, run)| {
            let number = is_digit.then(|| amount(&run)).flatten();
            match number {
                Some(number) if run.len() < TELEPHONE_DIGITS => say(&Item::Count(number), language),
                _ if is_digit => say(&Item::Digits(run), language),
                _ => run.replace(['/', '-', '–', '_', ',', '.', ':', '+'], " ").trim().to_owned(),
            }
        })
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

fn say(item: &Item, language: Language) -> String {
    if language == Language::ARABIC { super::arabic::say(item, None) } else { super::english::say(item) }
}

/// "12", "1,200", "2.5".
fn amount(core: &str) -> Option<Amount> {
    let (whole, fraction) = core.split_once('.').unwrap_or((core, ""));
    let grouped = whole.split(',').skip(1).all(|group| group.len() == 3);
    let digits = whole.replace(',', "");
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if digits.is_empty() || !grouped || !is_number(&digits) || !is_number(fraction) || core.ends_with('.') {
        return None;
    }
    Some(Amount { whole: digits.parse().ok()?, fraction: fraction.to_owned() })
}

/// "9:30".
fn clock(core: &str) -> Option<(u64, u64)> {
    let (hour, minute) = core.split_once(':')?;
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if minute.len() != 2 || !is_digits(hour) || !is_digits(minute) {
        return None;
    }
    let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour <= 24 && minute < 60).then_some((hour, minute))
}

fn day_half(word: &str) -> Option<DayHalf> {
    let bare: String = word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    match bare.as_str() {
        "am" | "صباحا" | "ص" => Some(DayHalf::Morning),
        "pm" | "مساء" | "م" => Some(DayHalf::Evening),
        _ => None,
    }
}

fn currency(word: &str) -> Option<Currency> {
    match word {
        "SAR" | "SR" | "ر.س" | "﷼" => Some(Currency::Riyal),
        "USD" | "$" => Some(Currency::Dollar),
        "EUR" | "€" => Some(Currency::Euro),
        "GBP" | "£" => Some(Currency::Pound),
        _ => None,
    }
}

/// What is written in one piece: "$20", "35%", "9am", "21st", "9:00–17:00".
fn compact(core: &str) -> Option<Item> {
    if let Some(number) = core.strip_suffix('%') {
        return amount(number).map(Item::Percent);
    }
    if let Some(sign) = core.chars().next()
        && let Some(currency) = currency(&sign.to_string())
    {
        return core.strip_prefix(sign).and_then(amount).map(|number| Item::Money(number, currency));
    }
    if let Some((from, to)) = core.split_once(['–', '—', '-']) {
        return Some(Item::Span(Box::new(simple(from)?), Box::new(simple(to)?)));
    }
    let split = core.find(|c: char| c.is_alphabetic())?;
    let (number, suffix) = core.split_at_checked(split)?;
    match (day_half(suffix), suffix) {
        (Some(half), _) => {
            let (hour, minute) = clock(number).or_else(|| Some((number.parse().ok()?, 0)))?;
            (hour <= 24).then_some(Item::Clock { hour, minute, half: Some(half) })
        }
        (None, "st" | "nd" | "rd" | "th") => number.parse().ok().map(Item::Ordinal),
        _ => None,
    }
}

/// One end of a span.
fn simple(core: &str) -> Option<Item> {
    match clock(core) {
        Some((hour, minute)) => Some(Item::Clock { hour, minute, half: None }),
        None => amount(core).map(Item::Count).or_else(|| compact(core)),
    }
}

/// A telephone number over one or several tokens: it begins with a plus, or has enough digits in ungrouped pieces.
fn telephone(tokens: &[Token]) -> Option<(String, usize)> {
    let mut groups: Vec<String> = Vec::new();
    let mut used = 0;
    for (index, token) in tokens.iter().enumerate() {
        let is_group = token
            .core
            .chars()
            .enumerate()
            .all(|(at, c)| c.is_ascii_digit() || c == '-' || (c == '+' && at == 0 && index == 0));
        if token.core.is_empty() || !is_group {
            break;
        }
        groups.extend(token.core.split('-').filter(|group| !group.is_empty()).map(str::to_owned));
        used = index + 1;
        if !token.after.is_empty() {
            break;
        }
    }
    let digits: usize = groups.iter().map(|group| group.chars().filter(char::is_ascii_digit).count()).sum();
    let has_plus = groups.first().is_some_and(|group| group.starts_with('+') && group.len() > 1);
    (has_plus || digits >= TELEPHONE_DIGITS).then(|| (groups.join(" "), used))
}
