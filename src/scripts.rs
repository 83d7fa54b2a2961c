//! The one door to local script files: regular `*.py` files of at most 1 MiB below a directory that the operator chose.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::error::{LocalFileReason, Problem};
use crate::types::limits::INLINE_SOURCE_MAX;

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
        String::from_utf8(bytes).map_err(|_| LocalFileReason::NotText)
    }
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
