use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateRevocationListParams, RevocationReason, RevokedCertParams, SerialNumber};
use rustls_pki_types::CertificateRevocationListDer;
use time::{Duration, OffsetDateTime};

use crate::files;
use crate::signed::{self, Signed};

/// A certificate revocation list, made by [`Ca::crl`](crate::Ca::crl).
#[derive(Clone, Debug)]
pub struct Crl {
    issuer: Arc<Signed>,
    params: CertificateRevocationListParams,
    der: CertificateRevocationListDer<'static>,
}

impl Crl {
    pub(crate) fn new(issuer: Arc<Signed>, params: CertificateRevocationListParams) -> Self {
        Self {
            der: signed::sign_crl(&params, &issuer),
            issuer,
            params,
        }
    }
}

/// The same with one thing changed, and signed anew.
impl Crl {
    /// Revokes a leaf, a CA or a serial number, for key compromise.
    pub fn revoke(self, certificate: impl Into<SerialNumber>) -> Self {
        self.revoke_all([certificate])
    }

    /// Revokes any number of them, and signs once.
    pub fn revoke_all<C: Into<SerialNumber>>(
        self,
        certificates: impl IntoIterator<Item = C>,
    ) -> Self {
        let revocation_time = self.issuer.now - Duration::hours(2);
        let entries = certificates
            .into_iter()
            .map(|certificate| RevokedCertParams {
                serial_number: certificate.into(),
                revocation_time,
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            });
        self.with(|params| params.revoked_certs.extend(entries))
    }

    /// Takes this number instead of 1.
    pub fn number(self, number: u64) -> Self {
        self.with(|params| params.crl_number = number.into())
    }

    /// Ran out yesterday.
    pub fn expired(self) -> Self {
        let now = self.issuer.now;
        self.with(|params| {
            params.this_update = params.this_update.min(now - Duration::days(2));
            params.next_update = now - Duration::DAY;
        })
    }

    /// Runs out then.
    pub fn next_update(self, time: OffsetDateTime) -> Self {
        self.with(|params| params.next_update = time)
    }

    /// Changes whatever rcgen can say: reasons, dates, the issuing distribution point.
    pub fn with(mut self, change: impl FnOnce(&mut CertificateRevocationListParams)) -> Self {
        change(&mut self.params);
        Self::new(self.issuer, self.params)
    }
}

/// What there is to see and to hand out.
impl Crl {
    /// The CRL.
    pub fn der(&self) -> &CertificateRevocationListDer<'static> {
        &self.der
    }

    /// The CRL as PEM.
    pub fn pem(&self) -> String {
        signed::pem("X509 CRL", &self.der)
    }

    /// Writes `NAME.crl`, as PEM, into a directory that exists, and says where that is.
    ///
    /// A file of that name is replaced as a whole.
    pub fn write_to(&self, directory: impl AsRef<Path>, name: &str) -> PathBuf {
        files::write(directory.as_ref(), &format!("{name}.crl"), &self.pem())
    }
}
