//! The files of one virtual host.

use std::{fmt, path::PathBuf, sync::Arc};

use pki_core::verify::Revocation;
use zeroize::Zeroizing;

use crate::{
    config::virtual_host::VirtualHost,
    sources::{
        crl_sources::source::CrlSource,
        files::{self, FileError},
    },
    verify::client_auth::ClientAuth,
};

/// The files of one virtual host; each method says its default.
#[derive(Clone, Debug)]
#[must_use = "no file is read before load()"]
pub struct VirtualHostFiles {
    pub(super) chain: PathBuf,
    pub(super) key: PathBuf,
    pub(super) client_roots: PathBuf,
    pub(super) crls: Vec<CrlSource>,
    pub(super) rule: Option<PathBuf>,
    #[cfg(feature = "ocsp")]
    pub(super) stapled: bool,
    pub(super) client_auth: ClientAuth,
    pub(super) settings: Adjust<VirtualHost>,
    pub(super) revocation: Adjust<Revocation>,
}

impl VirtualHostFiles {
    /// The server's certificate chain, its key, and the roots that clients' certificates must lead to,
    /// as [`ServerIdentity::from_files`](crate::ServerIdentity::from_files) and [`files::client_roots`] take them.
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
            #[cfg(feature = "ocsp")]
            stapled: false,
            client_auth: ClientAuth::Required,
            settings: Adjust::default(),
            revocation: Adjust::default(),
        }
    }

    /// One more source of CRLs: the path of a file, or any other [`CrlSource`]. None by default.
    pub fn crl(mut self, source: impl Into<CrlSource>) -> Self {
        self.crls.push(source.into());
        self
    }

    /// How the CRLs are used; as [`Revocation::new`] says by default.
    pub fn revocation(
        mut self,
        how: impl Fn(Revocation) -> Revocation + Send + Sync + 'static,
    ) -> Self {
        self.revocation = Adjust(Arc::new(how));
        self
    }

    /// A rule in TOML, for [`VirtualHost::rule`]; none by default.
    pub fn rule(mut self, file: impl Into<PathBuf>) -> Self {
        self.rule = Some(file.into());
        self
    }

    /// Staples an OCSP response to the server's certificate. It comes from the responder that the
    /// certificate names. Not by default; it needs the
    /// feature `ocsp`.
    ///
    /// The response is fetched again at the next reload after half of its validity period is over.
    /// If there is none, the certificate is presented without it, and the server counts as
    /// degraded.
    #[cfg(feature = "ocsp")]
    pub fn stapled(mut self) -> Self {
        self.stapled = true;
        self
    }

    /// Whether a client certificate is required; it is by default.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Settings of this virtual host that are not files, such as [`VirtualHost::max_depth`]. Called for
    /// each load that found a change.
    ///
    /// ```
    /// use mtls_server::VirtualHostFiles;
    ///
    /// fn files(max_depth: usize) -> VirtualHostFiles {
    ///     VirtualHostFiles::new("server.crt", "server.key", "ca.crt")
    ///         .settings(move |host| host.max_depth(max_depth))
    /// }
    /// ```
    pub fn settings(
        mut self,
        settings: impl Fn(VirtualHost) -> VirtualHost + Send + Sync + 'static,
    ) -> Self {
        self.settings = Adjust(Arc::new(settings));
        self
    }
}

/// What the application does to settings of this crate before they are used; nothing by default.
pub(super) struct Adjust<T>(Arc<dyn Fn(T) -> T + Send + Sync>);

impl<T> Adjust<T> {
    pub(super) fn apply(&self, to: T) -> T {
        (self.0)(to)
    }
}

impl<T> Clone for Adjust<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Adjust<T> {
    fn default() -> Self {
        Self(Arc::new(|unchanged| unchanged))
    }
}

impl<T> fmt::Debug for Adjust<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Adjust")
    }
}

/// The contents of these files.
pub(super) struct Contents {
    pub(super) chain: Zeroizing<Vec<u8>>,
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) roots: Zeroizing<Vec<u8>>,
    pub(super) rule: Option<Zeroizing<Vec<u8>>>,
}

impl VirtualHostFiles {
    pub(super) fn read(&self) -> Result<Contents, FileError> {
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
