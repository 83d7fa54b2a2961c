//! Submissions under way. They outlive the call that began them: a job that was sent is never one that nobody was told of.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::error::Error;
use crate::hub::{Caller, Job, ScheduledJob, Startable, Submitted};
use crate::policy::{Permit, Submit};
use crate::types::Namespace;

/// The submissions under way.
#[derive(Debug, Clone, Default)]
pub struct Submissions {
    tasks: TaskTracker,
    /// The end is near: following stops, and every job is named in the log, since the client may be gone.
    near: CancellationToken,
    /// No further one is begun. Under a lock, so that none slips in behind the one who waits for the last.
    closed: Arc<Mutex<bool>>,
}

impl Submissions {
    /// Submits a job in a task of its own, and waits for what became of it. Who gives up waiting leaves the job's id to the
    /// log.
    pub(super) async fn submit<S: Startable>(
        &self,
        caller: Caller,
        permit: Permit<Submit>,
        namespace: Namespace,
        start: S,
    ) -> Result<(Submitted<S::Started>, Untold), Error>
    where
        S::Started: Named,
    {
        let (sender, receiver) = oneshot::channel();
        {
            let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
            if *closed {
                return Err(Error::Cancelled);
            }
            self.tasks.spawn(async move {
                let submitted = caller.submit(permit, &namespace, &start).await;
                let submitted = submitted.map(|submitted| {
                    let untold = Untold(Some(submitted.started.names()));
                    (submitted, untold)
                });
                if let Err(Err(error)) = sender.send(submitted) {
                    let (code, message) = (error.code().as_str(), error.message());
                    tracing::warn!(code, "a submission whose call was over failed: {message}");
                }
            });
        }
        receiver.await.unwrap_or(Err(Error::Internal { during: "submitting a job" }))
    }

    /// Something else that must not end half-way: the server's end waits for it, too.
    pub(super) fn see_through<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn(work)
    }

    /// The client may be gone: following stops, so that what was read is still answered.
    pub fn announce(&self) {
        self.near.cancel();
    }

    /// Whether answers may find nobody to read them.
    pub(super) fn is_near_end(&self) -> bool {
        self.near.is_cancelled()
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

    /// Begins no further one, and waits until the submissions under way are through.
    pub async fn finish(&self) {
        self.announce();
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Ends the following of a call.
pub(super) struct Stop {
    pub(super) token: CancellationToken,
    _watch: AbortOnDropHandle<()>,
}

/// What is started has an id that somebody must be told.
pub(super) trait Named {
    /// Its id, and the namespace that pays.
    fn names(&self) -> (String, String);
}

impl Named for Job {
    fn names(&self) -> (String, String) {
        (self.id.to_string(), self.namespace.to_string())
    }
}

impl Named for ScheduledJob {
    fn names(&self) -> (String, String) {
        (self.id.to_string(), self.namespace.to_string())
    }
}

/// An id that is still to be told: it goes to the log if the call that would tell it is dropped.
pub(super) struct Untold(Option<(String, String)>);

impl Untold {
    /// The answer that tells it is made, and somebody reads it.
    pub(super) fn told(mut self) {
        self.0 = None;
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        if let Some((job, namespace)) = &self.0 {
            tracing::warn!(job = %job, namespace = %namespace, "a job was submitted, and its answer may not have been read");
        }
    }
}
