//! What a job is to be, as the Hub reads it. Every readable part of it was scanned for credentials: it can't be built otherwise.

use serde_json::{Map, Value, json};

use crate::secrets::{PlainEnv, Scanned, SealedBody, SecretEnv};
use crate::types::{
    Arch, Attempts, Command, Expose, Flavor, Image, Labels, Network, REQUEST_LABEL, ResourceGroupId, Timeout, Volume,
};

/// A job to submit.
pub struct JobSpec {
    /// What it runs in.
    pub image: Scanned<Image>,
    /// What it runs.
    pub command: Scanned<Command>,
    /// Its readable environment.
    pub env: PlainEnv,
    /// Its secrets, of which only the names can be read.
    pub secrets: SecretEnv,
    /// The machine.
    pub flavor: Flavor,
    /// When the Hub stops it; without one, after 30 minutes (Hub documentation, Jobs configuration).
    pub timeout: Option<Timeout>,
    /// Its labels, the name among them.
    pub labels: Scanned<Labels>,
    /// What is mounted into it.
    pub volumes: Scanned<Vec<Volume>>,
    /// How often it is tried.
    pub attempts: Option<Attempts>,
    /// The processor's kind.
    pub arch: Option<Arch>,
    /// The ports that can be reached from outside.
    pub expose: Option<Expose>,
    /// Whether it can be reached by SSH.
    pub ssh: bool,
    /// The network that it shares with other jobs.
    pub network: Option<Network>,
    /// The resource group that it is billed to.
    pub resource_group: Option<ResourceGroupId>,
}

impl JobSpec {
    /// The request less its secrets, with field names as the Hub reads them: it drops others without a word.
    pub fn readable(&self) -> Map<String, Value> {
        let mut body = Map::new();
        match self.image.get() {
            Image::Space(id) => body.insert("spaceId".to_owned(), json!(id.to_string())),
            Image::Docker(reference) => body.insert("dockerImage".to_owned(), json!(reference.as_str())),
        };
        body.insert("command".to_owned(), json!(self.command.get().arguments()));
        body.insert("arguments".to_owned(), json!([]));
        body.insert(
            "environment".to_owned(),
            self.env.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect(),
        );
        body.insert("flavor".to_owned(), json!(self.flavor.as_str()));
        if let Some(timeout) = &self.timeout {
            body.insert("timeoutSeconds".to_owned(), json!(timeout.seconds()));
        }
        body.insert("labels".to_owned(), self.labels.get().to_json());
        if !self.volumes.get().is_empty() {
            body.insert("volumes".to_owned(), self.volumes.get().iter().map(Volume::to_json).collect());
        }
        if let Some(attempts) = &self.attempts {
            body.insert("attempts".to_owned(), json!(attempts.get()));
        }
        if let Some(arch) = &self.arch {
            body.insert("arch".to_owned(), json!(arch.as_str()));
        }
        if let Some(expose) = &self.expose {
            body.insert("expose".to_owned(), expose.to_json());
        }
        if self.ssh {
            body.insert("ssh".to_owned(), json!({"enabled": true}));
        }
        if let Some(network) = &self.network {
            body.insert("network".to_owned(), network.to_json());
        }
        if let Some(group) = &self.resource_group {
            body.insert("resourceGroupId".to_owned(), json!(group.as_str()));
        }
        body
    }

    /// The request as it is sent, under a label of its own.
    pub(super) fn seal(&self, request: &str) -> SealedBody {
        SealedBody::seal(self.labelled(request), &self.secrets)
    }

    /// [`JobSpec::readable`] with the label by which it is found again.
    pub(super) fn labelled(&self, request: &str) -> Map<String, Value> {
        let mut body = self.readable();
        if let Some(Value::Object(labels)) = body.get_mut("labels") {
            labels.insert(REQUEST_LABEL.to_owned(), json!(request));
        }
        body
    }
}
