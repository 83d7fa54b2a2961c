//! The rules that hold everywhere in `src/`, read off its text.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, from left to right: each may name those to its right, and itself.
const ROOMS: [&str; 9] = ["transport", "server", "tools", "operations", "scripts", "hub", "policy", "secrets", "types"];
/// What every room may name.
const LEAVES: [&str; 1] = ["error"];
/// The most lines of a file that its reader still keeps in mind.
const LINES_MAX: usize = 400;

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| (path.strip_prefix(&root).unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The room of a file: its folder, or its own name at the top.
fn room(path: &Path) -> String {
    path.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The file without its tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[test]
fn imports_run_one_way() {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    for (path, text) in sources() {
        let own = room(&path);
        for name in product(&text).split("crate::").skip(1) {
            let named: String = name.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
            let allowed = named == own
                || LEAVES.contains(&named.as_str())
                // Set apart, it has schedules in common with the rest.
                || (own == "local_hub" && named == "types")
                || match (place(&own), place(&named)) {
                    (Some(own), Some(named)) => own < named,
                    // Built in `main` and handed down.
                    (None, _) => matches!(own.as_str(), "config" | "logging" | "cli" | "lib" | "main"),
                    _ => false,
                };
            assert!(allowed, "{} names `{named}`", path.display());
        }
    }
}

#[test]
fn nothing_but_main_and_tests_names_the_local_hub() {
    for (path, text) in sources() {
        let own = room(&path);
        assert!(
            ["local_hub", "main", "lib"].contains(&own.as_str()) || !text.contains("local_hub"),
            "{}",
            path.display()
        );
    }
}

/// No other room opens a file or starts a process, whatever a call says.
#[test]
fn files_and_processes_have_few_doors() {
    let doors = ["config/door_token.rs", "config/session.rs", "config/stored_tokens.rs", "scripts.rs"];
    for (path, text) in sources().into_iter().filter(|(path, _)| room(path) != "local_hub") {
        let text = product(&text);
        // Also in a group: `use std::{fs, io}`.
        let grouped = text.split("use std::{").skip(1).chain(text.split("use tokio::{").skip(1));
        let grouped: Vec<&str> = grouped.filter_map(|rest| rest.split("};").next()).collect();
        let named = |word: &str| {
            let words = |group: &&str| group.split(|char: char| !char.is_alphanumeric()).any(|part| part == word);
            grouped.iter().any(words)
        };
        let paths = ["std::fs", "tokio::fs", "fs::File", "OpenOptions", "rustix::fs"];
        let opens = named("fs") || paths.iter().any(|name| text.contains(name));
        assert!(!opens || doors.iter().any(|door| path == Path::new(door)), "{} opens files", path.display());
        // `process` of itself is also its exit code.
        let starts = named("Command") || ["process::Command", "tokio::process"].iter().any(|name| text.contains(name));
        assert!(!starts, "{} starts processes", path.display());
    }
}

#[test]
fn files_stay_readable() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

/// Not even an example: scanners can't tell it from a real one.
#[test]
fn nothing_in_the_repository_has_the_form_of_a_token() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "examples"] {
        walk(&root.join(folder), &mut files);
    }
    let pages = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.extend(pages);
    for path in files {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for rest in text.split("hf_").skip(1) {
            let run = rest.chars().take_while(char::is_ascii_alphanumeric).count();
            assert!(run < 30, "{}: {}", path.display(), &rest[..run]);
        }
    }
}

#[test]
fn a_secret_is_exposed_in_one_place() {
    let places: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains(".expose_secret()"))
        .map(|(path, text)| format!("{} ×{}", path.display(), text.matches(".expose_secret()").count()))
        .collect();
    assert_eq!(places, ["secrets/secret.rs ×1"]);
}

/// Each promise of SECURITY.md names its tests, and they are there, as are those of the attacks.
#[test]
fn every_promise_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let promises = page.split("## Promises").nth(1).unwrap().split("\n## ").next().unwrap();
    let exists = |name: &str| {
        let mut path: Vec<&str> = name.split("::").collect();
        let function = path.pop().unwrap();
        let within_file = path.join("/");
        let unit = within_file.strip_suffix("/tests");
        let files = match unit {
            Some(file) => vec![format!("src/{file}.rs"), format!("src/{file}/tests.rs")],
            None => vec![format!("tests/it/{within_file}.rs")],
        };
        let text: String = files.iter().filter_map(|file| fs::read_to_string(root.join(file)).ok()).collect();
        let (before, _) = text.split_once(&format!("fn {function}("))?;
        // What stands before it, on the line above, makes it a test that is run.
        let above = before.trim_end_matches("async ").trim_end();
        (above.ends_with("#[test]") || above.ends_with("#[tokio::test(flavor = \"multi_thread\")]")).then_some(())
    };
    let mut count = 0;
    for promise in promises.split("\n   *Shown by* ").skip(1) {
        let names =
            promise.lines().take_while(|line| line.contains("::")).flat_map(|line| line.split('`').skip(1).step_by(2));
        let names: Vec<&str> = names.filter(|name| name.contains("::")).collect();
        assert!(!names.is_empty(), "{promise}");
        for name in names {
            assert!(exists(name).is_some(), "SECURITY.md names `{name}`, which is no test");
        }
        count += 1;
    }
    let attacks = page.split("## Attacks").nth(1).unwrap().split("\n## ").next().unwrap();
    for name in attacks.split('`').skip(1).step_by(2).filter(|name| name.contains("::")) {
        assert!(exists(name).is_some(), "SECURITY.md names `{name}`, which is no test");
    }
    let written = promises.lines().filter(|line| line.starts_with(|char: char| char.is_ascii_digit())).count();
    assert_eq!(count, written, "a promise names no test");
}
