//! The command `hf-jobs-mcp`: arguments, wiring, exit codes.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use hf_jobs_mcp::cli::Cli;
use hf_jobs_mcp::config::{self, Config, EnvironmentSession, FixedSession, HttpConfig, StartupFault};
use hf_jobs_mcp::hub::{Hub, HubSetup};
#[cfg(unix)]
use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig};
use hf_jobs_mcp::logging::{self, Logging};
use hf_jobs_mcp::operations::{Operations, OperationsSetup};
use hf_jobs_mcp::policy::Policy;
use hf_jobs_mcp::scripts::Scripts;
use hf_jobs_mcp::secrets::{HfToken, Known, Scrubber, Session};
use hf_jobs_mcp::server::Server;
use hf_jobs_mcp::tools::{self, Tools};
use hf_jobs_mcp::transport::http::{Look, Readiness};
use hf_jobs_mcp::transport::{serve_http, serve_stdio};
use hf_jobs_mcp::types::Endpoint;
use tokio::net::TcpListener;

/// How long submissions under way are waited for at the end: as long as a call may take.
const SUBMISSIONS_AT_END: Duration = Duration::from_secs(50);
/// How long tasks may take to end once all is done: nothing waits for them any more.
const TASKS_AT_END: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let scrubber = Scrubber::new(Known::new());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) if answer.use_stderr() => {
            // It repeats what it doesn't know, which may be a token that belongs elsewhere.
            let text = answer.to_string();
            text.lines().filter(|line| !line.is_empty()).for_each(|line| logging::notice(&scrubber, line));
            return ExitCode::from(2);
        }
        Err(answer) => {
            // The help, or the version.
            return if answer.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
    };
    let logging = Logging { level: cli.log_level.clone(), format: cli.log_format };
    if logging::init(&logging, config::rust_log().as_deref(), scrubber.clone()).is_err() {
        logging::notice(&scrubber, "error: logging can't start");
        return ExitCode::FAILURE;
    }
    let (config, policy) = match Config::new(&cli, scrubber.known()).and_then(|config| Ok((policy(&config)?, config))) {
        Ok((policy, config)) => (config, policy),
        Err(fault) => {
            logging::notice(&scrubber, &format!("error: {fault}"));
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            logging::notice(&scrubber, &format!("error: the server can't start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    // reqwest is built without a provider of its own; one that was installed before is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    let code = runtime.block_on(run(config, policy, &scrubber));
    runtime.shutdown_timeout(TASKS_AT_END);
    code
}

/// What the operator allows.
fn policy(config: &Config) -> Result<Policy, StartupFault> {
    let known =
        |name: &String| tools::operation(name).map(str::to_owned).ok_or_else(|| StartupFault::Operation(name.clone()));
    let excluded = config.excluded_operations.iter().map(known).collect::<Result<_, _>>()?;
    Ok(Policy { read_only: config.read_only, excluded })
}

async fn run(config: Config, policy: Policy, scrubber: &Scrubber) -> ExitCode {
    let stop = stop_signal();
    let local = match start_local(&config, scrubber).await {
        Ok(local) => local,
        Err(error) => {
            logging::notice(scrubber, &format!("error: the local Hub can't start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let endpoint = local.as_ref().map_or_else(|| config.endpoint.clone(), |local| local.endpoint.clone());
    if !endpoint.is_default() && !endpoint.is_loopback() {
        tracing::warn!(
            "the token of the login goes to {} instead of huggingface.co, as HF_ENDPOINT says",
            endpoint.host()
        );
    }
    let session: Box<dyn Session> = match &local {
        Some(local) => Box::new(FixedSession::new(local.token.clone(), config.secret_env.clone())),
        None => Box::new(EnvironmentSession::new(config.secret_env.clone())),
    };
    let operations = Arc::new(Operations::new(OperationsSetup {
        hub: Hub::new(HubSetup {
            endpoint,
            scrubber: scrubber.clone(),
            origin: config.user_agent_origin,
            oauth_client_id: config.oauth_client_id,
            local: config.local,
        }),
        session,
        scrubber: scrubber.clone(),
        policy,
        scripts: Scripts::below(config.script_directories.clone()),
    }));
    if let Some(lack) = operations.missing_login() {
        logging::notice(scrubber, &format!("warning: {lack}"));
    }
    let server = Server::new(Tools::new(operations.clone(), &config.secret_env));
    let code = if let Some(http) = config.http {
        over_http(http, config.local, server, &operations, stop, scrubber).await
    } else {
        let failed = {
            let server = server.clone();
            move |error| server.failed(error)
        };
        serve_stdio(server, failed, stop, || operations.submissions().announce()).await;
        ExitCode::SUCCESS
    };
    let finishing = tokio::time::timeout(SUBMISSIONS_AT_END, operations.submissions().finish());
    let unanswered = tokio::select! {
        finished = finishing => finished.is_err(),
        // Told to stop again: at once.
        () = stop_signal() => true,
    };
    if unanswered {
        tracing::error!("a submission had no answer yet; look with `hf jobs ps -a` whether it started");
    }
    if let Some(local) = local {
        local.shutdown().await;
    }
    code
}

/// Serves over HTTP, unless the address can't be had.
async fn over_http(
    config: HttpConfig,
    local: bool,
    server: Server,
    operations: &Arc<Operations>,
    stop: impl Future<Output = ()>,
    scrubber: &Scrubber,
) -> ExitCode {
    let bound = TcpListener::bind(config.address).await;
    let (listener, address) = match bound.and_then(|listener| listener.local_addr().map(|address| (listener, address)))
    {
        Ok(bound) => bound,
        Err(error) => {
            logging::notice(scrubber, &format!("error: `--http {}` can't be served: {error}", config.address));
            return ExitCode::FAILURE;
        }
    };
    config.notice(address, local).iter().for_each(|line| logging::notice(scrubber, line));
    let look: Look = {
        let operations = operations.clone();
        Arc::new(move || {
            let operations = operations.clone();
            Box::pin(async move {
                let (login, hub) = operations.readiness().await;
                Readiness { login, hub }
            })
        })
    };
    serve_http(listener, server, config.setup, look, stop, || operations.submissions().announce()).await;
    ExitCode::SUCCESS
}

/// The embedded Hub and the session's token on it.
struct Local {
    endpoint: Endpoint,
    token: HfToken,
    #[cfg(unix)]
    hub: LocalHub,
}

impl Local {
    async fn shutdown(self) {
        #[cfg(unix)]
        self.hub.shutdown().await;
    }
}

#[cfg(unix)]
async fn start_local(config: &Config, scrubber: &Scrubber) -> std::io::Result<Option<Local>> {
    if !config.local {
        return Ok(None);
    }
    // Nothing is billed, so that nothing is missing to pay with.
    let account = Account { can_pay: true, ..Account::default() };
    let environment = config.job_environment.clone();
    let hub = LocalHub::start(LocalHubConfig { account, environment, ..LocalHubConfig::default() }).await?;
    hub.notice().lines().for_each(|line| logging::notice(scrubber, line));
    let unusable = || std::io::Error::other("its address or token can't be used");
    let endpoint = Endpoint::parse(hub.endpoint()).map_err(|_| unusable())?;
    let token = HfToken::parse(hub.token()).ok().flatten().ok_or_else(unusable)?;
    Ok(Some(Local { endpoint, token, hub }))
}

#[cfg(not(unix))]
async fn start_local(config: &Config, _scrubber: &Scrubber) -> std::io::Result<Option<Local>> {
    if config.local {
        return Err(std::io::Error::other("it runs on Unix only"));
    }
    Ok(None)
}

/// Resolves when the process is told to stop. The handlers are there when this returns: a signal before them would end the
/// process at once, and with it the jobs of the local Hub would go on.
#[cfg(unix)]
fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).ok();
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    async move {
        match (&mut terminate, &mut interrupt) {
            (Some(terminate), Some(interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ => std::future::pending().await,
        }
    }
}

/// Resolves when the process is told to stop.
#[cfg(not(unix))]
fn stop_signal() -> impl Future<Output = ()> {
    async { drop(tokio::signal::ctrl_c().await) }
}
