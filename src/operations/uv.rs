//! `uv`: a script with its dependencies. A URL or a command passes as it is, code travels as a file.

use super::Work;
use super::draft::UvDraft;
use super::inline_script::inline_script;
use super::outcome::Outcome;
use super::script_args;
use super::script_table::{self, Filled};
use super::submit::Payload;
use crate::error::{Error, Warning};
use crate::types::{Command, Dependency, Image, PythonVersion, Script};

/// What editors of Windows put before a text. Python ignores it, and uv sees no metadata right behind it.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// How the metadata of a script begins (PEP 723).
const METADATA: &str = "# /// script";
/// What an answer says of a script's own table where the script is a URL, which the server never fetches.
const TABLE_NOT_READ: &str = "a `[tool.hf-jobs]` table of a script behind a URL is not read: pass image, flavor, timeout and secrets in the call";

impl Work<'_> {
    pub(super) async fn uv(&mut self, mut draft: UvDraft) -> Result<Outcome, Error> {
        let mut local_script = None;
        let code = match &draft.script {
            Some(Script::Inline(source)) => Some(source.as_str().to_owned()),
            Some(Script::LocalFile(path)) => match self.operations.scripts.read(path) {
                Ok(source) => {
                    local_script = Some((path.clone(), source.len()));
                    let credentials = self.operations.scan().clear("script", source.as_str()).err();
                    self.faults.extend(credentials.into_iter().flatten());
                    Some(source)
                }
                Err(problem) => {
                    self.faults.push(problem.at("script"));
                    None
                }
            },
            _ => None,
        };
        let code = code.map(|code| match code.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if rest.starts_with(METADATA) => {
                draft.job.warnings.push(Warning::ByteOrderMark);
                rest.to_owned()
            }
            _ => code,
        });
        let filled = match &code {
            Some(code) => script_table::fill(&mut draft, code, &self.operations.scan()),
            None => Filled::default(),
        };
        self.faults.extend(filled.faults);
        let UvDraft { script, mut script_args, dependencies, python, image, mut job } = draft;
        job.warnings.extend(script_args::check(script.as_ref(), code.as_deref(), &mut script_args));
        let script_note = match &script {
            Some(Script::Url(url)) => {
                let file = url.is_of_page().then(|| Warning::PageOfFile { file: url.as_str().to_owned() });
                job.warnings.extend(file);
                Some(TABLE_NOT_READ)
            }
            _ => None,
        };
        let name_base = script.as_ref().map_or_else(String::new, Script::name_base);
        let options = options(&dependencies, python.as_ref());
        let arguments = match (&script, &code) {
            (Some(Script::Url(url)), _) => Some(plain(&options, url.as_str(), &script_args)),
            (Some(Script::Command(command)), _) => Some(plain(&options, command.as_str(), &script_args)),
            (_, Some(code)) => match inline_script(code, &options, &script_args) {
                Ok(command) => Some(command),
                Err(problem) => {
                    self.faults.push(problem.at("script"));
                    None
                }
            },
            _ => None,
        };
        let beside = match &script {
            Some(Script::Url(url)) => Some(url.as_str()),
            Some(Script::Command(command)) => Some(command.as_str()),
            _ => None,
        };
        let words = beside.map(str::to_owned).into_iter().chain(script_args.iter().cloned()).collect();
        let command = arguments.and_then(|arguments| match Command::new(arguments) {
            Ok(command) => Some(command),
            Err(problem) => {
                self.faults.push(problem.at("script_args"));
                None
            }
        });
        let image = Some(image.unwrap_or_else(Image::uv));
        self.submit(
            Payload {
                image,
                command,
                argument: "script",
                name_base,
                code,
                words,
                local_script,
                from_script: filled.taken,
                script_note,
            },
            job,
        )
        .await
    }
}

/// The options of `uv run` for what a script needs beside what it asks for itself.
fn options(dependencies: &[Dependency], python: Option<&PythonVersion>) -> Vec<String> {
    let with = dependencies.iter().flat_map(|dependency| ["--with".to_owned(), dependency.as_str().to_owned()]);
    let python = python.into_iter().flat_map(|version| ["--python".to_owned(), version.as_str().to_owned()]);
    with.chain(python).collect()
}

fn plain(options: &[String], script: &str, arguments: &[String]) -> Vec<String> {
    let head = ["uv", "run"].map(str::to_owned);
    head.into_iter()
        .chain(options.iter().cloned())
        .chain([script.to_owned()])
        .chain(arguments.iter().cloned())
        .collect()
}
