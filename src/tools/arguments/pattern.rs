//! The pattern of `grep`.

use regex::{Error, Regex, RegexBuilder};

use crate::error::Problem;

/// The largest compiled pattern: patterns are written by a model, for log lines.
const COMPILED_MAX_BYTES: usize = 1024 * 1024;
/// The longest pattern that is repeated as the literal text that was perhaps meant: what is longer than a line is none.
const LITERAL_MAX_BYTES: usize = 200;

pub(super) fn parse(text: &str) -> Result<Regex, Problem> {
    RegexBuilder::new(text).size_limit(COMPILED_MAX_BYTES).build().map_err(|error| problem(text, &error))
}

fn problem(text: &str, error: &Error) -> Problem {
    if let Error::CompiledTooBig(limit) = error {
        return Problem::malformed(text, format!("a regular expression that compiles to at most {} KiB", limit / 1024));
    }
    // After the pattern and the place in it, which take lines of their own.
    let reason = error.to_string();
    let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let expected = format!("a valid regular expression: {reason}");
    if is_literal(text) {
        return Problem::malformed_instead(text, expected, regex::escape(text));
    }
    Problem::malformed(text, expected)
}

/// Whether a text that is no pattern was meant literally: but for its brackets, nothing in it is an operator.
fn is_literal(text: &str) -> bool {
    text.len() <= LITERAL_MAX_BYTES && !text.contains(['\\', '|', '*', '+', '?', '^', '$'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_models_write_are_taken() {
        for text in [
            "(?i)error|warn",
            "(?i)größe|ERREUR",
            r"(?i)\b(error|exception|traceback|failed)\b",
            r"'loss': \d+\.\d+",
            r"^\s*\w+Error: .{1,200}$",
            r"(?i)\w*(error|warning)\w*",
            r"epoch[=: ]+\d{1,4}",
            r"step \d+/\d+",
            r"[^a-z]+|\S+@\S+",
            r"(?P<key>\w+)=(?P<value>[\d.eE+-]+)",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn what_is_no_pattern_is_explained_in_one_line() {
        for (text, said, instead) in [
            ("(", "unclosed group", Some(r"\(")),
            ("loss (", "unclosed group", Some(r"loss \(")),
            ("step[", "unclosed character class", Some(r"step\[")),
            ("(?=error)", "look-around", None),
            (r"(\w)\1", "backreferences", None),
            ("*error", "repetition operator missing expression", None),
            ("(error|warn", "unclosed group", None),
            (r"\w{1000}{10}", "at most 1024 KiB", None),
        ] {
            let Err(Problem::Malformed { expected, instead: given, .. }) = parse(text) else { panic!("{text}") };
            assert!(expected.contains(said) && !expected.contains('\n'), "{text}: {expected}");
            assert_eq!(given, instead.map(Into::into), "{text}");
        }
    }
}
