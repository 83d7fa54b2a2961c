//! What `uv run` is given: a URL, code, a local file or a command, told apart by their looks.

use std::fmt;

use super::limits::{INLINE_SOURCE_MAX, MAX_PATH_BYTES};
use super::script_url::hub_file;
use super::{ScriptUrl, Size};
use crate::error::Problem;

const EXPECTED: &str = "the script's code itself, an `http(s)://` URL, or a file that ends in `.py`";

/// Characters of a command's name; the longest console scripts of `PyPI` packages stay far below.
const MAX_COMMAND_CHARS: usize = 128;

/// Characters of a refused value that a problem repeats.
const SHOWN: usize = 200;

/// Endings of files that are not read as scripts, so that `nb.ipynb` is not taken for a command.
const FILE_ENDINGS: [&str; 25] = [
    "bash", "bat", "c", "cfg", "cpp", "csv", "ini", "ipynb", "jl", "js", "json", "jsonl", "md", "parquet", "ps1", "py",
    "pyc", "r", "rs", "sh", "toml", "ts", "txt", "yaml", "yml",
];

/// A uv script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// An address that uv fetches within the job.
    Url(ScriptUrl),
    /// Python code.
    Inline(Source),
    /// A file of the machine that the server runs on, as the caller named it. Nothing is known of it yet.
    LocalFile(String),
    /// A command that the dependencies bring.
    Command(CommandName),
}

impl Script {
    /// Tells the forms apart, in this order: an `http(s)://` URL; more than one line: code; ends in `.py`: a local file;
    /// one word that begins with a letter, of `A-Z a-z 0-9 . _ -`: a command; what looks like another path or URL, or like a
    /// placeholder, is refused (with another scheme already before the `.py`); anything else: one line of code.
    ///
    /// Blanks around the whole don't count, but inline code is kept with them, byte for byte. Lines may end in `\n`,
    /// `\r\n` or `\r`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let line = text.trim();
        if line.is_empty() {
            return Err(Problem::malformed("", EXPECTED));
        }
        if is_web(line) {
            return ScriptUrl::parse(line).map(Self::Url);
        }
        if line.contains(['\n', '\r']) {
            return Source::parse(text).map(Self::Inline);
        }
        if let Some(refused) = refuse_address(line) {
            return Err(refused);
        }
        if ending(line) == Some("py") {
            return local_file(line).map(Self::LocalFile);
        }
        if let Some(name) = CommandName::read(line) {
            return Ok(Self::Command(name));
        }
        if is_placeholder(line) {
            return Err(Problem::malformed(
                shown(line),
                format!("a script, but a placeholder for one: pass {EXPECTED}"),
            ));
        }
        if looks_like_path(line) {
            return Err(refused(line));
        }
        Source::parse(text).map(Self::Inline)
    }

    /// What a job's name is made of if none is given.
    pub fn name_base(&self) -> String {
        let address = match self {
            Self::Url(url) => url.as_str(),
            Self::LocalFile(path) => path,
            Self::Command(name) => name.as_str(),
            Self::Inline(_) => "inline-script",
        };
        let path = address.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let name = path.rsplit('/').next().unwrap_or_default();
        name.strip_suffix(".py").unwrap_or(name).to_owned()
    }
}

/// Python source of at most [`INLINE_SOURCE_MAX`] bytes, without NUL, byte for byte as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Source(String);

impl Source {
    /// Takes source as it stands.
    pub fn parse(text: impl Into<String>) -> Result<Self, Problem> {
        let text = text.into();
        if text.len() > INLINE_SOURCE_MAX {
            let expected = format!("at most {INLINE_SOURCE_MAX} bytes of code; host a larger script and pass its URL");
            return Err(Problem::malformed(format!("{} bytes", text.len()), expected));
        }
        if text.contains('\0') {
            return Err(Problem::malformed(shown(&text), "code without NUL characters, which Python does not run"));
        }
        Ok(Self(text))
    }

    /// The source.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How large it is.
    pub fn size(&self) -> Size {
        Size::of(self.0.len())
    }
}

/// Its size: source may be long, and may hold what nobody has looked at yet.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.size())
    }
}

/// The name of a command: one word that begins with a letter, of `A-Z a-z 0-9 . _ -`, and is no file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandName(String);

impl CommandName {
    fn read(text: &str) -> Option<Self> {
        let valid = text.len() <= MAX_COMMAND_CHARS
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && !has_file_ending(text);
        valid.then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_web(line: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| line.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)))
}

/// `scheme://…` in front of anything: no code begins so, and no file's name.
fn refuse_address(line: &str) -> Option<Problem> {
    let (scheme, rest) = line.split_once("://")?;
    if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') {
        return None;
    }
    let instead = match scheme {
        "hf" => hub_file(rest).map(String::from),
        "file" => Some(rest.to_owned()).filter(|path| ending(path) == Some("py")),
        _ => None,
    };
    Some(match instead {
        Some(instead) => Problem::malformed_instead(shown(line), EXPECTED, instead),
        None => refused(line),
    })
}

/// `…`, `<script>`, `{{script}}`: what documentation writes for a script or a command. None of it does anything.
pub(super) fn is_placeholder(line: &str) -> bool {
    let is_within = |opens, closes| line.starts_with(opens) && line.ends_with(closes);
    is_within("<", ">") || is_within("{{", "}}") || line.chars().all(|c| matches!(c, '.' | '…'))
}

fn local_file(line: &str) -> Result<String, Problem> {
    if line.len() > MAX_PATH_BYTES || line.contains(char::is_control) {
        return Err(refused(line));
    }
    Ok(line.to_owned())
}

/// A path by its beginning, or a word of a path's characters with a slash or a file's ending.
fn looks_like_path(line: &str) -> bool {
    let begins = ["/", "./", "../", "~/", ".\\", "..\\", "~\\", "\\\\"].iter().any(|prefix| line.starts_with(prefix));
    let drive = matches!(line.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    let word = line.chars().all(|c| c.is_alphanumeric() || "._-~/\\@+".contains(c));
    begins || drive || (word && (line.contains(['/', '\\']) || has_file_ending(line)))
}

fn has_file_ending(line: &str) -> bool {
    ending(line).is_some_and(|ending| FILE_ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

pub(super) fn ending(line: &str) -> Option<&str> {
    line.rsplit_once('.').map(|(_, ending)| ending)
}

fn refused(line: &str) -> Problem {
    Problem::malformed(shown(line), EXPECTED)
}

pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> &'static str {
        match Script::parse(text) {
            Ok(Script::Url(_)) => "url",
            Ok(Script::Inline(source)) => {
                assert_eq!(source.as_str(), text);
                "inline"
            }
            Ok(Script::LocalFile(path)) => {
                assert_eq!(path, text.trim());
                "file"
            }
            Ok(Script::Command(name)) => {
                assert_eq!(name.as_str(), text.trim());
                "command"
            }
            Err(Problem::Malformed { .. }) => "refused",
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn tells_the_forms_apart() {
        for (text, expected) in [
            ("https://example.org/train.py", "url"),
            ("HTTP://example.org/x", "url"),
            (" https://example.org/train.py?raw=1#x\n", "url"),
            ("https://me:pw@example.org/train.py", "url"),
            ("https://example.org/a b.py", "refused"),
            ("https://example.org/a.py\nprint(1)", "refused"),
            ("https://", "refused"),
            ("import os\nprint(os)", "inline"),
            ("import os\r\nprint(os)\r\n", "inline"),
            ("import os\rprint(os)", "inline"),
            ("\n\n# /// script\n# dependencies = []\n# ///\nopen('/x.py')\n# see train.py", "inline"),
            ("train.py", "file"),
            ("/home/me/train.py", "file"),
            ("~/x.py\n", "file"),
            ("my script.py", "file"),
            ("lighteval", "command"),
            ("python3.12", "command"),
            ("  torchrun  ", "command"),
            ("accelerate-launch", "command"),
            ("/etc/passwd", "refused"),
            ("./train.sh", "refused"),
            ("~/.cache/huggingface/token", "refused"),
            ("scripts/train", "refused"),
            ("C:\\x\\y", "refused"),
            ("/my dir/x.sh", "refused"),
            ("nb.ipynb", "refused"),
            ("run.SH", "refused"),
            ("TRAIN.PY", "refused"),
            ("hf://datasets/alice/d/x.py", "refused"),
            ("file:///etc/passwd", "refused"),
            ("s3://b/x.py", "refused"),
            ("...", "refused"),
            ("<script>", "refused"),
            ("<see references/gguf.md for the script>", "refused"),
            (" {{script}} ", "refused"),
            ("{{ script }}", "refused"),
            ("{'a': {}}", "inline"),
            ("…", "refused"),
            ("", "refused"),
            (" \n ", "refused"),
            ("print(1)", "inline"),
            ("print(1)\n", "inline"),
            ("print(1/2)", "inline"),
            ("import os; os.system('ls /etc')", "inline"),
            ("print('https://x.example')", "inline"),
            ("1 + 1", "inline"),
            ("_x", "inline"),
        ] {
            assert_eq!(form(text), expected, "{text:?}");
        }
    }

    #[test]
    fn bounds_inline_code() {
        let most = format!("#\n{}", "x".repeat(INLINE_SOURCE_MAX - 2));
        assert_eq!(form(&most), "inline");
        assert_eq!(form(&format!("{most}x")), "refused");
        assert_eq!(form("print(1)\n\0"), "refused");
        assert_eq!(format!("{:?}", Source::parse("secret")), "Ok(Source(6 B))");
    }

    #[test]
    fn names_a_job_as_huggingface_hub_does() {
        for (text, base) in [
            ("https://example.org/a/sft.py?raw=1", "sft"),
            ("dir/my_script.py", "my_script"),
            ("lighteval", "lighteval"),
            ("print(1)", "inline-script"),
        ] {
            assert_eq!(Script::parse(text).unwrap().name_base(), base);
        }
    }
}
