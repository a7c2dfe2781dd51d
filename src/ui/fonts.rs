//! The type: IBM Plex Sans Arabic in three weights, one family each, read from `<assets>/fonts` at start.
//!
//! The font holds Latin and Arabic letters, so no line ever mixes fonts (LOOK, "Type").

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eframe::egui::{FontData, FontDefinitions, FontFamily, FontTweak};

use super::tokens::Weight;

/// Height of the type above the baseline, in em (`hhea` of the font files; the same in all weights).
pub const ASCENT_EM: f32 = 1.085;
/// Depth of the type below the baseline, in em.
pub const DESCENT_EM: f32 = 0.415;

/// A font that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the font {path}: {source}; `paths.assets` must name the folder that holds `fonts/`")]
pub struct FontsError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

const ALL: [Weight; 3] = [Weight::Regular, Weight::Medium, Weight::SemiBold];

fn file(weight: Weight) -> &'static str {
    match weight {
        Weight::Regular => "IBMPlexSansArabic_400Regular.ttf",
        Weight::Medium => "IBMPlexSansArabic_500Medium.ttf",
        Weight::SemiBold => "IBMPlexSansArabic_600SemiBold.ttf",
    }
}

/// The egui family of a weight.
#[must_use]
pub fn family(weight: Weight) -> FontFamily {
    FontFamily::Name(file(weight).into())
}

/// Reads the three weights.
///
/// # Errors
/// A file that cannot be read.
pub fn load(assets: &Path) -> Result<FontDefinitions, FontsError> {
    let mut fonts = FontDefinitions::empty();
    for weight in ALL {
        let path = assets.join("fonts").join(file(weight));
        let bytes = std::fs::read(&path).map_err(|source| FontsError { path, source })?;
        // Hinting would round advances to whole pixels and move words from where the look has them.
        let data = FontData::from_owned(bytes).tweak(FontTweak { hinting: Some(false), ..FontTweak::default() });
        fonts.font_data.insert(file(weight).to_owned(), Arc::new(data));
        fonts.families.insert(family(weight), vec![file(weight).to_owned()]);
    }
    // egui insists on these two; nothing of ours uses them.
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        fonts.families.insert(family, vec![file(Weight::Regular).to_owned()]);
    }
    Ok(fonts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_fonts_are_found() {
        assert_eq!(load(Path::new("assets")).unwrap().font_data.len(), 3);
    }

    #[test]
    fn a_missing_font_is_named() {
        let error = load(Path::new("nowhere")).unwrap_err().to_string();
        assert!(error.contains("IBMPlexSansArabic_400Regular.ttf") && error.contains("paths.assets"), "{error}");
    }
}
