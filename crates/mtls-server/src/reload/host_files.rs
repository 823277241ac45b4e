//! Loading the files of one virtual host, again and again: what has not changed is not made again.

use std::{path::Path, sync::Arc};

use pki_core::verify::Revocation;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tls_identity::{Identity as ServerIdentity, certificates};
use tokio::sync::Mutex;
use x509_identity::Certificate;

use crate::{
    config::{error::LoadError, virtual_host::VirtualHost},
    observe::text::sentence,
    reload::virtual_host_files::{Contents, VirtualHostFiles},
    rules::rule::Rule,
    sources::{
        crl_sources::loader::{CrlSources, LoadedCrls},
        files::{self, FileError},
    },
};
#[cfg(feature = "ocsp")]
use crate::{reload::staple::CachedStaple, sources::ocsp::staple::Staple};

/// The files of one virtual host, and what was made of them the last time.
pub(super) struct HostFiles {
    /// `None` for the default, which all other names get.
    pub(super) name: Option<String>,
    pub(super) files: VirtualHostFiles,
    crls: Option<CrlSources>,
    previous: Mutex<Previous>,
}

/// What was made of them the last time.
#[derive(Default)]
struct Previous {
    /// The SHA-256 of the server's chain.
    chain: Option<[u8; 32]>,
    /// With the SHA-256 of its text. As long as the text is the same, so is the rule, and open
    /// connections go on.
    rule: Option<([u8; 32], Rule)>,
    #[cfg(feature = "ocsp")]
    staple: CachedStaple,
}

/// What the settings of one virtual host are made of.
pub(super) struct Part {
    contents: Contents,
    crls: Option<LoadedCrls>,
    rule: Option<Rule>,
    /// DER.
    staple: Option<Vec<u8>>,
    /// When the chain was read, if it is another one than before.
    is_new_since: Option<OffsetDateTime>,
}

impl HostFiles {
    pub(super) fn new(name: Option<String>, files: VirtualHostFiles) -> Self {
        let sources = &files.crls;
        Self {
            name,
            crls: (!sources.is_empty()).then(|| CrlSources::new(sources.iter().cloned())),
            files,
            previous: Mutex::default(),
        }
    }

    /// Ends when a URL announces another CRL.
    pub(super) async fn changed(&self) {
        match &self.crls {
            Some(crls) => crls.changed().await,
            None => std::future::pending().await,
        }
    }

    /// Adds what is not a file of its own, and hashes everything.
    pub(super) async fn gather(
        &self,
        contents: Contents,
        now: OffsetDateTime,
        hash: &mut Sha256,
        problems: &mut Vec<String>,
    ) -> Result<Part, LoadError> {
        let crls = match &self.crls {
            Some(crls) => {
                let issuers = known_issuers(&contents);
                let loaded = crls.load_with(&issuers, now).await;
                Some(loaded.map_err(LoadError::Crls)?)
            }
            None => None,
        };
        let mut previous = self.previous.lock().await;
        let chain = Some(Sha256::digest(contents.chain.as_slice()).into());
        let is_new = std::mem::replace(&mut previous.chain, chain) != chain;
        let rule = match (&self.files.rule, &contents.rule) {
            (Some(path), Some(bytes)) => Some(previous.rule(path, bytes)?),
            _ => None,
        };
        #[cfg(feature = "ocsp")]
        let staple = match self.files.stapled {
            true => previous.staple.renewed(&contents, now, problems).await,
            false => None,
        };
        #[cfg(feature = "ocsp")]
        let staple = staple.as_ref().map(Staple::der).map(<[u8]>::to_vec);
        #[cfg(not(feature = "ocsp"))]
        let staple = None;
        let parts = [&contents.chain, &contents.key, &contents.roots];
        let parts = parts.into_iter().chain(&contents.rule);
        for bytes in parts.map(|bytes| &***bytes).chain(staple.as_deref()) {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        if let Some(crls) = &crls {
            hash.update(crls.fingerprint);
            let found = crls.problems.iter().map(|problem| sentence(problem));
            problems.extend(found);
        }
        Ok(Part {
            contents,
            crls,
            rule,
            staple,
            is_new_since: is_new.then_some(now),
        })
    }

    pub(super) fn config(&self, part: Part) -> Result<VirtualHost, FileError> {
        let files = &self.files;
        let Contents {
            chain, key, roots, ..
        } = &part.contents;
        let identity = files::identity_of((&files.chain, chain), (&files.key, key))?;
        if let Some(now) = part.is_new_since {
            self.warn_of(&identity, now);
        }
        let identity = match &part.staple {
            Some(staple) => identity.stapled(staple.as_slice()),
            None => identity,
        };
        let roots = files::client_roots_of(&files.client_roots, roots)?;
        let mut host = VirtualHost::new(identity, roots).client_auth(files.client_auth);
        if let Some(loaded) = part.crls {
            host = host.revocation(files.revocation.apply(Revocation::new(loaded.crls)));
        }
        if let Some(rule) = part.rule {
            host = host.rule(rule);
        }
        Ok(files.settings.apply(host))
    }

    /// The server starts, as the certificate may be renewed at any moment.
    fn warn_of(&self, identity: &ServerIdentity, now: OffsetDateTime) {
        for problem in identity.problems_as_server(now.into()) {
            tracing::warn!(
                target: "mtls_server",
                file = ?self.files.chain,
                reason = problem.to_string(),
                "clients will refuse the server's certificate"
            );
        }
    }
}

/// The CAs of which CRLs can be verified as soon as they arrive. What cannot be read is found when the
/// settings are made.
fn known_issuers(contents: &Contents) -> Arc<[Certificate]> {
    let files = [&contents.roots, &contents.chain];
    let certificates = files.map(|bytes| certificates(bytes).unwrap_or_default());
    let parsed = certificates
        .iter()
        .flatten()
        .map(|der| Certificate::from_der(der));
    parsed.flatten().collect()
}

impl Previous {
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
