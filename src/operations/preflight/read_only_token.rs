//! The job writes to the Hub with the session's token, which only reads.

use super::hub_use::push;
use super::{Plan, Reading, TokenPower};
use crate::error::Warning;

pub(super) fn check(plan: &Plan<'_>, reading: &Reading<'_>) -> Option<Warning> {
    if !plan.token_from_login || plan.token_power != TokenPower::ReadsOnly {
        return None;
    }
    push(reading).map(|seen| Warning::TokenReadsOnly { seen })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of_code, of_command, plain};
    use super::*;

    #[test]
    fn warns_of_a_push_that_must_fail() {
        let reader = Plan { has_token: true, token_from_login: true, token_power: TokenPower::ReadsOnly, ..plain() };
        for (plan, code, seen) in [
            (reader, "ds.push_to_hub('me/x')", "push_to_hub 1"),
            (reader, "TrainingArguments(push_to_hub=True)", "push_to_hub=True 1"),
            (reader, "load_dataset('me/private', token=True)", ""),
            (reader, "if args.push_to_hub:\n    ds.push_to_hub('me/x')", ""),
            (Plan { token_power: TokenPower::Writes, ..reader }, "ds.push_to_hub('me/x')", ""),
            (Plan { token_power: TokenPower::Unknown, ..reader }, "ds.push_to_hub('me/x')", ""),
            // A token that was given literally is not the session's.
            (Plan { token_from_login: false, ..reader }, "ds.push_to_hub('me/x')", ""),
        ] {
            assert_eq!(of_code(&plan, code, check), seen, "{code}");
        }
        assert_eq!(of_command(&reader, "hf upload me/x .", check), "hf upload");
        assert_eq!(of_command(&reader, "hf download me/x", check), "");
    }
}
