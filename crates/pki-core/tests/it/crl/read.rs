//! CRLs are read as they were written, by us and by others.

use der::{Decode, Encode};
use pki_core::verify::RevocationReason;
use pki_core::{
    Authority, Crl, CrlBuildError, CrlBuilder, CrlEntry, CrlError, CrlReadError, CrlScope, KeyKind,
    KeyPair, Profile,
};
use proptest::collection::vec;
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_cert::crl::CertificateList;
use x509_identity::{Certificate, DistinguishedName, SerialNumber};

use crate::verify_kit::{client, crl_der, crl_params, root_ca, tlv};

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
const URL: &str = "http://ca.example/crl/issuing-0.crl";

#[test]
fn what_was_written_is_read() {
    let root = root("root");
    let written = vec![
        entry(&[1], NOW, RevocationReason::Unspecified),
        entry(&[0x7f; 20], NOW, RevocationReason::KeyCompromise),
        entry(
            &[0x80],
            datetime!(2050-01-01 0:00 UTC),
            RevocationReason::Superseded,
        ),
    ];
    for (scope, of) in [
        (CrlScope::All, "all"),
        (CrlScope::CaCertificates, "CAs"),
        (CrlScope::LeafCertificates, "leaves"),
    ] {
        let mut builder = list().distribution_point(URL, scope);
        builder.extend(written.clone());
        let signed = builder.sign(&root).unwrap();
        let read = Crl::from_der(signed.der()).unwrap();
        assert_eq!(read.entries().collect::<Vec<_>>(), written, "{of}");
        assert_eq!((read.len(), read.is_empty()), (3, false));
        assert_eq!(read.issuer().unwrap(), *root.certificate().subject());
        assert_eq!(read.number(), Some(7));
        assert_eq!(read.number_octets(), Some(&[7][..]));
        assert_eq!(read.this_update(), NOW);
        assert_eq!(read.next_update(), NOW + Duration::days(7));
        assert_eq!(read.scope(), scope);
        assert_eq!(read.distribution_point_urls(), [URL]);
        let mut der = signed.der().to_vec();
        let is_url = |octets: &[u8]| octets == URL.as_bytes();
        let at = der.windows(URL.len()).position(is_url).unwrap();
        der[at + 7] = 0x1b;
        let changed = Crl::from_der(&der).unwrap();
        assert!(changed.distribution_point_urls().is_empty());
        assert_eq!(read.authority_key_id(), root.certificate().subject_key_id());
        assert!(read.problem().is_none());
        assert_eq!(read.pem(), signed.pem().unwrap());
        let again = Crl::from_pem_or_der(read.pem().as_bytes()).unwrap();
        assert_eq!(again.der(), signed.der());
    }
    let read = Crl::from_der(list().sign(&root).unwrap().der()).unwrap();
    assert_eq!((read.len(), read.is_empty()), (0, true));
    assert_eq!(read.entries().count(), 0);
    assert_eq!(read.scope(), CrlScope::All);
    assert!(read.distribution_point_urls().is_empty());
}

#[test]
fn only_the_key_of_its_issuer_has_signed_it() {
    let (own, other, namesake) = (root("root"), root("other"), root("root"));
    let read = Crl::from_der(list().sign(&own).unwrap().der()).unwrap();
    assert!(read.is_signed_by(own.certificate()));
    assert!(!read.is_signed_by(other.certificate()));
    assert!(!read.is_signed_by(namesake.certificate()));

    let mut forged = read.der().to_vec();
    let number = forged.windows(3).rposition(|it| it == [2, 1, 7]).unwrap();
    forged[number + 2] = 8;
    let forged = Crl::from_der(&forged).unwrap();
    assert_eq!(forged.number(), Some(8));
    assert!(!forged.is_signed_by(own.certificate()));
}

#[test]
fn its_issuer_is_found_by_every_spelling_of_its_name() {
    let ca = root_ca("Root CA");
    let issuer = Certificate::from_der(ca.der()).unwrap();
    let named = |name: &str| {
        ca.rewrite(&crl_der(&ca, &crl_params(5, &[])), |tbs| {
            let common_name = [tlv(0x06, [0x55, 4, 3]), tlv(0x0C, name)].concat();
            tbs[2] = tlv(0x30, tlv(0x31, tlv(0x30, common_name)));
        })
    };
    for (name, same) in [("Root CA", true), ("root  ca", true), ("Root CB", false)] {
        let crl = Crl::from_der(&named(name)).unwrap();
        assert_eq!(crl.is_signed_by(&issuer), same, "{name}");
    }
    // A name that cannot be read is that of its own octets.
    let (unreadable, other) = (root_ca("Ro\0ot"), root_ca("Ra\0ot"));
    let crl = crl_der(&unreadable, &crl_params(5, &[]));
    for (signer, same) in [(&unreadable, true), (&other, false)] {
        let issuer = Certificate::trust_anchor_from_der(signer.der()).unwrap();
        let crl = Crl::from_der(&signer.rewrite(&crl, |_| ())).unwrap();
        assert_eq!(crl.is_signed_by(&issuer), same);
    }
}

#[test]
fn a_crl_is_what_the_structures_of_x509_cert_encode() {
    let root = root("root");
    for reasons in [&[][..], &REASONS] {
        let mut builder = list().distribution_point(URL, CrlScope::LeafCertificates);
        let numbers = 0x60_u8..;
        builder.extend(std::iter::zip(numbers, reasons).map(|(number, reason)| {
            let date = NOW - Duration::days(i64::from(number));
            entry(&[number; 16], date, *reason)
        }));
        let signed = builder.sign(&root).unwrap();
        let theirs = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(signed.der());
        let theirs = theirs.unwrap();
        assert_eq!(theirs.to_der().unwrap(), signed.der());
        let entries = theirs.tbs_cert_list.revoked_certificates;
        // RFC 5280 section 5.1.2.6: absent rather than empty.
        assert_eq!(entries.is_none(), reasons.is_empty());
        assert_eq!(entries.map_or(0, |list| list.len()), reasons.len());
    }
}

#[test]
fn an_entry_that_cannot_be_in_a_crl_keeps_it_from_being_signed() {
    let root = root("root");
    let removed = entry(&[1], NOW, RevocationReason::RemoveFromCrl);
    let mut builder = list();
    builder.extend([removed]);
    assert!(matches!(
        builder.sign(&root),
        Err(CrlBuildError::RemoveFromCrl)
    ));
    let before_1970 = datetime!(1969-12-31 23:59 UTC);
    let mut builder = list();
    builder.extend([
        entry(&[1], before_1970, RevocationReason::Unspecified),
        entry(&[2], NOW, RevocationReason::Unspecified),
    ]);
    assert!(matches!(builder.sign(&root), Err(CrlBuildError::Encode(_))));
}

#[test]
fn the_crls_of_others_are_read_and_what_limits_them_is_said() {
    let ca = root_ca("Root");
    let issuer = Certificate::from_der(ca.der()).unwrap();
    let client = client("client1");
    let plain = Crl::from_der(&crl_der(&ca, &crl_params(5, &[&client]))).unwrap();
    assert!(plain.problem().is_none());
    assert!(plain.is_signed_by(&issuer));
    let serials: Vec<_> = plain.entries().map(|entry| entry.serial).collect();
    let serial = client.serial_number.unwrap();
    let serial = SerialNumber::from_be_bytes(serial.as_ref()).unwrap();
    assert_eq!(serials, [serial]);

    // A critical entry extension that nobody knows: 2.5.29.99.
    let critical = [0x30, 10, 6, 3, 0x55, 0x1d, 99, 1, 1, 0xff, 4, 0];
    let signed = {
        let mut builder = list();
        builder.extend([entry(&[5], NOW, RevocationReason::KeyCompromise)]);
        builder.sign(&root("root")).unwrap()
    };
    let reason = [0x30, 10, 6, 3, 0x55, 0x1d, 21, 4, 3, 10, 1, 1];
    let at = signed
        .der()
        .windows(reason.len())
        .position(|it| it == reason)
        .unwrap();
    let mut changed = signed.der().to_vec();
    changed[at..at + reason.len()].copy_from_slice(&critical);
    let changed = Crl::from_der(&changed).unwrap();
    let Some(CrlError::UnknownCriticalExtension(_)) = changed.problem() else {
        unreachable!("{:?}", changed.problem());
    };
    assert_eq!(changed.entries().count(), 1);
}

#[test]
fn a_number_of_any_size_is_read() {
    let root = root("root");
    for (number, octets) in [(0, &[][..]), (1, &[1]), (u64::MAX, &[0xff; 8])] {
        let signed = CrlBuilder::new(number, NOW, NOW + Duration::DAY).sign(&root);
        let read = Crl::from_der(signed.unwrap().der()).unwrap();
        assert_eq!(read.number(), Some(number));
        assert_eq!(read.number_octets(), Some(octets));
    }
}

#[test]
fn what_is_no_crl_is_refused() {
    let root = root("root");
    for (bytes, is_it) in [
        (&b"hello"[..], "no block"),
        (&[0x30, 0][..], "unusable"),
        (root.certificate().der(), "unusable"),
        (
            b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
            "unusable",
        ),
    ] {
        let read = Crl::from_pem_or_der(bytes);
        let got = match read.unwrap_err() {
            CrlReadError::NoCrl => "no block",
            CrlReadError::Unusable(_) => "unusable",
            error => unreachable!("{error:?}"),
        };
        assert_eq!(got, is_it);
    }
}

proptest! {
    #[test]
    fn any_entries_come_back_as_they_were(
        numbers in vec((vec(any::<u8>(), 1..20), 0..3_000_000_000_u32, 0..9_usize), 0..50),
    ) {
        let written: Vec<_> = numbers
            .iter()
            .map(|(octets, date, reason)| CrlEntry {
                serial: SerialNumber::from_integer_octets(octets),
                date: OffsetDateTime::from_unix_timestamp(i64::from(*date)).unwrap(),
                reason: REASONS[*reason],
            })
            .collect();
        let mut builder = list();
        builder.extend(written.clone());
        let signed = builder.sign(&ROOT).unwrap();
        let read = Crl::from_der(signed.der()).unwrap();
        prop_assert!(read.is_signed_by(ROOT.certificate()));
        prop_assert_eq!(read.entries().collect::<Vec<_>>(), written);
    }

    #[test]
    fn no_changed_bytes_panic(at in 0..1000_usize, with in vec(any::<u8>(), 0..20)) {
        let mut builder = list().distribution_point(URL, CrlScope::LeafCertificates);
        builder.extend(REASONS.map(|reason| entry(&[5; 16], NOW, reason)));
        let mut bytes = builder.sign(&ROOT).unwrap().der().to_vec();
        let at = at % bytes.len();
        let end = (at + with.len()).min(bytes.len());
        bytes.splice(at..end, with);
        if let Ok(read) = Crl::from_der(&bytes) {
            prop_assert_eq!(read.entries().count(), read.len());
            let _ = (read.issuer(), read.number(), read.distribution_point_urls(), read.pem());
        }
    }
}

static ROOT: std::sync::LazyLock<Authority> = std::sync::LazyLock::new(|| root("root"));

/// All that a complete CRL may have.
const REASONS: [RevocationReason; 9] = [
    RevocationReason::Unspecified,
    RevocationReason::KeyCompromise,
    RevocationReason::CaCompromise,
    RevocationReason::AffiliationChanged,
    RevocationReason::Superseded,
    RevocationReason::CessationOfOperation,
    RevocationReason::CertificateHold,
    RevocationReason::PrivilegeWithdrawn,
    RevocationReason::AaCompromise,
];

fn list() -> CrlBuilder {
    CrlBuilder::new(7, NOW, NOW + Duration::days(7))
}

fn entry(serial: &[u8], date: OffsetDateTime, reason: RevocationReason) -> CrlEntry {
    let serial = SerialNumber::from_be_bytes(serial).unwrap();
    CrlEntry {
        serial,
        date,
        reason,
    }
}

fn root(common_name: &str) -> Authority {
    let name = DistinguishedName::builder().common_name(common_name);
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    Authority::root(name.build().unwrap(), key, &Profile::root(), NOW).unwrap()
}
