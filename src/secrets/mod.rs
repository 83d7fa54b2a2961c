//! The vault: secrets, what may carry them to the Hub, what refuses them elsewhere, and what redacts them.
//!
//! Rules of this room:
//! - A raw value leaves in three ways alone: as an Authorization header towards the Hub's own origin
//!   ([`HfToken::authorize`]), within the body of a request to it ([`SealedBody`]), and, for a login that was renewed, to the
//!   files that hold it ([`SealedFile`]), as the token of the door over HTTP does that was made here.
//! - `expose_secret` is called in one place of the crate, `Secret::reveal`, which only this room can call.
//! - Nothing here logs, does I/O or makes words for a user: problems are data.
//! - Proofs have no other door: a [`Scanned`] or [`PlainEnv`] has passed the scan, a [`Clean`] the scrubber.
//! - Tokens are described once, in `shapes`: what is refused on the way in is redacted on the way out.

mod clean;
mod door_token;
mod env;
mod json;
mod known;
mod lines;
mod placeholder;
mod readable;
mod renewal;
mod scan;
mod scrub;
mod sealed;
mod sealed_file;
mod secret;
mod secret_env;
mod session;
mod shapes;
mod stored_tokens;
mod token;
mod token_text;
mod userinfo;
mod visible;

pub use clean::Clean;
pub use door_token::{DoorToken, DoorTokenFault, MAX_DOOR_TOKEN_CHARS, MIN_DOOR_TOKEN_CHARS};
pub use env::PlainEnv;
pub use known::{Known, MAX_VALUES, MIN_VALUE_CHARS};
pub use lines::LineCleaner;
pub use placeholder::is_unset;
pub use renewal::{BrowserLogin, HeldRenewal, Renewal, RenewalFault, RenewedLogin};
pub use scan::{Readable, Scan, Scanned};
pub use scrub::Scrubber;
pub use sealed::SealedBody;
pub use sealed_file::SealedFile;
pub use secret::Secret;
pub use secret_env::{MAX_SECRET_BYTES, SecretEnv, SecretNote};
pub use session::{Login, LoginFault, Remembered, Session, Variable};
pub use stored_tokens::StoredTokens;
pub use token::{Fingerprint, ForeignOrigin, HfToken, MAX_TOKEN_CHARS, OauthClaims, TokenFault, TokenKind};
pub use token_text::TokenText;
pub use userinfo::url_logins;
pub use visible::ProgressBar;

pub use crate::error::{Credential, TokenSource};

/// What stands in place of everything that was redacted.
pub const REDACTED: &str = "[redacted]";

/// What stands for a value that is not repeated, in a call that is to be sent again. It is no value itself.
pub const AS_GIVEN: &str = "<as given>";

/// The names under which Hub libraries look for the token in the environment.
pub const TOKEN_NAMES: [&str; 4] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"];
