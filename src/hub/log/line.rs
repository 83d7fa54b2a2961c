//! A line of a log as an event holds it.

use std::borrow::Cow;

use serde::Deserialize;

use crate::hub::sse::Event;

/// What begins the lines that tell of the job's start (`huggingface_hub` hides them, too): news of the stage, not output.
const STARTED_MARKER: &str = "===== Job started";
/// Where in an event such a marker begins at the latest, in bytes: after the time stamp, should that come first.
const MARKER_WITHIN: usize = 80;

/// A line and its time stamp.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow, rename = "data")]
    pub(super) text: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) timestamp: Cow<'a, str>,
}

impl<'a> Line<'a> {
    /// The line of an event. One that is not as the Hub writes them is shown as it came, rather than not at all.
    pub(super) fn of(event: &'a Event) -> Self {
        Self::read(&event.data, event.cut)
    }

    pub(super) fn read(event: &'a [u8], cut: bool) -> Self {
        if let Ok(line) = serde_json::from_slice(event) {
            return line;
        }
        let text = String::from_utf8_lossy(event);
        let closed = cut.then(|| closed(&text)).flatten();
        Self { text: closed.map_or(text, Cow::Owned), timestamp: Cow::default() }
    }

    /// Whether an event is such news, told without reading all of it.
    pub(super) fn is_marker(event: &Event) -> bool {
        // As the Hub writes events.
        if let Some(text) = event.data.strip_prefix(br#"{"data":""#) {
            return text.starts_with(STARTED_MARKER.as_bytes());
        }
        let head = event.data.get(..MARKER_WITHIN).unwrap_or(&event.data);
        memchr::memmem::find(head, b"=====").is_some() && Line::of(event).text.starts_with(STARTED_MARKER)
    }
}

/// The text of an event whose end is missing, and with it perhaps half a character or escape: what parses when it is closed.
fn closed(text: &str) -> Option<String> {
    (0..=12).find_map(|drop| {
        let kept = text.get(..text.len().checked_sub(drop)?)?;
        let event = format!("{kept}\"}}");
        serde_json::from_str(&event).ok().map(|line: Line<'_>| line.text.into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        Event { data: text.as_bytes().to_vec(), cut: false }
    }

    #[test]
    fn a_line_is_read_from_any_event() {
        for (written, text, timestamp) in [
            (r#"{"data":"a \"b\" é","timestamp":"t"}"#, "a \"b\" é", "t"),
            (r#"{"timestamp":"t","data":"late"}"#, "late", "t"),
            (r#"{"data":"no time"}"#, "no time", ""),
            ("plain words", "plain words", ""),
            (r#"{"error":"gone"}"#, r#"{"error":"gone"}"#, ""),
        ] {
            let event = event(written);
            let line = Line::of(&event);
            assert_eq!((&*line.text, &*line.timestamp), (text, timestamp), "{written}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_a_line_up_to_there() {
        for written in [r#"{"data":"abc"#, r#"{"data":"abc\"#, r#"{"data":"abc\u00"#] {
            assert_eq!(Line::read(written.as_bytes(), true).text, "abc", "{written}");
        }
    }

    #[test]
    fn news_of_the_start_is_told_from_output() {
        for (written, marker) in [
            (r#"{"data":"===== Job started at 2026-11-23 10:00:12 =====","timestamp":"t"}"#, true),
            (r#"{"timestamp":"2026-11-23T10:00:12Z","data":"===== Job started ====="}"#, true),
            (r#"{"data":"===== Epoch 1 =====","timestamp":"t"}"#, false),
            (r#"{"data":"it says ===== Job started","timestamp":"t"}"#, false),
        ] {
            assert_eq!(Line::is_marker(&event(written)), marker, "{written}");
        }
    }
}
