//! The whole text of every error and warning, committed: a change of wording is seen in review. The lists are held complete by
//! matches that name every variant: a new one does not compile until it is here.

use std::collections::BTreeSet;
use std::time::Duration;

use hf_jobs_mcp::error::{
    Access, CertificateFault, ConnectError, ConnectFault, Credential, Defect, Error, Fault, FlavorLack, HubError, Lack,
    LocalFileReason, LoginFacts, Problem, Refusal, Request, SecretProblem, Seen, Thing, TokenNote, TokenSource, Trace,
    Unreadable, Warning,
};
use serde_json::json;

const JOB: &str = "66f0a1b2c3d4e5f601234567";
const SCHEDULED: &str = "66f0a1b2c3d4e5f6000000aa";

fn kind_of_error(error: &Error) -> &'static str {
    match error {
        Error::NotLoggedIn { .. } => "not logged in",
        Error::UnusableLogin { .. } => "unusable login",
        Error::Arguments { .. } => "arguments",
        Error::UnknownOperation { given: None, .. } => "no operation",
        Error::UnknownOperation { .. } => "unknown operation",
        Error::OtherTool { .. } => "other tool",
        Error::TooLarge { .. } => "too large",
        Error::Unreadable(why) => match why {
            Unreadable::NotUtf8 => "not UTF-8",
            Unreadable::LoneSurrogate { .. } => "lone surrogate",
            Unreadable::TooDeep => "too deep",
            Unreadable::NumberTooLarge => "number too large",
            Unreadable::NotJson { .. } => "not JSON",
            Unreadable::Batch => "batch",
            Unreadable::Id => "id",
            Unreadable::Params => "params",
            Unreadable::NotAMessage => "not a message",
        },
        Error::Hub(_) => "hub",
        Error::SubmissionUnconfirmed { trace, .. } => match trace {
            Trace::Label(_) => "unconfirmed job",
            Trace::ScheduleLabel(_) => "unconfirmed schedule",
            Trace::CopyOf(_) => "unconfirmed copy",
            Trace::RunOf(_) => "unconfirmed run",
        },
        Error::PolicyDenied { .. } => "policy denied",
        Error::Cancelled => "cancelled",
        Error::Internal { .. } => "internal",
    }
}
const ERRORS: usize = 24;

fn kind_of_refusal(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Unauthorized => "401",
        Refusal::LoginEnded => "401 of a browser login",
        Refusal::PaymentRequired => "402",
        Refusal::Forbidden => "403",
        Refusal::NotFound => "404",
        Refusal::Conflict => "409",
        Refusal::RateLimited(Some(_)) => "429 with a wait",
        Refusal::RateLimited(None) => "429",
        Refusal::Rejected(_) => "400",
        Refusal::Failed(_) => "5xx",
        Refusal::Unsent(error) => match &error.fault {
            ConnectFault::UnknownName => "unknown name",
            ConnectFault::Refused => "refused connection",
            ConnectFault::TimedOut => "slow connection",
            ConnectFault::Certificate(fault) => match fault {
                CertificateFault::UnknownIssuer => "unknown issuer",
                CertificateFault::Expired => "expired certificate",
                CertificateFault::NotYetValid => "early certificate",
                CertificateFault::OtherName => "certificate of another name",
                CertificateFault::Revoked => "revoked certificate",
                CertificateFault::Other(_) => "other certificate fault",
            },
            ConnectFault::NoAuthorities => "no authorities",
            ConnectFault::Tls(_) => "no tls",
            ConnectFault::ProxyLogin => "login of the proxy",
            ConnectFault::ProxyRefused => "refused by the proxy",
            ConnectFault::Other(_) => "other connection fault",
        },
        Refusal::Unreachable(_) => "unreachable",
        Refusal::TimedOut => "timed out",
        Refusal::OutOfTime => "out of time",
        Refusal::Busy => "busy",
        Refusal::BadAnswer(defect) => match defect {
            Defect::NotJson => "not json",
            Defect::Lacks(_) => "lacks",
            Defect::TooLong(_) => "too long",
            Defect::OtherOrigin => "other origin",
        },
        Refusal::Unexpected(_) => "unexpected status",
    }
}
const REFUSALS: usize = 33;

fn kind_of_problem(problem: &Problem) -> &'static str {
    match problem {
        Problem::Unknown { nearest: Some(_) } => "unknown, near",
        Problem::Unknown { nearest: None } => "unknown",
        Problem::OfHost => "of host",
        Problem::TimeZone { .. } => "time zone",
        Problem::Placeholder => "placeholder of an answer",
        Problem::UnknownFlavor { lack, .. } => match lack {
            FlavorLack::Alike => "flavor: alike",
            FlavorLack::Gpus => "flavor: gpus",
            FlavorLack::NoTpus => "flavor: no tpus",
            FlavorLack::Any => "flavor: any",
        },
        Problem::Missing => "missing",
        Problem::WrongType { .. } => "wrong type",
        Problem::Malformed { instead: Some(_), .. } => "malformed, instead",
        Problem::Malformed { instead: None, .. } => "malformed",
        Problem::Conflict { .. } => "conflict",
        Problem::Credential { credential, .. } => match credential {
            Credential::TokenName => "token name",
            Credential::Placeholder => "placeholder",
            Credential::HubToken => "hub token",
            Credential::SessionToken => "session token",
            Credential::VendorKey(_) => "vendor key",
            Credential::UrlUserinfo => "userinfo",
        },
        Problem::GroupAlone => "group alone",
        Problem::Secret(problem) => match problem {
            SecretProblem::NotLoggedIn => "secret without login",
            SecretProblem::NotAllowed { .. } => "secret not allowed",
            SecretProblem::Unset { .. } => "secret unset",
            SecretProblem::Slip { .. } => "secret slip",
        },
        Problem::LocalFile { reason, .. } => match reason {
            LocalFileReason::NoDirectory => "file: no directory",
            LocalFileReason::Outside => "file: outside",
            LocalFileReason::Hidden => "file: hidden",
            LocalFileReason::Missing => "file: missing",
            LocalFileReason::NotAFile => "file: not a file",
            LocalFileReason::NotAScript => "file: not a script",
            LocalFileReason::TooLarge { .. } => "file: too large",
            LocalFileReason::NotText { encoding: None } => "file: not text",
            LocalFileReason::NotText { encoding: Some(_) } => "file: other encoding",
            LocalFileReason::Nul => "file: nul",
            LocalFileReason::Io(_) => "file: io",
        },
    }
}
const PROBLEMS: usize = 36;

fn kind_of_warning(warning: &Warning) -> &'static str {
    match warning {
        Warning::LoginText { .. } => "login text",
        Warning::LiteralToken { .. } => "literal token",
        Warning::UnreadName { .. } => "unread name",
        Warning::PasswordInEnv { .. } => "password in env",
        Warning::PlaceholderWithoutShell { argument: "command" } => "placeholder without shell",
        Warning::PlaceholderWithoutShell { .. } => "placeholder in script_args",
        Warning::SeparatorRemoved => "separator removed",
        Warning::LocalFiles { .. } => "local files",
        Warning::PageOfFile { .. } => "page of file",
        Warning::ByteOrderMark => "byte order mark",
        Warning::AfterLogin { .. } => "after login",
        Warning::EmptyMap { .. } => "empty map",
        Warning::HostNames { .. } => "host names",
        Warning::OperationInferred { .. } => "operation inferred",
        Warning::NothingToFollow { .. } => "nothing to follow",
        Warning::OperatorWithoutShell { .. } => "operator without shell",
        Warning::NumberCut { .. } => "number cut",
        Warning::Differs { .. } => "differs",
        Warning::LabelsRemoved { .. } => "labels removed",
        Warning::LabelsAbsent { .. } => "labels absent",
        Warning::FoundAgain => "found again",
        Warning::NotFollowed { .. } => "not followed",
        Warning::WaitCut { .. } => "wait cut",
        Warning::Trouble { .. } => "trouble",
        Warning::LeftOut { .. } => "left_out",
        Warning::Ambiguous => "ambiguous",
        Warning::ScriptSendsSecrets { .. } => "script sends secrets",
        Warning::TokenMissing { .. } => "token missing",
        Warning::TokenReadsOnly { .. } => "token reads only",
        Warning::FilesLost { .. } => "files lost",
        Warning::NoTimeout { .. } => "no timeout",
        Warning::TokenExpires { .. } => "token expires",
        Warning::TokenFrozen { .. } => "token frozen",
    }
}
const WARNINGS: usize = 33;

fn facts(lack: Option<Lack>) -> LoginFacts {
    LoginFacts {
        account: "alice".to_owned(),
        is_organisation: true,
        allowed: vec!["alice".to_owned(), "lab".to_owned()],
        lack,
    }
}

fn refused(refusal: Refusal, thing: Option<Thing>, lack: Option<LoginFacts>) -> HubError {
    HubError {
        tries: if refusal.retryable() { 4 } else { 1 },
        refusal,
        request: Request::within("acme", thing, Access::Write),
        host: "huggingface.co".to_owned(),
        message: None,
        request_id: None,
        login: Some(TokenSource::Variable("HF_TOKEN")),
        facts: lack.map(Box::new),
    }
}

fn refusals() -> Vec<HubError> {
    let plain = [
        Refusal::Unauthorized,
        Refusal::LoginEnded,
        Refusal::PaymentRequired,
        Refusal::Forbidden,
        Refusal::NotFound,
        Refusal::Conflict,
        Refusal::RateLimited(Some(Duration::from_secs(55))),
        Refusal::RateLimited(None),
        Refusal::Rejected(422),
        Refusal::Failed(503),
        Refusal::Unreachable("connection reset".to_owned()),
        Refusal::TimedOut,
        Refusal::OutOfTime,
        Refusal::Busy,
        Refusal::BadAnswer(Defect::NotJson),
        Refusal::BadAnswer(Defect::Lacks("a job")),
        Refusal::BadAnswer(Defect::TooLong(16_777_216)),
        Refusal::BadAnswer(Defect::OtherOrigin),
        Refusal::Unexpected(418),
    ];
    let mut all: Vec<HubError> = plain.into_iter().map(|refusal| refused(refusal, None, None)).collect();
    let file = TokenSource::File("/home/alice/.cache/huggingface/token".into());
    all.push(HubError { login: Some(file), ..refused(Refusal::Unauthorized, None, None) });
    let unsent = |fault, at_proxy| refused(Refusal::Unsent(ConnectError { fault, at_proxy }), None, None);
    all.extend([
        unsent(ConnectFault::UnknownName, false),
        unsent(ConnectFault::UnknownName, true),
        unsent(ConnectFault::Refused, false),
        unsent(ConnectFault::Refused, true),
        unsent(ConnectFault::TimedOut, false),
        unsent(ConnectFault::NoAuthorities, false),
        unsent(ConnectFault::Tls("received corrupt message".to_owned()), false),
        unsent(ConnectFault::ProxyLogin, true),
        unsent(ConnectFault::ProxyRefused, true),
        unsent(ConnectFault::Other("connection reset".to_owned()), false),
        unsent(ConnectFault::Certificate(CertificateFault::UnknownIssuer), false),
        unsent(ConnectFault::Certificate(CertificateFault::UnknownIssuer), true),
        unsent(ConnectFault::Certificate(CertificateFault::Expired), false),
        unsent(ConnectFault::Certificate(CertificateFault::NotYetValid), false),
        unsent(ConnectFault::Certificate(CertificateFault::OtherName), false),
        unsent(ConnectFault::Certificate(CertificateFault::Revoked), false),
        unsent(ConnectFault::Certificate(CertificateFault::Other("bad encoding".to_owned())), false),
    ]);
    let lacks = [Lack::ReadToken, Lack::JobPermission, Lack::JobScope, Lack::OrganisationRole, Lack::Membership];
    all.extend(lacks.map(|lack| refused(Refusal::Forbidden, None, Some(facts(Some(lack))))));
    all.push(refused(Refusal::PaymentRequired, None, Some(facts(None))));
    let job = Thing::Job(JOB.to_owned());
    all.push(refused(Refusal::NotFound, Some(job.clone()), None));
    all.push(refused(Refusal::NotFound, Some(job.clone()), Some(facts(None))));
    all.push(refused(Refusal::NotFound, Some(Thing::ScheduledJob(SCHEDULED.to_owned())), Some(facts(None))));
    all.push(refused(Refusal::Conflict, Some(Thing::ScheduledJob(SCHEDULED.to_owned())), None));
    for request in [Request::WhoAmI, Request::Renewal, Request::Hardware] {
        let error = refused(Refusal::Forbidden, None, None);
        all.push(HubError { request: request.clone(), ..error.clone() });
        all.push(HubError { request, refusal: Refusal::NotFound, ..error });
    }
    let read = Request::within("acme", None, Access::Read);
    all.push(HubError { request: read, ..refused(Refusal::Forbidden, None, None) });
    all.push(HubError {
        message: Some("Invalid flavor".to_owned()),
        request_id: Some("Root=1-0-0".to_owned()),
        ..refused(Refusal::Rejected(400), None, None)
    });
    all
}

fn problems() -> Vec<Fault> {
    let credential = |credential| Problem::Credential { credential, secret: "HF_TOKEN".to_owned() };
    let file = |reason| Problem::LocalFile { path: "train.py".to_owned(), reason };
    let mut all = vec![
        Problem::Unknown { nearest: Some("timeout".to_owned()) }.at("timout"),
        Problem::Unknown { nearest: None }.at("zzz"),
        Problem::OfHost.at("sessionId"),
        Problem::TimeZone { schedule: "0 9 * * *".to_owned(), utc: vec![("UTC+2".to_owned(), "0 7 * * *".to_owned())] }
            .at("timezone"),
        Problem::Placeholder.at("schedule"),
        Problem::Missing.at("command"),
        Problem::Missing.at("job_id"),
        Problem::Missing.at("scheduled_job_id"),
        Problem::WrongType { expected: "a list of strings", found: "a number" }.at("command"),
        Problem::malformed_instead("5x", "a number of seconds", "5m").at("timeout"),
        Problem::malformed("5x", "a number of seconds").at("timeout"),
        Problem::Conflict { with: "labels.name".to_owned() }.at("name"),
        Problem::Conflict { with: "flavor".to_owned() }.at("flavor"),
        Problem::GroupAlone.at("resource_group_id"),
    ];
    let credentials = [
        Credential::TokenName,
        Credential::Placeholder,
        Credential::HubToken,
        Credential::SessionToken,
        Credential::VendorKey("OpenAI"),
        Credential::UrlUserinfo,
    ];
    let lacks = [FlavorLack::Alike, FlavorLack::Gpus, FlavorLack::NoTpus, FlavorLack::Any];
    all.extend(lacks.map(|lack| {
        let offered = vec![("t4-small".to_owned(), Some("$0.40".to_owned())), ("new".to_owned(), None)];
        Problem::UnknownFlavor { asked: "x".to_owned(), lack, offered, instead: None }.at("flavor")
    }));
    all.extend(credentials.map(|found| credential(found).at("env.HF_TOKEN")));
    let variable = || "WANDB_API_KEY".to_owned();
    let secrets = [
        SecretProblem::NotLoggedIn,
        SecretProblem::NotAllowed { variable: variable() },
        SecretProblem::Unset { variable: variable() },
        SecretProblem::Slip { value: "HF_TOKEN".to_owned() },
    ];
    all.extend(secrets.map(|problem| Problem::Secret(problem).at("secrets.HF_TOKEN")));
    let files = [
        LocalFileReason::NoDirectory,
        LocalFileReason::Outside,
        LocalFileReason::Hidden,
        LocalFileReason::Missing,
        LocalFileReason::NotAFile,
        LocalFileReason::NotAScript,
        LocalFileReason::TooLarge { limit: 1_048_576 },
        LocalFileReason::NotText { encoding: None },
        LocalFileReason::NotText { encoding: Some("latin-1".to_owned()) },
        LocalFileReason::Nul,
        LocalFileReason::Io("permission denied".to_owned()),
    ];
    all.extend(files.map(|reason| file(reason).at("script")));
    all
}

fn errors() -> Vec<Error> {
    let lost = |trace| Error::SubmissionUnconfirmed {
        namespace: "acme".to_owned(),
        trace,
        cause: Box::new(refused(Refusal::TimedOut, None, None)),
    };
    let unknown = |given: Option<&str>, meant: &[(&'static str, &'static str)]| Error::UnknownOperation {
        given: given.map(str::to_owned),
        help: given == Some("lgso"),
        meant: meant.to_vec(),
        known: vec!["run", "ps"],
    };
    vec![
        Error::NotLoggedIn {
            looked_at: vec!["HF_TOKEN".to_owned(), "/home/alice/.cache/huggingface/token".to_owned()],
            ignored: Vec::new(),
        },
        Error::NotLoggedIn {
            looked_at: vec!["HF_TOKEN".to_owned()],
            ignored: vec![Warning::LoginText {
                source: TokenSource::Variable("HF_TOKEN"),
                note: TokenNote::Placeholder,
            }],
        },
        Error::UnusableLogin {
            source: TokenSource::Variable("HF_TOKEN"),
            reason: "it does not have the form of a token".to_owned(),
        },
        Error::UnusableLogin {
            source: TokenSource::File("/home/alice/.cache/huggingface/token".into()),
            reason: "it is UTF-16 text, as PowerShell's `>` writes it, not UTF-8".to_owned(),
        },
        Error::Arguments { operation: "run".to_owned(), faults: problems().into_iter().take(2).collect() },
        unknown(Some("lgos"), &[("logs", "read a job's output")]),
        unknown(Some("lgso"), &[("logs", "read a job's output")]),
        unknown(Some("delete"), &[("cancel", "cancel jobs"), ("scheduled delete", "delete a scheduled job")]),
        unknown(Some("zzz"), &[]),
        unknown(None, &[("logs", "read a job's output"), ("inspect", "show jobs in full")]),
        unknown(None, &[]),
        Error::OtherTool { given: "whoami".to_owned() },
        Error::TooLarge { limit: 4_194_304 },
        Error::Unreadable(Unreadable::NotUtf8),
        Error::Unreadable(Unreadable::LoneSurrogate { escape: "\\ud83d".to_owned() }),
        Error::Unreadable(Unreadable::TooDeep),
        Error::Unreadable(Unreadable::NumberTooLarge),
        Error::Unreadable(Unreadable::NotJson { line: 1, column: 57 }),
        Error::Unreadable(Unreadable::Batch),
        Error::Unreadable(Unreadable::Id),
        Error::Unreadable(Unreadable::Params),
        Error::Unreadable(Unreadable::NotAMessage),
        Error::Hub(Box::new(refused(Refusal::TimedOut, None, None))),
        lost(Trace::Label("0123456789abcdef".to_owned())),
        lost(Trace::ScheduleLabel("0123456789abcdef".to_owned())),
        lost(Trace::CopyOf(JOB.to_owned())),
        lost(Trace::RunOf(SCHEDULED.to_owned())),
        Error::PolicyDenied { rule: "--read-only", operation: "run" },
        Error::Cancelled,
        Error::Internal { during: "drafting a job" },
    ]
}

fn warnings() -> Vec<Warning> {
    let seen = || Seen::at("push_to_hub", 12);
    let login = |note| Warning::LoginText { source: TokenSource::Variable("HF_TOKEN"), note };
    vec![
        login(TokenNote::Placeholder),
        login(TokenNote::Quotes),
        login(TokenNote::Bearer),
        login(TokenNote::Assignment),
        Warning::LiteralToken { name: "HF_TOKEN".to_owned() },
        Warning::UnreadName { name: "TOKEN".to_owned() },
        Warning::PasswordInEnv { name: "UV_EXTRA_INDEX_URL".to_owned() },
        Warning::PlaceholderWithoutShell { argument: "command" },
        Warning::PlaceholderWithoutShell { argument: "script_args" },
        Warning::SeparatorRemoved,
        Warning::LocalFiles { names: vec!["input.csv".to_owned(), "config.yaml".to_owned()] },
        Warning::PageOfFile { file: "https://raw.githubusercontent.com/o/r/main/x.py".to_owned() },
        Warning::ByteOrderMark,
        Warning::AfterLogin {
            reason: "not logged in to Hugging Face: no token in HF_TOKEN".to_owned(),
            login: "ask the user to run `hf auth login`".to_owned(),
        },
        Warning::EmptyMap { argument: "env".to_owned() },
        Warning::HostNames { names: vec!["tool".to_owned(), "toolCallId".to_owned()] },
        Warning::OperationInferred { operation: "uv" },
        Warning::NothingToFollow { names: vec!["detach".to_owned()] },
        Warning::OperatorWithoutShell { operator: "&&".to_owned(), instead: json!(["/bin/sh", "-c", "a && b"]) },
        Warning::NumberCut { argument: "tail", given: "5000".to_owned(), used: 1000 },
        Warning::Differs { field: "timeout", asked: "2h".to_owned(), got: "30m".to_owned() },
        Warning::LabelsAbsent { keys: vec!["team".to_owned()] },
        Warning::LabelsRemoved { labels: vec!["name=train".to_owned(), "team=nlp".to_owned()] },
        Warning::FoundAgain,
        Warning::NotFollowed { reason: "huggingface.co did not answer in time".to_owned() },
        Warning::WaitCut { seconds: 45 },
        Warning::Trouble { job: JOB.to_owned(), reason: "huggingface.co failed (503)".to_owned(), age: Some(7) },
        Warning::LeftOut { job: "66f0a1b2c3d4e5f601234567".to_owned(), entries: 12 },
        Warning::Ambiguous,
        Warning::ScriptSendsSecrets { names: vec!["HF_TOKEN".to_owned(), "WANDB_API_KEY".to_owned()] },
        Warning::TokenMissing { pushes: true, seen: seen() },
        Warning::TokenMissing { pushes: false, seen: seen() },
        Warning::TokenReadsOnly { seen: seen() },
        Warning::FilesLost { seen: seen() },
        Warning::NoTimeout { seen: seen() },
        Warning::TokenExpires { expires: "2026-11-23T10:10:00Z".to_owned() },
        Warning::TokenFrozen { expires: None },
        Warning::TokenFrozen { expires: Some("2026-11-23T10:10:00Z".to_owned()) },
    ]
}

/// One error as an answer tells it.
fn told(error: &Error) -> String {
    let retry = if error.retryable() { " (retryable)" } else { "" };
    format!("{}{retry}: {}\nhint: {}", error.code().as_str(), error.message(), error.hint())
}

fn check_style(text: &str) {
    for line in text.lines().filter(|line| !line.is_empty()) {
        assert!(!line.ends_with('.'), "a full stop: {line}");
    }
}

#[test]
fn every_error_is_told_as_committed() {
    let kinds: BTreeSet<&str> = errors().iter().map(kind_of_error).collect();
    assert_eq!(kinds.len(), ERRORS, "{kinds:?}");
    let text = errors().iter().map(told).collect::<Vec<_>>().join("\n\n");
    check_style(&text);
    insta::assert_snapshot!("errors", text);
}

#[test]
fn every_refusal_of_the_hub_is_told_as_committed() {
    let kinds: BTreeSet<&str> = refusals().iter().map(|error| kind_of_refusal(&error.refusal)).collect();
    assert_eq!(kinds.len(), REFUSALS, "{kinds:?}");
    let text = refusals().into_iter().map(|error| told(&Error::Hub(Box::new(error)))).collect::<Vec<_>>().join("\n\n");
    check_style(&text);
    insta::assert_snapshot!("refusals", text);
}

#[test]
fn every_problem_of_an_argument_is_told_as_committed() {
    let kinds: BTreeSet<&str> = problems().iter().map(|fault| kind_of_problem(&fault.problem)).collect();
    assert_eq!(kinds.len(), PROBLEMS, "{kinds:?}");
    let told = |fault: Fault| told(&Error::argument("run", fault));
    let text = problems().into_iter().map(told).collect::<Vec<_>>().join("\n\n");
    check_style(&text);
    insta::assert_snapshot!("problems", text);
}

#[test]
fn every_warning_is_told_as_committed() {
    let kinds: BTreeSet<&str> = warnings().iter().map(kind_of_warning).collect();
    assert_eq!(kinds.len(), WARNINGS, "{kinds:?}");
    let told = |warning: &Warning| format!("{}: {}\nhint: {}", warning.code(), warning.message(), warning.hint());
    let text = warnings().iter().map(told).collect::<Vec<_>>().join("\n\n");
    check_style(&text);
    insta::assert_snapshot!("warnings", text);
}
