//! The words of what is wrong with an argument.

use super::short;
use crate::error::{Credential, Fault, FlavorLack, LocalFileReason, Problem, SecretProblem};

/// The longest path of an argument that is repeated, in bytes.
const ARGUMENT_MAX_BYTES: usize = 300;

/// How a job gets the user name and password of a URL. uv reads those of a named index from two variables.
const USERINFO_HINT: &str = "take the user name and password out of the URL and let the job read them from `secrets`; uv reads those of an \
     index that is named `mine` (in the script, or as \"env\": {\"UV_INDEX\": \"mine=https://HOST/simple\"}) from \
     \"secrets\": {\"UV_INDEX_MINE_USERNAME\": \"…\", \"UV_INDEX_MINE_PASSWORD\": \"$NAME\"}, where NAME is a variable that the \
     operator allows with `--secret-env NAME`";

impl Fault {
    /// The argument as it is told: whole, or, where it is no name any more, not at all: half a token would be recognised by
    /// nobody.
    pub fn shown(&self) -> String {
        if self.argument.len() <= ARGUMENT_MAX_BYTES {
            return self.argument.clone();
        }
        format!("an argument of {} bytes", self.argument.len())
    }

    /// What is wrong, naming the argument.
    pub fn message(&self) -> String {
        let argument = &self.shown();
        match &self.problem {
            Problem::Unknown { nearest: Some(nearest) } if self.script_key().is_some() => {
                format!("`{argument}` is no key of that table, `{nearest}` is")
            }
            Problem::Unknown { nearest: Some(nearest) } => {
                format!("unknown argument `{argument}`; did you mean `{nearest}`?")
            }
            Problem::Unknown { nearest: None } => format!("unknown argument `{argument}`"),
            Problem::OfHost => {
                format!(
                    "unknown argument `{argument}`; names that agent hosts add are ignored only next to an `args` object"
                )
            }
            Problem::TimeZone { .. } => format!("unknown argument `{argument}`: a schedule is always in UTC"),
            Problem::Placeholder => format!("`{argument}` holds a placeholder of an earlier answer"),
            Problem::UnknownFlavor { asked, lack, offered, .. } => unknown_flavor(asked, *lack, offered),
            Problem::Missing => format!("`{argument}` is required"),
            Problem::WrongType { expected, found } => format!("`{argument}` takes {expected}, not {found}"),
            Problem::Malformed { value, expected, .. } => format!("`{argument}`: `{}` is not {expected}", short(value)),
            Problem::Conflict { with } if with == argument => {
                format!("`{argument}` is given twice, with different values")
            }
            Problem::Conflict { with } => format!("`{argument}` and `{with}` exclude each other: give one of them"),
            Problem::Credential { credential, .. } => match credential {
                Credential::TokenName => {
                    format!(
                        "`{argument}` is what Hub libraries read as the token, and `env` can be read by everybody who may see the job"
                    )
                }
                Credential::Placeholder => {
                    format!("`{argument}` holds `$HF_TOKEN`, which only `secrets` resolves; here it would show")
                }
                Credential::HubToken => {
                    format!("`{argument}` holds a Hugging Face token, and everybody who may see the job can read it")
                }
                Credential::SessionToken => {
                    format!(
                        "`{argument}` holds a token of this server or of its login, and everybody who may see the job can read it"
                    )
                }
                Credential::VendorKey(vendor) => {
                    let key =
                        if *vendor == "private" { "a private key".to_owned() } else { format!("a key of {vendor}") };
                    format!("`{argument}` holds {key}, and everybody who may see the job can read it")
                }
                Credential::UrlUserinfo => {
                    format!(
                        "`{argument}` holds a URL with a user name or password in it, and everybody who may see the job can read it"
                    )
                }
            },
            Problem::GroupAlone => format!(
                "`{argument}` needs `namespace`: a resource group belongs to an organization, and counts for its jobs alone"
            ),
            Problem::Secret(problem) => match problem {
                SecretProblem::NotLoggedIn => format!("`{argument}` asks for `$HF_TOKEN`, and nobody is logged in"),
                SecretProblem::NotAllowed { variable } => {
                    format!(
                        "`{argument}` asks for the server's variable `{variable}`, which this server does not allow"
                    )
                }
                SecretProblem::Unset { variable } => {
                    format!("`{argument}` asks for `{variable}`, which this server's environment does not have")
                }
                SecretProblem::Slip { value } => {
                    format!("`{argument}`: `{}` looks like a slip, not like a value", short(value))
                }
            },
            Problem::LocalFile { path, reason } => {
                let path = short(path);
                match reason {
                    LocalFileReason::NoDirectory => format!(
                        "`{argument}`: `{path}` is a file, and this server was given no directory to read scripts from"
                    ),
                    LocalFileReason::Outside => {
                        format!("`{argument}`: `{path}` is outside the directories that this server reads scripts from")
                    }
                    LocalFileReason::Hidden => format!("`{argument}`: `{path}` is in a hidden directory"),
                    LocalFileReason::Missing => {
                        format!("`{argument}`: there is no file `{path}` on the machine of this server")
                    }
                    LocalFileReason::NotAFile => format!("`{argument}`: `{path}` is no regular file"),
                    LocalFileReason::NotAScript => format!("`{argument}`: `{path}` leads to what is no `.py` file"),
                    LocalFileReason::TooLarge { limit } => {
                        format!("`{argument}`: `{path}` is larger than {limit} bytes")
                    }
                    LocalFileReason::NotText { encoding: None } => format!("`{argument}`: `{path}` is not UTF-8 text"),
                    LocalFileReason::NotText { encoding: Some(encoding) } => {
                        format!("`{argument}`: `{path}` is encoded as `{encoding}`, and only UTF-8 is read")
                    }
                    LocalFileReason::Nul => {
                        format!("`{argument}`: `{path}` holds NUL bytes, which Python does not run")
                    }
                    LocalFileReason::Io(reason) => format!("`{argument}`: `{path}` can't be read: {reason}"),
                }
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let argument = &self.shown();
        if let Some(key) = self.script_key() {
            return self.hint_in_script(key).filter(|_| *argument == self.argument);
        }
        Some(match &self.problem {
            Problem::OfHost => format!("leave out `{argument}`, or keep the arguments in \"args\": {{}}"),
            Problem::TimeZone { schedule, utc } => {
                let each: Vec<String> = utc.iter().map(|(zone, utc)| format!("in {} is `{utc}`", short(zone))).collect();
                format!(
                    "write `schedule` in UTC and leave out `{argument}`: `{}` {}; cron knows no summer time",
                    short(schedule),
                    each.join(", ")
                )
            }
            Problem::Placeholder => format!("write your own text as `{argument}`"),
            Problem::UnknownFlavor { .. } => "{\"operation\": \"hardware\"} lists all flavors".to_owned(),
            Problem::Missing if argument == "job_id" => {
                "find the id with {\"operation\": \"ps\", \"args\": {\"all\": true}}".to_owned()
            }
            Problem::Missing if argument == "scheduled_job_id" => {
                "find the id with {\"operation\": \"scheduled ps\", \"args\": {\"all\": true}}".to_owned()
            }
            // Which arguments the operation takes, and in which form, the answer adds.
            Problem::Unknown { .. } | Problem::Missing | Problem::Malformed { instead: None, .. } => return None,
            Problem::WrongType { expected, .. } => format!("pass {expected} as `{argument}`"),
            Problem::Malformed { instead: Some(instead), .. } => format!("pass \"{argument}\": {instead}"),
            Problem::Conflict { with } if with == argument => format!("give `{argument}` once"),
            Problem::Conflict { with } if argument == "clear" && ["labels", "name"].contains(&with.as_str()) => {
                "leave out `clear` to keep the other labels, or pass \"replace\": true instead of it to remove them".to_owned()
            }
            Problem::Conflict { .. } => format!("leave out `{argument}`"),
            Problem::Credential { credential, secret } => match credential {
                Credential::VendorKey(_) => format!(
                    "move it: \"secrets\": {{\"{secret}\": \"$NAME\"}}, where NAME is a variable that this server allows (`--secret-env NAME`)"
                ),
                Credential::UrlUserinfo => USERINFO_HINT.to_owned(),
                _ => format!("move it: \"secrets\": {{\"{secret}\": \"$HF_TOKEN\"}}, which the server replaces by the token of the current login"),
            },
            Problem::GroupAlone => {
                "pass the organization that the resource group belongs to as `namespace`; hf_whoami lists the organizations".to_owned()
            }
            Problem::Secret(problem) => match problem {
                SecretProblem::NotLoggedIn => "ask the user to run `hf auth login`, then repeat the call".to_owned(),
                SecretProblem::NotAllowed { variable } => format!(
                    "ask the person who runs this server (often the user) to start it with `--secret-env {variable}`; only `$HF_TOKEN` is always there"
                ),
                SecretProblem::Unset { variable } => format!("ask the person who runs this server (often the user) to set `{variable}` in its environment and to restart it"),
                SecretProblem::Slip { .. } => format!("pass \"{}\": \"$HF_TOKEN\" in `secrets`", argument.rsplit('.').next().unwrap_or(argument)),
            },
            Problem::LocalFile { reason: LocalFileReason::NotText { .. } | LocalFileReason::Nul, .. } => {
                "save the file as UTF-8 (and take a `coding:` line out of it), or pass the code itself as `script`, or an https URL".to_owned()
            }
            Problem::LocalFile { .. } => {
                "pass the code itself as `script`, or an https URL; the person who runs this server (often the user) can allow a directory with `--script-dir DIR`".to_owned()
            }
        })
    }

    /// What to do about a key of a script's table, which no argument of the call mends.
    fn hint_in_script(&self, key: &str) -> Option<String> {
        Some(match &self.problem {
            Problem::Unknown { nearest: Some(nearest) } => {
                format!("write `{nearest}` instead of `{key}` in the script")
            }
            Problem::WrongType { expected, .. } => format!("write {expected} as `{key}` in the script"),
            Problem::Malformed { instead: Some(instead), .. } => format!("write {instead} as `{key}` in the script"),
            Problem::Credential { .. } => format!(
                "take `{key}` out of the script; a secret is only named there, as in `secrets = [\"HF_TOKEN\"]`"
            ),
            _ => return None,
        })
    }
}

fn unknown_flavor(asked: &str, lack: FlavorLack, offered: &[(String, Option<String>)]) -> String {
    let what = match lack {
        FlavorLack::Alike => "nearest",
        FlavorLack::Gpus => "GPU flavors",
        FlavorLack::NoTpus => "the Hub offers no TPUs; GPU flavors",
        FlavorLack::Any => "flavors",
    };
    let each = |(name, price): &(String, Option<String>)| match price {
        Some(price) => format!("`{name}` ({price}/hour)"),
        None => format!("`{name}`"),
    };
    let offered = offered.iter().map(each).collect::<Vec<_>>().join(", ");
    format!("flavor `{}` does not exist; {what}: {offered}", short(asked))
}
