//! The known name that a wrong one is a misspelling of.

/// Names of at least so many characters may differ by two edits, shorter ones by one: `tail` and `wait` differ by two, as
/// `attach` and `detach` do.
const TWO_EDITS_FROM: usize = 8;

/// The known name that `written` is a misspelling of: one edit away (a letter added, left out, changed, or two swapped), or two
/// for long names. What is further away usually means something else: `timezone` is not `timeout`.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.trim().to_lowercase();
    let length = written.chars().count();
    let distance = |name: &str| {
        let other = name.chars().count();
        let most = if length.min(other) < TWO_EDITS_FROM { 1 } else { 2 };
        // Compared by length first: a name may be as long as a message.
        let distance =
            (length.abs_diff(other) <= most).then(|| strsim::osa_distance(&written, &name.to_lowercase()))?;
        (distance <= most && distance < length).then_some(distance)
    };
    known
        .into_iter()
        .filter_map(|name| Some((distance(name)?, name)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_misspelling_has_a_nearest_name() {
        let arguments =
            ["timeout", "flavor", "name", "namespace", "tail", "wait", "detach", "command", "schedule", "labels"];
        for (written, meant) in [
            ("timout", Some("timeout")),
            ("tiemout", Some("timeout")),
            ("Flavour", Some("flavor")),
            ("lables", Some("labels")),
            ("namspace", Some("namespace")),
            ("schedual", Some("schedule")),
            ("timezone", None),
            ("attach", None),
            ("tag", None),
            ("gpu", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, arguments), meant, "{written}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), arguments), None);
    }
}
