//! A Hub on this machine: the Jobs API of huggingface.co on a loopback port, where each job is a child process.
//!
//! It is for trying a script before paying for it, and for tests. It speaks HTTP, and of this crate it has the schedules of
//! `types` alone: to the rest of it it is as far away as the real one. Jobs run as the user who runs the Hub, without a container around them.
//!
//! The routes, field names, status codes, headers and the framing of logs follow the Hub's `OpenAPI` document and what
//! `huggingface_hub` 2.4 sends and expects.

mod account;
mod billing;
mod door;
mod hardware;
mod job;
mod log;
mod logins;
mod metrics;
mod output;
mod process;
mod programs;
mod random;
mod record;
mod register;
mod reply;
mod routes;
mod runner;
mod spec;
mod stream;
mod timetable;
mod usage;

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::future::IntoFuture as _;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::account::{Account, Org, TokenRole};
pub use self::logins::OAuthLogin;
pub use self::record::RecordedRequest;

use self::job::{Job, Origin};
use self::logins::{Login, Logins};
use self::process::Groups;
use self::random::Random;
use self::record::Record;
use self::register::Register;
use self::reply::Refusal;
use self::spec::JobSpec;
use self::timetable::Timetable;

/// How long a shutdown waits for jobs and connections to end before it goes on without them.
const SHUTDOWN_TIME: Duration = Duration::from_secs(3);

/// The search path of jobs where the environment has none.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How often the removal of the directory is tried: a process that was just killed may still make a file in it.
const REMOVALS: usize = 5;

/// What a local Hub is like.
#[derive(Debug, Clone)]
pub struct LocalHubConfig {
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// The first account.
    pub account: Account,
    /// Whether requests are recorded, tokens and secrets included: for tests.
    pub record: bool,
    /// Where the Hub's own directory is made; the system's temporary directory if none.
    pub parent_directory: Option<PathBuf>,
    /// The `PATH` of jobs.
    pub path: OsString,
    /// What else of the environment jobs are given, unless they set it themselves, in whichever case.
    pub environment: Vec<(String, String)>,
    /// How many jobs run at once; the others wait in `SCHEDULING`.
    pub running_at_once: usize,
    /// How many jobs are on one page of the list.
    pub page_size: usize,
    /// How often a silent log stream sends a comment.
    pub keep_alive: Duration,
    /// How long a job's stage lags behind the end of its log.
    pub stage_lag: Duration,
    /// How long an access token lives that `POST /oauth/token` gives for a refresh token.
    pub oauth_lifetime: Duration,
}

impl Default for LocalHubConfig {
    /// A free port, the default account, nothing recorded, four jobs at once, pages of 50, a keep-alive every 30
    /// seconds as the Hub sends it, a lag of 200 milliseconds (the Hub's is about a second), refreshed logins of 8 hours.
    #[expect(
        clippy::disallowed_methods,
        reason = "jobs find the programs that this process finds; nothing else is read"
    )]
    fn default() -> Self {
        Self {
            port: 0,
            account: Account::default(),
            record: false,
            parent_directory: None,
            path: env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into()),
            environment: Vec::new(),
            running_at_once: 4,
            page_size: 50,
            keep_alive: Duration::from_secs(30),
            stage_lag: Duration::from_millis(200),
            oauth_lifetime: Duration::from_secs(8 * 3600),
        }
    }
}

/// A Hub that runs. Dropping it kills its jobs and removes its directory; [`LocalHub::shutdown`] also waits for them.
pub struct LocalHub {
    hub: Arc<Hub>,
    endpoint: String,
    token: String,
    server: JoinHandle<io::Result<()>>,
}

/// What the routes and the jobs share.
struct Hub {
    random: Random,
    logins: Mutex<Logins>,
    /// Taken before `jobs` where both are needed.
    timetable: Mutex<Timetable>,
    /// Something may be due earlier than the timetable's clock knows.
    rescheduled: Notify,
    jobs: Mutex<Register>,
    record: Option<Record>,
    directory: PathBuf,
    path: OsString,
    environment: Vec<(String, String)>,
    groups: Arc<Groups>,
    /// One permit for each job that may run.
    turns: Semaphore,
    page_size: usize,
    keep_alive: Duration,
    stage_lag: Duration,
    oauth_lifetime: Duration,
    /// Ends all jobs and streams.
    stop: CancellationToken,
}

impl LocalHub {
    /// Starts a Hub on the loopback interface.
    ///
    /// # Errors
    ///
    /// If the port is taken, or the directory can't be made.
    pub async fn start(config: LocalHubConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let random = Random::new()?;
        let parent = config.parent_directory.unwrap_or_else(env::temp_dir);
        let directory = parent.join(format!("hf-jobs-local-hub-{}", random.hex(16)));
        let mut logins = Logins::default();
        let token = logins.add(config.account, &random);
        DirBuilder::new().mode(0o700).create(&directory)?;
        let path = programs::search_path(config.path, &directory)?;
        let hub = Arc::new(Hub {
            random,
            logins: Mutex::new(logins),
            timetable: Mutex::default(),
            rescheduled: Notify::new(),
            jobs: Mutex::default(),
            record: config.record.then(Record::default),
            directory,
            path,
            environment: config.environment,
            groups: Arc::default(),
            turns: Semaphore::new(config.running_at_once.clamp(1, Semaphore::MAX_PERMITS)),
            page_size: config.page_size.max(1),
            keep_alive: config.keep_alive,
            stage_lag: config.stage_lag,
            oauth_lifetime: config.oauth_lifetime,
            stop: CancellationToken::new(),
        });
        let stopped = hub.stop.clone().cancelled_owned();
        tokio::spawn(timetable::run(Arc::clone(&hub)));
        let router = routes::router(Arc::clone(&hub));
        let server = axum::serve(listener, router).with_graceful_shutdown(stopped).into_future();
        Ok(Self { hub, endpoint, token, server: tokio::spawn(server) })
    }

    /// The base URL of the API, without a slash at its end: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The first account's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The directory below which the jobs' directories are.
    pub fn directory(&self) -> &Path {
        &self.hub.directory
    }

    /// The requests so far, oldest first, the newest thousand; none unless [`LocalHubConfig::record`] asked for them.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.hub.record.as_ref().map(Record::all).unwrap_or_default()
    }

    /// Adds an account, and returns its fresh random token.
    pub fn add_account(&self, account: Account) -> String {
        self.hub.logins.lock().unwrap_or_else(PoisonError::into_inner).add(account, &self.hub.random)
    }

    /// Adds an account with a browser login, whose access token lives that long. Those that its refresh token leads to
    /// live for [`LocalHubConfig::oauth_lifetime`].
    pub fn add_oauth_login(&self, account: Account, lifetime: Duration) -> OAuthLogin {
        let mut logins = self.hub.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.add_oauth(account, lifetime, &self.hub.random)
    }

    /// Makes a token invalid: an access token is answered by 401 from now on, a refresh token gives no more logins.
    pub fn revoke(&self, token: &str) {
        self.hub.logins.lock().unwrap_or_else(PoisonError::into_inner).revoke(token);
    }

    /// What a user must know when it starts, in several lines.
    pub fn notice(&self) -> String {
        let names: Vec<&str> = self.hub.environment.iter().map(|(name, _)| name.as_str()).collect();
        let given = if names.is_empty() {
            String::new()
        } else {
            format!("jobs get these of this server's variables: {}\n", names.join(", "))
        };
        format!(
            "local Hub at {}: jobs are processes on this machine and run as you, with all that you may do\n\
             images are ignored, hardware flavors too: a job finds the programs that are installed here\n\
             volumes are refused; nothing is billed\n\
             {given}\
             its token is known to no other Hub: scripts that call huggingface.co with it fail there\n\
             jobs live below {} and end with the Hub",
            self.endpoint,
            self.hub.directory.display(),
        )
    }

    /// Kills all jobs, ends all connections, and removes the directory.
    pub async fn shutdown(mut self) {
        self.hub.end();
        let jobs: Vec<_> = {
            let register = self.hub.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            register.all().cloned().collect()
        };
        let ended = async {
            for job in jobs {
                job.over().await;
            }
            (&mut self.server).await.ok();
        };
        tokio::time::timeout(SHUTDOWN_TIME, ended).await.ok();
    }
}

impl Drop for LocalHub {
    fn drop(&mut self) {
        self.hub.end();
        self.server.abort();
        for _ in 0..REMOVALS {
            match fs::remove_dir_all(&self.hub.directory) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {}
                _ => break,
            }
        }
    }
}

impl Hub {
    fn end(&self) {
        self.stop.cancel();
        self.groups.close();
    }

    /// An id for a job or a scheduled job of now.
    fn fresh_id(&self) -> String {
        self.random.job_id(SystemTime::now())
    }

    /// Keeps a job and has it run.
    fn submit(self: &Arc<Self>, namespace: String, origin: Origin, spec: Arc<JobSpec>) -> Result<Arc<Job>, Refusal> {
        let id = self.fresh_id();
        let directory = self.directory.join(&id);
        let job = Arc::new(Job::new(id, namespace, origin, spec, directory, self.stop.child_token()));
        let gone = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).add(Arc::clone(&job));
        if let Some(gone) = gone.map_err(|_| Refusal::Busy)? {
            tokio::task::spawn_blocking(move || fs::remove_dir_all(&gone.directory));
        }
        tokio::spawn(runner::run(Arc::clone(self), Arc::clone(&job)));
        Ok(job)
    }

    /// A new login for a refresh token that was not used yet.
    fn refresh(&self, token: &str) -> Option<OAuthLogin> {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        logins.refresh(token, self.oauth_lifetime, &self.random)
    }

    /// The account of a valid token.
    fn login(&self, token: &str) -> Option<Login> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).find(token)
    }
}

#[cfg(test)]
mod tests;
