//! Submissions under way. They outlive the call that began them: a job that was sent is never one that nobody was told of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::hub::{Caller, JobSpec, Submitted};
use crate::policy::{Permit, Submit};
use crate::types::Namespace;

/// The submissions under way.
#[derive(Debug, Clone, Default)]
pub struct Submissions {
    tasks: TaskTracker,
    unheard: Arc<AtomicBool>,
}

impl Submissions {
    /// Submits a job in a task of its own, and waits for what became of it.
    ///
    /// If the waiting is given up, or [`Submissions::finish`] was called, the job's id goes to the log.
    pub(super) async fn submit(
        &self,
        caller: Caller,
        permit: Permit<Submit>,
        namespace: Namespace,
        spec: JobSpec,
    ) -> Result<Submitted, Error> {
        let (sender, receiver) = oneshot::channel();
        let unheard = self.unheard.clone();
        self.tasks.spawn(async move {
            let result = caller.submit(permit, &namespace, &spec).await;
            if unheard.load(Ordering::Relaxed) {
                log(&result);
            }
            if let Err(result) = sender.send(result) {
                log(&result);
            }
        });
        receiver.await.unwrap_or(Err(Error::Internal { during: "submitting a job" }))
    }

    /// Waits until the submissions under way are through; what becomes of them goes to the log, too.
    pub async fn finish(&self) {
        self.unheard.store(true, Ordering::Relaxed);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn log(result: &Result<Submitted, Error>) {
    match result {
        Ok(submitted) => tracing::warn!(
            job = %submitted.job.id, namespace = %submitted.job.namespace,
            "a job was submitted, and its call was over before it could be told"
        ),
        Err(error) => {
            tracing::warn!(
                code = error.code().as_str(),
                "a submission whose call was over failed: {}",
                error.message()
            );
        }
    }
}
