//! What is remarked on a submission before it is sent: never a refusal, and only for a good reason. One file a check.

mod frozen_token;
mod hub_use;
mod lost_files;
mod missing_token;
mod no_timeout;
mod python;
mod read_only_token;
mod script;
mod shell;
mod short_login;
mod training;
mod writing;

use crate::error::Warning;
use crate::hub::{Flavors, Identity, JobSpec};
use crate::types::{Timeout, Timestamp, Volume};
use script::Script;
use shell::{Program, programs};

/// The most remarks on one submission: more are not read.
const WARNINGS_MAX: usize = 5;
/// The checks, the gravest first: what surely fails, then what is lost, then what may be.
const CHECKS: [fn(&Plan<'_>, &Reading<'_>) -> Option<Warning>; 6] = [
    missing_token::check,
    read_only_token::check,
    lost_files::check,
    no_timeout::check,
    short_login::check,
    frozen_token::check,
];

/// What the session's token may do to repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenPower {
    /// It reads, and writes nothing.
    ReadsOnly,
    /// It may write somewhere.
    Writes,
    /// The Hub did not say.
    Unknown,
}

impl TokenPower {
    /// Of whether it may write, if that is known.
    pub(super) fn of(can_write: Option<bool>) -> Self {
        match can_write {
            Some(true) => Self::Writes,
            Some(false) => Self::ReadsOnly,
            None => Self::Unknown,
        }
    }
}

/// What is known of a submission before it is sent.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Plan<'a> {
    /// Python source: an inline or local script of `uv`.
    pub(super) code: Option<&'a str>,
    /// What runs beside the code: the command of `run`; the script's arguments of `uv`, behind the URL or the command where
    /// the script is one.
    pub(super) command: &'a [String],
    /// The names of the secrets.
    pub(super) secrets: &'a [&'a str],
    /// Whether a secret that Hub libraries read carries a token.
    pub(super) has_token: bool,
    /// Whether a secret carries the session's token.
    pub(super) token_from_login: bool,
    /// What the session's token may do.
    pub(super) token_power: TokenPower,
    /// When the session's token ends, where it does.
    pub(super) token_expires: Option<Timestamp>,
    /// Whether the flavor has a GPU or another accelerator.
    pub(super) accelerated: bool,
    /// The time-out, in seconds.
    pub(super) timeout: Option<u64>,
    /// Whether a volume is mounted to which the job may write.
    pub(super) keeps: bool,
    /// Whether it is a schedule.
    pub(super) scheduled: bool,
    /// The time of the call.
    pub(super) now: Timestamp,
}

/// What the checks of a submission warn of.
pub(super) fn of_submission(
    spec: &JobSpec,
    code: Option<&str>,
    words: &[String],
    scheduled: bool,
    identity: Option<&Identity>,
    flavors: Option<&Flavors>,
) -> Vec<Warning> {
    let token = identity.map(|identity| &identity.token);
    let names: Vec<&str> = spec.secrets.names().collect();
    check(&Plan {
        code,
        command: words,
        secrets: &names,
        has_token: spec.secrets.reaches_hub_libraries(),
        token_from_login: spec.secrets.carries_login(),
        token_power: TokenPower::of(token.and_then(|token| token.can_write)),
        token_expires: token.and_then(|token| Timestamp::parse(token.expires_at.as_ref()?).ok()),
        accelerated: flavors
            .and_then(|flavors| flavors.get(spec.flavor.as_str()))
            .is_some_and(|hardware| hardware.accelerator.is_some()),
        timeout: spec.timeout.map(Timeout::seconds),
        keeps: spec.volumes.get().iter().any(Volume::is_writable),
        scheduled,
        now: Timestamp::now(),
    })
}

/// What there is to remark, the gravest first.
fn check(plan: &Plan<'_>) -> Vec<Warning> {
    let programs = programs(plan.command);
    let reading = Reading::of(plan, &programs);
    CHECKS.iter().filter_map(|check| check(plan, &reading)).take(WARNINGS_MAX).collect()
}

/// What runs, taken apart once for all checks.
struct Reading<'a> {
    scripts: Vec<Script<'a>>,
    programs: &'a [Program],
    /// Whether the programs are those of a shell's text.
    is_shell: bool,
}

impl<'a> Reading<'a> {
    fn of(plan: &Plan<'a>, programs: &'a [Program]) -> Self {
        let codes = plan.code.into_iter().chain(programs.iter().filter_map(Program::code));
        let is_shell = programs.iter().any(|program| program.words != plan.command);
        Self { scripts: codes.map(Script::read).collect(), programs, is_shell }
    }

    /// Whether a flag is given to any program, its name with `_` for `-`.
    fn has_flag(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.programs.iter().any(|program| program.has_flag(&matches))
    }
}

#[cfg(test)]
mod tests;
