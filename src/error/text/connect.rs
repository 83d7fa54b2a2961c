//! The words of connections that were not established.

use crate::error::{CertificateFault, ConnectError, ConnectFault};

impl ConnectError {
    /// What happened on the way to that host.
    pub(super) fn message(&self, host: &str) -> String {
        let other = if self.at_proxy { "the proxy" } else { host };
        let what = match &self.fault {
            ConnectFault::Certificate(fault) => fault.message(other),
            ConnectFault::UnknownName => format!("the name of {other} has no address (DNS)"),
            ConnectFault::Refused => format!("{other} refused the connection"),
            ConnectFault::TimedOut => format!("{other} did not accept a connection in time"),
            ConnectFault::Tls(reason) => format!("{other} does not speak TLS as expected ({reason})"),
            ConnectFault::NoAuthorities => "this machine has no certificate authorities to trust".to_owned(),
            ConnectFault::ProxyLogin => "the proxy requires a user name and a password (407)".to_owned(),
            ConnectFault::ProxyRefused => "the proxy refused the tunnel".to_owned(),
            ConnectFault::Other(reason) => reason.clone(),
        };
        if what.contains(host) {
            return format!("{what}; nothing was sent");
        }
        format!("{host} can't be reached: {what}; nothing was sent")
    }

    /// What to do next.
    pub(super) fn hint(&self) -> String {
        match &self.fault {
            ConnectFault::Certificate(fault) => fault.hint().to_owned(),
            ConnectFault::NoAuthorities => {
                "where `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, ask the user to correct it or to unset it, and to restart this \
                 server; else to install the package `ca-certificates`"
                    .to_owned()
            }
            ConnectFault::Tls(_) => "check HF_ENDPOINT and any proxy in between (`HTTPS_PROXY`)".to_owned(),
            ConnectFault::ProxyLogin => {
                "ask the user to put them into `HTTPS_PROXY` (http://USER:PASSWORD@HOST:PORT) in this server's environment \
                 and to restart it"
                    .to_owned()
            }
            ConnectFault::UnknownName | ConnectFault::Refused | ConnectFault::ProxyRefused => {
                let proxy = if self.at_proxy { "the proxy that `HTTPS_PROXY` names" } else { "any proxy in between" };
                format!("check the network, HF_ENDPOINT and {proxy}, or repeat the call in a minute")
            }
            ConnectFault::TimedOut | ConnectFault::Other(_) => "repeat the call in a minute".to_owned(),
        }
    }
}

/// Where the trusted certificates can be given by a variable: elsewhere the system's own store decides
/// (rustls-platform-verifier).
const READS_SSL_CERT_FILE: bool = cfg!(all(unix, not(target_vendor = "apple"), not(target_os = "android")));

impl CertificateFault {
    fn message(&self, other: &str) -> String {
        match self {
            Self::UnknownIssuer => {
                format!("the certificate of {other} is not trusted: no authority that this machine trusts issued it")
            }
            Self::Expired => format!("the certificate of {other} has expired"),
            Self::NotYetValid => format!("the certificate of {other} is not valid yet"),
            Self::OtherName => format!("the certificate that {other} shows is for another host"),
            Self::Revoked => format!("the certificate of {other} is revoked"),
            Self::Other(reason) => format!("the certificate of {other} is not accepted ({reason})"),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::UnknownIssuer if READS_SSL_CERT_FILE => {
                "where a company's proxy inspects TLS, ask the user to add its CA certificate to the system's certificate store, or \
                 to set `SSL_CERT_FILE` to a PEM file with that certificate and all others that are to be trusted; then \
                 restart this server"
            }
            Self::UnknownIssuer if cfg!(target_vendor = "apple") => {
                "where a company's proxy inspects TLS, ask the user to add its CA certificate to the system's keychain and to \
                 trust it there (`SSL_CERT_FILE` is not read on macOS); then restart this server"
            }
            Self::UnknownIssuer => {
                "where a company's proxy inspects TLS, ask the user to add its CA certificate to the system's certificate store \
                 (Trusted Root Certification Authorities; `SSL_CERT_FILE` is not read on Windows); then restart this server"
            }
            Self::Expired | Self::NotYetValid => {
                "ask the user to check this machine's date and time; if they are right, the certificate has to be replaced by \
                 the person who runs that host"
            }
            Self::OtherName => "check HF_ENDPOINT and any proxy in between (`HTTPS_PROXY`)",
            Self::Revoked | Self::Other(_) => {
                "ask the person who runs that host, or the proxy in between, for another certificate"
            }
        }
    }
}
