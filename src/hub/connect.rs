//! Why a connection was not established, read off the errors of reqwest and what is below it.

use std::error::Error as StdError;
use std::io;
use std::iter;

use rustls::CertificateError;

use crate::error::{CertificateFault, ConnectError, ConnectFault};

/// How hyper-util begins the words of an error at a proxy; its type is not public.
const TUNNEL: &str = "tunnel error: ";
/// How it says that the proxy answered 407.
const PROXY_LOGIN: &str = "tunnel error: proxy authorization required";
/// How it says that the proxy answered anything else than 2xx.
const PROXY_REFUSED: &str = "tunnel error: unsuccessful";

/// Why the client can't be built: on this machine only certificates can be missing.
pub(super) fn of_client(error: &reqwest::Error) -> ConnectError {
    let is_tls = chain(error).any(<dyn StdError>::is::<rustls::Error>);
    let fault = if is_tls { ConnectFault::NoAuthorities } else { ConnectFault::Other(reason(error)) };
    ConnectError { fault, at_proxy: false }
}

/// Why a request could not be sent.
pub(super) fn of_request(error: &reqwest::Error) -> ConnectError {
    let at_proxy = chain(error).any(|error| error.to_string().starts_with(TUNNEL));
    let fault = chain(error).find_map(of_error);
    let fault = match fault {
        Some(fault) => fault,
        None if error.is_dns() => ConnectFault::UnknownName,
        None if error.is_timeout() => ConnectFault::TimedOut,
        None => ConnectFault::Other(reason(error)),
    };
    ConnectError { fault, at_proxy }
}

/// The innermost reason of a transport error, without the URL.
pub(super) fn reason(error: &reqwest::Error) -> String {
    // The first is reqwest's own, which names the URL.
    chain(error).skip(1).last().map_or_else(|| "the connection failed".to_owned(), ToString::to_string)
}

/// An error and what caused it, from the outermost on. `source` of an input or output error passes over what it wraps.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    fn cause<'a>(error: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => StdError::source(*error),
        }
    }
    iter::successors(Some(error as &(dyn StdError + 'static)), cause)
}

fn of_error(error: &(dyn StdError + 'static)) -> Option<ConnectFault> {
    if let Some(error) = error.downcast_ref() {
        return Some(of_tls(error));
    }
    match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => return Some(ConnectFault::Refused),
        Some(io::ErrorKind::TimedOut) => return Some(ConnectFault::TimedOut),
        _ => {}
    }
    match error.to_string().as_str() {
        PROXY_LOGIN => Some(ConnectFault::ProxyLogin),
        PROXY_REFUSED => Some(ConnectFault::ProxyRefused),
        _ => None,
    }
}

fn of_tls(error: &rustls::Error) -> ConnectFault {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, Revoked, UnknownIssuer,
    };
    let fault = match error {
        rustls::Error::InvalidCertificate(fault) => fault,
        // Of a server that is overloaded or being replaced, too.
        rustls::Error::AlertReceived(_) => return ConnectFault::Other(error.to_string()),
        _ => return ConnectFault::Tls(error.to_string()),
    };
    ConnectFault::Certificate(match fault {
        // Issued under the name of a trusted authority, by another key: the authority was made again.
        UnknownIssuer | BadSignature => CertificateFault::UnknownIssuer,
        Expired | ExpiredContext { .. } => CertificateFault::Expired,
        NotValidYet | NotValidYetContext { .. } => CertificateFault::NotYetValid,
        NotValidForName | NotValidForNameContext { .. } => CertificateFault::OtherName,
        Revoked => CertificateFault::Revoked,
        fault => CertificateFault::Other(fault.to_string()),
    })
}
