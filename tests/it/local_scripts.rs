//! Local scripts: read below the directories that the operator chose, and nowhere else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hf_jobs_mcp::local_hub::LocalHub;
use serde_json::json;

use crate::support::{Answer, Server, ServerBuilder, canary, canary_in, hub, hub_with_uv, jobs_posted, script_in};

/// The most bytes of a script.
const SCRIPT_MAX: usize = 1024 * 1024;

/// A server that reads scripts below that directory.
async fn server_below(hub: &LocalHub, directory: &Path) -> Server {
    ServerBuilder::at(hub).arg("--script-dir").arg(directory).start().await
}

/// Submits a script without following it.
async fn submit(server: &mut Server, script: impl AsRef<Path>) -> Answer {
    server.jobs("uv", json!({"script": script.as_ref().to_str().unwrap(), "detach": true})).await
}

/// Refused for that reason, with the path named, nothing of the file shown and nothing sent.
async fn is_refused(hub: &LocalHub, server: &mut Server, script: impl AsRef<Path>, reason: &str) {
    let script = script.as_ref();
    let answer = submit(server, script).await;
    assert!(answer.is_error);
    assert_eq!(answer.code(), "local_file_refused", "{answer:?}");
    assert!(answer.text.contains(reason), "{reason}: {}", answer.text);
    assert!(answer.text.contains(script.to_str().unwrap()), "{}", answer.text);
    assert!(answer.text.contains("pass the code itself") && answer.text.contains("URL"), "{}", answer.text);
    assert!(!answer.text.contains("print("), "{}", answer.text);
    assert!(hub.requests().is_empty());
}

fn write(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_arrives_byte_for_byte_and_its_file_and_size_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let (hub, _uv) = hub_with_uv().await;
    let mut server = server_below(&hub, directory.path()).await;
    let long = (0..700).map(|line| format!("value_{line} = '{}'\n", line * 7_919)).collect::<Vec<_>>().concat();
    for (name, text) in [
        ("plain.py", "print('hello')\n"),
        ("no line end.py", "print(1)"),
        ("windows.py", "print(1)\r\nprint(2)\r\n"),
        ("quotes.py", "print('''$HOME `id` \"x\" \\n %s \\\\ !''' % 1)\n\t# end  \n\n\n"),
        ("bom.py", "\u{feff}# -*- coding: utf-8 -*-\nprint('日本語 ✅')\n"),
        ("shebang.py", "#!/usr/bin/env python\n# /// script\n# dependencies = [\"datasets\"]\n# ///\n"),
        ("below/deep/train.v2.py", "print('deep')\n"),
        ("long.py", &long),
        ("empty.py", ""),
    ] {
        write(directory.path().join(name), text);
        let answer = server.jobs("uv", json!({"script": name, "script_args": ["--epochs", "3"]})).await;
        assert!(!answer.is_error, "{name}: {answer:?}");
        let lines = &answer.structured["logs"]["lines"];
        assert_eq!(script_in(lines), text, "{name}");
        for argument in ["argument: run", "argument: --epochs", "argument: 3"] {
            assert!(lines.as_array().unwrap().contains(&json!(argument)), "{argument}: {lines}");
        }
        assert!(answer.text.contains(&format!("local file `{name}`, ")), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_is_told_and_a_mebibyte_is_the_most() {
    let directory = tempfile::tempdir().unwrap();
    let hub = hub().await;
    let mut server = server_below(&hub, directory.path()).await;
    let comment = |size: usize| format!("#{}\n", "x".repeat(size - 2));
    write(directory.path().join("over.py"), comment(SCRIPT_MAX + 1));
    is_refused(&hub, &mut server, "over.py", "larger than 1048576 bytes").await;
    for (size, told) in [(14, "14 B"), (3_174, "3.1 KiB"), (SCRIPT_MAX, "1 MiB")] {
        write(directory.path().join("fits.py"), comment(size));
        let answer = submit(&mut server, "fits.py").await;
        assert!(!answer.is_error, "{answer:?}");
        assert!(answer.text.contains(&format!("local file `fits.py`, {told}")), "{told}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_working_directory_counts_unless_it_is_home_or_the_root() {
    let hub = hub().await;
    let builder = ServerBuilder::at(&hub);
    write(builder.home().join("project/train.py"), "print(1)\n");
    let project = builder.home().join("project");
    let mut server = builder.directory(project).start().await;
    let answer = submit(&mut server, "train.py").await;
    assert!(!answer.is_error, "{answer:?}");
    assert_eq!(jobs_posted(&hub).len(), 1);

    let hub = crate::support::hub().await;
    let at_home = ServerBuilder::at(&hub);
    write(at_home.home().join("train.py"), "print(1)\n");
    is_refused(&hub, &mut at_home.start().await, "train.py", "no directory to read scripts from").await;
    let mut at_root = ServerBuilder::at(&hub).directory("/").start().await;
    is_refused(&hub, &mut at_root, "train.py", "no directory to read scripts from").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn named_directories_replace_the_working_directory() {
    let hub = hub().await;
    let [first, second] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    write(first.path().join("one.py"), "print(1)\n");
    write(second.path().join("two.py"), "print(2)\n");
    let builder = ServerBuilder::at(&hub).arg("--script-dir").arg(first.path()).arg("--script-dir").arg(second.path());
    write(builder.home().join("project/three.py"), "print(3)\n");
    let project = builder.home().join("project");
    let mut server = builder.directory(&project).start().await;
    is_refused(&hub, &mut server, "three.py", "there is no file").await;
    is_refused(&hub, &mut server, project.join("three.py"), "is outside the directories").await;
    for script in [Path::new("one.py"), Path::new("two.py"), &second.path().join("two.py")] {
        let answer = submit(&mut server, script).await;
        assert!(!answer.is_error, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_none_keeps_the_server_from_starting() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for directory in [Path::new("/no/such/directory"), file.path()] {
        let (code, stderr) = ServerBuilder::new().arg("--script-dir").arg(directory).spawn().ended().await;
        assert_eq!(code, Some(2));
        assert!(stderr.contains("--script-dir") && stderr.contains(directory.to_str().unwrap()), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_is_read_by_whatever_way() {
    let hub = hub().await;
    let place = tempfile::tempdir().unwrap();
    let (inside, outside) = (place.path().join("in"), place.path().join("out"));
    write(outside.join("secret.py"), "print('outside')\n");
    // Its path begins like that of the directory that counts.
    write(place.path().join("in-too/secret.py"), "print('beside')\n");
    write(inside.join("sub/train.py"), "print('inside')\n");
    symlink(outside.join("secret.py"), inside.join("link.py")).unwrap();
    symlink(&outside, inside.join("linked")).unwrap();
    symlink(inside.join("sub/train.py"), inside.join("to-inside.py")).unwrap();
    symlink("loop.py", inside.join("loop.py")).unwrap();
    let mut server = server_below(&hub, &inside).await;
    for script in [
        outside.join("secret.py").as_path(),
        Path::new("../out/secret.py"),
        Path::new("../in-too/secret.py"),
        Path::new("sub/../../out/secret.py"),
        Path::new("link.py"),
        Path::new("linked/secret.py"),
    ] {
        is_refused(&hub, &mut server, script, "is outside the directories").await;
    }
    for script in ["nowhere.py", "loop.py", "~/train.py"] {
        is_refused(&hub, &mut server, script, "there is no file").await;
    }
    for script in ["sub/train.py", "./sub/train.py", "sub/../sub/train.py", "to-inside.py", "linked/../in/sub/train.py"]
    {
        let answer = submit(&mut server, script).await;
        assert!(!answer.is_error, "{script}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_directories_and_files_are_not_read() {
    let hub = hub().await;
    let directory = tempfile::tempdir().unwrap();
    for script in [".venv/lib/tool.py", "sub/.git/hook.py", ".hidden.py"] {
        write(directory.path().join(script), "print('hidden')\n");
        let mut server = server_below(&hub, directory.path()).await;
        is_refused(&hub, &mut server, script, "hidden").await;
    }
    symlink(".venv", directory.path().join("venv")).unwrap();
    is_refused(&hub, &mut server_below(&hub, directory.path()).await, "venv/lib/tool.py", "hidden").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_regular_files_are_opened() {
    let hub = hub().await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    assert!(Command::new("mkfifo").arg(path("pipe.py")).status().unwrap().success());
    fs::create_dir(path("folder.py")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket.py")).unwrap();
    let mut server = server_below(&hub, directory.path()).await;
    for script in ["pipe.py", "folder.py", "socket.py"] {
        is_refused(&hub, &mut server, script, "is no regular file").await;
    }
    symlink("/dev/zero", path("device.py")).unwrap();
    is_refused(&hub, &mut server, "device.py", "is outside the directories").await;
    write(path("latin.py"), b"# caf\xe9\nprint(1)\n");
    is_refused(&hub, &mut server, "latin.py", "is not UTF-8").await;
    // A gibibyte without a byte on the disk: by its size alone.
    fs::File::create(path("large.py")).unwrap().set_len(1 << 30).unwrap();
    is_refused(&hub, &mut server, "large.py", "is larger than 1048576 bytes").await;
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id().unwrap())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB");
    assert!(peak.parse::<usize>().unwrap() < 100 * 1024, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_names_of_a_file_are_judged_by_where_it_is() {
    let hub = hub().await;
    let place = tempfile::tempdir().unwrap();
    let inside = place.path().join("in");
    write(inside.join("train.py"), "print('inside')\n");
    write(place.path().join("beside.py"), "print('beside')\n");
    // Whoever may make a hard link here may as well copy: it is a file of this directory.
    fs::hard_link(place.path().join("beside.py"), inside.join("hard.py")).unwrap();
    let mut server = server_below(&hub, &inside).await;
    let pid = server.child.id().unwrap();
    for script in ["/proc/self/cwd/beside.py", "/proc/self/fd/0.py"] {
        let answer = submit(&mut server, Path::new(script)).await;
        assert!(answer.is_error && hub.requests().is_empty(), "{script}: {answer:?}");
    }
    let other = format!("/proc/{pid}/root{}", place.path().join("beside.py").display());
    is_refused(&hub, &mut server, other.as_str(), "is outside the directories").await;
    let answer = submit(&mut server, Path::new("hard.py")).await;
    assert!(!answer.is_error, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_python_files_are_read() {
    let hub = hub().await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for name in ["train.sh", "notebook.ipynb", "data.json", "train.PY"] {
        write(path(name), "print('no script')\n");
    }
    symlink("data.json", path("data.py")).unwrap();
    let mut server = server_below(&hub, directory.path()).await;
    for script in ["train.sh", "./train.sh", "notebook.ipynb", "data.json", "/etc/passwd"] {
        let answer = submit(&mut server, script).await;
        assert_eq!(answer.code(), "invalid_arguments", "{script}: {answer:?}");
        assert!(answer.text.contains("the script's code itself"), "{}", answer.text);
    }
    let answer = submit(&mut server, "data.py").await;
    assert_eq!(answer.code(), "local_file_refused", "{answer:?}");
    assert!(hub.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_file_is_refused_and_not_shown() {
    let hub = hub().await;
    let directory = tempfile::tempdir().unwrap();
    let mut server = server_below(&hub, directory.path()).await;
    for token in [canary(), hub.token().to_owned()] {
        write(directory.path().join("train.py"), format!("from huggingface_hub import login\nlogin('{token}')\n"));
        let answer = submit(&mut server, "train.py").await;
        assert_eq!(answer.code(), "token_in_readable_field", "{answer:?}");
        assert_eq!(answer.structured["error"]["faults"][0]["argument"], "script");
        assert!(hub.requests().is_empty());
        assert!(canary_in(&format!("{answer:?}{}", server.stderr()), &token).is_empty(), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_files_name_is_refused_and_not_shown() {
    let hub = hub().await;
    let directory = tempfile::tempdir().unwrap();
    let mut server = server_below(&hub, directory.path()).await;
    let token = canary();
    write(directory.path().join(format!("{token}.py")), "print(1)\n");
    let answer = submit(&mut server, format!("{token}.py")).await;
    assert_eq!(answer.code(), "token_in_readable_field", "{answer:?}");
    assert!(hub.requests().is_empty());
    assert!(canary_in(&format!("{answer:?}{}", server.stderr()), &token).is_empty(), "{answer:?}");
}

/// Read by the library: over pipes it would take minutes to hit the moment.
#[test]
fn a_directory_that_is_swapped_for_a_link_while_it_is_read_leads_nowhere() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().canonicalize().unwrap().join(name);
    for (directory, text) in [("scripts/here", "inside"), ("outside", "outside")] {
        fs::create_dir_all(path(directory)).unwrap();
        fs::write(path(directory).join("x.py"), text).unwrap();
    }
    symlink(path("outside"), path("scripts/link")).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let (here, link, aside) = (path("scripts/here"), path("scripts/link"), path("scripts/aside"));
    let swapping = std::thread::spawn({
        let done = done.clone();
        move || {
            while !done.load(Ordering::Relaxed) {
                fs::rename(&here, &aside).unwrap();
                fs::rename(&link, &here).unwrap();
                fs::rename(&here, &link).unwrap();
                fs::rename(&aside, &here).unwrap();
            }
        }
    });
    let scripts = hf_jobs_mcp::scripts::Scripts::below(vec![path("scripts")]);
    let read: Vec<String> = (0..20_000).filter_map(|_| scripts.read("here/x.py").ok()).collect();
    done.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    assert!(!read.is_empty() && read.iter().all(|text| text == "inside"), "{} times", read.len());
}
