//! Scripts and their arguments as agents write them: what is taken, what is warned of, what is refused before it costs money.

use hf_jobs_mcp::local_hub::{Account, LocalHub, LocalHubConfig};
use serde_json::{Value, json};

use crate::support::{Answer, Server, ServerBuilder, hub, hub_with_uv, jobs_posted, script_in};

/// What would be sent.
async fn dry(server: &mut Server, mut args: Value) -> Answer {
    args["dry_run"] = json!(true);
    server.jobs("uv", args).await
}

fn command(answer: &Answer) -> Vec<&str> {
    let command = answer.structured["request"]["command"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    command.iter().map(|word| word.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn page_of_a_script_becomes_its_file() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (page, file) in [
        (
            "https://github.com/huggingface/trl/blob/main/trl/scripts/sft.py",
            "https://raw.githubusercontent.com/huggingface/trl/main/trl/scripts/sft.py",
        ),
        (
            "https://huggingface.co/datasets/uv-scripts/ocr/blob/main/glm-ocr.py",
            "https://huggingface.co/datasets/uv-scripts/ocr/resolve/main/glm-ocr.py",
        ),
    ] {
        let answer = dry(&mut server, json!({"script": page, "script_args": ["--n", "1"]})).await;
        assert_eq!(command(&answer), ["uv", "run", file, "--n", "1"]);
        assert_eq!(answer.warnings(), ["page_of_file"]);
        assert!(answer.text.contains(&format!("`{file}`")), "{}", answer.text);
    }
    // Which file of a gist is meant, and that a notebook is no script, only the caller can say.
    for page in ["https://gist.github.com/me/0123abcd", "https://github.com/o/r/blob/main/nb.ipynb"] {
        let answer = dry(&mut server, json!({"script": page})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn table_of_a_script_behind_a_url_is_said_not_to_be_read() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let note = "a `[tool.hf-jobs]` table of a script behind a URL is not read";
    let url = json!({"script": "https://example.org/train.py", "detach": true});
    for answer in [dry(&mut server, url.clone()).await, server.jobs("uv", url).await] {
        assert_eq!(answer.text.lines().filter(|line| line.starts_with(note)).count(), 1, "{}", answer.text);
        assert!(answer.structured["script_note"].as_str().unwrap().starts_with(note));
        assert!(answer.warnings().is_empty(), "{answer:?}");
    }
    let answer = dry(&mut server, json!({"script": "print(1)\n"})).await;
    assert!(!answer.text.contains(note) && answer.structured["script_note"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholder_for_a_script_is_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for script in [
        "<see references/gguf_conversion.md for complete script>",
        "<script.py>",
        "{{script}}",
        "{{ code }}",
        "...",
        "…",
        " <your code>\n",
    ] {
        let args =
            json!({"script": script, "flavor": "a10g-large", "timeout": "45m", "secrets": {"HF_TOKEN": "$HF_TOKEN"}});
        let answer = server.jobs("uv", args).await;
        assert_eq!(answer.code(), "invalid_arguments", "{script}: {answer:?}");
        assert!(answer.text.contains("a placeholder for one: pass the script's code itself"), "{}", answer.text);
    }
    assert!(jobs_posted(&hub).is_empty());
    let answer = dry(&mut server, json!({"script": "file://train.py"})).await;
    assert_eq!(answer.mended()["args"]["script"], "train.py");
}

#[tokio::test(flavor = "multi_thread")]
async fn script_args_lose_a_leading_separator() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (given, passed, warnings) in [
        (json!(["--", "--n", "1"]), vec!["--n", "1"], vec!["separator_removed"]),
        (json!("-- --n 1"), vec!["--n", "1"], vec!["separator_removed"]),
        (json!(["--n", "--", "1"]), vec!["--n", "--", "1"], vec![]),
        (json!(["--"]), vec![], vec!["separator_removed"]),
    ] {
        let answer = dry(&mut server, json!({"script": "https://example.org/x.py", "script_args": given})).await;
        assert_eq!((&command(&answer)[3..], answer.warnings()), (&passed[..], warnings), "{given}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_placeholder_in_script_args_is_warned_of() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let secrets = json!({"HF_TOKEN": "$HF_TOKEN"});
    for (script, arguments, warned) in [
        ("https://example.org/x.py", json!(["in", "--hf-token", "$HF_TOKEN"]), true),
        ("print(1)\n", json!(["--token=${HF_TOKEN}"]), true),
        ("lighteval", json!(["$HF_TOKEN"]), true),
        ("bash", json!(["-c", "echo $HF_TOKEN"]), false),
        ("print(1)\n", json!(["$HF_TOKENIZER"]), false),
    ] {
        let answer = dry(&mut server, json!({"script": script, "script_args": arguments, "secrets": secrets})).await;
        assert_eq!(answer.warnings().contains(&"placeholder_without_shell"), warned, "{script}: {answer:?}");
        if warned {
            assert!(answer.text.contains("`$HF_TOKEN` in `script_args`"), "{}", answer.text);
            assert!(answer.text.contains(r#""secrets": {"HF_TOKEN": "$HF_TOKEN"}"#), "{}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn local_files_in_script_args_are_warned_of() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for (script, arguments, named) in [
        (
            "https://example.org/x.py",
            json!(["input.csv", "--config", "config.yaml"]),
            Some("`input.csv`, `config.yaml`"),
        ),
        ("print(1)\n", json!(["--output", "result.json", "/data/in.csv", "me/dataset"]), None),
        ("import urllib.request as u\nu.urlretrieve(x, 'input.csv')\n", json!(["input.csv"]), None),
    ] {
        let answer = dry(&mut server, json!({"script": script, "script_args": arguments})).await;
        assert_eq!(answer.warnings().contains(&"local_files"), named.is_some(), "{answer:?}");
        assert!(named.is_none_or(|named| answer.text.contains(named)), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn byte_order_mark_does_not_hide_the_header() {
    let (hub, _uv) = hub_with_uv().await;
    let scripts = tempfile::tempdir().unwrap();
    let script = "# /// script\n# dependencies = []\n# [tool.hf-jobs]\n# flavor = 't4-small'\n# ///\nprint(1)\n";
    std::fs::write(scripts.path().join("marked.py"), format!("\u{feff}{script}")).unwrap();
    let mut server = ServerBuilder::at(&hub).arg("--script-dir").arg(scripts.path()).start().await;
    let answer = server.jobs("uv", json!({"script": "\u{feff}import os\nprint(1)\n"})).await;
    assert_eq!(
        script_in(&answer.structured["logs"]["lines"]),
        "\u{feff}import os\nprint(1)\n",
        "there is nothing to hide"
    );
    for given in [format!("\u{feff}{script}"), "marked.py".to_owned()] {
        let answer = server.jobs("uv", json!({"script": given})).await;
        assert_eq!((answer.is_error, answer.warnings()), (false, vec!["byte_order_mark"]), "{answer:?}");
        assert_eq!(answer.structured["from_script"], json!(["flavor"]));
        assert_eq!(script_in(&answer.structured["logs"]["lines"]), script);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn local_script_that_python_would_not_read_so_is_refused() {
    let hub = hub().await;
    let scripts = tempfile::tempdir().unwrap();
    let mut server = ServerBuilder::at(&hub).arg("--script-dir").arg(scripts.path()).start().await;
    for (bytes, words) in [
        (&b"print(1)\n\0"[..], "holds NUL bytes"),
        (b"p\0r\0i\0n\0t\0", "holds NUL bytes"),
        (b"\xff\xfep\0r\0i\0n\0t\0", "is encoded as `UTF-16`"),
        (b"# -*- coding: latin-1 -*-\nprint('\xe4')\n", "is encoded as `latin-1`"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nprint('\x80')\n", "is encoded as `cp1252`"),
        (b"# coding: what-is-no-encoding\nprint('\xe4')\n", "is not UTF-8 text"),
        (b"print('\xe4')\n", "is not UTF-8 text"),
    ] {
        std::fs::write(scripts.path().join("x.py"), bytes).unwrap();
        let answer = server.jobs("uv", json!({"script": "x.py"})).await;
        assert_eq!(answer.code(), "local_file_refused", "{answer:?}");
        assert!(answer.text.contains(words) && answer.text.contains("save the file as UTF-8"), "{}", answer.text);
    }
    assert!(jobs_posted(&hub).is_empty());
}

/// The start method of multiprocessing that imports the script again needs a file, not standard input.
#[tokio::test(flavor = "multi_thread")]
async fn inline_script_may_spawn_processes() {
    let folder = tempfile::tempdir().unwrap();
    let uv = folder.path().join("uv");
    std::fs::write(&uv, "#!/bin/sh\nshift\nexec python3 \"$@\"\n").unwrap();
    std::fs::set_permissions(&uv, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", folder.path().display()).into();
    let account = Account { name: "alice".to_owned(), ..Account::default() };
    let hub = LocalHub::start(LocalHubConfig { account, path, ..LocalHubConfig::default() }).await.unwrap();
    let mut server = Server::at(&hub).await;
    let script = "import multiprocessing as mp\n\ndef say(x):\n    print('child', x, flush=True)\n\n\
                  if __name__ == '__main__':\n    p = mp.get_context('spawn').Process(target=say, args=(7,))\n    p.start()\n    p.join()\n    \
                  print('exit', p.exitcode)\n";
    let answer = server.jobs("uv", json!({"script": script, "wait": "45s"})).await;
    assert_eq!(answer.structured["logs"]["lines"], json!(["child 7", "exit 0"]), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn password_of_an_index_is_moved_to_secrets() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    let header = |url: &str| format!("# /// script\n# [[tool.uv.index]]\n# url = \"{url}\"\n# ///\nprint(1)\n");
    let literal = "https://user:pw12345678@pypi.acme.test/simple";
    for args in [
        json!({"script": header(literal)}),
        json!({"script": "print(1)\n", "dependencies": [format!("x @ git+{literal}/x.git")]}),
    ] {
        let answer = dry(&mut server, args).await;
        assert_eq!(answer.code(), "token_in_readable_field", "{answer:?}");
        for words in ["\"UV_INDEX_MINE_USERNAME\"", "\"UV_INDEX_MINE_PASSWORD\"", "\"UV_INDEX\": \"mine="] {
            assert!(answer.text.contains(words), "no {words} in {}", answer.text);
        }
        assert!(!answer.text.contains("pw12345678"), "{}", answer.text);
    }
    let answer = dry(&mut server, json!({"script": "print(1)\n", "env": {"UV_EXTRA_INDEX_URL": literal}})).await;
    assert_eq!(answer.warnings(), ["password_in_env"], "{answer:?}");
    assert!(
        answer.text.contains("\"secrets\": {\"UV_EXTRA_INDEX_URL\": ") && !answer.text.contains("pw12345678"),
        "{}",
        answer.text
    );
    let filled_in = "https://${U}:${P}@pypi.acme.test/simple";
    for args in [
        json!({"script": header(filled_in)}),
        json!({"script": "print(1)\n", "env": {"UV_EXTRA_INDEX_URL": filled_in}}),
        json!({
            "script": "print(1)\n", "env": {"UV_INDEX": "mine=https://pypi.acme.test/simple"},
            "secrets": {"UV_INDEX_MINE_USERNAME": "user", "UV_INDEX_MINE_PASSWORD": "pw12345678"},
        }),
    ] {
        let answer = dry(&mut server, args).await;
        assert!(!answer.is_error && answer.warnings().is_empty(), "{answer:?}");
    }
    let local = json!({"script": "print(1)\n", "env": {"DATABASE_URL": "postgres://postgres:postgres@localhost/test"}});
    assert!(dry(&mut server, local).await.warnings().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholder_of_a_command_is_refused() {
    let hub = hub().await;
    let mut server = Server::at(&hub).await;
    for command in
        [json!("..."), json!(["…"]), json!("<your command here>"), json!(["<command>"]), json!("{{command}}")]
    {
        let answer = server.jobs("run", json!({"command": command})).await;
        assert_eq!(answer.code(), "invalid_arguments", "{command}: {answer:?}");
        assert!(answer.text.contains("placeholder") && !answer.text.contains("/bin/sh"), "{command}: {}", answer.text);
    }
    assert!(jobs_posted(&hub).is_empty());
}
