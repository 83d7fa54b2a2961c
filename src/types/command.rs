//! The command line that a job runs.

use std::fmt;

use serde_json::{Value, json};

use super::limits::{ARGUMENT_MAX, MAX_COMMAND_BYTES, MAX_COMMAND_ITEMS};
use super::script::is_placeholder;
use super::wrong_kind;
use crate::error::Problem;

const EXPECTED: &str = "a list of arguments, or one command line without shell operators";
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "zsh", "ash"];
/// What only a shell understands, where it is a whole argument. `;` is not among them: `find -exec` takes it.
const OPERATORS: [&str; 8] = ["&&", "||", "|", ">", ">>", "<", "2>", "2>&1"];
/// Programs whose own arguments are such.
const TAKE_OPERATORS: [&str; 3] = ["expr", "test", "["];
/// The longest line that is shown as one for a shell, in bytes.
const LINE_SHOWN_MAX: usize = 500;

/// A whole command line: at least one argument, none empty, none with a NUL, each and all within what Linux takes.
///
/// The image's entry point is not used, so the first argument is the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(Vec<String>);

impl Command {
    /// Takes a list of arguments as it stands.
    pub fn new(arguments: Vec<String>) -> Result<Self, Problem> {
        if arguments.is_empty() || arguments.len() > MAX_COMMAND_ITEMS {
            let expected = format!("a list of 1 to {MAX_COMMAND_ITEMS} arguments");
            return Err(Problem::malformed(format!("{} arguments", arguments.len()), expected));
        }
        for argument in &arguments {
            if argument.is_empty() {
                return Err(Problem::malformed("", "arguments that are not empty (the Hub refuses empty ones)"));
            }
            if argument.contains('\0') {
                return Err(Problem::malformed(argument, "arguments without NUL characters"));
            }
            bounded(argument.len(), ARGUMENT_MAX, "one argument")?;
        }
        bounded(arguments.iter().map(String::len).sum(), MAX_COMMAND_BYTES, "the command")?;
        Ok(Self(arguments))
    }

    /// Splits one line as a POSIX shell splits words; `$NAME` is left as it stands, since no shell will read it.
    ///
    /// What only a shell understands (operators, comments, several lines, `NAME=value` in front) is refused with the
    /// list that passes the line to one. A line that is a JSON list of strings is taken as that list.
    pub fn parse(line: &str) -> Result<Self, Problem> {
        bounded(line.len(), MAX_COMMAND_BYTES, "the command")?;
        let line = line.trim();
        if let Ok(Value::Array(items)) = serde_json::from_str(line) {
            return Self::from_json(&Value::Array(items));
        }
        let words = shell_words::split(line)
            .map_err(|_| Problem::malformed(line, "a command line whose quotes are closed, or a list of arguments"))?;
        if is_for_a_shell(line) {
            let instead = ["/bin/sh", "-c", line].map(str::to_owned);
            // What no shell could be given either is told as that.
            Self::new(instead.to_vec())?;
            return Err(Problem::malformed_instead(line, EXPECTED, json!(instead)));
        }
        Self::new(words)
    }

    /// Reads a JSON list of strings (numbers and booleans become their text), or a string.
    pub fn from_json(value: &Value) -> Result<Self, Problem> {
        let alone = value
            .as_array()
            .map_or(Some(value), |items| <&[Value; 1]>::try_from(items.as_slice()).ok().map(|[one]| one));
        if let Some(line) = alone.and_then(Value::as_str).map(str::trim).filter(|line| is_placeholder(line)) {
            return Err(Problem::malformed(line, "a command, but a placeholder for one: pass the arguments to run"));
        }
        match value {
            Value::String(line) => Self::parse(line),
            Value::Array(items) => Self::new(items.iter().map(argument).collect::<Result<_, _>>()?),
            _ => Err(wrong_kind("a list of strings, or a string", value)),
        }
    }

    /// The arguments, the program first.
    pub fn arguments(&self) -> &[String] {
        &self.0
    }

    /// The line that would make a shell run the same, for people to read.
    pub fn display(&self) -> String {
        shell_words::join(&self.0)
    }

    /// Whether `$HF_TOKEN` or `${HF_TOKEN}` stands where no shell will replace it, so that it arrives literally.
    pub fn placeholder_outside_shell(&self) -> bool {
        !SHELLS.contains(&self.program()) && self.0.iter().any(|argument| has_placeholder(argument))
    }

    /// A shell's operator among the arguments of a program that is no shell, and the command that a shell would read.
    pub fn operator_outside_shell(&self) -> Option<(String, Value)> {
        let program = self.program();
        if SHELLS.contains(&program) || TAKE_OPERATORS.contains(&program) {
            return None;
        }
        let is_operator = |argument: &&String| OPERATORS.contains(&argument.as_str());
        let operator = self.0.iter().find(is_operator)?.clone();
        let word = |argument: &String| {
            if is_operator(&argument) { argument.clone() } else { shell_words::quote(argument).into_owned() }
        };
        let line = self.0.iter().map(word).collect::<Vec<_>>().join(" ");
        let line = if line.len() <= LINE_SHOWN_MAX { line } else { "…".to_owned() };
        Some((operator, json!(["/bin/sh", "-c", line])))
    }

    fn program(&self) -> &str {
        self.0.first().and_then(|program| program.rsplit('/').next()).unwrap_or_default()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display())
    }
}

/// One item of a JSON list of arguments, as text.
pub(super) fn argument(value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(wrong_kind("a string", value)),
    }
}

fn bounded(bytes: usize, limit: usize, what: &str) -> Result<(), Problem> {
    if bytes <= limit {
        return Ok(());
    }
    // Exactly: rounded, a byte too many looks like none.
    Err(Problem::malformed(format!("{bytes} bytes"), format!("at most {limit} bytes for {what}")))
}

/// Whether anything outside quotes needs a shell. Quotes and backslashes work here as `shell_words` has them.
fn is_for_a_shell(line: &str) -> bool {
    if let Some((name, _)) = line.split_once('=') {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        if name.starts_with(first) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return true;
        }
    }
    let mut quote = None;
    let mut word_begins = true;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let begins = std::mem::replace(&mut word_begins, false);
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('"') | None, '\\') => {
                characters.next();
            }
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '|' | '&' | ';' | '<' | '>' | '`' | '\n') => return true,
            (None, '$') if characters.peek() == Some(&'(') => return true,
            (None, '#') if begins => return true,
            (None, _) => word_begins = character.is_whitespace(),
        }
    }
    false
}

fn has_placeholder(text: &str) -> bool {
    text.contains("${HF_TOKEN}")
        || text
            .split("$HF_TOKEN")
            .skip(1)
            .any(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_a_shell_does() {
        for (line, words) in [
            ("python -V", &["python", "-V"][..]),
            ("python -c 'print(1 > 0); print(2)'", &["python", "-c", "print(1 > 0); print(2)"]),
            (r#"sh -c "a && b | c > d; e & `f` $(g)""#, &["sh", "-c", "a && b | c > d; e & `f` $(g)"]),
            (r"echo a\;b \> \# c#d", &["echo", "a;b", ">", "#", "c#d"]),
            ("echo $HOME ${X}", &["echo", "$HOME", "${X}"]),
            ("python -c print(1)", &["python", "-c", "print(1)"]),
            ("env A=1 python", &["env", "A=1", "python"]),
            ("python \\\n  train.py\n", &["python", "train.py"]),
            ("echo \"it's\" 'a \"b\"'", &["echo", "it's", "a \"b\""]),
            (r#"["python", "-c", "print(1); x"]"#, &["python", "-c", "print(1); x"]),
        ] {
            assert_eq!(Command::parse(line).unwrap().arguments(), words, "{line}");
        }
    }

    #[test]
    fn hands_shell_lines_back_as_a_call_of_sh() {
        for line in [
            "a && b",
            "a || b",
            "a | b",
            "a > b",
            "a < b",
            "a; b",
            "a &",
            "echo `date`",
            "echo $(date)",
            "FOO=1 python x.py",
            "pip install x\npython y",
            "echo a # b",
            "pip install torch>=2",
            "curl https://x.example/?a=1&b=2",
        ] {
            let Err(Problem::Malformed { instead, .. }) = Command::parse(line) else { panic!("{line}") };
            let instead = instead.unwrap();
            assert_eq!(instead, json!(["/bin/sh", "-c", line]));
            assert_eq!(Command::from_json(&instead).unwrap().arguments().last().unwrap(), line);
        }
    }

    #[test]
    fn refuses_what_can_not_be_run() {
        let long = "x".repeat(ARGUMENT_MAX + 1);
        let many = vec![json!("x"); MAX_COMMAND_ITEMS + 1];
        let wide = vec![json!("x".repeat(ARGUMENT_MAX)); 9];
        for value in [
            json!(""),
            json!("  "),
            json!("echo 'a"),
            json!("echo ''"),
            json!([]),
            json!([""]),
            json!(["a\0b"]),
            json!("a | b\0"),
            json!(format!("echo {long} | wc")),
            json!(["a", long]),
            json!(many),
            json!(wide),
        ] {
            assert!(matches!(Command::from_json(&value), Err(Problem::Malformed { instead: None, .. })));
        }
        for value in [json!(null), json!({"a": 1}), json!(["a", null]), json!(["a", ["b"]]), json!(3)] {
            assert!(matches!(Command::from_json(&value), Err(Problem::WrongType { .. })), "{value}");
        }
        assert!(Command::from_json(&json!(["x".repeat(ARGUMENT_MAX)])).is_ok());
    }

    #[test]
    fn shows_what_a_shell_would_read() {
        let command = Command::from_json(&json!(["python", "a b.py", "--n", 3, true, 0.5])).unwrap();
        assert_eq!(command.display(), "python 'a b.py' --n 3 true 0.5");
        assert_eq!(Command::parse(&command.display()), Ok(command));
    }

    #[test]
    fn an_operator_without_a_shell_is_found() {
        for (command, line) in [
            (json!(["echo", "a b", "&&", "echo", "b"]), Some("echo 'a b' && echo b")),
            (json!(["cat", "x", "|", "wc"]), Some("cat x | wc")),
            (json!(["sh", "-c", "a && b"]), None),
            (json!(["bash", "x.sh", "&&"]), None),
            (json!(["expr", "1", "|", "2"]), None),
            (json!(["echo", "a && b"]), None),
            (json!(["find", ".", "-exec", "rm", "{}", ";"]), None),
        ] {
            let found = Command::from_json(&command).unwrap().operator_outside_shell();
            assert_eq!(found.map(|(_, instead)| instead), line.map(|line| json!(["/bin/sh", "-c", line])), "{command}");
        }
    }

    #[test]
    fn knows_a_placeholder_that_nobody_replaces() {
        for (command, literal) in [
            (json!(["curl", "-H", "authorization: Bearer $HF_TOKEN"]), true),
            (json!(["echo", "${HF_TOKEN}"]), true),
            (json!(["/bin/sh", "-c", "echo $HF_TOKEN"]), false),
            (json!(["bash", "-c", "echo $HF_TOKEN"]), false),
            (json!(["echo", "$HF_TOKENIZER"]), false),
            (json!(["echo", "$HF_TOKENIZER$HF_TOKEN"]), true),
            (json!(["echo", "HF_TOKEN"]), false),
        ] {
            assert_eq!(Command::from_json(&command).unwrap().placeholder_outside_shell(), literal, "{command}");
        }
    }
}
