//! What `run` and `uv` have in common: a job is drafted, checked, submitted once, and followed for a while.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Work;
use super::asked::Asked;
use super::draft::{JobDraft, Plan};
use super::logs::{OUTPUT_MAX_BYTES, TAIL_DEFAULT};
use super::outcome::{Made, Outcome, Submission};
use super::preflight::{self, TokenPower};
use super::submissions::unless;
use crate::error::{Error, Fault, Problem, Warning};
use crate::hub::{
    Caller, Description, Flavors, Follow, Followed, Job, JobSpec, Observer as _, ScheduleSpec, Start, Startable, Target,
};
use crate::secrets::{Clean, PlainEnv, Readable, Scan, Scanned, SecretEnv, SecretNote};
use crate::types::{Command, Flavor, Image, Labels, Namespace, Timeout, Timestamp, Volume, default_name, nearest};

/// How long a submission waits for the list of machines.
const HARDWARE_WITHIN: Duration = Duration::from_secs(5);
/// How long before the call's deadline a submission must be answered, so that its answer still reaches the client.
pub(super) const SUBMIT_MARGIN: Duration = Duration::from_secs(3);

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
}

impl Work<'_> {
    pub(super) async fn submit(&mut self, payload: Payload, mut draft: JobDraft) -> Result<Outcome, Error> {
        let (wait, dry_run) = (draft.wait, draft.dry_run);
        let (namespace, plan) = (draft.namespace.take(), draft.plan.take());
        let mut warnings = std::mem::take(&mut draft.warnings);
        let local_script = payload.local_script.clone();
        let (code, words, from_script) = (payload.code.clone(), payload.words.clone(), payload.from_script.clone());
        let Some(spec) = self.spec(payload, draft, &mut warnings) else {
            self.refuse_without_login()?;
            self.refuse_faults()?;
            return Err(Error::Internal { during: "drafting a job" });
        };
        let caller = self.caller()?;
        let (namespace, flavors) =
            unless(self.cancelled, async { tokio::join!(caller.namespace(namespace), prices(&caller)) }).await?;
        let namespace = namespace?;
        if let Some(flavors) = &flavors {
            self.check_flavor(&spec.flavor, flavors)?;
        }
        let identity = caller.kept_identity();
        let token = identity.as_ref().map(|identity| &identity.token);
        let names: Vec<&str> = spec.secrets.names().collect();
        warnings.extend(preflight::check(&preflight::Plan {
            code: code.as_deref(),
            command: &words,
            secrets: &names,
            has_token: spec.secrets.reaches_hub_libraries(),
            token_from_login: spec.secrets.carries_login(),
            token_power: TokenPower::of(token.and_then(|token| token.can_write)),
            token_expires: token.and_then(|token| Timestamp::parse(token.expires_at.as_ref()?).ok()),
            accelerated: flavors
                .as_ref()
                .and_then(|flavors| flavors.get(spec.flavor.as_str()))
                .is_some_and(|hardware| hardware.accelerator.is_some()),
            timeout: spec.timeout.map(Timeout::seconds),
            keeps: spec.volumes.get().iter().any(Volume::is_writable),
            scheduled: plan.is_some(),
            now: Timestamp::now(),
        }));
        let scrubber = &self.operations.scrubber;
        let mut submission = Submission {
            made: None,
            namespace: scrubber.clean_line(namespace.as_str()),
            local: caller.is_local(),
            url: None,
            flavor: spec.flavor.as_str().to_owned(),
            timeout: spec.timeout.map(Timeout::seconds),
            attempts: spec.attempts.as_ref().map_or(1, |attempts| u64::from(attempts.get())),
            exposed: spec.expose.is_some(),
            micro_usd_per_minute: price(flavors.as_ref(), spec.flavor.as_str()),
            local_script: local_script.map(|(path, size)| (scrubber.clean_line(&path), size)),
            from_script,
            next_run: None,
            request: None,
            followed: None,
            warnings,
        };
        match plan {
            None if dry_run => submission.request = Some(with_names(spec.readable(), &spec.secrets)),
            None => self.submit_job(&caller, &namespace, spec, wait, &mut submission).await?,
            Some(plan) => {
                let Plan { schedule, suspend, concurrency } = plan;
                let schedule = schedule.ok_or(Error::Internal { during: "reading a schedule" })?;
                submission.next_run = schedule.next_after(Timestamp::now());
                if submission.next_run.is_none() {
                    let never = Problem::malformed(schedule.as_str(), "a schedule that ever comes");
                    return Err(Error::argument(self.name, never.at("schedule")));
                }
                let spec = ScheduleSpec { job: spec, schedule, suspend, concurrency };
                if dry_run {
                    let mut request = spec.readable();
                    if let Some(Value::Object(job)) = request.remove("jobSpec") {
                        request.insert("jobSpec".to_owned(), Value::Object(with_names(job, &spec.job.secrets)));
                    }
                    submission.request = Some(request);
                } else {
                    self.submit_schedule(&caller, &namespace, spec, &mut submission).await?;
                }
            }
        }
        Ok(Outcome::Submitted(Box::new(submission)))
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
        let secrets = SecretEnv::resolve(draft.secrets, &self.operations.session, self.operations.scrubber.known());
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

    fn check_flavor(&self, flavor: &Flavor, flavors: &Flavors) -> Result<(), Error> {
        if flavors.get(flavor.as_str()).is_some() {
            return Ok(());
        }
        let mut near = nearest(flavor.as_str(), flavors.names());
        // Of machines that begin alike, the cheapest is meant: nobody gets four for one by a slip.
        let price =
            |name: &String| flavors.get(name).and_then(|hardware| hardware.micro_usd_per_minute).unwrap_or(u64::MAX);
        near.sort_by_key(|name| (!name.starts_with(flavor.as_str()), price(name)));
        let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
        let expected = format!("a flavor that the Hub offers; nearest are {}", names.join(", "));
        let problem = match near.first() {
            Some(first) => Problem::malformed_instead(flavor.as_str(), expected, first.as_str()),
            None => Problem::malformed(flavor.as_str(), "a flavor that the Hub offers"),
        };
        Err(Error::argument(self.name, problem.at("flavor")))
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
    request.insert("secrets".to_owned(), secrets.names().collect());
    request
}

/// The machines and their prices, which are worth a moment; without them the Hub decides on the flavor.
pub(super) async fn prices(caller: &Caller) -> Option<Flavors> {
    tokio::time::timeout(HARDWARE_WITHIN, caller.hardware()).await.ok().and_then(Result::ok)
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
            next_run: None,
            request: None,
            followed: None,
            warnings: Vec::new(),
        }
    }
}
