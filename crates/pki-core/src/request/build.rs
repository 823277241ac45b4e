//! Making a PKCS#10 certification request (RFC 2986).

use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use der::asn1::{BitString, SetOfVec};
use der::pem::LineEnding;
use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::name::Name;
use x509_cert::request::{CertReq, CertReqInfo, ExtensionReq, Version};
use x509_identity::{DistinguishedName, SubjectAltName};

use super::csr::{CertificateRequest, CsrError};
use crate::Signer;
use crate::asn1::{extension, general_name};
use crate::key::{BoxError, SignError};

/// Why a certification request was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsrBuildError {
    /// It could not be encoded: an alternative name is of a kind that is not certified.
    #[error("the certificate request could not be encoded")]
    Encode(#[source] BoxError),

    /// What was made would be refused by [`CertificateRequest::from_der`]: the key is of a kind that is not certified, or
    /// the signature is not by it.
    #[error("the certificate request would be refused")]
    Refused(#[source] CsrError),

    /// The signer refused.
    #[error("the certificate request could not be signed")]
    Sign(#[source] SignError),
}

impl CertificateRequest {
    /// Makes a request for a certificate of the key that `signer` holds, with these names, and signs it, which proves
    /// that whoever asks holds the key.
    ///
    /// The alternative names are in an extensionRequest (RFC 2985 section 5.4.2). Nothing else is asked for: what a
    /// certificate is for, and until when, is its issuer's to say.
    ///
    /// ```
    /// use pki_core::{CertificateRequest, KeyKind, KeyPair};
    /// use x509_identity::{DistinguishedName, SubjectAltName};
    ///
    /// let key = KeyPair::generate(KeyKind::P256)?;
    /// let subject = DistinguishedName::builder().common_name("api.example.org").build()?;
    /// let names = [SubjectAltName::Dns("api.example.org".to_owned())];
    /// let request = CertificateRequest::build(&key, &subject, &names)?;
    /// assert!(request.pem().starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CsrBuildError`] says what was in the way.
    pub fn build(
        signer: &dyn Signer,
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
    ) -> Result<Self, CsrBuildError> {
        let info = info(signer.public_key_der(), subject, sans).map_err(encode)?;
        let message = info.to_der().map_err(encode)?;
        let signature = signer.sign(&message).map_err(CsrBuildError::Sign)?;
        let request = CertReq {
            info,
            algorithm: signer.algorithm().identifier(),
            signature: BitString::from_bytes(&signature).map_err(encode)?,
        };
        Self::from_der(&request.to_der().map_err(encode)?).map_err(CsrBuildError::Refused)
    }

    /// The request as PEM, `CERTIFICATE REQUEST` (RFC 7468 section 7).
    ///
    /// # Panics
    ///
    /// Never: requests are at most 64 KiB.
    #[must_use]
    pub fn pem(&self) -> String {
        der::pem::encode_string("CERTIFICATE REQUEST", LineEnding::LF, self.der())
            .expect("a request of at most 64 KiB can be written as PEM")
    }
}

fn info(
    public_key: &[u8],
    subject: &DistinguishedName,
    sans: &[SubjectAltName],
) -> der::Result<CertReqInfo> {
    let mut attributes = SetOfVec::new();
    if !sans.is_empty() {
        let names = sans
            .iter()
            .map(general_name)
            .collect::<der::Result<Vec<_>>>()?;
        // RFC 5280 section 4.2.1.6: critical if and only if the subject is empty.
        let names = extension(ID_CE_SUBJECT_ALT_NAME, subject.is_empty(), &names)?;
        attributes.insert(ExtensionReq(vec![names]).try_into()?)?;
    }
    Ok(CertReqInfo {
        version: Version::V1,
        subject: Name::from_der(&subject.to_der())?,
        public_key: SubjectPublicKeyInfoOwned::from_der(public_key)?,
        attributes,
    })
}

fn encode(error: der::Error) -> CsrBuildError {
    CsrBuildError::Encode(error.into())
}
