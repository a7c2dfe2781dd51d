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
        /// A million tokens read from the service's cache; 0: as the others.
        cached_mtok: f32 = 0.0, Limit::Number(0.0..=10_000.0);
        /// A million tokens written.
        output_mtok: f32 = 0.0, Limit::Number(0.0..=10_000.0);
        /// A million characters spoken.
        characters_million: f32 = 0.0, Limit::Number(0.0..=10_000.0);
    }
}

section! {
    /// A further service of speech to text, asked when those before it do not answer. What it has no key for is as in
    /// [cloud.stt].
    NextStt {
        /// Its name in events and prices; empty: cloud-2, cloud-3 and so on.
        name: String = String::new(), Limit::Any;
        /// Its base address; empty: that of the first service.
        base_url: String = String::new(), Limit::BaseUrl;
        /// Name of its key; empty: `cloud.api_key`, which is sent to the server of `cloud.base_url` only.
        api_key: String = String::new(), Limit::SecretName;
        /// How the key is sent to its own address.
        auth: Auth = Auth::Bearer, Limit::Any;
        /// Model name; empty: that of the first service.
        model: String = String::new(), Limit::Any;
        /// Whether to ask for a stream of partial words.
        stream: bool = false, Limit::Any;
        /// Whether to tell the service the likely language.
        send_language: bool = false, Limit::Any;
    }
}

section! {
    /// A further language model, asked when those before it do not answer. What it has no key for is as in [cloud.llm].
    NextLlm {
        /// Its name in events and prices; empty: cloud-2, cloud-3 and so on.
        name: String = String::new(), Limit::Any;
        /// Its base address; empty: that of the first service.
        base_url: String = String::new(), Limit::BaseUrl;
        /// Name of its key; empty: `cloud.api_key`, which is sent to the server of `cloud.base_url` only.
        api_key: String = String::new(), Limit::SecretName;
        /// How the key is sent to its own address.
        auth: Auth = Auth::Bearer, Limit::Any;
        /// Model name; empty: that of the first service.
        model: String = String::new(), Limit::Any;
    }
}

section! {
    /// A further voice, asked when those before it do not answer. What it has no key for is as in [cloud.tts].
    NextTts {
        /// Its name in events and prices; empty: cloud-2, cloud-3 and so on.
        name: String = String::new(), Limit::Any;
        /// Its base address; empty: that of the first service.
        base_url: String = String::new(), Limit::BaseUrl;
        /// Name of its key; empty: `cloud.api_key`, which is sent to the server of `cloud.base_url` only.
        api_key: String = String::new(), Limit::SecretName;
        /// How the key is sent to its own address.
        auth: Auth = Auth::Bearer, Limit::Any;
        /// Model name; empty: that of the first service.
        model: String = String::new(), Limit::Any;
        /// Voice for each language; none: that of the first service.
        voice: ByLanguage<String> = ByLanguage::default(), Limit::Any;
        /// The rate of the service's PCM, Hz.
        sample_rate_hz: u32 = 24_000, Limit::Int(8_000..=48_000);
    }
}
