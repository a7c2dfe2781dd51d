use proptest::prelude::*;

use super::{super::reference, *};
use crate::{
    config::{Digits, Theme},
    event::ByLanguage,
};

fn parse(text: &str) -> Result<Config, ConfigErrors> {
    Config::parse(text, Path::new("kiosk.toml"), &[])
}

fn complaint(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn with(overrides: &[&str]) -> Result<Config, ConfigErrors> {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Config::parse("", Path::new("kiosk.toml"), &overrides)
}

#[test]
fn what_could_be_read_beside_a_problem_is_there_for_safe_mode() {
    let errors =
        parse("[ui]\nthem = \"night\"\n[paths]\ndatabase = \"stand.sqlite\"\n[stand]\nlanguage = 3\n").unwrap_err();
    assert_eq!(errors.problems().len(), 2, "{errors}");
    assert_eq!(errors.rest().paths.database, Path::new("stand.sqlite"));
    assert_eq!(errors.rest().stand.language, Config::default().stand.language);
    let broken = parse("[paths]\ndatabase = \"stand.sqlite\"\n[ui\n").unwrap_err();
    assert_eq!(broken.rest().paths.database, Path::new("stand.sqlite"));
    let overrides = ["paths.database=stand.sqlite".to_owned()];
    let missing = Config::load(Some(Path::new("no/such/file.toml")), &overrides).unwrap_err();
    assert!(missing.rest().paths.database.ends_with("stand.sqlite"), "{:?}", missing.rest().paths.database);
}

/// Run with `UPDATE_REFERENCE=1` after a change of the schema to write the file anew.
#[test]
fn the_file_at_the_root_explains_every_key_and_repeats_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("kiosk.toml");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, reference()).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, reference());
    assert_eq!(parse(&text).unwrap(), Config::default());
    let (root, _) = DeTable::parse_recoverable(&text);
    let mut given = Given { values: BTreeMap::new(), lists: BTreeMap::new() };
    collect(root.get_ref(), "", &Lines { path: &path, text: &text }, &known_keys(), &mut given, &mut Vec::new());
    // The tables of lists stand in the file as comments.
    let mut known: Vec<String> = known_keys().into_iter().filter(|key| !key.contains(".0.")).collect();
    known.sort();
    assert_eq!(given.values.into_keys().collect::<Vec<_>>(), known);
}

#[test]
fn a_file_gives_only_what_differs() {
    let config = parse("[ui]\ndigits = \"arabic\"\n[cloud.llm]\ntemperature = 1\n").unwrap();
    let mut expected = Config::default();
    expected.ui.digits = Digits::Arabic;
    expected.cloud.llm.temperature = 1.0;
    assert_eq!(config, expected);
}

#[test]
fn a_key_in_the_wrong_section_is_shown_its_place() {
    let text = complaint("[audio]\nmin_silence_ms = 300\n");
    assert!(text.starts_with("kiosk.toml:2: audio.min_silence_ms: found a key that does not exist"), "{text}");
    assert!(text.ends_with("did you mean turn.min_silence_ms?"), "{text}");
}

#[test]
fn an_unknown_key_without_a_neighbour_is_shown_the_section_s_keys() {
    let text = complaint("[log]\nqqqqqqqqqq = 1\n");
    assert!(text.ends_with("allowed in [log]: filter, format"), "{text}");
}

#[test]
fn a_section_that_is_no_table_is_refused() {
    let text = complaint("ui = 3\n");
    assert_eq!(text, "kiosk.toml:1: ui: found 3; allowed a section: [ui] and its keys on the lines after it");
}

#[test]
fn a_table_in_place_of_a_value_is_refused() {
    let text = complaint("[ui.theme]\nname = \"day\"\n");
    assert!(text.starts_with("kiosk.toml:1: ui.theme: found a table; allowed \"auto\""), "{text}");
}

#[test]
fn mistakes_of_syntax_and_of_value_are_named_together() {
    let text = complaint("[ui]\ntheme = day\ndigits = 3\n[log]\nfilter =\nformat = \"xml\"\n");
    let lines: Vec<&str> = text.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(lines, ["kiosk.toml:2", "kiosk.toml:3", "kiosk.toml:5", "kiosk.toml:6"], "{text}");
}

#[test]
fn a_number_out_of_range_is_refused_whatever_its_size() {
    for number in ["-1", "60001", "99999999999999999999", "2.5", "\"2000\""] {
        let text = complaint(&format!("[audio]\nlost_after_ms = {number}\n"));
        assert!(text.ends_with("allowed a whole number from 200 to 60000"), "{text}");
    }
    for number in ["nan", "inf", "-0.1", "1.01"] {
        let text = complaint(&format!("[turn]\nfinished_threshold = {number}\n"));
        assert!(text.ends_with("allowed a number from 0 to 1"), "{text}");
    }
}

#[test]
fn a_wrong_key_and_silences_out_of_order_are_told_together() {
    let text = complaint("[turn]\nmin_silence_ms = 700\n[ui]\ntheme = \"pink\"\n");
    let expected = "\
kiosk.toml:2: turn.unsure_silence_ms: found 600; allowed at least turn.min_silence_ms, which is 700
kiosk.toml:4: ui.theme: found \"pink\"; allowed \"auto\", \"day\", \"dusk\", \"contrast\"";
    assert_eq!(text, expected);
    let text = complaint("[turn]\nmin_silence_ms = 700\nunsure_silence_ms = \"long\"\n");
    assert_eq!(text.lines().count(), 1, "a value that was refused is not compared: {text}");
}

#[test]
fn the_silences_of_a_turn_must_not_decrease() {
    let text = complaint("[turn]\n\nmin_silence_ms = 700\n");
    assert_eq!(
        text,
        "kiosk.toml:3: turn.unsure_silence_ms: found 600; allowed at least turn.min_silence_ms, which is 700"
    );
}

#[test]
fn a_key_itself_in_place_of_its_name_is_refused_and_not_repeated() {
    for text in ["[cloud]\napi_key = \"sk-sesame\"\n", "[cloud]\nbase_url = \"https://me:sesame@host/v1\"\n"] {
        let text = complaint(text);
        assert!(text.contains("not shown") && !text.contains("sesame"), "{text}");
    }
    let without_quotes = complaint("[cloud]\napi_key = sk-sesame\n");
    assert!(!without_quotes.contains("sesame"), "{without_quotes}");
    let digits = with(&["cloud.api_key=12345"]).unwrap_err().to_string();
    assert!(!digits.contains("12345"), "{digits}");
}

#[test]
fn a_key_is_never_sent_in_the_clear() {
    for key in ["cloud.base_url", "cloud.stt.base_url", "cloud.llm.base_url", "cloud.tts.base_url"] {
        let over = |url: &str| with(&[&format!("{key}={url}")]);
        for good in ["https://api.example.org/v1", "http://127.0.0.1:8000/v1", "http://localhost/v1", ""] {
            assert!(over(good).is_ok(), "{key}={good}");
        }
        let text = over("http://10.0.0.2/v1").unwrap_err().to_string();
        assert!(text.contains(key) && text.contains("10.0.0.2") && text.contains("begins with https://"), "{text}");
    }
}

#[test]
fn relative_paths_are_taken_from_the_folder_of_the_file() {
    let text = "[paths]\nmodels = \"weights\"\noutput = \"/var/lib/majlis\"\n";
    let config = Config::parse(text, Path::new("/etc/majlis/kiosk.toml"), &["paths.assets=here".to_owned()]).unwrap();
    assert_eq!(config.paths.models, Path::new("/etc/majlis/weights"));
    assert_eq!(config.paths.database, Path::new("/etc/majlis/out/majlis.sqlite"));
    assert_eq!(config.paths.output, Path::new("/var/lib/majlis"));
    assert_eq!(config.paths.assets, Path::new("here"));
}

#[test]
fn overrides_take_toml_and_bare_words() {
    let config = with(&[
        "cloud.base_url=http://127.0.0.1:8000/v1",
        "cloud.llm.model=4",
        "ui.theme = dusk",
        "stand.name.en=\"A = B\"",
        "turn.prepare_answers=false",
        "cloud.llm.temperature=0",
    ])
    .unwrap();
    assert_eq!(config.cloud.base_url, "http://127.0.0.1:8000/v1");
    assert_eq!(config.cloud.llm.model, "4");
    assert_eq!(config.ui.theme, Theme::Dusk);
    assert_eq!(config.stand.name, ByLanguage::texts("A = B", "جناح نور للطاقة"));
    assert!(!config.turn.prepare_answers);
}

#[test]
fn a_wrong_override_is_named() {
    let text = with(&["ui.theme", "ui.themes=day", "ui.full_screen=3"]).unwrap_err().to_string();
    let expected = "\
--set: ui.theme: found no value; allowed section.key=value
--set: ui.themes: found a key that does not exist; allowed the keys in kiosk.toml; did you mean ui.theme?
--set: ui.full_screen: found 3; allowed true, false";
    assert_eq!(text, expected);
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_named() {
    let text = Config::load(Some(Path::new("no/such/file.toml")), &[]).unwrap_err().to_string();
    assert!(text.starts_with("no/such/file.toml: found no readable file"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kiosk.toml");
    std::fs::write(&file, b"[ui]\n\xff").unwrap();
    let text = Config::load(Some(&file), &[]).unwrap_err().to_string();
    assert!(text.ends_with("kiosk.toml:2: found bytes that are no UTF-8; allowed UTF-8 text"), "{text}");
}

proptest! {
    /// Any damage: a piece of the reference file is cut out or replaced by other text.
    #[test]
    fn a_damaged_file_is_read_or_refused_with_a_line_or_a_key(
        start in 0.0..1.0_f64,
        length in 0_usize..80,
        junk in "\\PC{0,12}|[=\\[\\].\"'#\n0-9a-z_ -]{0,12}",
        word in "[a-z_.]{0,20}=\\PC{0,12}",
    ) {
        let reference = reference();
        let characters: Vec<char> = reference.chars().collect();
        let start = (start * characters.len() as f64) as usize;
        let before = characters.iter().take(start);
        let after = characters.iter().skip(start + length);
        let text: String = before.copied().chain(junk.chars()).chain(after.copied()).collect();
        if let Err(errors) = Config::parse(&text, Path::new("kiosk.toml"), &[word]) {
            prop_assert!(!errors.problems().is_empty());
            for problem in errors.problems() {
                let has_line = matches!(problem.origin, Origin::File { line: Some(_), .. });
                prop_assert!(has_line || problem.key.is_some(), "{problem}");
                prop_assert!(!problem.to_string().contains('\n'), "{problem}");
            }
        }
    }
}

#[test]
fn tables_of_a_list_are_read_in_order_and_their_mistakes_are_named_with_line_and_number() {
    let two = parse(
        "[[tools.http]]\nname = \"a\"\ndescription = \"A.\"\nurl = \"https://a.example/{x}\"\n\n[[tools.http]]\nname = \"b\"\n\
         description = \"B.\"\nurl = \"https://b.example\"\nmethod = \"POST\"\nheaders = [\"A: b\"]\n",
    )
    .unwrap();
    let names: Vec<&str> = two.tools.http.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(two.tools.http.last().map(|tool| tool.headers.clone()), Some(vec!["A: b".to_owned()]));

    let text = "[[tools.http]]\nname = \"a\"\nmethodd = \"GET\"\n\n[[tools.http]]\nname = 3\ntimeout_ms = 1\n";
    let errors = parse(text).unwrap_err().to_string();
    for part in [
        "tools.http.0.methodd",
        "did you mean tools.http.0.method?",
        "tools.http.0.url",
        "tools.http.1.name",
        "tools.http.1.timeout_ms",
        "a whole number from 10 to 120000",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    let errors = parse("[tools]\nhttp = 3\n").unwrap_err().to_string();
    assert!(errors.contains("[[tools.http]]"), "{errors}");
}

#[test]
fn an_override_reaches_a_table_of_the_file_and_names_one_that_is_not_there() {
    let text = "[[tools.http]]\nname = \"a\"\ndescription = \"A.\"\nurl = \"https://a.example\"\n";
    let path = Path::new("kiosk.toml");
    let config = Config::parse(text, path, &["tools.http.0.timeout_ms=77".to_owned()]).unwrap();
    assert_eq!(config.tools.http.first().map(|tool| tool.timeout_ms), Some(77));
    let errors = Config::parse(text, path, &["tools.http.1.timeout_ms=77".to_owned()]).unwrap_err().to_string();
    assert!(errors.contains("a table that the file does not have"), "{errors}");
}

#[test]
fn a_text_by_language_needs_a_text_and_the_code_of_a_language() {
    for wrong in ["name = {}", "name = { english = \"A\" }", "name = { en = \"\" }", "name = \"A\""] {
        let host = complaint(&format!("[[appointments.hosts]]\nid = \"a\"\nhours = [\"sun 09:00-12:00\"]\n{wrong}\n"));
        assert!(host.contains("appointments.hosts.0.name") && host.contains("two-letter code"), "{host}");
    }
}
