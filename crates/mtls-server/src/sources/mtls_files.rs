//! Settings whose parts are files, or come from the network, loaded again when they change.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use pki_core::verify::Revocation;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::{sync::Mutex, task::spawn_blocking};
use zeroize::Zeroizing;

use crate::{
    config::{
        client_auth::ClientAuth,
        error::ConfigError,
        mtls_config::{MtlsConfig, MtlsConfigBuilder},
        site::SiteConfig,
    },
    rules::rule::Rule,
    sources::{
        crl_sources::{CrlSource, CrlSourceError, CrlSources, LoadedCrls},
        files::{self, FileError},
        identity::ServerIdentity,
        ocsp::{Staple, Stapler},
    },
    text::sentence,
};

/// A server's settings whose certificates, keys, revocation lists and rules are files.
///
/// [`load`](Self::load) makes settings of them. Where such settings are served,
/// [`MtlsHandle::reload`](crate::MtlsHandle::reload) and
/// [`MtlsHandle::watch`](crate::MtlsHandle::watch) take what the files hold later, all of it or
/// nothing: as long as one of them cannot be used, the settings in force stay.
///
/// Files are compared by content, and found by their path each time, so that a Kubernetes volume,
/// which exchanges a symbolic link, is followed.
///
/// ```no_run
/// # async fn run(router: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use mtls_server::{MtlsFiles, SiteFiles};
///
/// let site = SiteFiles::new("server.crt", "server.key", "ca.crt").crl("ca.crl");
/// let config = MtlsFiles::new(site).load().await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
/// let server = mtls_server::serve(listener, router, config)?;
/// let _watch = server.handle().watch(Duration::from_secs(30));
/// server.finished().await?;
/// # Ok(())
/// # }
/// ```
pub struct MtlsFiles {
    sites: Vec<Site>,
    settings: Box<Settings>,
    /// SHA-256 of everything that the last settings were made of; one load at a time.
    made_of: Mutex<Option<Fingerprint>>,
}

type Settings = dyn Fn(MtlsConfigBuilder) -> MtlsConfigBuilder + Send + Sync;
type Fingerprint = [u8; 32];

/// The files of one host name, and what was made of them.
struct Site {
    /// None for the first, which all other names have.
    name: Option<String>,
    files: SiteFiles,
    lists: Option<CrlSources>,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    /// A rule that says the same is the same, so that open connections go on.
    rule: Option<(Fingerprint, Rule)>,
    /// With the chain that it is for.
    staple: Option<(Fingerprint, Staple)>,
}

/// What one look at all sources found.
pub(crate) struct Loaded {
    /// Settings, if anything has changed.
    pub(crate) config: Option<MtlsConfig>,
    /// What could not be had anew, in sentences; what was there before counts on.
    pub(crate) problems: Vec<String>,
}

/// The files of one host name.
#[derive(Clone, Debug)]
#[must_use = "no file is read before load()"]
pub struct SiteFiles {
    chain: PathBuf,
    key: PathBuf,
    client_roots: PathBuf,
    crls: Vec<CrlSource>,
    rule: Option<PathBuf>,
    stapled: bool,
    client_auth: ClientAuth,
    settings: fn(SiteConfig) -> SiteConfig,
    revocation: fn(Revocation) -> Revocation,
}

impl SiteFiles {
    /// The server's certificate chain and its key, and the roots that clients' certificates must
    /// lead to, as [`ServerIdentity::from_files`] and [`files::client_roots`] take them.
    pub fn new(
        chain: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        client_roots: impl Into<PathBuf>,
    ) -> Self {
        Self {
            chain: chain.into(),
            key: key.into(),
            client_roots: client_roots.into(),
            crls: Vec::new(),
            rule: None,
            stapled: false,
            client_auth: ClientAuth::Required,
            settings: |site| site,
            revocation: |revocation| revocation,
        }
    }

    /// One more source of revocation lists: a file by its path, or any other [`CrlSource`]; none.
    pub fn crl(mut self, source: impl Into<CrlSource>) -> Self {
        self.crls.push(source.into());
        self
    }

    /// How the revocation lists are used; as [`Revocation::new`] says.
    pub fn revocation(mut self, how: fn(Revocation) -> Revocation) -> Self {
        self.revocation = how;
        self
    }

    /// A rule in TOML, for [`SiteConfig::rule`]; none.
    pub fn rule(mut self, file: impl Into<PathBuf>) -> Self {
        self.rule = Some(file.into());
        self
    }

    /// Shows clients that ask for it an OCSP answer about the server's certificate, from the
    /// responder that the certificate names; no.
    ///
    /// It is fetched anew at half of its life, when the files are looked at. Where there is none,
    /// the certificate is shown without, and the server counts as degraded.
    pub fn stapled(mut self) -> Self {
        self.stapled = true;
        self
    }

    /// Whether a certificate is required; it is.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Settings of this name that are not files, such as [`SiteConfig::ocsp`]; called at each load.
    pub fn settings(mut self, settings: fn(SiteConfig) -> SiteConfig) -> Self {
        self.settings = settings;
        self
    }
}

/// The files of a site, read.
struct Contents {
    chain: Zeroizing<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
    roots: Zeroizing<Vec<u8>>,
    rule: Option<Zeroizing<Vec<u8>>>,
}

impl SiteFiles {
    fn read(&self) -> Result<Contents, FileError> {
        let rule = self.rule.as_deref();
        Ok(Contents {
            chain: files::read(&self.chain, files::CHAIN)?,
            key: files::read(&self.key, files::KEY)?,
            roots: files::read(&self.client_roots, files::ROOTS)?,
            rule: rule
                .map(|path| files::read(path, files::RULE))
                .transpose()?,
        })
    }
}

impl MtlsFiles {
    /// These files, and the defaults of [`MtlsConfig::builder`].
    pub fn new(site: SiteFiles) -> Self {
        Self {
            sites: vec![Site::new(None, site)],
            settings: Box::new(|builder| builder),
            made_of: Mutex::default(),
        }
    }

    /// Other files for a host name, as [`MtlsConfigBuilder::name`] takes it.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>, site: SiteFiles) -> Self {
        self.sites.push(Site::new(Some(name.into()), site));
        self
    }

    /// Settings that are not files: limits, resumption, protocols. Called at each load.
    #[must_use]
    pub fn settings(
        mut self,
        settings: impl Fn(MtlsConfigBuilder) -> MtlsConfigBuilder + Send + Sync + 'static,
    ) -> Self {
        self.settings = Box::new(settings);
        self
    }

    /// Loads everything.
    ///
    /// # Errors
    ///
    /// [`LoadError`] names the file or URL, or says what cannot work.
    pub async fn load(self) -> Result<MtlsConfig, LoadError> {
        let Loaded { config, problems } = Arc::new(self).load_changed().await?;
        for problem in problems {
            tracing::warn!(target: "mtls_server", "{problem}");
        }
        Ok(config.expect("nothing was loaded before, so everything is a change"))
    }

    /// Looks at everything again.
    pub(crate) async fn load_changed(self: &Arc<Self>) -> Result<Loaded, LoadError> {
        let mut made_of = self.made_of.lock().await;
        let now = OffsetDateTime::now_utc();
        let mut problems = Vec::new();
        let mut hash = Sha256::new();
        let mut parts = Vec::new();
        for contents in self.read().await? {
            let site = &self.sites[parts.len()];
            let part = site.gather(contents, now, &mut hash, &mut problems).await?;
            parts.push(part);
        }
        let fingerprint = hash.finalize().into();
        let config = if *made_of == Some(fingerprint) {
            None
        } else {
            let files = Arc::clone(self);
            // Verifying the signature of a long list takes a tenth of a second.
            let config = spawn_blocking(move || files.build(parts)).await;
            Some(config.map_err(|panic| LoadError::Interrupted(Box::new(panic)))??)
        };
        *made_of = Some(fingerprint);
        Ok(Loaded { config, problems })
    }

    async fn read(self: &Arc<Self>) -> Result<Vec<Contents>, LoadError> {
        let files = Arc::clone(self);
        let read = move || files.sites.iter().map(|site| site.files.read()).collect();
        let read: Result<_, FileError> = spawn_blocking(read)
            .await
            .map_err(|panic| LoadError::Interrupted(Box::new(panic)))?;
        Ok(read?)
    }

    fn build(self: &Arc<Self>, parts: Vec<Part>) -> Result<MtlsConfig, LoadError> {
        let mut builder = None;
        for (site, part) in self.sites.iter().zip(parts) {
            let config = site.config(part)?;
            builder = Some(match (builder, &site.name) {
                (Some(builder), Some(name)) => MtlsConfigBuilder::name(builder, name, config),
                _ => MtlsConfigBuilder::of(config),
            });
        }
        let builder = builder.expect("there is one site at least");
        (self.settings)(builder)
            .source(Arc::clone(self))
            .build()
            .map_err(LoadError::Config)
    }
}

/// What the settings of one name are made of.
struct Part {
    contents: Contents,
    lists: Option<LoadedCrls>,
    rule: Option<Rule>,
    staple: Option<Staple>,
}

impl Site {
    fn new(name: Option<String>, files: SiteFiles) -> Self {
        let crls = &files.crls;
        Self {
            name,
            lists: (!crls.is_empty()).then(|| CrlSources::new(crls.iter().cloned())),
            files,
            made: Mutex::default(),
        }
    }

    /// Adds what does not come from one file each, and all of it to `hash`.
    async fn gather(
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
        let mut made = self.made.lock().await;
        let rule = match (&self.files.rule, &contents.rule) {
            (Some(path), Some(bytes)) => Some(made.rule(path, bytes)?),
            _ => None,
        };
        let staple = match self.files.stapled {
            true => made.staple(&contents, now, problems).await,
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

    fn config(&self, part: Part) -> Result<SiteConfig, FileError> {
        let files = &self.files;
        let Contents {
            chain, key, roots, ..
        } = &part.contents;
        let identity = ServerIdentity::of_files((&files.chain, chain), (&files.key, key))?;
        let identity = match &part.staple {
            Some(staple) => identity.stapled(staple),
            None => identity,
        };
        let roots = files::client_roots_of(&files.client_roots, roots)?;
        let mut site = SiteConfig::new(identity, roots).client_auth(files.client_auth);
        if let Some(lists) = part.lists {
            site = site.revocation((files.revocation)(Revocation::new(lists.crls)));
        }
        if let Some(rule) = part.rule {
            site = site.rule(rule);
        }
        Ok((files.settings)(site))
    }
}

impl Made {
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

    /// The staple in use, or a new one at half of its life.
    async fn staple(
        &mut self,
        contents: &Contents,
        now: OffsetDateTime,
        problems: &mut Vec<String>,
    ) -> Option<Staple> {
        let chain = Sha256::digest(&contents.chain).into();
        self.staple
            .take_if(|(of, staple)| *of != chain || staple.has_expired(now));
        let due = self
            .staple
            .as_ref()
            .is_none_or(|(_, staple)| staple.refresh_in(now).is_zero());
        if due {
            match fetch(contents, now).await {
                Ok(staple) => self.staple = Some((chain, staple)),
                Err(problem) => problems.push(problem),
            }
        }
        self.staple.as_ref().map(|(_, staple)| staple.clone())
    }
}

async fn fetch(contents: &Contents, now: OffsetDateTime) -> Result<Staple, String> {
    // What is wrong with the file is said where an identity is made of it.
    let chain = crate::sources::material::certificates(&contents.chain).unwrap_or_default();
    let issuers = crate::sources::material::certificates(&contents.roots).unwrap_or_default();
    let mut outcome = Stapler::new(&chain, None);
    for issuer in &issuers {
        if outcome.is_ok() {
            break;
        }
        outcome = Stapler::new(&chain, Some(issuer));
    }
    let stapler = outcome.map_err(|error| sentence(&error))?;
    stapler.fetch(now).await.map_err(|error| sentence(&error))
}

impl fmt::Debug for MtlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sites = self.sites.iter().map(|site| (&site.name, &site.files));
        f.debug_struct("MtlsFiles")
            .field("sites", &sites.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Why files make no settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// What they hold does not work together.
    #[error(transparent)]
    Config(ConfigError),

    /// A source of revocation lists cannot be used.
    #[error(transparent)]
    Crls(CrlSourceError),

    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),

    /// The runtime ended, or this crate has a defect.
    #[error("loading was interrupted")]
    Interrupted(#[source] Box<dyn std::error::Error + Send + Sync>),
}
