//! Settings whose parts are files, or come from the network, loaded again when they change.

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::{sync::Mutex, task::spawn_blocking};

use crate::{
    config::{
        builder::MtlsConfigBuilder,
        error::LoadError,
        mtls_config::{Loaded, Loading, MtlsConfig, Source},
    },
    reload::{
        host_files::{HostFiles, Part},
        virtual_host_files::{Contents, VirtualHostFiles},
    },
    sources::files::FileError,
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
/// use mtls_server::{MtlsFiles, VirtualHostFiles};
///
/// let site = VirtualHostFiles::new("server.crt", "server.key", "ca.crt").crl("ca.crl");
/// let config = MtlsFiles::new(site).load().await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
/// let server = mtls_server::serve(listener, router, config)?;
/// let _watch = server.handle().watch(Duration::from_secs(30));
/// server.finished().await?;
/// # Ok(())
/// # }
/// ```
pub struct MtlsFiles {
    sites: Vec<HostFiles>,
    settings: Box<Settings>,
    /// SHA-256 of everything that the last settings were made of; one load at a time.
    made_of: Mutex<Option<Fingerprint>>,
}

type Settings = dyn Fn(MtlsConfigBuilder) -> MtlsConfigBuilder + Send + Sync;
type Fingerprint = [u8; 32];

impl MtlsFiles {
    /// These files, and the defaults of [`MtlsConfig::builder`].
    pub fn new(site: VirtualHostFiles) -> Self {
        Self {
            sites: vec![HostFiles::new(None, site)],
            settings: Box::new(|builder| builder),
            made_of: Mutex::default(),
        }
    }

    /// Other files for a host name, as [`MtlsConfigBuilder::virtual_host`] takes it.
    #[must_use]
    pub fn virtual_host(mut self, name: impl Into<String>, host: VirtualHostFiles) -> Self {
        self.sites.push(HostFiles::new(Some(name.into()), host));
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
        let Loaded { config, problems } = Arc::new(self).look_for_change().await?;
        for problem in problems {
            tracing::warn!(target: "mtls_server", "{problem}");
        }
        Ok(config.expect("nothing was loaded before, so everything is a change"))
    }

    /// Looks at everything again.
    async fn look_for_change(self: &Arc<Self>) -> Result<Loaded, LoadError> {
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
                (Some(builder), Some(name)) => {
                    MtlsConfigBuilder::virtual_host(builder, name, config)
                }
                _ => MtlsConfigBuilder::of(config),
            });
        }
        let builder = builder.expect("there is one site at least");
        (self.settings)(builder)
            .source(Arc::<Self>::clone(self))
            .build()
            .map_err(LoadError::Config)
    }
}

impl Source for MtlsFiles {
    fn load_changed(self: Arc<Self>) -> Loading {
        Box::pin(async move { self.look_for_change().await })
    }
}

impl fmt::Debug for MtlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sites = self.sites.iter().map(|site| (&site.name, &site.files));
        f.debug_struct("MtlsFiles")
            .field("sites", &sites.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
