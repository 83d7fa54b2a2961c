//! One at a time: what carries no mark of its own is told from its like by nobody else being at it meanwhile.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::submission::SEARCHED;

/// How many jobs' turns are remembered: far more than are started again within the seconds for which it matters.
const REMEMBERED: usize = 256;

/// The turns of starting jobs again, shared by all calls.
#[derive(Default)]
pub(super) struct Turns {
    of: Mutex<VecDeque<(String, Arc<tokio::sync::Mutex<Started>>)>>,
}

/// The ids of what was started in earlier turns, as many as are searched.
#[derive(Default)]
pub(super) struct Started(VecDeque<String>);

/// The turn of one call, which lasts until it is dropped.
pub(super) struct Turn(OwnedMutexGuard<Started>);

impl Turns {
    /// The next turn of starting this job again.
    pub(super) async fn next(&self, id: &str) -> Turn {
        let turns = {
            let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
            let known = of.iter().position(|(known, _)| known == id).and_then(|at| of.remove(at));
            let (id, turns) = known.unwrap_or_else(|| (id.to_owned(), Arc::default()));
            of.push_back((id, Arc::clone(&turns)));
            // One that is taken or waited for stays, however many there are.
            if of.len() > REMEMBERED
                && let Some(idle) = of.iter().position(|(_, turns)| Arc::strong_count(turns) == 1)
            {
                of.remove(idle);
            }
            turns
        };
        Turn(turns.lock_owned().await)
    }
}

impl Turn {
    /// Whether it was started in an earlier turn.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.0.0.iter().any(|known| known == id)
    }

    /// What this turn has started.
    pub(super) fn started(&mut self, id: &str) {
        if self.0.0.len() == SEARCHED {
            self.0.0.pop_front();
        }
        self.0.0.push_back(id.to_owned());
    }
}
