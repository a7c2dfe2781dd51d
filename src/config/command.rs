//! `majlis config check`.

use std::path::Path;

use super::{Config, load::DEFAULT_FILE};

/// Text for standard output and the exit code: 0 when the configuration can be used, 2 with every problem.
#[must_use]
pub fn check_command(path: Option<&Path>, overrides: &[String]) -> (String, u8) {
    let default_file = Path::new(DEFAULT_FILE);
    let file = path.or_else(|| default_file.is_file().then_some(default_file));
    let name = file.unwrap_or(default_file).display();
    match Config::load(file, overrides) {
        Ok(_) if file.is_none() => (format!("no {name} here; the built-in defaults are good\n"), 0),
        Ok(_) => (format!("{name}: good\n"), 0),
        Err(errors) => {
            let count = errors.problems().len();
            let noun = if count == 1 { "problem" } else { "problems" };
            (format!("{errors}\n{name}: {count} {noun}\n"), 2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_shown_with_line_key_what_was_found_and_what_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kiosk.toml");
        let text = "[audio]\nlost_after_ms = 5\nmicrofone = \"usb\"\n\n[ui]\ntheme = \"pink\"\n";
        std::fs::write(&file, text).unwrap();
        let (text, exit_code) = check_command(Some(&file), &["turn.max_prepared=x".to_owned()]);
        let expected = "\
FILE:2: audio.lost_after_ms: found 5; allowed a whole number from 200 to 60000
FILE:3: audio.microfone: found a key that does not exist; allowed the keys in kiosk.toml; did you mean audio.microphone?
FILE:6: ui.theme: found \"pink\"; allowed \"auto\", \"day\", \"dusk\", \"contrast\"
--set: turn.max_prepared: found \"x\"; allowed a whole number from 0 to 20
FILE: 4 problems
";
        assert_eq!(text.replace(file.to_str().unwrap(), "FILE"), expected);
        assert_eq!(exit_code, 2);
    }

    #[test]
    fn the_shipped_file_is_good() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("kiosk.toml");
        let (text, exit_code) = check_command(Some(&file), &[]);
        assert_eq!((text, exit_code), (format!("{}: good\n", file.display()), 0));
    }
}
