//! `[upstream]` with `kind = "aws-acm-pca"`, and the keys of AWS that the environment has.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use pki_core::Password;
use pki_upstream::acm_pca::{
    AccessKeys, AcmPca, Api, CaArn, ContainerEndpoint, ContainerToken, CredentialSource,
    ProfileFiles,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::look::certificates_of;

/// A private CA in AWS that signs in place of the CA.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AwsAcmPca {
    /// Which CA; its region is in it.
    #[serde(deserialize_with = "read_arn", serialize_with = "write_arn")]
    ca_arn: CaArn,
    /// Another endpoint than that of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint_url: Option<String>,
    /// The profile with the keys in the files of AWS's tools. Without it they are looked for as by these tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// The roots that the endpoint is verified with; those of the operating system without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
    /// Another template than the one that takes everything from the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// Other templates, by the name of the profile of certificates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    templates: BTreeMap<String, String>,
}

impl AwsAcmPca {
    /// # Errors
    ///
    /// If the roots cannot be read, or the endpoint is not one that is asked.
    pub(super) fn connect(&self) -> Result<AcmPca> {
        let roots = self.ca_file.as_deref().map(certificates_of).transpose()?;
        let keys = keys(self.profile.as_deref())?;
        let endpoint = self.endpoint_url.as_deref();
        let api = Api::new(&self.ca_arn, endpoint, keys, roots.as_deref());
        let api = api.with_context(|| format!("{} cannot be asked", self.ca_arn))?;
        let mut upstream = AcmPca::new(api, self.ca_arn.clone());
        if let Some(template) = &self.template {
            upstream = upstream.template(template);
        }
        for (profile, template) in &self.templates {
            upstream = upstream.template_for(profile, template);
        }
        Ok(upstream)
    }

    pub(super) fn paths(&mut self) -> Vec<&mut PathBuf> {
        self.ca_file.iter_mut().collect()
    }
}

/// Where keys are, in the order of AWS's tools: the environment, the profile, and what a container is given.
fn keys(profile: Option<&str>) -> Result<CredentialSource> {
    if let Some(name) = profile {
        return Ok(CredentialSource::Profile(files(name)));
    }
    if let (Some(id), Some(secret)) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
        return Ok(CredentialSource::Keys(AccessKeys {
            id,
            secret: Password::new(secret),
            session_token: set("AWS_SESSION_TOKEN").map(Password::new),
        }));
    }
    if let Some(name) = set("AWS_PROFILE") {
        return Ok(CredentialSource::Profile(files(&name)));
    }
    let default = files("default");
    if default.have_keys() {
        return Ok(CredentialSource::Profile(default));
    }
    let endpoint = match (
        set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        set("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ) {
        (Some(path), _) => ContainerEndpoint::relative(&path)?,
        (None, Some(url)) => ContainerEndpoint::new(&url, container_token())?,
        // Which says what it lacks, when it is asked for.
        (None, None) => return Ok(CredentialSource::Profile(default)),
    };
    Ok(CredentialSource::Container(endpoint))
}

fn container_token() -> Option<ContainerToken> {
    let file = set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    let text = || set("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    match file {
        Some(file) => Some(ContainerToken::File(file.into())),
        None => text().map(|text| ContainerToken::Text(Password::new(text))),
    }
}

fn files(name: &str) -> ProfileFiles {
    let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE"));
    let directory = PathBuf::from(home.unwrap_or_default()).join(".aws");
    let file = |variable: &str, name: &str| {
        set(variable).map_or_else(|| directory.join(name), PathBuf::from)
    };
    ProfileFiles {
        credentials: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        config: file("AWS_CONFIG_FILE", "config"),
        name: name.to_owned(),
    }
}

/// An empty variable is not set.
fn set(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

fn read_arn<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CaArn, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

fn write_arn<S: Serializer>(arn: &CaArn, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(arn.as_str())
}
