//! What the kiosk does not say about people, whatever a model sees in them.
//!
//! A small word list: the instruction to the model is the rule, this catches it when it forgets. It would rather drop a
//! harmless observation than let one pass that describes age, sex, ethnicity, religion, health, mood or identity.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// English words, as they are written.
const ENGLISH: &str = "man men woman women boy boys girl girls male males female females lady ladies gentleman gentlemen \
    guy guys child children kid kids toddler baby babies teenager teenagers teen teens adult adults elderly elder senior \
    seniors young younger youth youthful old older aged age ages year years middle-aged mother father mom mum dad parent \
    parents son daughter husband wife he she his her hers him himself herself gender sex sexual race racial ethnic \
    ethnicity nationality asian african arab arabic european caucasian indian chinese american latino hispanic white-skinned \
    dark-skinned skin skinned complexion muslim christian jewish hindu religious religion hijab headscarf veil veiled niqab \
    abaya turban kippah beard bearded bald wrinkled fat thin overweight slim obese attractive beautiful handsome pretty ugly \
    sick ill illness unwell pregnant disabled disability wheelchair crutch crutches blind deaf injured bandage bandaged \
    cough coughing tired exhausted drunk happy sad angry upset smile smiles smiling smiled frown frowning laugh laughs \
    laughing crying nervous anxious worried bored excited mood emotion emotional cheerful friendly confused calm depressed \
    celebrity famous named";

/// Arabic words without vowel marks and article.
const ARABIC: &str = "رجل رجال رجلا رجلان رجلين امراة امراه نساء سيدة سيدات سيد فتاة فتيات فتى ولد اولاد بنت بنات شاب شباب \
    شابة شابات طفل طفلة اطفال رضيع مراهق مراهقة عجوز مسن مسنة مسنون كهل كهلة عمر عمره عمرها سن سنه \
    ذكر انثى جنس والد والدة زوج زوجة ابن ابنة السن عرق عرقي عرقية جنسية عربي عربية اسيوي اسيوية افريقي افريقية اوروبي \
    اوروبية هندي هندية صيني صينية امريكي امريكية بشرة بشرته بشرتها اسمر سمراء شقراء اشقر مسلم مسلمة مسيحي مسيحية دين ديني \
    حجاب محجبة نقاب منقبة عباءة عمامة لحية ملتح ملتحي اصلع سمين سمينة نحيف نحيفة جميل جميلة وسيم قبيح مريض مريضة مرض حامل \
    معاق معاقة اعاقة كفيف اعمى اصم مصاب مصابة ضمادة عكاز سعال متعب متعبة مرهق مرهقة سعيد سعيدة حزين حزينة غاضب غاضبة مبتسم \
    مبتسمة يبتسم تبتسم ابتسامة يضحك تضحك يبكي تبكي قلق قلقة متوتر متوترة ملل مزاج مشاعر مرح مرتبك مرتبكة هادئ هادئة مشهور \
    مشهورة اسمه اسمها";

/// Whether a text says nothing about people that must not be said.
pub(crate) fn is_discreet(text: &str) -> bool {
    let listed: BTreeSet<String> =
        [ENGLISH, ARABIC].iter().flat_map(|list| list.split_whitespace()).map(fold).collect();
    // The alef of the Arabic accusative is an ending, too.
    let is_listed =
        &|word: &str| listed.contains(word) || word.strip_suffix('ا').is_some_and(|word| listed.contains(word));
    words(text).map(|word| fold(&word)).all(|word| !is_listed(&word) && !without_prefix(&word).any(is_listed))
}

/// Words with their hyphens, and the parts of hyphenated ones.
fn words(text: &str) -> impl Iterator<Item = String> {
    let is_inside =
        |letter: char| letter.is_alphabetic() || letter == '-' || is_combining_mark(letter) || letter == 'ـ';
    text.split(move |letter| !is_inside(letter))
        .flat_map(|word| std::iter::once(word).chain(word.split('-').filter(move |part| *part != word)))
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Lower case; Arabic without vowel marks, tatweel, hamza seats, and with one spelling for ة and ى.
fn fold(word: &str) -> String {
    word.nfkd()
        .filter(|letter| !is_combining_mark(*letter) && *letter != 'ـ')
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'ة' => 'ه',
            'ى' => 'ي',
            'ٱ' => 'ا',
            other => other,
        })
        .collect()
}

/// The word without the Arabic article and the letters that are written together with it.
fn without_prefix(word: &str) -> impl Iterator<Item = &str> + use<'_> {
    const PREFIXES: [&str; 11] = ["ال", "وال", "بال", "فال", "كال", "لل", "و", "ف", "ب", "ل", "ك"];
    PREFIXES.iter().filter_map(|prefix| word.strip_prefix(prefix)).filter(|rest| rest.chars().count() >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_do_and_hold_may_be_said() {
        for text in [
            "A person stands at the desk and holds up a printed ticket. Behind, two people point at the screen.",
            "Nobody is in front of the camera.",
            "One person has put a red bag on the counter and shows a phone.",
            "يقف شخص أمام الكاميرا ويحمل تذكرة. خلفه شخصان يشيران إلى الشاشة.",
            "لا أحد أمام الكاميرا.",
        ] {
            assert!(is_discreet(text), "{text}");
        }
    }

    #[test]
    fn age_sex_origin_health_mood_and_identity_are_not_said_in_either_language() {
        for text in [
            "A woman holds a ticket.",
            "An elderly person waves.",
            "A middle-aged person waves.",
            "A person with dark skin waves.",
            "A person SMILES at the camera.",
            "A person in a wheelchair waits.",
            "A person looks tired.",
            "He holds a bag.",
            "تقف امرأة أمام الكاميرا.",
            "يقف الرَّجُل أمام الكاميرا.",
            "شخص مبتسم يلوّح بيده.",
            "يلوّح شخصٌ وطفلٌ بأيديهما.",
            "شخص كبير في السنّ يقرأ.",
            "شخص على كرسي، يبدو مريضًا.",
        ] {
            assert!(!is_discreet(text), "{text}");
        }
    }
}
