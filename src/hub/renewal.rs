//! `POST /oauth/token`: a browser login's refresh token for its next token (RFC 6749, 6), as `huggingface_hub` asks for it.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use secrecy::zeroize::Zeroizing;

use super::client::Caller;
use crate::error::{Defect, HubError, Refusal, Request};
use crate::secrets::{RenewedLogin, SealedBody, Secret};
use crate::types::Segment;

/// The largest answer that is read: two tokens, each of some kilobytes at most.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

impl Caller {
    /// Has a new token for a refresh token, which is spent by it. Sent once.
    ///
    /// # Errors
    /// The Hub's refusal; its words begin with `invalid_grant` where the refresh token is no longer good (RFC 6749, 5.2).
    pub async fn renew(&self, refresh_token: &Secret) -> Result<RenewedLogin, HubError> {
        let what = Request::Renewal;
        let url = self.endpoint().url(&[Segment::fixed("oauth"), Segment::fixed("token")]);
        let body = SealedBody::renewal(refresh_token, self.oauth_client_id());
        // The moment before it was asked for: the token never lives longer than is told.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let answer = async {
            let response = self.send(Method::POST, url, Some(body), &what, "application/json").await?;
            self.read(response, ANSWER_MAX_BYTES, &what).await.map(Zeroizing::new)
        };
        let answer = answer.await.map_err(|failure| failure.error)?;
        RenewedLogin::parse(&answer, now, self.scrubber().known())
            .ok_or_else(|| self.failure(&what, Refusal::BadAnswer(Defect::Lacks("a token"))).error)
    }
}
