//! What the arguments of a script are checked for: words that mean something else to a job than to the caller's machine.

use crate::error::Warning;
use crate::types::{Command, Script};

/// Endings of files that scripts read.
const INPUTS: [&str; 14] =
    ["csv", "ini", "ipynb", "json", "jsonl", "md", "parquet", "py", "sh", "toml", "tsv", "txt", "yaml", "yml"];
/// Parts of a file's name, or of the option before it, that say that the script writes it or reads it from the Hub.
const NOT_LOCAL: [&str; 14] = [
    "out",
    "save",
    "dest",
    "result",
    "report",
    "pred",
    "log",
    "export",
    "write",
    "target",
    "repo",
    "hub",
    "data_file",
    "filename",
];
/// The most files that a warning names.
const NAMED_MAX: usize = 5;

/// Removes a leading `--`, as `hf jobs uv run` does, and warns of what the script can't use.
pub(super) fn check(script: Option<&Script>, code: Option<&str>, arguments: &mut Vec<String>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if arguments.first().is_some_and(|first| first == "--") {
        arguments.remove(0);
        warnings.push(Warning::SeparatorRemoved);
    }
    // A command may be a shell, which replaces what is passed to it.
    let program = match script {
        Some(Script::Command(command)) => command.as_str(),
        _ => "uv",
    };
    let command = std::iter::once(program.to_owned()).chain(arguments.iter().cloned()).collect();
    if Command::new(command).is_ok_and(|command| command.placeholder_outside_shell()) {
        warnings.push(Warning::PlaceholderWithoutShell { argument: "script_args" });
    }
    let names = local_files(arguments, code.unwrap_or_default());
    if !names.is_empty() {
        warnings.push(Warning::LocalFiles { names });
    }
    warnings
}

/// Relative paths of files that the script would read, and that its own code does not name.
fn local_files(arguments: &[String], code: &str) -> Vec<String> {
    let before = std::iter::once("").chain(arguments.iter().map(String::as_str));
    let named = before.zip(arguments).filter_map(|(before, argument)| {
        let (option, path) = match argument.split_once('=') {
            Some((option, path)) if option.starts_with('-') => (option, path),
            _ if before.starts_with('-') => (before, argument.as_str()),
            _ => ("", argument.as_str()),
        };
        let names = [option, path].map(|name| name.to_ascii_lowercase().replace('-', "_"));
        let is_local = is_relative(path) && !names.iter().any(|name| NOT_LOCAL.iter().any(|part| name.contains(part)));
        (is_local && !code.contains(path)).then(|| path.to_owned())
    });
    named.take(NAMED_MAX).collect()
}

/// `input.csv`, `data/train.json`, `~/config.yaml`: not absolute, which may be a mount, and no URL, option or pattern.
fn is_relative(path: &str) -> bool {
    let is_plain = path.chars().all(|char| char.is_alphanumeric() || "._-~/ ".contains(char));
    let ending =
        path.rsplit_once('.').filter(|(name, _)| !name.is_empty()).map(|(_, ending)| ending.to_ascii_lowercase());
    is_plain && !path.starts_with(['/', '-']) && ending.is_some_and(|ending| INPUTS.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_callers_machine_are_recognized() {
        for (arguments, files) in [
            (&["input.csv"][..], &["input.csv"][..]),
            (&["--config", "conf/config.yaml"], &["conf/config.yaml"]),
            (&["--config=config.yaml", "./run.sh"], &["config.yaml", "./run.sh"]),
            (&["in.csv", "out.csv"], &["in.csv"]),
            (&["~/data.jsonl"], &["~/data.jsonl"]),
            (&["--output", "x.json"], &[]),
            (&["-o", "results.json", "--save-to=x.csv", "--log_file", "a.txt"], &[]),
            (&["--data_files", "train.csv", "--filename", "x.json"], &[]),
            (&["/data/in.csv", "hf://datasets/a/b/x.csv", "https://example.org/x.csv", "*.csv"], &[]),
            (&["me/dataset", "Qwen/Qwen2.5-0.5B", "--lr", "1.5", ".csv", "v1.0"], &[]),
        ] {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            assert_eq!(local_files(&arguments, ""), files, "{arguments:?}");
        }
        assert!(local_files(&["a.csv".to_owned()], "download('a.csv')").is_empty());
    }
}
