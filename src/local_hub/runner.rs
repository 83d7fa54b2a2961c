//! A job's life: it waits for its turn, is tried as often as it was asked to be, and ends in a final stage.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::pin::pin;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;

use super::Hub;
use super::job::{Job, Stage};
use super::log::LogWriter;
use super::output::{Lines, advice, not_found};

/// How long output is still read after all of a job's group is dead, in case something outside the group holds it.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// How much output is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// The exit code by which a shell says that it did not find a program.
const NOT_FOUND: i32 = 127;

/// The exit code of a program that can't be executed.
const NOT_EXECUTABLE: i32 = 126;

/// How a job ended.
struct End {
    stage: Stage,
    message: Option<String>,
}

/// How one attempt ended.
enum Attempt {
    Exited(i32),
    TimedOut,
    Canceled,
}

/// Sees a job through to its end.
pub(super) async fn run(hub: Arc<Hub>, job: Arc<Job>) {
    let end = live(&hub, &job).await;
    let finished = SystemTime::now();
    job.log.close();
    let home = job.directory.join("home");
    // What is left there goes with the Hub's own directory.
    tokio::task::spawn_blocking(move || fs::remove_dir_all(home)).await.ok();
    if end.stage != Stage::Canceled {
        // On the Hub the stage lags behind the end of the log.
        tokio::select! {
            () = tokio::time::sleep(hub.stage_lag) => {},
            () = hub.stop.cancelled() => {},
        }
    }
    job.progress.send_modify(|progress| {
        progress.stage = end.stage;
        progress.message = end.message;
        progress.finished = Some(finished);
    });
}

async fn live(hub: &Hub, job: &Job) -> End {
    let canceled = || End { stage: Stage::Canceled, message: None };
    let _turn = tokio::select! {
        biased;
        () = job.cancel.cancelled() => return canceled(),
        turn = hub.turns.acquire() => turn,
    };
    let failed = |message: String| End { stage: Stage::Error, message: Some(message) };
    let mut log = match open(job) {
        Ok(log) => log,
        Err(error) => return failed(format!("the job's directory can't be made: {error}")),
    };
    loop {
        let now = SystemTime::now();
        log.started(now).ok();
        job.progress.send_modify(|progress| {
            progress.stage = Stage::Running;
            progress.started.get_or_insert(now);
        });
        match attempt(hub, job, &mut log).await {
            Attempt::Exited(0) => return End { stage: Stage::Completed, message: None },
            Attempt::Canceled => return canceled(),
            Attempt::TimedOut => return failed("Job timeout".to_owned()),
            Attempt::Exited(code) => {
                job.progress.send_modify(|progress| progress.failures += 1);
                if job.progress.borrow().failures >= job.spec().attempts {
                    return failed(format!("Exit code: {code}"));
                }
            }
        }
    }
}

fn open(job: &Job) -> io::Result<LogWriter> {
    DirBuilder::new().mode(0o700).create(&job.directory)?;
    LogWriter::open(Arc::clone(&job.log))
}

async fn attempt(hub: &Hub, job: &Job, log: &mut LogWriter) -> Attempt {
    let home = job.directory.join("home");
    let started = fresh(&home).and_then(|()| command(hub, job, &home)).and_then(|(mut command, output)| {
        let leader = hub.groups.start(&mut command)?;
        Ok((leader, output))
    });
    let (leader, output) = match started {
        Ok(started) => started,
        Err(error) => {
            let (text, code) = refusal(job, &error);
            log.lines(&[text]).ok();
            return Attempt::Exited(code);
        }
    };
    let (group, timeout) = (leader.group(), job.spec().timeout);
    *job.group.lock().unwrap_or_else(PoisonError::into_inner) = Some(group.clone());
    let mut exit = tokio::task::spawn_blocking(move || leader.wait());
    let mut ended = pin!(async {
        let stopped = tokio::select! {
            status = &mut exit => return Attempt::Exited(status.ok().and_then(Result::ok).map_or(NOT_EXECUTABLE, code)),
            () = tokio::time::sleep(timeout) => Attempt::TimedOut,
            () = job.cancel.cancelled() => Attempt::Canceled,
        };
        group.kill();
        exit.await.ok();
        stopped
    });
    let mut lines = Lines::default();
    let outcome = {
        let mut pump = pin!(pump(output, &mut lines, log));
        tokio::select! {
            outcome = &mut ended => {
                tokio::time::timeout(DRAIN_TIME, pump).await.ok();
                outcome
            },
            () = &mut pump => ended.await,
        }
    };
    // Its id may soon be another's.
    *job.group.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let mut rest: Vec<String> = lines.rest().into_iter().collect();
    if matches!(outcome, Attempt::Exited(NOT_FOUND)) {
        rest.extend(not_found(&lines.last()).map(advice));
    }
    log.lines(&rest).ok();
    outcome
}

/// Reads output into the log until all that hold it have closed it. A log that can't be written does not stop the job.
async fn pump(mut output: pipe::Receiver, lines: &mut Lines, log: &mut LogWriter) {
    let mut piece = vec![0; PIECE];
    while let Ok(length @ 1..) = output.read(&mut piece).await {
        log.lines(&lines.take(piece.get(..length).unwrap_or_default())).ok();
    }
}

/// Makes an empty home, as each attempt has a new container on the Hub.
fn fresh(home: &Path) -> io::Result<()> {
    match fs::remove_dir_all(home) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder.create(home)?;
    builder.create(home.join("tmp"))
}

/// The command, with nothing of this process but its search path and what the configuration passes on, and the pipe that both its outputs go into: one for
/// both, so that their lines come in the order in which they were written.
fn command(hub: &Hub, job: &Job, home: &Path) -> io::Result<(Command, pipe::Receiver)> {
    let spec = job.spec();
    let mut words = spec.command.iter().chain(&spec.arguments);
    let program = words.next().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let (sender, output) = pipe::pipe()?;
    let sender = sender.into_blocking_fd()?;
    // Of `HTTPS_PROXY` and `https_proxy` programs read either: what the job sets counts for both.
    let is_set = |name: &str| {
        let names = spec.environment.keys().chain(spec.secrets.keys());
        names.into_iter().any(|set| set.eq_ignore_ascii_case(name))
    };
    let passed_on = hub.environment.iter().filter(|(name, _)| !is_set(name));
    let mut command = Command::new(program);
    command
        .args(words)
        .current_dir(home)
        .env_clear()
        .envs(passed_on.map(|(name, value)| (name, value)))
        .env("PATH", &hub.path)
        .env("HOME", home)
        .env("TMPDIR", home.join("tmp"))
        .env("JOB_ID", &job.id)
        .envs(spec.flavor.environment())
        .envs(&spec.environment)
        .envs(&spec.secrets)
        .stdin(Stdio::null())
        .stdout(sender.try_clone()?)
        .stderr(sender);
    Ok((command, output))
}

/// Why a command did not start, for its log, and the exit code that a shell gives for it.
fn refusal(job: &Job, error: &io::Error) -> (String, i32) {
    let spec = job.spec();
    let Some(program) = spec.command.iter().chain(&spec.arguments).next() else {
        let text = "the job has no command, and the local Hub has no images whose own command it could run";
        return (text.to_owned(), NOT_FOUND);
    };
    match error.kind() {
        io::ErrorKind::NotFound => (advice(program), NOT_FOUND),
        _ => (format!("`{program}` can't be started: {error}"), NOT_EXECUTABLE),
    }
}

/// The exit code as a container's: a process killed by a signal counts as 128 and the signal's number.
fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(NOT_EXECUTABLE)
}
