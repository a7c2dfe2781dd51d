//! The grammar of everything that may be asked: the phrasings as a tree of words, with words of politeness around it.
//!
//! In: sentences as words. Out: a JSGF grammar over numbered words, and the way back from recognised words to the
//! sentence. Numbered words keep the grammar's syntax and the library's parser away from any script.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

use super::{
    lexicon::Pronunciations,
    phones::{self, Word},
};

/// Numbers words and collects sentences.
#[derive(Debug, Default)]
pub(super) struct Grammar {
    words: Vec<String>,
    ids: HashMap<String, usize>,
    sentences: HashMap<Vec<usize>, usize>,
    root: Node,
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
}

#[derive(Debug, Default)]
struct Node {
    next: BTreeMap<usize, Node>,
    is_end: bool,
}

/// Where a word of politeness may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Before,
    After,
}

impl Grammar {
    /// Adds the sentence number `index`. A sentence that is there already stays what it was: `false`.
    pub(super) fn add_sentence<'a>(&mut self, words: impl Iterator<Item = &'a str>, index: usize) -> bool {
        let ids: Vec<usize> = words.map(|word| self.number(word.to_owned())).collect();
        if ids.is_empty() || self.sentences.contains_key(&ids) {
            return false;
        }
        let mut node = &mut self.root;
        for id in &ids {
            node = node.next.entry(*id).or_default();
        }
        node.is_end = true;
        self.sentences.insert(ids, index);
        true
    }

    /// Allows words of politeness before or after any sentence.
    pub(super) fn add_courtesy<'a>(&mut self, words: impl Iterator<Item = &'a str>, place: Place) {
        // Their own numbers, so that they are told from the same words inside a sentence.
        let ids = words.map(|word| self.number(format!("{COURTESY}{word}"))).collect();
        match place {
            Place::Before => self.before.push(ids),
            Place::After => self.after.push(ids),
        }
    }

    /// The words of every sentence, by their places in [`Self::words`], in the order of the sentences' numbers.
    pub(super) fn sentences(&self) -> Vec<Vec<usize>> {
        let mut numbered: Vec<_> = self.sentences.iter().collect();
        numbered.sort_unstable_by_key(|(_, index)| **index);
        numbered.into_iter().map(|(ids, _)| ids.clone()).collect()
    }

    /// The words of every courtesy, and where it may stand.
    pub(super) fn courtesies(&self) -> impl Iterator<Item = (&[usize], Place)> {
        let at = |place| move |words| (Vec::as_slice(words), place);
        self.before.iter().map(at(Place::Before)).chain(self.after.iter().map(at(Place::After)))
    }

    /// The words in all their pronunciations.
    pub(super) fn ways(&self, pronunciations: &Pronunciations) -> Vec<Word> {
        let ways = |word| pronunciations.get(word).into_iter().flatten().map(|names| phones::numbers(names)).collect();
        self.words().map(|(_, word)| ways(word)).collect()
    }

    /// Every word to be pronounced, with its name in the grammar.
    pub(super) fn words(&self) -> impl Iterator<Item = (String, &str)> {
        self.words.iter().enumerate().map(|(id, word)| (name(id), word.strip_prefix(COURTESY).unwrap_or(word)))
    }

    /// The grammar in the Java Speech Grammar Format.
    pub(super) fn to_jsgf(&self) -> String {
        let mut jsgf = String::from("#JSGF V1.0;\ngrammar sentences;\n");
        let around = |phrases: &[Vec<usize>]| {
            let phrases: String =
                phrases.iter().map(|ids| format!(" | /{COURTESY_WEIGHT}/ {}", sequence(ids))).collect();
            if phrases.is_empty() { phrases } else { format!("( /1/ <NULL>{phrases} )") }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            jsgf,
            "public <sentence> = {} {} {};",
            around(&self.before),
            self.root.to_jsgf(),
            around(&self.after)
        );
        jsgf
    }

    /// A grammar of only some sentences, all equally likely, without politeness.
    pub(super) fn jsgf_of<'a>(sentences: impl Iterator<Item = &'a [usize]>) -> String {
        let joined: Vec<String> = sentences.map(sequence).collect();
        format!("#JSGF V1.0;\ngrammar candidates;\npublic <sentence> = ( {} );\n", joined.join(" | "))
    }

    /// The sentence that these recognised words are, silence, noise and politeness left out.
    pub(super) fn sentence<'a>(&self, recognised: impl Iterator<Item = &'a str>) -> Option<usize> {
        let ids: Vec<usize> = recognised.filter_map(id).filter(|id| !self.is_courtesy(*id)).collect();
        self.sentences.get(&ids).copied()
    }

    fn is_courtesy(&self, id: usize) -> bool {
        self.words.get(id).is_some_and(|word| word.starts_with(COURTESY))
    }

    fn number(&mut self, word: String) -> usize {
        if let Some(id) = self.ids.get(&word) {
            return *id;
        }
        let id = self.words.len();
        self.words.push(word.clone());
        self.ids.insert(word, id);
        id
    }
}

impl Node {
    /// The sentences that go through this node.
    fn sentences(&self) -> usize {
        usize::from(self.is_end) + self.next.values().map(Self::sentences).sum::<usize>()
    }

    /// Each branch weighs as much as it has sentences, so that all sentences are equally likely; otherwise one that
    /// begins like many others would be heard less often.
    fn to_jsgf(&self) -> String {
        let end = self.is_end.then(|| "/1/ <NULL>".to_owned());
        let branches = self.next.iter().map(|(id, node)| {
            let rest = if node.next.is_empty() { String::new() } else { format!(" {}", node.to_jsgf()) };
            format!("/{}/ {}{rest}", node.sentences(), name(*id))
        });
        let joined: Vec<String> = end.into_iter().chain(branches).collect();
        format!("( {} )", joined.join(" | "))
    }
}

/// How likely each courtesy is, in comparison with none. Most visitors come straight to the point, and courtesies
/// that cost little take the place of any beginning that fits badly: at 1e-3 half of what was misheard in Arabic began
/// with one. This is about what ten frames of the wrong word cost; a courtesy that was said gains several times that.
const COURTESY_WEIGHT: &str = "1e-35";

/// Marks politeness in the table of words; no word begins with it.
const COURTESY: char = '~';

fn name(id: usize) -> String {
    format!("w{id}")
}

/// The number in a recognised word; "w12(2)" is the second pronunciation of word 12.
pub(super) fn id(recognised: &str) -> Option<usize> {
    let number = recognised.strip_prefix('w')?;
    number.split('(').next()?.parse().ok()
}

fn sequence(ids: &[usize]) -> String {
    let names: Vec<String> = ids.iter().map(|id| name(*id)).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grammar() -> Grammar {
        let mut grammar = Grammar::default();
        for (index, sentence) in ["when do you open", "when do you close", "when"].into_iter().enumerate() {
            assert!(grammar.add_sentence(sentence.split(' '), index));
        }
        grammar.add_courtesy("please".split(' '), Place::After);
        grammar
    }

    #[test]
    fn sentences_share_their_beginnings_and_are_equally_likely() {
        let tree = "( /3/ w0 ( /1/ <NULL> | /2/ w1 ( /2/ w2 ( /1/ w3 | /1/ w4 ) ) ) )";
        let expected = format!("public <sentence> =  {tree} ( /1/ <NULL> | /1e-35/ w5 );\n");
        assert!(grammar().to_jsgf().ends_with(&expected));
    }

    #[test]
    fn recognised_words_lead_back_to_their_sentence_with_or_without_politeness() {
        let grammar = grammar();
        let sentence = |words: &str| grammar.sentence(words.split(' '));
        assert_eq!(sentence("<sil> w0 w1(2) w2 w4 w5 <sil>"), Some(1));
        assert_eq!(sentence("w0"), Some(2));
        assert_eq!(sentence("w0 w1"), None);
    }

    #[test]
    fn a_grammar_of_some_sentences_holds_only_those() {
        let sentences = grammar().sentences();
        assert_eq!(sentences, [vec![0, 1, 2, 3], vec![0, 1, 2, 4], vec![0]]);
        let some = Grammar::jsgf_of(sentences.iter().skip(1).map(Vec::as_slice));
        assert!(some.ends_with("public <sentence> = ( w0 w1 w2 w4 | w0 );\n"), "{some}");
    }

    #[test]
    fn a_sentence_that_is_there_already_is_refused() {
        assert!(!grammar().add_sentence("when do you open".split(' '), 9));
    }
}
