//! Where a submission writes to the Hub, or reads from it what needs a login.

use std::collections::HashSet;

use super::Reading;
use super::python::{Kind, Token};
use super::script::{Call, Script, is_just, is_place, is_wish, literal};
use super::shell::Program;
use super::writing::writes;
use crate::error::Seen;

/// What Hub libraries read as the token.
const TOKEN_NAMES: [&str; 4] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"];
/// Calls that write to the Hub whatever they are called on, beside those that begin with `push_to_hub`.
const PUSHES: [&str; 5] =
    ["upload_large_folder", "CommitScheduler", "update_repo_visibility", "update_repo_settings", "add_collection_item"];
/// Calls that write to the Hub in a script that speaks of it: other libraries have such names, too.
const HUB_PUSHES: [&str; 10] = [
    "upload_folder",
    "create_repo",
    "create_commit",
    "create_branch",
    "create_tag",
    "create_pull_request",
    "create_bucket",
    "delete_repo",
    "sync_bucket",
    "batch_bucket_files",
];
/// Names by which a script speaks of the Hub's library.
const HUB_NAMES: [&str; 3] = ["huggingface_hub", "HfApi", "HfFileSystem"];
/// Programs that write to the Hub.
const PUSH_PROGRAMS: [&[&str]; 9] = [
    &["hf", "upload"],
    &["hf", "upload-large-folder"],
    &["hf", "repo", "create"],
    &["hf", "repos", "create"],
    &["hf", "buckets", "create"],
    &["hf", "buckets", "sync"],
    &["hf", "sync"],
    &["huggingface-cli", "upload"],
    &["huggingface-cli", "upload-large-folder"],
];
/// Programs that ask for a login.
const LOGIN_PROGRAMS: [&[&str]; 4] = [
    &["hf", "auth", "login"],
    &["hf", "auth", "whoami"],
    &["huggingface-cli", "login"],
    &["huggingface-cli", "whoami"],
];
/// Calls that read a repository, named by their first argument.
const READS: [&str; 10] = [
    "load_dataset",
    "from_pretrained",
    "snapshot_download",
    "hf_hub_download",
    "repo_info",
    "dataset_info",
    "model_info",
    "list_repo_files",
    "pipeline",
    "read_parquet",
];
/// How that argument is called elsewhere.
const REPOSITORY_KEYWORDS: [&str; 5] = ["repo_id", "path", "pretrained_model_name_or_path", "model", "model_name"];
/// How the names of repositories begin that have been behind a form for years.
const GATED: [&str; 5] =
    ["meta-llama/", "google/gemma-2", "google/gemma-3", "google/gemma-7b", "stabilityai/stable-diffusion-3"];

/// Where something is written to the Hub.
pub(super) fn push(reading: &Reading<'_>) -> Option<Seen> {
    find_push(reading, reading.has_flag(|flag| is_wish(flag) || is_place(flag)))
}

/// Where something is written to the Hub, if only on a wish that the script leaves open.
pub(super) fn possible_push(reading: &Reading<'_>) -> Option<Seen> {
    find_push(reading, true)
}

fn find_push(reading: &Reading<'_>, with_optional: bool) -> Option<Seen> {
    if reading.has_flag(|flag| flag == "push_to_hub") {
        return Some(Seen::in_command("--push_to_hub"));
    }
    let in_program = reading.programs.iter().find_map(|program| {
        let words = PUSH_PROGRAMS.iter().find(|words| program.runs(words))?;
        Some(Seen::in_command(&words.join(" ")))
    });
    in_program.or_else(|| reading.scripts.iter().find_map(|script| push_in(script, with_optional)))
}

fn push_in(script: &Script<'_>, with_optional: bool) -> Option<Seen> {
    let speaks_of_hub = script.mentions(&HUB_NAMES);
    let pushes = |call: &&Call<'_>| {
        let is_upload =
            || ["repo_id", "path_or_fileobj", "*"].iter().any(|keyword| script.keyword(call, keyword).is_some());
        let is_push = call.name.starts_with("push_to_hub")
            || PUSHES.contains(&call.name)
            || (speaks_of_hub && HUB_PUSHES.contains(&call.name))
            || (speaks_of_hub && call.name == "upload_file" && is_upload());
        is_push && (with_optional || !call.is_optional)
    };
    let call = script.calls().iter().find(pushes).map(|call| Seen::at(call.name, call.line));
    let set = || script.sets_true("push_to_hub").map(|line| Seen::at("push_to_hub=True", line));
    let file = || {
        let mut to_hub = writes(script).filter(|write| write.path.is_some_and(|path| path.starts_with("hf://")));
        to_hub.next().map(|write| Seen::at(write.name, write.line))
    };
    call.or_else(set).or_else(file).or_else(|| program_in(script.tokens()))
}

/// `subprocess.run(["hf", "upload", …])`, `os.system("hf upload …")`.
fn program_in(tokens: &[Token<'_>]) -> Option<Seen> {
    let is_upload = |window: &[Token<'_>]| match window {
        [open, line] if open.is_mark("(") => line.text().is_some_and(is_upload_line),
        [program, comma, verb] if comma.is_mark(",") => {
            program.text().is_some_and(|program| matches!(program, "hf" | "huggingface-cli"))
                && verb.text().is_some_and(|verb| verb.starts_with("upload"))
        }
        _ => false,
    };
    let found = tokens.windows(2).chain(tokens.windows(3)).find(|window| is_upload(window))?;
    Some(Seen::at("hf upload", found.first()?.line))
}

fn is_upload_line(line: &str) -> bool {
    let mut words = line.split_whitespace();
    matches!(words.next(), Some("hf" | "huggingface-cli"))
        && words.next().is_some_and(|verb| verb.starts_with("upload"))
}

/// Where something is read that needs a login, or a login is asked for.
pub(super) fn private_read(reading: &Reading<'_>) -> Option<Seen> {
    let in_script = reading.scripts.iter().find_map(|script| {
        let call = script.calls().iter().find_map(|call| private_call(script, call));
        read_of_token(script.tokens()).or(call).or_else(|| gated_literal(script.tokens()))
    });
    in_script.or_else(|| reading.programs.iter().find_map(|program| private_program(program, reading.is_shell)))
}

/// Whether a script sets the token's variable itself.
pub(super) fn brings_token(reading: &Reading<'_>) -> bool {
    let sets = |window: &[Token<'_>]| match window {
        [name, close, is] => name.text().is_some_and(is_token_name) && close.is_mark("]") && is.is_mark("="),
        _ => false,
    };
    reading.scripts.iter().any(|script| script.tokens().windows(3).any(sets))
}

/// Whether one of these secrets, by a name of its own choice, is the token that the script reads.
pub(super) fn reads_own_token(reading: &Reading<'_>, secrets: &[&str]) -> bool {
    let sounds_like_token = |name: &&&str| {
        let lower = name.to_ascii_lowercase();
        ["token", "hf_", "hugging"].iter().any(|word| lower.contains(word))
    };
    secrets.iter().filter(sounds_like_token).any(|name| {
        let in_script = |script: &Script<'_>| script.tokens().iter().any(|token| token.text() == Some(*name));
        let in_program =
            |program: &Program| program.words.iter().any(|word| word.split('$').skip(1).any(|rest| refers(rest, name)));
        reading.scripts.iter().any(in_script) || reading.programs.iter().any(in_program)
    })
}

/// Whether what follows a dollar names this variable.
fn refers(rest: &str, name: &str) -> bool {
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    rest.strip_prefix(name).is_some_and(ends)
}

fn is_token_name(name: &str) -> bool {
    TOKEN_NAMES.contains(&name)
}

/// `os.environ["HF_TOKEN"]`, `os.getenv("HF_TOKEN")`, `"HF_TOKEN" in os.environ`; not where the script says that it does
/// without: `token or os.getenv("HF_TOKEN")`, or `if token:` later on.
fn read_of_token(tokens: &[Token<'_>]) -> Option<Seen> {
    let tested: HashSet<&str> = tokens
        .windows(3)
        .filter_map(|window| match window {
            [test, name, colon] if test.is_name("if") && colon.is_mark(":") => name.name(),
            _ => None,
        })
        .collect();
    let found = tokens.split(|token| matches!(token.kind, Kind::Line(_))).find_map(|line| {
        let read = line.windows(3).find_map(reads_token)?;
        let is_optional = match line {
            [name, is, ..] if is.is_mark("=") && name.name().is_some_and(|name| tested.contains(name)) => true,
            [test, next, ..] if test.is_name("if") && !next.is_name("not") => true,
            _ => line.iter().any(|token| token.is_name("or")),
        };
        let is_strict = line.windows(2).any(|pair| matches!(pair, [open, name] if open.is_mark("[") && name == read));
        (is_strict || !is_optional).then_some(read)
    })?;
    Some(Seen::at(found.text()?, found.line))
}

fn reads_token<'t, 'a>(window: &'t [Token<'a>]) -> Option<&'t Token<'a>> {
    match window {
        [reads, open, name] if name.text().is_some_and(is_token_name) => {
            let subscript = open.is_mark("[") && reads.is_name("environ");
            let called = open.is_mark("(") && ["get", "getenv"].iter().any(|word| reads.is_name(word));
            (subscript || called).then_some(name)
        }
        [name, is_in, os] if is_in.is_name("in") && (os.is_name("os") || os.is_name("environ")) => {
            Some(name).filter(|name| name.text().is_some_and(is_token_name))
        }
        _ => None,
    }
}

fn private_call(script: &Script<'_>, call: &Call<'_>) -> Option<Seen> {
    for keyword in ["token", "use_auth_token"] {
        if script.keyword(call, keyword).is_some_and(|value| is_just(value, "True")) {
            return Some(Seen::at(&format!("{keyword}=True"), call.line));
        }
    }
    let is_login = matches!(call.name, "login" | "interpreter_login" | "notebook_login" | "whoami")
        && matches!(call.receiver, None | Some("huggingface_hub" | "api" | ""))
        && script.positional(call, 0).is_none()
        && script.keyword(call, "token").is_none();
    if is_login && script.mentions(&HUB_NAMES) {
        return Some(Seen::at(call.name, call.line));
    }
    if !READS.contains(&call.name) {
        return None;
    }
    let repository = script.subject(call, &REPOSITORY_KEYWORDS).and_then(literal)?;
    let name = repository.strip_prefix("hf://").map_or(repository, |path| path.trim_start_matches("datasets/"));
    let is_hub_path = name.len() < repository.len();
    ((is_hub_path || is_repository(name)) && says_private(name)).then(|| Seen::at(repository, call.line))
}

/// The name of a gated repository that is given to a call or a variable; a default of the command line's may be overruled.
fn gated_literal(tokens: &[Token<'_>]) -> Option<Seen> {
    let found = tokens.windows(3).find_map(|window| match window {
        [before, given, name] if name.text().is_some_and(is_gated) => {
            let called =
                given.is_mark("(") && !["startswith", "print", "split"].iter().any(|word| before.is_name(word));
            let set =
                given.is_mark("=") && matches!(before.kind, Kind::Name(word) if !matches!(word, "default" | "help"));
            (called || set).then_some(name)
        }
        _ => None,
    })?;
    Some(Seen::at(found.text()?, found.line))
}

fn private_program(program: &Program, is_shell: bool) -> Option<Seen> {
    if let Some(words) = LOGIN_PROGRAMS.iter().find(|words| program.runs(words)) {
        return Some(Seen::in_command(&words.join(" ")));
    }
    let reads = |word: &String| {
        is_shell && word.split('$').skip(1).any(|rest| TOKEN_NAMES.iter().any(|name| refers(rest, name)))
    };
    if program.words.iter().any(reads) {
        return Some(Seen::in_command("$HF_TOKEN"));
    }
    let is_download = program.runs(&["hf", "download"]) || program.runs(&["huggingface-cli", "download"]);
    let private = |word: &&String| is_gated(word) || (is_download && is_repository(word) && says_private(word));
    program.words.iter().find(private).map(|word| Seen::in_command(word))
}

fn is_gated(name: &str) -> bool {
    is_repository(name) && GATED.iter().any(|prefix| name.starts_with(prefix))
}

/// `OWNER/NAME`.
fn is_repository(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric())
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
    };
    name.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}

/// Whether a repository's name says so: `my-org/private-corpus`.
fn says_private(name: &str) -> bool {
    name.split(['/', '-', '_', '.', '@'])
        .any(|word| ["private", "gated"].iter().any(|says| word.eq_ignore_ascii_case(says)))
}
