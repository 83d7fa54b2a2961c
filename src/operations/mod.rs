//! What each operation does: one file a verb, one exhaustive match. Policy first, then the Hub, then an [`Outcome`].

mod asked;
mod cancel;
mod draft;
mod expose;
mod flavors;
mod hardware;
mod inline_script;
mod inspect;
mod labels;
mod logs;
mod outcome;
mod preflight;
mod ps;
mod readiness;
mod renewals;
mod rerun;
mod run;
mod scheduled;
mod script_args;
mod script_table;
mod stats;
mod submissions;
mod submit;
mod targets;
mod uv;
mod wait;
mod whoami;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use draft::{JobDraft, Plan, RunDraft, UvDraft};
pub use expose::ExposeQuery;
pub use inline_script::{inline_script, is_inline_script};
pub use labels::{LabelChange, LabelsQuery};
pub use logs::LogsQuery;
pub use outcome::{
    AllRunning, Cancelled, Each, Listing, LogPage, Looked, Made, Outcome, Sampled, ScheduledListing, Submission,
    Waited, WhoAmI,
};
pub use ps::PsQuery;
pub use rerun::RerunQuery;
pub use scheduled::{ScheduledChange, ScheduledPsQuery};
pub use submissions::Submissions;
pub use targets::Targets;
pub use wait::{Until, WaitQuery};

use crate::error::{Error, Fault, Problem, Refusal, Request};
use crate::hub::{Caller, Hub};
use crate::policy::Policy;
use crate::scripts::Scripts;
use crate::secrets::{Clean, Login, LoginFault, Remembered, Scan, Scrubber, Session, TokenSource};
use crate::types::{JobId, ScheduledJobId};
use renewals::Renewals;

/// How long a call may take in all, its following apart: clients cut at 60 s, and a call that is cut never tells its job's id.
const CALL_TIME: Duration = Duration::from_secs(50);

/// How long the facts that fit a refusal to its login are waited for.
const FACTS_WITHIN: Duration = Duration::from_secs(5);

/// With how many arguments that hold credentials each wrong one is compared; where there are more, no value is repeated.
const CREDENTIALS_COMPARED: usize = 100;

/// What is to be done, as far as the call alone tells. Cloned so that it can be done again with a renewed login.
#[derive(Clone)]
pub enum Operation {
    /// Who is logged in.
    WhoAmI,
    /// Submit a command in an image.
    Run(Box<RunDraft>),
    /// Submit a script for uv.
    Uv(Box<UvDraft>),
    /// List jobs.
    Ps(PsQuery),
    /// Read a job's output.
    Logs(LogsQuery),
    /// Look at jobs.
    Inspect(Targets),
    /// Cancel jobs.
    Cancel(Targets),
    /// Wait for jobs.
    Wait(WaitQuery),
    /// See what jobs use of their machines.
    Stats(Targets),
    /// List the machines.
    Hardware,
    /// Change the labels of a job.
    Labels(LabelsQuery<JobId>),
    /// Run a job again.
    Rerun(RerunQuery),
    /// Change the ports of a job.
    Expose(ExposeQuery),
    /// List scheduled jobs.
    ScheduledPs(ScheduledPsQuery),
    /// Look at a scheduled job, or change it.
    Scheduled(Targets<ScheduledJobId>, ScheduledChange),
    /// Start a job of a scheduled job now.
    Trigger(Targets<ScheduledJobId>),
    /// Change the labels of a scheduled job.
    ScheduledLabels(LabelsQuery<ScheduledJobId>),
}

/// A call of a tool: what is to be done, every readable text of it, and what is wrong with it so far.
#[derive(Clone)]
pub struct Call {
    /// The operation's name, as the caller is told.
    pub name: &'static str,
    /// What is to be done.
    pub operation: Operation,
    /// Every text of the call but the values of `secrets` and `env`, with the argument that holds it: none of it may hold a
    /// token, since all of it is stored, shown, or part of an address.
    pub readable: Vec<(String, String)>,
    /// What is wrong with the arguments.
    pub faults: Vec<Fault>,
}

/// Who wants to know while a call is carried out.
pub trait Progress: Send {
    /// Whether anybody does.
    fn wanted(&self) -> bool;
    /// Something to tell; the newest counts.
    fn tell(&mut self, text: Clean);
}

/// All that operations need, shared by all calls.
pub struct Operations {
    hub: Hub,
    session: Arc<Remembered<Box<dyn Session>>>,
    scrubber: Scrubber,
    policy: Policy,
    scripts: Scripts,
    submissions: Submissions,
    renewals: Renewals,
    readiness: readiness::Readiness,
}

/// What [`Operations`] are made of.
pub struct OperationsSetup {
    /// The Hub.
    pub hub: Hub,
    /// The login.
    pub session: Box<dyn Session>,
    /// Cleans what goes out.
    pub scrubber: Scrubber,
    /// What the operator allows.
    pub policy: Policy,
    /// The door to local scripts.
    pub scripts: Scripts,
}

impl Operations {
    /// The operations on one Hub with one session.
    pub fn new(setup: OperationsSetup) -> Self {
        let OperationsSetup { hub, session, scrubber, policy, scripts } = setup;
        let session = Arc::new(Remembered::new(session, scrubber.known().clone()));
        let submissions = Submissions::default();
        let renewals = Renewals::new(hub.clone(), Arc::clone(&session), submissions.clone());
        let readiness = readiness::Readiness::default();
        Self { hub, session, scrubber, policy, scripts, submissions, renewals, readiness }
    }

    /// The submissions under way, which outlive their calls.
    pub fn submissions(&self) -> &Submissions {
        &self.submissions
    }

    /// Whether the Hub is the one of `--local`, where nothing is billed.
    pub fn is_local(&self) -> bool {
        self.hub.is_local()
    }

    /// What the operator allows.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Cleans what goes out.
    pub fn scrubber(&self) -> &Scrubber {
        &self.scrubber
    }

    /// Carries a call out.
    pub async fn perform(
        &self,
        call: Call,
        progress: &mut dyn Progress,
        cancelled: &CancellationToken,
    ) -> Result<Outcome, Error> {
        let deadline = Instant::now() + CALL_TIME;
        let login = match self.login() {
            Ok(login) => Ok(self.renewals.in_time(login, deadline).await),
            Err(error) => Err(error),
        };
        let of_file = login.as_ref().ok().filter(|login| matches!(login.source, TokenSource::File(_)));
        let again = of_file.map(|login| (login.clone(), call.clone()));
        match (Box::pin(self.carry_out(call, login, progress, cancelled, deadline)).await, again) {
            // What the Hub refuses for the token's sake was not done.
            (Err(Error::Hub(mut error)), Some((refused, call)))
                if error.refusal == Refusal::Unauthorized && error.request != Request::Hardware =>
            {
                if let Some(login) = self.renewals.after_refusal(&refused, deadline).await {
                    return Box::pin(self.carry_out(call, Ok(login), progress, cancelled, deadline)).await;
                }
                if self.session.browser_login(&refused).is_some() {
                    error.refusal = Refusal::LoginEnded;
                }
                Err(Error::Hub(error))
            }
            (result, _) => result,
        }
    }

    /// The futures of all operations in one are large, so callers box it.
    async fn carry_out(
        &self,
        call: Call,
        login: Result<Login, Error>,
        progress: &mut dyn Progress,
        cancelled: &CancellationToken,
        deadline: Instant,
    ) -> Result<Outcome, Error> {
        let Call { name, operation, readable, mut faults } = call;
        faults.extend(self.credentials_in(&readable));
        let mut work = Work { operations: self, login, name, faults, progress, cancelled, deadline };
        let outcome = match operation {
            Operation::WhoAmI => work.whoami().await,
            Operation::Run(draft) => Box::pin(work.run(*draft)).await,
            Operation::Uv(draft) => Box::pin(work.uv(*draft)).await,
            Operation::Ps(query) => work.ps(query).await,
            Operation::Logs(query) => work.logs(query).await,
            Operation::Inspect(targets) => work.inspect(targets).await,
            Operation::Cancel(targets) => work.cancel(targets).await,
            Operation::Wait(query) => work.wait(query).await,
            Operation::Stats(targets) => work.stats(targets).await,
            Operation::Hardware => work.hardware().await,
            Operation::Labels(query) => work.labels(query).await,
            Operation::Rerun(query) => work.rerun(query).await,
            Operation::Expose(query) => work.expose(query).await,
            Operation::ScheduledPs(query) => work.scheduled_ps(query).await,
            Operation::Scheduled(target, change) => work.scheduled_change(target, change).await,
            Operation::Trigger(target) => work.trigger(target).await,
            Operation::ScheduledLabels(query) => work.scheduled_labels(query).await,
        };
        let mut outcome = outcome;
        match &mut outcome {
            Ok(outcome) => work.fit(outcome.errors_mut()).await,
            Err(error) => work.fit(vec![error]).await,
        }
        outcome
    }

    /// What the operator must know at the start, where there is no login to use.
    pub fn missing_login(&self) -> Option<String> {
        let error = self.login().err()?;
        let remedy = match error {
            Error::NotLoggedIn { .. } => "you run `hf auth login`, or restart the server with HF_TOKEN set",
            _ => "this is fixed",
        };
        Some(format!("{}; calls fail until {remedy}", error.message()))
    }

    /// The login of this moment. From now on its token is scrubbed, and refused in readable fields.
    fn login(&self) -> Result<Login, Error> {
        self.session.login().map_err(|fault| match fault {
            LoginFault::NotLoggedIn { looked_at, ignored } => Error::NotLoggedIn { looked_at, ignored },
            LoginFault::Unreadable { source, reason } => Error::UnusableLogin { source, reason },
            LoginFault::Malformed { source } => {
                Error::UnusableLogin { source, reason: "it does not have the form of a token".to_owned() }
            }
        })
    }

    fn scan(&self) -> Scan {
        Scan::new(self.scrubber.known())
    }

    fn credentials_in(&self, readable: &[(String, String)]) -> Vec<Fault> {
        let scan = self.scan();
        readable.iter().filter_map(|(argument, text)| scan.clear(argument, text.as_str()).err()).flatten().collect()
    }
}

/// One call being carried out.
struct Work<'a> {
    operations: &'a Operations,
    login: Result<Login, Error>,
    name: &'static str,
    faults: Vec<Fault>,
    progress: &'a mut dyn Progress,
    cancelled: &'a CancellationToken,
    deadline: Instant,
}

impl Work<'_> {
    /// The Hub for this call, if nothing is wrong with it.
    fn caller(&mut self) -> Result<Caller, Error> {
        self.refuse_faults()?;
        let login = self.login.clone()?;
        Ok(self.operations.hub.caller(login.token, self.deadline))
    }

    /// Refusals are given what this login may do, where that says what to change.
    async fn fit(&mut self, errors: Vec<&mut Error>) {
        let Ok(login) = &self.login else { return };
        for error in errors {
            let Error::Hub(error) = error else { continue };
            error.login = Some(login.source.clone());
            let helps = matches!(error.refusal, Refusal::PaymentRequired | Refusal::Forbidden | Refusal::NotFound);
            let Some(namespace) = error.request.namespace().filter(|_| helps) else { continue };
            let caller = self.operations.hub.caller(login.token.clone(), Instant::now() + FACTS_WITHIN);
            // Kept for a while, so that many refusals ask once.
            let Ok(identity) = caller.whoami().await else { return };
            error.facts = Some(Box::new(identity.facts(Some(namespace))));
        }
    }

    /// All that is wrong with the call's arguments, told at once.
    fn refuse_faults(&mut self) -> Result<(), Error> {
        let mut faults: Vec<Fault> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for fault in std::mem::take(&mut self.faults) {
            // One argument may have been found wrong by two checks: the graver one counts.
            match places.get(&fault.argument).and_then(|place| faults.get_mut(*place)) {
                Some(known) if known.code() == fault.code() => {}
                Some(known) if known.code().as_str() == "invalid_arguments" => *known = fault,
                Some(_) if fault.code().as_str() == "invalid_arguments" => {}
                _ => {
                    places.entry(fault.argument.clone()).or_insert(faults.len());
                    faults.push(fault);
                }
            }
        }
        // What repeats a value may hold its credential in another form, or cut, which no scrubber knows.
        let credentials: Vec<String> = faults
            .iter()
            .filter(|fault| matches!(fault.problem, Problem::Credential { .. }))
            .map(|fault| fault.argument.clone())
            .collect();
        let many = credentials.len() > CREDENTIALS_COMPARED;
        faults.retain(|fault| {
            let repeats = matches!(
                fault.problem,
                Problem::Malformed { .. }
                    | Problem::LocalFile { .. }
                    | Problem::TimeZone { .. }
                    | Problem::UnknownFlavor { .. }
            );
            !(repeats && (many || credentials.iter().any(|argument| fault.overlaps(argument))))
        });
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error::Arguments { operation: self.name.to_owned(), faults })
    }
}
