//! What a job's container is made of: a Docker image, or a Space.

use std::fmt;
use std::str::FromStr;

use super::RepositoryId;
use crate::error::Problem;

/// Characters of a Docker reference without tag and digest (the distribution reference grammar).
const MAX_REPOSITORY_CHARS: usize = 255;

/// Characters of a tag (the same grammar).
const MAX_TAG_CHARS: usize = 128;

/// Hexadecimal digits of a digest: 32 at least (the same grammar); SHA-512 has 128.
const DIGEST_CHARS: std::ops::RangeInclusive<usize> = 32..=128;

/// The spellings of a Space's page that `huggingface_hub` takes for the Space itself.
const SPACE_PREFIXES: [&str; 4] =
    ["https://huggingface.co/spaces/", "https://hf.co/spaces/", "huggingface.co/spaces/", "hf.co/spaces/"];

/// A Docker image, or a Space whose image is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// Sent as `dockerImage`.
    Docker(DockerReference),
    /// Sent as `spaceId`.
    Space(RepositoryId),
}

impl Image {
    /// `python:3.12`, what `run` takes if no image is given.
    pub fn python() -> Self {
        Self::Docker(DockerReference("python:3.12".to_owned()))
    }

    /// `ghcr.io/astral-sh/uv:python3.12-bookworm`, `huggingface_hub`'s image for uv scripts.
    pub fn uv() -> Self {
        Self::Docker(DockerReference("ghcr.io/astral-sh/uv:python3.12-bookworm".to_owned()))
    }

    /// Reads a Docker reference, or a Space as `hf.co/spaces/OWNER/NAME` or by its page's URL.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        match SPACE_PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            Some(rest) => space(text, rest),
            None => DockerReference::parse(text).map(Self::Docker),
        }
    }

    /// What a job's name is made of if none is given: the last part of the reference, or the Space's whole id.
    pub fn name_base(&self) -> String {
        match self {
            Self::Docker(reference) => reference.0.rsplit('/').next().unwrap_or_default().to_owned(),
            Self::Space(id) => id.to_string(),
        }
    }
}

impl FromStr for Image {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The reference, or `hf.co/spaces/OWNER/NAME`.
impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Docker(reference) => f.write_str(reference.as_str()),
            Self::Space(id) => write!(f, "hf.co/spaces/{id}"),
        }
    }
}

fn space(text: &str, rest: &str) -> Result<Image, Problem> {
    if let Some(id) = RepositoryId::parse(rest.strip_suffix('/').unwrap_or(rest)) {
        return Ok(Image::Space(id));
    }
    let expected = "a Space as `hf.co/spaces/OWNER/NAME`";
    let mut parts = rest.split(['/', '?', '#']);
    let id = parts.next().zip(parts.next()).and_then(|(owner, name)| RepositoryId::parse(&format!("{owner}/{name}")));
    Err(match id {
        Some(id) => Problem::malformed_instead(text, expected, Image::Space(id).to_string()),
        None => Problem::malformed(text, expected),
    })
}

/// `[REGISTRY[:PORT]/]PATH[:TAG][@DIGEST]`, by the distribution reference grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerReference(String);

impl DockerReference {
    /// Takes the reference as it stands, or says what would be right.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if is_reference(text) {
            return Ok(Self(text.to_owned()));
        }
        let expected = "a Docker image such as `python:3.12`, or a Space as `hf.co/spaces/OWNER/NAME`";
        Err(match instead(text) {
            Some(instead) => Problem::malformed_instead(text, expected, instead),
            None => Problem::malformed(text, expected),
        })
    }

    /// The reference.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn instead(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix("hf://spaces/").or_else(|| text.strip_prefix("http://huggingface.co/spaces/"))
    {
        return RepositoryId::parse(rest).map(|id| Image::Space(id).to_string());
    }
    let bare = ["docker://", "https://", "http://", "docker pull "].iter().find_map(|prefix| text.strip_prefix(prefix));
    let bare = bare.unwrap_or(text);
    let bare =
        bare.strip_prefix("hub.docker.com/r/").or_else(|| bare.strip_prefix("hub.docker.com/_/")).unwrap_or(bare);
    let (repository, rest) = bare.split_at_checked(bare.find(['@', ':']).unwrap_or(bare.len()))?;
    let folded = format!("{}{rest}", repository.to_ascii_lowercase());
    is_reference(&folded).then_some(folded)
}

fn is_reference(text: &str) -> bool {
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    let last = named.rfind('/').map_or(0, |slash| slash + 1);
    let colon = named.get(last..).and_then(|part| part.find(':')).map(|at| last + at);
    let (repository, tag) = match colon.and_then(|at| named.split_at_checked(at)) {
        Some((repository, tag)) => (repository, tag.strip_prefix(':')),
        None => (named, None),
    };
    repository.len() <= MAX_REPOSITORY_CHARS
        && is_repository(repository)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}

fn is_repository(text: &str) -> bool {
    let path = match text.split_once('/') {
        Some((host, path)) if host == "localhost" || host.contains(['.', ':']) => {
            if !is_host(host) {
                return false;
            }
            path
        }
        _ => text,
    };
    path.split('/').all(is_path_component)
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.split('.').all(label) && port.is_none_or(|port| !port.starts_with('+') && port.parse::<u16>().is_ok())
}

/// Lower-case letters and digits, in between `.`, `_`, `__` or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator = |run: &str| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-');
    text.starts_with(alphanumeric) && text.ends_with(alphanumeric) && text.split(alphanumeric).all(separator)
}

fn is_tag(text: &str) -> bool {
    (1..=MAX_TAG_CHARS).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
        && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-".contains(&b))
        && DIGEST_CHARS.contains(&hex.len())
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn takes_docker_references() {
        let digest = format!("python@sha256:{}", "ab".repeat(32));
        let tagged = format!("localhost:5000/x/y:1@sha256:{}", "0".repeat(64));
        for text in [
            "ubuntu",
            "python:3.12",
            "pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel",
            "ghcr.io/astral-sh/uv:python3.12-bookworm",
            "registry.hf.space/alice-app:latest",
            "nvcr.io/nvidia/pytorch:25.01-py3",
            "Registry.example.org:443/a/b/c",
            "a__b/c--d.e_f",
            &digest,
            &tagged,
        ] {
            let Ok(Image::Docker(reference)) = Image::parse(text) else { panic!("{text}") };
            assert_eq!(reference.as_str(), text);
        }
        assert_eq!(Image::parse(" python:3.12 "), Ok(Image::python()));
        assert_eq!(Image::parse(&Image::uv().to_string()), Ok(Image::uv()));
    }

    #[test]
    fn takes_the_spellings_of_a_space() {
        for text in [
            "https://huggingface.co/spaces/alice/my-app",
            "https://hf.co/spaces/alice/my-app/",
            "huggingface.co/spaces/alice/my-app",
            "hf.co/spaces/alice/my-app",
        ] {
            let image = Image::parse(text).unwrap();
            assert_eq!(image, Image::Space(RepositoryId::parse("alice/my-app").unwrap()), "{text}");
            assert_eq!(image.to_string(), "hf.co/spaces/alice/my-app");
        }
    }

    #[test]
    fn refuses_the_rest_and_says_what_to_pass() {
        for (text, expected) in [
            ("", None),
            ("-v", None),
            ("python :3.12", None),
            ("python:", None),
            ("python:.1", None),
            ("a//b", None),
            ("/etc/passwd", None),
            ("a/../b", None),
            ("a_-b", None),
            ("python@sha256:12", None),
            ("localhost:port/x", None),
            ("$IMAGE", None),
            ("Python:3.12", Some("python:3.12")),
            ("docker://python:3.12", Some("python:3.12")),
            ("https://hub.docker.com/r/pytorch/pytorch", Some("pytorch/pytorch")),
            ("hf://spaces/alice/app", Some("hf.co/spaces/alice/app")),
            ("https://huggingface.co/spaces/alice/app/tree/main", Some("hf.co/spaces/alice/app")),
            ("https://huggingface.co/spaces/alice/app?logs=build", Some("hf.co/spaces/alice/app")),
            ("hf.co/spaces/alice", None),
            ("hf.co/spaces/../x", None),
        ] {
            let Err(Problem::Malformed { instead, .. }) = Image::parse(text) else { panic!("{text}") };
            assert_eq!(instead, expected.map(Value::from), "{text}");
        }
        assert!(Image::parse(&"a".repeat(256)).is_err());
    }

    #[test]
    fn names_a_job_after_its_last_part() {
        for (text, base) in [
            ("python:3.12", "python:3.12"),
            ("ghcr.io/astral-sh/uv:python3.12", "uv:python3.12"),
            ("hf.co/spaces/alice/app", "alice/app"),
        ] {
            assert_eq!(Image::parse(text).unwrap().name_base(), base);
        }
    }
}
