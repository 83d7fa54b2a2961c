use super::*;
use crate::secrets::{HfToken, Known, REDACTED, Secret};

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

fn texts(lines: Vec<Clean>) -> Vec<String> {
    lines.into_iter().map(Clean::into_string).collect()
}

/// The lines, pushed at once.
fn at_once(mut cleaner: LineCleaner, lines: &[&str]) -> Vec<String> {
    for line in lines {
        cleaner.push(line, false);
    }
    texts(cleaner.rest())
}

#[test]
fn values_that_go_on_from_line_to_line_are_found_at_every_cut() {
    let scrubber = scrubber();
    let across = |lines: &[&str]| at_once(LineCleaner::from_start(&scrubber), lines);
    for cut in 1..LOGIN.len() {
        let (head, tail) = LOGIN.split_at(cut);
        assert_eq!(across(&["before", head, tail, "after"]), ["before", REDACTED, REDACTED, "after"], "{cut}");
        assert_eq!(across(&[&format!("x {head}"), &format!("{tail} y")]), ["x [redacted]", "[redacted] y"], "{cut}");
        assert_eq!(across(&["before", head]).concat().contains(head), cut < 12, "{cut}");
        let within = at_once(LineCleaner::from_within(&scrubber), &[tail, "after"]).concat();
        assert_eq!(within.contains(tail), LOGIN.len() - cut < 12, "{within}");
        assert_eq!(across(&[tail, "after"]), [tail, "after"], "nothing comes before the first line of a log");
        let mut cleaner = LineCleaner::from_start(&scrubber);
        cleaner.push(head, true);
        cleaner.push(tail, false);
        let cut_off = texts(cleaner.rest());
        assert_eq!((cut_off[0] == REDACTED, cut_off[1] == REDACTED), (cut >= 12, LOGIN.len() - cut >= 12), "{cut}");
    }
    let letters: Vec<&str> = LOGIN.split("").filter(|letter| !letter.is_empty()).collect();
    assert!(across(&letters).iter().all(|line| line == REDACTED));
    assert_eq!(across(&["nothing", "to", "see"]), ["nothing", "to", "see"]);
}

#[test]
fn a_token_goes_whole_although_its_beginning_has_the_form_of_one() {
    let scrubber = scrubber();
    let token = token();
    scrubber.known().remember_token(&HfToken::parse(&token).unwrap().unwrap());
    for cut in 1..token.len() - 1 {
        let (head, tail) = token.split_at(cut);
        for middle in 1..tail.len() {
            let (middle, tail) = tail.split_at(middle);
            let shown = at_once(LineCleaner::from_start(&scrubber), &[head, middle, tail]);
            assert_eq!(shown, [REDACTED; 3], "cut at {cut}");
        }
    }
}

#[test]
fn credentials_that_reach_over_a_line_end_are_found() {
    let key = [
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0B",
        "AQEFAASCBKcwggSjAgEAAoIB",
        "-----END PRIVATE KEY-----",
    ];
    let lines = [&["before"][..], &key, &["Authorization: Bearer", "abcdefgh12345678abcdefgh", "after"]].concat();
    let expected = ["before", REDACTED, REDACTED, REDACTED, REDACTED, "Authorization: Bearer", REDACTED, "after"];
    assert_eq!(at_once(LineCleaner::from_start(&scrubber()), &lines), expected);
    let mut cleaner = LineCleaner::from_start(&scrubber());
    let mut shown = Vec::new();
    for line in lines {
        cleaner.push(line, false);
        shown.extend(cleaner.settled());
    }
    shown.extend(cleaner.rest());
    assert_eq!(texts(shown), expected, "line by line");
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
fn what_is_shown_does_not_depend_on_when_lines_come() {
    let scrubber = scrubber();
    let token = token();
    let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----";
    let pieces =
        [LOGIN, VALUE, token.as_str(), key, "local-", "l", "a f", "value", "\r", " 10%|#| 1/9", "Bearer ", "x", " "];
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for _ in 0..3000 {
        let text: String = (0..dice.roll(8)).map(|_| pieces[dice.roll(pieces.len())]).collect();
        let chars: Vec<char> = text.chars().collect();
        let mut lines = vec![String::new()];
        for char in chars {
            if char == '\n' || dice.roll(9) == 0 {
                lines.push(String::new());
            }
            if char != '\n' {
                lines.last_mut().unwrap().push(char);
            }
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let whole = at_once(LineCleaner::from_start(&scrubber), &lines);
        let (mut cleaner, mut shown) = (LineCleaner::from_start(&scrubber), Vec::new());
        for line in &lines {
            cleaner.push(line, false);
            if dice.roll(3) == 0 {
                shown.extend(cleaner.settled());
            }
        }
        let newest = cleaner.newest();
        shown.extend(cleaner.rest());
        assert!(newest.is_none() || newest.as_ref() == shown.last(), "{lines:?}");
        assert_eq!(texts(shown), whole, "{lines:?}");
        let seen: String = whole.concat();
        assert!([LOGIN, VALUE].iter().all(|value| !seen.contains(value)), "{lines:?}: {seen}");
    }
}

#[test]
fn a_value_that_began_in_what_was_handed_out_is_found() {
    let scrubber = scrubber();
    for cut in 1..LOGIN.len() {
        let (head, tail) = LOGIN.split_at(cut);
        let mut cleaner = LineCleaner::from_start(&scrubber);
        cleaner.push(&format!("x {head}"), false);
        cleaner.rest();
        cleaner.push(tail, false);
        assert_eq!(texts(cleaner.rest()), [REDACTED], "{cut}");
    }
}
