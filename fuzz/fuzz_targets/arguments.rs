//! Whatever a call of the tools says: it is answered, by visible text, and no secret of the process is in it.
//!
//! Nobody is logged in, so that no call gets as far as the Hub; its address is a closed port of this machine besides.
#![no_main]

use std::sync::{Arc, LazyLock};

use hf_jobs_mcp::hub::{Hub, HubSetup};
use hf_jobs_mcp::operations::{Operations, OperationsSetup, Progress};
use hf_jobs_mcp::policy::Policy;
use hf_jobs_mcp::scripts::Scripts;
use hf_jobs_mcp::secrets::{Clean, Known, Login, LoginFault, Scrubber, Secret, Session, Variable};
use hf_jobs_mcp::tools::{JOBS, Tools, arguments_of};
use hf_jobs_mcp::types::Endpoint;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

const OPERATIONS: [&str; 24] = [
    "run",
    "uv",
    "ps",
    "logs",
    "inspect",
    "cancel",
    "wait",
    "stats",
    "hardware",
    "labels",
    "rerun",
    "expose",
    "scheduled run",
    "scheduled uv",
    "scheduled ps",
    "scheduled inspect",
    "scheduled update",
    "scheduled labels",
    "schedule",
    "help",
    "Hf Jobs Run",
    "scheduled_trigger",
    "",
    "delete",
];
const NAMES: [&str; 50] = [
    "image",
    "command",
    "script",
    "script_args",
    "dependencies",
    "python",
    "flavor",
    "timeout",
    "env",
    "secrets",
    "name",
    "labels",
    "volumes",
    "expose",
    "ssh",
    "attempts",
    "arch",
    "network",
    "namespace",
    "resource_group_id",
    "detach",
    "wait",
    "dry_run",
    "job_id",
    "job_ids",
    "entries",
    "tail",
    "cursor",
    "grep",
    "raw",
    "all",
    "status",
    "limit",
    "until",
    "clear",
    "remove",
    "replace",
    "ports",
    "public_ports",
    "schedule",
    "suspend",
    "concurrency",
    "scheduled_job_id",
    "operation",
    "help",
    "args",
    "with",
    "id",
    "hardware",
    "hf_token",
    "",
    "timout",
];
const VALUE: &str = "s3cr3t-v4lu3";

struct NobodyLoggedIn;

impl Session for NobodyLoggedIn {
    fn login(&self) -> Result<Login, LoginFault> {
        Err(LoginFault::NotLoggedIn { looked_at: Vec::new() })
    }

    fn variable(&self, _name: &str) -> Variable {
        Variable::NotAllowed
    }
}

struct Nobody;

impl Progress for Nobody {
    fn wanted(&self) -> bool {
        false
    }

    fn tell(&mut self, _text: Clean) {}
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

static TOOLS: LazyLock<Tools> = LazyLock::new(|| {
    rustls::crypto::ring::default_provider().install_default().ok();
    let known = Known::new();
    known.remember(&Secret::new(VALUE.to_owned()));
    let scrubber = Scrubber::new(known);
    Tools::new(Arc::new(Operations::new(OperationsSetup {
        hub: Hub::new(HubSetup {
            endpoint: Endpoint::parse("http://127.0.0.1:9").unwrap(),
            scrubber: scrubber.clone(),
            origin: None,
            oauth_client_id: String::new(),
        }),
        session: Box::new(NobodyLoggedIn),
        scrubber,
        policy: Policy::default(),
        scripts: Scripts::default(),
    })), &[])
});

/// Made here, since no token may stand in the repository.
static TOKEN: LazyLock<String> = LazyLock::new(|| format!("hf_{}", "QwErTyUiOp".repeat(4).split_at(34).0));

fn value(form: u8, text: String) -> Value {
    match form % 6 {
        0 => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        1 => json!([text]),
        2 => json!({ text: form }),
        3 => json!(format!("{text}{VALUE}")),
        4 => json!([format!("{text} {} x", *TOKEN)]),
        _ => Value::String(text),
    }
}

fn check(arguments: Map<String, Value>) {
    let (mut nobody, never) = (Nobody, CancellationToken::new());
    let answer = RUNTIME.block_on(Box::pin(TOOLS.call(JOBS, arguments, &mut nobody, &never))).unwrap();
    let (text, structured, _) = answer.into_parts();
    let structured = structured.to_string();
    for secret in [VALUE, &TOKEN] {
        assert!(!text.contains(secret), "{text}");
        assert!(!structured.contains(secret), "{structured}");
    }
    assert!(text.chars().all(|char| !char.is_control() || matches!(char, '\n' | '\t')), "{text:?}");
}

fuzz_target!(|input: (u8, bool, Vec<(u8, u8, String)>)| {
    let (operation, beside, given) = input;
    let operation = OPERATIONS[usize::from(operation) % OPERATIONS.len()];
    if let Some((.., text)) = given.first()
        && let Some(call) = arguments_of(Some(Value::String(text.clone())))
    {
        check(call);
    }
    let named =
        |(name, form, text): (u8, u8, String)| (NAMES[usize::from(name) % NAMES.len()].to_owned(), value(form, text));
    let mut args: Map<String, Value> = given.into_iter().map(named).collect();
    if beside {
        args.insert("operation".to_owned(), json!(operation));
        check(args);
    } else {
        check(Map::from_iter([("operation".to_owned(), json!(operation)), ("args".to_owned(), Value::Object(args))]));
    }
});
