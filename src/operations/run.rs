//! `run` and `uv`: a job is drafted, checked, submitted once, and followed for a while.

use std::time::Duration;

use tokio::time::Instant;

use super::Work;
use super::draft::{JobDraft, RunDraft, UvDraft};
use super::logs::{OUTPUT_MAX_BYTES, TAIL_DEFAULT};
use super::outcome::{Outcome, Submission};
use super::uv;
use crate::error::{Error, Fault, Problem, Warning};
use crate::hub::{Caller, Flavors, Follow, Followed, Job, JobSpec, Observer, Start};
use crate::secrets::{Clean, PlainEnv, Scanned, SecretEnv, SecretNote};
use crate::types::{Command, Flavor, Image, Labels, Script, Timeout, Volume, default_name, nearest};

/// How long a submission waits for the list of machines.
const HARDWARE_WITHIN: Duration = Duration::from_secs(5);
/// How long before the call's deadline a submission must be answered, so that its answer still reaches the client.
const SUBMIT_MARGIN: Duration = Duration::from_secs(3);

/// What a submission runs.
struct Payload {
    image: Option<Image>,
    command: Option<Command>,
    /// The argument that the command comes from.
    argument: &'static str,
    /// What the default name is made of: what stands for the job, and what tells it from others.
    name_base: String,
    local_script: Option<(String, usize)>,
}

impl Work<'_> {
    pub(super) async fn run(&mut self, draft: RunDraft) -> Result<Outcome, Error> {
        let RunDraft { image, command, mut job } = draft;
        if command.as_ref().is_some_and(Command::placeholder_outside_shell) {
            job.warnings.push(Warning::PlaceholderWithoutShell);
        }
        let image = image.unwrap_or_else(Image::python);
        let name_base = image.name_base();
        self.submit(Payload { image: Some(image), command, argument: "command", name_base, local_script: None }, job)
            .await
    }

    pub(super) async fn uv(&mut self, draft: UvDraft) -> Result<Outcome, Error> {
        let UvDraft { script, script_args, dependencies, python, image, job } = draft;
        let options = uv::options(&dependencies, python.as_ref());
        let name_base = script.as_ref().map_or_else(String::new, Script::name_base);
        let mut local_script = None;
        let command = match script {
            None => None,
            Some(Script::Url(url)) => Some(plain(&options, url.as_str(), &script_args)),
            Some(Script::Command(command)) => Some(plain(&options, command.as_str(), &script_args)),
            Some(Script::Inline(source)) => self.inline(source.as_str(), &options, &script_args),
            Some(Script::LocalFile(path)) => match self.operations.scripts.read(&path) {
                Ok(source) => {
                    local_script = Some((path, source.len()));
                    self.faults
                        .extend(self.operations.scan().clear("script", source.as_str()).err().into_iter().flatten());
                    self.inline(&source, &options, &script_args)
                }
                Err(problem) => {
                    self.faults.push(problem.at("script"));
                    None
                }
            },
        };
        let command = command.and_then(|arguments| match Command::new(arguments) {
            Ok(command) => Some(command),
            Err(problem) => {
                self.faults.push(problem.at("script_args"));
                None
            }
        });
        let image = Some(image.unwrap_or_else(Image::uv));
        self.submit(Payload { image, command, argument: "script", name_base, local_script }, job).await
    }

    fn inline(&mut self, source: &str, options: &[String], arguments: &[String]) -> Option<Vec<String>> {
        match uv::inline_script(source, options, arguments) {
            Ok(command) => Some(command),
            Err(problem) => {
                self.faults.push(problem.at("script"));
                None
            }
        }
    }

    async fn submit(&mut self, payload: Payload, mut draft: JobDraft) -> Result<Outcome, Error> {
        let wait = draft.wait;
        let dry_run = draft.dry_run;
        let namespace = draft.namespace.take();
        let mut warnings = std::mem::take(&mut draft.warnings);
        let local_script = payload.local_script.clone();
        let Some(spec) = self.spec(payload, draft, &mut warnings) else {
            self.refuse_without_login()?;
            self.refuse_faults()?;
            return Err(Error::Internal { during: "drafting a job" });
        };
        let caller = self.caller()?;
        let looking = async {
            // The price is worth a moment; without the list the Hub decides on the flavor.
            let hardware = tokio::time::timeout(HARDWARE_WITHIN, caller.hardware());
            tokio::join!(caller.namespace(namespace), hardware)
        };
        let (namespace, flavors) = tokio::select! {
            () = self.cancelled.cancelled() => return Err(Error::Cancelled),
            looked = looking => looked,
        };
        let flavors = flavors.ok().and_then(Result::ok);
        let namespace = namespace?;
        if let Some(flavors) = &flavors {
            self.check_flavor(&spec.flavor, flavors)?;
        }
        let price = flavors.and_then(|flavors| flavors.get(spec.flavor.as_str())?.micro_usd_per_minute);
        let mut submission = Submission {
            job: None,
            namespace: self.operations.scrubber.clean_line(namespace.as_str()),
            url: None,
            flavor: spec.flavor.as_str().to_owned(),
            timeout: spec.timeout.map(Timeout::seconds),
            attempts: spec.attempts.as_ref().map_or(1, |attempts| u64::from(attempts.get())),
            exposed: spec.expose.is_some(),
            micro_usd_per_minute: price,
            local_script: local_script.map(|(path, size)| (self.operations.scrubber.clean_line(&path), size)),
            request: None,
            followed: None,
            warnings,
        };
        if dry_run {
            submission.request = Some(request_of(&spec));
            return Ok(Outcome::Submitted(Box::new(submission)));
        }
        let permit = self.operations.policy.permit(self.name)?;
        let asked = Asked::of(&spec);
        let sending = caller.until(self.deadline - SUBMIT_MARGIN);
        let (sent, untold) = self.operations.submissions.submit(sending, permit, namespace.clone(), spec).await?;
        if sent.found_again {
            submission.warnings.push(Warning::FoundAgain);
        }
        submission.warnings.extend(asked.differences(&sent.job));
        self.teller().stage(&sent.job);
        let target = sent.job.target(&namespace);
        submission.namespace = sent.job.namespace.clone();
        submission.url = Some(caller.endpoint().job_page(&target.namespace, &target.id));
        submission.job = Some(sent.job);
        match self.follow_submitted(&caller, target, wait).await {
            Ok(Some(followed)) => {
                submission.job = Some(followed.job.clone());
                submission.followed = Some(followed);
            }
            Ok(None) => {}
            // The job runs: that its output can't be read is a remark, not an error.
            Err(reason) => submission.warnings.push(Warning::NotFollowed { reason }),
        }
        if !self.cancelled.is_cancelled() && !self.operations.submissions.is_near_end() {
            untold.told();
        }
        Ok(Outcome::Submitted(Box::new(submission)))
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
        target: crate::hub::Target,
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

fn clear<T: crate::secrets::Readable>(
    scan: &crate::secrets::Scan,
    argument: &str,
    value: Option<T>,
    note: &mut impl FnMut(Vec<Fault>),
) -> Option<Scanned<T>> {
    scan.clear(argument, value?).map_err(note).ok()
}

fn plain(options: &[String], script: &str, arguments: &[String]) -> Vec<String> {
    let head = ["uv", "run"].map(str::to_owned);
    head.into_iter()
        .chain(options.iter().cloned())
        .chain([script.to_owned()])
        .chain(arguments.iter().cloned())
        .collect()
}

/// What tells a job's default name from others': what it runs, on what, for how long.
fn parts(payload: &Payload, flavor: &Flavor, timeout: Option<u64>) -> Vec<String> {
    let image = payload.image.iter().map(ToString::to_string);
    let command = payload.command.iter().flat_map(|command| command.arguments().iter().cloned());
    let timeout = timeout.map(|timeout| timeout.to_string()).unwrap_or_default();
    image.chain(command).chain([flavor.as_str().to_owned(), timeout]).collect()
}

fn request_of(spec: &JobSpec) -> serde_json::Map<String, serde_json::Value> {
    let mut request = spec.readable();
    request.insert("secrets".to_owned(), spec.secrets.names().collect());
    request
}

/// What a submission asked for, to be compared with what the Hub made of it: it drops what it doesn't know without a word.
struct Asked {
    fields: Vec<(&'static str, String)>,
}

impl Asked {
    fn of(spec: &JobSpec) -> Self {
        let labels = spec.labels.get().iter().map(|(name, _)| name);
        let mut fields = vec![
            ("flavor", spec.flavor.as_str().to_owned()),
            ("env", sorted(spec.env.iter().map(|(name, _)| name))),
            ("secrets", sorted(spec.secrets.names())),
            ("labels", sorted(labels)),
            ("volumes", spec.volumes.get().len().to_string()),
        ];
        fields.extend(spec.timeout.map(|timeout| ("timeout", format!("{} s", timeout.seconds()))));
        fields.extend(spec.attempts.map(|attempts| ("attempts", attempts.get().to_string())));
        Self { fields }
    }

    fn differences(&self, job: &Job) -> Vec<Warning> {
        let number = |number: Option<u64>, unit: &str| {
            number.map_or_else(|| "none".to_owned(), |number| format!("{number}{unit}"))
        };
        let got = |field| match field {
            "flavor" => job.flavor.to_string(),
            "env" => sorted(job.env.iter().map(|(name, _)| name.as_str())),
            "secrets" => sorted(job.secrets.iter().map(Clean::as_str)),
            "labels" => sorted(job.labels.iter().map(|(name, _)| name.as_str())),
            "volumes" => job.volumes.len().to_string(),
            "timeout" => number(job.timeout, " s"),
            _ => number(job.attempts, ""),
        };
        // The Hub may add names of its own; what counts is what it dropped.
        let holds = |asked: &str, got: &str| {
            asked.split(", ").all(|name| name.is_empty() || got.split(", ").any(|got| got == name))
        };
        let pairs = self.fields.iter().map(|(field, asked)| (*field, asked.clone(), got(*field)));
        pairs
            .filter(|(_, asked, got)| !holds(asked, got))
            .map(|(field, asked, got)| Warning::Differs { field, asked, got })
            .collect()
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.join(", ")
}
