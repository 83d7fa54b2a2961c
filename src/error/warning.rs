//! What an answer remarks although the call was carried out: data, of which `error::text` makes the words.

use serde_json::Value;

use super::{TokenNote, TokenSource};

/// A remark on a call that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// What should hold the login's token holds something else, or something more.
    LoginText {
        /// The variable or the file.
        source: TokenSource,
        /// What was found there.
        note: TokenNote,
    },
    /// A token was given literally in `secrets`.
    LiteralToken {
        /// The secret's name.
        name: String,
    },
    /// A variable of `env` holds a URL with a password.
    PasswordInEnv {
        /// The variable's name.
        name: String,
    },
    /// The session's token is under a name that Hub libraries do not read.
    UnreadName {
        /// The secret's name.
        name: String,
    },
    /// The script's own table puts secrets into the job that the call did not ask for.
    ScriptSendsSecrets {
        /// Their names.
        names: Vec<String>,
    },
    /// `$HF_TOKEN` in an argument of a command that no shell runs.
    PlaceholderWithoutShell {
        /// `command` or `script_args`.
        argument: &'static str,
    },
    /// A leading `--` of the script's arguments, which was removed.
    SeparatorRemoved,
    /// Arguments of the script that look like files of the caller's machine.
    LocalFiles {
        /// The arguments.
        names: Vec<String>,
    },
    /// The script's URL was that of a web page; the file that the page shows is used.
    PageOfFile {
        /// The URL of the file.
        file: String,
    },
    /// A byte order mark at the start of a script, which was removed.
    ByteOrderMark,
    /// A dry run without a login.
    AfterLogin {
        /// Why there is no login.
        reason: String,
        /// How to log in.
        login: String,
    },
    /// A map was given and is empty: some clients empty what they do not understand.
    EmptyMap {
        /// The argument.
        argument: String,
    },
    /// Names that agent hosts add next to the arguments were left out.
    HostNames {
        /// The names.
        names: Vec<String>,
    },
    /// No operation was named; the call carries what one runs.
    OperationInferred {
        /// The operation.
        operation: &'static str,
    },
    /// Arguments that say how a job is followed, for a scheduled job, which starts later.
    NothingToFollow {
        /// Their names.
        names: Vec<String>,
    },
    /// A shell's operator is an argument of a command that no shell runs.
    OperatorWithoutShell {
        /// The operator.
        operator: String,
        /// The command that passes the line to a shell.
        instead: Value,
    },
    /// A number was out of its range, and cost nothing to cut.
    NumberCut {
        /// The argument.
        argument: &'static str,
        /// The number as given.
        given: String,
        /// The number that was used.
        used: u64,
    },
    /// Labels that a job had and that were not among those that `replace` set.
    LabelsRemoved {
        /// `key=value` of each.
        labels: Vec<String>,
    },
    /// Labels to remove that the job does not have.
    LabelsAbsent {
        /// Their keys.
        keys: Vec<String>,
    },
    /// What the Hub says of the job is not what was asked.
    Differs {
        /// The field.
        field: &'static str,
        /// What was asked.
        asked: String,
        /// What the Hub says.
        got: String,
    },
    /// The answer to the submission was lost; the job was found by its label.
    FoundAgain,
    /// The job was submitted, and its log could not be followed.
    NotFollowed {
        /// Why.
        reason: String,
    },
    /// The time to follow was cut to what the caller's client waits for.
    WaitCut {
        /// What it was cut to, in seconds.
        seconds: u64,
    },
    /// The Hub failed when it was asked last, so that what is told is older.
    Trouble {
        /// Of which job.
        job: String,
        /// Why.
        reason: String,
        /// How old what is told is, in seconds, where that is known.
        age: Option<u64>,
    },
    /// The answer would be too long with all that a job has.
    LeftOut {
        /// Which job.
        job: String,
        /// How many entries of its maps and lists are not told.
        entries: usize,
    },
    /// The place of the cursor is not in the log any more, which was read from its start, or may have been another one.
    Ambiguous,
    /// The job needs the Hub's permission, and no token is in its secrets.
    TokenMissing {
        /// Whether it writes to the Hub; else it reads what needs a login, or asks for one.
        pushes: bool,
        /// Where.
        seen: Seen,
    },
    /// The job writes to the Hub with a token that only reads.
    TokenReadsOnly {
        /// Where.
        seen: Seen,
    },
    /// The job writes files that nothing keeps.
    FilesLost {
        /// Where.
        seen: Seen,
    },
    /// The job trains on an accelerator without a time-out of its own.
    NoTimeout {
        /// Where.
        seen: Seen,
    },
    /// The login's token ends before the job must.
    TokenExpires {
        /// When.
        expires: String,
    },
    /// A schedule keeps the login's token as it is today.
    TokenFrozen {
        /// When the token ends, where it does.
        expires: Option<String>,
    },
}

/// Where a check of a submission saw what it remarks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// A call's name, a flag, a program, or a repository, as the submission spells it.
    pub what: String,
    /// The line of the Python source, counted from 1; none for the command.
    pub line: Option<u32>,
}

impl Seen {
    /// In a line of the source.
    pub fn at(what: &str, line: u32) -> Self {
        Self { what: what.to_owned(), line: Some(line) }
    }

    /// In the command.
    pub fn in_command(what: &str) -> Self {
        Self { what: what.to_owned(), line: None }
    }
}
