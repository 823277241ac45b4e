//! Settings whose parts are files, read again when they change.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{self, SHA256};
use pki_core::verify::{CrlSet, Revocation};

use crate::{
    config::{ClientAuth, ConfigError, MtlsConfig, MtlsConfigBuilder},
    files::{self, FileError},
    identity::ServerIdentity,
    rule::Rule,
    site::SiteConfig,
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
/// let files = MtlsFiles::new(
///     SiteFiles::new("server.crt", "server.key", "ca.crt").crl("ca.crl"),
/// );
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
/// let server = mtls_server::serve(listener, router, files.load()?)?;
/// let _watch = server.handle().watch(Duration::from_secs(30));
/// server.finished().await?;
/// # Ok(())
/// # }
/// ```
pub struct MtlsFiles {
    site: SiteFiles,
    names: Vec<(String, SiteFiles)>,
    settings: Box<Settings>,
    /// What was made of files that are large, or whose identity matters, by what they hold.
    made: Mutex<Made>,
}

type Settings = dyn Fn(MtlsConfigBuilder) -> MtlsConfigBuilder + Send + Sync;
type Digest = [u8; 32];

#[derive(Default)]
struct Made {
    /// Of all files of the settings that were loaded last.
    of: Option<Digest>,
    lists: HashMap<Digest, CrlSet>,
    rules: HashMap<Digest, Rule>,
}

/// The files of one host name.
#[derive(Clone, Debug)]
#[must_use = "no file is read before load()"]
pub struct SiteFiles {
    chain: PathBuf,
    key: PathBuf,
    client_roots: PathBuf,
    crls: Vec<PathBuf>,
    rule: Option<PathBuf>,
    client_auth: ClientAuth,
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
            client_auth: ClientAuth::Required,
            revocation: |revocation| revocation,
        }
    }

    /// One more file of revocation lists, as [`files::crls`] takes it; none.
    pub fn crl(mut self, file: impl Into<PathBuf>) -> Self {
        self.crls.push(file.into());
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

    /// Whether a certificate is required; it is.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    fn paths(&self) -> impl Iterator<Item = (&Path, &'static str)> {
        let one = |path, wanted| std::iter::once((path, wanted));
        one(&*self.chain, files::CHAIN)
            .chain(one(&*self.key, files::KEY))
            .chain(one(&*self.client_roots, files::ROOTS))
            .chain(self.crls.iter().map(|path| (&**path, files::CRL)))
            .chain(self.rule.iter().map(|path| (&**path, files::RULE)))
    }
}

impl MtlsFiles {
    /// These files, and the defaults of [`MtlsConfig::builder`].
    pub fn new(site: SiteFiles) -> Self {
        Self {
            site,
            names: Vec::new(),
            settings: Box::new(|builder| builder),
            made: Mutex::default(),
        }
    }

    /// Other files for a host name, as [`MtlsConfigBuilder::name`] takes it.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>, site: SiteFiles) -> Self {
        self.names.push((name.into(), site));
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

    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`LoadError`] names the file, or says what cannot work.
    pub fn load(self) -> Result<MtlsConfig, LoadError> {
        Arc::new(self)
            .load_changed()
            .map(|changed| changed.expect("nothing was loaded before, so everything is a change"))
    }

    /// Reads the files again; `None` if they are what they were.
    ///
    /// May take some seconds where lists are large: not for a task that others wait for.
    pub(crate) fn load_changed(self: &Arc<Self>) -> Result<Option<MtlsConfig>, LoadError> {
        let before = self.digest()?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.of == Some(before) {
            return Ok(None);
        }
        let mut next = Made::default();
        let mut builder = None;
        let sites = std::iter::once((None, &self.site))
            .chain(self.names.iter().map(|(name, site)| (Some(name), site)));
        for (name, files) in sites {
            let site = files.read(&made, &mut next)?;
            builder = Some(match (builder, name) {
                (Some(builder), Some(name)) => MtlsConfigBuilder::name(builder, name, site),
                _ => MtlsConfigBuilder::of(site),
            });
        }
        let builder = builder.expect("there is one site at least");
        let config = (self.settings)(builder)
            .source(Arc::clone(self))
            .build()
            .map_err(LoadError::Config)?;
        // Files are read twice; if one was written in between, the parts may not fit together.
        next.of = (self.digest()? == before).then_some(before);
        *made = next;
        Ok(Some(config))
    }

    /// SHA-256 of all files.
    fn digest(&self) -> Result<Digest, FileError> {
        let names = self.names.iter().map(|(_, site)| site);
        let paths = std::iter::once(&self.site)
            .chain(names)
            .flat_map(SiteFiles::paths);
        let files = paths.map(|(path, wanted)| files::read(path, wanted));
        Ok(digest(
            files
                .collect::<Result<Vec<_>, _>>()?
                .iter()
                .map(|bytes| &**bytes),
        ))
    }
}

impl SiteFiles {
    /// Makes settings of the files, of lists and rules only where they are not made yet.
    fn read(&self, made: &Made, next: &mut Made) -> Result<SiteConfig, FileError> {
        let identity = ServerIdentity::from_files(&self.chain, &self.key)?;
        let roots = files::client_roots(&self.client_roots)?;
        let mut site = SiteConfig::new(identity, roots).client_auth(self.client_auth);
        if !self.crls.is_empty() {
            let read = |path: &PathBuf| Ok((path.clone(), files::read(path, files::CRL)?));
            let read = self.crls.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let digest = digest(read.iter().map(|(_, bytes)| &**bytes));
            let known = next.lists.get(&digest).or_else(|| made.lists.get(&digest));
            let lists = match known {
                Some(lists) => lists.clone(),
                None => files::crls_of(&read)?,
            };
            next.lists.insert(digest, lists.clone());
            site = site.revocation((self.revocation)(Revocation::new(lists)));
        }
        if let Some(path) = &self.rule {
            let bytes = files::read(path, files::RULE)?;
            let digest = digest([&*bytes]);
            let known = next.rules.get(&digest).or_else(|| made.rules.get(&digest));
            let rule = match known {
                Some(rule) => rule.clone(),
                None => files::rule_of(path, &bytes)?,
            };
            next.rules.insert(digest, rule.clone());
            site = site.rule(rule);
        }
        Ok(site)
    }
}

/// SHA-256 of these bytes, each after their length.
fn digest<B: AsRef<[u8]>>(all: impl IntoIterator<Item = B>) -> Digest {
    let mut context = digest::Context::new(&SHA256);
    for bytes in all {
        let bytes = bytes.as_ref();
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

impl fmt::Debug for MtlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtlsFiles")
            .field("site", &self.site)
            .field("names", &self.names)
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

    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}
