//! Certificates for tests, good and bad, by rcgen.

use base64::Engine as _;
use mtls_server::CrlSet;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose as Eku, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevocationReason, RevokedCertParams, SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

pub struct Ca {
    pub der: Vec<u8>,
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// Between this CA and the root, nearest first.
    above: Vec<Vec<u8>>,
}

/// An end entity's chain and key.
#[derive(Clone)]
pub struct Leaf {
    pub chain: Vec<Vec<u8>>,
    pub key: Vec<u8>,
}

impl Ca {
    pub fn root(name: &str) -> Self {
        Self::root_with(name, |_| ())
    }

    pub fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = ca_params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            above: Vec::new(),
        }
    }

    /// A CA below this one.
    pub fn issuing(&self, name: &str) -> Self {
        let params = ca_params(name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut above = vec![certificate.der().to_vec()];
        above.extend(self.above.iter().cloned());
        Self {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            above,
        }
    }

    pub fn server(&self) -> Leaf {
        self.issue("localhost", |params| {
            params.extended_key_usages = vec![Eku::ServerAuth];
            params.subject_alt_names = vec![
                SanType::DnsName("localhost".try_into().unwrap()),
                SanType::IpAddress([127, 0, 0, 1].into()),
            ];
        })
    }

    pub fn client(&self, name: &str) -> Leaf {
        self.issue(name, |_| ())
    }

    /// A client certificate that is good but for what `change` does to it.
    pub fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let mut params = CertificateParams::default();
        now_valid(&mut params, 30);
        params.distinguished_name = common_name(name);
        params.extended_key_usages = vec![Eku::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut chain = vec![certificate.der().to_vec()];
        chain.extend(self.above.iter().cloned());
        Leaf {
            chain,
            key: key.serialize_der(),
        }
    }

    /// This CA's own certificate and key, to be shown where a client's belong.
    pub fn as_leaf(&self) -> Leaf {
        Leaf {
            chain: vec![self.der.clone()],
            key: self.issuer.key().serialize_der(),
        }
    }

    /// A list that revokes these serial numbers, good for `days` from yesterday on.
    pub fn crl(&self, revoked: &[u64], days: i64) -> CrlSet {
        CrlSet::from_pem_or_der([self.crl_pem(revoked, days).as_bytes()]).unwrap()
    }

    pub fn crl_pem(&self, revoked: &[u64], days: i64) -> String {
        self.crl_pem_numbered(1, revoked, days)
    }

    pub fn crl_pem_numbered(&self, number: u64, revoked: &[u64], days: i64) -> String {
        let yesterday = OffsetDateTime::now_utc() - Duration::days(2);
        let entry = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: yesterday,
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: yesterday,
            next_update: yesterday + Duration::days(days),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

impl Leaf {
    /// Signed by its own key, and good otherwise.
    pub fn self_signed(name: &str) -> Self {
        let mut params = CertificateParams::default();
        now_valid(&mut params, 30);
        params.distinguished_name = common_name(name);
        params.extended_key_usages = vec![Eku::ClientAuth];
        let key = KeyPair::generate().unwrap();
        Self {
            chain: vec![params.self_signed(&key).unwrap().der().to_vec()],
            key: key.serialize_der(),
        }
    }

    pub fn without_intermediates(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    /// Sends `extra` copies of a certificate that the path does not need.
    pub fn padded_with(mut self, certificate: &[u8], extra: usize) -> Self {
        self.chain
            .extend(std::iter::repeat_n(certificate.to_vec(), extra));
        self
    }

    /// This certificate with somebody else's key.
    pub fn stolen(mut self) -> Self {
        self.key = KeyPair::generate().unwrap().serialize_der();
        self
    }

    pub fn chain_der(&self) -> Vec<CertificateDer<'static>> {
        self.chain
            .iter()
            .cloned()
            .map(CertificateDer::from)
            .collect()
    }

    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }

    pub fn chain_pem(&self) -> String {
        self.chain
            .iter()
            .map(|der| pem("CERTIFICATE", der))
            .collect()
    }

    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

pub fn days_from_now(days: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::days(days)
}

pub fn common_name(name: &str) -> rcgen::DistinguishedName {
    let mut dn = rcgen::DistinguishedName::new();
    dn.push(DnType::CommonName, name);
    dn
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    now_valid(&mut params, 365);
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn now_valid(params: &mut CertificateParams, days: i64) {
    params.not_before = days_from_now(-2);
    params.not_after = days_from_now(days);
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}
