//! The files of one virtual host.

use std::path::PathBuf;

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
    pub(super) stapled: bool,
    pub(super) client_auth: ClientAuth,
    pub(super) settings: fn(VirtualHost) -> VirtualHost,
    pub(super) revocation: fn(Revocation) -> Revocation,
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
            stapled: false,
            client_auth: ClientAuth::Required,
            settings: |host| host,
            revocation: |revocation| revocation,
        }
    }

    /// One more source of CRLs: the path of a file, or any other [`CrlSource`]. None by default.
    pub fn crl(mut self, source: impl Into<CrlSource>) -> Self {
        self.crls.push(source.into());
        self
    }

    /// How the CRLs are used; as [`Revocation::new`] says by default.
    pub fn revocation(mut self, how: fn(Revocation) -> Revocation) -> Self {
        self.revocation = how;
        self
    }

    /// A rule in TOML, for [`VirtualHost::rule`]; none by default.
    pub fn rule(mut self, file: impl Into<PathBuf>) -> Self {
        self.rule = Some(file.into());
        self
    }

    /// Staples an OCSP response to the server's certificate, from the responder that the certificate
    /// names; not by default.
    ///
    /// It is fetched again when half of its validity period is over, at the next reload. Where there
    /// is none, the certificate is presented without it, and the server counts as degraded.
    pub fn stapled(mut self) -> Self {
        self.stapled = true;
        self
    }

    /// Whether a client certificate is required; it is by default.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Settings of this virtual host that are not files, such as [`VirtualHost::ocsp`]. Called for each
    /// load that found a change.
    pub fn settings(mut self, settings: fn(VirtualHost) -> VirtualHost) -> Self {
        self.settings = settings;
        self
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
