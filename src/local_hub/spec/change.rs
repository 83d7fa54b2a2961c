//! The bodies that change one thing of what is there already.

use serde_json::{Map, Value};

use super::{Check, EXPOSE_FIELDS, Expose, Labels, Reading};
use crate::types::Schedule;

/// Reads the body of `PUT …/labels`, which names all labels from now on.
pub(in crate::local_hub) fn read_labels(body: &Value) -> Reading<Labels> {
    Check::read(body, |check, fields| {
        check.drop_unknown("", fields, &["labels"]);
        if !fields.contains_key("labels") {
            return check.fault("labels", "required");
        }
        Some(check.labels(fields.get("labels")))
    })
}

/// Reads the body of `PUT …/expose`, which names all ports from now on; there may be none.
pub(in crate::local_hub) fn read_expose(body: &Value) -> Reading<Option<Expose>> {
    Check::read(body, |check, fields| {
        check.drop_unknown("", fields, EXPOSE_FIELDS);
        let expose = check.exposed("", fields)?;
        Some((!expose.ports.is_empty()).then_some(expose))
    })
}

/// Reads the body of `POST …/schedule`.
pub(in crate::local_hub) fn read_schedule(body: &Value) -> Reading<Schedule> {
    Check::read(body, |check, fields| {
        check.drop_unknown("", fields, &["schedule"]);
        check.schedule(fields)
    })
}

impl Check {
    pub(super) fn schedule(&mut self, fields: &Map<String, Value>) -> Option<Schedule> {
        match fields.get("schedule").map(Value::as_str) {
            None => self.fault("schedule", "required"),
            Some(None) => self.fault("schedule", "expected a string"),
            Some(Some(text)) => match Schedule::parse(text) {
                Ok(schedule) => Some(schedule),
                Err(_) => self.fault(
                    "schedule",
                    "expected @annually, @yearly, @monthly, @weekly, @daily, @hourly or 5 to 7 cron fields of numbers",
                ),
            },
        }
    }
}
