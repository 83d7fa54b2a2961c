//! What tokens, keys and passwords look like: the one list that both the scan and the scrubber go by.
//!
//! A shape is a fixed prefix and a run of characters behind it. One automaton finds all prefixes in one pass, so a text
//! without any costs next to nothing; runs are measured by hand, since neighbours count and the work must stay linear.
//!
//! Hub shapes are those that Hugging Face's own MCP server redacts, and the organisation tokens that gitleaks lists.

mod beginnings;

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, MatchKind};

pub(super) use beginnings::may_hold_any;

use super::{REDACTED, userinfo};
use crate::error::Credential;

/// How much has to be seen before a shape counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// For refusing: only what can hardly be anything else.
    Strict,
    /// For redacting: also cut, lengthened and unusual forms, headers and signed URLs.
    Wide,
}

/// A credential and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    pub(super) credential: Credential,
}

/// All credentials of a text, by where their prefix begins.
pub(super) fn find(text: &str, sight: Sight) -> Vec<Found> {
    if !may_hold_any(text) {
        return Vec::new();
    }
    let Some(prefixes) = PREFIXES.as_ref() else {
        return vec![Found { range: 0..text.len(), credential: Credential::HubToken }];
    };
    let mut found = Vec::new();
    let mut examined = [0; SHAPES.len()];
    for hit in prefixes.find_iter(text) {
        let index = hit.pattern().as_usize();
        let (Some(shape), Some(examined)) = (SHAPES.get(index), examined.get_mut(index)) else { continue };
        // Only a prefix that lies wholly within: `hf_hf_…` begins its second run where the first one ends.
        if hit.end() < *examined {
            continue;
        }
        let candidate = Candidate { text, start: hit.start(), body: hit.end(), sight };
        let (range, end) = candidate.examine(shape);
        *examined = end;
        if let Some(range) = range.filter(|range| text.get(range.clone()) != Some(REDACTED)) {
            found.push(Found { range, credential: shape.credential });
        }
    }
    found
}

/// Where a private key begins whose end is not in the text.
pub(super) fn open_private_key(text: &str) -> Option<usize> {
    let start = text.rfind("-----BEGIN ")?;
    let tail = text.get(start..)?;
    (tail.contains("PRIVATE KEY-----") && !tail.contains("-----END ")).then_some(start)
}

/// The name under which programs look for such a credential, for the advice to pass it as a secret.
pub(super) fn usual_name(credential: Credential) -> &'static str {
    match credential {
        Credential::VendorKey("OpenAI") => "OPENAI_API_KEY",
        Credential::VendorKey("Anthropic") => "ANTHROPIC_API_KEY",
        Credential::VendorKey("OpenRouter") => "OPENROUTER_API_KEY",
        Credential::VendorKey("GitHub") => "GITHUB_TOKEN",
        Credential::VendorKey("GitLab") => "GITLAB_TOKEN",
        Credential::VendorKey("AWS") => "AWS_ACCESS_KEY_ID",
        Credential::VendorKey("Slack") => "SLACK_TOKEN",
        Credential::VendorKey("Google") => "GOOGLE_API_KEY",
        Credential::VendorKey("npm") => "NPM_TOKEN",
        Credential::VendorKey("private") => "PRIVATE_KEY",
        Credential::VendorKey(_) => "API_KEY",
        Credential::UrlUserinfo => "URL_PASSWORD",
        Credential::TokenName | Credential::Placeholder | Credential::HubToken | Credential::SessionToken => "HF_TOKEN",
    }
}

/// `hf_xxxxxxxx`: one letter over and over stands for a token in documentation.
pub(super) fn is_one_letter(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_none_or(|first| chars.all(|char| char == first))
}

struct Shape {
    prefix: &'static str,
    form: Form,
    credential: Credential,
}

#[derive(Clone, Copy)]
enum Form {
    /// A prefix and a run that belongs to it.
    Key(Run),
    /// `hf_oauth_<JWT>` and its like: three parts with dots between.
    Dotted,
    /// `name=value` of a signed URL.
    Parameter,
    /// `Bearer value`.
    Bearer,
    /// `Authorization: [scheme] value`.
    Authorization,
    /// `scheme://user:password@host`.
    Userinfo,
    /// A PEM block.
    PrivateKey,
}

#[derive(Clone, Copy)]
struct Run {
    class: fn(u8) -> bool,
    /// Fewest and most characters of a real one.
    strict: (usize, usize),
    /// Fewest characters that are redacted.
    wide: usize,
    /// Whether it may not follow a letter or digit (`task-…` is no `sk-…`).
    apart: bool,
    /// What tells a real one from a word or a placeholder.
    genuine: fn(&str) -> bool,
}

const MANY: usize = usize::MAX;

const fn hub(prefix: &'static str, length: usize) -> Shape {
    let run = Run {
        class: is_alphanumeric,
        strict: (length, length),
        wide: 20,
        apart: false,
        genuine: |body| !is_one_letter(body),
    };
    Shape { prefix, form: Form::Key(run), credential: Credential::HubToken }
}

const fn key(vendor: &'static str, prefix: &'static str, class: fn(u8) -> bool, fewest: usize, most: usize) -> Shape {
    let run = Run { class, strict: (fewest, most), wide: fewest, apart: true, genuine: is_opaque };
    Shape { prefix, form: Form::Key(run), credential: Credential::VendorKey(vendor) }
}

const fn other(prefix: &'static str, form: Form, credential: Credential) -> Shape {
    Shape { prefix, form, credential }
}

const SHAPES: [Shape; 39] = [
    hub("hf_", 34),
    hub("hf_app_", 32),
    hub("hf_oauth__refresh_", 34),
    hub("oauth_app_secret_", 34),
    hub("api_org_", 34),
    other("hf_oauth_", Form::Dotted, Credential::HubToken),
    other("hf_jwt_", Form::Dotted, Credential::HubToken),
    other("hf_s3_", Form::Dotted, Credential::HubToken),
    key("OpenAI", "sk-", is_alphanumeric, 32, MANY),
    key("OpenAI", "sk-proj-", is_word_or_dash, 20, MANY),
    key("OpenAI", "sk-svcacct-", is_word_or_dash, 20, MANY),
    key("OpenAI", "sk-admin-", is_word_or_dash, 20, MANY),
    key("Anthropic", "sk-ant-", is_word_or_dash, 20, MANY),
    key("OpenRouter", "sk-or-", is_word_or_dash, 20, MANY),
    key("GitHub", "ghp_", is_alphanumeric, 36, MANY),
    key("GitHub", "gho_", is_alphanumeric, 36, MANY),
    key("GitHub", "ghu_", is_alphanumeric, 36, MANY),
    key("GitHub", "ghs_", is_alphanumeric, 36, MANY),
    key("GitHub", "ghr_", is_alphanumeric, 36, MANY),
    key("GitHub", "github_pat_", is_word_or_dash, 36, MANY),
    key("AWS", "AKIA", is_upper_or_digit, 16, 16),
    // Without the digit a word in capitals would be one.
    other(
        "ASIA",
        Form::Key(Run {
            class: is_upper_or_digit,
            strict: (16, 16),
            wide: 16,
            apart: true,
            genuine: has_letter_and_digit,
        }),
        Credential::VendorKey("AWS"),
    ),
    key("GitLab", "glpat-", is_word_or_dash, 20, MANY),
    key("Slack", "xoxa-", is_word_or_dash, 20, MANY),
    key("Slack", "xoxb-", is_word_or_dash, 20, MANY),
    key("Slack", "xoxe-", is_word_or_dash, 20, MANY),
    key("Slack", "xoxp-", is_word_or_dash, 20, MANY),
    key("Slack", "xoxr-", is_word_or_dash, 20, MANY),
    key("Slack", "xoxs-", is_word_or_dash, 20, MANY),
    key("Google", "AIza", is_word_or_dash, 35, 35),
    key("npm", "npm_", is_alphanumeric, 36, 36),
    other("-----BEGIN ", Form::PrivateKey, Credential::VendorKey("private")),
    other("://", Form::Userinfo, Credential::UrlUserinfo),
    // The three query keys that sign an S3 URL.
    other("X-Amz-Credential=", Form::Parameter, Credential::VendorKey("AWS")),
    other("X-Amz-Signature=", Form::Parameter, Credential::VendorKey("AWS")),
    other("X-Amz-Security-Token=", Form::Parameter, Credential::VendorKey("AWS")),
    other("Authorization", Form::Authorization, Credential::HubToken),
    other("Bearer", Form::Bearer, Credential::HubToken),
    other("Bearer%20", Form::Bearer, Credential::HubToken),
];

/// Headers and query keys come in any case; keys are compared again as they are written.
static PREFIXES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .ascii_case_insensitive(true)
        .build(SHAPES.iter().map(|shape| shape.prefix))
        .ok()
});

struct Candidate<'a> {
    text: &'a str,
    start: usize,
    body: usize,
    sight: Sight,
}

impl Candidate<'_> {
    /// What of the text to redact, if it is one, and up to where this shape need not be looked for again.
    fn examine(&self, shape: &Shape) -> (Option<Range<usize>>, usize) {
        let as_written = self.text.get(self.start..self.body) == Some(shape.prefix);
        match (shape.form, self.sight) {
            (Form::Key(run), _) if as_written => self.key(&run),
            (Form::Dotted, _) if as_written => self.dotted(),
            (Form::PrivateKey, _) if as_written => self.private_key(),
            (Form::Userinfo, sight) => {
                let range = userinfo::find(self.text, self.body, sight);
                let end = range.as_ref().map_or(self.body, |range| range.end);
                (range, end)
            }
            (Form::Parameter, Sight::Wide) => self.value(self.body, is_query_value, 1),
            (Form::Bearer, Sight::Wide) => self.bearer(),
            (Form::Authorization, Sight::Wide) => self.authorization(),
            _ => (None, self.body),
        }
    }

    fn tail(&self, from: usize) -> &str {
        self.text.get(from..).unwrap_or_default()
    }

    /// The bytes from `from` on that are in the class, at most `most`.
    fn run(&self, from: usize, class: fn(u8) -> bool, most: usize) -> &str {
        let length = self.tail(from).bytes().take(most).take_while(|byte| class(*byte)).count();
        self.text.get(from..from.saturating_add(length)).unwrap_or_default()
    }

    fn key(&self, run: &Run) -> (Option<Range<usize>>, usize) {
        let before = self.text.get(..self.start).and_then(|text| text.bytes().next_back());
        if run.apart && before.is_some_and(is_alphanumeric) {
            return (None, self.body);
        }
        let (fewest, most) = match self.sight {
            Sight::Strict => run.strict,
            Sight::Wide => (run.wide, MANY),
        };
        let body = self.run(self.body, run.class, most.saturating_add(1));
        let end = self.body.saturating_add(body.len());
        let apart = !self.tail(end).bytes().next().is_some_and(is_alphanumeric);
        let fits = (fewest..=most).contains(&body.len()) && (apart || self.sight == Sight::Wide) && (run.genuine)(body);
        (fits.then_some(self.start..end), if most == MANY { end } else { self.body })
    }

    /// Judged by the whole run behind the prefix, so that a match within it is one of the whole.
    fn dotted(&self) -> (Option<Range<usize>>, usize) {
        let run = self.run(self.body, |byte| is_word_or_dash(byte) || byte == b'.', MANY);
        let end = self.body.saturating_add(run.len());
        let parts: Vec<&str> = run.split('.').filter(|part| !part.is_empty()).collect();
        // The base64 of `{"`, with which every JWT begins.
        let is_jwt = run.contains("eyJ");
        let long = |fewest: usize| parts.windows(3).any(|three| three.iter().all(|part| part.len() >= fewest));
        // Names with dots between are code; random parts are hardly ever without a digit or capital.
        let mixed = run.bytes().any(is_upper_or_digit) && !parts.iter().all(|part| is_one_letter(part));
        let fits = match self.sight {
            Sight::Strict => is_jwt && parts.len() >= 3 || mixed && long(10),
            Sight::Wide => is_jwt && run.len() >= 12 || mixed && long(8),
        };
        (fits.then_some(self.start..end), end)
    }

    /// A run that is redacted without what leads to it.
    fn value(&self, from: usize, class: fn(u8) -> bool, fewest: usize) -> (Option<Range<usize>>, usize) {
        let length = self.run(from, class, MANY).len();
        let end = from.saturating_add(length);
        ((length >= fewest).then_some(from..end), end)
    }

    fn bearer(&self) -> (Option<Range<usize>>, usize) {
        let from = self.after(self.body, |byte| byte.is_ascii_whitespace());
        if from == self.body && !self.text.get(self.start..self.body).is_some_and(|prefix| prefix.ends_with("20")) {
            return (None, self.body);
        }
        let (range, end) = self.value(from, is_credential, 16);
        (range.filter(|range| has_letter_and_digit(self.text.get(range.clone()).unwrap_or_default())), end)
    }

    fn authorization(&self) -> (Option<Range<usize>>, usize) {
        fn is_quote(byte: u8) -> bool {
            matches!(byte, b'"' | b'\'' | b'\\')
        }
        let separator = self.after(self.after(self.body, is_quote), |byte| byte.is_ascii_whitespace());
        let from = self.after(separator, |byte| matches!(byte, b':' | b'=' | b','));
        if from == separator {
            return (None, self.body);
        }
        let from = self.after(from, |byte| byte.is_ascii_whitespace() || is_quote(byte));
        let scheme = self.run(from, |byte| byte.is_ascii_alphabetic(), 7);
        let value = self.after(from.saturating_add(scheme.len()), |byte| byte.is_ascii_whitespace());
        let (from, fewest) = if value > from.saturating_add(scheme.len()) { (value, 8) } else { (from, 16) };
        let (range, end) = self.value(from, is_credential, fewest);
        // Otherwise it may be a sentence about authorization.
        let sure = fewest == 8 && ["bearer", "basic"].iter().any(|name| scheme.eq_ignore_ascii_case(name));
        (range.filter(|range| sure || has_letter_and_digit(self.text.get(range.clone()).unwrap_or_default())), end)
    }

    fn after(&self, from: usize, class: fn(u8) -> bool) -> usize {
        from.saturating_add(self.run(from, class, MANY).len())
    }

    fn private_key(&self) -> (Option<Range<usize>>, usize) {
        /// The longest labels have some twenty characters.
        const LABEL: usize = 40;
        /// A 16,384 bit RSA key in PEM has less.
        const BLOCK: usize = 16 * 1024;
        let label = self.run(self.body, |byte| is_upper_or_digit(byte) || byte == b' ', LABEL);
        let begun = self.body.saturating_add(label.len());
        let dashes = self.run(begun, |byte| byte == b'-', 5);
        let begun = begun.saturating_add(dashes.len());
        let blank = |byte: u8| byte.is_ascii_whitespace() || byte == b'\\';
        // A line end may stand as the two characters `\n`, whose letter is counted with the body.
        let body = self.after(begun, blank);
        let first = self.run(body, |byte| is_base64(byte) || byte == b'-', 9);
        if !label.contains("PRIVATE KEY") || dashes.len() < 5 || first.len() < 9 || first.starts_with("-----") {
            return (None, self.body);
        }
        let tail = self.tail(begun);
        let window = (0..=tail.len().min(BLOCK)).rev().find_map(|end| tail.get(..end)).unwrap_or_default();
        let end = window.find("-----END ").map(|at| begun.saturating_add(at).saturating_add("-----END ".len()));
        let end = match end {
            Some(end) => {
                let label = self.run(end, |byte| is_upper_or_digit(byte) || byte == b' ', LABEL);
                let end = end.saturating_add(label.len());
                end.saturating_add(self.run(end, |byte| byte == b'-', 5).len())
            }
            None => self.after(body, |byte| is_base64(byte) || byte.is_ascii_whitespace() || byte == b'\\'),
        };
        (Some(self.start..end), end)
    }
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_word_or_dash(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_upper_or_digit(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// RFC 6750's `b64token`.
fn is_credential(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-')
}

fn is_query_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'&' | b'"' | b'\'' | b'<' | b'>' | b'\\' | b'`' | b'[' | b']')
}

fn has_letter_and_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphabetic()) && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a key's body is random rather than words: a long unbroken piece, or a middling one with digits about.
fn is_opaque(body: &str) -> bool {
    let longest = body.split(['-', '_']).max_by_key(|piece| piece.len()).unwrap_or_default();
    !is_one_letter(longest) && (longest.len() >= 16 || longest.len() >= 8 && has_letter_and_digit(body))
}

#[cfg(test)]
mod tests;
