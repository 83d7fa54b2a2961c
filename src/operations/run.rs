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
            job.warnings.push(Warning::PlaceholderWithoutShell { argument: "command" });
        }
        if let Some((operator, instead)) = command.as_ref().and_then(Command::operator_outside_shell) {
            job.warnings.push(Warning::OperatorWithoutShell { operator, instead });
        }
        let image = image.unwrap_or_else(Image::python);
        let name_base = image.name_base();
        let words = command.as_ref().map(|command| command.arguments().to_vec()).unwrap_or_default();
        let payload = Payload {
            image: Some(image),
            words,
            command,
            argument: "command",
            name_base,
            code: None,
            local_script: None,
            from_script: Vec::new(),
            script_note: None,
        };
        self.submit(payload, job).await
    }
}
