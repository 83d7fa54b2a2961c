//! The `[tool.hf-jobs]` table of a script: what it asks for where the call says nothing, as `hf jobs uv run` reads it
//! (`huggingface_hub`).

mod block;
mod header;

use super::draft::{JobDraft, UvDraft};
use crate::error::{Fault, Problem, Warning, script_argument};
use crate::secrets::{PlainEnv, Scan};
use crate::types::limits::MAX_ENV;
use crate::types::{
    EnvName, Flavor, Image, JobName, NAME_LABEL, Namespace, Network, PythonVersion, SecretName, Timeout, Volume,
};
use block::Block;
use header::{Header, KEYS};

/// What came of a script's table.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Filled {
    /// The keys that gave something, in their order.
    pub(super) taken: Vec<&'static str>,
    /// All that is wrong with the table.
    pub(super) faults: Vec<Fault>,
}

/// Completes a draft by the table of its source, if there is one.
///
/// What the call gave stands; `env`, `labels`, `secrets` and `volumes` are completed by name, key, name and mount path; aliases
/// are taken whole or not at all. A script names its secrets only: each becomes `$NAME`, which is resolved under the rules of a
/// call's own. Everything is scanned here, since what stands escaped in the source is plain in the job.
pub(super) fn fill(draft: &mut UvDraft, source: &str, scan: &Scan) -> Filled {
    let table = Block::find(source).and_then(|block| block.map_or(Ok(None), |block| block.table()));
    let (header, faults) = match table {
        Ok(None) => return Filled::default(),
        Ok(Some(table)) => Header::read(table),
        Err(fault) => return Filled { taken: Vec::new(), faults: vec![fault] },
    };
    let mut merge = Merge { taken: Vec::new(), faults };
    for (key, text) in header.readable() {
        merge.faults.extend(scan.clear(&script_argument(&key), text).err().into_iter().flatten());
    }
    let Header {
        image,
        flavor,
        python,
        timeout,
        name,
        namespace,
        network_group,
        env,
        secrets,
        labels,
        volumes,
        network_aliases,
    } = header;
    merge.one("image", &mut draft.image, image, Image::parse);
    merge.one("python", &mut draft.python, python, PythonVersion::parse);
    let scheduled = draft.job.plan.is_some();
    let job = &mut draft.job;
    merge.one("flavor", &mut job.flavor, flavor, Flavor::parse);
    merge.one("timeout", &mut job.timeout, timeout, Timeout::parse);
    merge.one("namespace", &mut job.namespace, namespace, Namespace::parse);
    merge.labels(job, name, labels);
    merge.env(&mut job.env, env, scan);
    merge.secrets(job, secrets);
    merge.volumes(&mut job.volumes, &volumes);
    if scheduled {
        merge.no_network(network_group.as_deref(), &network_aliases);
    } else {
        merge.network(&mut job.network, network_group.as_deref(), &network_aliases);
    }
    let Merge { mut taken, faults } = merge;
    taken.sort_by_key(|taken| KEYS.iter().position(|key| key == taken));
    Filled { taken, faults }
}

/// What a draft has been given so far, and what could not be.
struct Merge {
    taken: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Merge {
    fn fault(&mut self, key: &str, problem: Problem) {
        self.faults.push(problem.at(script_argument(key)));
    }

    fn noted<T>(&mut self, key: &str, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.fault(key, problem)).ok()
    }

    fn take(&mut self, key: &'static str, any: bool) {
        if any {
            self.taken.push(key);
        }
    }

    fn one<T>(
        &mut self,
        key: &'static str,
        given: &mut Option<T>,
        text: Option<String>,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) {
        if let (None, Some(text)) = (&given, text) {
            *given = self.noted(key, parse(&text));
            self.take(key, given.is_some());
        }
    }

    fn labels(&mut self, job: &mut JobDraft, name: Option<String>, labels: Vec<(String, String)>) {
        // The key `name` is the label of that name, and counts more than it.
        let named = name.is_some();
        if job.labels.name().is_none() {
            self.one("name", &mut job.name, name, JobName::parse);
        }
        let is_named = named || job.name.is_some();
        let given = job.labels.clone();
        let missing =
            labels.into_iter().filter(|(key, _)| given.get(key).is_none() && !(is_named && key == NAME_LABEL));
        let mut any = false;
        for (key, value) in missing {
            any |= self.noted(&format!("labels.{key}"), job.labels.insert(&key, &value)).is_some();
        }
        self.take("labels", any);
    }

    fn env(&mut self, given: &mut Vec<(String, String)>, env: Vec<(String, String)>, scan: &Scan) {
        let mut missing = Vec::new();
        for (name, value) in env.into_iter().filter(|(name, _)| given.iter().all(|(given, _)| given != name)) {
            let key = format!("env.{name}");
            let valid = self.noted(&key, EnvName::parse(&name)).is_some();
            let pair = (name, value);
            match PlainEnv::check(vec![pair.clone()], scan) {
                Ok(_) if valid => missing.push(pair),
                Ok(_) => {}
                Err(faults) => faults.into_iter().for_each(|fault| self.fault(&key, fault.problem)),
            }
        }
        self.take("env", !missing.is_empty());
        missing.append(given);
        *given = missing;
        self.bound("env", given.len());
    }

    fn secrets(&mut self, job: &mut JobDraft, names: Vec<String>) {
        let mut sent = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let is_new = job.secrets.iter().all(|(given, _)| *given != name);
            if is_new && self.noted(&format!("secrets[{index}]"), SecretName::parse(&name)).is_some() {
                job.secrets.push((name.clone(), format!("${name}")));
                sent.push(name);
            }
        }
        self.bound("secrets", job.secrets.len());
        self.take("secrets", !sent.is_empty());
        if !sent.is_empty() {
            job.warnings.push(Warning::ScriptSendsSecrets { names: sent });
        }
    }

    fn volumes(&mut self, given: &mut Vec<Volume>, texts: &[String]) {
        let mut missing = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let volume = self.noted(&format!("volumes[{index}]"), Volume::parse(text));
            let is_free = |volume: &Volume| given.iter().all(|given| given.mount_path() != volume.mount_path());
            missing.extend(volume.filter(is_free));
        }
        self.take("volumes", !missing.is_empty());
        missing.append(given);
        *given = missing;
    }

    fn network(&mut self, given: &mut Option<Network>, group: Option<&str>, aliases: &[String]) {
        self.one("network_group", given, group.map(str::to_owned), Network::new);
        let Some(network) = given else {
            if let (None, Some(alias)) = (group, aliases.first()) {
                let expected = "of use without a group: add `network_group`";
                self.fault("network_aliases", Problem::malformed(alias, expected));
            }
            return;
        };
        if !network.aliases().is_empty() {
            return;
        }
        for (index, alias) in aliases.iter().enumerate() {
            self.noted(&format!("network_aliases[{index}]"), network.claim(alias));
        }
        self.take("network_aliases", !network.aliases().is_empty());
    }

    fn no_network(&mut self, group: Option<&str>, aliases: &[String]) {
        let expected = "possible for a scheduled job, which joins no network: take the key out";
        for (key, value) in [("network_group", group), ("network_aliases", aliases.first().map(String::as_str))] {
            if let Some(value) = value {
                self.fault(key, Problem::malformed(value, expected));
            }
        }
    }

    fn bound(&mut self, key: &str, entries: usize) {
        if entries > MAX_ENV {
            self.fault(key, Problem::malformed(format!("{entries} entries"), format!("at most {MAX_ENV} entries")));
        }
    }
}

#[cfg(test)]
mod tests;
