//! What a job's processes use of this machine, where the system tells it below `/proc`.

use std::fs;

use super::process::Group;

/// The unit of processor times in `/proc`, which Linux fixes for programs whatever its own is (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// What a group of processes uses.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// Processor time so far of the processes that are alive, in milliseconds.
    pub(super) cpu_millis: u64,
    /// Memory that is resident now, in bytes.
    pub(super) memory_bytes: u64,
}

impl Usage {
    /// The usage of a group; zeros where it can't be told. Blocks.
    pub(super) fn of(group: &Group) -> Self {
        let mut usage = Self::default();
        let Some(id) = group.alive() else { return usage };
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let process = entry.path();
            let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
            if let Some(ticks) = ticks(&stat, id) {
                usage.cpu_millis += ticks * (1000 / TICKS_PER_SECOND);
                let status = fs::read_to_string(process.join("status")).unwrap_or_default();
                usage.memory_bytes += resident(&status).unwrap_or_default();
            }
        }
        usage
    }
}

/// The processor time in `/proc/PID/stat`, if the process is of that group.
fn ticks(stat: &str, group: i32) -> Option<u64> {
    // The name before it, in parentheses, may have any character.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(2);
    if fields.next()?.parse() != Ok(group) {
        return None;
    }
    let mut times = fields.skip(8).map_while(|field| field.parse::<u64>().ok());
    Some(times.next()? + times.next()?)
}

/// The resident memory in `/proc/PID/status`, in bytes; kernel threads and the dead have none.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        let stat = "71 (a) b (c) S 1 70 70 0 -1 4194560 5 0 0 0 123 45 6 7 20 0 1 0 99 8 9";
        assert_eq!(
            (ticks(stat, 70), ticks(stat, 71), ticks("", 70), ticks("71 (a", 70)),
            (Some(168), None, None, None)
        );
        assert_eq!(resident("Name:\tsh\nVmRSS:\t    1276 kB\nThreads:\t1\n"), Some(1276 * 1024));
        assert_eq!(resident("Name:\tkthreadd\n"), None);
    }
}
