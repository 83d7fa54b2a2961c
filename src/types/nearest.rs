//! The known names that are most like a wrong one.

/// Names offered for one wrong one.
const OFFERED: usize = 3;

/// How much of a likeness (Jaro-Winkler, 0 to 1) makes a name worth offering: `timout` and `timeout` have 0.98, `gpu`
/// and any flavor under 0.7.
const ALIKE: f64 = 0.8;

/// The known names that are most like `wanted`, at most three, the best first; empty if none is. Names that begin with
/// it (`a100` of `a100-large`) come before those that are merely alike.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.trim().to_ascii_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut ranked: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let lower = name.to_ascii_lowercase();
            let begins = if lower.starts_with(&wanted) { 1.0 } else { 0.0 };
            (begins + strsim::jaro_winkler(&wanted, &lower), name)
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().take(OFFERED).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_the_likeliest_first() {
        let flavors = ["cpu-basic", "cpu-upgrade", "a10g-small", "a100-large", "a100x4", "h200", "h200x2", "t4-small"];
        for (wanted, offered) in [
            ("a100", vec!["a100x4", "a100-large"]),
            ("H100", vec!["h200"]),
            ("cpu_basic", vec!["cpu-basic"]),
            ("t4", vec!["t4-small"]),
            ("zzz", vec![]),
            ("", vec![]),
        ] {
            let found = nearest(wanted, flavors);
            assert!(
                found.len() <= OFFERED && found.iter().take(offered.len()).eq(offered.iter()),
                "{wanted}: {found:?}"
            );
            assert!(!offered.is_empty() || found.is_empty(), "{wanted}: {found:?}");
        }
        assert_eq!(nearest("timout", ["timeout", "image"]), ["timeout"]);
    }
}
