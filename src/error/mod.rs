//! Everything that can go wrong, as data with a stable code. A leaf: every room may name it, and it names none.

mod fault;

pub use fault::{Credential, Fault, LocalFileReason, Problem, SecretProblem};
