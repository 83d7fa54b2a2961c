//! The text of `stored_tokens`, in which `hf auth login` keeps the refresh token of a browser login: INI as Python's
//! `configparser` reads it without interpolation, one section a token.

use std::collections::HashSet;
use std::ops::Range;

use super::{BrowserLogin, HfToken, RenewedLogin, SealedFile, Secret};

const TOKEN: &str = "hf_token";
const REFRESH_TOKEN: &str = "refresh_token";
const EXPIRES_AT: &str = "expires_at";
/// The section whose options Python counts to every other one, and which is no token's.
const DEFAULTS: &str = "DEFAULT";

/// The text of `stored_tokens`. What can't be read as Python reads it holds no login, and is never changed.
pub struct StoredTokens {
    text: Secret,
}

/// One line of the form `key = value`, and the lines that go on with it.
struct Entry<'a> {
    key: String,
    value: &'a str,
    /// Where the value stands in the text.
    at: Range<usize>,
    /// Where the line stands, its end included.
    line: Range<usize>,
    /// The value goes on in further lines, which no token does.
    continued: bool,
}

impl StoredTokens {
    /// The text of the file.
    pub fn new(text: Secret) -> Self {
        Self { text }
    }

    /// The browser login whose token this is, if there is one that can be renewed.
    pub fn browser_login(&self, token: &HfToken) -> Option<BrowserLogin> {
        let section = section_of(self.text.reveal(), token)?;
        let refresh_token = value(&section, REFRESH_TOKEN).filter(|value| !value.is_empty())?;
        let expires_at = value(&section, EXPIRES_AT)?.parse().ok()?;
        Some(BrowserLogin { refresh_token: Secret::new(refresh_token.to_owned()), expires_at })
    }

    /// The text with that token renewed, everything else as it stands. `None`: it is no longer there.
    ///
    /// Without a new refresh token the old one stays, and without a new expiry there is none, as with `huggingface_hub`.
    pub fn renewed(&self, token: &HfToken, renewed: &RenewedLogin) -> Option<SealedFile> {
        let text = self.text.reveal();
        let section = section_of(text, token)?;
        let expires_at = renewed.expires_at.map(|at| at.to_string());
        let mut changes: Vec<(Range<usize>, &str)> = Vec::new();
        for entry in &section {
            match entry.key.as_str() {
                TOKEN => changes.push((entry.at.clone(), renewed.token.secret().reveal())),
                REFRESH_TOKEN => {
                    changes.extend(renewed.refresh_token.as_ref().map(|new| (entry.at.clone(), new.reveal())));
                }
                EXPIRES_AT => changes.push(match &expires_at {
                    Some(new) => (entry.at.clone(), new.as_str()),
                    None => (entry.line.clone(), ""),
                }),
                _ => {}
            }
        }
        changes.sort_by_key(|(range, _)| range.start);
        SealedFile::spliced(text, &changes)
    }
}

/// The section that holds the token; none where the text is not to be read, or the token stands in it twice.
fn section_of<'a>(text: &'a str, token: &HfToken) -> Option<Vec<Entry<'a>>> {
    let mut sections = sections(text)?;
    let holds = |section: &Vec<Entry<'_>>| value(section, TOKEN) == Some(token.secret().reveal());
    let at = sections.iter().position(holds)?;
    Some(sections.swap_remove(at))
}

fn value<'a>(section: &[Entry<'a>], key: &str) -> Option<&'a str> {
    section.iter().find(|entry| entry.key == key && !entry.continued).map(|entry| entry.value)
}

/// The sections, in the order of the text. `None` where Python finds a fault: a line without a section, one that is neither
/// a section nor `key = value`, a section or key that comes twice.
fn sections(text: &str) -> Option<Vec<Vec<Entry<'_>>>> {
    let mut sections: Vec<Vec<Entry<'_>>> = Vec::new();
    let (mut names, mut keys) = (HashSet::new(), HashSet::new());
    let mut in_defaults = false;
    // Lines that are further in than this one go on with its value; none where a section has just begun.
    let mut value_indent: Option<usize> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let here = start..start + line.len();
        start = here.end;
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if value_indent.is_some_and(|value| indent > value) {
            sections.last_mut()?.last_mut()?.continued = true;
        } else if let Some((name, _)) = content.strip_prefix('[').and_then(|name| name.rsplit_once(']')) {
            in_defaults = name == DEFAULTS;
            if name.is_empty() || !(names.insert(name) || in_defaults) {
                return None;
            }
            keys.clear();
            value_indent = None;
            sections.push(Vec::new());
        } else {
            let (key, value) = content.split_once(['=', ':'])?;
            let key = key.trim_end().to_lowercase();
            if key.is_empty() || !keys.insert(key.clone()) {
                return None;
            }
            let value = value.trim();
            let end = here.start + line.trim_end().len();
            sections.last_mut()?.push(Entry { key, value, at: end - value.len()..end, line: here, continued: false });
            value_indent = Some(indent);
        }
        if in_defaults && value_indent.is_some() {
            // Its options would count to every section: nothing here is as it stands.
            return None;
        }
    }
    Some(sections)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn token(text: &str) -> HfToken {
        HfToken::parse(text).unwrap().unwrap()
    }

    fn stored(text: &str) -> StoredTokens {
        StoredTokens::new(Secret::new(text.to_owned()))
    }

    fn found(text: &str) -> Option<(String, u64)> {
        let login = stored(text).browser_login(&token("token-1"))?;
        Some((login.refresh_token.reveal().to_owned(), login.expires_at))
    }

    fn renewed(text: &str, refresh_token: Option<&str>, expires_at: Option<u64>) -> Option<String> {
        let refresh_token = refresh_token.map(|text| Secret::new(text.to_owned()));
        let new = RenewedLogin { token: token("token-2"), refresh_token, expires_at };
        let mut written = String::new();
        stored(text).renewed(&token("token-1"), &new)?.into_reader().read_to_string(&mut written).unwrap();
        Some(written)
    }

    const FILE: &str = "[a \u{e9}]\nhf_token = token-0\n\n# mine\n[oauth-alice]\nhf_token = token-1\nrefresh_token = refresh-1\n\
        expires_at = 100\n\n[z]\nhf_token=token-9\n  more\n";

    #[test]
    fn a_browser_login_is_found_by_its_token() {
        let expected = Some(("refresh-1".to_owned(), 100));
        assert_eq!(found(FILE), expected);
        for text in [
            "[x]\r\nHF_Token: token-1\r\nrefresh_token:refresh-1\r\nexpires_at :  100  \r\n",
            "[x]]\n  expires_at=100\n  refresh_token = refresh-1\n; note\n  hf_token=token-1",
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn other_tokens_are_not_renewed() {
        for text in [
            "",
            "[x]\nhf_token = token-2\nrefresh_token = refresh-1\nexpires_at = 100\n",
            "[x]\nhf_token = token-1\n",
            "[x]\nhf_token = token-1\nexpires_at = 100\n",
            "[x]\nhf_token = token-1\nrefresh_token =\nexpires_at = 100\n",
            "[x]\nhf_token = token-1\nrefresh_token = refresh-1\nexpires_at = soon\n",
            "[x]\nhf_token = token-1\nrefresh_token = refresh-1\n more\nexpires_at = 100\n",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_python_can_not_read_is_left_alone() {
        for (before, after) in [
            ("hf_token = x\n", ""),
            ("", "[oauth-alice]\n"),
            ("", "[new]\na = 1\na = 2\n"),
            ("", "[new]\nwords\n"),
            ("", "[]\n"),
            ("[DEFAULT]\nrefresh_token = x\n", ""),
        ] {
            let text = format!("{before}{FILE}{after}");
            assert_eq!((found(&text), renewed(&text, None, None)), (None, None), "{text}");
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        assert_eq!(
            renewed(FILE, Some("refresh-2"), Some(200)).unwrap(),
            FILE.replace("token-1", "token-2").replace("refresh-1", "refresh-2").replace("= 100", "= 200")
        );
        assert_eq!(
            renewed(FILE, None, None).unwrap(),
            FILE.replace("token-1", "token-2").replace("expires_at = 100\n", "")
        );
        let crlf = FILE.replace('\n', "\r\n");
        assert_eq!(renewed(&crlf, None, Some(100)).unwrap(), crlf.replace("token-1", "token-2"));
    }
}
