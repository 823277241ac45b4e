//! The CA whose certificates are looked at.

use anyhow::Result;
use pki_core::{AllowedSubject, Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, SubjectAltName};

use crate::random::Random;

/// What a certificate is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    Root,
    Issuing,
    Server,
    Client,
    Responder,
}

impl Role {
    pub(crate) const ALL: [Self; 5] = [
        Self::Root,
        Self::Issuing,
        Self::Server,
        Self::Client,
        Self::Responder,
    ];
}

/// A root with its key a second time, for what no authority signs; and keys for the others.
pub(crate) struct Pki {
    pub(crate) root: Authority,
    pub(crate) root_key: KeyPair,
    keys: Vec<KeyPair>,
    pub(crate) now: OffsetDateTime,
}

impl Pki {
    pub(crate) fn make() -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let root_key = KeyPair::generate(KeyKind::P256)?;
        let key = KeyPair::from_der(root_key.secret_pkcs8_der())?;
        let root = Authority::root(name("Lint Root")?, key, &Profile::root(), now)?;
        let kinds = [
            KeyKind::P256,
            KeyKind::P384,
            KeyKind::Rsa2048,
            KeyKind::P521,
            KeyKind::Ed25519,
            KeyKind::MlDsa44,
            KeyKind::MlDsa65,
            KeyKind::MlDsa87,
        ];
        let keys = kinds.into_iter().map(KeyPair::generate);
        Ok(Self {
            root,
            root_key,
            keys: keys.collect::<Result<_, _>>()?,
            now,
        })
    }

    /// One of the keys, of any kind.
    pub(crate) fn any_key(&self, random: &mut Random) -> &KeyPair {
        random.one_of(&self.keys)
    }

    /// A good certificate, with a key that everybody reads.
    pub(crate) fn good(&self, role: Role, random: &mut Random) -> Result<Certificate> {
        let key = random.one_of(&self.keys[..3]);
        let (profile, common_name, san) = match role {
            Role::Root => return Ok(self.root.certificate().clone()),
            Role::Issuing => (Profile::issuing_ca(), "Lint Issuing", None),
            Role::Server => (Profile::server(), "a.example.org", Some("a.example.org")),
            Role::Client => (Profile::client(), "client", Some("client.example.org")),
            Role::Responder => (Profile::ocsp_responder(), "responder", None),
        };
        let profile = profile
            .with_keys(KeyKind::ALL)
            .with_subject(AllowedSubject::any());
        let sans = san.map(|name| SubjectAltName::Dns(name.to_owned()));
        let parameters =
            CertificateParameters::for_key(key.public_key_der(), name(common_name)?).sans(sans);
        let issued = self.root.issue(&parameters, &profile, self.now)?;
        Ok(issued.certificate().clone())
    }
}

pub(crate) fn name(common_name: &str) -> Result<DistinguishedName> {
    let name = DistinguishedName::builder().organization("Example");
    Ok(name.common_name(common_name).build()?)
}
