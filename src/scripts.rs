//! The one door to local script files: regular `*.py` files of at most 1 MiB below a directory that the operator chose.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::error::{LocalFileReason, Problem};
use crate::types::limits::INLINE_SOURCE_MAX;

/// The longest name of an encoding that is repeated; Python's have at most 16 characters.
const ENCODING_MAX_CHARS: usize = 20;
/// How the names of Python's encodings begin that are not UTF-8.
const ENCODINGS: [&str; 11] = ["latin", "iso", "cp", "windows", "utf", "gb", "big5", "shift", "euc", "koi8", "mac"];

/// The directories that scripts are read from.
#[derive(Debug, Default)]
pub struct Scripts {
    directories: Vec<PathBuf>,
}

impl Scripts {
    /// Scripts below these directories, whose links are resolved; below none, no file is read.
    pub fn below(directories: Vec<PathBuf>) -> Self {
        Self { directories }
    }

    /// Reads a script.
    pub fn read(&self, path: &str) -> Result<String, Problem> {
        self.source(Path::new(path)).map_err(|reason| Problem::LocalFile { path: path.to_owned(), reason })
    }

    fn source(&self, path: &Path) -> Result<String, LocalFileReason> {
        if self.directories.is_empty() {
            return Err(LocalFileReason::NoDirectory);
        }
        let real = self.directories.iter().find_map(|directory| directory.join(path).canonicalize().ok());
        let real = real.ok_or(LocalFileReason::Missing)?;
        // After links are resolved, so that none leads out.
        let below = self.directories.iter().find_map(|directory| real.strip_prefix(directory).ok());
        let below = below.ok_or(LocalFileReason::Outside)?;
        let hidden = |part: Component<'_>| part.as_os_str().to_string_lossy().starts_with('.');
        if below.components().any(hidden) {
            return Err(LocalFileReason::Hidden);
        }
        // A link of another name must not make a script of what is none.
        if real.extension().is_none_or(|extension| extension != "py") {
            return Err(LocalFileReason::NotAScript);
        }
        // Asked before it is opened, since opening a FIFO blocks, and again after, since it may have been swapped.
        if !real.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err(LocalFileReason::NotAFile);
        }
        let io = |error: io::Error| LocalFileReason::Io(error.kind().to_string());
        let file = open(&real).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(LocalFileReason::NotAFile);
        }
        // What was opened is what was judged, even if something on the way to it was swapped for a link in between.
        if !is_at(&metadata, &real) {
            return Err(LocalFileReason::Outside);
        }
        let limit = INLINE_SOURCE_MAX as u64;
        let mut bytes = Vec::new();
        file.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > limit {
            return Err(LocalFileReason::TooLarge { limit });
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| LocalFileReason::NotText { encoding: encoding(error.as_bytes()) })?;
        if text.contains('\0') { Err(LocalFileReason::Nul) } else { Ok(text) }
    }
}

/// The encoding that a file shows by its byte order mark, or names in its first two lines (PEP 263).
fn encoding(bytes: &[u8]) -> Option<String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some("UTF-16".to_owned());
    }
    let lines = bytes.split(|byte| *byte == b'\n').take(2).map(String::from_utf8_lossy);
    lines.filter(|line| line.trim_start().starts_with('#')).find_map(|line| {
        let (_, named) = line.split_once("coding:").or_else(|| line.split_once("coding="))?;
        let is_name = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
        let name: String = named.trim_start().chars().take_while(is_name).take(ENCODING_MAX_CHARS).collect();
        // Nothing else of a file that is not read is repeated.
        Some(name).filter(|name| ENCODINGS.iter().any(|start| name.to_ascii_lowercase().starts_with(start)))
    })
}

/// Opens a file, at once whatever it is by now.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// Whether the file at a path without links is this one.
#[cfg(unix)]
fn is_at(opened: &Metadata, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let there = path.symlink_metadata().is_ok_and(|there| (there.dev(), there.ino()) == (opened.dev(), opened.ino()));
    there && path.canonicalize().is_ok_and(|real| real == path)
}

#[cfg(not(unix))]
fn is_at(_: &Metadata, path: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real == path)
}
