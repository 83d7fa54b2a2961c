//! The job writes files, and nothing keeps them: its disk goes when it ends.

use std::collections::{HashMap, HashSet};

use super::hub_use::possible_push;
use super::python::{Kind, Token};
use super::script::{Script, literal};
use super::training::training;
use super::writing::{Write, leading_name, writes};
use super::{Plan, Reading};
use crate::error::{Seen, Warning};

/// What makes a place that is meant to be forgotten.
const SCRATCH_MAKERS: [&str; 9] = [
    "BytesIO",
    "StringIO",
    "TemporaryDirectory",
    "NamedTemporaryFile",
    "TemporaryFile",
    "SpooledTemporaryFile",
    "mkdtemp",
    "mkstemp",
    "gettempdir",
];
/// How the names of such places begin, and those of streams that are no files.
const SCRATCH_NAMES: [&str; 6] = ["tmp", "temp", "buf", "stdout", "stderr", "devnull"];
/// Where files are meant to be forgotten, or are none.
const SCRATCH_PATHS: [&str; 5] = ["/tmp", "/var/tmp", "/dev", "/proc", "/sys"];
/// Calls that bring a file somewhere else, beside those that begin with `upload`.
const KEEPERS: [&str; 10] = [
    "put_object",
    "put_file",
    "put",
    "log_artifact",
    "log_artifacts",
    "log_model",
    "Artifact",
    "to_sql",
    "to_gbq",
    "sendmail",
];
/// Programs that bring files somewhere else.
const KEEPING_PROGRAMS: [&[&str]; 13] = [
    &["hf", "cp"],
    &["hf", "buckets", "cp"],
    &["git", "push"],
    &["aws", "s3"],
    &["gsutil"],
    &["gcloud", "storage"],
    &["azcopy"],
    &["rclone"],
    &["rsync"],
    &["scp"],
    &["s3cmd"],
    &["curl", "-T"],
    &["curl", "-F"],
];

pub(super) fn check(plan: &Plan<'_>, reading: &Reading<'_>) -> Option<Warning> {
    if plan.keeps || possible_push(reading).is_some() || is_brought_away(reading) {
        return None;
    }
    let training = training(reading);
    let trains = training.is_some();
    let seen = reading.scripts.iter().find_map(|script| lost_in(script, trains)).or_else(|| {
        let is_place = |flag: &str| flag == "output_dir";
        (trains && reading.has_flag(is_place)).then(|| Seen::in_command("--output_dir"))
    });
    seen.map(|seen| Warning::FilesLost { seen })
}

/// Whether anything is sent to where it outlives the job.
fn is_brought_away(reading: &Reading<'_>) -> bool {
    let sends = |script: &Script<'_>| {
        let by_call = script.calls().iter().any(|call| {
            let is_post =
                matches!((call.receiver, call.name), (Some("requests" | "httpx" | "session" | "client"), "post"));
            is_post || call.name.starts_with("upload") || KEEPERS.contains(&call.name)
        });
        by_call || writes(script).any(|write| write.is_remote())
    };
    let programs = reading.programs.iter();
    reading.scripts.iter().any(sends)
        || programs.into_iter().any(|program| KEEPING_PROGRAMS.iter().any(|words| program.runs(words)))
}

/// The first file that is written to be kept.
fn lost_in(script: &Script<'_>, trains: bool) -> Option<Seen> {
    let scratch = scratch_names(script.tokens());
    let spelled = spelled_paths(script);
    let is_lost = |write: &Write<'_>| {
        let is_trained = write.is_weights && trains;
        let is_scratch = write.path.is_some_and(is_scratch_path) || write.names.iter().any(|name| scratch.is(name));
        // What is spelled once more than it is written is read again: a step on the way.
        let is_step = write.path.is_some_and(|path| spelled.get(path).is_some_and(|more| *more > 0));
        is_trained || !(is_scratch || is_step)
    };
    let lost = writes(script).find(is_lost).map(|write| Seen::at(write.name, write.line));
    lost.or_else(|| trains.then(|| checkpoints(script)).flatten())
}

/// Where a training is told where to leave its checkpoints.
fn checkpoints(script: &Script<'_>) -> Option<Seen> {
    let keeps_some = |call: &&super::script::Call<'_>| {
        let strategy = script.keyword(call, "save_strategy").and_then(literal);
        (call.name.ends_with("Arguments") || call.name.ends_with("Config"))
            && script.keyword(call, "output_dir").is_some()
            && strategy != Some("no")
    };
    script.calls().iter().find(keeps_some).map(|call| Seen::at("output_dir", call.line))
}

fn is_scratch_path(path: &str) -> bool {
    SCRATCH_PATHS
        .iter()
        .any(|scratch| path.strip_prefix(scratch).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// How much oftener each text stands in the script than as a place that is written to.
fn spelled_paths<'a>(script: &Script<'a>) -> HashMap<&'a str, i32> {
    let mut spelled: HashMap<&str, i32> = HashMap::new();
    for text in script.tokens().iter().filter_map(Token::text) {
        *spelled.entry(text).or_default() += 1;
    }
    for path in writes(script).filter_map(|write| write.path) {
        *spelled.entry(path).or_default() -= 1;
    }
    spelled
}

/// The names that stand for places that are meant to be forgotten.
struct Scratch<'a>(HashSet<&'a str>);

impl Scratch<'_> {
    fn is(&self, name: &str) -> bool {
        let begins = |known: &str| name.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known));
        self.0.contains(name) || SCRATCH_MAKERS.contains(&name) || SCRATCH_NAMES.iter().any(|known| begins(known))
    }
}

/// Follows such places from name to name, a line after the other.
fn scratch_names<'a>(tokens: &[Token<'a>]) -> Scratch<'a> {
    let mut scratch = Scratch(HashSet::new());
    for line in tokens.split(|token| matches!(token.kind, Kind::Line(_))) {
        let assigned = match line {
            [name, is, ..] if is.is_mark("=") => name.name(),
            _ => None,
        };
        let source = if assigned.is_some() { line.get(2..).unwrap_or_default() } else { line };
        let is_scratch = source.iter().any(|token| match token.kind {
            Kind::Name(name) => scratch.is(name),
            Kind::Text(text) => is_scratch_path(text) || leading_name(text).is_some_and(|name| scratch.is(name)),
            _ => false,
        });
        if is_scratch {
            let bound = line.windows(2).filter(|pair| pair.first().is_some_and(|token| token.is_name("as")));
            let bound = bound.filter_map(|pair| pair.last().and_then(Token::name));
            scratch.0.extend(assigned.into_iter().chain(bound));
        }
    }
    scratch
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of_code, of_command, plain};
    use super::*;

    #[test]
    fn warns_of_files_that_go_with_the_job() {
        for (code, seen) in [
            ("with open('results.json', 'w') as f:\n    json.dump(r, f)", "open 1"),
            ("with open('/data/results.json', 'w') as f:\n    json.dump(r, f)", "open 1"),
            ("df.to_csv('out.csv', index=False)", "to_csv 1"),
            ("df.to_parquet(args.output)", "to_parquet 1"),
            ("Path('x.txt').write_text('x')", "write_text 1"),
            ("torch.save(model.state_dict(), 'model.pt')", "save 1"),
            ("np.save('x.npy', x)", "save 1"),
            ("plt.savefig('loss.png')", "savefig 1"),
            ("dataset.save_to_disk('out')", "save_to_disk 1"),
            ("model.save_pretrained('out')\ntokenizer.save_pretrained('out')", "save_pretrained 1"),
            ("t = Trainer(args=TrainingArguments(output_dir='out'))\nt.train()", "output_dir 1"),
            ("t = Trainer(args=TrainingArguments(output_dir='/tmp/out'))\nt.train()", "output_dir 1"),
            ("t = SFTTrainer(m)\nt.train()\nt.save_model('/tmp/out')", "save_model 3"),
            ("t = Trainer(args=SFTConfig(output_dir='o', push_to_hub=False))\nt.train()", "output_dir 1"),
            ("open('/tmp/a', 'w').write('x')\nopen('/tmpfiles/b', 'w').write('x')", "open 2"),
        ] {
            assert_eq!(of_code(&plain(), code, check), seen, "{code}");
            assert_eq!(of_code(&Plan { keeps: true, ..plain() }, code, check), "", "{code}");
        }
        assert_eq!(of_command(&plain(), "python -c \"open('x', 'w').write('y')\"", check), "open 1");
        assert_eq!(of_command(&plain(), "https://example.org/sft.py·--output_dir·out", check), "--output_dir");
    }

    #[test]
    fn says_nothing_where_it_is_kept_or_meant_to_go() {
        for code in [
            "print('hello')",
            "logging.basicConfig(level=logging.INFO)\nlogger.info('saved to out.csv')",
            "json.dump(r, sys.stdout)",
            "df.to_csv(sys.stdout)",
            "print(df.to_csv())",
            "print(df.to_json(orient='records'))",
            "open('x').read()",
            // Kept by a push or an upload.
            "df.to_csv('x.csv')\nds.push_to_hub('me/x')",
            "df.to_csv('x.csv')\nif args.push_to_hub:\n    ds.push_to_hub('me/x')",
            "ds.save_to_disk('/tmp/x')\nHfApi().upload_folder(folder_path='/tmp/x', repo_id='me/x')",
            "TrainingArguments(output_dir='out', push_to_hub=True)\ntrainer.train()",
            "df.to_parquet('hf://datasets/me/x/x.parquet')",
            "df.to_parquet('s3://bucket/x.parquet')",
            "df.to_csv('x.csv')\nboto3.client('s3').upload_file('x.csv', 'b', 'x.csv')",
            "df.to_csv('x.csv')\nrequests.post(url, files={'f': open('x.csv')})",
            "torch.save(m, 'm.pt')\nwandb.log_artifact('m.pt')",
            "df.to_csv('x.csv')\nsubprocess.run(['hf', 'upload', 'me/x', 'x.csv'])",
            // Meant to go.
            "open('/tmp/x', 'w').write('y')",
            "buffer = io.BytesIO()\nimage.save(buffer, format='PNG')",
            "out = io.BytesIO()\nimage.save(out, format='PNG')",
            "with tempfile.TemporaryDirectory() as d:\n    p = os.path.join(d, 'x')\n    open(p, 'w').write('y')",
            "with tempfile.TemporaryDirectory() as d:\n    open(f'{d}/x', 'w').write('y')",
            "root = Path('/tmp/work')\n(root / 'x').write_text('y')\np = root / 'z'\np.write_text('y')",
            "with tempfile.NamedTemporaryFile('w') as f:\n    f.write('x')",
            "open('helper.py', 'w').write(code)\nsubprocess.run(['python', 'helper.py'])",
            "TrainingArguments(output_dir='out', save_strategy='no')\ntrainer.train()",
            "TrainingArguments(output_dir='out')",
            "wandb.save('x.pt')",
        ] {
            assert_eq!(of_code(&plain(), code, check), "", "{code}");
        }
        for command in [
            "python -c \"open('x', 'w').write('y')\" && hf upload me/x x",
            "python -c \"open('x', 'w').write('y')\"; aws s3 cp x s3://b/x",
            "https://example.org/sft.py·--output_dir·out·--push_to_hub",
            "https://example.org/ocr.py·--output_dir·out",
        ] {
            assert_eq!(of_command(&plain(), command, check), "", "{command}");
        }
    }
}
