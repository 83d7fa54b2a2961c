//! Structured content: what programs read. Fields that do not apply are left out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::secrets::Clean;

/// The structured content of `hf_jobs`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct JobsAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<String>,
    pub(super) ok: bool,
    pub(super) warnings: Vec<Remark>,
    /// Calls that continue from this answer, the likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) next: Vec<NextCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub(super) job: Option<JobAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jobs: Option<Vec<JobAnswer>>,
    /// Jobs of the call that could not be had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<Failed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) more: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cost: Option<Cost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout_seconds: Option<u64>,
    /// The call gave no timeout, so that the Hub's default holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout_is_default: Option<bool>,
    /// What the script's own table gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) from_script: Vec<&'static str>,
    /// That the table of a script behind a URL is not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) script_note: Option<&'static str>,
    /// What a dry run would have sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scheduled_jobs: Option<Vec<ScheduledAnswer>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) stats: Vec<StatsAnswer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) hardware: Vec<HardwareAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorAnswer>,
    /// The last field, so that a client that cuts a long answer keeps the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logs: Option<Logs>,
}

/// A call of `hf_jobs`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NextCall {
    pub(super) operation: &'static str,
    pub(super) args: Map<String, Value>,
}

/// A warning.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Remark {
    pub(super) code: String,
    pub(super) message: Clean,
    pub(super) hint: Clean,
}

/// A job.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct JobAnswer {
    pub(super) job_id: String,
    pub(super) namespace: Clean,
    pub(super) stage: String,
    pub(super) flavor: Clean,
    /// Whether the job has finished; in answers of `wait`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finished: Option<bool>,
    /// Whether the job completed; absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) succeeded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cancel_reason: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started_at: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finished_at: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scheduling_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run_seconds: Option<u64>,
    /// A volume could not be mounted: nothing ran, and nothing was billed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) never_ran: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usd_so_far: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) env: Option<BTreeMap<String, Clean>>,
    /// Names only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secrets: Option<Vec<Clean>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) labels: Option<BTreeMap<String, Clean>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) volumes: Vec<Clean>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) expose_urls: Vec<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ssh_url: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) initiator: Option<Clean>,
}

/// A scheduled job.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ScheduledAnswer {
    pub(super) scheduled_job_id: String,
    pub(super) namespace: Clean,
    pub(super) schedule: Clean,
    pub(super) suspended: bool,
    pub(super) concurrency: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_run: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_job_id: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_run: Option<Clean>,
    /// What is started.
    pub(super) job: Map<String, Value>,
}

/// What a job uses of its machine.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StatsAnswer {
    pub(super) job_id: String,
    pub(super) stage: String,
    pub(super) finished: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpu_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory_used_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory_total_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) gpu_percent: Vec<f64>,
}

/// A machine.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HardwareAnswer {
    pub(super) name: Clean,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usd_per_hour: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpu: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ram: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accelerator: Option<Clean>,
}

/// A job that could not be had.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Failed {
    pub(super) job_id: String,
    #[schemars(with = "Map<String, Value>")]
    pub(super) error: ErrorAnswer,
}

/// What a submission costs at most.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Cost {
    pub(super) usd_per_hour: String,
    pub(super) usd_at_most: String,
}

/// A job's output. The lines come last, since some clients cut the end of a long answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Logs {
    pub(super) job_id: String,
    pub(super) stage: String,
    /// What the Hub says of the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Clean>,
    /// The job is over, and this is the end of its output.
    pub(super) finished: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) succeeded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout_seconds: Option<u64>,
    /// Absent at the end of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
    /// Lines of the log up to here; absent where only its end was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
    /// Lines that match `grep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) matched: Option<u64>,
    /// Lines, with `grep` matches, before those below; absent where only the end of the log was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dropped: Option<u64>,
    /// Says that the lines are data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<&'static str>,
    /// The last field, so that a client that cuts a long answer keeps the others.
    pub(super) lines: Vec<Clean>,
}

/// An error.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ErrorAnswer {
    pub(super) code: String,
    pub(super) message: Clean,
    pub(super) hint: Clean,
    pub(super) retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<Clean>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<FaultAnswer>,
}

/// One thing that is wrong with a call.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FaultAnswer {
    pub(super) argument: Clean,
    pub(super) code: String,
    pub(super) message: Clean,
}

/// The structured content of `hf_whoami`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct WhoAmIAnswer {
    pub(super) ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) can_pay: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<Token>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) organizations: Vec<OrganisationAnswer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) namespaces: Vec<NamespaceAnswer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<Remark>,
    /// Variables of the server that secrets may take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) secret_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub(super) error: Option<ErrorAnswer>,
}

/// What is known of the token.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Token {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Clean>,
    pub(super) role: Clean,
    pub(super) source: Clean,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<Clean>,
}

/// An organisation.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OrganisationAnswer {
    pub(super) name: Clean,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Clean>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<Clean>,
}

/// Whether jobs may be run in a namespace.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NamespaceAnswer {
    pub(super) name: Clean,
    /// `yes`, `no` or `unknown`.
    pub(super) may_run_jobs: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change: Option<Clean>,
}
