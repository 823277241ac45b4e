//! Building and signing a CRL (RFC 5280 section 5).

use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CRL_NUMBER, ID_CE_ISSUING_DISTRIBUTION_POINT,
};
use der::asn1::{AnyRef, OctetString, Uint};
use der::{Decode, Encode};
use time::OffsetDateTime;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, IssuingDistributionPoint};
use x509_identity::{KeyUsageBit, SerialNumber};

use super::distribution_point::CrlScope;
use super::document::encode_pem;
use super::encode::{Entries, TbsCertList};
use super::entry::CrlEntry;
use crate::Authority;
use crate::asn1::{asn1_time, distribution_point_name, extension, seal};
use crate::key::BoxError;
use crate::key::SignError;
use crate::verify::RevocationReason;

/// A complete CRL of version 2, before it is signed.
///
/// Entries are encoded one by one as they are added: by [`revoke`](Self::revoke), or from an iterator by [`Extend`], as
/// often as there is another page of them.
///
/// ```
/// use pki_core::{Authority, CrlBuildError, CrlBuilder, CrlEntry, CrlScope, SignedCrl};
/// use time::{Duration, OffsetDateTime};
///
/// fn sign(
///     authority: &Authority,
///     pages: impl Iterator<Item = Vec<CrlEntry>>,
///     number: u64,
///     now: OffsetDateTime,
/// ) -> Result<SignedCrl, CrlBuildError> {
///     let mut crl = CrlBuilder::new(number, now, now + Duration::DAY)
///         .distribution_point("http://ca.example/crl/issuing-0.crl", CrlScope::LeafCertificates);
///     for page in pages {
///         crl.extend(page);
///     }
///     crl.sign(authority)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CrlBuilder {
    number: u64,
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
    covers: Option<Covers>,
    entries: Entries,
    /// The first.
    bad_entry: Option<BadEntry>,
}

/// What an issuing distribution point limits a CRL to.
#[derive(Clone, Debug)]
struct Covers {
    url: String,
    scope: CrlScope,
}

/// Why an entry could not be added.
#[derive(Clone, Debug)]
enum BadEntry {
    Encode(der::Error),
    RemoveFromCrl,
}

/// A CRL that was signed.
#[derive(Clone, Debug)]
pub struct SignedCrl(Vec<u8>);

/// Why a CRL was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrlBuildError {
    /// It could not be written down.
    #[error("the CRL could not be encoded")]
    Encode(#[source] BoxError),

    /// The authority's key usage does not include cRLSign.
    #[error("`{subject}` may not sign CRLs: its key usage lacks cRLSign")]
    NoCrlSign {
        /// The authority's subject.
        subject: String,
    },

    /// removeFromCRL belongs to delta CRLs, which are not written here.
    #[error("removeFromCRL is not a reason in a complete CRL; leave the certificate out instead")]
    RemoveFromCrl,

    /// The signer refused.
    #[error("the CRL could not be signed")]
    Sign(#[source] SignError),

    /// nextUpdate is not after thisUpdate.
    #[error("the CRL would end {next_update}, before it begins {this_update}")]
    Validity {
        /// When it begins.
        this_update: OffsetDateTime,
        /// When the next one is due.
        next_update: OffsetDateTime,
    },
}

impl CrlBuilder {
    /// An empty CRL. `number` is the cRLNumber: higher than that of every CRL before it. A reader
    /// expects the next CRL at `next_update` at the latest.
    #[must_use]
    pub fn new(number: u64, this_update: OffsetDateTime, next_update: OffsetDateTime) -> Self {
        Self {
            number,
            this_update,
            next_update,
            covers: None,
            entries: Entries::default(),
            bad_entry: None,
        }
    }

    /// Limits the CRL to the certificates whose CRL distribution point is `url`, byte for byte, and
    /// to those of `scope`, by a critical issuing distribution point.
    #[must_use]
    pub fn distribution_point(mut self, url: impl Into<String>, scope: CrlScope) -> Self {
        self.covers = Some(Covers {
            url: url.into(),
            scope,
        });
        self
    }

    /// Adds a revoked certificate.
    #[must_use]
    pub fn revoke(
        mut self,
        serial: SerialNumber,
        date: OffsetDateTime,
        reason: RevocationReason,
    ) -> Self {
        self.push(&CrlEntry {
            serial,
            date,
            reason,
        });
        self
    }

    fn push(&mut self, entry: &CrlEntry) {
        let added = match entry.reason {
            RevocationReason::RemoveFromCrl => Err(BadEntry::RemoveFromCrl),
            _ => self.entries.push(entry).map_err(BadEntry::Encode),
        };
        if let Err(bad) = added {
            self.bad_entry.get_or_insert(bad);
        }
    }

    /// Signs the CRL as `authority`.
    ///
    /// # Errors
    ///
    /// [`CrlBuildError::NoCrlSign`] if the authority may not, and what else its variants say.
    pub fn sign(&self, authority: &Authority) -> Result<SignedCrl, CrlBuildError> {
        let issuer = authority.certificate();
        if issuer
            .key_usage()
            .is_some_and(|usage| !usage.contains(KeyUsageBit::CrlSign))
        {
            return Err(CrlBuildError::NoCrlSign {
                subject: issuer.subject().to_string(),
            });
        }
        if self.next_update <= self.this_update {
            let (this_update, next_update) = (self.this_update, self.next_update);
            return Err(CrlBuildError::Validity {
                this_update,
                next_update,
            });
        }
        match &self.bad_entry {
            None => {}
            Some(BadEntry::Encode(error)) => return Err(encode(*error)),
            Some(BadEntry::RemoveFromCrl) => return Err(CrlBuildError::RemoveFromCrl),
        }
        let signer = authority.signer();
        let algorithm = signer.algorithm().identifier();
        let tbs = TbsCertList {
            version: V2,
            signature: algorithm.clone(),
            issuer: AnyRef::from_der(issuer.subject_der()).map_err(encode)?,
            this_update: asn1_time(self.this_update).map_err(encode)?,
            next_update: asn1_time(self.next_update).map_err(encode)?,
            revoked_certificates: self.entries.to_any().map_err(encode)?,
            extensions: self.extensions(issuer.subject_key_id()).map_err(encode)?,
        };
        let tbs = tbs.to_der().map_err(encode)?;
        let signature = signer.sign(&tbs).map_err(CrlBuildError::Sign)?;
        let list = seal(tbs, &algorithm, &signature).map_err(encode)?;
        Ok(SignedCrl(list))
    }

    fn extensions(&self, key_id: Option<&[u8]>) -> der::Result<Extensions> {
        let authority_key_id = AuthorityKeyIdentifier {
            key_identifier: key_id.map(OctetString::new).transpose()?,
            ..AuthorityKeyIdentifier::default()
        };
        let number = Uint::new(&self.number.to_be_bytes())?;
        let mut list = vec![
            extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &authority_key_id)?,
            extension(ID_CE_CRL_NUMBER, false, &number)?,
        ];
        if let Some(covers) = &self.covers {
            let point = IssuingDistributionPoint {
                distribution_point: Some(distribution_point_name(&covers.url)?),
                only_contains_user_certs: covers.scope == CrlScope::LeafCertificates,
                only_contains_ca_certs: covers.scope == CrlScope::CaCertificates,
                only_some_reasons: None,
                indirect_crl: false,
                only_contains_attribute_certs: false,
            };
            list.push(extension(ID_CE_ISSUING_DISTRIBUTION_POINT, true, &point)?);
        }
        Ok(list)
    }
}

impl Extend<CrlEntry> for CrlBuilder {
    fn extend<T: IntoIterator<Item = CrlEntry>>(&mut self, entries: T) {
        for entry in entries {
            self.push(&entry);
        }
    }
}

impl SignedCrl {
    /// The CRL as DER, as it is served over HTTP (`application/pkix-crl`).
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// The CRL as PEM (RFC 7468 section 6).
    ///
    /// # Errors
    ///
    /// [`CrlBuildError::Encode`] for a CRL that is larger than PEM can be (256 MiB).
    pub fn pem(&self) -> Result<String, CrlBuildError> {
        encode_pem(&self.0).map_err(|error| CrlBuildError::Encode(error.into()))
    }
}

fn encode(error: der::Error) -> CrlBuildError {
    CrlBuildError::Encode(error.into())
}

/// `Version ::= INTEGER { v1(0), v2(1), v3(2) }`
const V2: u8 = 1;
