//! The file of the door's token: read, or made at the first start.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::stored_tokens::{SECRET_FILE_MODE, read_bounded};
use super::variable;
use crate::secrets::{DoorToken, DoorTokenFault, MAX_DOOR_TOKEN_CHARS, SealedFile, Secret};

/// The most of a file that is read, in bytes: the longest token and white space around it.
const FILE_MAX_BYTES: u64 = MAX_DOOR_TOKEN_CHARS as u64 + 64;

/// Why there is no token for the door.
#[derive(Debug)]
pub enum DoorFileFault {
    /// Neither `XDG_STATE_HOME` nor a home directory says where it would be.
    NoPlace,
    /// The file can't be read or made.
    Io(PathBuf, io::Error),
    /// What it holds is no token for a door.
    Token(PathBuf, DoorTokenFault),
}

/// The door's token and where it stands.
pub(super) struct DoorFile {
    pub(super) path: PathBuf,
    pub(super) secret: Secret,
    pub(super) token: DoorToken,
    /// Others may read the file.
    pub(super) open: bool,
}

/// The token of that file, which the operator made.
pub(super) fn read(path: &Path) -> Result<DoorFile, DoorFileFault> {
    let text = read_bounded(path, FILE_MAX_BYTES).map_err(|error| DoorFileFault::Io(path.to_owned(), error))?;
    let secret = Secret::new(text.trim().to_owned());
    let token = DoorToken::new(&secret).map_err(|fault| DoorFileFault::Token(path.to_owned(), fault))?;
    Ok(DoorFile { path: path.to_owned(), secret, token, open: is_open(path) })
}

/// The token of this user's own file, which is made if it is not there.
pub(super) fn read_or_make() -> Result<DoorFile, DoorFileFault> {
    let path = place().ok_or(DoorFileFault::NoPlace)?;
    if !path.exists() {
        make(&path).map_err(|error| DoorFileFault::Io(path.clone(), error))?;
    }
    read(&path)
}

/// `$XDG_STATE_HOME/hf-jobs-mcp/http-token`, below `~/.local/state` unless set (XDG Base Directory Specification).
fn place() -> Option<PathBuf> {
    let state = variable("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".local").join("state")))?;
    Some(state.join("hf-jobs-mcp").join("http-token"))
}

/// Makes the file whole: another server that starts at the same time sees all of it or nothing, and the first one's token counts.
fn make(path: &Path) -> io::Result<()> {
    let other = |error: getrandom::Error| io::Error::other(error.to_string());
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let beside = path.with_file_name(format!(".http-token.{:016x}", getrandom::u64().map_err(other)?));
    let made = write_new(&beside, SealedFile::door_token(&DoorToken::random().map_err(other)?))
        .and_then(|()| fs::hard_link(&beside, path));
    fs::remove_file(&beside).ok();
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn write_new(path: &Path, text: SealedFile) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, SECRET_FILE_MODE);
    let mut file = options.open(path)?;
    io::copy(&mut text.into_reader(), &mut file)?;
    file.sync_all()
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_path: &Path) -> bool {
    false
}
