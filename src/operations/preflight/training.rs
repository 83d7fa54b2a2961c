//! Whether a submission trains a model.

use super::Reading;
use super::script::{Call, Script, is_just};
use super::shell::{Program, base_name};
use crate::error::Seen;

/// Programs that train, or start what does.
const TRAINERS: [&[&str]; 14] = [
    &["accelerate", "launch"],
    &["accelerate-launch"],
    &["torchrun"],
    &["deepspeed"],
    &["torch.distributed.run"],
    &["torch.distributed.launch"],
    &["trl", "sft"],
    &["trl", "dpo"],
    &["trl", "grpo"],
    &["trl", "kto"],
    &["axolotl", "train"],
    &["llamafactory-cli", "train"],
    &["autotrain"],
    &["yolo", "train"],
];
/// Flags of scripts that train.
const FLAGS: [&str; 5] = ["num_train_epochs", "epochs", "max_steps", "max_train_steps", "num_epochs"];
/// What a script's file name holds, as a word of its own, if it trains.
const FILE_WORDS: [&str; 9] =
    ["train", "training", "trainer", "sft", "dpo", "grpo", "finetune", "finetuning", "pretrain"];
/// What fits for long; other libraries' `fit` is done in seconds.
const FITTING: [&str; 12] = [
    "tensorflow",
    "keras",
    "torch",
    "lightning",
    "pytorch_lightning",
    "jax",
    "setfit",
    "xgboost",
    "lightgbm",
    "catboost",
    "autogluon",
    "fastai",
];

/// Trainers of tokenizers, which are done in minutes.
const TOKENIZER_TRAINERS: [&str; 4] = ["BpeTrainer", "UnigramTrainer", "WordLevelTrainer", "WordPieceTrainer"];

/// Where it trains.
pub(super) fn training(reading: &Reading<'_>) -> Option<Seen> {
    let in_script = reading.scripts.iter().find_map(training_in);
    in_script.or_else(|| reading.programs.iter().find_map(training_program))
}

fn training_in(script: &Script<'_>) -> Option<Seen> {
    let fits = script.mentions(&FITTING);
    let trains = |call: &&Call<'_>| match call.name {
        // `model.train(False)` and `model.train(mode=…)` are the mode, not the deed.
        "train" => {
            call.receiver.is_some()
                && script.keyword(call, "mode").is_none()
                && !script.positional(call, 0).is_some_and(|mode| is_just(mode, "False"))
        }
        "fit" => call.receiver.is_some() && fits,
        "backward" | "fit_one_cycle" | "fine_tune" | "training_loop" | "train_on_batch" => call.receiver.is_some(),
        "notebook_launcher" => true,
        name => name.ends_with("Trainer") && !TOKENIZER_TRAINERS.contains(&name),
    };
    script.calls().iter().find(trains).map(|call| Seen::at(call.name, call.line))
}

fn training_program(program: &Program) -> Option<Seen> {
    if let Some(words) = TRAINERS.iter().find(|words| program.runs(words)) {
        return Some(Seen::in_command(&words.join(" ")));
    }
    if let Some(flag) = FLAGS.iter().find(|flag| program.has_flag(|given| given == **flag)) {
        return Some(Seen::in_command(&format!("--{flag}")));
    }
    let file = program.words.iter().map(|word| base_name(word)).find(|name| {
        let stem = name.strip_suffix(".py").unwrap_or_default();
        stem.split(['_', '-', '.']).any(|word| FILE_WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
    })?;
    Some(Seen::in_command(file))
}
