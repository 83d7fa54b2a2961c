//! What a scheduled job is asked to be.

use serde_json::{Map, Value};

use super::{Check, JobSpec, Reading};
use crate::types::Schedule;

/// A job, and when it is to run.
pub(in crate::local_hub) struct Plan {
    pub(in crate::local_hub) spec: JobSpec,
    pub(in crate::local_hub) schedule: Schedule,
    pub(in crate::local_hub) suspended: bool,
    /// Whether it may run while it still runs.
    pub(in crate::local_hub) concurrency: bool,
}

impl Plan {
    /// Reads the body of a submission.
    pub(in crate::local_hub) fn read(body: &Value) -> Reading<Self> {
        Check::read(body, |check, fields| {
            check.drop_unknown("", fields, &["jobSpec", "schedule", "suspend", "concurrency"]);
            let schedule = check.schedule(fields);
            let suspended = check.flag("suspend", fields);
            let concurrency = check.flag("concurrency", fields);
            let spec = match fields.get("jobSpec").map(Value::as_object) {
                None => check.fault("jobSpec", "required"),
                Some(None) => check.fault("jobSpec", "expected an object"),
                Some(Some(fields)) => check.scheduled(fields),
            };
            Some(Self { spec: spec?, schedule: schedule?, suspended, concurrency })
        })
    }
}

impl Check {
    fn flag(&mut self, name: &str, fields: &Map<String, Value>) -> bool {
        match fields.get(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => self.fault(name, "expected a boolean").unwrap_or_default(),
        }
    }

    fn scheduled(&mut self, fields: &Map<String, Value>) -> Option<JobSpec> {
        self.within = "jobSpec.";
        if fields.get("ssh").and_then(|ssh| ssh.get("enabled")) == Some(&Value::Bool(true)) {
            self.fault::<()>("ssh", "not for scheduled jobs");
        }
        if fields.contains_key("network") {
            self.fault::<()>("network", "not for scheduled jobs");
        }
        self.spec(fields)
    }
}
