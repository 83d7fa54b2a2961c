//! The files of `hf auth login`: the token file, `stored_tokens` beside it, and the lock file under which both are renewed.
//!
//! Paths and lock are those of `huggingface_hub` (`utils/_auth.py`), so that its processes and ours exclude each other.
//! Unlike it, files are replaced as a whole, so that nobody ever reads half of one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::secrets::{
    BrowserLogin, HeldRenewal, HfToken, Login, Renewal, RenewalFault, RenewedLogin, SealedFile, Secret, StoredTokens,
    TokenSource, TokenText,
};

/// The name of the file of all logins, beside the token file.
pub(super) const STORED_TOKENS: &str = "stored_tokens";
/// The most of a token file that is read: an OAuth token has some two thousand bytes.
const TOKEN_FILE_MAX_BYTES: u64 = 64 * 1024;
/// The most of `stored_tokens` that is read: room for hundreds of logins.
const STORED_TOKENS_MAX_BYTES: u64 = 1024 * 1024;
/// How often a lock file that was just removed is made again.
const LOCK_TRIES: usize = 3;
/// Readable by their owner alone, as `huggingface_hub` has it.
#[cfg(unix)]
pub(super) const SECRET_FILE_MODE: u32 = 0o600;
/// As `huggingface_hub` makes its lock files, whatever the umask.
#[cfg(unix)]
const LOCK_FILE_MODE: u32 = 0o664;

/// Where a login of `hf auth login` stands.
#[derive(Debug, Clone)]
pub(super) struct LoginFiles {
    token: PathBuf,
    stored_tokens: PathBuf,
    lock: PathBuf,
}

impl LoginFiles {
    /// The files of a login whose token stands in that one.
    pub(super) fn of(token_file: &Path) -> Self {
        Self {
            token: token_file.to_owned(),
            stored_tokens: token_file.with_file_name(STORED_TOKENS),
            lock: token_file.with_file_name("stored_tokens.lock"),
        }
    }

    /// The text of the token file.
    pub(super) fn read_token(&self) -> io::Result<String> {
        read_bounded(&self.token, TOKEN_FILE_MAX_BYTES)
    }

    /// What that token can be renewed with.
    pub(super) fn browser_login(&self, token: &HfToken) -> Option<BrowserLogin> {
        self.read_stored_tokens().ok()?.browser_login(token)
    }

    /// Takes the lock, and looks again at what the files say.
    pub(super) fn begin_renewal(&self, login: &Login) -> Result<Renewal, RenewalFault> {
        let unwritable = |error: io::Error| RenewalFault::Unwritable(error.kind().to_string());
        let lock = self.lock()?;
        if let Some(token) = self.current_token()
            && token.fingerprint() != login.token.fingerprint()
        {
            return Ok(Renewal::Done(Login {
                token,
                source: TokenSource::File(self.token.clone()),
                warnings: Vec::new(),
            }));
        }
        let browser_login = self.browser_login(&login.token).ok_or(RenewalFault::NotRenewable)?;
        // Before the refresh token is spent, lest there be no place for what it is spent on.
        Ok(Renewal::Held(Box::new(Held {
            new_stored_tokens: Replacement::of(&self.stored_tokens).map_err(unwritable)?,
            new_token: Replacement::of(&self.token).map_err(unwritable)?,
            files: self.clone(),
            token: login.token.clone(),
            browser_login,
            _lock: lock,
        })))
    }

    fn read_stored_tokens(&self) -> io::Result<StoredTokens> {
        read_bounded(&self.stored_tokens, STORED_TOKENS_MAX_BYTES).map(|text| StoredTokens::new(Secret::new(text)))
    }

    fn current_token(&self) -> Option<HfToken> {
        TokenText::read(&self.read_token().ok()?).ok()?.token
    }

    fn lock(&self) -> Result<File, RenewalFault> {
        let unwritable = |error: io::Error| RenewalFault::Unwritable(error.kind().to_string());
        for _ in 0..LOCK_TRIES {
            let file = self.open_lock().map_err(unwritable)?;
            match file.try_lock() {
                Ok(()) if is_linked(&file) => return Ok(file),
                // Removed by the one who had it: whoever comes next locks another file.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(RenewalFault::Busy),
                Err(TryLockError::Error(error)) => return Err(unwritable(error)),
            }
        }
        Err(RenewalFault::Busy)
    }

    fn open_lock(&self) -> io::Result<File> {
        match OpenOptions::new().read(true).write(true).create_new(true).open(&self.lock) {
            Ok(file) => {
                share_lock(&file, &self.token);
                Ok(file)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().read(true).write(true).open(&self.lock)
            }
            Err(error) => Err(error),
        }
    }
}

/// The lock, held, and places for the new files.
struct Held {
    files: LoginFiles,
    token: HfToken,
    browser_login: BrowserLogin,
    new_stored_tokens: Replacement,
    new_token: Replacement,
    _lock: File,
}

impl HeldRenewal for Held {
    fn browser_login(&self) -> &BrowserLogin {
        &self.browser_login
    }

    fn keep(self: Box<Self>, renewed: &RenewedLogin) -> Result<(), String> {
        let reason = |error: io::Error| error.kind().to_string();
        // `hf auth login` takes no lock: what it wrote meanwhile is kept, and its login counts.
        let stored_tokens = self.files.read_stored_tokens().map_err(reason)?;
        let Some(text) = stored_tokens.renewed(&self.token, renewed) else { return Ok(()) };
        self.new_stored_tokens.write(text).map_err(reason)?;
        self.new_token.write(SealedFile::token(&renewed.token)).map_err(reason)?;
        // The token first: who reads in between has a good one, though not yet what it is renewed with.
        if self.files.current_token().is_some_and(|token| token.fingerprint() == self.token.fingerprint()) {
            self.new_token.take_place().map_err(reason)?;
        }
        self.new_stored_tokens.take_place().map_err(reason)
    }
}

/// A file that is to take another's place, removed if it does not.
struct Replacement {
    /// The file itself, where the path is a link.
    target: PathBuf,
    path: PathBuf,
}

impl Replacement {
    /// An empty one beside the file, with its owner.
    fn of(file: &Path) -> io::Result<Self> {
        let target = file.canonicalize()?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let bits = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let path = target.with_file_name(format!(".{name}.{bits:016x}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, SECRET_FILE_MODE);
        let new = options.open(&path)?;
        let replacement = Self { target, path };
        give_to_owner(&new, &replacement.target)?;
        Ok(replacement)
    }

    fn write(&self, text: SealedFile) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        io::copy(&mut text.into_reader(), &mut file)?;
        file.sync_all()
    }

    fn take_place(&self) -> io::Result<()> {
        match fs::rename(&self.path, &self.target) {
            Ok(()) => Ok(()),
            // A file that is mounted by itself can't be replaced, only written to.
            Err(_) => fs::copy(&self.path, &self.target).map(drop),
        }
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        fs::remove_file(&self.path).ok();
    }
}

/// What Windows programs write before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Whether bytes are UTF-16, by their mark, or by the zeros of ASCII in it.
fn is_utf16(bytes: &[u8]) -> bool {
    let zeros = |at: usize| bytes.len() > 1 && bytes.iter().skip(at).step_by(2).all(|byte| *byte == 0);
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || zeros(0) || zeros(1)
}

/// The text of a file, without a byte order mark.
pub(super) fn read_bounded(path: &Path, limit: u64) -> io::Result<String> {
    // A FIFO or a device would block or never end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    if is_utf16(&bytes) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is UTF-16 text, as PowerShell's `>` writes it, not UTF-8",
        ));
    }
    if let Some(rest) = bytes.strip_prefix(BYTE_ORDER_MARK) {
        bytes = rest.to_vec();
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// A server that runs as root would otherwise take the user's own login away.
#[cfg(unix)]
fn give_to_owner(new: &File, like: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let (own, other) = (new.metadata()?, fs::metadata(like)?);
    if (own.uid(), own.gid()) == (other.uid(), other.gid()) {
        return Ok(());
    }
    // The group is not worth a failure: nobody but the owner may read the file.
    fchown(new, None, Some(other.gid())).ok();
    if own.uid() == other.uid() { Ok(()) } else { fchown(new, Some(other.uid()), None) }
}

#[cfg(not(unix))]
fn give_to_owner(_new: &File, _like: &Path) -> io::Result<()> {
    Ok(())
}

/// Lets the login's owner lock it, too. A failure shows when he does.
#[cfg(unix)]
fn share_lock(lock: &File, token_file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    lock.set_permissions(fs::Permissions::from_mode(LOCK_FILE_MODE)).ok();
    give_to_owner(lock, token_file).ok();
}

#[cfg(not(unix))]
fn share_lock(_lock: &File, _token_file: &Path) {}

#[cfg(unix)]
fn is_linked(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
}

#[cfg(not(unix))]
fn is_linked(_file: &File) -> bool {
    true
}
