//! Submissions under way. They outlive the call that began them: a job that was sent is never one that nobody was told of.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::Work;
use super::submit::SUBMIT_MARGIN;
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
    /// Submits a job in a task of its own, and waits for what became of it. Who gives up waiting leaves it to the log.
    pub(super) async fn submit<S: Startable>(
        &self,
        caller: Caller,
        permit: Permit<Submit>,
        namespace: Namespace,
        start: S,
    ) -> Sent<S::Started>
    where
        S::Started: Named,
    {
        let (sender, receiver) = oneshot::channel();
        {
            let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
            if *closed {
                return Sent::failed(Error::Cancelled);
            }
            self.tasks.spawn(async move {
                // What nobody waits for any more comes back, and tells itself when it is dropped.
                drop(sender.send(Sent::of(caller.submit(permit, &namespace, start).await)));
            });
        }
        receiver.await.unwrap_or_else(|_| Sent::failed(Error::Internal { during: "submitting a job" }))
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

impl Work<'_> {
    /// Sends what starts something, once, unless the call was given up. What is not told goes to the log.
    pub(super) async fn send<S: Startable>(
        &mut self,
        caller: &Caller,
        namespace: &Namespace,
        start: S,
    ) -> Result<(Submitted<S::Started>, Untold), Error>
    where
        S::Started: Named,
    {
        let permit = self.operations.policy.permit(self.name)?;
        if self.cancelled.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let sending = caller.until(self.deadline - SUBMIT_MARGIN);
        let Sent { result, untold } =
            self.operations.submissions.submit(sending, permit, namespace.clone(), start).await;
        match result {
            Ok(submitted) => Ok((submitted, untold)),
            Err(error) => {
                self.tell(untold);
                Err(error)
            }
        }
    }

    /// The answer tells it, if there is still somebody to read it.
    pub(super) fn tell(&mut self, untold: Untold) {
        if !self.cancelled.is_cancelled() && !self.operations.submissions.is_near_end() {
            untold.told();
        }
    }
}

/// What is looked up before a submission, unless the call is given up meanwhile.
pub(super) async fn unless<T>(cancelled: &CancellationToken, looked_up: impl Future<Output = T>) -> Result<T, Error> {
    tokio::select! {
        () = cancelled.cancelled() => Err(Error::Cancelled),
        looked_up = looked_up => Ok(looked_up),
    }
}

/// What became of a submission.
pub(super) struct Sent<T> {
    pub(super) result: Result<Submitted<T>, Error>,
    pub(super) untold: Untold,
}

impl<T: Named> Sent<T> {
    fn of(result: Result<Submitted<T>, Error>) -> Self {
        let news = match &result {
            Ok(submitted) => News::started(&submitted.started),
            Err(error) => News::Failed(error.clone()),
        };
        Self { result, untold: Untold(Some(news)) }
    }
}

impl<T> Sent<T> {
    /// Nothing was sent, so that there is nothing to tell.
    fn failed(error: Error) -> Self {
        Self { result: Err(error), untold: Untold(None) }
    }
}

/// What is still to be told of a submission: it goes to the log if the call that would tell it is dropped.
pub(super) struct Untold(Option<News>);

enum News {
    Started { job: String, namespace: String },
    Failed(Error),
}

impl News {
    fn started(started: &impl Named) -> Self {
        let (job, namespace) = started.names();
        Self::Started { job, namespace }
    }
}

impl Untold {
    /// The answer that tells it is made, and somebody reads it.
    pub(super) fn told(mut self) {
        self.0 = None;
    }
}

impl Drop for Untold {
    fn drop(&mut self) {
        match &self.0 {
            None => {}
            Some(News::Started { job, namespace }) => {
                tracing::warn!(job = %job, namespace = %namespace, "a job was submitted, and its answer may not have been read");
            }
            // Where it is in doubt whether something was started, the hint is how to find out.
            Some(News::Failed(error)) => {
                let (code, message, hint) = (error.code().as_str(), error.message(), error.hint());
                tracing::warn!(
                    code,
                    "a submission failed, and its answer may not have been read: {message}; hint: {hint}"
                );
            }
        }
    }
}
