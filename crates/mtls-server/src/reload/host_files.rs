//! The files of one host name, loaded again and again; what has not changed is not made anew.

use std::path::Path;

use pki_core::verify::Revocation;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::{
    config::{error::LoadError, virtual_host::VirtualHost},
    reload::{
        staple::KeptStaple,
        virtual_host_files::{Contents, VirtualHostFiles},
    },
    rules::rule::Rule,
    sources::{
        crl_sources::loader::{CrlSources, LoadedCrls},
        files::{self, FileError},
        ocsp::staple::Staple,
    },
    text::sentence,
};

/// The files of one host name, and what was made of them.
pub(super) struct HostFiles {
    /// None for the first, which all other names have.
    pub(super) name: Option<String>,
    pub(super) files: VirtualHostFiles,
    lists: Option<CrlSources>,
    kept: Mutex<Kept>,
}

/// What was made of them the last time.
#[derive(Default)]
struct Kept {
    /// With the SHA-256 of its text. A rule that says the same is the same, so that open connections
    /// go on.
    rule: Option<([u8; 32], Rule)>,
    staple: KeptStaple,
}

/// What the settings of one name are made of.
pub(super) struct Part {
    contents: Contents,
    lists: Option<LoadedCrls>,
    rule: Option<Rule>,
    staple: Option<Staple>,
}

impl HostFiles {
    pub(super) fn new(name: Option<String>, files: VirtualHostFiles) -> Self {
        let crls = &files.crls;
        Self {
            name,
            lists: (!crls.is_empty()).then(|| CrlSources::new(crls.iter().cloned())),
            files,
            kept: Mutex::default(),
        }
    }

    /// Adds what does not come from one file each, and all of it to `hash`.
    pub(super) async fn gather(
        &self,
        contents: Contents,
        now: OffsetDateTime,
        hash: &mut Sha256,
        problems: &mut Vec<String>,
    ) -> Result<Part, LoadError> {
        let lists = match &self.lists {
            Some(lists) => Some(lists.load(now).await.map_err(LoadError::Crls)?),
            None => None,
        };
        let mut kept = self.kept.lock().await;
        let rule = match (&self.files.rule, &contents.rule) {
            (Some(path), Some(bytes)) => Some(kept.rule(path, bytes)?),
            _ => None,
        };
        let staple = match self.files.stapled {
            true => kept.staple.renewed(&contents, now, problems).await,
            false => None,
        };
        let parts = [&contents.chain, &contents.key, &contents.roots];
        let parts = parts.into_iter().chain(&contents.rule);
        let staple_der = staple.as_ref().map(Staple::der);
        for bytes in parts.map(|bytes| &***bytes).chain(staple_der) {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        if let Some(lists) = &lists {
            hash.update(lists.fingerprint);
            let found = lists.problems.iter().map(|problem| sentence(problem));
            problems.extend(found);
        }
        Ok(Part {
            contents,
            lists,
            rule,
            staple,
        })
    }

    pub(super) fn config(&self, part: Part) -> Result<VirtualHost, FileError> {
        let files = &self.files;
        let Contents {
            chain, key, roots, ..
        } = &part.contents;
        let identity = files::identity_of((&files.chain, chain), (&files.key, key))?;
        let identity = match &part.staple {
            Some(staple) => identity.stapled(staple.der()),
            None => identity,
        };
        let roots = files::client_roots_of(&files.client_roots, roots)?;
        let mut site = VirtualHost::new(identity, roots).client_auth(files.client_auth);
        if let Some(lists) = part.lists {
            site = site.revocation((files.revocation)(Revocation::new(lists.crls)));
        }
        if let Some(rule) = part.rule {
            site = site.rule(rule);
        }
        Ok((files.settings)(site))
    }
}

impl Kept {
    fn rule(&mut self, path: &Path, bytes: &[u8]) -> Result<Rule, FileError> {
        let digest = Sha256::digest(bytes).into();
        match &self.rule {
            Some((known, rule)) if *known == digest => Ok(rule.clone()),
            _ => {
                let rule = files::rule_of(path, bytes)?;
                self.rule = Some((digest, rule.clone()));
                Ok(rule)
            }
        }
    }
}
