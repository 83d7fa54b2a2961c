//! Submissions under way. They outlive the call that began them: a job that was sent is never one that nobody was told of.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::error::Error;
use crate::hub::{Caller, Job, JobSpec, Submitted};
use crate::policy::{Permit, Submit};
use crate::types::Namespace;

/// The submissions under way.
#[derive(Debug, Clone, Default)]
pub struct Submissions {
    tasks: TaskTracker,
    /// Under a lock, so that none slips in behind the one who waits for the last.
    end: Arc<Mutex<End>>,
    /// Following ends, so that what was read is still answered.
    near: CancellationToken,
}

/// How far the end has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd)]
enum End {
    #[default]
    Far,
    /// Nobody may be there to read answers: what becomes of submissions goes to the log, too.
    Near,
    /// No further submission is begun.
    Here,
}

impl Submissions {
    /// Submits a job in a task of its own, and waits for what became of it.
    ///
    /// If the waiting is given up, or [`Submissions::announce`] was called, the job's id goes to the log.
    pub(super) async fn submit(
        &self,
        caller: Caller,
        permit: Permit<Submit>,
        namespace: Namespace,
        spec: JobSpec,
    ) -> Result<Submitted, Error> {
        let (sender, receiver) = oneshot::channel();
        let end = self.end.clone();
        {
            let reached = self.end.lock().unwrap_or_else(PoisonError::into_inner);
            if *reached == End::Here {
                return Err(Error::Cancelled);
            }
            self.tasks.spawn(async move {
                let result = caller.submit(permit, &namespace, &spec).await;
                if *end.lock().unwrap_or_else(PoisonError::into_inner) != End::Far {
                    log(&result);
                }
                sender.send(result).unwrap_or_else(|result| log(&result));
            });
        }
        receiver.await.unwrap_or(Err(Error::Internal { during: "submitting a job" }))
    }

    /// From now on what becomes of submissions goes to the log, too: the client may be gone.
    pub fn announce(&self) {
        self.reach(End::Near);
    }

    /// What ends the following of a call: the call was given up, or the server is about to end.
    pub(super) fn stop(&self, cancelled: &CancellationToken) -> Stop {
        let token = cancelled.child_token();
        let (near, stopped) = (self.near.clone(), token.clone());
        let watch = tokio::spawn(async move {
            near.cancelled().await;
            stopped.cancel();
        });
        Stop { token, _watch: AbortOnDropHandle::new(watch) }
    }

    fn reach(&self, end: End) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = end;
        self.near.cancel();
    }

    /// Begins no further one, and waits until the submissions under way are through.
    pub async fn finish(&self) {
        self.reach(End::Here);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Ends the following of a call.
pub(super) struct Stop {
    pub(super) token: CancellationToken,
    _watch: AbortOnDropHandle<()>,
}

/// A job whose id is still to be told: it goes to the log if the call that would tell it is dropped.
pub(super) struct Untold(Option<Job>);

impl Untold {
    pub(super) fn new(job: &Job) -> Self {
        Self(Some(job.clone()))
    }

    /// The answer that tells it is made.
    pub(super) fn told(mut self) {
        self.0 = None;
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        if let Some(job) = &self.0 {
            untold(job);
        }
    }
}

/// Names a job that was submitted and whose answer nobody reads.
fn untold(job: &Job) {
    tracing::warn!(job = %job.id, namespace = %job.namespace, "a job was submitted, and its call was over before it could be told");
}

fn log(result: &Result<Submitted, Error>) {
    match result {
        Ok(submitted) => untold(&submitted.job),
        Err(error) => {
            tracing::warn!(
                code = error.code().as_str(),
                "a submission whose call was over failed: {}",
                error.message()
            );
        }
    }
}
