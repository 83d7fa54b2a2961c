//! The event stream of a log (WHATWG HTML, server-sent events), decoded within a bound whatever the line lengths are.

/// The longest event that is kept; what is beyond is dropped, and the event marked. The Hub's log lines are far shorter, and an
/// answer shows 2,000 characters of a line.
const EVENT_MAX_BYTES: usize = 64 * 1024;
/// The longest line that is kept until its end comes: one that fills an event, so that an event is cut at the same byte
/// whether its line came in one piece or in several.
const LINE_MAX_BYTES: usize = EVENT_MAX_BYTES + b"data: ".len();

/// Turns the bytes of a stream into the data of its events. Its buffers go round: a log has millions of events.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    is_line_cut: bool,
    event: Event,
    has_data: bool,
    after_cr: bool,
}

/// The data of one event.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) data: Vec<u8>,
    /// The event was longer than [`EVENT_MAX_BYTES`].
    pub(super) cut: bool,
}

impl Decoder {
    /// Takes the next bytes and hands on each event that they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut on: impl FnMut(&Event)) {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(rest) = bytes.strip_prefix(b"\n")
            {
                bytes = rest;
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', bytes);
            let (piece, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            let Some((terminator, rest)) = rest.split_first() else { return self.keep(piece) };
            self.after_cr = *terminator == b'\r';
            bytes = rest;
            let ended = if self.line.is_empty() {
                self.end_line(piece)
            } else {
                self.keep(piece);
                let mut line = std::mem::take(&mut self.line);
                let ended = self.end_line(&line);
                line.clear();
                self.line = line;
                ended
            };
            self.is_line_cut = false;
            if ended {
                on(&self.event);
                self.event.data.clear();
                self.event.cut = false;
                self.has_data = false;
            }
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = LINE_MAX_BYTES.saturating_sub(self.line.len());
        self.is_line_cut |= piece.len() > room;
        self.line.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }

    /// Takes a line. Whether it ends an event.
    fn end_line(&mut self, line: &[u8]) -> bool {
        if line.is_empty() {
            return self.has_data;
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            if std::mem::replace(&mut self.has_data, true) {
                self.add(b"\n");
            }
            self.event.cut |= self.is_line_cut;
            self.add(value.strip_prefix(b" ").unwrap_or(value));
        }
        false
    }

    fn add(&mut self, data: &[u8]) {
        let room = EVENT_MAX_BYTES.saturating_sub(self.event.data.len());
        self.event.cut |= data.len() > room;
        self.event.data.extend_from_slice(data.get(..room).unwrap_or(data));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<Event> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.feed(chunk, |event| events.push(event.clone()));
        }
        events
    }

    #[test]
    fn every_way_to_split_a_stream_gives_the_same_events() {
        let stream =
            "data: {\"a\":1}\n\n: keep-alive\n\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\ndata: grüße 🎉\r\rid: 4\n\n"
                .as_bytes();
        let whole = decode(&[stream]);
        let texts: Vec<_> = whole.iter().map(|event| String::from_utf8_lossy(&event.data).into_owned()).collect();
        assert_eq!(texts, ["{\"a\":1}", "two\nlines", "grüße 🎉"]);
        for at in 0..=stream.len() {
            let (left, right) = stream.split_at(at);
            assert_eq!(decode(&[left, right]), whole, "split at {at}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(decode(&bytes), whole);
    }

    #[test]
    fn an_endless_line_is_cut_and_the_next_event_is_whole() {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        decoder.feed(b"data: ", |event| events.push(event.clone()));
        for _ in 0..100 {
            decoder.feed(&[b'x'; 4096], |event| events.push(event.clone()));
        }
        decoder.feed(b"\n\ndata: next\n\n", |event| events.push(event.clone()));
        assert!(events[0].cut && events[0].data.len() <= EVENT_MAX_BYTES);
        assert_eq!(events[1], Event { data: b"next".to_vec(), cut: false });
    }
    #[test]
    fn the_bound_cuts_at_the_same_byte_however_the_stream_is_split() {
        for field in ["data:", "data: "] {
            for size in EVENT_MAX_BYTES - 8..EVENT_MAX_BYTES + 8 {
                for rest in ["", "data:\n", "data: more\n"] {
                    let stream = format!("{field}{}\n{rest}\n", "x".repeat(size));
                    let whole = decode(&[stream.as_bytes()]);
                    assert!(whole[0].data.len() <= EVENT_MAX_BYTES, "{field}{size} bytes, {rest}");
                    for at in [1, 5, 6, 7, size, size + 6, stream.len() - 1] {
                        let (left, right) = stream.as_bytes().split_at(at);
                        assert!(decode(&[left, right]) == whole, "{field}{size} bytes, {rest}, split at {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_endless_event_of_empty_lines_is_cut_as_well() {
        let mut events = decode(&[&b"data:\n".repeat(2 * EVENT_MAX_BYTES), b"\n"]);
        let event = events.remove(0);
        assert!(event.cut && event.data.len() <= EVENT_MAX_BYTES, "{} bytes", event.data.len());
    }
}
