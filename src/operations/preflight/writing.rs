//! Which calls of a script write files, and where to.

use super::python::Token;
use super::script::{Call, Script, literal};

/// How much of an argument is looked at: a path is made of few words.
const VALUE_TOKENS: usize = 24;

/// What writes to its own receiver: `path.write_text(…)`.
const TO_RECEIVER: [&str; 2] = ["write_text", "write_bytes"];
/// What writes to its first argument, or to one of the keywords below; without either it makes a text or is no write.
const TO_FIRST: [&str; 36] = [
    "to_csv",
    "to_parquet",
    "to_json",
    "to_excel",
    "to_pickle",
    "to_feather",
    "to_hdf",
    "to_file",
    "to_netcdf",
    "to_zarr",
    "write_csv",
    "write_parquet",
    "write_json",
    "write_ndjson",
    "write_ipc",
    "write_excel",
    "write_videofile",
    "write_video",
    "write_image",
    "write_html",
    "sink_csv",
    "sink_parquet",
    "sink_ndjson",
    "save",
    "save_to_disk",
    "save_weights",
    "savez",
    "savez_compressed",
    "savetxt",
    "savefig",
    "imwrite",
    "imsave",
    "mimsave",
    "write_png",
    "save_lora_weights",
    "save_checkpoint",
];
/// What writes to its second argument.
const TO_SECOND: [&str; 5] = ["save_file", "export_to_video", "export_to_gif", "save_image", "write_table"];
/// What writes a model, wherever to.
const WEIGHTS: [&str; 5] =
    ["save_pretrained", "save_pretrained_merged", "save_pretrained_gguf", "save_model", "save_lora_weights"];
/// How the argument with the place is called.
const PLACES: [&str; 14] = [
    "path_or_buf",
    "path_or_buffer",
    "path",
    "save_directory",
    "output_dir",
    "dataset_path",
    "fname",
    "filename",
    "file",
    "filepath",
    "fp",
    "excel_writer",
    "out",
    "output_path",
];

/// A call that writes.
pub(super) struct Write<'a> {
    pub(super) name: &'a str,
    pub(super) line: u32,
    /// Whether it is a model that is written.
    pub(super) is_weights: bool,
    /// The text with which the place begins, where the script spells it.
    pub(super) path: Option<&'a str>,
    /// The names that the place is made of.
    pub(super) names: Vec<&'a str>,
}

impl<'a> Write<'a> {
    fn new(call: &Call<'a>, place: &[Token<'a>]) -> Self {
        let place = place.get(..VALUE_TOKENS).unwrap_or(place);
        let path = place.iter().find_map(Token::text);
        let names = place.iter().filter_map(Token::name).chain(path.and_then(leading_name)).collect();
        Self { name: call.name, line: call.line, is_weights: WEIGHTS.contains(&call.name), path, names }
    }

    fn to_receiver(script: &Script<'a>, call: &Call<'a>) -> Self {
        let before = script.before(call);
        Self::new(call, before.get(before.len().saturating_sub(VALUE_TOKENS)..).unwrap_or_default())
    }

    /// Whether it goes over the network: `hf://…`, `s3://…`.
    pub(super) fn is_remote(&self) -> bool {
        self.path.is_some_and(|path| path.contains("://"))
    }
}

/// The calls of a script that write.
pub(super) fn writes<'s, 'a>(script: &'s Script<'a>) -> impl Iterator<Item = Write<'a>> + 's {
    script.calls().iter().filter_map(|call| write(script, call))
}

fn write<'a>(script: &Script<'a>, call: &Call<'a>) -> Option<Write<'a>> {
    let to_place = |place: usize| {
        let keyword = PLACES.iter().find_map(|name| script.keyword(call, name));
        keyword.or_else(|| script.positional(call, place)).map(|place| Write::new(call, place))
    };
    match (call.name, call.receiver) {
        ("open" | "ZipFile" | "File" | "GzipFile", _) => {
            let mode = script.keyword(call, "mode").or_else(|| script.positional(call, 1));
            if mode.and_then(literal).is_some_and(is_write_mode) {
                return script
                    .subject(call, &["file", "name"])
                    .map_or_else(|| Some(Write::to_receiver(script, call)), |place| Some(Write::new(call, place)));
            }
            let mode = script.positional(call, 0).and_then(literal)?;
            (call.receiver.is_some() && is_write_mode(mode)).then(|| Write::to_receiver(script, call))
        }
        (name, Some(_)) if TO_RECEIVER.contains(&name) => Some(Write::to_receiver(script, call)),
        ("save", Some("torch" | "safetensors" | "torchaudio")) | ("dump", Some("joblib")) => to_place(1),
        // These keep what they are given, or save nothing.
        ("save", Some("wandb" | "mlflow" | "session" | "form")) => None,
        (name, Some(_)) if WEIGHTS.contains(&name) => Some(to_place(0).unwrap_or_else(|| Write::new(call, &[]))),
        ("write", Some("sf" | "soundfile" | "wavfile")) => to_place(0),
        (name, Some(_)) if TO_FIRST.contains(&name) => to_place(0),
        (name, _) if TO_SECOND.contains(&name) => to_place(1),
        _ => None,
    }
}

/// `w`, `ab`, `x`, `w:gz`, `r+`.
fn is_write_mode(mode: &str) -> bool {
    let is_short = (1..=5).contains(&mode.len());
    let opens = mode.starts_with(['w', 'a', 'x']) || mode.starts_with("r+") || mode.starts_with("rb+");
    is_short && opens && mode.chars().all(|letter| "waxrbt+:gz2".contains(letter))
}

/// The name with which a formatted string begins: `out` of `{out}/x.csv`.
pub(super) fn leading_name(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('{')?;
    let name = rest.split(|character: char| !character.is_alphanumeric() && character != '_').next()?;
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_writes_from_the_rest() {
        for (source, expected) in [
            ("open('x', 'w')", "open x"),
            ("open(file='x', mode='ab')", "open x"),
            ("with open(out, \"wb\") as f: pass", "open out"),
            ("gzip.open('x.gz', 'wt')", "open x.gz"),
            ("Path('x').open('w')", "open x Path"),
            ("tarfile.open('x.tgz', 'w:gz')", "open x.tgz"),
            ("open('x')", "no"),
            ("open('x', 'rb')", "no"),
            ("open('w')", "no"),
            ("open('x', mode)", "no"),
            ("open('x', encoding='utf-8')", "no"),
            ("p.write_text('x')", "write_text p"),
            ("df.to_csv('x.csv')", "to_csv x.csv"),
            ("df.to_csv(path_or_buf=out)", "to_csv out"),
            ("df.to_csv()", "no"),
            ("df.to_json(orient='records')", "no"),
            ("df.to_parquet(f'{d}/x.parquet')", "to_parquet {d}/x.parquet d"),
            ("torch.save(model.state_dict(), 'm.pt')", "save m.pt"),
            ("np.save('x.npy', a)", "save x.npy"),
            ("image.save(os.path.join(d, 'x.png'))", "save x.png os path join d"),
            ("form.save(commit=False)", "no"),
            ("model.save_pretrained('m')", "save_pretrained m"),
            ("trainer.save_model()", "save_model "),
            ("save_file(tensors, 'm.safetensors')", "save_file m.safetensors"),
            ("joblib.dump(m, 'm.joblib')", "dump m.joblib"),
            ("json.dumps(x)", "no"),
            ("print('df.to_csv(1)')", "no"),
            ("# df.to_csv('x')", "no"),
            ("def to_csv(path): pass", "no"),
        ] {
            let script = Script::read(source);
            let shown = |write: Write<'_>| {
                let words = write.path.into_iter().chain(write.names);
                format!("{} {}", write.name, words.collect::<Vec<_>>().join(" "))
            };
            assert_eq!(writes(&script).map(shown).next().unwrap_or_else(|| "no".to_owned()), expected, "{source}");
        }
    }
}
