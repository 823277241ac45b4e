//! Which files the settings of one host name are made of.

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

/// The files of one host name.
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

    /// A rule in TOML, for [`VirtualHost::rule`]; none.
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

    /// Settings of this name that are not files, such as [`VirtualHost::ocsp`]; called at each load.
    pub fn settings(mut self, settings: fn(VirtualHost) -> VirtualHost) -> Self {
        self.settings = settings;
        self
    }
}

/// The files of a site, read.
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
