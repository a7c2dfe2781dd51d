//! The room as a visitor and as staff see it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{collections::BTreeMap, path::Path};

use super::*;
use crate::{
    config::Embedded,
    event::{EntryId, Language},
};

fn shipped() -> KnowledgeBase {
    let (base, problems) = KnowledgeBase::load(Path::new("assets/knowledge")).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    base
}

fn threshold() -> f32 {
    Embedded::default().answer_threshold
}

fn entry(id: &str) -> String {
    format!(
        "[[entry]]\nid = \"{id}\"\n[entry.en]\nquestion = \"What is {id}?\"\nanswer = \"It is {id}.\"\n\
         [entry.ar]\nquestion = \"ما هو {id}؟\"\nanswer = \"إنه {id}.\"\n"
    )
}

fn load(files: &[(&str, &str)]) -> Result<(KnowledgeBase, Vec<Problem>), KnowledgeError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    KnowledgeBase::load(folder.path())
}

#[test]
fn the_shipped_base_has_enough_entries_in_both_languages() {
    let base = shipped();
    assert!(base.entries().count() >= 44);
    for entry in base.entries() {
        for language in Language::SHIPPED {
            let text = entry.text(language);
            assert!(text.phrasings.len() >= 3, "{} has too few phrasings in {language}", entry.id);
            assert!(!text.answer.contains('!'), "{} shouts in {language}", entry.id);
            assert_eq!(Language::of_text(&text.question), Some(language), "{}", entry.id);
        }
    }
}

#[test]
fn every_phrasing_finds_its_own_entry_with_certainty() {
    let base = shipped();
    for entry in base.entries() {
        for language in Language::SHIPPED {
            for phrasing in entry.text(language).all_phrasings() {
                let hits = base.search(phrasing, language, 1).unwrap();
                assert_eq!(hits.first().map(|hit| (&hit.id, hit.score)), Some((&entry.id, 1.0)), "{phrasing}");
            }
        }
    }
}

#[derive(serde::Deserialize)]
struct HeldOut {
    tuning: Questions,
    fresh: Questions,
}

#[derive(serde::Deserialize)]
struct Questions {
    in_scope: BTreeMap<Language, BTreeMap<String, Vec<String>>>,
    out_of_scope: BTreeMap<Language, Vec<String>>,
}

fn held_out() -> [Questions; 2] {
    let HeldOut { tuning, fresh } = toml::from_str(include_str!("held_out.toml")).unwrap();
    [tuning, fresh]
}

/// The answer of the kiosk at the shipped threshold.
fn answer(base: &KnowledgeBase, question: &str, language: Language) -> Option<EntryId> {
    base.search(question, language, 1).unwrap().into_iter().find(|hit| hit.score >= threshold()).map(|hit| hit.id)
}

#[test]
fn most_questions_asked_in_other_words_are_answered_rightly() {
    let base = shipped();
    for language in Language::SHIPPED {
        let parts = held_out();
        let questions: Vec<(&String, &String)> = parts
            .iter()
            .flat_map(|part| &part.in_scope[&language])
            .flat_map(|(id, questions)| questions.iter().map(move |question| (id, question)))
            .collect();
        let right = questions
            .iter()
            .filter(|(id, question)| answer(&base, question, language).is_some_and(|found| found.0 == **id))
            .count();
        assert!(right * 100 >= questions.len() * 85, "{language}: {right} of {}", questions.len());
    }
}

#[test]
fn questions_about_something_else_are_not_answered() {
    let base = shipped();
    let (mut asked, mut refused) = (0, 0);
    for (language, questions) in held_out().into_iter().flat_map(|part| part.out_of_scope) {
        asked += questions.len();
        refused += questions.iter().filter(|question| answer(&base, question, language).is_none()).count();
    }
    assert!(refused * 100 >= asked * 85, "{refused} of {asked}");
    assert_eq!(answer(&base, "Who won the football match yesterday?", Language::ENGLISH), None);
}

#[test]
fn a_question_without_a_word_finds_nothing() {
    let base = shipped();
    for question in ["", "?!", "\"", "AND OR NOT", "phrasing:*", "qqqq zzzz"] {
        assert_eq!(answer(&base, question, Language::ENGLISH), None, "{question}");
    }
}

#[test]
fn an_arabic_prefix_letter_does_not_hide_a_word() {
    let base = shipped();
    for question in ["أين أوقف بسيارتي؟", "وأين أوقف سيارتي؟"] {
        let hits = base.search(question, Language::ARABIC, 1).unwrap();
        assert!(hits[0].id.0 == "directions.parking" && hits[0].score > 0.9, "{question}: {hits:?}");
    }
}

#[test]
fn the_four_topics_come_in_the_order_of_the_look() {
    let icons: Vec<String> = shipped().topics().iter().map(|topic| topic.icon.clone()).collect();
    assert_eq!(icons, ["clock", "cap", "pin", "calendar"]);
}

#[test]
fn only_taking_leave_ends_the_visit() {
    let base = shipped();
    let ending: Vec<&str> =
        base.entries().filter(|entry| entry.does == Answered::EndsVisit).map(|entry| entry.id.0.as_str()).collect();
    assert_eq!(ending, ["conversation.goodbye"]);
    let forgetting: Vec<&str> =
        base.entries().filter(|entry| entry.does == Answered::Forgets).map(|entry| entry.id.0.as_str()).collect();
    assert_eq!(forgetting, ["conversation.forget"]);
}

#[test]
fn a_bad_entry_is_named_by_file_and_line_and_the_rest_is_used() {
    let good = entry("good");
    let lines = good.lines().count();
    for (bad, line, said) in [
        (entry("bad").replacen("answer", "anwser", 1), 5, "anwser"),
        (entry("bad").replace("\"It is bad.\"", "\" \""), 5, "`answer` of the entry \"bad\" is empty"),
        (entry("bad").replace("id = \"bad\"", "id = \"bad"), 2, ""),
        (entry("good"), 2, "the id \"good\" is already used at"),
        (entry("bad").split("[entry.ar]").next().unwrap().to_owned(), 2, "lacks [entry.ar]"),
        (entry("bad").replace("What is bad", "what is GOOD"), 4, "already belongs to the entry \"good\""),
        (
            entry("bad")
                .replace("[entry.en]", "topic = { order = 1, icon = \"skull\", en = \"A\", ar = \"B\" }\n[entry.en]"),
            3,
            "unknown icon \"skull\"; allowed: clock",
        ),
        (entry("bad").replace("[entry.en]", "does = \"explode\"\n[entry.en]"), 3, "explode"),
        (entry("Bad id"), 2, "may hold only"),
    ] {
        let (base, problems) = load(&[("a.toml", &format!("{good}{bad}{}", entry("other")))]).unwrap();
        let ids: Vec<&str> = base.entries().map(|entry| entry.id.0.as_str()).collect();
        assert_eq!(ids, ["good", "other"], "{bad}");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!((problems[0].line, problems[0].message.contains(said)), (lines + line, true), "{}", problems[0]);
        assert!(problems[0].file.ends_with("a.toml"));
    }
}

#[test]
fn a_file_that_is_no_text_does_not_silence_the_others() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), [0xff, 0xfe, 0x00]).unwrap();
    std::fs::write(folder.path().join("b.toml"), entry("good")).unwrap();
    let (base, problems) = KnowledgeBase::load(folder.path()).unwrap();
    assert_eq!((base.entries().count(), problems.len()), (1, 1));
}

#[test]
fn without_any_usable_entry_the_error_says_where_and_what_to_do() {
    let error = load(&[("a.toml", "[[entry]]\nid = \"x\"\n")]).unwrap_err().to_string();
    assert!(error.contains("no usable entry (1 faulty ones); docs/knowledge.md"), "{error}");
    let error = KnowledgeBase::load(Path::new("no/such/folder")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read no/such/folder"), "{error}");
}
