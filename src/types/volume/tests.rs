use serde_json::json;

use super::*;

fn instead(problem: Result<Volume, Problem>) -> Option<Value> {
    match problem {
        Err(Problem::Malformed { instead, .. }) => instead,
        other => panic!("{other:?}"),
    }
}

#[test]
fn reads_the_whole_grammar() {
    for (text, json) in [
        ("hf://alice/m:/model", json!({"type": "model", "source": "alice/m", "mountPath": "/model"})),
        (
            "hf://datasets/alice/d:/d:ro",
            json!({"type": "dataset", "source": "alice/d", "mountPath": "/d", "readOnly": true}),
        ),
        (
            "hf://buckets/alice/b/sub/dir:/mnt/x/:rw",
            json!({"type": "bucket", "source": "alice/b", "mountPath": "/mnt/x", "readOnly": false, "path": "sub/dir"}),
        ),
        (
            "hf://buckets/alice/b/a@1.txt:/b",
            json!({"type": "bucket", "source": "alice/b", "mountPath": "/b", "path": "a@1.txt"}),
        ),
        (
            "hf://spaces/alice/s@v1/src:/s",
            json!({"type": "space", "source": "alice/s", "mountPath": "/s", "revision": "v1", "path": "src"}),
        ),
        (
            "hf://datasets/alice/d@refs/pr/3/train:/d",
            json!({"type": "dataset", "source": "alice/d", "mountPath": "/d", "revision": "refs/pr/3", "path": "train"}),
        ),
        (
            "hf://datasets/alice/d@refs/convert/parquet-v2:/d",
            json!({"type": "dataset", "source": "alice/d", "mountPath": "/d", "revision": "refs/convert/parquet-v2"}),
        ),
        (
            "hf://alice/m@feature%2Ffoo/x:/m",
            json!({"type": "model", "source": "alice/m", "mountPath": "/m", "revision": "feature/foo", "path": "x"}),
        ),
        (
            "hf://alice/m/file@1.txt:/m",
            json!({"type": "model", "source": "alice/m", "mountPath": "/m", "path": "file@1.txt"}),
        ),
        (
            "hf://alice/m@100%25:/m",
            json!({"type": "model", "source": "alice/m", "mountPath": "/m", "revision": "100%"}),
        ),
        ("hf://alice/m/a:/b:/m", json!({"type": "model", "source": "alice/m", "mountPath": "/m", "path": "a:/b"})),
    ] {
        let volume = Volume::parse(text).unwrap();
        assert_eq!(volume.to_json(), json, "{text}");
        assert_eq!(Volume::parse(&volume.to_string()), Ok(volume), "{text}");
    }
}

#[test]
fn reads_the_objects_of_the_api() {
    let volume = Volume::parse("hf://buckets/alice/b/sub:/data:ro").unwrap();
    for object in [
        volume.to_json(),
        json!({"type": "bucket", "source": "alice/b", "path": "/sub/", "mount_path": "/data/", "read_only": true}),
    ] {
        assert_eq!(Volume::from_json(&object), Ok(volume.clone()));
    }
    let model = json!({"source": "alice/m", "mountPath": "/m", "revision": null});
    assert_eq!(Volume::from_json(&model), Volume::parse("hf://alice/m:/m"));
}

#[test]
fn refuses_and_says_what_to_pass() {
    for (text, expected) in [
        ("hf://dataset/alice/d:/d", Some("hf://datasets/alice/d:/d")),
        ("hf://model/alice/d:/d:ro", Some("hf://models/alice/d:/d:ro")),
        ("hf://model/alice/d:/d:rw", Some("hf://models/alice/d:/d:ro")),
        ("hf://model://huggingface.co/x", None),
        ("hf://buckets/alice/b:/data:ro/", None),
        ("hf://alice/m:/data:rw:ro", None),
        ("hf://datasets/alice/d:/d:rw", Some("hf://datasets/alice/d:/d:ro")),
        ("datasets/alice/d:/d", Some("hf://datasets/alice/d:/d")),
        ("https://huggingface.co/datasets/alice/d:/d", Some("hf://datasets/alice/d:/d")),
        ("hf://buckets/alice/b@main:/b", None),
        ("hf://kernels/alice/k:/k", None),
        ("./data:/data", None),
        ("/data:/data", None),
        ("data:/data", None),
        ("hf://alice/m", None),
        ("hf://alice/m:ro", None),
        ("hf://alice:/m", None),
        ("hf://:/m", None),
        ("hf://alice/m:/", None),
        ("hf://alice/m:/../etc", None),
        ("hf://alice/m:/a//b", None),
        ("hf://alice/m/../x:/m", None),
        ("hf://alice/m/a//b:/m", None),
        ("hf://alice/m@:/m", None),
        ("hf://alice/m@%ff:/m", None),
        ("hf://alice/m@%00:/m", None),
        ("hf://al%69ce/m:/m", None),
        ("", None),
    ] {
        assert_eq!(instead(Volume::parse(text)), expected.map(Value::from), "{text}");
    }
    assert_eq!(instead(Volume::parse(&format!("hf://alice/m:/{}", "a".repeat(MAX_PATH_BYTES)))), None);
}

#[test]
fn refuses_wrong_objects() {
    let base = json!({"type": "bucket", "source": "alice/b", "mountPath": "/b"});
    let with = |key: &str, value: Value| {
        let mut object = base.clone();
        object[key] = value;
        Volume::from_json(&object)
    };
    assert_eq!(with("type", json!("Buckets")), Volume::from_json(&base));
    assert_eq!(instead(with("type", json!("disk"))), None);
    assert_eq!(instead(with("mountpath", json!("/x"))), None, "both are given");
    let small = json!({"type": "bucket", "source": "alice/b", "mountpath": "/b"});
    assert_eq!(instead(Volume::from_json(&small)), Some(base.clone()));
    assert_eq!(instead(with("revision", json!("main"))), None);
    assert_eq!(instead(with("path", json!("../x"))), None);
    assert_eq!(with("mount_path", json!("/x")), Err(Problem::Conflict { with: "mount_path".to_owned() }));
    assert!(matches!(with("readOnly", json!("yes")), Err(Problem::WrongType { .. })));
    assert!(matches!(with("source", json!(3)), Err(Problem::WrongType { .. })));
    assert!(matches!(with("source", json!(null)), Err(Problem::Malformed { instead: None, .. })));
    assert!(matches!(Volume::from_json(&json!(["x"])), Err(Problem::WrongType { .. })));
}

#[test]
fn refuses_two_at_one_place() {
    let at = |place: &str| Volume::parse(&format!("hf://alice/m:{place}")).unwrap();
    assert_eq!(Volume::check_all(&[at("/a"), at("/b"), at("/a/b")]), Ok(()));
    assert!(Volume::check_all(&[at("/a"), at("/b"), at("/a/")]).is_err());
    let many: Vec<Volume> = (0..=MAX_VOLUMES).map(|n| at(&format!("/{n}"))).collect();
    assert!(Volume::check_all(&many).is_err());
}

#[test]
fn knows_what_is_kept() {
    for (text, writable) in [("hf://buckets/a/b:/b", true), ("hf://buckets/a/b:/b:ro", false), ("hf://a/b:/b", false)] {
        assert_eq!(Volume::parse(text).unwrap().is_writable(), writable, "{text}");
    }
}
