//! What `run` and `uv` have in common: a job is drafted, checked, submitted once, and followed for a while.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Work;
use super::asked::Asked;
use super::draft::{JobDraft, Plan};
use super::flavors;
use super::logs::{OUTPUT_MAX_BYTES, TAIL_DEFAULT};
use super::outcome::{Made, Outcome, Submission};
use super::preflight;
use super::submissions::unless;
use crate::error::{Error, Fault, Problem, Warning};
use crate::hub::{
    Caller, Description, Flavors, Follow, Followed, Job, JobSpec, Observer as _, ScheduleSpec, Start, Startable,
    Target, Visitor,
};
use crate::secrets::{Clean, PlainEnv, Readable, Scan, Scanned, SecretEnv, SecretNote};
use crate::types::{Command, Flavor, Image, Labels, Namespace, Timeout, Timestamp, Volume, default_name};

/// How long a submission waits for the list of machines.
const HARDWARE_WITHIN: Duration = Duration::from_secs(5);
/// How long before the call's deadline a submission must be answered, so that its answer still reaches the client.
pub(super) const SUBMIT_MARGIN: Duration = Duration::from_secs(3);
/// What a dry run shows for what only a login can say.
const AFTER_LOGIN: &str = "after login";

/// What a submission runs.
pub(super) struct Payload {
    pub(super) image: Option<Image>,
    pub(super) command: Option<Command>,
    /// The argument that the command comes from.
    pub(super) argument: &'static str,
    /// What the default name is made of: what stands for the job, and what tells it from others.
    pub(super) name_base: String,
    /// The Python code that it runs, where that is known.
    pub(super) code: Option<String>,
    /// What it runs beside the code.
    pub(super) words: Vec<String>,
    /// The local script that was read, and its size in bytes.
    pub(super) local_script: Option<(String, usize)>,
    /// What the script's own table gave.
    pub(super) from_script: Vec<&'static str>,
    /// Where the script's own table is not read: that, and what to do.
    pub(super) script_note: Option<&'static str>,
}

impl Work<'_> {
    pub(super) async fn submit(&mut self, payload: Payload, mut draft: JobDraft) -> Result<Outcome, Error> {
        let (wait, dry_run) = (draft.wait, draft.dry_run);
        let (namespace, plan) = (draft.namespace.take(), draft.plan.take());
        let mut warnings = std::mem::take(&mut draft.warnings);
        if draft.resource_group.is_some() && namespace.is_none() {
            self.faults.push(Problem::GroupAlone.at("resource_group_id"));
        }
        let (code, words) = (payload.code.clone(), payload.words.clone());
        let (local_script, from_script) = (payload.local_script.clone(), payload.from_script.clone());
        let script_note = payload.script_note;
        let flavor = draft.flavor.clone();
        let Some(spec) = self.spec(payload, draft, &mut warnings) else {
            self.check_flavor_too(flavor).await;
            self.refuse_without_login()?;
            self.refuse_faults()?;
            return Err(Error::Internal { during: "drafting a job" });
        };
        let caller = match self.caller() {
            Err(error @ (Error::NotLoggedIn { .. } | Error::UnusableLogin { .. })) if dry_run => {
                warnings.push(Warning::AfterLogin { reason: error.message(), login: error.hint() });
                None
            }
            caller => Some(caller?),
        };
        let place = Box::pin(async {
            match &caller {
                Some(caller) => caller.namespace(namespace).await.map(Some),
                None => Ok(namespace),
            }
        });
        let prices = Box::pin(prices(self.operations.hub.visitor(self.deadline)));
        let (namespace, flavors) = unless(self.cancelled, async { tokio::join!(place, prices) }).await?;
        let namespace = namespace?;
        self.faults.extend(flavors.as_ref().and_then(|flavors| flavors::fault(spec.flavor.as_str(), flavors)));
        self.refuse_faults()?;
        let identity = caller.as_ref().and_then(Caller::kept_identity);
        let scheduled = plan.is_some();
        warnings.extend(preflight::of_submission(
            &spec,
            code.as_deref(),
            &words,
            scheduled,
            identity.as_deref(),
            flavors.as_ref(),
        ));
        let scrubber = &self.operations.scrubber;
        let mut submission = Submission {
            made: None,
            namespace: scrubber.clean_line(namespace.as_ref().map_or(AFTER_LOGIN, Namespace::as_str)),
            local: self.operations.hub.is_local(),
            url: None,
            flavor: spec.flavor.as_str().to_owned(),
            timeout: spec.timeout.map(Timeout::seconds),
            attempts: spec.attempts.as_ref().map_or(1, |attempts| u64::from(attempts.get())),
            exposed: spec.expose.is_some(),
            micro_usd_per_minute: price(flavors.as_ref(), spec.flavor.as_str()),
            local_script: local_script.map(|(path, size)| (scrubber.clean_line(&path), size)),
            from_script,
            script_note,
            next_run: None,
            request: None,
            followed: None,
            warnings,
        };
        let to = caller.as_ref().zip(namespace.as_ref()).filter(|_| !dry_run);
        match plan {
            None => match to {
                Some((caller, namespace)) => self.submit_job(caller, namespace, spec, wait, &mut submission).await?,
                None => submission.request = Some(with_names(spec.readable(), &spec.secrets)),
            },
            Some(plan) => {
                let spec = self.schedule(spec, plan)?;
                submission.next_run = spec.schedule.next_after(Timestamp::now());
                match to {
                    Some((caller, namespace)) => self.submit_schedule(caller, namespace, spec, &mut submission).await?,
                    None => submission.request = Some(schedule_with_names(&spec)),
                }
            }
        }
        Ok(Outcome::Submitted(Box::new(submission)))
    }

    fn schedule(&self, job: JobSpec, plan: Plan) -> Result<ScheduleSpec, Error> {
        let Plan { schedule, suspend, concurrency } = plan;
        let schedule = schedule.ok_or(Error::Internal { during: "reading a schedule" })?;
        if schedule.next_after(Timestamp::now()).is_none() {
            let never = Problem::malformed(schedule.as_str(), "a schedule that ever comes");
            return Err(Error::argument(self.name, never.at("schedule")));
        }
        Ok(ScheduleSpec { job, schedule, suspend, concurrency })
    }

    async fn submit_job(
        &mut self,
        caller: &Caller,
        namespace: &Namespace,
        spec: JobSpec,
        wait: Duration,
        submission: &mut Submission,
    ) -> Result<(), Error> {
        let asked = Asked::of(&spec, &self.operations.scrubber);
        self.start(caller, namespace, spec, wait, Some(asked), submission).await
    }

    /// Starts a job, tells it, and follows it for a while.
    pub(super) async fn start<S: Startable<Started = Job>>(
        &mut self,
        caller: &Caller,
        namespace: &Namespace,
        start: S,
        wait: Duration,
        asked: Option<Asked>,
        submission: &mut Submission,
    ) -> Result<(), Error> {
        let (sent, untold) = self.send(caller, namespace, start).await?;
        if sent.found_again {
            submission.warnings.push(Warning::FoundAgain);
        }
        let job = sent.started;
        submission.warnings.extend(asked.iter().flat_map(|asked| asked.differences(&job)));
        self.teller().stage(&job);
        let target = job.target(namespace);
        submission.namespace = job.namespace.clone();
        submission.url = caller.job_page(&target);
        submission.made = Some(Made::Job(job));
        match self.follow_submitted(caller, target, wait).await {
            Ok(Some(followed)) => {
                submission.made = Some(Made::Job(followed.job.clone()));
                submission.warnings.extend(followed.warnings());
                submission.followed = Some(followed);
            }
            Ok(None) => {}
            // The job runs: that its output can't be read is a remark, not an error.
            Err(reason) => submission.warnings.push(Warning::NotFollowed { reason }),
        }
        self.tell(untold);
        Ok(())
    }

    async fn submit_schedule(
        &mut self,
        caller: &Caller,
        namespace: &Namespace,
        spec: ScheduleSpec,
        submission: &mut Submission,
    ) -> Result<(), Error> {
        let asked = Asked::of_scheduled(&spec, &self.operations.scrubber);
        let (sent, untold) = self.send(caller, namespace, spec).await?;
        if sent.found_again {
            submission.warnings.push(Warning::FoundAgain);
        }
        submission.warnings.extend(asked.differences_of(&sent.started));
        submission.namespace = sent.started.namespace.clone();
        submission.made = Some(Made::Scheduled(sent.started));
        self.tell(untold);
        Ok(())
    }

    /// The job that a draft describes, every readable part of it scanned. `None`: the reasons are among the faults.
    fn spec(&mut self, payload: Payload, draft: JobDraft, warnings: &mut Vec<Warning>) -> Option<JobSpec> {
        let scan = self.operations.scan();
        let faults = &mut self.faults;
        let mut note = |found: Vec<Fault>| faults.extend(found);
        let env = PlainEnv::check(draft.env, &scan).map_err(&mut note).ok();
        let passwords = env.iter().flat_map(PlainEnv::with_passwords);
        warnings.extend(passwords.map(|name| Warning::PasswordInEnv { name: name.to_owned() }));
        let (session, known) = (&self.operations.session, self.operations.scrubber.known());
        let secrets = if draft.dry_run {
            SecretEnv::resolve_for_dry_run(draft.secrets, session, known)
        } else {
            SecretEnv::resolve(draft.secrets, session, known)
        };
        let secrets = secrets.map_err(&mut note).ok().map(|(secrets, notes)| {
            warnings.extend(notes.into_iter().map(|note| match note {
                SecretNote::LiteralToken { name } => Warning::LiteralToken { name },
                SecretNote::UnreadName { name } => Warning::UnreadName { name },
            }));
            secrets
        });
        let mut labels = draft.labels;
        let flavor = draft.flavor.unwrap_or_default();
        if let Some(name) = draft.name {
            labels.set_name(&name);
        } else if labels.name().is_none() {
            let digest_parts = parts(&payload, &flavor, draft.timeout.map(Timeout::seconds));
            labels.set_name(&default_name(
                &payload.name_base,
                &digest_parts.iter().map(String::as_str).collect::<Vec<_>>(),
            ));
        }
        if let Err(problem) = Volume::check_all(&draft.volumes) {
            note(vec![problem.at("volumes")]);
        }
        // What the scan of the arguments found is not told again of what they are made into.
        let mut note = |found: Vec<Fault>| {
            let told = |fault: &Fault| matches!(fault.problem, Problem::Credential { .. });
            if !faults.iter().any(told) {
                faults.extend(found);
            }
        };
        let image = clear(&scan, "image", payload.image, &mut note);
        let command = clear(&scan, payload.argument, payload.command, &mut note);
        let labels: Option<Scanned<Labels>> = clear(&scan, "labels", Some(labels), &mut note);
        let volumes = clear(&scan, "volumes", Some(draft.volumes), &mut note);
        if !self.faults.is_empty() {
            return None;
        }
        Some(JobSpec {
            image: image?,
            command: command?,
            env: env?,
            secrets: secrets?,
            flavor,
            timeout: draft.timeout,
            labels: labels?,
            volumes: volumes?,
            attempts: draft.attempts,
            arch: draft.arch,
            expose: draft.expose,
            ssh: draft.ssh,
            network: draft.network,
            resource_group: draft.resource_group,
        })
    }

    /// Where the only fault is that nobody is logged in, that is the error.
    fn refuse_without_login(&self) -> Result<(), Error> {
        let only_login = self
            .faults
            .iter()
            .all(|fault| matches!(fault.problem, Problem::Secret(crate::error::SecretProblem::NotLoggedIn)));
        match &self.login {
            Err(error) if only_login => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Whether the flavor of a call that is wrong anyway exists, where the list of flavors can be read: all that is wrong is
    /// answered at once.
    async fn check_flavor_too(&mut self, flavor: Option<Flavor>) {
        let is_wrong = self.faults.iter().any(|fault| fault.overlaps("flavor"));
        let Some(flavor) = flavor.filter(|_| !is_wrong) else { return };
        let prices = prices(self.operations.hub.visitor(self.deadline));
        if let Ok(Some(flavors)) = unless(self.cancelled, prices).await {
            self.faults.extend(flavors::fault(flavor.as_str(), &flavors));
        }
    }

    async fn follow_submitted(
        &mut self,
        caller: &Caller,
        target: Target,
        wait: Duration,
    ) -> Result<Option<Followed>, String> {
        let Some(until) = self.follow_until(wait).filter(|until| *until > Instant::now()) else { return Ok(None) };
        let follow = Follow {
            target,
            from: Start::Beginning,
            until: Some(until),
            lines: usize::try_from(TAIL_DEFAULT).unwrap_or(usize::MAX),
            bytes: OUTPUT_MAX_BYTES,
            matching: None,
        };
        let caller = caller.until(until + SUBMIT_MARGIN);
        let stop = self.operations.submissions.stop(self.cancelled);
        let mut observer = self.teller();
        caller.follow(follow, &mut observer, &stop.token).await.map(Some).map_err(|error| error.message())
    }
}

fn clear<T: Readable>(
    scan: &Scan,
    argument: &str,
    value: Option<T>,
    note: &mut impl FnMut(Vec<Fault>),
) -> Option<Scanned<T>> {
    scan.clear(argument, value?).map_err(note).ok()
}

/// What tells a job's default name from others': what it runs, on what, for how long.
fn parts(payload: &Payload, flavor: &Flavor, timeout: Option<u64>) -> Vec<String> {
    let image = payload.image.iter().map(ToString::to_string);
    let command = payload.command.iter().flat_map(|command| command.arguments().iter().cloned());
    let timeout = timeout.map(|timeout| timeout.to_string()).unwrap_or_default();
    image.chain(command).chain([flavor.as_str().to_owned(), timeout]).collect()
}

/// A request with the names of its secrets, as a dry run shows it.
fn with_names(mut request: Map<String, Value>, secrets: &SecretEnv) -> Map<String, Value> {
    let shown =
        |name: &str| if secrets.waits_for_login(name) { format!("{name} ({AFTER_LOGIN})") } else { name.to_owned() };
    request.insert("secrets".to_owned(), secrets.names().map(shown).collect());
    request
}

/// The same of a schedule.
fn schedule_with_names(spec: &ScheduleSpec) -> Map<String, Value> {
    let mut request = spec.readable();
    if let Some(Value::Object(job)) = request.remove("jobSpec") {
        request.insert("jobSpec".to_owned(), Value::Object(with_names(job, &spec.job.secrets)));
    }
    request
}

/// The machines and their prices, which are worth a moment; without them the Hub decides on the flavor.
pub(super) async fn prices(visitor: Visitor) -> Option<Flavors> {
    tokio::time::timeout(HARDWARE_WITHIN, visitor.hardware()).await.ok().and_then(Result::ok)
}

/// The price of a machine a minute, in millionths of a US dollar.
pub(super) fn price(flavors: Option<&Flavors>, flavor: &str) -> Option<u64> {
    flavors?.get(flavor)?.micro_usd_per_minute
}

impl Submission {
    /// A submission of what there is already, once more.
    pub(super) fn again(caller: &Caller, spec: &Description, namespace: Clean, flavors: Option<&Flavors>) -> Self {
        Self {
            made: None,
            namespace,
            local: caller.is_local(),
            url: None,
            flavor: spec.flavor.to_string(),
            timeout: spec.timeout,
            attempts: spec.attempts.unwrap_or(1),
            exposed: !spec.ports.is_empty(),
            micro_usd_per_minute: price(flavors, &spec.flavor),
            local_script: None,
            from_script: Vec::new(),
            script_note: None,
            next_run: None,
            request: None,
            followed: None,
            warnings: Vec::new(),
        }
    }
}
