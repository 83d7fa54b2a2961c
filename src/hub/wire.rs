//! Answers of the Hub as they are read: a field of another type than it should have counts as absent.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// How many fields of an answer may be of another type. An answer with more is another answer.
const MISFITS_MAX: usize = 64;

/// Reads an answer without the parts that don't fit, so that one field that the Hub changes hides no job. `None`: what can't be
/// done without is missing.
pub(super) fn read<T: DeserializeOwned>(answer: &mut Value) -> Option<T> {
    for _ in 0..=MISFITS_MAX {
        match serde_path_to_error::deserialize(&*answer) {
            Ok(read) => return Some(read),
            Err(misfit) => remove(answer, misfit.path())?,
        }
    }
    None
}

/// Takes away the part at that path; `None` where it is the whole.
fn remove(answer: &mut Value, path: &Path) -> Option<()> {
    let mut segments: Vec<&Segment> = path.iter().collect();
    let last = segments.pop()?;
    let within = segments.into_iter().try_fold(answer, |part, segment| match segment {
        Segment::Seq { index } => part.get_mut(index),
        Segment::Map { key } => part.get_mut(key),
        Segment::Enum { .. } | Segment::Unknown => None,
    })?;
    match (last, within) {
        (Segment::Seq { index }, Value::Array(items)) if *index < items.len() => drop(items.remove(*index)),
        (Segment::Map { key }, Value::Object(fields)) => drop(fields.shift_remove(key)?),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wire {
        id: String,
        count: Option<u64>,
        #[serde(default)]
        items: Vec<Item>,
        inner: Option<Item>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Item {
        name: String,
        size: Option<u64>,
    }

    fn item(name: &str, size: Option<u64>) -> Item {
        Item { name: name.to_owned(), size }
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_what_is_needed_is_missed() {
        let mut answer = json!({
            "id": "a", "count": -1, "inner": {"size": 1}, "unknown": {"id": 7},
            "items": [{"name": "b", "size": "1"}, 7, null, {"name": []}, {"name": "c", "size": 3}],
        });
        let expected =
            Wire { id: "a".to_owned(), count: None, items: vec![item("b", None), item("c", Some(3))], inner: None };
        assert_eq!(read(&mut answer), Some(expected));
        for answer in [json!(null), json!([]), json!({}), json!({"id": 7}), json!({"count": 1})] {
            assert_eq!(read::<Wire>(&mut answer.clone()), None, "{answer}");
        }
        let wrong = |count| json!({"id": "a", "items": vec![7; count]});
        assert!(read::<Wire>(&mut wrong(MISFITS_MAX)).is_some());
        assert_eq!(read::<Wire>(&mut wrong(MISFITS_MAX + 1)), None);
    }
}
