//! Errors as answers: what happened, what to do, and for a bad call that call mended, ready to send.

use serde_json::{Map, Value, json};

use super::super::answer::{ErrorAnswer, FaultAnswer};
use super::super::argument::argument;
use super::super::stand_in::{REST, gap};
use super::super::verbs::{self, Verb};
use super::Page;
use crate::error::{Credential, Error, Fault, Problem, SecretProblem};
use crate::secrets::{AS_GIVEN, REDACTED, Scrubber};

/// Of how many unknown arguments an answer says which operations take them.
const ELSEWHERE_MAX: usize = 3;
/// The longest text of a mended call that is repeated in full; scripts are shortened.
const REPEATED_MAX_CHARS: usize = 200;

pub(super) fn answer(error: &Error, hint: &str, scrubber: &Scrubber) -> ErrorAnswer {
    ErrorAnswer {
        code: error.code().as_str().to_owned(),
        message: scrubber.clean(&error.message()),
        hint: scrubber.clean(hint),
        retryable: error.retryable(),
        request_id: error.request_id().map(|id| scrubber.clean_line(id)),
        faults: error
            .faults()
            .iter()
            .map(|fault| FaultAnswer {
                argument: scrubber.clean_line(&fault.shown()),
                code: fault.code().as_str().to_owned(),
                message: scrubber.clean_line(&fault.message()),
            })
            .collect(),
    }
}

pub(super) fn jobs(page: &mut Page<'_>, error: &Error, operation: Option<&str>, written: Option<Map<String, Value>>) {
    let mut hints = vec![error.hint()];
    if let (Some(verb), Some(written), Error::Arguments { faults, .. }) =
        (operation.and_then(verbs::verb), written, error)
    {
        hints.extend(about_arguments(verb, error.faults(), &written));
        if let Some(args) = mended(written, faults, page.scrubber) {
            let gap =
                if faults.iter().any(|fault| fault.problem == Problem::Missing) { "fill the gap and " } else { "" };
            hints.push(format!("{gap}send {}", json!({"operation": verb.name, "args": args})));
        }
    }
    hints.retain(|hint| !hint.is_empty());
    let hint = if hints.is_empty() { "fix that and call again".to_owned() } else { hints.join("; ") };
    page.answer.ok = false;
    page.line(&format!("error {}: {}", error.code().as_str(), error.message()));
    page.line(&format!("hint: {hint}"));
    page.answer.error = Some(answer(error, &hint, page.scrubber));
}

/// What the operation's arguments are, where the call shows that its writer does not know them: of a missing one its form, and
/// of an unknown one which there are.
fn about_arguments(verb: &Verb, faults: &[Fault], written: &Map<String, Value>) -> Vec<String> {
    let missing = faults.iter().filter(|fault| fault.problem == Problem::Missing);
    let mut hints: Vec<String> = missing
        .filter_map(|fault| Some(format!("`{}`: {}", fault.argument, argument(&fault.argument)?.about(verb.name))))
        .collect();
    let is_unknown = |fault: &&Fault| matches!(fault.problem, Problem::Unknown { nearest: None });
    let unknown: Vec<&Fault> = faults.iter().filter(is_unknown).collect();
    for fault in unknown.iter().filter(|fault| written.contains_key(&fault.argument)).take(ELSEWHERE_MAX) {
        let takers: Vec<&str> = verbs::VERBS
            .iter()
            .filter(|verb| verb.arguments().any(|name| name == fault.argument))
            .map(|verb| verb.name)
            .collect();
        if let [_, ..] = takers.as_slice() {
            hints.push(format!("`{}` is an argument of {}", fault.argument, takers.join(", ")));
        }
    }
    if !unknown.is_empty() {
        let all = verb.arguments().collect::<Vec<_>>().join(", ");
        let takes = if all.is_empty() { "no arguments" } else { &all };
        let help = json!({"operation": "help", "args": {"operation": verb.name}});
        hints.push(format!("`{}` takes {takes}; {help} explains them", verb.name));
    }
    hints
}

/// The call's arguments without their faults. `None`: there are none, or not all of them can be mended here.
fn mended(mut args: Map<String, Value>, faults: &[Fault], scrubber: &Scrubber) -> Option<Map<String, Value>> {
    if faults.is_empty() {
        return None;
    }
    for fault in faults {
        mend(&mut args, fault)?;
    }
    args.get_mut("secrets").into_iter().for_each(veil);
    for (name, value) in &mut args {
        shorten(name, value, scrubber);
    }
    Some(args)
}

/// A secret that was written out is not repeated; references are.
fn veil(secrets: &mut Value) {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    let is_reference = |value: &str| {
        let name = value
            .strip_prefix('$')
            .map(|name| name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name));
        name.is_some_and(is_name) || value.contains("$HF_TOKEN") || value.contains("${HF_TOKEN}")
    };
    let veiled = |value: &str| if is_reference(value) { value.to_owned() } else { AS_GIVEN.to_owned() };
    let assignment = |text: &str| text.split_once('=').map(|(name, value)| json!(format!("{name}={}", veiled(value))));
    match secrets {
        Value::Object(fields) => {
            for value in fields.values_mut() {
                if value.is_array() {
                    veil(value);
                } else {
                    *value = json!(veiled(value.as_str().unwrap_or_default()));
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if let Some(veiled) = item.as_str().and_then(assignment) {
                    *item = veiled;
                }
            }
        }
        // A map or a list that was written as a text.
        Value::String(text) => match serde_json::from_str(text) {
            Ok(mut written @ (Value::Object(_) | Value::Array(_))) => {
                veil(&mut written);
                *secrets = written;
            }
            _ => *secrets = assignment(text).unwrap_or_else(|| json!(text)),
        },
        _ => {}
    }
}

fn mend(args: &mut Map<String, Value>, fault: &Fault) -> Option<()> {
    let path = fault.argument.as_str();
    match &fault.problem {
        Problem::Unknown { nearest: Some(nearest) } => {
            let value = args.remove(path)?;
            // `"gpu": true` asks for any.
            let value = if nearest == "flavor" && !value.is_string() { json!("gpu") } else { value };
            if args.insert(nearest.clone(), value).is_some() {
                return None;
            }
        }
        Problem::OfHost => {
            args.remove(path)?;
        }
        Problem::Missing => {
            args.insert(path.to_owned(), json!(gap(path)?));
        }
        Problem::UnknownFlavor { instead: Some(instead), .. } => {
            args.insert("flavor".to_owned(), json!(instead));
        }
        // Below these a fault is one of the name, which no value mends.
        Problem::Malformed { .. } if ["env.", "secrets.", "labels."].iter().any(|map| path.starts_with(map)) => {
            return None;
        }
        Problem::Malformed { instead: Some(instead), .. } => *place(args, path)? = instead.clone(),
        Problem::Secret(SecretProblem::Slip { .. }) => *place(args, path)? = json!("$HF_TOKEN"),
        Problem::Credential { credential: Credential::VendorKey(_) | Credential::UrlUserinfo, .. } => return None,
        Problem::Credential { credential, secret } => {
            let name = path.strip_prefix("env.")?;
            let removed = remove_variable(args.get_mut("env")?, name)?;
            // `Bearer $HF_TOKEN` stays what it is, where it is resolved.
            let resolved = ["$HF_TOKEN", "${HF_TOKEN}"].iter().any(|placeholder| removed.contains(placeholder));
            let value =
                if *credential == Credential::Placeholder && resolved { removed } else { "$HF_TOKEN".to_owned() };
            if args.get("env").is_some_and(|env| env == &json!({}) || env == &json!([])) {
                args.remove("env");
            }
            let secrets = args.entry("secrets").or_insert_with(|| json!({}));
            match secrets {
                Value::Object(secrets) => {
                    secrets.insert(secret.clone(), json!(value));
                }
                Value::Array(secrets) => secrets.push(json!(format!("{secret}={value}"))),
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

/// Takes a variable out of a map or a list of `NAME=value`; its value as it was written.
fn remove_variable(env: &mut Value, name: &str) -> Option<String> {
    match env {
        Value::Object(fields) => fields.shift_remove(name)?.as_str().map(str::to_owned),
        Value::Array(items) => {
            let at =
                items.iter().position(|item| item.as_str().and_then(|text| text.split('=').next()) == Some(name))?;
            items.remove(at).as_str()?.split_once('=').map(|(_, value)| value.to_owned())
        }
        _ => None,
    }
}

/// The value that a fault's path names.
fn place<'a>(args: &'a mut Map<String, Value>, path: &str) -> Option<&'a mut Value> {
    if let Some((name, index)) = path.strip_suffix(']').and_then(|path| path.split_once('[')) {
        return args.get_mut(name)?.get_mut(index.parse::<usize>().ok()?);
    }
    match path.split_once('.') {
        Some((name, key)) => args.get_mut(name)?.get_mut(key),
        None => args.get_mut(path),
    }
}

/// How often a text is marked as not shown in full; its writer may have written the mark.
fn gaps(text: &str) -> usize {
    text.matches(REDACTED).count()
}

/// Cleaned before it is cut: a piece of a secret is not known any more. What can't be shown as it was is stood in for, since a
/// call with a gap in it would be sent.
fn shorten(name: &str, value: &mut Value, scrubber: &Scrubber) {
    match value {
        Value::String(text) if gaps(&scrubber.clean(text)) > gaps(text) => AS_GIVEN.clone_into(text),
        Value::String(text) if text.chars().count() > REPEATED_MAX_CHARS => {
            let shown: String = scrubber.clean(text).chars().take(40).collect();
            *text = format!("{shown}{REST}{name}`)");
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shorten(name, item, scrubber)),
        Value::Object(fields) => fields.values_mut().for_each(|item| shorten(name, item, scrubber)),
        _ => {}
    }
}
