//! The commented file with every key and its default.

use std::fmt::Write;

use super::{
    Config,
    section::{Section, Sections, Visitor},
    setting::{Limit, Setting},
};

const HEADER: &str = "\
# Majlis: the configuration with every key and its default; after each value stands what is allowed.
# A file needs to give only what differs.
# `majlis config check FILE` names every mistake; `--set section.key=value` changes a key for one start.
# Secrets never stand here: they come from the environment or from systemd credentials.
";

/// The text of the `kiosk.toml` that comes with the program: every key with its explanation, what is allowed, and its
/// default.
#[must_use]
pub fn reference() -> String {
    let mut writer = Writer { text: HEADER.to_owned(), is_example: false };
    Config::default().visit("", &mut writer);
    writer.text
}

struct Writer {
    text: String,
    /// Inside a list's table, which the program does not come with: every line is a comment.
    is_example: bool,
}

impl Writer {
    fn comment(&mut self, about: &str) {
        for line in about.lines() {
            // `section!` joins doc lines, each with the space that follows its slashes.
            let _infallible = writeln!(self.text, "#{line}");
        }
    }
}

impl Visitor for Writer {
    fn section(&mut self, path: &str, about: &str) {
        // A table of a list was opened by the list.
        if !self.is_example {
            self.text.push('\n');
            self.comment(about);
            let _infallible = writeln!(self.text, "[{path}]");
        }
    }

    fn key(&mut self, path: &str, about: &str, limit: &Limit, setting: &mut dyn Setting) {
        let name = path.rsplit('.').next().unwrap_or(path);
        self.comment(about);
        let lead = if self.is_example { "# " } else { "" };
        let _infallible = writeln!(self.text, "{lead}{name} = {} # {}", setting.to_toml(), setting.allowed(limit));
    }

    fn list(&mut self, path: &str, about: &str, items: &mut dyn Sections) {
        self.text.push('\n');
        self.comment(about);
        let _infallible = writeln!(self.text, "# [[{path}]]");
        let was_example = std::mem::replace(&mut self.is_example, true);
        items.example().visit(path, self);
        self.is_example = was_example;
    }
}
