//! Parts of the Hub that a job sees as directories.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::limits::{MAX_PATH_BYTES, MAX_VOLUMES};
use super::{RepositoryId, nearest, wrong_kind};
use crate::error::Problem;

const GRAMMAR: &str = "`hf://[models|datasets|spaces|buckets/]OWNER/NAME[@REVISION][/PATH]:/MOUNT[:ro|:rw]`";

/// The keys of the object form: the API's, then the spellings that are understood too.
const KEYS: [&str; 8] = ["type", "source", "mountPath", "revision", "readOnly", "path", "mount_path", "read_only"];

/// What kind of thing is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VolumeKind {
    /// A model repository, read-only.
    Model,
    /// A dataset repository, read-only.
    Dataset,
    /// A Space's repository, read-only.
    Space,
    /// A bucket, read-write unless said otherwise.
    Bucket,
}

impl VolumeKind {
    const ALL: [Self; 4] = [Self::Model, Self::Dataset, Self::Space, Self::Bucket];

    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
            Self::Space => "space",
            Self::Bucket => "bucket",
        }
    }

    /// The word of an `hf://` address.
    fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
            Self::Space => "spaces",
            Self::Bucket => "buckets",
        }
    }
}

/// A repository or bucket of the Hub, or a directory in it, and where the job sees it.
///
/// Only a bucket can be writable, and only a repository has revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    kind: VolumeKind,
    source: RepositoryId,
    revision: Option<String>,
    path: Option<String>,
    mount_path: String,
    read_only: Option<bool>,
}

impl Volume {
    /// Reads the command line's form, by `huggingface_hub`'s grammar:
    /// `hf://[TYPE/]OWNER/NAME[@REVISION][/PATH]:/MOUNT[:ro|:rw]`, models if no type is given.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.len() > MAX_PATH_BYTES {
            return Err(Problem::malformed(text, format!("a volume of at most {MAX_PATH_BYTES} bytes")));
        }
        match text.strip_prefix("hf://") {
            Some(body) => parse_body(text, body),
            None => Err(not_an_address(text)),
        }
    }

    /// Reads the command line's form from a string, or the API's object form (`mount_path` and `read_only` as well as
    /// `mountPath` and `readOnly`).
    pub fn from_json(value: &Value) -> Result<Self, Problem> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Object(fields) => parse_object(fields),
            _ => Err(wrong_kind("a string such as `hf://datasets/OWNER/NAME:/data`, or a map", value)),
        }
    }

    /// Refuses too many volumes, and two at the same place. Names the offending mount path.
    pub fn check_all(volumes: &[Self]) -> Result<(), Problem> {
        if volumes.len() > MAX_VOLUMES {
            let found = format!("{} volumes", volumes.len());
            return Err(Problem::malformed(found, format!("at most {MAX_VOLUMES} volumes")));
        }
        let mut seen = BTreeSet::new();
        match volumes.iter().find(|volume| !seen.insert(volume.mount_path.as_str())) {
            Some(twice) => Err(Problem::malformed(&twice.mount_path, "a mount path of its own for each volume")),
            None => Ok(()),
        }
    }

    /// What kind of thing is mounted.
    pub fn kind(&self) -> VolumeKind {
        self.kind
    }

    /// What is mounted.
    pub fn source(&self) -> &RepositoryId {
        &self.source
    }

    /// Where the job sees it: absolute, without `/` at the end.
    pub fn mount_path(&self) -> &str {
        &self.mount_path
    }

    /// Whether what the job writes there is kept.
    pub fn is_writable(&self) -> bool {
        self.kind == VolumeKind::Bucket && self.read_only != Some(true)
    }

    /// An item of the request's `volumes`, in the API's field names; what was not given is left out.
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("type".to_owned(), json!(self.kind.as_str()));
        fields.insert("source".to_owned(), json!(self.source.to_string()));
        fields.insert("mountPath".to_owned(), json!(self.mount_path));
        let optional = [
            ("revision", self.revision.as_ref().map(|revision| json!(revision))),
            ("readOnly", self.read_only.map(|flag| json!(flag))),
            ("path", self.path.as_ref().map(|path| json!(path))),
        ];
        fields.extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        Value::Object(fields)
    }
}

impl FromStr for Volume {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The command line's form, with the type written out.
impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf://{}/{}", self.kind.plural(), self.source)?;
        if let Some(revision) = &self.revision {
            let atomic = special_reference(revision).is_some_and(|reference| reference == revision);
            write!(f, "@{}", if atomic { revision.clone() } else { revision.replace('%', "%25").replace('/', "%2F") })?;
        }
        if let Some(path) = &self.path {
            write!(f, "/{path}")?;
        }
        write!(f, ":{}", self.mount_path)?;
        f.write_str(match self.read_only {
            Some(true) => ":ro",
            Some(false) => ":rw",
            None => "",
        })
    }
}

/// What is known of a volume before it is checked as a whole.
struct Draft<'a> {
    text: &'a str,
    kind: VolumeKind,
    source: &'a str,
    revision: Option<String>,
    path: Option<&'a str>,
    mount_path: &'a str,
    read_only: Option<bool>,
}

impl Draft<'_> {
    fn check(self) -> Result<Volume, Problem> {
        let malformed = |expected: &str| Problem::malformed(self.text, expected);
        let source = RepositoryId::parse(self.source).ok_or_else(|| malformed("a source `OWNER/NAME`"))?;
        let path = self.path.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
        let mount_path = match self.mount_path.strip_prefix('/') {
            Some(rest) if is_path(rest.trim_end_matches('/')) => self.mount_path.trim_end_matches('/'),
            _ => return Err(malformed("an absolute mount path below `/`, such as `/data`, without `..`")),
        };
        // `:/data:ro/` would mount a bucket at `/data:ro`, and writable.
        if mount_path.ends_with(":ro") || mount_path.ends_with(":rw") {
            return Err(malformed("`:ro` or `:rw` at the very end, or `readOnly`, and a mount path without it"));
        }
        if path.is_some_and(|path| !is_path(path)) {
            return Err(malformed("a path within the source, without empty parts and `..`"));
        }
        let revision = self.revision;
        if revision.as_ref().is_some_and(|name| name.is_empty() || !is_printable(name)) {
            return Err(malformed("a branch, tag or commit after `@`"));
        }
        let bucket = self.kind == VolumeKind::Bucket;
        if bucket && revision.is_some() {
            return Err(malformed("a bucket without `@` and revision: buckets have no revisions"));
        }
        let volume = Volume {
            kind: self.kind,
            source,
            revision,
            path: path.map(str::to_owned),
            mount_path: mount_path.to_owned(),
            read_only: self.read_only,
        };
        if !bucket && volume.read_only == Some(false) {
            let expected =
                "`:ro`: of the Hub only buckets can be mounted read-write (`hf://buckets/OWNER/NAME:/MOUNT:rw`)";
            let instead = Volume { read_only: Some(true), ..volume };
            return Err(Problem::malformed_instead(self.text, expected, instead.to_string()));
        }
        Ok(volume)
    }
}

fn parse_body(text: &str, body: &str) -> Result<Volume, Problem> {
    let (body, read_only) = match (body.strip_suffix(":ro"), body.strip_suffix(":rw")) {
        (Some(body), _) => (body, Some(true)),
        (_, Some(body)) => (body, Some(false)),
        _ => (body, None),
    };
    let Some((location, mount)) = body.rsplit_once(":/") else {
        return Err(Problem::malformed(text, format!("a mount path at the end: {GRAMMAR}")));
    };
    let (kind, location) = split_kind(text, location)?;
    let location = location.trim_matches('/');
    let (source, revision, path) = split_location(location, kind);
    let revision = match revision.map(|revision| percent_decode_str(revision).decode_utf8()) {
        Some(Err(_)) => return Err(Problem::malformed(text, "a revision that is UTF-8")),
        Some(Ok(revision)) => Some(revision.into_owned()),
        None => None,
    };
    Draft { text, kind, source, revision, path, mount_path: &format!("/{mount}"), read_only }.check()
}

fn split_kind<'a>(text: &str, location: &'a str) -> Result<(VolumeKind, &'a str), Problem> {
    let (first, rest) = location.split_once('/').unwrap_or((location, ""));
    if let Some(kind) = VolumeKind::ALL.into_iter().find(|kind| kind.plural() == first) {
        return Ok((kind, rest));
    }
    if let Some(kind) = VolumeKind::ALL.into_iter().find(|kind| kind.as_str() == first) {
        let expected = format!("the type in the plural, `{}`", kind.plural());
        let instead = text.replacen(&format!("hf://{first}"), &format!("hf://{}", kind.plural()), 1);
        return Err(match Volume::parse(&instead) {
            Ok(_) => Problem::malformed_instead(text, expected, instead),
            Err(Problem::Malformed { instead: Some(instead), .. }) => {
                Problem::malformed_instead(text, expected, instead)
            }
            Err(_) => Problem::malformed(text, expected),
        });
    }
    if matches!(first, "kernel" | "kernels") {
        return Err(Problem::malformed(text, "a model, dataset, Space or bucket: kernels can't be mounted"));
    }
    Ok((VolumeKind::Model, location))
}

/// Source, revision and path of `OWNER/NAME[@REVISION][/PATH]`. An `@` further on is part of a file's name; of a
/// bucket's, it stays in the path or makes the source wrong.
fn split_location(location: &str, kind: VolumeKind) -> (&str, Option<&str>, Option<&str>) {
    let slash = |text: &str, nth: usize| text.match_indices('/').nth(nth).map_or(text.len(), |(at, _)| at);
    let (source, rest) = location.split_at_checked(slash(location, 1)).unwrap_or((location, ""));
    let after = |text: &'_ str| text.is_empty() || text.starts_with('/');
    let Some((source, name)) = source.split_once('@') else {
        return (source, None, Some(rest));
    };
    if kind == VolumeKind::Bucket {
        return (source, Some(name), Some(rest));
    }
    let revision_on = location.get(source.len() + 1..).unwrap_or_default();
    match special_reference(revision_on) {
        Some(reference) if after(revision_on.get(reference.len()..).unwrap_or_default()) => {
            (source, Some(reference), revision_on.get(reference.len()..))
        }
        _ => (source, Some(name), Some(rest)),
    }
}

/// `refs/pr/N` or `refs/convert/NAME` at the start: the revisions that hold slashes as they stand.
fn special_reference(text: &str) -> Option<&str> {
    let run = |prefix: &str, allowed: fn(char) -> bool| {
        let rest = text.strip_prefix(prefix)?;
        let length = rest.find(|c| !allowed(c)).unwrap_or(rest.len());
        if length == 0 { None } else { text.get(..prefix.len() + length) }
    };
    run("refs/pr/", |c| c.is_ascii_digit())
        .or_else(|| run("refs/convert/", |c| c.is_ascii_alphanumeric() || "_.-".contains(c)))
}

fn not_an_address(text: &str) -> Problem {
    let prefixed = format!("hf://{text}");
    if text.starts_with(['.', '/', '~', '\\']) {
        let expected =
            format!("{GRAMMAR}: a local directory is mounted by the command line `hf jobs` only, which uploads it");
        return Problem::malformed(text, expected);
    }
    let expected = format!("something of the Hub: {GRAMMAR}");
    let page = ["https://huggingface.co/", "https://hf.co/", "huggingface.co/", "hf.co/"];
    let instead = match page.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        Some(rest) => format!("hf://{rest}"),
        None => prefixed,
    };
    match Volume::parse(&instead) {
        Ok(_) => Problem::malformed_instead(text, expected, instead),
        Err(_) => Problem::malformed(text, expected),
    }
}

fn parse_object(fields: &Map<String, Value>) -> Result<Volume, Problem> {
    if let Some(unknown) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let known = "`type`, `source`, `mountPath`, `revision`, `readOnly` and `path` alone";
        let renamed = |key: &str| {
            let own = |name: &String| if name == unknown { key.to_owned() } else { name.clone() };
            fields.iter().map(|(name, value)| (own(name), value.clone())).collect::<Map<_, _>>()
        };
        let near = nearest(unknown, KEYS).filter(|key| !fields.contains_key(*key)).map(renamed);
        return Err(match near.filter(|instead| parse_object(instead).is_ok()) {
            Some(instead) => Problem::malformed_instead(unknown, known, instead),
            None => Problem::malformed(unknown, known),
        });
    }
    let one_of = |api: &'static str, other: &str| match (fields.get(api), fields.get(other)) {
        (Some(_), Some(_)) => Err(Problem::Conflict { with: other.to_owned() }),
        (value, None) | (None, value) => Ok(value.filter(|value| !value.is_null())),
    };
    let string = |value: Option<&'_ Value>| match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= MAX_PATH_BYTES => Ok(Some(text.clone())),
        Some(Value::String(text)) => Err(Problem::malformed(text, format!("at most {MAX_PATH_BYTES} bytes"))),
        Some(other) => Err(wrong_kind("a string", other)),
    };
    let text = &Value::Object(fields.clone()).to_string();
    let required = |value: Option<String>, expected| value.ok_or_else(|| Problem::malformed(text, expected));

    let source =
        required(string(fields.get("source"))?, "a volume with `source`, the `OWNER/NAME` of what is mounted")?;
    let mount_path = required(
        string(one_of("mountPath", "mount_path")?)?,
        "a volume with `mountPath`, the directory where the job finds it",
    )?;
    let path = string(fields.get("path"))?;
    let read_only = match one_of("readOnly", "read_only")? {
        None => None,
        Some(Value::Bool(flag)) => Some(*flag),
        Some(other) => return Err(wrong_kind("a boolean", other)),
    };
    let kind = match string(fields.get("type"))? {
        None => VolumeKind::Model,
        Some(word) => kind_of(&word)?,
    };
    let revision = string(fields.get("revision"))?;
    Draft { text, kind, source: &source, revision, path: path.as_deref(), mount_path: &mount_path, read_only }.check()
}

/// Reads a kind in any case, also in the plural, as `hf://` has it.
fn kind_of(word: &str) -> Result<VolumeKind, Problem> {
    let folded = word.to_ascii_lowercase();
    let known = VolumeKind::ALL.into_iter().find(|kind| kind.as_str() == folded || kind.plural() == folded);
    known.ok_or_else(|| Problem::malformed(word, "`model`, `dataset`, `space` or `bucket`"))
}

/// Printable parts between slashes, none empty, `.` or `..`.
fn is_path(text: &str) -> bool {
    is_printable(text) && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn is_printable(text: &str) -> bool {
    !text.contains(char::is_control)
}

#[cfg(test)]
#[path = "volume/tests.rs"]
mod tests;
