//! The help, made from the same definitions as the schema.

use super::argument::{Form, argument};
use super::verbs::{Verb, offered};
use crate::policy::Policy;

/// The help of one operation, or of all.
pub(super) fn usage(verb: Option<&Verb>, policy: &Policy) -> String {
    match verb {
        Some(verb) => one(verb),
        None => all(policy),
    }
}

fn all(policy: &Policy) -> String {
    let mut text = "hf_jobs: {\"operation\": …, \"args\": {…}}. Operations:\n".to_owned();
    for verb in offered(policy) {
        text.push_str(&["- ", verb.name, ": ", verb.about, "\n"].concat());
    }
    text.push_str(
        "\nSecrets: \"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"} gives the job the token of the login; the server puts it in, and only there. \
         A token in env, script or command is refused. \"$NAME\" works for variables that the operator allowed with --secret-env NAME. \
         Scripts find it as os.environ[\"HF_TOKEN\"], and Hub libraries by themselves.\n\nExamples:\n",
    );
    for verb in offered(policy).filter(|verb| ["uv", "logs", "scheduled run"].contains(&verb.name)) {
        text.push_str(&example(verb));
    }
    text.push_str("\nArguments of an operation: {\"operation\": \"help\", \"args\": {\"operation\": \"uv\"}}");
    text
}

pub(super) fn one(verb: &Verb) -> String {
    let mut text = format!("{}: {}\n", verb.name, verb.about);
    for name in verb.arguments() {
        let Some(argument) = argument(name) else { continue };
        let several = name == "job_id" && verb.arguments().any(|name| name == "job_ids");
        let required = match verb.required.contains(&name) {
            true if several => ", required unless job_ids is given",
            true => ", required",
            false => "",
        };
        text.push_str(
            &["- ", name, " (", form(argument.form), required, "): ", argument.about(verb.name), "\n"].concat(),
        );
    }
    text.push_str("Example:\n");
    text.push_str(&example(verb));
    text
}

fn example(verb: &Verb) -> String {
    format!("{{\"operation\": \"{}\", \"args\": {}}}\n", verb.name, verb.example)
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Text => "string",
        Form::Texts => "list of strings, or a string",
        Form::Time => "time",
        Form::Number => "number",
        Form::Flag => "true or false",
        Form::Map | Form::Secrets => "map, or list of NAME=value",
        Form::Ports => "list of ports",
        Form::Volumes => "list",
        Form::Object => "map",
    }
}
