//! The code that names an appointment: `NEP-4H7K`.

use chacha20poly1305::aead::{OsRng, rand_core::RngCore as _};

use super::spelling::fold;

/// Letters and digits that are not taken for each other: without 0 O Q, 1 I L, 2 Z, 5 S, 6 G, 8 B, V.
const ALPHABET: &[u8; 21] = b"ACDEFHJKMNPRTUWXY3479";

/// Letters after the prefix: 194,481 codes.
const LENGTH: usize = 4;

/// Draws codes. Whoever has a code may move and cancel the appointment: they are drawn by the system's generator.
pub(super) fn draw(prefix: &str) -> String {
    let mut number = OsRng.next_u64();
    let base = u64::try_from(ALPHABET.len()).unwrap_or(u64::MAX);
    let letters = (0..LENGTH).filter_map(|_| {
        let letter = ALPHABET.get(usize::try_from(number % base).ok()?);
        number /= base;
        letter.map(|letter| char::from(*letter))
    });
    let letters: String = letters.collect();
    format!("{prefix}-{letters}")
}

/// The code that was said or typed, with or without its prefix, blanks and dashes. `None`: it is none.
pub(super) fn read(said: &str, prefix: &str) -> Option<String> {
    let bare: String = fold(said).chars().filter(char::is_ascii_alphanumeric).collect();
    let bare = bare.to_ascii_uppercase();
    let letters = bare.strip_prefix(prefix).filter(|rest| rest.len() == LENGTH).unwrap_or(&bare);
    (letters.len() == LENGTH && letters.bytes().all(|letter| ALPHABET.contains(&letter)))
        .then(|| format!("{prefix}-{letters}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_however_it_is_said() {
        for _ in 0..200 {
            let code = draw("NEP");
            assert_eq!(read(&code, "NEP").as_deref(), Some(code.as_str()));
            let letters = code.strip_prefix("NEP-").unwrap();
            assert!(letters.len() == 4 && !letters.contains(['0', 'O', '1', 'I', 'L', '2', 'Z', '5', 'S', '8', 'B']));
        }
        for said in ["NEP-4H7K", "nep 4h7k", "4 H 7 K", "٤h٧k", "n e p - 4 h 7 k"] {
            assert_eq!(read(said, "NEP").as_deref(), Some("NEP-4H7K"), "{said}");
        }
        for wrong in ["", "4H7", "4H7KK", "ABC-4H7K", "4H0K", "my code"] {
            assert_eq!(read(wrong, "NEP"), None, "{wrong}");
        }
    }
}
