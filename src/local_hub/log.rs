//! A job's log: a file of records, one a line, so that its length costs no memory.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::json;
use tokio::sync::watch;

/// The most of a log that is kept, in bytes: a job that writes without end must not fill the disk.
const MAX_LOG: u64 = 1 << 30;

/// How much of a log is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// A log that one writes and many read.
pub(super) struct Log {
    path: PathBuf,
    extent: watch::Sender<Extent>,
}

/// How much of the file is there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    /// Where the last whole record ends.
    pub(super) end: u64,
    /// Where the first record, the started marker, ends.
    pub(super) head: u64,
    /// Nothing more will come.
    pub(super) closed: bool,
}

impl Log {
    /// A log that is empty until [`LogWriter::open`] makes its file.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, extent: watch::Sender::new(Extent::default()) }
    }

    /// Says that nothing more will come.
    pub(super) fn close(&self) {
        self.extent.send_modify(|extent| extent.closed = true);
    }

    pub(super) fn extent(&self) -> watch::Receiver<Extent> {
        self.extent.subscribe()
    }

    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

/// The one that writes a log.
pub(super) struct LogWriter {
    log: Arc<Log>,
    file: File,
    /// The most of it that is kept, in bytes.
    most: u64,
}

impl LogWriter {
    /// Makes the file, which only its owner may read.
    pub(super) fn open(log: Arc<Log>) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&log.path)?;
        Ok(Self { log, file, most: MAX_LOG })
    }

    /// Writes the marker that an attempt begins.
    pub(super) fn started(&mut self, now: SystemTime) -> io::Result<()> {
        let timestamp = humantime::format_rfc3339_seconds(now).to_string();
        let marker = format!("===== Job started at {} =====", timestamp.trim_end_matches('Z').replace('T', " "));
        self.write(&[marker], &timestamp)
    }

    /// Writes lines as of now. Beyond the log's bound they are left out, after a line that says so.
    pub(super) fn lines(&mut self, lines: &[String]) -> io::Result<()> {
        let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let is_full = |writer: &Self| writer.log.extent.borrow().end >= writer.most;
        if is_full(self) {
            return Ok(());
        }
        self.write(lines, &now)?;
        if is_full(self) {
            return self.write(&["the log is full: what the job writes from here on is not kept".to_owned()], &now);
        }
        Ok(())
    }

    /// To the published end, over what a failed write may have left there.
    fn write(&mut self, lines: &[String], timestamp: &str) -> io::Result<()> {
        let record = |line: &String| format!("{}\n", json!({"data": line, "timestamp": timestamp}));
        let records: String = lines.iter().map(record).collect();
        let Extent { end, .. } = *self.log.extent.borrow();
        self.file.write_all_at(records.as_bytes(), end)?;
        self.log.extent.send_modify(|extent| {
            extent.end += records.len() as u64;
            if extent.head == 0 {
                extent.head = extent.end;
            }
        });
        Ok(())
    }
}

/// The bytes from `from` to `end`, at most as many as are read at once. Blocks.
pub(super) fn read(file: &File, from: u64, end: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(end.saturating_sub(from)).unwrap_or(PIECE).min(PIECE);
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, from)?;
    Ok(bytes)
}

/// Where the last `count` records before `end` begin, none of them before `head`. Blocks.
pub(super) fn tail(file: &File, head: u64, end: u64, count: u64) -> io::Result<u64> {
    let mut feeds = 0;
    let mut to = end;
    while to > head {
        let from = to.saturating_sub(PIECE as u64).max(head);
        let bytes = read(file, from, to)?;
        for (index, _) in bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            if feeds == count {
                return Ok(from + index as u64 + 1);
            }
            feeds += 1;
        }
        to = from;
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(directory: &tempfile::TempDir, lines: usize) -> (Arc<Log>, LogWriter) {
        let log = Arc::new(Log::new(directory.path().join("log")));
        let mut writer = LogWriter::open(Arc::clone(&log)).unwrap();
        writer.started(SystemTime::UNIX_EPOCH).unwrap();
        let lines: Vec<String> = (0..lines).map(|number| format!("line {number}\t\u{1}")).collect();
        lines.chunks(1000).for_each(|lines| writer.lines(lines).unwrap());
        (log, writer)
    }

    fn from(log: &Log, mut at: u64) -> String {
        let (file, end) = (log.open().unwrap(), log.extent().borrow().end);
        let mut bytes = Vec::new();
        while at < end {
            let piece = read(&file, at, end).unwrap();
            at += piece.len() as u64;
            bytes.extend(piece);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn records_are_what_the_stream_sends() {
        let directory = tempfile::tempdir().unwrap();
        let (log, _writer) = log(&directory, 1);
        let text = from(&log, 0);
        let (marker, line) = text.split_once('\n').unwrap();
        let expected = "===== Job started at 1970-01-01 00:00:00 =====";
        assert_eq!(marker, format!(r#"{{"data":"{expected}","timestamp":"1970-01-01T00:00:00Z"}}"#));
        assert!(line.starts_with(r#"{"data":"line 0\t\u0001","timestamp":""#) && line.ends_with("Z\"}\n"), "{line}");
    }

    #[test]
    fn a_tail_is_found_from_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let (log, _writer) = log(&directory, 5000);
        let Extent { end, head, .. } = *log.extent().borrow();
        assert!(end > 2 * PIECE as u64);
        let file = log.open().unwrap();
        for count in [0, 1, 2, 999, 4999, 5000, 5001, u64::MAX] {
            let text = from(&log, tail(&file, head, end, count).unwrap());
            assert_eq!(text.lines().count() as u64, count.min(5000), "tail {count}");
            assert!(text.is_empty() || text.starts_with(r#"{"data":"line "#));
        }
    }

    #[test]
    fn a_full_log_says_so_once() {
        let directory = tempfile::tempdir().unwrap();
        let (log, mut writer) = log(&directory, 0);
        writer.most = 500;
        for _ in 0..20 {
            writer.lines(&["x".repeat(100)]).unwrap();
        }
        let text = from(&log, 0);
        assert!(text.lines().count() < 10 && text.lines().last().unwrap().contains("the log is full"), "{text}");
    }

    #[test]
    fn what_a_failed_write_left_is_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let (log, mut writer) = log(&directory, 1);
        let end = log.extent().borrow().end;
        writer.file.write_all_at(b"half a rec", end).unwrap();
        writer.lines(&["whole".to_owned()]).unwrap();
        assert!(from(&log, end).starts_with(r#"{"data":"whole""#));
    }
}
