//! English.

const HOURS: [&str; 12] =
    ["twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"];

/// "24th"; every voice reads it.
pub(super) fn day_of_month(day: i8) -> String {
    let ending = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

/// "half past ten"; the part of the day is said where a visitor could take it for the other half.
pub(super) fn time(hour: i8, minute: i8) -> String {
    let name = |hour: i8| usize::try_from(hour.rem_euclid(12)).ok().and_then(|hour| HOURS.get(hour)).copied();
    let (this, next) = (name(hour).unwrap_or_default(), name(hour + 1).unwrap_or_default());
    let said = match minute {
        0 if hour == 12 => return "twelve noon".to_owned(),
        0 if hour == 0 => return "midnight".to_owned(),
        0 => format!("{this} o'clock"),
        5 => format!("five past {this}"),
        10 => format!("ten past {this}"),
        15 => format!("a quarter past {this}"),
        20 => format!("twenty past {this}"),
        25 => format!("twenty-five past {this}"),
        30 => format!("half past {this}"),
        35 => format!("twenty-five to {next}"),
        40 => format!("twenty to {next}"),
        45 => format!("a quarter to {next}"),
        50 => format!("ten to {next}"),
        55 => format!("five to {next}"),
        _ => {
            let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
            format!("{twelve}:{minute:02}")
        }
    };
    // Between seven and seven every hour is there once.
    match hour {
        0..=6 => format!("{said} in the morning"),
        19..=23 => format!("{said} in the evening"),
        _ => said,
    }
}
