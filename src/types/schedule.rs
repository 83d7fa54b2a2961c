//! When a scheduled job runs, in the Hub's own grammar.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::Timestamp;
use crate::error::Problem;

/// The shorthands of the Hub's schema, with what they stand for; others that crons know are refused there.
const SHORTHANDS: [(&str, &str); 6] = [
    ("@annually", "0 0 1 1 *"),
    ("@yearly", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
/// Words of other crons for a shorthand of the Hub.
const SYNONYMS: [(&str, &str); 3] = [("@midnight", "@daily"), ("@nightly", "@daily"), ("@every_hour", "@hourly")];
/// The longest expression: seven fields of every number that they can list stay below it.
const MAX_BYTES: usize = 1000;
/// How far ahead a next run is looked for: a leap day at the turn of a century is at most eight years away.
const NEXT_WITHIN: Duration = Duration::from_secs(9 * 366 * 86_400);
/// The least and greatest number of each field, as seven fields have them: seconds first, the year last.
const RANGES: [(u16, u16); 7] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7), (1970, 2099)];
/// The places of the fields for which other crons have names.
const MONTH: usize = 4;
const WEEKDAY: usize = 5;
/// Those names, in the order of their numbers.
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// A schedule: one of six shorthands, or five to seven cron fields, each `*`, a number, `a,b`, `a-b`, `*-b`, `*/n` or `a/n`
/// (the `schedule` pattern of the Hub's `OpenAPI` document), within the ranges of cron. In UTC.
#[derive(Clone)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// It is not in the Hub's grammar, or a number is out of its range; with what to write instead, where that can be told.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.len() > MAX_BYTES {
            return Err(malformed(&format!("a schedule of {} bytes", text.len())));
        }
        // A word alone is a shorthand less its sign.
        if text.starts_with('@') || text.chars().all(char::is_alphabetic) {
            let name = format!("@{}", text.trim_start_matches('@').to_ascii_lowercase());
            let meant = SYNONYMS.iter().find(|(word, _)| *word == name).map_or(name.as_str(), |(_, meant)| meant);
            return match SHORTHANDS.iter().find(|(shorthand, _)| *shorthand == meant) {
                Some((shorthand, cron)) if *shorthand == text => Self::of(text, cron),
                Some((shorthand, _)) => Err(instead(&text, shorthand)),
                None => Err(malformed(&text)),
            };
        }
        let fields: Vec<&str> = text.split(' ').collect();
        if !(5..=7).contains(&fields.len()) {
            return Err(malformed(&text));
        }
        if !fields.iter().all(|field| in_grammar(field)) {
            let mended = placed(&fields).map(|(place, field)| mended(place, field)).collect::<Vec<_>>().join(" ");
            if !mended.split(' ').all(in_grammar) {
                return Err(malformed(&text));
            }
            return Err(Self::of(mended.clone(), &mended).err().unwrap_or_else(|| instead(&text, &mended)));
        }
        let cron = text.clone();
        Self::of(text, &cron)
    }

    /// The schedule as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first run after a moment; none within nine years means never.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let after = DateTime::<Utc>::from(UNIX_EPOCH + moment.since_epoch());
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        let seconds = u64::try_from(next.timestamp()).ok()?;
        let next = Timestamp::from(UNIX_EPOCH + Duration::from_secs(seconds));
        (moment.before(next).0 < NEXT_WITHIN).then_some(next)
    }

    fn of(text: String, cron: &str) -> Result<Self, Problem> {
        let fields: Vec<&str> = cron.split(' ').collect();
        if let Some((field, expected)) = out_of_range(&fields) {
            return Err(Problem::malformed(field, expected));
        }
        if fields.iter().any(|field| is_backwards(field)) {
            let forwards = placed(&fields).map(|(place, field)| forwards(place, field)).collect::<Vec<_>>().join(" ");
            return Err(Problem::malformed_instead(&text, "a schedule whose ranges lead upwards", forwards));
        }
        let expanded: Vec<String> = placed(&fields).map(|(place, field)| expanded(place, field)).collect();
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Optional).build();
        let cron = parser.parse(&expanded.join(" ")).map_err(|_| malformed(&text))?;
        Ok(Self { text, cron })
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedule").field(&self.text).finish()
    }
}

impl FromStr for Schedule {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        Self::parse(text)
    }
}

fn malformed(text: &str) -> Problem {
    Problem::malformed(
        text,
        "one of @hourly, @daily, @weekly, @monthly, @yearly, @annually, or five cron fields of numbers in UTC, each `*`, `a`, \
         `a,b`, `a-b`, `*/n` or `a/n`, such as `0 9 * * 1-5`",
    )
}

fn instead(text: &str, meant: &str) -> Problem {
    Problem::malformed_instead(
        text,
        "in the Hub's grammar of schedules, which has neither names nor lists of ranges",
        meant,
    )
}

/// The fields with their places among seven; five begin with the minutes.
fn placed<'a>(fields: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    let first = usize::from(fields.len() == 5);
    fields.iter().enumerate().map(move |(index, field)| (index + first, *field))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn in_grammar(field: &str) -> bool {
    let start = |text: &str| text == "*" || is_number(text);
    if let Some((from, step)) = field.split_once('/') {
        return start(from) && is_number(step);
    }
    if let Some((from, to)) = field.split_once('-') {
        return start(from) && is_number(to);
    }
    field == "*" || field.split(',').all(is_number)
}

/// The first number that its field can't have, and what it can. A step stays within its field: `*/60` minutes are an hour,
/// `*/90` are no hour and a half.
fn out_of_range<'a>(fields: &'a [&'a str]) -> Option<(&'a str, String)> {
    const NAMES: [&str; 7] = ["second", "minute", "hour", "day of the month", "month", "weekday", "year"];
    placed(fields).find_map(|(place, field)| {
        let (low, high) = RANGES.get(place).copied()?;
        let name = NAMES.get(place).copied()?;
        let (numbers, step) = field.split_once('/').unwrap_or((field, ""));
        // A number of so many digits that it is none is out of any range.
        let is_out = |number: &&str| *number != "*" && !(low..=high).contains(&number.parse().unwrap_or(u16::MAX));
        if let Some(number) = numbers.split(['-', ',']).find(is_out) {
            let article = if name == "hour" { "an" } else { "a" };
            return Some((number, format!("{article} {name} from {low} to {high}")));
        }
        let most = high - low + 1;
        let is_step = step.is_empty() || (1..=most).contains(&step.parse().unwrap_or(u16::MAX));
        (!is_step).then(|| (field, format!("a step of the field {name}, `/1` to `/{most}`")))
    })
}

/// The ends of a range.
fn ends(field: &str) -> Option<(u16, u16)> {
    let (from, to) = field.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// Whether a range leads over the end of its field, as `22-2` hours do; the Hub's crons know none.
fn is_backwards(field: &str) -> bool {
    ends(field).is_some_and(|(from, to)| from > to)
}

/// Such a range as the list of its numbers.
fn forwards(place: usize, field: &str) -> String {
    let (low, high) = RANGES.get(place).copied().unwrap_or((0, 59));
    // Sunday is 0 already.
    let high = if place == WEEKDAY { 6 } else { high };
    match ends(field) {
        Some((from, to)) if from > to => {
            let numbers = (low..=to).chain(from..=high).map(|number| number.to_string());
            numbers.collect::<Vec<_>>().join(",")
        }
        _ => field.to_owned(),
    }
}

/// A field in the words of the cron library, which wants a range before a step and numbers on both sides of a range.
fn expanded(place: usize, field: &str) -> String {
    let (low, high) = RANGES.get(place).copied().unwrap_or((0, 59));
    match (field.split_once('/'), field.split_once('-')) {
        (Some((from, step)), _) if from != "*" => format!("{from}-{high}/{step}"),
        (None, Some(("*", to))) => format!("{low}-{to}"),
        _ => field.to_owned(),
    }
}

/// A field with names as numbers and lists of ranges as lists.
fn mended(place: usize, field: &str) -> String {
    let mut field = field.to_ascii_uppercase();
    let (names, first): (&[&str], usize) = match place {
        MONTH => (&MONTHS, 1),
        WEEKDAY => (&WEEKDAYS, 0),
        _ => (&[], 0),
    };
    for (number, name) in names.iter().enumerate() {
        field = field.replace(name, &(number + first).to_string());
    }
    // A range with a step is the list of what it leads to.
    if let Some((from, to, step)) = field
        .split_once('/')
        .and_then(|(range, step)| range.split_once('-').map(|(from, to)| (from.parse(), to.parse(), step.parse())))
        .and_then(|(from, to, step)| Some((from.ok()?, to.ok()?, step.ok().filter(|step: &usize| *step > 0)?)))
    {
        let (low, high) = RANGES.get(place).copied().unwrap_or((0, 59));
        if from < low || to > high {
            return field;
        }
        let numbers: Vec<String> = (from..=to).step_by(step).map(|number: u16| number.to_string()).collect();
        return if numbers.is_empty() { field } else { numbers.join(",") };
    }
    if !field.contains(',') {
        return if field == "?" { "*".to_owned() } else { forwards(place, &field) };
    }
    let listed = |part: &str| match part.split_once('-').map(|(from, to)| (from.parse::<u8>(), to.parse::<u8>())) {
        Some((Ok(from), Ok(to))) if from <= to => {
            (from..=to).map(|number| number.to_string()).collect::<Vec<_>>().join(",")
        }
        _ => part.to_owned(),
    };
    field.split(',').map(listed).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_grammar_is_read_and_the_next_run_told() {
        let now = Timestamp::parse("2026-11-23T10:00:00Z").unwrap();
        for (text, next) in [
            ("@hourly", "2026-11-23T11:00:00Z"),
            ("@daily", "2026-11-24T00:00:00Z"),
            ("@weekly", "2026-11-29T00:00:00Z"),
            ("@monthly", "2026-12-01T00:00:00Z"),
            ("@yearly", "2027-01-01T00:00:00Z"),
            ("0 9 * * 1-5", "2026-11-24T09:00:00Z"),
            ("0  9 * * 0", "2026-11-29T09:00:00Z"),
            ("0 9 * * 7", "2026-11-29T09:00:00Z"),
            ("*/15 * * * *", "2026-11-23T10:15:00Z"),
            ("5/20 * * * *", "2026-11-23T10:05:00Z"),
            ("*-3 * * * *", "2026-11-23T10:01:00Z"),
            ("0 */24 * * *", "2026-11-24T00:00:00Z"),
            ("0 0 1 */12 *", "2027-01-01T00:00:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            ("1,31 * * * *", "2026-11-23T10:01:00Z"),
            ("*/10 * * * * *", "2026-11-23T10:00:10Z"),
            ("0 0 0 1 1 * 2030", "2030-01-01T00:00:00Z"),
        ] {
            let schedule = Schedule::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
            assert_eq!(schedule.next_after(now).map(|next| next.to_string()).as_deref(), Some(next), "{text}");
        }
        assert_eq!(Schedule::parse(" 0  9 * * 1-5 ").unwrap().as_str(), "0 9 * * 1-5");
        assert_eq!(Schedule::parse("0 0 30 2 *").ok().and_then(|never| never.next_after(now)), None);
    }

    #[test]
    fn what_the_hub_refuses_is_refused_with_what_it_takes() {
        for (text, instead) in [
            ("0 9 * * MON-FRI", Some("0 9 * * 1-5")),
            ("0 9 1 jan *", Some("0 9 1 1 *")),
            ("0 9 * * 1-3,5", Some("0 9 * * 1,2,3,5")),
            ("0 9 ? * 1", Some("0 9 * * 1")),
            ("@midnight", Some("@daily")),
            ("@Daily", Some("@daily")),
            ("0-30/10 * * * *", Some("0,10,20,30 * * * *")),
            ("0 9-17/4 * * MON", Some("0 9,13,17 * * 1")),
            ("*/90 * * * *", None),
            ("0 */25 * * *", None),
            ("@every 5m", None),
            ("60 * * * *", None),
            ("* 24 * * *", None),
            ("* * 0 * *", None),
            ("* * * 13 *", None),
            ("* * * * 8", None),
            ("*/0 * * * *", None),
            ("999999999999999999999 * * * *", None),
            ("*/99999999999 * * * *", None),
            ("5-1,9 * * * *", None),
            ("0 22-2 * * *", Some("0 0,1,2,22,23 * * *")),
            ("0 9 * * 6-0", Some("0 9 * * 0,6")),
            ("0 9 * * 7-1", Some("0 9 * * 0,1")),
            ("0 25 * * MON", None),
            ("0 9 * * sat-mon", Some("0 9 * * 0,1,6")),
            ("* * * *", None),
            ("Daily", Some("@daily")),
            ("nightly", Some("@daily")),
            ("sometimes", None),
            ("0 9 L * *", None),
            ("", None),
        ] {
            match Schedule::parse(text) {
                Err(Problem::Malformed { instead: found, .. }) => {
                    assert_eq!(found.as_ref().and_then(|value| value.as_str()), instead, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(Schedule::parse(&"1,".repeat(1000)).is_err());
    }

    #[test]
    fn what_is_out_of_its_range_is_named_alone() {
        for (text, named, range) in [
            ("60 * * * *", "60", "a minute from 0 to 59"),
            ("0 9,25 * * *", "25", "an hour from 0 to 23"),
            ("* * 0 * *", "0", "a day of the month from 1 to 31"),
            ("0 0 1 0-3 *", "0", "a month from 1 to 12"),
            ("0 0 * * 8/2", "8", "a weekday from 0 to 7"),
            ("*/90 * * * *", "*/90", "a step of the field minute, `/1` to `/60`"),
            ("0 */0 * * *", "*/0", "a step of the field hour, `/1` to `/24`"),
            ("0 0 0 1 1 * 1969", "1969", "a year from 1970 to 2099"),
        ] {
            match Schedule::parse(text) {
                Err(Problem::Malformed { value, expected, .. }) => {
                    assert_eq!((value.as_str(), expected.as_ref()), (named, range), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
