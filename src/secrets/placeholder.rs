//! What stands for a token: references to be resolved, and texts that someone forgot to replace.

use std::ops::Range;

use super::{TOKEN_NAMES, shapes};

/// Longest text that a fault repeats: what someone forgot to replace is short.
const MAX_ECHO_CHARS: usize = 40;

const NAME: &str = "HF_TOKEN";

/// Whether Hub libraries, or people who write for them, take this name for the token's, in any case.
pub(super) fn is_token_name(name: &str) -> bool {
    TOKEN_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Where `$HF_TOKEN` and `${HF_TOKEN}` stand.
pub(super) fn references(text: &str) -> Vec<Range<usize>> {
    let bare = text.match_indices("$HF_TOKEN").filter(|(at, found)| {
        text.get(at.saturating_add(found.len())..).is_some_and(|tail| !tail.starts_with(is_name_char))
    });
    let braced = text.match_indices("${HF_TOKEN}");
    let mut ranges: Vec<_> = bare.chain(braced).map(|(at, found)| at..at.saturating_add(found.len())).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    ranges
}

/// Whether a text refers to the token in any way that a shell or a template would: `$HF_TOKEN`, `${HF_TOKEN:-}`,
/// `$(HF_TOKEN)`, `$env:HF_TOKEN`, in any case.
pub(super) fn is_referred_to(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    text.match_indices(NAME).any(|(at, _)| {
        let (before, after) =
            (text.get(..at).unwrap_or_default(), text.get(at.saturating_add(NAME.len())..).unwrap_or_default());
        ["$", "${", "$(", "$ENV:", "${ENV:"].iter().any(|sign| before.ends_with(sign))
            && !after.starts_with(is_name_char)
    })
}

/// NAME, where the text is `$NAME` or `${NAME}` and nothing else.
pub(super) fn variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let name = name.strip_prefix('{').map_or(Some(name), |name| name.strip_suffix('}'))?;
    (!name.is_empty() && name.chars().all(is_name_char) && !name.starts_with(|char: char| char.is_ascii_digit()))
        .then_some(name)
}

/// What to show of a text that stands where a token should, if it can't be one: a name, a placeholder, code.
pub(super) fn slip(key: &str, value: &str) -> Option<String> {
    let trimmed = value.trim();
    let is_token = !shapes::find(trimmed, shapes::Sight::Strict).is_empty();
    if trimmed.chars().all(is_token_char) && (is_token || !is_stand_in(key, trimmed)) {
        return None;
    }
    let short = value.chars().count() <= MAX_ECHO_CHARS;
    Some(if short && !is_token { value } else { super::REDACTED }.to_owned())
}

/// Whether a trimmed text holds the place of a token and is none: a word for nothing, or what a client should have filled in.
pub(super) fn is_no_token(text: &str) -> bool {
    let is_wrapped = [('{', '}'), ('<', '>'), ('[', ']'), ('(', ')'), ('%', '%')]
        .iter()
        .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close));
    let is_token = !shapes::find(text, shapes::Sight::Strict).is_empty();
    text.starts_with('$') || is_wrapped || (!is_token && text.chars().all(is_token_char) && is_stand_in(NAME, text))
}

/// Whether a variable's text says that it has no value: blank, a placeholder that a client did not fill in, or the word that a
/// program writes for nothing.
pub fn is_unset(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text.starts_with("${")
        || ["null", "undefined", "none"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_stand_in(key: &str, value: &str) -> bool {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let word = plain(value);
    let is_name = word == plain(key) || TOKEN_NAMES.iter().any(|name| word == plain(name));
    let is_word = matches!(
        word.as_str(),
        "" | "token"
            | "mytoken"
            | "myhftoken"
            | "accesstoken"
            | "secret"
            | "password"
            | "none"
            | "null"
            | "nil"
            | "undefined"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "default"
            | "auto"
            | "placeholder"
            | "redacted"
            | "todo"
            | "changeme"
    );
    let is_advice = word.contains("your") || word.ends_with("here");
    is_name
        || is_word
        || is_advice
        || value.ends_with("...")
        || shapes::is_one_letter(word.strip_prefix("hf").unwrap_or(&word))
}

fn is_name_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// RFC 6750's `b64token`.
fn is_token_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '~' | '+' | '/' | '=' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_end_where_the_name_ends() {
        for (text, expected) in [
            ("$HF_TOKEN", &["$HF_TOKEN"][..]),
            ("${HF_TOKEN}", &["${HF_TOKEN}"]),
            ("Bearer $HF_TOKEN.", &["$HF_TOKEN"]),
            ("https://u:${HF_TOKEN}@h/$HF_TOKEN", &["${HF_TOKEN}", "$HF_TOKEN"]),
            ("$$HF_TOKEN$HF_TOKEN", &["$HF_TOKEN", "$HF_TOKEN"]),
            ("$HF_TOKEN-x", &["$HF_TOKEN"]),
            ("$HF_TOKENIZER", &[]),
            ("$HF_TOKEN_2", &[]),
            ("${HF_TOKENIZER}", &[]),
            ("${HF_TOKEN", &[]),
            ("$hf_token", &[]),
            ("HF_TOKEN", &[]),
        ] {
            assert_eq!(
                references(text).into_iter().filter_map(|range| text.get(range)).collect::<Vec<_>>(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn any_way_of_referring_counts() {
        for text in [
            "$HF_TOKEN",
            "a${HF_TOKEN}b",
            "${HF_TOKEN:-none}",
            "$(HF_TOKEN)",
            "$env:HF_TOKEN",
            "$hf_token",
            "x$HF_TOKEN/y",
        ] {
            assert!(is_referred_to(text), "{text}");
        }
        for text in
            ["$HF_TOKENIZER", "${HF_TOKENIZER}", "HF_TOKEN", "hf_token", "$HF_TOKEN_PATH", "$MY_HF_TOKEN", "$5", ""]
        {
            assert!(!is_referred_to(text), "{text}");
        }
    }

    #[test]
    fn a_variable_is_the_whole_text() {
        for (text, expected) in [
            ("$WANDB_API_KEY", Some("WANDB_API_KEY")),
            ("${_x1}", Some("_x1")),
            ("pa$$word", None),
            ("$5", None),
            ("$", None),
            ("${}", None),
            ("${A", None),
            ("$A}", None),
            ("$A-B", None),
            (" $A", None),
            ("A", None),
        ] {
            assert_eq!(variable(text), expected, "{text}");
        }
    }

    #[test]
    fn what_nobody_means_as_a_token_is_a_slip() {
        for value in [
            "hf_token",
            "HF_TOKEN",
            "",
            "  ",
            "MY_KEY",
            "HUGGINGFACE_TOKEN",
            "<your token>",
            "hf_...",
            "hf_…",
            "hf_abc123...",
            "hf_xxxxxxxxxxxxxxxx",
            "hf_****",
            "***",
            "YOUR_TOKEN",
            "your-hf-token",
            "YOUR_HF_TOKEN_HERE",
            "insert_token_here",
            "token",
            "None",
            "null",
            "True",
            "get_token()",
            "os.environ['HF_TOKEN']",
            "{token}",
            "%HF_TOKEN%",
            "[redacted]",
            "\"hf_token\"",
            "hf_",
        ] {
            assert_eq!(slip("MY_KEY", value).as_deref(), Some(value), "{value}");
        }
        let token = format!("hf_{}", "aB3dE".repeat(7).split_at(34).0);
        for value in [token.as_str(), "hf_abc123def", "local-hub-0123456789abcdef", &format!(" {token}\n")] {
            assert_eq!(slip("HF_TOKEN", value), None, "{value}");
        }
        assert_eq!(slip("HF_TOKEN", &format!("'{token}'")).as_deref(), Some("[redacted]"));
        assert_eq!(slip("HF_TOKEN", &"two words ".repeat(10)).as_deref(), Some("[redacted]"));
    }
}
