//! The kiosk's files with a third language added to them: French, as far as tests look at it.

use std::{fs, path::Path};

/// Sentences in French; the others are the English ones.
const WORDS: [(&str, &str); 5] = [
    ("language.name", "Français"),
    ("language.prompt", "French"),
    ("language.small", "oui, non, bonjour, merci"),
    ("attending", "Je vous écoute"),
    ("listening", "J’écoute"),
];

const OPENING_HOURS: &str = r#"[entry.fr]
question = "Quand êtes-vous ouverts ?"
phrasings = ["À quelle heure ouvre le pavillon ?"]
answer = "Le pavillon est ouvert de 9 h à 18 h."
"#;

/// Copies `assets` to `folder` and adds what a translator would add.
pub(crate) fn add_french(assets: &Path, folder: &Path) {
    for part in ["words", "turns", "consent", "knowledge", "personas", "fonts"] {
        fs::create_dir_all(folder.join(part)).unwrap();
        for file in fs::read_dir(assets.join(part)).unwrap() {
            let path = file.unwrap().path();
            fs::copy(&path, folder.join(part).join(path.file_name().unwrap())).unwrap();
        }
    }
    for part in ["words", "turns", "consent"] {
        fs::copy(folder.join(part).join("en.toml"), folder.join(part).join("fr.toml")).unwrap();
    }
    change(&folder.join("words/fr.toml"), |text| {
        let in_french = |line: &str| {
            let french = WORDS.iter().find(|(key, _)| line.starts_with(&format!("\"{key}\" =")));
            french.map_or_else(|| line.to_owned(), |(key, text)| format!("\"{key}\" = \"{text}\""))
        };
        text.lines().map(in_french).collect::<Vec<_>>().join("\n")
    });
    change(&folder.join("knowledge/hours.toml"), |text| {
        let text = text.replacen("en = \"Opening hours\"", "en = \"Opening hours\", fr = \"Horaires\"", 1);
        text.replacen("[entry.ar]", &format!("{OPENING_HOURS}[entry.ar]"), 1)
    });
    change(&folder.join("personas/sales.toml"), |text| text.replacen("[name]", "[name]\nfr = \"Ventes\"", 1));
}

fn change(file: &Path, change: impl FnOnce(String) -> String) {
    let before = fs::read_to_string(file).unwrap();
    let after = change(before.clone());
    assert_ne!(before, after, "{} is as it was", file.display());
    fs::write(file, after).unwrap();
}
