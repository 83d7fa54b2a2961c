use std::time::Duration;

use super::*;
use crate::operations::draft::Plan;
use crate::secrets::{HfToken, Known};
use crate::types::Schedule;

/// No shape of the Hub, and a name that a network group may have: found by value alone.
const LOGIN: &str = "local-hub-0123456789";

fn filled_by(mut draft: UvDraft, table: &str) -> (UvDraft, Filled) {
    let lines: Vec<String> = table.trim().lines().map(|line| format!("# {}", line.trim())).collect();
    let lines = lines.join("\n");
    let source = format!("# /// script\n# dependencies = []\n# [tool.hf-jobs]\n{lines}\n# ///\nprint()\n");
    let known = Known::new();
    known.remember_token(&HfToken::parse(LOGIN).unwrap().unwrap());
    let filled = fill(&mut draft, &source, &Scan::new(&known));
    (draft, filled)
}

fn messages(table: &str) -> Vec<String> {
    filled_by(UvDraft::default(), table).1.faults.iter().map(Fault::message).collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn mounts(draft: &UvDraft) -> Vec<String> {
    let shown = |volume: &Volume| format!("{}:{}", volume.source(), volume.mount_path());
    draft.job.volumes.iter().map(shown).collect()
}

/// A call that gives everything that a table can.
fn full_call() -> UvDraft {
    let mut draft = UvDraft {
        python: Some(PythonVersion::parse("3.13").unwrap()),
        image: Some(Image::parse("called").unwrap()),
        ..UvDraft::default()
    };
    let job = &mut draft.job;
    job.flavor = Some(Flavor::parse("cpu-upgrade").unwrap());
    job.timeout = Some(Timeout::parse("5m").unwrap());
    job.env = vec![pair("AB", "called")];
    job.secrets = vec![pair("HF_TOKEN", "$HF_TOKEN")];
    job.name = Some(JobName::parse("called").unwrap());
    job.labels.insert("team", "called").unwrap();
    job.volumes = vec![Volume::parse("hf://datasets/me/called:/data").unwrap()];
    let mut network = Network::new("called").unwrap();
    network.claim("me").unwrap();
    job.network = Some(network);
    job.namespace = Some(Namespace::parse("me").unwrap());
    draft
}

const FULL: &str = r#"
    image = "script:1"
    flavor = "A10G-small"
    python = "3.12"
    timeout = 90
    name = "script"
    namespace = "acme"
    network_group = "train"
    secrets = ["HF_TOKEN", "WANDB_API_KEY", "HF_TOKEN"]
    volumes = ["hf://datasets/org/script:/data", "hf://buckets/org/out:/out/:rw"]
    network_aliases = ["worker", "w-2"]
    env = { AB = "script", CD = "" }
    labels = { team = "script", kind = "b", name = "not this" }
"#;

#[test]
fn a_call_that_says_nothing_gets_all() {
    let (draft, filled) = filled_by(UvDraft::default(), FULL);
    assert_eq!(filled, Filled { taken: KEYS.to_vec(), faults: Vec::new() });
    assert_eq!(draft.image.as_ref().unwrap().to_string(), "script:1");
    assert_eq!(draft.python.as_ref().unwrap().as_str(), "3.12");
    assert_eq!(mounts(&draft), ["org/script:/data", "org/out:/out"]);
    let job = draft.job;
    assert_eq!(job.flavor.unwrap().as_str(), "a10g-small");
    assert_eq!(job.timeout.unwrap().seconds(), 90);
    assert_eq!(job.env, [pair("AB", "script"), pair("CD", "")]);
    assert_eq!(job.secrets, [pair("HF_TOKEN", "$HF_TOKEN"), pair("WANDB_API_KEY", "$WANDB_API_KEY")]);
    assert_eq!(job.name.unwrap().as_str(), "script");
    assert!(job.labels.iter().eq([("kind", "b"), ("team", "script")]));
    assert_eq!(job.network.unwrap().to_json(), serde_json::json!({"group": "train", "aliases": ["worker", "w-2"]}));
    assert_eq!(job.namespace.unwrap().as_str(), "acme");
    let names = vec!["HF_TOKEN".to_owned(), "WANDB_API_KEY".to_owned()];
    assert_eq!(job.warnings, [Warning::ScriptSendsSecrets { names }]);
}

#[test]
fn what_the_call_gives_stands_and_maps_are_completed() {
    let (draft, filled) = filled_by(full_call(), FULL);
    assert_eq!(filled, Filled { taken: vec!["env", "secrets", "labels", "volumes"], faults: Vec::new() });
    assert_eq!(draft.image.as_ref().unwrap().to_string(), "called");
    assert_eq!(draft.python.as_ref().unwrap().as_str(), "3.13");
    assert_eq!(mounts(&draft), ["org/out:/out", "me/called:/data"]);
    let job = draft.job;
    assert_eq!((job.flavor.unwrap().as_str(), job.timeout.unwrap().seconds()), ("cpu-upgrade", 300));
    assert_eq!(job.env, [pair("CD", ""), pair("AB", "called")]);
    assert_eq!(job.secrets, [pair("HF_TOKEN", "$HF_TOKEN"), pair("WANDB_API_KEY", "$WANDB_API_KEY")]);
    assert_eq!(job.name.unwrap().as_str(), "called");
    assert!(job.labels.iter().eq([("kind", "b"), ("team", "called")]));
    assert_eq!(job.network.unwrap().to_json(), serde_json::json!({"group": "called", "aliases": ["me"]}));
    assert_eq!(job.namespace.unwrap().as_str(), "me");
    assert_eq!(job.warnings, [Warning::ScriptSendsSecrets { names: vec!["WANDB_API_KEY".to_owned()] }]);
}

#[test]
fn a_name_is_given_once_in_whatever_way() {
    let called = |label: bool| {
        let mut draft = UvDraft::default();
        if label {
            draft.job.labels.insert("name", "called").unwrap();
        } else {
            draft.job.name = Some(JobName::parse("called").unwrap());
        }
        draft
    };
    for (draft, table, name, label) in [
        (UvDraft::default(), "labels.name = 'script'", None, Some("script")),
        (UvDraft::default(), "name = 'a'\nlabels.name = 'b'", Some("a"), None),
        (called(false), "name = 'a'\nlabels.name = 'b'", Some("called"), None),
        (called(true), "name = 'a'\nlabels.name = 'b'", None, Some("called")),
    ] {
        let (draft, filled) = filled_by(draft, table);
        assert_eq!(filled.faults, []);
        assert_eq!((draft.job.name.as_ref().map(JobName::as_str), draft.job.labels.name()), (name, label), "{table}");
    }
}

#[test]
fn a_group_and_its_aliases_may_come_from_both() {
    let mut draft = UvDraft::default();
    draft.job.network = Some(Network::new("called").unwrap());
    let (draft, filled) = filled_by(draft, "network_group = 'train'\nnetwork_aliases = ['a']");
    assert_eq!(filled.taken, ["network_aliases"]);
    assert_eq!(draft.job.network.unwrap().to_json(), serde_json::json!({"group": "called", "aliases": ["a"]}));
    assert_eq!(
        messages("network_aliases = ['a']"),
        ["`script[tool.hf-jobs].network_aliases`: `a` is not of use without a group: add `network_group`"]
    );
}

#[test]
fn a_scheduled_job_joins_no_network() {
    let scheduled = || {
        let schedule = Some(Schedule::parse("@daily").unwrap());
        let mut draft = UvDraft::default();
        draft.job.plan = Some(Plan { schedule, suspend: false, concurrency: false });
        draft
    };
    let (draft, filled) =
        filled_by(scheduled(), "network_group = 'train'\nnetwork_aliases = ['a']\nflavor = 't4-small'");
    let arguments: Vec<&str> = filled.faults.iter().map(|fault| fault.argument.as_str()).collect();
    assert_eq!(arguments, ["script[tool.hf-jobs].network_group", "script[tool.hf-jobs].network_aliases"]);
    assert!(draft.job.network.is_none() && filled.taken == ["flavor"]);
    assert_eq!(filled_by(scheduled(), "network_aliases = []\nflavor = 't4-small'").1.faults, []);
}

#[test]
fn values_are_judged_as_arguments_are_all_at_once() {
    let table = r#"
        image = "a b"
        flavor = "???"
        python = "-c"
        timeout = "1:30"
        namespace = "a/b"
        name = "my run"
        network_group = "My_Group"
        secrets = ["ok", "not ok"]
        volumes = ["./data:/data"]
        env = { A = "x" }
        labels = { mcp-request = "x", team = "a b" }
    "#;
    let (draft, filled) = filled_by(UvDraft::default(), table);
    let keys: Vec<&str> = filled.faults.iter().map(|fault| fault.script_key().unwrap()).collect();
    let expected = [
        "image",
        "python",
        "flavor",
        "timeout",
        "namespace",
        "name",
        "labels.mcp-request",
        "labels.team",
        "env.A",
        "secrets[1]",
        "volumes[0]",
        "network_group",
    ];
    assert_eq!(keys, expected);
    assert_eq!(filled.taken, ["secrets"]);
    assert!(draft.job.env.is_empty() && draft.job.flavor.is_none());
    let hints: Vec<String> = filled.faults.iter().filter_map(Fault::hint).collect();
    assert!(hints.contains(&"write \"my-group\" as `network_group` in the script".to_owned()), "{hints:?}");
}

#[test]
fn what_the_call_replaces_is_not_judged() {
    let table =
        "flavor = '???'\ntimeout = 'x'\nnamespace = 'a/b'\nname = 'a b'\nenv.AB = '$HF_TOKEN'\nlabels.team = '/'";
    let (_, filled) = filled_by(full_call(), table);
    assert_eq!(filled, Filled::default());
    assert_eq!(filled_by(full_call(), "flavor = 1").1.faults.len(), 1, "its kind is");
}

#[test]
fn no_credential_comes_in_by_an_escape() {
    // `\u006c` is an l: the source itself does not hold the token.
    let login = LOGIN.replacen('l', "\\u006c", 1);
    for key in ["image", "flavor", "python", "timeout", "name", "namespace", "network_group", "env.AB", "labels.a"] {
        let (_, filled) = filled_by(UvDraft::default(), &format!("{key} = \"{login}\""));
        let argument = format!("script[tool.hf-jobs].{key}");
        let is_told = |fault: &Fault| fault.argument == argument && matches!(fault.problem, Problem::Credential { .. });
        assert!(filled.faults.iter().any(is_told), "{key}");
    }
    for (key, argument) in [
        (format!("labels.\"{login}\" = 'x'"), format!("labels.{LOGIN}")),
        (format!("env.\"{login}\" = 'x'"), format!("env.{LOGIN}")),
        (format!("secrets = [\"{login}\"]"), "secrets[0]".to_owned()),
        (format!("volumes = [\"hf://me/{login}:/data\"]"), "volumes[0]".to_owned()),
        (format!("network_aliases = [\"{login}\"]"), "network_aliases[0]".to_owned()),
        ("env.HF_TOKEN = 'x'".to_owned(), "env.HF_TOKEN".to_owned()),
        ("env.AUTH = 'Bearer $HF_TOKEN'".to_owned(), "env.AUTH".to_owned()),
    ] {
        let (_, filled) = filled_by(UvDraft::default(), &key);
        let is_told = |fault: &Fault| {
            fault.script_key() == Some(&argument) && matches!(fault.problem, Problem::Credential { .. })
        };
        assert!(filled.faults.iter().any(is_told), "{key}: {:?}", filled.faults);
    }
}

#[test]
fn the_number_of_variables_is_bounded() {
    let env: String =
        (0..=MAX_ENV).flat_map(|number| ["env.V".to_owned(), number.to_string(), " = ''\n".to_owned()]).collect();
    assert_eq!(messages(&env), ["`script[tool.hf-jobs].env`: `257 entries` is not at most 256 entries"]);
}

#[test]
fn a_source_without_the_table_changes_nothing() {
    let known = Known::new();
    for source in ["print(1)", "# /// script\n# [tool.uv]\n# x = 'hf-jobs'\n# ///\n"] {
        let mut draft = UvDraft::default();
        assert_eq!(fill(&mut draft, source, &Scan::new(&known)), Filled::default());
        assert!(draft.job.flavor.is_none() && draft.job.wait == Duration::ZERO);
    }
}
