//! A Python script as its calls, with what they are given.

use std::collections::HashSet;

use super::python::{Kind, Token, tokens};

/// What a script's tokens tell: its calls in their order.
pub(super) struct Script<'a> {
    tokens: Vec<Token<'a>>,
    calls: Vec<Call<'a>>,
}

/// A call: `model.push_to_hub("x", private=True)`.
pub(super) struct Call<'a> {
    /// The last name before the bracket: `push_to_hub`.
    pub(super) name: &'a str,
    /// What stands before the name's dot, where that is a name itself: `model`; empty for another expression.
    pub(super) receiver: Option<&'a str>,
    pub(super) line: u32,
    /// Whether it stands below an `if` that asks for a wish to publish: `if args.push_to_hub:`.
    pub(super) is_optional: bool,
    /// Where the statement or the argument begins that the call stands in, and where its name does.
    before: (usize, usize),
    arguments: Vec<Argument<'a>>,
}

/// An argument of a call, by its place among the tokens.
struct Argument<'a> {
    keyword: Option<&'a str>,
    start: usize,
    end: usize,
}

/// A bracket that is open.
struct Open {
    call: Option<usize>,
    argument: usize,
}

impl<'a> Script<'a> {
    /// Reads a source, in time that grows with its length alone.
    pub(super) fn read(source: &'a str) -> Self {
        let tokens = tokens(source);
        let calls = calls(&tokens);
        Self { tokens, calls }
    }

    pub(super) fn tokens(&self) -> &[Token<'a>] {
        &self.tokens
    }

    pub(super) fn calls(&self) -> &[Call<'a>] {
        &self.calls
    }

    /// Whether a name occurs anywhere.
    pub(super) fn mentions(&self, names: &[&str]) -> bool {
        self.tokens.iter().any(|token| token.name().is_some_and(|name| names.contains(&name)))
    }

    /// Whether `name` is set to `True`: as a keyword, a variable, an attribute or an entry.
    pub(super) fn sets_true(&self, name: &str) -> Option<u32> {
        self.tokens.windows(3).find_map(|window| match window {
            [key, is, value] if (is.is_mark("=") || is.is_mark(":")) && value.is_name("True") => {
                let key_name = key.name().or(key.text())?;
                key_name.eq_ignore_ascii_case(name).then_some(key.line)
            }
            _ => None,
        })
    }

    /// What stands before a call in its statement or argument: what it is called on, at the end.
    pub(super) fn before(&self, call: &Call<'a>) -> &[Token<'a>] {
        let (start, end) = call.before;
        self.tokens.get(start..end).unwrap_or_default()
    }

    /// What a call is given at a place, counted from 0.
    pub(super) fn positional(&self, call: &Call<'a>, place: usize) -> Option<&[Token<'a>]> {
        let argument = call.arguments.get(place).filter(|argument| argument.keyword.is_none())?;
        self.tokens.get(argument.start..argument.end)
    }

    /// What a call is given under a name.
    pub(super) fn keyword(&self, call: &Call<'a>, name: &str) -> Option<&[Token<'a>]> {
        let argument = call.arguments.iter().find(|argument| argument.keyword == Some(name))?;
        self.tokens.get(argument.start..argument.end)
    }

    /// What a call is given under the first of the names that it has, or else at its first place.
    pub(super) fn subject(&self, call: &Call<'a>, names: &[&str]) -> Option<&[Token<'a>]> {
        names.iter().find_map(|name| self.keyword(call, name)).or_else(|| self.positional(call, 0))
    }
}

/// A value's text, where it is one string and nothing else.
pub(super) fn literal<'a>(value: &[Token<'a>]) -> Option<&'a str> {
    match value {
        [token] => token.text(),
        _ => None,
    }
}

/// Whether a value is this name and nothing else.
pub(super) fn is_just(value: &[Token<'_>], name: &str) -> bool {
    matches!(value, [token] if token.is_name(name))
}

fn calls<'a>(tokens: &[Token<'a>]) -> Vec<Call<'a>> {
    let set = set_names(tokens);
    let mut calls: Vec<Call<'a>> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    // The `if`s around this line, by their indent.
    let mut wishes: Vec<u32> = Vec::new();
    let mut statement = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Line(indent) => {
                statement = at + 1;
                wishes.retain(|wish| *wish < indent);
                if asks_for_a_wish(tokens.get(at + 1..).unwrap_or_default(), &set) {
                    wishes.push(indent);
                }
                open.clear();
            }
            Kind::Mark("(" | "[" | "{") => {
                let call = token.is_mark("(").then(|| called(tokens, at)).flatten().map(|(name, receiver)| {
                    let before = (open.last().map_or(statement, |bracket| bracket.argument), at - 1);
                    let is_optional = !wishes.is_empty();
                    calls.push(Call { name, receiver, line: token.line, is_optional, before, arguments: Vec::new() });
                    calls.len() - 1
                });
                open.push(Open { call, argument: at + 1 });
            }
            Kind::Mark(",") => {
                if let Some(bracket) = open.last_mut() {
                    let (call, start) = (bracket.call, bracket.argument);
                    bracket.argument = at + 1;
                    add_argument(&mut calls, call, tokens, start, at);
                }
            }
            Kind::Mark(")" | "]" | "}") => {
                if let Some(bracket) = open.pop() {
                    add_argument(&mut calls, bracket.call, tokens, bracket.argument, at);
                }
            }
            _ => {}
        }
    }
    calls
}

/// What is called by the bracket at a place, if it calls.
fn called<'a>(tokens: &[Token<'a>], at: usize) -> Option<(&'a str, Option<&'a str>)> {
    const KEYWORDS: [&str; 20] = [
        "if", "elif", "while", "in", "and", "or", "not", "return", "yield", "assert", "del", "for", "with", "as", "is",
        "lambda", "import", "except", "else", "await",
    ];
    let back = |steps: usize| at.checked_sub(steps).and_then(|at| tokens.get(at));
    let name = back(1)?.name().filter(|name| !KEYWORDS.contains(name))?;
    match back(2) {
        Some(before) if before.is_name("def") || before.is_name("class") => None,
        Some(before) if before.is_mark(".") => Some((name, Some(back(3).and_then(Token::name).unwrap_or_default()))),
        _ => Some((name, None)),
    }
}

fn add_argument<'a>(calls: &mut [Call<'a>], call: Option<usize>, tokens: &[Token<'a>], start: usize, end: usize) {
    let Some(call) = call.and_then(|call| calls.get_mut(call)) else { return };
    let argument = match tokens.get(start..end).unwrap_or_default() {
        [] => return,
        [name, is, ..] if is.is_mark("=") => Argument { keyword: name.name(), start: start + 2, end },
        [first, ..] if first.is_mark("*") || first.is_mark("**") => {
            Argument { keyword: Some("*"), start: start + 1, end }
        }
        _ => Argument { keyword: None, start, end },
    };
    call.arguments.push(argument);
}

/// The names that the script itself sets to a text or to `True`.
fn set_names<'a>(tokens: &[Token<'a>]) -> HashSet<&'a str> {
    let set = tokens.windows(4).filter_map(|window| match window {
        [line, name, is, value] if matches!(line.kind, Kind::Line(_)) && is.is_mark("=") => {
            let is_set = value.is_name("True") || value.text().is_some_and(|text| !text.is_empty());
            name.name().filter(|_| is_set)
        }
        _ => None,
    });
    set.collect()
}

/// Whether a logical line is an `if` that asks whether to publish, which the script itself doesn't answer.
fn asks_for_a_wish(line: &[Token<'_>], set: &HashSet<&str>) -> bool {
    let Some((first, rest)) = line.split_first() else { return false };
    if !first.is_name("if") && !first.is_name("elif") || rest.first().is_some_and(|token| token.is_name("not")) {
        return false;
    }
    let header = || rest.iter().take_while(|token| !matches!(token.kind, Kind::Line(_)) && !token.is_mark(":"));
    // `if output_repo:` asks for a place; `if repo_type == "model":` does not.
    let is_plain = !header().any(|token| token.is_mark("==") || token.is_mark("(") || token.is_name("in"));
    let asks = |name: &str| is_wish(name) || (is_plain && is_place(name));
    header().filter_map(Token::name).any(|name| asks(name) && !set.contains(name))
}

/// Whether a name or flag speaks of publishing.
pub(super) fn is_wish(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["push", "hub", "upload", "publish"].iter().any(|wish| lower.contains(wish))
}

/// Whether a name or flag speaks of a repository to publish to.
pub(super) fn is_place(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["repo", "output_dataset", "output_model"].iter().any(|place| lower.contains(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_calls_with_what_they_are_given() {
        let script = Script::read(
            "# f(0)\nx = 'f(1)'\ndef f(a): pass\nclass C(B): pass\nHfApi().upload(path='p', n=g(2, [3, 4]), *r)\nif (y): z['k'](5)",
        );
        let shown: Vec<_> = script.calls().iter().map(|call| (call.name, call.receiver, call.line)).collect();
        assert_eq!(shown, [("HfApi", None, 5), ("upload", Some(""), 5), ("g", None, 5)]);
        let upload = &script.calls()[1];
        assert_eq!(script.keyword(upload, "path").and_then(literal), Some("p"));
        assert_eq!(script.subject(upload, &["repo", "path"]).and_then(literal), Some("p"));
        assert_eq!(script.keyword(upload, "n").map(<[_]>::len), Some(10));
        assert!(script.positional(upload, 0).is_none());
        assert!(script.positional(&script.calls()[2], 1).is_some());
    }

    #[test]
    fn knows_calls_that_wait_for_a_wish() {
        for (source, optional) in [
            ("if args.push_to_hub:\n    f()", true),
            ("if args.push_to_hub:\n    x = 1\n    if y:\n        f()", true),
            ("if args.push_to_hub: f()", true),
            ("if cfg.hub_model_id is not None:\n  f()", true),
            ("if args.output_repo:\n  f()", true),
            ("if output_dataset is not None:\n  f()", true),
            ("if repo_type == 'dataset':\n  f()", false),
            ("if x:\n  f()", false),
            ("if args.push_to_hub:\n    x = 1\nf()", false),
            ("if args.push_to_hub:\n    x = 1\nelse:\n    f()", false),
            ("if not args.push_to_hub:\n    f()", false),
            ("PUSH = True\nif PUSH:\n    f()", false),
            ("hub_id = 'me/x'\nif hub_id:\n    f()", false),
        ] {
            let script = Script::read(source);
            assert_eq!(script.calls().iter().map(|call| call.is_optional).collect::<Vec<_>>(), [optional], "{source}");
        }
    }

    #[test]
    fn reads_deep_and_long_sources() {
        for piece in ["f(", "f(a,", "x[{(", "if push:\n", "a=1,", "f(x=(", ")", "if (push) if (push)\n "] {
            let _script = Script::read(&piece.repeat((1 << 20) / piece.len()));
        }
    }
}
