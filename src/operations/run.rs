//! `run`: a command in an image.

use super::Work;
use super::draft::RunDraft;
use super::outcome::Outcome;
use super::submit::Payload;
use crate::error::{Error, Warning};
use crate::types::{Command, Image};

impl Work<'_> {
    pub(super) async fn run(&mut self, draft: RunDraft) -> Result<Outcome, Error> {
        let RunDraft { image, command, mut job } = draft;
        if command.as_ref().is_some_and(Command::placeholder_outside_shell) {
            job.warnings.push(Warning::PlaceholderWithoutShell);
        }
        let image = image.unwrap_or_else(Image::python);
        let name_base = image.name_base();
        let code = command.as_ref().and_then(Command::python_code).map(str::to_owned);
        let words = match (&code, &command) {
            (None, Some(command)) => command.arguments().to_vec(),
            _ => Vec::new(),
        };
        let payload =
            Payload { image: Some(image), words, command, argument: "command", name_base, code, local_script: None };
        self.submit(payload, job).await
    }
}
