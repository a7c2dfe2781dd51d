//! `[costs]` and the further services that are asked when one does not answer.

use super::*;

section! {
    /// What services cost, and how much a day may.
    Costs {
        /// The currency of all prices.
        currency: String = "USD".into(), Limit::NotEmpty;
        /// What a day may cost; then only the embedded parts serve. 0: no limit.
        daily_budget: f32 = 0.0, Limit::Number(0.0..=1_000_000.0);
        /// Staff are warned when this part of it is spent, percent.
        warn_at_percent: u32 = 80, Limit::Int(1..=100);
    } lists {
        /// The price of a model. Models without one cost nothing.
        prices: Price;
    }
}

section! {
    /// The price of a model.
    Price {
        /// The model's name as it stands under `[cloud]`.
        model: String = String::new(), Limit::NotEmpty;
        /// The provider's name; empty: any.
        provider: String = String::new(), Limit::Any;
        /// A minute of speech written down.
        audio_minute: f32 = 0.0, Limit::Number(0.0..=1_000.0);
        /// A million tokens read.
        input_mtok: f32 = 0.0, Limit::Number(0.0..=10_000.0);
        /// A million tokens read from the service's cache.
        cached_mtok: f32 = 0.0, Limit::Number(0.0..=10_000.0);
        /// A million tokens written.
        output_mtok: f32 = 0.0, Limit::Number(0.0..=10_000.0);
        /// A million characters spoken.
        characters_million: f32 = 0.0, Limit::Number(0.0..=10_000.0);
    }
}
