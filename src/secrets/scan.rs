//! The scan of fields that anybody who may see a job can read.

use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::{
    Known,
    known::Index,
    shapes::{self, Sight},
    visible::without_invisible,
};
use crate::error::{Credential, Fault, Problem};

/// Looks for credentials in what is about to become readable, with the session tokens known when it was made.
///
/// References such as `$HF_TOKEN` are no credentials: the container's shell reads them.
pub struct Scan {
    known: Arc<Index>,
}

impl Scan {
    /// A scan that knows the session's tokens, present and past. Forwarded values don't count: the word `production`
    /// may well be a secret of one job and a label of the next.
    pub fn new(known: &Known) -> Self {
        Self { known: known.index() }
    }

    /// The first credential in a text, gravest first: the session's own token in any encoding, a token of the Hub by its
    /// shape, another vendor's key, a password within a URL.
    pub fn check(&self, text: &str) -> Option<Credential> {
        self.gravest(text, |_| true)
    }

    /// As [`Scan::check`] for a value of `env`, where URLs with passwords are everyday (`DATABASE_URL`).
    pub(super) fn check_env(&self, text: &str) -> Option<Credential> {
        self.gravest(text, |credential| credential != Credential::UrlUserinfo)
    }

    /// Proof that a value holds no credential, or a fault of that argument for each kind that was found.
    pub fn clear<T: Readable>(&self, argument: &str, value: T) -> Result<Scanned<T>, Vec<Fault>> {
        let mut found: Vec<Credential> = Vec::new();
        value.texts(&mut |text| {
            if let Some(credential) = self.check(text).filter(|credential| !found.contains(credential)) {
                found.push(credential);
            }
        });
        if found.is_empty() {
            return Ok(Scanned(value));
        }
        let fault = |credential| {
            Problem::Credential { credential, secret: shapes::usual_name(credential).to_owned() }.at(argument)
        };
        Err(found.into_iter().map(fault).collect())
    }

    fn gravest(&self, text: &str, counts: impl Fn(Credential) -> bool) -> Option<Credential> {
        let seen = without_invisible(text);
        let decoded = percent_decode_str(&seen).decode_utf8_lossy();
        // A control sequence can swallow the beginning of an escape.
        let as_written = percent_decode_str(text).decode_utf8_lossy();
        let views = [
            Some(text),
            Some(as_written.as_ref()).filter(|as_written| *as_written != text),
            Some(seen.as_ref()).filter(|seen| *seen != text),
            Some(decoded.as_ref()).filter(|decoded| *decoded != seen && *decoded != as_written),
        ];
        if views.iter().flatten().any(|view| self.holds_token(view)) {
            return Some(Credential::SessionToken);
        }
        let found = views.iter().flatten().flat_map(|view| shapes::find(view, Sight::Strict));
        found
            .map(|found| found.credential)
            .filter(|credential| counts(*credential))
            .min_by_key(|credential| gravity(*credential))
    }

    /// Blanks too may have been put into a token: only known ones are looked for without them, since words run together
    /// would look like anything.
    fn holds_token(&self, text: &str) -> bool {
        let tokens = &self.known.tokens;
        tokens.is_match(text)
            || text.contains(char::is_whitespace) && tokens.is_match(&text.split_whitespace().collect::<String>())
    }
}

fn gravity(credential: Credential) -> u8 {
    match credential {
        Credential::SessionToken => 0,
        Credential::HubToken | Credential::TokenName | Credential::Placeholder => 1,
        Credential::VendorKey(_) => 2,
        Credential::UrlUserinfo => 3,
    }
}

/// Whatever has texts that others may read.
pub trait Readable {
    /// Visits each text, the keys of maps included.
    fn texts(&self, visit: &mut dyn FnMut(&str));
}

impl Readable for String {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        visit(self);
    }
}

impl Readable for &str {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        visit(self);
    }
}

impl<T: Readable> Readable for Vec<T> {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        for item in self {
            item.texts(visit);
        }
    }
}

impl<T: Readable> Readable for Option<T> {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        if let Some(item) = self {
            item.texts(visit);
        }
    }
}

impl<A: Readable, B: Readable> Readable for (A, B) {
    fn texts(&self, visit: &mut dyn FnMut(&str)) {
        self.0.texts(visit);
        self.1.texts(visit);
    }
}

/// A value that was found free of credentials. [`Scan::clear`] alone makes one.
///
/// ```compile_fail,E0423
/// let unproven = hf_jobs_mcp::secrets::Scanned(String::from("text"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned<T>(T);

impl<T> Scanned<T> {
    /// The value.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// The value without its proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;
    use crate::secrets::HfToken;

    fn token() -> String {
        format!("hf_{}", "QwErTyUiOpAsDfGhJk".repeat(2).split_at(34).0)
    }

    /// No shape of the Hub: found by value alone.
    const LOGIN: &str = "local-hub-0123456789";

    fn scan() -> Scan {
        let known = Known::new();
        known.remember_token(&HfToken::parse(LOGIN).unwrap().unwrap());
        Scan::new(&known)
    }

    #[test]
    fn credentials_are_found_however_they_are_written() {
        let token = token();
        let spread: String = LOGIN.chars().flat_map(|char| [char, '\u{200b}']).collect();
        let lines: String = LOGIN.chars().flat_map(|char| [char, '\n']).collect();
        let percent: String = token.replace('_', "%5f").replace('Q', "%51");
        let hidden = token.replacen('Q', "Q\u{2060}", 1);
        for (text, expected) in [
            (format!("curl -H 'Authorization: Bearer {token}'"), Credential::HubToken),
            (hidden, Credential::HubToken),
            (percent, Credential::HubToken),
            (format!("\u{1b}%{:02x}{}", LOGIN.as_bytes()[0], LOGIN.get(1..).unwrap()), Credential::SessionToken),
            (format!("print('{LOGIN}')"), Credential::SessionToken),
            (format!("{token} {LOGIN}"), Credential::SessionToken),
            (spread, Credential::SessionToken),
            (lines, Credential::SessionToken),
            (format!("echo {} | base64 -d", STANDARD.encode(format!("x={LOGIN}\n"))), Credential::SessionToken),
            (format!("https://me:{token}@huggingface.co/x"), Credential::HubToken),
            ("https://me:s3cr3t@host/".to_owned(), Credential::UrlUserinfo),
            (format!("AKIA{}", "ABCD2345".repeat(2)), Credential::VendorKey("AWS")),
        ] {
            assert_eq!(scan().check(&text), Some(expected), "{text}");
        }
    }

    #[test]
    fn ordinary_texts_pass() {
        let example = format!("hf_{}", "x".repeat(34));
        for text in [
            "echo $HF_TOKEN ${HF_TOKEN}",
            "curl -H \"Authorization: Bearer $HF_TOKEN\" https://huggingface.co/api/whoami-v2",
            "headers = {'Authorization': f'Bearer {os.environ[\"HF_TOKEN\"]}'}",
            "from huggingface_hub import hf_hub_download",
            example.as_str(),
            "local-hub-01234 and 56789",
            "python:3.12",
            "100%",
            "",
        ] {
            assert_eq!(scan().check(text), None, "{text}");
        }
    }

    #[test]
    fn proof_is_given_or_the_argument_named() {
        let clear = scan().clear("command", vec!["echo".to_owned(), "hello".to_owned()]).unwrap();
        assert_eq!(clear.get().len(), 2);
        assert_eq!(clear.into_inner(), ["echo", "hello"]);

        let faults = scan().clear("script_args", vec![token(), token(), LOGIN.to_owned()]).unwrap_err();
        let expected = [Credential::HubToken, Credential::SessionToken]
            .map(|credential| Problem::Credential { credential, secret: "HF_TOKEN".to_owned() }.at("script_args"));
        assert_eq!(faults, expected);
        assert!(scan().clear("labels", Some((token().as_str(), "x"))).is_err());
        assert!(scan().clear("name", None::<String>).is_ok());
    }
}
