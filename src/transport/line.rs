//! Lines of input within a bound. Of a longer one, what an answer needs is kept: its id and its method.

use std::io;

use bytes::BytesMut;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest line that is read: the largest script that a call may hold, JSON-escaped at its worst, with room around it.
pub(super) const LINE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// How much is read at once: a pipe's capacity on Linux.
const READ_BYTES: usize = 64 * 1024;
/// The longest top-level string (a method, an id) that is recognised in a line that is too long.
const VALUE_MAX_BYTES: usize = 256;

/// A line of input.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// A whole line, with its newline.
    Whole(BytesMut),
    /// A line that was too long and is gone.
    TooLong(Envelope),
}

/// What a message says that it is; all that is known of one that could not be read.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
pub(in crate::transport) struct Envelope {
    /// As written, whatever it is. `null` also where it could not be read: only a notification has none.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::transport) id: Option<Value>,
    pub(in crate::transport) method: Option<String>,
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

impl Envelope {
    /// What a message says that it is, as far as can be seen without parsing it.
    pub(in crate::transport) fn skimmed(message: &[u8]) -> Self {
        let mut skimmer = Skimmer::default();
        skimmer.feed(message);
        skimmer.envelope
    }

    /// The id, if an answer may have it (JSON-RPC 2.0, section 4).
    pub(in crate::transport) fn answerable_id(&self) -> Option<&Value> {
        self.id.as_ref().filter(|id| id.is_string() || id.is_number())
    }

    /// Whether the client waits for no answer.
    pub(super) fn is_notification(&self) -> bool {
        self.id.is_none() && self.method.is_some()
    }
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    buffer: BytesMut,
    /// How much of the buffer was searched for a newline.
    searched: usize,
    /// The line under way is too long: it is only skimmed.
    skimmer: Option<Skimmer>,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self { reader, buffer: BytesMut::new(), searched: 0, skimmer: None, limit }
    }

    /// The next line, `None` at the end of the input. What has no newline at the end is no line.
    ///
    /// Cancel safe: whatever was read stays here.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.take() {
                return Ok(Some(line));
            }
            self.buffer.reserve(READ_BYTES);
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn take(&mut self) -> Option<Line> {
        let newline =
            self.buffer.get(self.searched..)?.iter().position(|byte| *byte == b'\n').map(|at| at + self.searched);
        self.searched = self.buffer.len();
        let end = newline.map_or(self.buffer.len(), |at| at + 1);
        if self.skimmer.is_none() && end > self.limit {
            self.skimmer = Some(Skimmer::default());
        }
        if let Some(skimmer) = &mut self.skimmer {
            skimmer.feed(&self.buffer.split_to(end));
            self.searched = 0;
            newline?;
            return self.skimmer.take().map(|skimmer| Line::TooLong(skimmer.envelope));
        }
        newline?;
        self.searched = 0;
        Some(Line::Whole(self.buffer.split_to(end)))
    }
}

/// Finds the top-level `id` and `method` of a JSON object without holding it.
#[derive(Debug, Default)]
pub(in crate::transport) struct Skimmer {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The bytes of the top-level value (or key) under way.
    token: Vec<u8>,
    key: Option<Vec<u8>>,
    pub(in crate::transport) envelope: Envelope,
}

impl Skimmer {
    pub(in crate::transport) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
        }
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            self.hold(byte);
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_string = false;
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.hold(byte);
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                if self.depth == 1 {
                    self.end_value();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if self.depth == 1 => self.key = Some(std::mem::take(&mut self.token)),
            b',' if self.depth == 1 => self.end_value(),
            byte if byte.is_ascii_whitespace() => {}
            byte => self.hold(byte),
        }
    }

    fn hold(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() < VALUE_MAX_BYTES {
            self.token.push(byte);
        }
    }

    fn end_value(&mut self) {
        let token = std::mem::take(&mut self.token);
        let value = serde_json::from_slice(&token).unwrap_or_default();
        match (self.key.take().as_deref(), value) {
            (Some(b"\"id\""), id) => self.envelope.id = Some(id),
            (Some(b"\"method\""), Value::String(method)) => self.envelope.method = Some(method),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8], limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(input, limit);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        all
    }

    #[tokio::test]
    async fn lines_up_to_the_bound_are_whole() {
        let all = lines(b"{}\n\n0123456\nrest", 8).await;
        assert_eq!(all, [b"{}\n".as_slice(), b"\n", b"0123456\n"].map(|line| Line::Whole(line.into())));
    }

    #[tokio::test]
    async fn a_longer_line_leaves_its_id_and_method_wherever_they_stand() {
        let long = "x".repeat(300);
        for (line, id, method) in [
            (
                format!(r#"{{"id": 7, "method":"tools/call","params":{{"id":1,"a":"{long}"}}}}"#),
                Some(Value::from(7)),
                Some("tools/call"),
            ),
            (
                format!(r#"{{"method":"m\"x","params":{{"a":["{long}\\",{{"id":2}}]}},"id":"a,b"}}"#),
                Some(Value::from("a,b")),
                Some("m\"x"),
            ),
            (format!(r#"{{"id": "{long}", "method": "ping"}}"#), Some(Value::Null), Some("ping")),
            (format!(r#"{{"id": {{"a": 1}}, "method": "ping", "params": "{long}"}}"#), Some(Value::Null), Some("ping")),
            (long.clone(), None, None),
        ] {
            let input = format!("{line}\n{{}}\n");
            let all = lines(input.as_bytes(), 64).await;
            let expected = Envelope { id, method: method.map(str::to_owned) };
            assert_eq!(all, [Line::TooLong(expected), Line::Whole(b"{}\n".as_slice().into())], "{line}");
        }
    }
}
