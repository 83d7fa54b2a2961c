//! Starts a local Hub for scripts: prints one line of JSON, `{"endpoint", "token", "browser_logins"}`, and ends when stdin does.
//!
//! `--page-size N` makes the pages of the list smaller, so that paging shows with few jobs; `--org NAME` makes its account a
//! member of an organization who may run jobs there; `--browser-logins N` makes as many logins that are about to end, of which
//! a renewed one lives for a month.

#[cfg(unix)]
#[tokio::main]
async fn main() -> std::io::Result<()> {
    use std::io::Write as _;
    use std::time::Duration;

    use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig, Org};
    use serde_json::json;
    use tokio::io::{copy, sink, stdin};

    const HOUR: Duration = Duration::from_secs(3600);

    let mut config = LocalHubConfig { oauth_lifetime: 30 * 24 * HOUR, ..LocalHubConfig::default() };
    let mut browser_logins = 0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--page-size", Some(size)) => config.page_size = size.parse().map_err(std::io::Error::other)?,
            ("--browser-logins", Some(count)) => browser_logins = count.parse().map_err(std::io::Error::other)?,
            ("--org", Some(name)) => {
                config.account.orgs.push(Org { name, role_in_org: "write".to_owned(), plan: None });
            }
            _ => {
                return Err(std::io::Error::other(format!(
                    "`{argument}`: expected `--page-size N`, `--org NAME` or `--browser-logins N`"
                )));
            }
        }
    }
    let hub = LocalHub::start(config).await?;
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{}", hub.notice())?;
    let browser_login = |_| {
        let login = hub.add_oauth_login(Account::default(), HOUR);
        let [token, refresh_token] = [login.access_token, login.refresh_token];
        json!({"token": token, "refresh_token": refresh_token, "expires_at": login.expires_at})
    };
    let browser_logins: Vec<_> = (0..browser_logins).map(browser_login).collect();
    let line = json!({"endpoint": hub.endpoint(), "token": hub.token(), "browser_logins": browser_logins});
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;
    copy(&mut stdin(), &mut sink()).await?;
    hub.shutdown().await;
    Ok(())
}

#[cfg(not(unix))]
fn main() {}
