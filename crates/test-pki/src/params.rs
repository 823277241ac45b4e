//! What good certificates and CRLs say, as parameters of rcgen.
//!
//! For tests that change parameters before they sign them: [`Ca::sign`](crate::Ca::sign) takes these. All others are
//! better served by the methods of [`Ca`](crate::Ca).

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyUsagePurpose, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

/// A CA of any depth, for certificates and CRLs, valid from a year before `now` until ten years after it.
pub fn ca(common_name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut params = base(common_name, now);
    params.not_before = now - Duration::days(365);
    params.not_after = now + Duration::days(3650);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A TLS client, valid from a day before `now` until 30 days after it, without alternative names.
pub fn client(common_name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut params = base(common_name, now);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// A TLS server, valid for as long as a client, for one DNS name or IP address.
///
/// A certificate for `localhost` is also for `127.0.0.1` and `::1`.
pub fn server(name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut params = client(name, now);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = vec![host(name)];
    if name == "localhost" {
        params
            .subject_alt_names
            .extend(["127.0.0.1", "::1"].map(host));
    }
    params
}

/// A CRL that revokes nobody, issued an hour before `now` and good until a day after it.
pub fn crl(number: u64, now: OffsetDateTime) -> CertificateRevocationListParams {
    CertificateRevocationListParams {
        this_update: now - Duration::HOUR,
        next_update: now + Duration::DAY,
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

fn base(common_name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if !common_name.is_empty() {
        let subject = &mut params.distinguished_name;
        subject.push(DnType::CommonName, common_name);
    }
    params.serial_number = Some(next_serial());
    params.not_before = now - Duration::DAY;
    params.not_after = now + Duration::days(30);
    params.use_authority_key_identifier_extension = true;
    params
}

/// Far from the small numbers that tests write down, so that one of those is never met by chance.
fn next_serial() -> SerialNumber {
    static NEXT: AtomicU64 = AtomicU64::new(0x5445_5354_0000_0000);
    SerialNumber::from(NEXT.fetch_add(1, Ordering::Relaxed))
}

fn host(name: &str) -> SanType {
    match name.parse() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.try_into().expect("a host name is ASCII")),
    }
}
