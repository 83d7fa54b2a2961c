//! The local Hub, recording what reaches it.

use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig, RecordedRequest};

/// A Hub with one account, `alice`, who has a write token and credit.
pub async fn hub() -> LocalHub {
    hub_of(Account { name: "alice".to_owned(), ..Account::default() }).await
}

/// A Hub with that account.
pub async fn hub_of(account: Account) -> LocalHub {
    LocalHub::start(LocalHubConfig { account, record: true, ..LocalHubConfig::default() }).await.unwrap()
}

/// The submissions that reached the Hub.
pub fn jobs_posted(hub: &LocalHub) -> Vec<RecordedRequest> {
    let is_submission = |request: &RecordedRequest| request.method == "POST" && request.path.matches('/').count() == 3;
    hub.requests().into_iter().filter(is_submission).collect()
}
