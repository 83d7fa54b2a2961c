//! A schedule keeps the session's token as it is today.

use super::{Plan, Reading};
use crate::error::Warning;

pub(super) fn check(plan: &Plan<'_>, _: &Reading<'_>) -> Option<Warning> {
    (plan.scheduled && plan.token_from_login)
        .then_some(Warning::TokenFrozen { expires: plan.token_expires.map(|expires| expires.to_string()) })
}

#[cfg(test)]
mod tests {
    use super::super::tests::plain;
    use super::*;

    #[test]
    fn warns_of_each_schedule_with_the_sessions_token() {
        let schedule = Plan { scheduled: true, ..plain() };
        for (plan, warns) in [
            (Plan { token_from_login: true, ..schedule }, true),
            (Plan { token_from_login: true, token_expires: Some(schedule.now), ..schedule }, true),
            (Plan { has_token: true, ..schedule }, false),
            (Plan { token_from_login: true, ..plain() }, false),
        ] {
            let expected = warns
                .then_some(Warning::TokenFrozen { expires: plan.token_expires.map(|expires| expires.to_string()) });
            assert_eq!(check(&plan, &Reading::of(&plan, &[])), expected, "{plan:?}");
        }
    }
}
