//! The command that carries the code of a script to uv, as a file.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::Problem;
use crate::types::limits::{ARGUMENT_MAX, INLINE_PACKED_MAX};

/// The name (`$0`) under which the shell runs an inline script: how such a command is recognised.
const INLINE_NAME: &str = "inline-script";
/// The source size from which it is packed: below, base64 alone is shorter than what it takes to unpack, and easier to inspect.
const PACKED_FROM_BYTES: usize = 16 * 1024;
/// The name of the file, as tracebacks show it.
const FILE_NAME: &str = "script.py";

/// The command that writes `source` to a file and runs it with uv: byte for byte, whatever it holds.
///
/// The shell text is made here alone; the source is base64 in arguments of their own, and the script's arguments follow as
/// they are, so that nothing of the caller's is ever read by the shell. Standard input stays free.
///
/// # Errors
/// The source does not fit into the arguments of a command.
pub fn inline_script(source: &str, options: &[String], arguments: &[String]) -> Result<Vec<String>, Problem> {
    let packed = source.len() > PACKED_FROM_BYTES;
    let text = STANDARD.encode(if packed { gzip(source.as_bytes())? } else { source.as_bytes().to_vec() });
    if text.len() > INLINE_PACKED_MAX {
        return Err(too_large(source.len()));
    }
    let chunks: Vec<String> =
        text.as_bytes().chunks(ARGUMENT_MAX).map(|chunk| String::from_utf8_lossy(chunk).into_owned()).collect();
    let quoted: String = options.iter().flat_map(|option| [shell_words::quote(option), " ".into()]).collect();
    let program = program(chunks.len(), packed, &quoted);
    let mut command = vec!["/bin/sh".to_owned(), "-c".to_owned(), program, INLINE_NAME.to_owned()];
    command.extend(chunks);
    command.extend(arguments.iter().cloned());
    Ok(command)
}

/// The text that the shell runs: the source is in its first arguments, the script's own follow. A tool that the image lacks is
/// named, since `mktemp: not found` says nothing to who sent a Python script.
fn program(chunks: usize, packed: bool, options: &str) -> String {
    let positions: Vec<String> = (1..=chunks).map(|position| format!("\"${{{position}}}\"")).collect();
    let (tools, decode) =
        if packed { ("mktemp base64 gzip uv", "base64 -d | gzip -dc") } else { ("mktemp base64 uv", "base64 -d") };
    format!(
        "set -e; for t in {tools}; do command -v $t >/dev/null || {{ echo \"this image has no $t, which a script needs: leave out \
         the image, or pass one that has it\" >&2; exit 127; }}; done; d=$(mktemp -d); printf %s {} | {decode} > \"$d/{FILE_NAME}\"; shift {chunks}; exec uv run {options}\"$d/{FILE_NAME}\" \"$@\"",
        positions.join(" "),
    )
}

/// The size of the source, in bytes, if this is a command of [`inline_script`], and what uv is called with around it.
pub fn is_inline_script(command: &[impl AsRef<str>]) -> Option<InlineScript<'_>> {
    let [shell, flag, program, name, rest @ ..] = command else { return None };
    if shell.as_ref() != "/bin/sh" || flag.as_ref() != "-c" || name.as_ref() != INLINE_NAME {
        return None;
    }
    let (head, tail) = program.as_ref().split_once("; shift ")?;
    let (count, tail) = tail.split_once("; exec uv run ")?;
    let options = tail.split_once("\"$d/").map(|(options, _)| options)?;
    let count: usize = count.parse().ok().filter(|count| *count <= rest.len())?;
    let packed = head.contains("gzip");
    // To the letter: what only looks like it is shown as what it is.
    if self::program(count, packed, options) != program.as_ref() {
        return None;
    }
    let (chunks, arguments) = rest.split_at(count);
    let text: String = chunks.iter().map(AsRef::as_ref).collect();
    let bytes = STANDARD.decode(text).ok()?;
    let size = if packed {
        // A gzip file ends in the size of what it holds (RFC 1952, 2.3.1).
        bytes.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize)
    } else {
        bytes.len()
    };
    Some(InlineScript { size, options: options.trim(), arguments: arguments.iter().map(AsRef::as_ref).collect() })
}

/// What a command of [`inline_script`] holds.
#[derive(Debug, PartialEq, Eq)]
pub struct InlineScript<'a> {
    /// The size of the source, in bytes.
    pub size: usize,
    /// What uv is called with before the script, quoted as for a shell.
    pub options: &'a str,
    /// The script's arguments.
    pub arguments: Vec<&'a str>,
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|_| too_large(bytes.len()))
}

fn too_large(size: usize) -> Problem {
    Problem::malformed(
        format!("{size} bytes of code"),
        "short enough to travel in a command even when packed; host the script, and pass its URL",
    )
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs the command with a real `/bin/sh` and a `uv` that copies the file and prints its arguments.
    fn run(source: &str, options: &[&str], arguments: &[&str]) -> (Vec<u8>, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        let uv = directory.path().join("uv");
        std::fs::write(&uv, "#!/bin/sh\nfor a; do case $a in */script.py) cp \"$a\" \"$OUT/copy\"; a=SCRIPT;; esac; printf '%s\\0' \"$a\"; done\n").unwrap();
        let mode: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&uv, mode).unwrap();
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let command = inline_script(source, &owned(options), &owned(arguments)).unwrap();
        assert!(command.iter().all(|argument| argument.len() <= ARGUMENT_MAX));
        let output = Command::new(&command[0])
            .args(&command[1..])
            .env("PATH", format!("{}:/usr/bin:/bin", directory.path().display()))
            .env("OUT", directory.path())
            .env("TMPDIR", directory.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let seen = String::from_utf8(output.stdout).unwrap();
        (
            std::fs::read(directory.path().join("copy")).unwrap(),
            seen.split_terminator('\0').map(str::to_owned).collect(),
        )
    }

    #[test]
    fn a_script_and_its_arguments_arrive_byte_for_byte() {
        let hostile = "print('$HOME `id` \"$(reboot)\" \\n %s %%')\r\n# \u{1f389} ünï\u{0}\u{7f}\nEOF\n'''\n-\n";
        for source in [hostile, "x", "\n", "", &"é".repeat(100_000)] {
            let arguments = ["--x", "a b", "", "'", "\"$HF_TOKEN\"", "*", "--", "über", "a\nb"];
            let (arrived, seen) = run(source, &["--with", "torch>=2.1; x", "--python", "3.12"], &arguments);
            assert_eq!(arrived, source.as_bytes());
            assert_eq!(seen[..6], ["run", "--with", "torch>=2.1; x", "--python", "3.12", "SCRIPT"]);
            assert_eq!(seen[6..], arguments);
        }
    }

    #[test]
    fn whatever_is_written_survives_the_shell() {
        const PIECES: [&str; 24] = [
            "'",
            "\"",
            "\\",
            "$",
            "`",
            "$(id)",
            "${HF_TOKEN}",
            "\n",
            "\r",
            "\t",
            " ",
            ";",
            "&",
            "|",
            "<",
            ">",
            "*",
            "~",
            "!",
            "#",
            "%s",
            "-",
            "\u{e9}\u{1f389}",
            "x",
        ];
        let mut state = 7_u64;
        let mut text = |most: u64| -> String {
            let mut next = |below: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % below
            };
            (0..=next(most)).map(|_| PIECES[usize::try_from(next(24)).unwrap()]).collect()
        };
        for _ in 0..100 {
            let (source, options, arguments) = (text(60), [text(8), text(8)], [text(8), text(8), text(8)]);
            let (arrived, seen) =
                run(&source, &options.each_ref().map(String::as_str), &arguments.each_ref().map(String::as_str));
            assert_eq!(arrived, source.as_bytes());
            assert_eq!((&seen[1..3], &seen[4..]), (&options[..], &arguments[..]), "{source:?}");
        }
    }

    #[test]
    fn missing_tools_of_an_image_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let tool = |name: &str| std::os::unix::fs::symlink("/bin/true", directory.path().join(name)).unwrap();
        for (missing, source) in [("mktemp", "x"), ("base64", "x"), ("gzip", &*"x".repeat(20_000)), ("uv", "x")] {
            let command = inline_script(source, &[], &[]).unwrap();
            let output = Command::new(&command[0]).args(&command[1..]).env("PATH", directory.path()).output().unwrap();
            assert_eq!(output.status.code(), Some(127));
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(message.starts_with(&format!("this image has no {missing}, which a script needs")), "{message}");
            tool(missing);
        }
    }

    #[test]
    fn an_incompressible_script_fits_in_several_arguments_and_a_larger_one_is_refused() {
        let mut state = 1_u64;
        let mut noise = |bytes: usize| -> String {
            std::iter::repeat_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                char::from(33 + u8::try_from(state >> 57).unwrap() % 90)
            })
            .take(bytes)
            .collect()
        };
        let source = noise(300_000);
        assert_eq!(run(&source, &[], &["end"]).0, source.as_bytes());
        assert!(inline_script(&noise(500_000), &[], &[]).is_err());
    }

    #[test]
    fn such_a_command_is_recognised() {
        for source in ["print(1)\n".to_owned(), "a\n".repeat(40_000)] {
            let command =
                inline_script(&source, &["--with".into(), "a b".into()], &["--n".into(), "1".into()]).unwrap();
            let found = is_inline_script(&command).unwrap();
            assert_eq!(
                found,
                InlineScript { size: source.len(), options: "--with 'a b'", arguments: vec!["--n", "1"] }
            );
        }
        assert_eq!(is_inline_script(&["/bin/sh", "-c", "echo; shift 1", "inline-script", "x"]), None);
        assert_eq!(is_inline_script(&["uv", "run", "x"]), None);
    }
}
