//! What the jobs would have cost on the Hub.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike as _, Months, NaiveTime, Utc};
use serde_json::{Map, Value, json};

use super::job::Job;

/// The body of `GET /api/settings/billing/usage/jobs`: those of the jobs that began to run in this calendar month (UTC).
pub(super) fn usage<'a>(jobs: impl Iterator<Item = &'a Job>, now: SystemTime) -> Value {
    let (start, end) = month(now);
    let (mut minutes, mut cost) = (0, 0);
    let mut details = Vec::new();
    for job in jobs {
        let progress = job.progress.borrow().clone();
        let Some(started) = progress.started.filter(|started| (start..end).contains(started)) else { continue };
        let ran = progress.finished.unwrap_or(now).duration_since(started).unwrap_or_default();
        // A minute that was begun counts whole.
        let ran = ran.as_millis().div_ceil(60_000).try_into().unwrap_or(u64::MAX);
        let flavor = job.spec().flavor;
        let price = ran.saturating_mul(u64::from(flavor.micro_usd_per_minute));
        minutes += ran;
        cost += price;
        let mut detail = Map::new();
        let mut put = |name: &str, value: Value| drop(detail.insert(name.to_owned(), value));
        put("jobId", json!(job.id));
        put("hardwareFlavor", json!(flavor.name));
        put("totalMinutes", json!(ran));
        put("totalCostMicroUsd", json!(price));
        put("startedAt", time(started));
        if let Some(finished) = progress.finished {
            put("completedAt", time(finished));
        }
        details.push(Value::Object(detail));
    }
    let usage = json!({
        "usedMicroUsd": cost,
        "totalMinutes": minutes,
        "periodStart": time(start),
        "periodEnd": time(end),
        "jobDetails": details,
    });
    json!({"hasAccess": true, "usage": usage})
}

fn time(time: SystemTime) -> Value {
    json!(humantime::format_rfc3339_millis(time).to_string())
}

/// The calendar month of a moment, from its start to that of the next.
fn month(now: SystemTime) -> (SystemTime, SystemTime) {
    let today = DateTime::<Utc>::from(now).date_naive();
    let first = today.with_day(1).unwrap_or(today);
    let moment = |day: chrono::NaiveDate| SystemTime::from(day.and_time(NaiveTime::MIN).and_utc()).max(UNIX_EPOCH);
    (moment(first), moment(first.checked_add_months(Months::new(1)).unwrap_or(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_begins() {
        for (now, start, end) in [
            ("2026-11-23T10:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"),
        ] {
            let [now, start, end] = [now, start, end].map(|text| humantime::parse_rfc3339(text).unwrap());
            assert_eq!(month(now), (start, end));
        }
    }
}
