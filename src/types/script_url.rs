//! The addresses of scripts: the pages that show them, and the files themselves.

use url::Url;

use super::limits::MAX_URL_BYTES;
use super::script::{ending, shown};
use crate::error::Problem;

/// An `http` or `https` address, kept as it was written. It may hold userinfo: whether that is fit to be shown, the
/// scan for credentials decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptUrl {
    text: String,
    url: Url,
    of_page: bool,
}

impl ScriptUrl {
    /// Takes an address without blanks. The address of a page that shows a Python file (GitHub, GitLab, the Hub) becomes
    /// that of the file; the page of a gist, which may hold several files, or of another file is refused.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let expected = format!("an `http(s)://` URL of a script, without blanks, of at most {MAX_URL_BYTES} bytes");
        let malformed = || Problem::malformed(shown(text), expected.as_str());
        if text.len() > MAX_URL_BYTES || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(malformed());
        }
        let url = Url::parse(text).map_err(|_| malformed())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(malformed());
        }
        if ending(url.path()) == Some("ipynb") {
            let expected =
                "a Python script: convert the notebook (`jupyter nbconvert --to script`) and pass the code or its URL";
            return Err(Problem::malformed(shown(text), expected));
        }
        match file_behind_page(&url) {
            Some(file) if ending(file.path()) == Some("py") => {
                Ok(Self { text: file.as_str().to_owned(), url: file, of_page: true })
            }
            Some(file) => {
                let expected = "the URL of the file itself: this one is of the web page that shows it";
                Err(Problem::malformed_instead(text, expected, String::from(file)))
            }
            None => Ok(Self { text: text.to_owned(), url, of_page: false }),
        }
    }

    /// Whether the caller gave the address of the page that shows the file.
    pub fn is_of_page(&self) -> bool {
        self.of_page
    }

    /// The address as it was written, or that of the file behind it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address's parts.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// The file that `hf://[TYPE/]OWNER/NAME[@REVISION]/PATH` names, where it can be fetched over http.
pub(super) fn hub_file(address: &str) -> Option<Url> {
    let (kind, address) = match address.split_once('/')? {
        (kind @ ("datasets" | "spaces"), rest) => (Some(kind), rest),
        ("models", rest) => (None, rest),
        ("buckets" | "kernels", _) => return None,
        _ => (None, address),
    };
    let mut parts = address.split('/');
    let (owner, name) = (parts.next()?, parts.next()?);
    let (name, revision) = name.split_once('@').unwrap_or((name, "main"));
    let mut url = Url::parse("https://huggingface.co").ok()?;
    url.path_segments_mut().ok()?.extend(kind).extend([owner, name, "resolve", revision]).extend(parts);
    if ending(url.path()) == Some("py") { Some(url) } else { None }
}

/// The file that a web page shows.
fn file_behind_page(url: &Url) -> Option<Url> {
    let parts: Vec<&str> = url.path_segments()?.collect();
    let mut file = url.clone();
    file.set_query(None);
    file.set_fragment(None);
    let path = match (url.host_str()?, parts.as_slice()) {
        ("github.com" | "www.github.com", [owner, repository, "blob", rest @ ..]) if rest.len() > 1 => {
            file.set_host(Some("raw.githubusercontent.com")).ok()?;
            format!("{owner}/{repository}/{}", rest.join("/"))
        }
        ("gist.github.com", [owner, id]) if !id.is_empty() => format!("{owner}/{id}/raw"),
        ("huggingface.co" | "hf.co", [kind @ ("datasets" | "spaces"), owner, name, "blob", rest @ ..])
            if rest.len() > 1 =>
        {
            format!("{kind}/{owner}/{name}/resolve/{}", rest.join("/"))
        }
        ("huggingface.co" | "hf.co", [owner, name, "blob", rest @ ..]) if rest.len() > 1 => {
            format!("{owner}/{name}/resolve/{}", rest.join("/"))
        }
        ("gitlab.com", [project @ .., _, _]) if url.path().contains("/-/blob/") && !project.is_empty() => {
            url.path().replacen("/-/blob/", "/-/raw/", 1)
        }
        _ => return None,
    };
    file.set_path(&path);
    Some(file)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::types::Script;

    #[test]
    fn offers_the_file_behind_a_page() {
        for (text, expected) in [
            ("https://gist.github.com/me/0123abcd", Some("https://gist.github.com/me/0123abcd/raw")),
            ("https://github.com/o/r/blob/main/nb.ipynb", None),
            ("https://example.com/nb.ipynb?raw=true", None),
            ("file://train.py", Some("train.py")),
            ("file:///etc/passwd", None),
            ("hf://datasets/o/d/x.py", Some("https://huggingface.co/datasets/o/d/resolve/main/x.py")),
            ("hf://o/m@v1/a/x.py", Some("https://huggingface.co/o/m/resolve/v1/a/x.py")),
            ("hf://buckets/o/b/x.py", None),
            ("hf://o/m", None),
        ] {
            let Err(Problem::Malformed { instead, .. }) = Script::parse(text) else { panic!("{text}") };
            assert_eq!(instead, expected.map(Value::from), "{text}");
        }
        for text in ["https://github.com/o/r/raw/main/x.py", "https://huggingface.co/o/m/resolve/main/x.py"] {
            assert!(matches!(Script::parse(text), Ok(Script::Url(url)) if !url.is_of_page()), "{text}");
        }
    }

    #[test]
    fn page_of_a_file_becomes_the_file() {
        for (page, file) in [
            ("https://github.com/o/r/blob/main/a/x.py", "https://raw.githubusercontent.com/o/r/main/a/x.py"),
            ("https://www.github.com/o/r/blob/v1/x.py?raw=true#L3", "https://raw.githubusercontent.com/o/r/v1/x.py"),
            ("https://github.com/o/r/blob/main/a%20b.py", "https://raw.githubusercontent.com/o/r/main/a%20b.py"),
            ("https://gitlab.com/g/s/r/-/blob/main/x.py", "https://gitlab.com/g/s/r/-/raw/main/x.py"),
            ("https://huggingface.co/o/m/blob/main/x.py", "https://huggingface.co/o/m/resolve/main/x.py"),
            (
                "https://huggingface.co/datasets/o/d/blob/main/a/x.py?download=true",
                "https://huggingface.co/datasets/o/d/resolve/main/a/x.py",
            ),
        ] {
            let Ok(Script::Url(url)) = Script::parse(page) else { panic!("{page}") };
            assert_eq!((url.as_str(), url.url().as_str(), url.is_of_page()), (file, file, true));
        }
        let Ok(Script::Url(url)) = Script::parse("https://example.org/blob/x.py") else { panic!() };
        assert!(!url.is_of_page());
    }
}
