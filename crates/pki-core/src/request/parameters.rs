//! What is asked for: a key, a subject, alternative names and a life.

use time::Duration;
use x509_identity::{Attribute, DistinguishedName, ParseError, Rdn, SubjectAltName};

use super::csr::CertificateRequest;

/// What a certificate should say. The profile decides whether it may.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) public_key: Vec<u8>,
    pub(crate) subject: DistinguishedName,
    pub(crate) sans: Vec<SubjectAltName>,
    pub(crate) life: Option<Duration>,
}

impl Request {
    /// Asks for a certificate of this key (`SubjectPublicKeyInfo` DER) for this subject.
    ///
    /// The subject's texts are encoded anew, each in the string type that RFC 5280 has for its
    /// attribute, whatever type they came in: many tools write a countryName as a UTF8String.
    ///
    /// Whoever calls this vouches for the key; for a key that somebody else sent, the proof of
    /// possession is the signature of a [`CertificateRequest`].
    #[must_use]
    pub fn for_key(public_key_der: &[u8], subject: DistinguishedName) -> Self {
        Self {
            public_key: public_key_der.to_vec(),
            subject: in_proper_types(&subject).unwrap_or(subject),
            sans: Vec::new(),
            life: None,
        }
    }

    /// Asks for everything that a CSR wishes, to be judged by the profile.
    ///
    /// A CSR's names are wishes: where the requester is known by other means, build the subject and
    /// names from those with [`Request::for_key`] and take only the key.
    #[must_use]
    pub fn from_csr(csr: &CertificateRequest) -> Self {
        let wishes = csr.wishes();
        Self::for_key(csr.public_key_der(), wishes.subject().clone()).sans(wishes.sans().to_vec())
    }

    /// Adds alternative names.
    #[must_use]
    pub fn sans(mut self, names: impl IntoIterator<Item = SubjectAltName>) -> Self {
        self.sans.extend(names);
        self
    }

    /// Asks for this life in place of the profile's default.
    #[must_use]
    pub fn life(mut self, life: Duration) -> Self {
        self.life = Some(life);
        self
    }
}

/// Fails for no name that exists: whatever was parsed can be built again.
fn in_proper_types(name: &DistinguishedName) -> Result<DistinguishedName, ParseError> {
    let anew = |attribute: &Attribute| match attribute.text() {
        Some(text) => Attribute::new(attribute.oid(), text),
        None => Ok(attribute.clone()),
    };
    let mut builder = DistinguishedName::builder();
    for rdn in name.rdns() {
        let attributes = rdn
            .attributes()
            .iter()
            .map(anew)
            .collect::<Result<_, _>>()?;
        builder = builder.rdn(Rdn::new(attributes)?);
    }
    builder.build()
}
