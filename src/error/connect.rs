//! Why there is no connection to the Hub.

/// A connection that was not established, so that no byte of a request was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// What failed.
    pub fault: ConnectFault,
    /// It failed at the proxy that the environment names, or on the way to it.
    pub at_proxy: bool,
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectFault {
    /// The name has no address.
    UnknownName,
    /// Nothing listens there.
    Refused,
    /// No connection in time.
    TimedOut,
    /// The certificate of the other side is not accepted.
    Certificate(CertificateFault),
    /// The machine offers no certificate authority to trust.
    NoAuthorities,
    /// The other side does not speak TLS as it should.
    Tls(String),
    /// The proxy asks for a user name and a password.
    ProxyLogin,
    /// The proxy does not open a tunnel.
    ProxyRefused,
    /// Anything else, in the words of the library.
    Other(String),
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateFault {
    /// No authority that is trusted here has issued it.
    UnknownIssuer,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It is for another host.
    OtherName,
    /// Its issuer took it back.
    Revoked,
    /// Anything else, in the words of the library.
    Other(String),
}

impl ConnectError {
    /// The same request may succeed later.
    pub fn retryable(&self) -> bool {
        match self.fault {
            ConnectFault::UnknownName
            | ConnectFault::Refused
            | ConnectFault::TimedOut
            | ConnectFault::ProxyRefused
            | ConnectFault::Other(_) => true,
            ConnectFault::Certificate(_)
            | ConnectFault::NoAuthorities
            | ConnectFault::Tls(_)
            | ConnectFault::ProxyLogin => false,
        }
    }
}
