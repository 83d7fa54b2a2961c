//! The one reader of the environment.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::secrets::is_unset;

/// The variables whose value the log has named.
static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A variable as it is set.
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub(super) fn raw(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A variable that is set to something: not to a placeholder that a client did not fill in (`${user_config.hf_home}`), nor to the word
/// that a program writes for nothing (`null`). Quotes around it are left out: `docker --env-file` keeps those of its file.
pub(super) fn variable(name: &str) -> Option<String> {
    value(name, unquoted(name)?)
}

/// A variable as it is set, without quotes around it.
pub(super) fn unquoted(name: &str) -> Option<String> {
    let text = raw(name)?;
    let inner = |quote: char| text.trim().strip_prefix(quote)?.strip_suffix(quote);
    let Some(inner) = inner('"').or_else(|| inner('\'')) else { return Some(text) };
    warn_once(name, "has quotes around its value, which are ignored");
    Some(inner.to_owned())
}

/// That value of a variable, unless it says that there is none.
pub(super) fn value(name: &str, value: String) -> Option<String> {
    if !is_unset(&value) {
        return Some(value);
    }
    if !value.trim().is_empty() {
        warn_once(name, "is a placeholder such as `null` or `${…}`, not a value; it counts as unset");
    }
    None
}

/// Says something about a variable in the log, the first time. Never its value.
pub(super) fn warn_once(name: &str, what: &str) {
    if WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned()) {
        tracing::warn!("`{name}` {what}");
    }
}
