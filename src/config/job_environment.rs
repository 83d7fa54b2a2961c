//! What of the server's environment jobs of `--local` are given: how to reach the network, and where packages come from.
//!
//! The list is closed, so that no credential gets into a job by chance: `HF_TOKEN` and whatever else may hold a login
//! (`UV_INDEX_*_PASSWORD`, `NETRC`, configuration files) only comes through a job's own `secrets`.

use super::variables::raw;
use super::variables::warn_once;
use crate::secrets::{Credential, Known, Scan, Secret, url_logins};

/// The variables, with who reads them.
const PASSED: [&str; 37] = [
    // Certificates of a company's proxy: OpenSSL, rustls and uv; requests; curl; pip; git, for `git+https` dependencies.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "GIT_SSL_CAINFO",
    // uv's own switch to the system's certificates, under its newer and its older name.
    "UV_SYSTEM_CERTS",
    "UV_NATIVE_TLS",
    // Proxies. Programs differ in which case they read.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "PIP_PROXY",
    // Where pip finds packages.
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "PIP_TRUSTED_HOST",
    // Where uv finds packages, under its newer and its older names.
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX_STRATEGY",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
    "UV_INSECURE_HOST",
    // Where uv finds Python itself, and whether it may look.
    "UV_PYTHON_INSTALL_MIRROR",
    "UV_PYPY_INSTALL_MIRROR",
    "UV_PYTHON_DOWNLOADS",
    "UV_PYTHON_PREFERENCE",
    "UV_OFFLINE",
    // How long either waits for a slow proxy.
    "UV_HTTP_TIMEOUT",
    "PIP_DEFAULT_TIMEOUT",
];

/// The variables that are set, with their values. User names and passwords in their URLs are redacted from now on: a job, or a
/// program that it calls, may print them.
pub(super) fn job_environment(known: &Known) -> Vec<(String, String)> {
    let set = PASSED.iter().filter_map(|name| Some(((*name).to_owned(), raw(name)?)));
    let passed: Vec<(String, String)> = set.filter(|(name, value)| !holds_hub_token(known, name, value)).collect();
    let logins: Vec<Secret> = passed.iter().flat_map(|(_, value)| url_logins(value)).collect();
    known.remember_all(logins.iter());
    passed
}

/// A token of the Hub in a URL would be the user's own, which no local job gets.
fn holds_hub_token(known: &Known, name: &str, value: &str) -> bool {
    let holds = matches!(Scan::new(known).check(value), Some(Credential::HubToken | Credential::SessionToken));
    if holds {
        warn_once(name, "holds a token of the Hub, so jobs of `--local` do not get it");
    }
    holds
}
