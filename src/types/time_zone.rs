//! A schedule of a time zone in UTC, for zones that are a fixed time away from it. Zones with a summer time have no one answer.

/// Minutes of a day.
const DAY: i32 = 24 * 60;

/// A cron expression of a zone such as `UTC+2` or `-05:30`, in UTC. `None`: the zone is not of that kind, the expression has not
/// one hour and one minute, or another weekday or day of the month would be needed.
pub fn in_utc(schedule: &str, zone: &str) -> Option<String> {
    let offset = offset(zone)?;
    let fields: Vec<&str> = match schedule.trim() {
        "@daily" => vec!["0", "0", "*", "*", "*"],
        other => other.split_whitespace().collect(),
    };
    let [minute, hour, days @ ..] = fields.as_slice() else { return None };
    if days.len() != 3 {
        return None;
    }
    let at = number(hour, 23)? * 60 + number(minute, 59)? - offset;
    let is_other_day = !(0..DAY).contains(&at);
    if is_other_day && days.iter().any(|field| *field != "*") {
        return None;
    }
    let at = at.rem_euclid(DAY);
    Some(format!("{} {} {}", at % 60, at / 60, days.join(" ")))
}

/// Minutes that a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i32> {
    let zone = zone.trim().to_ascii_uppercase();
    let zone = zone.strip_prefix("UTC").or_else(|| zone.strip_prefix("GMT")).unwrap_or(&zone);
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    Some(sign * (number(hours, 14)? * 60 + number(minutes, 59)?))
}

fn number(text: &str, max: i32) -> Option<i32> {
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && *number <= max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_zones_are_a_fixed_time_away() {
        for (schedule, zone, utc) in [
            ("0 9 * * *", "UTC+2", Some("0 7 * * *")),
            ("0 9 * * 1-5", "-05:00", Some("0 14 * * 1-5")),
            ("30 1 * * *", "GMT+05:30", Some("0 20 * * *")),
            ("0 1 * * 1", "UTC+2", None),
            ("@daily", "+0200", Some("0 22 * * *")),
            ("0 9 * * *", "Europe/Berlin", None),
            ("*/5 * * * *", "UTC+2", None),
            ("0 9,17 * * *", "UTC+2", None),
            ("0 9 * * *", "UTC+99", None),
            ("", "UTC+2", None),
            ("0 9 * * *", "ü", None),
        ] {
            assert_eq!(in_utc(schedule, zone).as_deref(), utc, "{schedule} {zone}");
        }
    }
}
