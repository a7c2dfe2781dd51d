//! What services were used on a day, and what that cost.

use jiff::civil::Date;
use rusqlite::{Row, Transaction, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    code::Code as _,
    connection::signed,
    reader::{optional_code, unreadable, unsigned},
};
use crate::event::{Cost, UsageSum};

/// What one run of the program has used of a model on a day so far. The sums only grow: an older record that is written
/// after a newer one changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedOfDay {
    /// The day, in the stand's time zone.
    pub day: Date,
    /// The run: drawn at the start of the program (`Uuid::now_v7`), so that two kiosks, or two runs, do not replace each
    /// other's sums.
    pub run: Uuid,
    /// The sums.
    pub sum: UsageSum,
}

pub(super) fn write(transaction: &Transaction<'_>, used: &UsedOfDay) -> rusqlite::Result<()> {
    let sum = &used.sum;
    transaction
        .prepare_cached(
            "INSERT INTO usage_days VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET audio_ms = max(audio_ms, excluded.audio_ms),
                 input_tokens = max(input_tokens, excluded.input_tokens),
                 cached_tokens = max(cached_tokens, excluded.cached_tokens),
                 output_tokens = max(output_tokens, excluded.output_tokens),
                 characters = max(characters, excluded.characters), cost = max(cost, excluded.cost)",
        )?
        .execute(params![
            used.day.to_string(),
            used.run.to_string(),
            sum.kind.code(),
            sum.provider,
            sum.model,
            signed(sum.audio_ms),
            signed(sum.input_tokens),
            signed(sum.cached_tokens),
            signed(sum.output_tokens),
            signed(sum.characters),
            signed(sum.cost.0),
        ])
        .map(drop)
}

/// The sums of a day, ?1.
pub(super) const SUMS: &str = "SELECT kind, provider, model, sum(audio_ms), sum(input_tokens), sum(cached_tokens),
        sum(output_tokens), sum(characters), sum(cost)
    FROM usage_days WHERE day = ?1 GROUP BY kind, provider, model ORDER BY kind, provider, model";

/// A row of [`SUMS`].
pub(super) fn sum(row: &Row<'_>) -> rusqlite::Result<UsageSum> {
    Ok(UsageSum {
        kind: optional_code(row, 0)?.ok_or_else(|| unreadable(0, "a kind of service"))?,
        provider: row.get(1)?,
        model: row.get(2)?,
        audio_ms: unsigned(row, 3)?,
        input_tokens: unsigned(row, 4)?,
        cached_tokens: unsigned(row, 5)?,
        output_tokens: unsigned(row, 6)?,
        characters: unsigned(row, 7)?,
        cost: Cost(unsigned(row, 8)?),
    })
}
