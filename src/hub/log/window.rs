//! The lines of a log that an answer can hold: bounded in lines and bytes, however long the log.

use std::collections::VecDeque;

use super::follow::LogLine;

/// Keeps the newest lines, or the oldest until it is full.
#[derive(Debug)]
pub(super) struct Window {
    lines: VecDeque<LogLine>,
    bytes: usize,
    dropped: u64,
    max_lines: usize,
    max_bytes: usize,
    newest: bool,
}

impl Window {
    pub(super) fn new(max_lines: usize, max_bytes: usize, newest: bool) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, dropped: 0, max_lines, max_bytes, newest }
    }

    /// Takes a line. False: it is full, and this line was not taken.
    pub(super) fn push(&mut self, line: LogLine) -> bool {
        let size = size(&line);
        let fits = |window: &Self| window.lines.len() < window.max_lines && window.bytes + size <= window.max_bytes;
        if self.newest {
            while !fits(self)
                && let Some(oldest) = self.lines.pop_front()
            {
                self.bytes -= self::size(&oldest);
                self.dropped += 1;
            }
        } else if !fits(self) && !self.lines.is_empty() {
            return false;
        }
        self.bytes += size;
        self.lines.push_back(line);
        true
    }

    pub(super) fn into_lines(self) -> (Vec<LogLine>, u64) {
        (self.lines.into(), self.dropped)
    }
}

fn size(line: &LogLine) -> usize {
    line.text.as_str().len() + 1
}
