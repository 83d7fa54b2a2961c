//! Python's words: enough to tell a call from a comment or a string that speaks of one. Not a parser.

/// The most tokens that are read: a megabyte of ordinary source has fewer, and garbage must not cost memory.
const TOKENS_MAX: usize = 1 << 18;
/// How wide a tab is when lines are compared by their indent, as Python has it.
const TAB: u32 = 8;
/// What may stand directly before a string's quote.
const PREFIX_LETTERS: &str = "rbuft";
/// The operators of more than one character, the longer first.
const OPERATORS: [&str; 25] = [
    "**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", ":=", "->", "**", "//", "<<", ">>", "+=", "-=", "*=",
    "/=", "%=", "&=", "|=", "^=", "@=", "<>",
];

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// The beginning of a logical line, so far from the margin.
    Line(u32),
    /// A name or keyword.
    Name(&'a str),
    /// What stands between a string's quotes, its escapes as they are.
    Text(&'a str),
    /// A number.
    Number(&'a str),
    /// An operator or a bracket.
    Mark(&'a str),
}

/// A token and the line where it begins, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) line: u32,
}

impl<'a> Token<'a> {
    pub(super) fn name(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        self.kind == Kind::Name(name)
    }
}

/// The tokens of a source, in one pass; whatever it holds has some.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { rest: source, line: 1, depth: 0, indent: Some(0), tokens: Vec::new() };
    while lexer.tokens.len() < TOKENS_MAX && lexer.step() {}
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    line: u32,
    /// How many brackets are open: inside of them a line's end ends nothing.
    depth: usize,
    /// At a logical line's beginning, how far from the margin.
    indent: Option<u32>,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    /// Reads on. `false`: there is nothing left.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        match first {
            '\n' => {
                self.take(1);
                self.line += 1;
                if self.depth == 0 {
                    self.indent = Some(0);
                }
            }
            '\\' => {
                self.take(1);
                for end in ["\r", "\n"] {
                    if self.rest.starts_with(end) {
                        self.take(1);
                        self.line += u32::from(end == "\n");
                    }
                }
            }
            '#' => {
                self.take_while(|character| character != '\n');
            }
            '"' | '\'' => self.string(),
            _ if first.is_whitespace() => {
                self.take(first.len_utf8());
                let width = if first == '\t' { TAB } else { 1 };
                self.indent = self.indent.map(|indent| indent.saturating_add(width));
            }
            _ if first.is_ascii_digit() => {
                let number = self.take_while(|character| character.is_alphanumeric() || matches!(character, '_' | '.'));
                self.push(Kind::Number(number));
            }
            _ if first.is_alphanumeric() || first == '_' => self.word(),
            _ => self.mark(first),
        }
        true
    }

    fn word(&mut self) {
        let word = self.take_while(|character| character.is_alphanumeric() || character == '_');
        let is_prefix =
            word.len() <= 2 && word.chars().all(|letter| PREFIX_LETTERS.contains(letter.to_ascii_lowercase()));
        if is_prefix && self.rest.starts_with(['"', '\'']) {
            self.string();
        } else {
            self.push(Kind::Name(word));
        }
    }

    /// A string from its first quote on. One that isn't closed ends with its line, or with the source.
    fn string(&mut self) {
        let line = self.line;
        let fence = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|fence| self.rest.starts_with(fence)).unwrap_or("'");
        self.take(fence.len());
        let mut escaped = false;
        let mut end = self.rest.len();
        for (at, character) in self.rest.char_indices() {
            let closes = || self.rest.get(at..).is_some_and(|rest| rest.starts_with(fence));
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\n' if fence.len() == 1 => {
                    end = at;
                    break;
                }
                '"' | '\'' if closes() => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let text = self.take(end);
        if self.rest.starts_with(fence) {
            self.take(fence.len());
        }
        self.push_at(Kind::Text(text), line);
        let ends = text.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(ends).unwrap_or(u32::MAX));
    }

    fn mark(&mut self, first: char) {
        let operator = OPERATORS.into_iter().find(|operator| self.rest.starts_with(operator));
        let mark = self.take(operator.map_or(first.len_utf8(), str::len));
        self.push(Kind::Mark(mark));
        match first {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn push(&mut self, kind: Kind<'a>) {
        self.push_at(kind, self.line);
    }

    fn push_at(&mut self, kind: Kind<'a>, line: u32) {
        if let Some(indent) = self.indent.take() {
            self.tokens.push(Token { kind: Kind::Line(indent), line });
        }
        self.tokens.push(Token { kind, line });
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> String {
        let show = |token: &Token<'_>| match token.kind {
            Kind::Line(indent) => format!("|{indent}"),
            Kind::Text(text) => format!("<{text}>"),
            Kind::Name(word) | Kind::Number(word) | Kind::Mark(word) => word.to_owned(),
        };
        tokens(source).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tells_code_from_comments_and_strings() {
        for (source, expected) in [
            ("", ""),
            ("a.b(1, x=2)  # c(3)", "|0 a . b ( 1 , x = 2 )"),
            ("x == y != z := 1 ** 2", "|0 x == y != z := 1 ** 2"),
            ("'a' \"b\" 'it\\'s' \"\"", "|0 <a> <b> <it\\'s> <>"),
            ("\"\"\"a \"quoted\" b\n# no comment\"\"\" + 1", "|0 <a \"quoted\" b\n# no comment> + 1"),
            ("r'\\d' + rb\"x\" + F'{y}' + Rb'''z'''", "|0 <\\d> + <x> + <{y}> + <z>"),
            ("'open\nnext", "|0 <open> |0 next"),
            ("'''open\nnext", "|0 <open\nnext>"),
            ("if a:\n    f(\n  1)\n\tg()\n\n# c\nh", "|0 if a : |4 f ( 1 ) |8 g ( ) |0 h"),
            ("a = \\\n  b\r\nc", "|0 a = b |0 c"),
            ("1_000.5e3 0xff .5 ... é_1", "|0 1_000.5e3 0xff . 5 ... é_1"),
            (")]}\nx", "|0 ) ] } |0 x"),
            ("rub 'x'", "|0 rub <x>"),
        ] {
            assert_eq!(shown(source), expected, "{source}");
        }
    }

    #[test]
    fn counts_lines() {
        let lines: Vec<(u32, Option<&str>)> = tokens("a\n\n'''x\ny''' b\n(\nc)\n\\\nd")
            .iter()
            .map(|token| (token.line, token.name()))
            .filter(|(_, name)| name.is_some())
            .collect();
        assert_eq!(lines, [(1, Some("a")), (4, Some("b")), (6, Some("c")), (8, Some("d"))]);
    }

    #[test]
    fn reads_garbage_within_bounds() {
        let pieces =
            ["\"", "'", "\\", "(", ")", "#", "\n", "é", "\u{0}", "'''", "\"\"\"", "f'", "🦀", "\r", "\t", "=", "a"];
        // A small generator of its own: garbage that is the same in each run.
        let mut state = 7_u64;
        for _ in 0..400 {
            let mut garbage = String::new();
            for _ in 0..60 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                garbage.push_str(pieces[usize::try_from(state >> 33).unwrap() % pieces.len()]);
            }
            let _tokens = tokens(&garbage);
        }
        for piece in pieces {
            assert!(tokens(&piece.repeat((1 << 20) / piece.len())).len() <= TOKENS_MAX + 1, "{piece}");
        }
    }
}
