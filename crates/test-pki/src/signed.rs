use std::sync::Arc;

use rcgen::{
    CertificateParams, CertificateRevocationListParams, Issuer, KeyPair, PublicKeyData,
    SerialNumber,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use time::{Duration, OffsetDateTime};

/// A certificate beside what it was made of, so that it can be made again with one thing changed.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) now: OffsetDateTime,
    pub(crate) params: CertificateParams,
    pub(crate) key: Arc<KeyPair>,
    /// `None` if it is self-signed.
    issuer: Option<Arc<Signed>>,
    pub(crate) certificate: CertificateDer<'static>,
}

impl Signed {
    pub(crate) fn new(
        now: OffsetDateTime,
        params: CertificateParams,
        key: Arc<KeyPair>,
        issuer: Option<Arc<Self>>,
    ) -> Self {
        let certificate = sign(&params, &key, issuer.as_deref());
        Self {
            now,
            params,
            key,
            issuer,
            certificate,
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.params);
        Self::new(self.now, self.params, self.key, self.issuer)
    }

    pub(crate) fn with_key(self, key: Arc<KeyPair>) -> Self {
        Self::new(self.now, self.params, key, self.issuer)
    }

    pub(crate) fn self_signed(self) -> Self {
        Self::new(self.now, self.params, self.key, None)
    }

    /// Ends a day before now.
    pub(crate) fn expired(self) -> Self {
        let now = self.now;
        self.with(|params| {
            params.not_before = params.not_before.min(now - Duration::days(30));
            params.not_after = now - Duration::DAY;
        })
    }

    /// Begins a day after now.
    pub(crate) fn not_yet_valid(self) -> Self {
        let now = self.now;
        self.with(|params| params.not_before = now + Duration::DAY)
    }

    pub(crate) fn serial_number(&self) -> SerialNumber {
        let number = self.params.serial_number.clone();
        number.expect("a certificate that is to be revoked has a serial number of its own")
    }

    pub(crate) fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    /// This certificate and those above it but for the root, leaf first.
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        let mut chain = vec![self.certificate.clone()];
        let mut above = self.issuer.as_deref();
        while let Some(ca) = above.filter(|ca| ca.issuer.is_some()) {
            chain.push(ca.certificate.clone());
            above = ca.issuer.as_deref();
        }
        chain
    }
}

fn sign(
    params: &CertificateParams,
    key: &KeyPair,
    issuer: Option<&Signed>,
) -> CertificateDer<'static> {
    match issuer {
        Some(issuer) => sign_for(params, key, issuer),
        None => {
            let certificate = params.self_signed(key);
            certificate.expect("rcgen signs these parameters").into()
        }
    }
}

pub(crate) fn sign_for(
    params: &CertificateParams,
    key: &impl PublicKeyData,
    issuer: &Signed,
) -> CertificateDer<'static> {
    let certificate = params.signed_by(key, &issuer.issuer());
    certificate.expect("rcgen signs these parameters").into()
}

/// Also as a CA without cRLSign, for which rcgen refuses it: a test may want just that.
pub(crate) fn sign_crl(
    params: &CertificateRevocationListParams,
    issuer: &Signed,
) -> CertificateRevocationListDer<'static> {
    let mut signer = issuer.params.clone();
    signer.key_usages.clear();
    let list = params.signed_by(&Issuer::from_params(&signer, &*issuer.key));
    list.expect("rcgen signs these parameters").into()
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), lines)
}
