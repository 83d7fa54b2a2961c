//! The table's keys, each of the kind that it takes.

use toml::{Table, Value};

use crate::error::{Fault, Problem, script_argument};
use crate::types::nearest;

/// The table's keys (`huggingface_hub`), in the order in which they are told.
pub(super) const KEYS: [&str; 12] = [
    "image",
    "flavor",
    "python",
    "timeout",
    "name",
    "namespace",
    "network_group",
    "env",
    "secrets",
    "labels",
    "volumes",
    "network_aliases",
];

/// What a script says about the job that it wants to be: texts of the right kind, not judged yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) image: Option<String>,
    pub(super) flavor: Option<String>,
    pub(super) python: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) network_group: Option<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) secrets: Vec<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) volumes: Vec<String>,
    pub(super) network_aliases: Vec<String>,
}

impl Header {
    /// Reads a table; what is of another kind, or no key, is among the faults.
    pub(super) fn read(table: Table) -> (Self, Vec<Fault>) {
        let mut reader = Reader { table, faults: Vec::new() };
        let header = Self {
            image: reader.text("image"),
            flavor: reader.text("flavor"),
            python: reader.text("python"),
            timeout: reader.time("timeout"),
            name: reader.text("name"),
            namespace: reader.text("namespace"),
            network_group: reader.text("network_group"),
            env: reader.map("env"),
            secrets: reader.list("secrets", "a list of names such as `[\"HF_TOKEN\"]`"),
            labels: reader.map("labels"),
            volumes: reader.list("volumes", "a list of strings"),
            network_aliases: reader.list("network_aliases", "a list of strings"),
        };
        let Reader { table, mut faults } = reader;
        faults.extend(table.keys().map(|unknown| {
            let problem = match nearest(unknown, KEYS) {
                Some(nearest) => Problem::Unknown { nearest: Some(nearest.to_owned()) },
                None => Problem::malformed(unknown, format!("one of its keys: `{}`", KEYS.join("`, `"))),
            };
            problem.at(script_argument(unknown))
        }));
        (header, faults)
    }

    /// Every text but those of `env`, which have rules of their own, with its key: all is shown, stored, or part of an address.
    pub(super) fn readable(&self) -> Vec<(String, &str)> {
        let one = [
            ("image", &self.image),
            ("flavor", &self.flavor),
            ("python", &self.python),
            ("timeout", &self.timeout),
            ("name", &self.name),
            ("namespace", &self.namespace),
            ("network_group", &self.network_group),
        ];
        let several =
            [("secrets", &self.secrets), ("volumes", &self.volumes), ("network_aliases", &self.network_aliases)];
        let mut all: Vec<(String, &str)> = Vec::new();
        all.extend(one.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?))));
        for (key, texts) in several {
            all.extend(texts.iter().enumerate().map(|(index, text)| (format!("{key}[{index}]"), text.as_str())));
        }
        for (key, value) in &self.labels {
            all.extend([key, value].map(|text| (format!("labels.{key}"), text.as_str())));
        }
        all
    }
}

/// Takes each key once, and notes what is wrong.
struct Reader {
    table: Table,
    faults: Vec<Fault>,
}

impl Reader {
    fn wrong(&mut self, key: &str, expected: &'static str, value: &Value) {
        self.faults.push(Problem::WrongType { expected, found: kind(value) }.at(script_argument(key)));
    }

    fn text_of(&mut self, key: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            other => {
                self.wrong(key, "a string", &other);
                None
            }
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let value = self.table.remove(key)?;
        self.text_of(key, value)
    }

    fn time(&mut self, key: &str) -> Option<String> {
        match self.table.remove(key)? {
            Value::String(text) => Some(text),
            Value::Integer(seconds) => Some(seconds.to_string()),
            other => {
                self.wrong(key, "a string such as `\"30m\"`, or a whole number of seconds", &other);
                None
            }
        }
    }

    fn map(&mut self, key: &str) -> Vec<(String, String)> {
        match self.table.remove(key) {
            None => Vec::new(),
            Some(Value::Table(entries)) => entries
                .into_iter()
                .filter_map(|(name, value)| {
                    let text = self.text_of(&format!("{key}.{name}"), value)?;
                    Some((name, text))
                })
                .collect(),
            Some(other) => {
                self.wrong(key, "a table of strings", &other);
                Vec::new()
            }
        }
    }

    fn list(&mut self, key: &str, expected: &'static str) -> Vec<String> {
        match self.table.remove(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .filter_map(|(index, item)| self.text_of(&format!("{key}[{index}]"), item))
                .collect(),
            Some(other) => {
                self.wrong(key, expected, &other);
                Vec::new()
            }
        }
    }
}

/// What kind of TOML value something is, as a message says it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_takes_its_kind() {
        let all = r#"
            image = "i"
            flavor = "f"
            python = "3.12"
            timeout = 90
            name = "n"
            namespace = "acme"
            network_group = "g"
            secrets = ["HF_TOKEN"]
            volumes = ["v"]
            network_aliases = ["a", "b"]
            env = { AB = "1", CD = "" }
            [labels]
            team = "ml"
        "#;
        let (header, faults) = Header::read(all.parse().unwrap());
        assert_eq!(faults, []);
        let text = |text: &str| Some(text.to_owned());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = Header {
            image: text("i"),
            flavor: text("f"),
            python: text("3.12"),
            timeout: text("90"),
            name: text("n"),
            namespace: text("acme"),
            network_group: text("g"),
            env: vec![pair("AB", "1"), pair("CD", "")],
            secrets: vec!["HF_TOKEN".to_owned()],
            labels: vec![pair("team", "ml")],
            volumes: vec!["v".to_owned()],
            network_aliases: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!(header, expected);
        // One text for each, two for a label, and none of `env`.
        let readable = header.readable();
        assert_eq!(readable.len(), 7 + 1 + 2 + 1 + 2);
        assert!(readable.iter().all(|(_, text)| *text != "1"));
    }

    #[test]
    fn every_other_kind_is_a_fault_of_its_key() {
        let wrong = |key: &str, expected: &str, found: &str| {
            format!("`script[tool.hf-jobs].{key}` takes {expected}, not {found}")
        };
        for (table, expected) in [
            ("image = 1", wrong("image", "a string", "a number")),
            ("flavor = ['a']", wrong("flavor", "a string", "a list")),
            ("python = 3.10", wrong("python", "a string", "a number")),
            ("name = 2024-01-01", wrong("name", "a string", "a date")),
            ("namespace = {}", wrong("namespace", "a string", "a table")),
            ("network_group = false", wrong("network_group", "a string", "a boolean")),
            ("timeout = 1.5", wrong("timeout", "a string such as `\"30m\"`, or a whole number of seconds", "a number")),
            (
                "timeout = true",
                wrong("timeout", "a string such as `\"30m\"`, or a whole number of seconds", "a boolean"),
            ),
            ("env = ['AB=1']", wrong("env", "a table of strings", "a list")),
            ("env = { AB = 1 }", wrong("env.AB", "a string", "a number")),
            ("labels = 'a=b'", wrong("labels", "a table of strings", "a string")),
            ("labels.a = true", wrong("labels.a", "a string", "a boolean")),
            ("secrets = { A = 'x' }", wrong("secrets", "a list of names such as `[\"HF_TOKEN\"]`", "a table")),
            ("secrets = ['A', 1]", wrong("secrets[1]", "a string", "a number")),
            ("volumes = 'hf://a/b:/c'", wrong("volumes", "a list of strings", "a string")),
            ("network_aliases = 'a'", wrong("network_aliases", "a list of strings", "a string")),
        ] {
            let (header, faults) = Header::read(table.parse().unwrap());
            let messages: Vec<String> = faults.iter().map(Fault::message).collect();
            assert_eq!(messages, [expected], "{table}");
            assert!(header == Header { secrets: header.secrets.clone(), ..Header::default() }, "{table}");
        }
    }

    #[test]
    fn unknown_keys_are_told_with_what_was_meant() {
        for (key, expected) in [
            ("timout", "is no key of that table, `timeout` is"),
            ("volume", "is no key of that table, `volumes` is"),
            ("Flavor", "is no key of that table, `flavor` is"),
            ("network-group", "is no key of that table, `network_group` is"),
            ("dependencies", "`dependencies` is not one of its keys: `image`, `flavor`, "),
            ("ssh", "`ssh` is not one of its keys: `image`, `flavor`, "),
        ] {
            let (header, faults) = Header::read(format!("{key} = 1").parse().unwrap());
            assert_eq!((header, faults.len()), (Header::default(), 1));
            assert!(faults[0].message().contains(expected), "{}", faults[0].message());
        }
        let (_, faults) = Header::read("timout = 1\nflavor = 2\nenv = 3".parse().unwrap());
        assert_eq!(faults.len(), 3, "all at once");
    }
}
