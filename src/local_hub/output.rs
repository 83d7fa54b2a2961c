//! What a job writes, cut into lines of bounded length.

/// The longest line of a log, in bytes: a longer one goes on in the next, so that no output is held whole.
pub(super) const MAX_LINE: usize = 256 * 1024;

/// The end of the newest line that is remembered, in bytes: enough to recognise a shell's complaint.
const MAX_LAST: usize = 512;

/// Cuts bytes into lines.
#[derive(Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
    last: Vec<u8>,
}

impl Lines {
    /// Takes the next bytes, and gives the lines that they end.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if self.partial.last() == Some(&b'\n') {
                self.partial.pop();
                while self.partial.len() > MAX_LINE {
                    lines.push(self.cut());
                }
                let line = std::mem::take(&mut self.partial);
                lines.push(self.line(&line));
            }
            while self.partial.len() > MAX_LINE {
                lines.push(self.cut());
            }
        }
        lines
    }

    /// The last line, if it did not end in a line feed.
    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.partial);
        (!rest.is_empty()).then(|| self.line(&rest))
    }

    /// The newest line, or the end of it.
    pub(super) fn last(&self) -> String {
        String::from_utf8_lossy(&self.last).into_owned()
    }

    fn line(&mut self, line: &[u8]) -> String {
        self.last.clear();
        self.last.extend_from_slice(line.get(line.len().saturating_sub(MAX_LAST)..).unwrap_or_default());
        String::from_utf8_lossy(line).into_owned()
    }

    /// Takes a full line's length off the front, between two characters.
    fn cut(&mut self) -> String {
        let continues = |at: usize| self.partial.get(at).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
        let end = (MAX_LINE - 3..=MAX_LINE).rev().find(|at| !continues(*at)).unwrap_or(MAX_LINE);
        let line: Vec<u8> = self.partial.drain(..end).collect();
        self.line(&line)
    }
}

/// What to say of a program that this machine does not have.
pub(super) fn advice(program: &str) -> String {
    match program {
        "uv" | "uvx" => format!(
            "`{program}` is not installed on this machine: install it as \
             https://docs.astral.sh/uv/getting-started/installation/ says, then run the job again"
        ),
        "python" => "`python` is not installed on this machine: try `python3`, or install it from \
                     https://www.python.org/downloads/, then run the job again"
            .to_owned(),
        "python3" | "pip" | "pip3" => format!(
            "`{program}` is not installed on this machine: install Python from \
             https://www.python.org/downloads/, then run the job again"
        ),
        _ => format!(
            "`{program}` is not installed on this machine: images are ignored by the local Hub, a job finds only \
             the programs that are installed here"
        ),
    }
}

/// The program that a shell complains of: `sh: 1: exec: uv: not found`, `bash: line 1: uv: command not found`.
pub(super) fn not_found(complaint: &str) -> Option<&str> {
    let before = complaint.trim_end().strip_suffix("not found")?.trim_end();
    let before = before.strip_suffix("command").unwrap_or(before).trim_end().strip_suffix(':')?;
    let program = before.rsplit([':', ' ']).next()?;
    let plain = |character: char| character.is_ascii_alphanumeric() || "._+-".contains(character);
    (!program.is_empty() && program.chars().all(plain)).then_some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_do_not_depend_on_how_bytes_arrive() {
        let text = "one\n\ntwo \u{1f600}\r\nthree".as_bytes();
        for size in 1..=text.len() {
            let mut lines = Lines::default();
            let mut all: Vec<String> = text.chunks(size).flat_map(|piece| lines.take(piece)).collect();
            all.extend(lines.rest());
            assert_eq!(all, ["one", "", "two \u{1f600}\r", "three"]);
            assert_eq!(lines.last(), "three");
        }
    }

    #[test]
    fn a_long_line_goes_on_in_the_next_without_splitting_a_character() {
        let text = format!("x{}", "\u{e9}".repeat(MAX_LINE));
        let mut lines = Lines::default();
        let mut all: Vec<String> = text.as_bytes().chunks(70_000).flat_map(|piece| lines.take(piece)).collect();
        assert!(lines.partial.len() <= MAX_LINE);
        all.extend(lines.rest());
        assert!(all.iter().all(|line| line.len() <= MAX_LINE));
        assert_eq!(all.concat(), text);
        let mut lines = Lines::default();
        assert_eq!(lines.take(&[&vec![b'a'; MAX_LINE + 1][..], b"\n"].concat()).len(), 2);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(Lines::default().take(b"a\xffb\n"), ["a\u{fffd}b"]);
    }

    #[test]
    fn a_shells_complaint_names_the_program() {
        for (complaint, program) in [
            ("/bin/sh: 1: exec: uv: not found", Some("uv")),
            ("/bin/sh: 1: uv: not found", Some("uv")),
            ("bash: line 1: exec: uv: not found", Some("uv")),
            ("bash: line 1: uv: command not found", Some("uv")),
            ("sh: python3.12: not found\r", Some("python3.12")),
            ("page not found", None),
            ("error: not found", Some("error")),
            ("", None),
        ] {
            assert_eq!(not_found(complaint), program, "{complaint}");
        }
        assert!(advice("uv").contains("https://docs.astral.sh/uv/"));
    }
}
