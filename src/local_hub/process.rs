//! The processes of jobs: each leads a group of its own, and the whole group ends with it.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The process groups that are alive.
///
/// A group is here from before its leader runs until just before its leader is reaped. As long as that has not
/// happened the system gives its id to nobody else, so that a kill never meets a stranger.
#[derive(Default)]
pub(super) struct Groups(Mutex<State>);

#[derive(Default)]
struct State {
    alive: BTreeSet<i32>,
    /// Nothing is started any more.
    closed: bool,
}

impl Groups {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a command as the leader of a new group.
    pub(super) fn start(self: &Arc<Self>, command: &mut Command) -> io::Result<Leader> {
        let mut state = self.state();
        if state.closed {
            return Err(io::Error::other("the local Hub is shutting down"));
        }
        let child = command.process_group(0).spawn()?;
        let id = child.id().cast_signed();
        state.alive.insert(id);
        drop(state);
        Ok(Leader { child, group: Group { id, groups: Arc::clone(self) } })
    }

    /// Kills every group, and starts none from now on.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.alive.iter().copied().for_each(kill);
    }
}

/// A process that runs, to be waited for.
pub(super) struct Leader {
    child: Child,
    group: Group,
}

impl Leader {
    pub(super) fn group(&self) -> Group {
        self.group.clone()
    }

    /// Waits for its end, then kills what it left behind in its group. Blocks.
    pub(super) fn wait(mut self) -> io::Result<ExitStatus> {
        let ended = match Pid::from_raw(self.group.id) {
            // Without reaping it: the group's id stays ours until the group is dead.
            Some(leader) => {
                rustix::io::retry_on_intr(|| waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT))
            }
            None => Err(rustix::io::Errno::SRCH),
        };
        self.group.forget();
        ended?;
        self.child.wait()
    }
}

/// A group that can be killed, for as long as it is alive.
#[derive(Clone)]
pub(super) struct Group {
    id: i32,
    groups: Arc<Groups>,
}

impl Group {
    /// Kills all of it, at once and with no way to refuse.
    pub(super) fn kill(&self) {
        if self.groups.state().alive.contains(&self.id) {
            kill(self.id);
        }
    }

    /// Its id, if it is alive.
    pub(super) fn alive(&self) -> Option<i32> {
        self.groups.state().alive.contains(&self.id).then_some(self.id)
    }

    fn forget(&self) {
        let mut state = self.groups.state();
        if state.alive.remove(&self.id) {
            kill(self.id);
        }
    }
}

fn kill(group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        // It fails only where nothing is left to kill.
        kill_process_group(group, Signal::KILL).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::Stdio;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::null());
        command
    }

    /// Starts a command and gives its output, which ends when all that hold it are dead.
    fn start(groups: &Arc<Groups>, script: &str) -> (Leader, io::PipeReader) {
        let (reader, writer) = io::pipe().unwrap();
        (groups.start(shell(script).stdout(writer)).unwrap(), reader)
    }

    #[test]
    fn what_a_leader_leaves_behind_is_killed() {
        let groups = Arc::default();
        let (leader, mut output) = start(&groups, "sleep 600 & exit 3");
        assert_eq!(leader.wait().unwrap().code(), Some(3));
        output.read_to_end(&mut Vec::new()).unwrap();
        assert!(groups.state().alive.is_empty());
    }

    #[test]
    fn closing_kills_all_and_starts_nothing_more() {
        let groups = Arc::default();
        let (leader, mut output) = start(&groups, "sleep 600 & sleep 600");
        groups.close();
        output.read_to_end(&mut Vec::new()).unwrap();
        assert!(!leader.wait().unwrap().success());
        assert!(groups.start(&mut shell("exit 0")).is_err());
    }
}
