//! Diagnostics on stderr: the one place that writes there, and nothing gets past the scrubber.

use std::{
    any::Any,
    io::{self, Write},
    panic,
};

use serde_json::{Value, json};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    filter::filter_fn,
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    registry,
};

use crate::secrets::Scrubber;

/// Longest event that is written; what is longer says nothing more to a reader of logs.
const MAX_EVENT_CHARS: usize = 16 * 1024;

/// What is logged unless something else is asked for.
const DEFAULT_LEVEL: &str = "info";

/// Held at warn whatever is asked: below it the HTTP stack logs headers.
const HELD: [&str; 5] = ["hyper", "hyper_util", "reqwest", "h2", "rustls"];
/// Held at error whatever is asked: its warnings are of what clients did wrong, and repeat it; below them it logs whole requests,
/// secrets included.
const HELD_AT_ERROR: &str = "rmcp";

/// What the operator asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logging {
    /// A level or a list of `target=level` (the syntax of `RUST_LOG`).
    pub level: Option<String>,
    /// How events are written.
    pub format: Format,
}

/// How events are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One line of text an event.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging can't start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggingFault {
    /// No such level or filter.
    Level(String),
    /// Another subscriber is at work already.
    Started,
}

/// Starts logging to stderr and has panics written there as events.
///
/// `logging.level` wins over `rust_log`. A faulty `rust_log` is noted and ignored, since it may be meant for another
/// program.
pub fn init(logging: &Logging, rust_log: Option<&str>, scrubber: Scrubber) -> Result<(), LoggingFault> {
    let filter = match (&logging.level, rust_log.filter(|filter| !filter.is_empty())) {
        (Some(level), _) => filter(level)?,
        (None, Some(rust_log)) => filter(rust_log).or_else(|_| {
            notice(&scrubber, "RUST_LOG is no filter and was ignored");
            filter(DEFAULT_LEVEL)
        })?,
        (None, None) => filter(DEFAULT_LEVEL)?,
    };
    let format = logging.format;
    let subscriber = subscriber(filter, Stderr { scrubber: scrubber.clone(), format, open: io::stderr });
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LoggingFault::Started)?;
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let line = panic_line(&place, info.payload(), format);
        emit(&mut io::stderr(), &scrubber, format, line.as_bytes());
    }));
    Ok(())
}

/// Writes one plain line to stderr, scrubbed, whatever the level: for what must be seen at start.
pub fn notice(scrubber: &Scrubber, text: &str) {
    emit(&mut io::stderr(), scrubber, Format::Text, text.as_bytes());
}

fn filter(directives: &str) -> Result<EnvFilter, LoggingFault> {
    EnvFilter::try_new(directives).map_err(|_| LoggingFault::Level(directives.to_owned()))
}

fn subscriber<W: Write + 'static>(filter: EnvFilter, stderr: Stderr<W>) -> Box<dyn Subscriber + Send + Sync> {
    let registry = registry().with(filter).with(filter_fn(is_allowed));
    match stderr.format {
        Format::Text => Box::new(registry.with(fmt::layer().with_ansi(false).with_writer(stderr))),
        Format::Json => Box::new(registry.with(fmt::layer().json().with_ansi(false).with_writer(stderr))),
    }
}

fn is_allowed(metadata: &Metadata<'_>) -> bool {
    let root = metadata.target().split("::").next().unwrap_or_default();
    match *metadata.level() {
        Level::ERROR => true,
        Level::WARN => root != HELD_AT_ERROR,
        _ => root != HELD_AT_ERROR && !HELD.contains(&root),
    }
}

fn panic_line(place: &str, payload: &dyn Any, format: Format) -> String {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("no message");
    match format {
        Format::Text => format!("ERROR panicked at {place}: {text}"),
        Format::Json => {
            json!({"level": "ERROR", "fields": {"message": format!("panicked: {text}"), "location": place}}).to_string()
        }
    }
}

/// Writes one event as one line. If stderr is gone there is nobody left to tell.
fn emit(out: &mut impl Write, scrubber: &Scrubber, format: Format, event: &[u8]) {
    let text = String::from_utf8_lossy(event);
    let mut line = match (format, serde_json::from_str::<Value>(&text)) {
        (Format::Json, Ok(event)) => scrubber.clean_value(&event).to_string(),
        _ => scrubber.clean_line(&text).bounded(MAX_EVENT_CHARS).into_string(),
    };
    line.push('\n');
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).ok();
}

/// Makes a writer for each event.
struct Stderr<W> {
    scrubber: Scrubber,
    format: Format,
    open: fn() -> W,
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Stderr<W> {
    type Writer = Event<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        Event { stderr: self, bytes: Vec::new() }
    }
}

/// Gathers an event and writes it when it is whole, so that no value is split between two looks of the scrubber.
struct Event<'a, W: Write> {
    stderr: &'a Stderr<W>,
    bytes: Vec<u8>,
}

impl<W: Write> Write for Event<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for Event<'_, W> {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            emit(&mut (self.stderr.open)(), &self.stderr.scrubber, self.stderr.format, &self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::secrets::{Known, Secret};

    thread_local! {
        static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    struct Sink;

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            WRITTEN.with_borrow_mut(|written| written.extend_from_slice(bytes));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const VALUE: &str = "quite\"secret\\value";

    fn scrubber() -> Scrubber {
        let known = Known::new();
        known.remember(&Secret::new(VALUE.to_owned()));
        Scrubber::new(known)
    }

    fn logged(format: Format, directives: &str, log: impl FnOnce()) -> String {
        let stderr = Stderr { scrubber: scrubber(), format, open: || Sink };
        tracing::subscriber::with_default(subscriber(filter(directives).unwrap(), stderr), log);
        String::from_utf8(WRITTEN.take()).unwrap()
    }

    #[test]
    fn an_event_is_one_scrubbed_line() {
        let token = format!("hf_{}", "aBcDeFgHiJ".repeat(4).split_at(34).0);
        let log = || tracing::info!(value = VALUE, display = %VALUE, "first\nsecond \u{202e}{token}\u{200b}");
        let text = logged(Format::Text, "info", log);
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert_eq!(text.matches("[redacted]").count(), 3, "{text}");
        assert!(
            text.contains("second [redacted]") && text.contains("hf_jobs_mcp::logging") && !text.contains('\u{202e}'),
            "{text}"
        );

        let text = logged(Format::Json, "info", log);
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["fields"]["value"], "[redacted]");
        assert_eq!(event["fields"]["message"], "first\nsecond [redacted]");
        assert_eq!(text.matches('\n').count(), 1);
    }

    #[test]
    fn chatty_crates_are_held() {
        for directives in ["trace", "rmcp=trace,rmcp::service=trace,hyper_util=debug"] {
            let text = logged(Format::Text, directives, || {
                tracing::debug!(target: "rmcp::service", "request");
                tracing::info!(target: "rmcp", "notification");
                tracing::trace!(target: "hyper_util::client", "header");
                tracing::warn!(target: "rmcp::service", "rejected");
                tracing::warn!(target: "hyper_util::client", "doubt");
                tracing::error!(target: "rmcp::service", "trouble");
            });
            assert!(text.contains("doubt") && text.contains("trouble") && text.lines().count() == 2, "{text}");
        }
        let text = logged(Format::Text, "trace", || tracing::trace!(target: "rmcp_like", "kept"));
        assert!(text.contains("kept"));
    }

    #[test]
    fn a_panic_is_one_scrubbed_line() {
        let payload: Box<dyn Any + Send> = Box::new(format!("no\nuse: {VALUE}"));
        for (format, expected) in [
            (Format::Text, "ERROR panicked at src/x.rs:1:2: no use: [redacted]\n"),
            (
                Format::Json,
                "{\"level\":\"ERROR\",\"fields\":{\"message\":\"panicked: no\\nuse: [redacted]\",\"location\":\"src/x.rs:1:2\"}}\n",
            ),
        ] {
            let line = panic_line("src/x.rs:1:2", &*payload, format);
            emit(&mut Sink, &scrubber(), format, line.as_bytes());
            assert_eq!(String::from_utf8(WRITTEN.take()).unwrap(), expected);
        }
        assert_eq!(panic_line("x", &7, Format::Text), "ERROR panicked at x: no message");
    }

    #[test]
    fn a_faulty_level_is_named() {
        assert_eq!(filter("a=b=c").map(drop), Err(LoggingFault::Level("a=b=c".to_owned())));
    }
}
