//! The words of what an answer remarks.

use super::{TOKEN_SETTINGS, short};
use crate::error::{Seen, TokenNote, TokenSource, Warning};

impl Warning {
    /// The warning's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LoginText { note: TokenNote::Placeholder, .. } => "login_ignored",
            Self::LoginText { .. } => "login_cleaned",
            Self::LiteralToken { .. } => "literal_token",
            Self::UnreadName { .. } => "unread_secret_name",
            Self::PasswordInEnv { .. } => "password_in_env",
            Self::ScriptSendsSecrets { .. } => "secrets_from_script",
            Self::PlaceholderWithoutShell { .. } => "placeholder_without_shell",
            Self::SeparatorRemoved => "separator_removed",
            Self::LocalFiles { .. } => "local_files",
            Self::PageOfFile { .. } => "page_of_file",
            Self::ByteOrderMark => "byte_order_mark",
            Self::AfterLogin { .. } => "not_logged_in",
            Self::EmptyMap { .. } => "empty_map",
            Self::HostNames { .. } => "host_names_ignored",
            Self::OperationInferred { .. } => "operation_inferred",
            Self::NothingToFollow { .. } => "nothing_to_follow",
            Self::OperatorWithoutShell { .. } => "operator_without_shell",
            Self::NumberCut { .. } => "number_cut",
            Self::Differs { .. } => "differs_from_request",
            Self::LabelsRemoved { .. } => "labels_removed",
            Self::LabelsAbsent { .. } => "labels_absent",
            Self::FoundAgain => "answer_lost",
            Self::NotFollowed { .. } => "not_followed",
            Self::WaitCut { .. } => "wait_cut",
            Self::Trouble { .. } => "hub_trouble",
            Self::LeftOut { .. } => "left_out",
            Self::Ambiguous => "ambiguous",
            Self::TokenMissing { .. } => "no_token_in_secrets",
            Self::TokenReadsOnly { .. } => "token_cannot_write",
            Self::FilesLost { .. } => "files_are_lost",
            Self::NoTimeout { .. } => "no_timeout",
            Self::TokenExpires { .. } => "token_expires",
            Self::TokenFrozen { .. } => "token_is_frozen",
        }
    }

    /// What is remarked.
    pub fn message(&self) -> String {
        match self {
            Self::LoginText { source, note } => token_note(source, *note),
            Self::LiteralToken { name } => {
                format!("secret `{name}` was given as a literal token, which is now in this conversation")
            }
            Self::PasswordInEnv { name } => {
                format!("`env.{name}` holds a URL with a password, and everybody who may see the job can read it")
            }
            Self::UnreadName { name } => format!("the token is in `{name}`, where Hub libraries don't look"),
            Self::ScriptSendsSecrets { names } => {
                let names = short(&names.join("`, `"));
                format!(
                    "the script's own `[tool.hf-jobs]` table puts `{names}` into the job's secrets; the call did not"
                )
            }
            Self::PlaceholderWithoutShell { argument } => {
                format!("`$HF_TOKEN` in `{argument}` is passed on as these nine characters: no shell replaces it")
            }
            Self::SeparatorRemoved => {
                "the leading `--` of `script_args` was removed: it would make the script read every option as a plain argument".to_owned()
            }
            Self::LocalFiles { names } => {
                let names = short(&names.join("`, `"));
                format!("`script_args` names `{names}`; files of your machine are not uploaded with the job")
            }
            Self::PageOfFile { file } => format!("`script` is the URL of a web page; the job runs the file behind it: `{}`", short(file)),
            Self::ByteOrderMark => {
                "the byte order mark at the start of the script was removed: uv does not see the metadata behind it".to_owned()
            }
            Self::AfterLogin { reason, .. } => {
                format!("{reason}; the namespace and the secrets of the login read `after login`")
            }
            Self::EmptyMap { argument } => {
                format!("`{argument}` is empty; some clients empty a map that they don't understand")
            }
            Self::HostNames { names } => format!("ignored next to `args`: {}", names_of(names)),
            Self::OperationInferred { operation } => format!("no `operation` was given; `{operation}` was used"),
            Self::NothingToFollow { names } => {
                format!("ignored: {}; a scheduled job starts later, so there is nothing to follow", names_of(names))
            }
            Self::OperatorWithoutShell { operator, .. } => {
                format!("`{}` in `command` is passed to the program as an argument: no shell reads it", short(operator))
            }
            Self::NumberCut { argument, given, used } => {
                format!("`{argument}`: `{}` is out of range; {used} was used", short(given))
            }
            Self::Differs { field, asked, got } => {
                format!("`{field}` is `{}` on the Hub, and `{}` was asked for", short(got), short(asked))
            }
            Self::LabelsRemoved { labels } => {
                format!("`replace` removed these labels: `{}`", short(&labels.join("`, `")))
            }
            Self::LabelsAbsent { keys } => format!("the job has no label `{}`", short(&keys.join("`, `"))),
            Self::FoundAgain => {
                "the Hub's answer was lost; what was started was found again, and was sent once".to_owned()
            }
            Self::NotFollowed { reason } => {
                format!("the job was submitted, and its output can't be followed: {reason}")
            }
            Self::WaitCut { seconds } => format!("{seconds} s at most: clients cut longer calls"),
            Self::Trouble { job, reason, age } => {
                let age = age.map(|seconds| format!(", and is {seconds} s old")).unwrap_or_default();
                format!("the Hub failed when it was asked last, so what is told of job {job} may not be the newest{age}: {reason}")
            }
            Self::LeftOut { job, entries } => format!(
                "{entries} entries of the labels, secrets, mounts or environment of `{job}` are left out: the answer would be too long"
            ),
            Self::Ambiguous => {
                "the log can't tell where the earlier answer ended; nothing is left out, and some lines may have come before"
                    .to_owned()
            }
            Self::TokenMissing { pushes: true, seen } => {
                format!("the job writes to the Hub ({}), and no token is in `secrets`", place(seen))
            }
            Self::TokenMissing { pushes: false, seen } => {
                format!("the job needs a token ({}), and none is in `secrets`", place(seen))
            }
            Self::TokenReadsOnly { seen } => {
                format!("the job writes to the Hub ({}), and this login's token can only read", place(seen))
            }
            Self::FilesLost { seen } => {
                format!("the job writes files ({}) that nothing keeps: its disk goes when it ends", place(seen))
            }
            Self::NoTimeout { seen } => {
                format!("the job trains ({}) and has no `timeout`: the Hub stops it after 30 minutes", place(seen))
            }
            Self::TokenExpires { expires } => {
                format!(
                    "the login's token ends at {expires}, before the job's time is over; the job's copy is not renewed"
                )
            }
            Self::TokenFrozen { expires: Some(expires) } => {
                format!("the schedule keeps today's token, which ends at {expires}: runs after that fail at the Hub")
            }
            Self::TokenFrozen { expires: None } => {
                "the schedule keeps today's token: a later login or a new token does not reach it".to_owned()
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::LoginText { note: TokenNote::Placeholder, .. } => {
                format!("set it to a token from {TOKEN_SETTINGS}, or remove it")
            }
            Self::LoginText { .. } => "leave the token alone there".to_owned(),
            Self::LiteralToken { name } => format!(
                "next time pass \"secrets\": {{\"{name}\": \"$HF_TOKEN\"}}, and replace the token at {TOKEN_SETTINGS}"
            ),
            Self::PasswordInEnv { name } => {
                format!("move it: \"secrets\": {{\"{name}\": \"…\"}} with the same value reaches the job as the same variable")
            }
            Self::UnreadName { .. } => {
                "pass \"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"} unless the script reads that name itself".to_owned()
            }
            Self::ScriptSendsSecrets { .. } => {
                "if the user does not want that, cancel the job, and pass the code without that line of its table".to_owned()
            }
            Self::PlaceholderWithoutShell { argument: "command" } => {
                "pass \"command\": [\"/bin/sh\", \"-c\", \"…\"] to have it replaced inside the job".to_owned()
            }
            Self::PlaceholderWithoutShell { .. } => {
                "leave it out and pass \"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"}: Hub libraries find the token by themselves, and a script as os.environ[\"HF_TOKEN\"]".to_owned()
            }
            Self::SeparatorRemoved => "leave out the `--`".to_owned(),
            Self::LocalFiles { .. } => {
                "put them into a Hub repository or bucket and mount it with `volumes`, or let the script download them".to_owned()
            }
            Self::PageOfFile { file } => format!("next time pass \"script\": \"{file}\""),
            Self::ByteOrderMark => "save the script as UTF-8 without a byte order mark".to_owned(),
            Self::AfterLogin { login, .. } => login.clone(),
            Self::EmptyMap { argument } => format!("pass `{argument}` as a list of \"NAME=value\" instead"),
            Self::HostNames { .. } => "none is needed; an agent host added them".to_owned(),
            Self::OperationInferred { operation } => format!("pass \"operation\": \"{operation}\""),
            Self::NothingToFollow { .. } => "leave them out".to_owned(),
            Self::OperatorWithoutShell { instead, .. } => format!("if a shell was meant, pass \"command\": {instead}"),
            Self::NumberCut { argument, used, .. } => format!("pass `{argument}` as {used} to avoid this warning"),
            Self::Differs { .. } => "cancel the job if that matters".to_owned(),
            Self::LabelsRemoved { .. } => "to restore them, send them as `labels` without `replace`".to_owned(),
            Self::LabelsAbsent { .. } => "the answer lists the labels of the job; check the spelling".to_owned(),
            Self::FoundAgain => "don't send it again".to_owned(),
            Self::NotFollowed { .. } => "read it with {\"operation\": \"logs\"} and the job's id".to_owned(),
            Self::WaitCut { seconds } => format!("pass at most {seconds}s, and call again to wait longer"),
            Self::Trouble { .. } => "ask again in a minute".to_owned(),
            Self::LeftOut { .. } => "inspect it alone, or see its page".to_owned(),
            Self::Ambiguous => "go on with the new `next_cursor`".to_owned(),
            Self::TokenMissing { .. } => "add \"secrets\": {\"HF_TOKEN\": \"$HF_TOKEN\"}".to_owned(),
            Self::TokenReadsOnly { .. } => format!(
                "make a token that can write at {TOKEN_SETTINGS} and log in with it (`hf auth login`), then submit again"
            ),
            Self::FilesLost { .. } => {
                "push or upload them at the script's end, or add \"volumes\": [\"hf://buckets/<owner>/<name>:/data:rw\"] and \
                 write below `/data`"
                    .to_owned()
            }
            Self::NoTimeout { .. } => "add `timeout`: what the training takes, with a margin".to_owned(),
            Self::TokenExpires { .. } => format!(
                "run `hf auth login` first, or log in with a token of {TOKEN_SETTINGS}, which does not end, or shorten \
                 `timeout`"
            ),
            Self::TokenFrozen { expires } => {
                let renew = "after a new login call \"scheduled delete\" and create the schedule again";
                match expires {
                    Some(_) => format!("log in with a token of {TOKEN_SETTINGS}, which does not end; or {renew}"),
                    None => renew.to_owned(),
                }
            }
        }
    }
}

fn token_note(source: &TokenSource, note: TokenNote) -> String {
    match note {
        TokenNote::Placeholder => {
            format!("`{source}` is ignored: it is a placeholder such as `null` or `${{…}}`, not a token")
        }
        TokenNote::Quotes => format!("`{source}` has quotes around the token, which are ignored"),
        TokenNote::Bearer => format!("`{source}` has `Bearer` before the token, which is ignored"),
        TokenNote::Assignment => {
            format!("`{source}` has the name of a variable before the token, which is ignored")
        }
    }
}

fn names_of(names: &[String]) -> String {
    short(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
}

/// What a check saw, and where.
fn place(seen: &Seen) -> String {
    let what = short(&seen.what);
    match seen.line {
        Some(line) => format!("`{what}` in line {line}"),
        None => format!("`{what}` in the command"),
    }
}
