//! What is remarked on a submission before it is sent: never a refusal, and only for a good reason.

mod python;
mod script;
mod shell;
