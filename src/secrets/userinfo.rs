//! Names and passwords within URLs.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::Secret;
use super::shapes::{Sight, is_one_letter};

/// The user names and passwords in a variable that holds URLs, one or several apart by blanks or commas: each as it is written, and
/// as programs decode it, and both together, as a header has them. A proxy need not have a scheme, an index may have a name before it.
pub fn url_logins(text: &str) -> Vec<Secret> {
    let urls = text.split(|char: char| char.is_whitespace() || char == ',');
    let userinfo = urls.filter_map(|url| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next()?;
        authority.rsplit_once('@').map(|(userinfo, _)| userinfo)
    });
    let mut found = Vec::new();
    for userinfo in userinfo {
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        for part in [userinfo, user, password] {
            let decoded = percent_decode_str(part).decode_utf8_lossy();
            found.push(Secret::new(decoded.into_owned()));
            found.push(Secret::new(part.to_owned()));
        }
    }
    found
}

/// The password of a URL, or a user name that is itself a token, given where the authority begins.
///
/// What the container's shell or the script fills in (`$NAME`, `{name}`, `<name>`, `%s`) is none.
pub(super) fn find(text: &str, authority: usize, sight: Sight) -> Option<Range<usize>> {
    let scheme = text.get(..authority.checked_sub("://".len())?)?;
    if !scheme.bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let tail = text.get(authority..)?;
    let ends =
        |char: char| char.is_whitespace() || matches!(char, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '`' | '\\');
    // `<password>` ends the search, which leaves placeholders alone.
    let (userinfo, host) = tail.get(..tail.find(ends).unwrap_or(tail.len()))?.rsplit_once('@')?;
    if host.is_empty() && sight == Sight::Strict {
        return None;
    }
    let (start, secret) = match userinfo.split_once(':') {
        Some((user, password)) if !password.is_empty() => {
            (authority.checked_add(user.len())?.checked_add(1)?, password)
        }
        _ if is_token_like(userinfo.trim_end_matches(':'), sight) => (authority, userinfo.trim_end_matches(':')),
        _ => return None,
    };
    (!is_filled_in(secret, sight)).then_some(start..start.checked_add(secret.len())?)
}

fn is_token_like(user: &str, sight: Sight) -> bool {
    let has = |class: fn(&u8) -> bool| user.as_bytes().iter().any(class);
    match sight {
        // A key of hexadecimal digits alone is public in some services (Sentry).
        Sight::Strict => {
            user.len() >= 32
                && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
                && has(u8::is_ascii_digit)
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_lowercase)
        }
        Sight::Wide => user.len() >= 20,
    }
}

fn is_filled_in(secret: &str, sight: Sight) -> bool {
    let name = secret.strip_prefix('$').unwrap_or_default();
    let is_variable =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let is_wrapped = (secret.starts_with('{') || secret.starts_with("${") || secret.starts_with("$("))
        && secret.ends_with(['}', ')']);
    let is_format = matches!(secret, "%s" | "%d" | "%r");
    if is_variable || is_wrapped || is_format || is_one_letter(secret) {
        return true;
    }
    sight == Sight::Strict && (secret.starts_with('$') || secret.contains(['{', '[', '(', '*', '^', '|']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_found_in_variables_of_proxies_and_indexes() {
        let logins = |text: &str| -> Vec<String> {
            let mut all: Vec<String> = url_logins(text).iter().map(|login| login.reveal().to_owned()).collect();
            all.retain(|login| !login.is_empty());
            all.dedup();
            all
        };
        assert_eq!(logins("http://me:p%40ss@proxy:3128"), ["me:p@ss", "me:p%40ss", "me", "p@ss", "p%40ss"]);
        assert_eq!(logins("me:pass@proxy:3128"), ["me:pass", "me", "pass"]);
        assert_eq!(logins("corp=https://key@host/simple"), ["key"]);
        assert_eq!(logins("https://a:b@h/x https://h,https://c:d@h"), ["a:b", "a", "b", "c:d", "c", "d"]);
        assert!(logins("http://proxy:3128 localhost,127.0.0.1 https://host/a@b").is_empty());
    }

    fn found(text: &str, sight: Sight) -> Option<&str> {
        let authority = text.find("://").unwrap() + 3;
        find(text, authority, sight).and_then(|range| text.get(range))
    }

    #[test]
    fn literal_passwords_are_found() {
        let user = format!("Ab1{}", "Zy9".repeat(12));
        let with_user = format!("https://{user}@host");
        let with_empty_password = format!("https://{user}:@host");
        for (text, expected) in [
            ("https://me:s3cr3t@host/path", "s3cr3t"),
            ("see postgres://app:p@ss@db:5432/x and", "p@ss"),
            ("redis://:pa$$word@localhost", "pa$$word"),
            ("pip install git+https://me:%73ecret@host/x.git", "%73ecret"),
            ("f'https://me:s3cr3t@{host}/'", "s3cr3t"),
            (with_user.as_str(), user.as_str()),
            (with_empty_password.as_str(), user.as_str()),
            ("https://me:%x@host", "%x"),
            ("https://me:s3cr3t}@host", "s3cr3t}"),
        ] {
            assert_eq!(found(text, Sight::Strict), Some(expected), "{text}");
            assert_eq!(found(text, Sight::Wide), Some(expected), "{text}");
        }
        // What may be code is not refused, and is redacted.
        for (text, expected) in [
            ("https://me:$lower@host", "$lower"),
            ("https://me:{s3cr3t@host", "{s3cr3t"),
            ("https://me:(s3cr3t@host", "(s3cr3t"),
            ("https://me:s3cr3t@", "s3cr3t"),
        ] {
            assert_eq!(found(text, Sight::Strict), None, "{text}");
            assert_eq!(found(text, Sight::Wide), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_filled_in_later_is_none() {
        for text in [
            "https://host/path@x",
            "https://user@host",
            "ssh://git@github.com/a/b",
            "https://me:$HF_TOKEN@huggingface.co/x",
            "https://me:${HF_TOKEN}@huggingface.co/x",
            "f\"https://me:{os.environ['T']}@huggingface.co/x\"",
            "f'https://me:{token}@huggingface.co/x'",
            "'https://%s:%s@host' % x",
            "https://me:<password>@host",
            "https://me:***@host",
            "https://me:xxxx@host",
            "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/2",
            "https://host:8080/a",
            "r'https?://[^:]+:[^@]+@x'",
            "://me:password@host",
            "https://",
        ] {
            assert_eq!(found(text, Sight::Strict), None, "{text}");
        }
        for text in [
            "https://me:$HF_TOKEN@h",
            "https://me:$TOKEN_2@h",
            "https://me:${token}@h",
            "https://me:$(cat_it)@h",
            "https://me:%s@h",
            "https://me:%d@h",
            "https://me:%r@h",
            "https://me:@h",
            "https://me:{token}@h",
            "https://me:***@h",
            "https://user@host",
        ] {
            assert_eq!(found(text, Sight::Wide), None, "{text}");
        }
    }
}
