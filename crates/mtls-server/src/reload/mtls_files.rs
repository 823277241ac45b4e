//! Settings whose parts are files, or come from the network, loaded again when they change.

use std::{fmt, sync::Arc};

use futures_util::future::select_all;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::{sync::Mutex, task::spawn_blocking};

use crate::{
    config::{
        builder::MtlsConfigBuilder,
        error::LoadError,
        mtls_config::{Changing, Loaded, Loading, MtlsConfig, Source},
    },
    reload::{
        host_files::{HostFiles, Part},
        virtual_host_files::{Contents, VirtualHostFiles},
    },
    sources::files::FileError,
};

/// Settings of a server whose certificates, keys, CRLs and rules are files.
///
/// [`load`](Self::load) makes an [`MtlsConfig`] of them. While that is served,
/// [`MtlsHandle::reload`](crate::MtlsHandle::reload) and
/// [`MtlsHandle::watch`](crate::MtlsHandle::watch) load changed files. They load all of them or
/// none: as long as one cannot be used, the active configuration stays.
///
/// Files are compared by content, and opened by their path each time. So Kubernetes volumes work,
/// although they replace a symbolic link.
///
/// ```no_run
/// # async fn run(router: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use mtls_server::{MtlsFiles, VirtualHostFiles};
///
/// let files = VirtualHostFiles::new("server.crt", "server.key", "ca.crt").crl("ca.crl");
/// let config = MtlsFiles::new(files).load().await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
/// let server = mtls_server::serve(listener, router, config)?;
/// let _watch = server.handle().watch(Duration::from_secs(30));
/// server.finished().await?;
/// # Ok(())
/// # }
/// ```
pub struct MtlsFiles {
    hosts: Vec<HostFiles>,
    settings: Box<Settings>,
    /// SHA-256 of everything that the last settings were made of. Locked while files are loaded.
    made_of: Mutex<Option<Fingerprint>>,
}

type Settings = dyn Fn(MtlsConfigBuilder) -> MtlsConfigBuilder + Send + Sync;
type Fingerprint = [u8; 32];

impl MtlsFiles {
    /// These files, and the defaults of [`MtlsConfig::builder`].
    pub fn new(files: VirtualHostFiles) -> Self {
        Self {
            hosts: vec![HostFiles::new(None, files)],
            settings: Box::new(|builder| builder),
            made_of: Mutex::default(),
        }
    }

    /// The files of a virtual host; see [`MtlsConfigBuilder::virtual_host`] for `name`.
    #[must_use]
    pub fn virtual_host(mut self, name: impl Into<String>, files: VirtualHostFiles) -> Self {
        self.hosts.push(HostFiles::new(Some(name.into()), files));
        self
    }

    /// Settings that are not files: limits, resumption, protocols. Called for each load that found a
    /// change.
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
    /// [`LoadError`] names the file or URL, or says which settings contradict each other.
    pub async fn load(self) -> Result<MtlsConfig, LoadError> {
        let Loaded { config, problems } = Arc::new(self).load_if_changed().await?;
        for problem in problems {
            tracing::warn!(target: "mtls_server", reason = problem, "not everything could be loaded");
        }
        Ok(config.expect("nothing was loaded before, so everything is a change"))
    }

    /// Loads everything again.
    async fn load_if_changed(self: &Arc<Self>) -> Result<Loaded, LoadError> {
        let mut made_of = self.made_of.lock().await;
        let now = OffsetDateTime::now_utc();
        let mut problems = Vec::new();
        let mut hash = Sha256::new();
        let mut parts = Vec::new();
        for contents in self.read().await? {
            let host = &self.hosts[parts.len()];
            let part = host.gather(contents, now, &mut hash, &mut problems).await?;
            parts.push(part);
        }
        let fingerprint = hash.finalize().into();
        let config = if *made_of == Some(fingerprint) {
            None
        } else {
            let files = Arc::clone(self);
            // Verifying the signature of a long CRL takes a tenth of a second.
            let config = spawn_blocking(move || files.build(parts)).await;
            Some(config.map_err(|panic| LoadError::Interrupted(Box::new(panic)))??)
        };
        *made_of = Some(fingerprint);
        Ok(Loaded { config, problems })
    }

    async fn read(self: &Arc<Self>) -> Result<Vec<Contents>, LoadError> {
        let files = Arc::clone(self);
        let read = move || files.hosts.iter().map(|host| host.files.read()).collect();
        let read: Result<_, FileError> = spawn_blocking(read)
            .await
            .map_err(|panic| LoadError::Interrupted(Box::new(panic)))?;
        Ok(read?)
    }

    fn build(self: &Arc<Self>, parts: Vec<Part>) -> Result<MtlsConfig, LoadError> {
        let mut builder = None;
        for (host, part) in self.hosts.iter().zip(parts) {
            let config = host.config(part)?;
            builder = Some(match (builder, &host.name) {
                (Some(builder), Some(name)) => {
                    MtlsConfigBuilder::virtual_host(builder, name, config)
                }
                _ => MtlsConfigBuilder::of(config),
            });
        }
        let builder = builder.expect("there is at least one virtual host");
        (self.settings)(builder)
            .source(Arc::<Self>::clone(self))
            .build()
            .map_err(LoadError::Config)
    }
}

impl Source for MtlsFiles {
    fn load_changed(self: Arc<Self>) -> Loading {
        Box::pin(async move { self.load_if_changed().await })
    }

    fn changed(self: Arc<Self>) -> Changing {
        Box::pin(async move {
            let hosts = self.hosts.iter().map(|host| Box::pin(host.changed()));
            // There is at least one host.
            select_all(hosts).await;
        })
    }
}

impl fmt::Debug for MtlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.hosts.iter().map(|host| (&host.name, &host.files));
        f.debug_struct("MtlsFiles")
            .field("hosts", &hosts.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
