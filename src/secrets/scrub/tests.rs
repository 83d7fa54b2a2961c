use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::*;
use crate::secrets::{HfToken, Secret};

const LOGIN: &str = "local-hub-0123456789";
const VALUE: &str = "a forwarded value";

fn scrubber() -> Scrubber {
    let known = Known::new();
    known.remember_token(&HfToken::parse(LOGIN).unwrap().unwrap());
    known.remember(&Secret::new(VALUE.to_owned()));
    Scrubber::new(known)
}

fn token() -> String {
    format!("hf_{}", "QwErTyUiOp".repeat(4).split_at(34).0)
}

#[test]
fn secrets_are_replaced_wherever_they_stand() {
    let token = token();
    let hidden: String = token.chars().flat_map(|char| [char, '\u{200b}']).collect();
    let coloured: String = LOGIN.split_inclusive('-').flat_map(|part| ["\u{1b}[1m", part, "\u{1b}[0m"]).collect();
    let encoded = STANDARD.encode(format!("user:{LOGIN}:x"));
    for (text, expected) in [
        ("nothing here".to_owned(), "nothing here"),
        (format!("token={token}."), "token=[redacted]."),
        (format!("{token}\n{LOGIN}\t{VALUE}"), "[redacted]\n[redacted]\t[redacted]"),
        (hidden, "[redacted]"),
        (coloured, "[redacted]"),
        (format!("\u{1b}[{LOGIN}"), "\u{5b}redacted]"),
        (format!("{LOGIN}{VALUE}{LOGIN}"), "[redacted]"),
        (format!("https://me:{LOGIN}@host"), "https://me:[redacted]@host"),
        (format!("https://{token}:x-oauth@host"), "https://[redacted]:[redacted]@host"),
        (format!("Authorization: Bearer {token}"), "Authorization: Bearer [redacted]"),
        (format!("{{\"v\": \"{VALUE}\"}}"), "{\"v\": \"[redacted]\"}"),
        (encoded.clone(), &format!("dXNlcjp[redacted]{}", encoded.split_at(encoded.len() - 3).1)),
        ("10%\r100%\r\n".to_owned(), "100%\n"),
    ] {
        let clean = scrubber().clean(&text);
        assert_eq!(clean, expected, "{text:?}");
        assert_eq!(scrubber().clean(&clean), clean, "{text:?} again");
    }
}

#[test]
fn of_two_values_that_overlap_nothing_stays() {
    let known = Known::new();
    for value in ["abcdefgh", "efghijkl", "abcdefghijklmnop-long"] {
        known.remember(&Secret::new(value.to_owned()));
    }
    let scrubber = Scrubber::new(known);
    assert_eq!(scrubber.clean("<abcdefghijkl>"), "<[redacted]>");
    assert_eq!(scrubber.clean("<abcdefghijklmnop-long>"), "<[redacted]>");
}

#[test]
fn values_learned_later_count_for_every_clone() {
    let scrubber = Scrubber::default();
    let clone = scrubber.clone();
    assert_eq!(clone.clean(VALUE), VALUE);
    scrubber.known().remember(&Secret::new(VALUE.to_owned()));
    assert_eq!(clone.clean(VALUE), REDACTED);
}

#[test]
fn a_line_has_no_line_ends() {
    assert_eq!(scrubber().clean_line("a\nb\tc\r\nd\n"), "a b c d");
    assert_eq!(scrubber().clean_line("plain"), "plain");
    assert_eq!(scrubber().clean_line("50%\r100%\n"), "100%");
}

#[test]
fn a_cut_never_leaves_half_a_token() {
    let text = format!("say {} now", token());
    for max in 0..20 {
        let clean = scrubber().clean_bounded(&text, max);
        assert!(!clean.contains("hf_") && !clean.contains("[redacted…"), "{clean}");
    }
    assert_eq!(scrubber().clean_bounded(&text, 4), "say …[+14 chars]");
}

#[test]
fn json_is_cleaned_by_the_string() {
    let token = token();
    let value = json!({"a": [token, 1, null, true], "b": {"c": format!("x\n{VALUE}\u{7}")}, (LOGIN): "key"});
    let expected = json!({"a": ["[redacted]", 1, null, true], "b": {"c": "x\n[redacted]"}, "[redacted]": "key"});
    assert_eq!(scrubber().clean_value(&value), expected);
}

/// A small generator of its own (xorshift), so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

#[test]
fn any_mixture_is_clean_after_one_pass() {
    let token = token();
    let pieces = [
        token.as_str(),
        LOGIN,
        VALUE,
        "hf_",
        "hf_oauth_",
        "eyJ",
        "sk-proj-",
        "AKIA",
        "A1B2C3D4E5F6G7H8",
        "Bearer ",
        "Authorization: ",
        "://",
        "u:p@",
        "@",
        ":",
        ".",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "AAAAAAAAAAAAAAAAAAAAb1",
        "[redacted]",
        "redacted",
        "[",
        "]",
        "\u{1b}[1m",
        "\u{1b}]8;;",
        "\u{7}",
        "\u{1b}\\",
        "\u{9b}",
        "\u{200b}",
        "\u{200d}",
        "\u{fe0f}",
        "👩",
        "é",
        "\r",
        "\n",
        "\t",
        " ",
        "\u{8}",
        "x",
        "X-Amz-Signature=",
        "%20",
        "=",
        "\"",
        "\\n",
    ];
    let scrubber = scrubber();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for _ in 0..20_000 {
        let text: String = (0..dice.roll(12)).map(|_| pieces[dice.roll(pieces.len())]).collect();
        let clean = scrubber.clean(&text);
        assert_eq!(scrubber.clean(&clean), clean, "{text:?}");
        assert!(![token.as_str(), LOGIN, VALUE].iter().any(|value| clean.contains(value)), "{text:?} -> {clean:?}");
        assert!(clean.chars().all(|char| !char.is_control() || matches!(char, '\n' | '\t')), "{text:?} -> {clean:?}");
    }
}

#[test]
fn a_value_broken_by_carriage_returns_is_redacted() {
    let scrubber = scrubber();
    for cut in 1..LOGIN.len() {
        let (head, tail) = LOGIN.split_at(cut);
        for text in
            [format!("{head}\r{tail}"), format!("x\r{head}\r\r{tail}\r"), format!("{head}\r{tail}\r  0%|  | 0/3")]
        {
            let left = scrubber.clean(&text).replace(REDACTED, "");
            assert!(!left.contains(head) && !left.contains(tail), "{text:?}: {left}");
        }
    }
}

#[test]
fn what_is_not_shown_as_it_is_is_hidden() {
    let scrubber = scrubber();
    assert!(!scrubber.hides("66f0a1b2c3d4e5f601234567"));
    assert!(scrubber.hides(LOGIN) && scrubber.hides(&token()) && scrubber.hides("a\u{1b}[0mb"));
}
