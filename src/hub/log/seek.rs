//! What of a replay was seen before: every connection replays a log from its start, or its last lines, and never says where
//! the old ends.

use super::cursor::{Cursor, Mark};
use super::trail::Trail;

/// How many lines before the end a place is sought first; each further try has so many times more, the last all of them.
const TAILS: [u64; 3] = [128, 4096, 131_072];

/// How much of a log a connection asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// That many lines before its end.
    Tail(u64),
    /// From its first line on.
    Whole,
}

impl Reach {
    /// The reach of the try of that number for a place, the first being 0.
    pub(super) fn of(place: &Cursor, tries: usize) -> Self {
        // What may be found in several places is found exactly by counting, and at the earliest of them else.
        let sure = place.mark.as_ref().is_some_and(Mark::is_sure);
        TAILS.get(tries).filter(|_| sure).map_or(Self::Whole, |tail| Self::Tail(*tail))
    }

    /// The lines before the end that are asked for.
    pub(super) fn tail(self) -> Option<u64> {
        match self {
            Self::Tail(lines) => Some(lines),
            Self::Whole => None,
        }
    }
}

/// The search for a place in the lines of one connection.
#[derive(Debug)]
pub(super) enum Seek {
    /// It is behind that many lines, which end in this mark.
    Count(u64, Option<Mark>),
    /// It is behind the lines with this mark.
    Mark(Mark),
    /// It was found; if this mark shows up again, it may have been the other place.
    Found(Option<Mark>),
}

/// What the search says of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// It was seen before.
    Seen,
    /// It is new.
    New,
    /// It can't be the line that the count says.
    Wrong,
}

impl Seek {
    /// The search for a place on a connection of that reach.
    pub(super) fn new(place: &Cursor, reach: Reach) -> Self {
        match (place.count, &place.mark) {
            (Some(0), _) | (None, None) => Self::Found(None),
            (Some(count), mark) if reach == Reach::Whole => Self::Count(count, mark.clone()),
            (Some(_), None) => Self::Found(None),
            (_, Some(mark)) => Self::Mark(mark.clone()),
        }
    }

    /// Takes the next line, which is the last of the trail.
    pub(super) fn pass(&mut self, trail: &Trail) -> Sought {
        match self {
            Self::Found(_) => return Sought::New,
            Self::Count(left, mark) => {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    if mark.as_ref().is_some_and(|mark| !trail.is_at(mark)) {
                        return Sought::Wrong;
                    }
                    *self = Self::Found(None);
                }
            }
            Self::Mark(mark) => {
                if trail.is_at(mark) {
                    let again = (!mark.is_sure()).then(|| mark.clone());
                    *self = Self::Found(again);
                }
            }
        }
        Sought::Seen
    }

    /// Whether the place may have been another one: its mark shows up again.
    pub(super) fn doubts(&self, trail: &Trail) -> bool {
        matches!(self, Self::Found(Some(mark)) if trail.is_at(mark))
    }

    /// Whether the place may be behind one of so many next lines.
    pub(super) fn may_end_within(&self, lines: u64) -> bool {
        !matches!(self, Self::Count(left, _) if *left > lines)
    }

    /// The place was not found (yet).
    pub(super) fn is_searching(&self) -> bool {
        !matches!(self, Self::Found(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::sse::Event;

    fn event(text: &str, time: &str) -> Event {
        Event { data: format!(r#"{{"data":"{text}","timestamp":"{time}"}}"#).into_bytes(), cut: false }
    }

    fn place(log: &[Event], count: Option<u64>) -> Cursor {
        let mut trail = Trail::default();
        for event in log {
            trail.pass(event);
        }
        Cursor { count, mark: trail.mark() }
    }

    /// How many lines are new after that place, and whether there is a doubt.
    fn new_lines(log: &[Event], place: &Cursor, reach: Reach) -> (usize, bool) {
        let (mut trail, mut seek) = (Trail::default(), Seek::new(place, reach));
        let (mut new, mut doubt) = (0, false);
        for event in log {
            trail.pass(event);
            match seek.pass(&trail) {
                Sought::Seen => {}
                Sought::New => {
                    new += 1;
                    doubt |= seek.doubts(&trail);
                }
                Sought::Wrong => panic!("a wrong count in {log:?}"),
            }
        }
        (new, doubt)
    }

    #[test]
    fn every_place_of_a_log_is_found_by_its_mark() {
        let log: Vec<Event> =
            (0..200).map(|line| event(&format!("step {}", line % 3), &format!("t{}", line / 7))).collect();
        for at in 8..=log.len() {
            let place = place(&log[..at], None);
            assert!(place.mark.as_ref().unwrap().is_sure(), "{at}");
            assert_eq!(new_lines(&log, &place, Reach::Tail(200)), (log.len() - at, false), "{at}");
        }
    }

    #[test]
    fn equal_lines_of_one_moment_are_counted_or_in_doubt() {
        let log: Vec<Event> = (0..100).map(|_| event("tick", "t")).collect();
        let counted = place(&log[..60], Some(60));
        assert_eq!(Reach::of(&counted, 0), Reach::Whole);
        assert_eq!(new_lines(&log, &counted, Reach::Whole), (40, false));
        // Nobody can tell: nothing is lost, and it is said.
        assert_eq!(new_lines(&log, &place(&log[..60], None), Reach::Whole), (68, true));
    }

    #[test]
    fn a_count_that_does_not_fit_its_mark_is_noticed() {
        let log: Vec<Event> = (0..10).map(|line| event("x", &format!("t{line}"))).collect();
        let mut wrong = place(&log[..5], Some(5));
        wrong.count = Some(6);
        let (mut trail, mut seek) = (Trail::default(), Seek::new(&wrong, Reach::Whole));
        let sought: Vec<Sought> = log
            .iter()
            .take(6)
            .map(|event| {
                trail.pass(event);
                seek.pass(&trail)
            })
            .collect();
        assert_eq!(sought.last(), Some(&Sought::Wrong));
    }
}
