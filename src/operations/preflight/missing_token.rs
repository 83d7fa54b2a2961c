//! The job needs the Hub's permission, and no token is in its secrets.

use super::hub_use::{brings_token, private_read, push, reads_own_token};
use super::{Plan, Reading};
use crate::error::Warning;

pub(super) fn check(plan: &Plan<'_>, reading: &Reading<'_>) -> Option<Warning> {
    if plan.has_token || brings_token(reading) || reads_own_token(reading, plan.secrets) {
        return None;
    }
    let pushed = push(reading).map(|seen| Warning::TokenMissing { pushes: true, seen });
    pushed.or_else(|| private_read(reading).map(|seen| Warning::TokenMissing { pushes: false, seen }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{of_code, of_command, plain};
    use super::*;

    #[test]
    fn warns_where_a_push_or_a_private_read_has_no_token() {
        for (code, seen) in [
            // Pushes.
            ("model.push_to_hub('me/x')", "push_to_hub 1"),
            ("dataset.push_to_hub(args.output, token=HF_TOKEN)", "push_to_hub 1"),
            ("api = HfApi()\napi.upload_file(path_or_fileobj='x', path_in_repo='x', repo_id='me/x')", "upload_file 2"),
            (
                "from huggingface_hub import upload_folder\nupload_folder(folder_path='x', repo_id='me/x')",
                "upload_folder 2",
            ),
            ("from huggingface_hub import HfApi\nHfApi().create_repo('me/x', private=True)", "create_repo 2"),
            ("SFTConfig(output_dir='x', push_to_hub=True, hub_model_id='me/x')", "push_to_hub=True 1"),
            ("config = {'push_to_hub': True}", "push_to_hub=True 1"),
            ("PUSH_TO_HUB = True\nif PUSH_TO_HUB:\n    f()", "push_to_hub=True 1"),
            ("df.to_parquet('hf://datasets/me/x/train.parquet')", "to_parquet 1"),
            ("with HfFileSystem().open('hf://datasets/me/x/a.txt', 'w') as f: pass", "open 1"),
            ("subprocess.run(['hf', 'upload', 'me/x', '.'], check=True)", "hf upload 1"),
            ("os.system('huggingface-cli upload me/x .')", "hf upload 1"),
            ("if os.environ.get('WORLD') == '0':\n    trainer.push_to_hub()", "push_to_hub 2"),
            // Private reads.
            ("load_dataset('private-org/private-dataset')", "private-org/private-dataset 1"),
            ("load_dataset(path='me/my-private-set', split='train')", "me/my-private-set 1"),
            ("pd.read_parquet('hf://datasets/me/my_private/x.parquet')", "hf://datasets/me/my_private/x.parquet 1"),
            ("load_dataset('me/x', token=True)", "token=True 1"),
            ("load_dataset('me/x', use_auth_token=True)", "use_auth_token=True 1"),
            ("import os\nassert \"HF_TOKEN\" in os.environ, 'HF_TOKEN required!'", "HF_TOKEN 2"),
            ("token = os.environ['HF_TOKEN']", "HF_TOKEN 1"),
            ("token = os.environ.get('HF_TOKEN')", "HF_TOKEN 1"),
            ("token = os.getenv('HF_TOKEN')\nif not token:\n    raise ValueError('HF_TOKEN not found')", "HF_TOKEN 1"),
            ("if 'HF_TOKEN' not in os.environ:\n    raise ValueError()\nt = os.environ['HF_TOKEN']", "HF_TOKEN 3"),
            ("t = os.environ['HF_TOKEN']\nif t:\n    login(token=t)", "HF_TOKEN 1"),
            ("login(token=os.getenv('HUGGING_FACE_HUB_TOKEN'))", "HUGGING_FACE_HUB_TOKEN 1"),
            ("from huggingface_hub import login\nlogin()", "login 2"),
            ("from huggingface_hub import whoami\nprint(whoami()['name'])", "whoami 2"),
            ("m = AutoModel.from_pretrained('meta-llama/Llama-3.2-1B')", "meta-llama/Llama-3.2-1B 1"),
            ("MODEL = 'google/gemma-2-2b-it'\nLLM(MODEL)", "google/gemma-2-2b-it 1"),
        ] {
            assert_eq!(of_code(&plain(), code, check), seen, "{code}");
        }
    }

    #[test]
    fn says_nothing_without_a_reason() {
        for code in [
            "",
            "# model.push_to_hub('me/x')",
            "'''model.push_to_hub('me/x')'''",
            "print('call model.push_to_hub() with HF_TOKEN')",
            "TrainingArguments(output_dir='x', push_to_hub=False)",
            "trainer.train(); push_to_hub = None",
            "def push_to_hub(x):\n    pass",
            "parser.add_argument('--push-to-hub', action='store_true')\nif args.push_to_hub:\n    ds.push_to_hub(args.repo)",
            "if not x: pass\nif config.hub_repo_id:\n    from huggingface_hub import HfApi\n    HfApi().upload_folder(repo_id=r)",
            "TrainingArguments(push_to_hub=args.push_to_hub)",
            "if False and hub:\n    ds.push_to_hub('me/x')",
            "s3 = boto3.client('s3')\ns3.upload_file('x', 'bucket', 'key')",
            "from github import Github\nGithub().get_user().create_repo('x')",
            "token = args.hf_token or os.environ.get('HF_TOKEN')\nlogin(token=token)",
            "t = os.environ.get('HF_TOKEN')\nif t:\n    login(token=t)\nload_dataset(args.dataset)",
            "if os.environ.get('HF_TOKEN'):\n    login(token=os.environ.get('HF_TOKEN') or None)",
            "if output_dataset:\n    report.push_to_hub(output_dataset)",
            "load_dataset('imdb')",
            "load_dataset('stanfordnlp/imdb', split='train')",
            "load_dataset('csv', data_files='private/x.csv')",
            "load_dataset('./private/data')",
            "load_dataset('me/x', token=None)",
            "load_dataset('me/x', token=False)",
            "load_dataset(args.dataset, token=args.token)",
            "pd.read_csv('private/data.csv')",
            "pd.read_parquet('hf://datasets/stanfordnlp/imdb/x.parquet')",
            "snapshot_download('Qwen/Qwen3-0.6B')",
            "private = public = load_dataset('squad')",
            "os.environ['HF_TOKEN'] = open('/mnt/token').read()\nds.push_to_hub('me/x')",
            "os.environ['HF_HOME'] = '/data'",
            "app.login(user)",
            "parser.add_argument('--model', default='meta-llama/Llama-3.2-1B')",
            "if name.startswith('meta-llama/Llama'): pass",
            "# meta-llama/Llama-3.2-1B",
        ] {
            assert_eq!(of_code(&plain(), code, check), "", "{code}");
        }
    }

    #[test]
    fn reads_commands() {
        for (command, seen) in [
            ("pip install x && hf upload me/x .", "hf upload"),
            ("huggingface-cli upload me/x .", "huggingface-cli upload"),
            ("hf·upload·me/x·.", "hf upload"),
            ("python -c \"ds.push_to_hub('me/x')\"", "push_to_hub 1"),
            ("python·-c·\nds.push_to_hub('me/x')", "push_to_hub 2"),
            ("python - <<'EOF'\nimport x\nds.push_to_hub('me/x')\nEOF", "push_to_hub 2"),
            ("hf auth login --token $HF_TOKEN", "hf auth login"),
            ("curl -H \"Authorization: Bearer ${HF_TOKEN}\" x", "$HF_TOKEN"),
            ("hf download me/my-private-model", "me/my-private-model"),
            ("vllm serve meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"),
            ("https://example.org/sft.py·--push_to_hub", "--push_to_hub"),
            ("https://example.org/sft.py·--push_to_hub·False", ""),
            ("echo hf upload", ""),
            ("hf download Qwen/Qwen3-0.6B", ""),
            ("python·-c·print(1)", ""),
            ("echo $HF_TOKENIZER", ""),
            ("python·-c·print('$HF_TOKEN')", ""),
        ] {
            assert_eq!(of_command(&plain(), command, check), seen, "{command}");
        }
        for (flag, code) in [
            ("--push-to-hub", "if args.push_to_hub:\n    d.push_to_hub(r)"),
            ("--output-dataset", "if output_dataset:\n    d.push_to_hub(output_dataset)"),
        ] {
            let asked = [String::from(flag), String::from("me/x")];
            let plan = Plan { code: Some(code), command: &asked, ..plain() };
            assert_eq!(super::super::check(&plan).len(), 1, "{flag}");
        }
    }

    #[test]
    fn is_content_with_a_token() {
        let push = "ds.push_to_hub('me/x', token=os.environ['WRITE_TOKEN'])";
        assert_eq!(of_code(&Plan { has_token: true, ..plain() }, push, check), "");
        assert_eq!(of_code(&Plan { secrets: &["WRITE_TOKEN"], ..plain() }, push, check), "");
        assert_eq!(of_code(&Plan { secrets: &["WANDB_API_KEY"], ..plain() }, push, check), "push_to_hub 1");
        let shell = "hf upload me/x . --token $WRITE_TOKEN";
        assert_eq!(of_command(&Plan { secrets: &["WRITE_TOKEN"], ..plain() }, shell, check), "");
    }
}
