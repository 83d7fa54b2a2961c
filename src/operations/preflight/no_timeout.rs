//! The job trains on a machine that costs, and the Hub's own time-out would end it halfway.

use super::training::training;
use super::{Plan, Reading};
use crate::error::Warning;

pub(super) fn check(plan: &Plan<'_>, reading: &Reading<'_>) -> Option<Warning> {
    if !plan.accelerated || plan.timeout.is_some() {
        return None;
    }
    training(reading).map(|seen| Warning::NoTimeout { seen })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of_code, of_command, plain};
    use super::*;

    #[test]
    fn warns_of_training_without_a_timeout() {
        let gpu = Plan { accelerated: true, ..plain() };
        for (code, seen) in [
            ("t = Trainer(model=m)\nt.train()", "Trainer 1"),
            ("from trl import SFTTrainer\nt = SFTTrainer('Qwen/Qwen3-0.6B', train_dataset=d)", "SFTTrainer 2"),
            ("trainer.train(resume_from_checkpoint=True)", "train 1"),
            ("import keras\nmodel.fit(x, y, epochs=10)", "fit 2"),
            ("import lightning as L\nL.Trainer().fit(model)", "Trainer 2"),
            ("for b in batches:\n    loss.backward()\n    optimizer.step()", "backward 2"),
            ("train(model)", ""),
            ("model.train(False)", ""),
            ("ds['train'].train_test_split(0.1)", ""),
            ("from sklearn.linear_model import X\nX().fit(a, b)", ""),
            ("LLM('Qwen/Qwen3-0.6B').generate(p)", ""),
            ("# trainer.train()", ""),
            ("print('trainer.train()')", ""),
            ("class MyTrainer(Base): pass", ""),
            ("tokenizers.trainers.BpeTrainer(vocab_size=10)", ""),
        ] {
            assert_eq!(of_code(&gpu, code, check), seen, "{code}");
            assert_eq!(of_code(&plain(), code, check), "", "{code}");
            assert_eq!(of_code(&Plan { timeout: Some(7200), ..gpu }, code, check), "", "{code}");
        }
        for (command, seen) in [
            ("pip install trl && accelerate launch x.py", "accelerate launch"),
            ("torchrun --nproc-per-node 4 x.py", "torchrun"),
            ("trl sft --model_name_or_path Qwen/Qwen3-0.6B", "trl sft"),
            ("python -m torch.distributed.run x.py", "torch.distributed.run"),
            ("python run.py --num-train-epochs 3", "--num_train_epochs"),
            ("https://example.org/scripts/train_demo.py·--model·x", "train_demo.py"),
            ("https://raw.example.org/trl/sft.py·--push_to_hub", "sft.py"),
            ("pip install deepspeed", ""),
            ("nvidia-smi", ""),
            ("https://example.org/constrained.py·--model·x", ""),
            ("python·-c·print('train')", ""),
        ] {
            assert_eq!(of_command(&gpu, command, check), seen, "{command}");
        }
    }
}
