//! A command as the programs that it runs: a shell's text is split where the shell would, roughly.

use std::iter::Peekable;
use std::str::Chars;

/// The shells whose `-c` is looked into.
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "zsh", "ash"];
/// How many shells in shells are looked into: `sh -c` in `bash -c` happens, more is a puzzle.
const DEPTH_MAX: usize = 3;
/// The most programs that are looked at: garbage must not cost memory.
const PROGRAMS_MAX: usize = 10_000;

/// A program with its arguments, and what a here-document gives it to read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) words: Vec<String>,
    pub(super) input: Option<String>,
}

impl Program {
    /// Whether these words follow one another, the first of them a program's name or path. What is printed or installed is
    /// not run.
    pub(super) fn runs(&self, words: &[&str]) -> bool {
        let speaks = matches!(self.words.first().map(String::as_str), Some("echo" | "printf" | "which"))
            || self.words.iter().any(|word| word == "install");
        let is_run = |window: &[String]| {
            let mut pairs = window.iter().map(String::as_str).zip(words.iter().copied());
            pairs.next().is_some_and(|(given, word)| base_name(given) == word)
                && pairs.all(|(given, word)| given == word)
        };
        !speaks && self.words.windows(words.len().max(1)).any(is_run)
    }

    /// Whether one of the flags is given and not denied (`--push_to_hub False`).
    pub(super) fn has_flag(&self, matches: impl Fn(&str) -> bool) -> bool {
        let denies = |value: &str| ["false", "0", "no"].iter().any(|no| value.eq_ignore_ascii_case(no));
        self.words.iter().enumerate().any(|(at, word)| {
            let Some(flag) = word.strip_prefix("--") else { return false };
            let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
            let value = value.or_else(|| self.words.get(at + 1).map(String::as_str));
            matches(&name.replace('-', "_")) && !value.is_some_and(denies)
        })
    }

    /// The Python source that it holds: `python -c CODE`, or a here-document that Python reads or that becomes a script.
    pub(super) fn code(&self) -> Option<&str> {
        let python = self.words.iter().position(|word| base_name(word).starts_with("python"));
        let is_for_python =
            python.is_some() || self.words.iter().any(|word| base_name(word) == "uv" || has_extension(word, "py"));
        if let Some(input) = self.input.as_deref().filter(|_| is_for_python) {
            return Some(input);
        }
        let mut options = self.words.iter().skip(python? + 1).take_while(|word| word.starts_with('-'));
        options.find(|option| !option.starts_with("--") && option.ends_with('c'))?;
        let code = self.words.iter().skip(python? + 1).skip_while(|word| word.starts_with('-'));
        code.map(String::as_str).next()
    }

    /// The text that it has a shell run.
    fn shell_text(&self) -> Option<&str> {
        let shell = self.words.iter().position(|word| SHELLS.contains(&base_name(word)))?;
        let mut words = self.words.iter().skip(shell + 1).map(String::as_str);
        words.by_ref().find(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'))?;
        words.next()
    }
}

/// The programs that a command runs, those of a shell's text among them.
pub(super) fn programs(command: &[String]) -> Vec<Program> {
    let mut found = Vec::new();
    let mut left = vec![(Program { words: command.to_vec(), input: None }, 0)];
    while let Some((program, depth)) = left.pop() {
        if found.len() >= PROGRAMS_MAX {
            break;
        }
        match program.shell_text() {
            Some(text) if depth < DEPTH_MAX => {
                left.extend(split(text).into_iter().rev().map(|program| (program, depth + 1)));
            }
            _ => found.push(program),
        }
    }
    found
}

/// The last part of a program's path.
pub(super) fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether a path or an address ends in an extension.
pub(super) fn has_extension(word: &str, extension: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
}

/// The simple commands of a shell's text.
fn split(text: &str) -> Vec<Program> {
    let mut lexer =
        Lexer { rest: text.chars().peekable(), programs: vec![Program::default()], word: None, awaited: None };
    lexer.run();
    lexer.programs.retain(|program| !program.words.is_empty());
    lexer.programs
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    programs: Vec<Program>,
    word: Option<String>,
    /// The program that reads the next here-document.
    awaited: Option<usize>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => {
                    if let Some(escaped) = self.rest.next().filter(|escaped| *escaped != '\n') {
                        self.add(escaped);
                    }
                }
                '\'' | '"' => self.quoted(character),
                '#' if self.word.is_none() => while self.rest.next_if(|next| *next != '\n').is_some() {},
                '\n' => {
                    self.end_program();
                    self.here_document();
                }
                ';' | '&' | '|' | '(' | ')' => self.end_program(),
                '<' | '>' => {
                    self.end_word();
                    self.add(character);
                    while let Some(more) = self.rest.next_if_eq(&character) {
                        self.add(more);
                    }
                    let is_document = self.word.as_deref() == Some("<<");
                    self.end_word();
                    if is_document {
                        self.awaited = self.programs.len().checked_sub(1);
                    }
                }
                _ if character.is_whitespace() => self.end_word(),
                _ => self.add(character),
            }
        }
        self.end_word();
    }

    fn add(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn end_word(&mut self) {
        if let (Some(word), Some(program)) = (self.word.take(), self.programs.last_mut()) {
            program.words.push(word);
        }
    }

    fn end_program(&mut self) {
        self.end_word();
        if self.programs.last().is_some_and(|program| !program.words.is_empty()) && self.programs.len() < PROGRAMS_MAX {
            self.programs.push(Program::default());
        }
    }

    fn quoted(&mut self, quote: char) {
        let word = self.word.get_or_insert_default();
        while let Some(character) = self.rest.next() {
            match character {
                _ if character == quote => return,
                '\\' if quote == '"' => {
                    let escaped = self.rest.next_if(|next| matches!(next, '"' | '\\' | '$' | '`' | '\n'));
                    word.extend(escaped.map_or(Some('\\'), |escaped| Some(escaped).filter(|escaped| *escaped != '\n')));
                }
                _ => word.push(character),
            }
        }
    }

    /// Reads the lines up to the delimiter, which is the word after the `<<` of the program that waits for them.
    fn here_document(&mut self) {
        let Some(program) = self.awaited.take().and_then(|at| self.programs.get_mut(at)) else { return };
        let mut words = program.words.iter().skip_while(|word| *word != "<<").skip(1);
        let Some(delimiter) = words.next().map(|word| word.trim_start_matches('-').to_owned()) else { return };
        let mut input = String::new();
        while self.rest.peek().is_some() {
            let mut line = String::new();
            while let Some(character) = self.rest.next_if(|next| *next != '\n') {
                line.push(character);
            }
            self.rest.next();
            if line.trim() == delimiter {
                break;
            }
            input.push_str(&line);
            input.push('\n');
        }
        program.input = Some(input);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &[&str]) -> Vec<Program> {
        programs(&command.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn splits_a_shells_text() {
        let words = |text: &str| -> Vec<String> {
            of(&["/bin/sh", "-c", text]).iter().map(|program| program.words.join("·")).collect()
        };
        for (text, expected) in [
            ("", vec![]),
            ("a b&&c 'd e'", vec!["a·b", "c·d e"]),
            ("a;b|c &\n# d\ne#f", vec!["a", "b", "c", "e#f"]),
            ("(a \"b\\\"c\\d\" x\\ y)", vec!["a·b\"c\\d·x y"]),
            ("a >b 2>&1 \\\n c", vec!["a·>·b·2·>", "1·c"]),
            ("bash -lc 'a; sh -c \"b && c\"'", vec!["a", "b", "c"]),
            ("a 'open", vec!["a·open"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(of(&["python", "-c", "a;b"]).len(), 1);
    }

    #[test]
    fn finds_python_in_it() {
        for (command, code) in [
            (&["python", "-c", "x()"][..], Some("x()")),
            (&["/usr/bin/python3.12", "-u", "-c", "x()"], Some("x()")),
            (&["uv", "run", "--with", "datasets", "python", "-c", "x()"], Some("x()")),
            (&["sh", "-c", "pip install x && python3 -c 'f(\"y\")'"], Some("f(\"y\")")),
            (&["sh", "-c", "python - <<'EOF'\nx()\nEOF\necho"], Some("x()\n")),
            (&["sh", "-c", "cat > t.py <<EOF\nx()\nEOF\npython t.py"], Some("x()\n")),
            (&["sh", "-c", "cat > notes.txt <<EOF\nx()\nEOF"], None),
            (&["python", "train.py", "-c", "x"], None),
            (&["python", "-c"], None),
            (&["sh", "-c"], None),
            (&[], None),
        ] {
            assert_eq!(of(command).iter().find_map(Program::code), code, "{command:?}");
        }
    }

    #[test]
    fn knows_what_is_run_and_flagged() {
        let runs = |text: &str| of(&["sh", "-c", text]).iter().any(|program| program.runs(&["hf", "upload"]));
        assert!(
            runs("x; hf upload a b")
                && runs("exec /usr/bin/hf upload a")
                && !runs("echo hf upload")
                && !runs("hf download")
        );
        let flag = |words: &[&str]| of(words).iter().any(|program| program.has_flag(|name| name == "push_to_hub"));
        assert!(flag(&["x.py", "--push-to-hub"]) && flag(&["--push_to_hub=true"]) && flag(&["--push_to_hub", "--x"]));
        assert!(!flag(&["--push_to_hub", "False"]) && !flag(&["--push-to-hub=0"]) && !flag(&["push_to_hub"]));
    }

    #[test]
    fn reads_garbage_within_bounds() {
        for piece in ["'", "\"\\", "a;", "<<", "<<a\n", "sh -c ", "(", "# é\n", "a\\"] {
            let _programs = of(&["sh", "-c", &piece.repeat(128 * 1024 / piece.len())]);
        }
    }
}
