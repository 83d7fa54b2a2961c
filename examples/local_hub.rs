//! Starts a local Hub for scripts: prints one line of JSON, `{"endpoint", "token"}`, and ends when stdin does.
//!
//! `--page-size N` makes the pages of the list smaller, so that paging shows with few jobs; `--org NAME` makes its account a
//! member of an organization who may run jobs there.

#[cfg(unix)]
#[tokio::main]
async fn main() -> std::io::Result<()> {
    use std::io::Write as _;

    use hf_jobs_mcp::local_hub::{LocalHub, LocalHubConfig, Org};
    use tokio::io::{copy, sink, stdin};

    let mut config = LocalHubConfig::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--page-size", Some(size)) => config.page_size = size.parse().map_err(std::io::Error::other)?,
            ("--org", Some(name)) => {
                config.account.orgs.push(Org { name, role_in_org: "write".to_owned(), plan: None });
            }
            _ => {
                return Err(std::io::Error::other(format!("`{argument}`: expected `--page-size N` or `--org NAME`")));
            }
        }
    }
    let hub = LocalHub::start(config).await?;
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{}", hub.notice())?;
    let line = serde_json::json!({"endpoint": hub.endpoint(), "token": hub.token()});
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;
    copy(&mut stdin(), &mut sink()).await?;
    hub.shutdown().await;
    Ok(())
}

#[cfg(not(unix))]
fn main() {}
