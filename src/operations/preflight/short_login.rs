//! The job gets the session's token, which ends before the job must.

use std::time::Duration;

use super::{Plan, Reading};
use crate::error::Warning;
use crate::policy::DEFAULT_TIMEOUT_SECONDS;

pub(super) fn check(plan: &Plan<'_>, _: &Reading<'_>) -> Option<Warning> {
    let expires = plan.token_expires.filter(|_| plan.token_from_login && !plan.scheduled)?;
    let timeout = plan.timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    let left = expires.since_epoch().saturating_sub(plan.now.since_epoch());
    (left < Duration::from_secs(timeout)).then_some(Warning::TokenExpires { expires: expires.to_string() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::plain;
    use super::*;
    use crate::types::Timestamp;

    #[test]
    fn warns_of_a_token_that_ends_first() {
        let at = |time: &str| Some(Timestamp::parse(&format!("2026-11-23T{time}:00Z")).unwrap());
        let login = Plan { token_from_login: true, ..plain() };
        for (plan, warns) in [
            (Plan { token_expires: at("10:29"), ..login }, true),
            (Plan { token_expires: at("10:30"), ..login }, false),
            (Plan { token_expires: at("09:00"), ..login }, true),
            (Plan { token_expires: at("13:59"), timeout: Some(4 * 3600), ..login }, true),
            (Plan { token_expires: at("10:10"), timeout: Some(300), ..login }, false),
            (Plan { token_expires: at("10:10"), scheduled: true, ..login }, false),
            (Plan { token_expires: at("10:10"), ..plain() }, false),
            (login, false),
        ] {
            let warning = check(&plan, &Reading::of(&plan, &[]));
            let expected = plan
                .token_expires
                .filter(|_| warns)
                .map(|expires| Warning::TokenExpires { expires: expires.to_string() });
            assert_eq!(warning, expected, "{plan:?}");
        }
    }
}
