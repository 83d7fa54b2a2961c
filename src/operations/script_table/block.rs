//! The metadata block of a script (PEP 723, "Inline script metadata").

use super::header::kind;
use crate::error::{Fault, Problem, script_argument};

/// The type of the block that holds a script's metadata.
const TYPE: &str = "script";
/// What a block must name to be read: a script without it needs no parser, and what else it says is uv's to judge.
const TABLE: &str = "hf-jobs";

/// The TOML of a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The comments' text.
    pub(super) content: String,
    /// The line of the source that opens the block, from 0, so that it is also how far the content's lines are behind.
    opened: usize,
}

impl Block {
    /// The source's `script` block, if it names the table; of several blocks PEP 723 wants an error.
    pub(super) fn find(source: &str) -> Result<Option<Self>, Fault> {
        // A reader that knows one end of a line only would see no block in a file of another system.
        let source = source.replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<&str> = source.split('\n').collect();
        let mut blocks = blocks(&lines);
        if !blocks.iter().any(|block| block.content.contains(TABLE)) {
            return Ok(None);
        }
        if blocks.len() > 1 {
            let found = format!("{} `# /// {TYPE}` blocks", blocks.len());
            return Err(Problem::malformed(found, "one block, as PEP 723 has it").at(script_argument("")));
        }
        Ok(blocks.pop())
    }

    /// The table itself.
    pub(super) fn table(&self) -> Result<Option<toml::Table>, Fault> {
        let mut all: toml::Table = self.content.parse().map_err(|error: toml::de::Error| self.fault(&error))?;
        let tool = match all.remove("tool") {
            None => return Ok(None),
            Some(toml::Value::Table(mut tool)) => tool.remove(TABLE),
            Some(other) => Some(other),
        };
        match tool {
            None => Ok(None),
            Some(toml::Value::Table(table)) => Ok(Some(table)),
            Some(other) => Err(Problem::WrongType { expected: "a table", found: kind(&other) }.at(script_argument(""))),
        }
    }

    fn fault(&self, error: &toml::de::Error) -> Fault {
        let before = error.span().and_then(|span| self.content.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count();
        let text = self.content.split('\n').nth(line).unwrap_or_default();
        // The first line of the content stands below the one that opens the block, and people count from 1.
        let number = self.opened + line + 2;
        let reason = error.message().replace('\n', ", ");
        Problem::malformed(text, format!("TOML, in line {number} of the script: {reason}")).at(script_argument(""))
    }
}

/// All `script` blocks, found as the reference implementation of PEP 723 finds them: from `# /// TYPE` to the last `# ///` that
/// only comments come before, at least one of them.
fn blocks(lines: &[&str]) -> Vec<Block> {
    let is_comment = |line: &&&str| **line == "#" || line.starts_with("# ");
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let opened = at;
        at += 1;
        let Some(name) = line.strip_prefix("# /// ").filter(|name| is_type(name)) else { continue };
        let run: Vec<&str> = lines.iter().skip(at).take_while(is_comment).copied().collect();
        let closed = run.iter().rposition(|line| *line == "# ///").filter(|closed| *closed > 0);
        // Without an end here, there is none for any other beginning among these comments.
        at += closed.map_or(run.len(), |closed| closed + 1);
        if let (TYPE, Some(closed)) = (name, closed) {
            let text = |line: &&str| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap_or_default().to_owned();
            let content: Vec<String> = run.iter().take(closed).map(text).collect();
            blocks.push(Block { content: content.join("\n"), opened });
        }
    }
    blocks
}

fn is_type(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(source: &str) -> Vec<String> {
        let lines: Vec<&str> = source.split('\n').collect();
        blocks(&lines).into_iter().map(|block| block.content).collect()
    }

    #[test]
    fn blocks_are_those_of_the_reference() {
        for (source, expected) in [
            ("# /// script\n# a = 1\n# ///", vec!["a = 1"]),
            ("import x\n# /// script\n#\n#  b\n# ///\nprint()", vec!["\n b"]),
            ("# /// script\n# a\n# ///\n# b\n# ///\n", vec!["a\n///\nb"]),
            ("# /// script\n# a\n# ///\n\n# /// script\n# b\n# ///\n", vec!["a", "b"]),
            ("# /// other\n# a\n# ///\n\n# /// script\n# b\n# ///\n", vec!["b"]),
            // A block of another kind takes what only comments part it from.
            ("# /// other\n# a\n# ///\n#\n# /// script\n# b\n# ///\n", vec![]),
            ("# /// script\n# ///\n", vec![]),
            ("# /// script\n# a\n", vec![]),
            ("# /// script\n# a\n\n# ///\n", vec![]),
            ("# /// script\n#a\n# ///\n", vec![]),
            ("# /// script \n# a\n# ///\n", vec![]),
            (" # /// script\n # a\n # ///\n", vec![]),
            ("#/// script\n# a\n# ///\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(contents(source), expected, "{source:?}");
        }
    }

    #[test]
    fn many_beginnings_cost_no_more_than_their_length() {
        assert_eq!(contents(&"# /// x\n".repeat(100_000)), Vec::<String>::new());
    }

    #[test]
    fn a_script_that_does_not_name_the_table_is_not_judged() {
        for source in [
            "print(1)",
            "# /// script\n# not TOML\n# ///\n",
            "# /// script\n# a = 1\n# ///\n\n# /// script\n# a = 1\n# ///\n",
        ] {
            assert_eq!(Block::find(source), Ok(None), "{source:?}");
        }
    }

    #[test]
    fn ends_of_lines_of_any_system_will_do() {
        for end in ["\n", "\r\n", "\r"] {
            let source = ["# /// script", "# [tool.hf-jobs]", "# flavor = 'a'", "# ///", ""].join(end);
            let table = Block::find(&source).unwrap().unwrap().table().unwrap().unwrap();
            assert_eq!(table.get("flavor").and_then(toml::Value::as_str), Some("a"), "{end:?}");
        }
    }

    #[test]
    fn what_is_no_table_is_told_with_its_line() {
        let block = |content: &str| format!("#!/usr/bin/env python\n# /// script\n{content}\n# ///\n");
        for (source, expected) in [
            (block("# [tool.hf-jobs]\n# flavor = a10g"), "`flavor = a10g` is not TOML, in line 4 of the script: "),
            (block("# [tool.hf-jobs]\n# a = 1\n# a = 2"), "`a = 2` is not TOML, in line 5 of the script: "),
            (block("# tool = 'hf-jobs'"), "takes a table, not a string"),
            (block("# [[tool.hf-jobs]]\n# flavor = 'a'"), "takes a table, not a list"),
            (
                format!("{}\n{}", block("# [tool.hf-jobs]"), block("# a = 1")),
                "`2 `# /// script` blocks` is not one block, as PEP 723 has it",
            ),
        ] {
            let fault =
                Block::find(&source).and_then(|block| block.map(|block| block.table()).transpose()).unwrap_err();
            assert_eq!(fault.argument, "script[tool.hf-jobs]");
            assert!(fault.message().contains(expected), "{}", fault.message());
        }
        let other = block("# [tool.other]\n# about = 'hf-jobs'");
        assert_eq!(Block::find(&other).unwrap().unwrap().table(), Ok(None));
    }
}
