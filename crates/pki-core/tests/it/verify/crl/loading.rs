//! Which CRL files load, and that what they list is found.

use pki_core::CrlError;
use pki_core::verify::{CrlLoadError, CrlSet, Revocation};
use rcgen::SerialNumber;

use crate::verify_kit::*;

#[test]
fn incomplete_or_misunderstood_crls_do_not_load() {
    const DELTA: &[u8] = &[0x55, 0x1D, 27];
    const IDP: &[u8] = &[0x55, 0x1D, 28];
    const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1D, 29];
    const REASON: &[u8] = &[0x55, 0x1D, 21];
    const PRIVATE: &[u8] = &[0x2A, 3, 4];

    let issuer = root_ca("root");
    let base = crl_der(&issuer, &crl_params(1, &[&client("alice")]));
    let load = |der: &[u8]| CrlSet::from_pem_or_der([der]);
    let extended = |oid: &[u8], critical, value: &[u8]| {
        issuer.rewrite(&base, |tbs| {
            let list = tbs.pop().unwrap();
            let mut extensions = fields(content(content(&list)));
            extensions.push(extension(oid, critical, value));
            tbs.push(tlv(0xA0, tlv(0x30, extensions.concat())));
        })
    };
    let entry_extended = |oid: &[u8], critical, value: &[u8]| {
        issuer.rewrite(&base, |tbs| {
            let mut entry = fields(content(content(&tbs[5])));
            entry.push(tlv(0x30, extension(oid, critical, value)));
            tbs[5] = tlv(0x30, tlv(0x30, entry.concat()));
        })
    };
    let idp = |field: u8, value: &[u8]| extended(IDP, true, &tlv(0x30, tlv(field, value)));
    let renumbered = |version: u8| issuer.rewrite(&base, |tbs| tbs[0] = tlv(0x02, [version]));
    let fractional = issuer.rewrite(&base, |tbs| tbs[3] = tlv(0x18, b"20260101000000.5Z"));
    // ecdsa-with-SHA384.
    let other = tlv(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 3]);
    let two_algorithms = issuer.rewrite(&base, |tbs| tbs[1] = tlv(0x30, other));
    let endless = issuer.rewrite(&base, |tbs| drop(tbs.remove(4)));

    type Check = fn(&CrlError) -> bool;
    let cases: Vec<(&str, Vec<u8>, Option<Check>)> = vec![
        ("good", base.clone(), None),
        (
            "unknown extension, not critical",
            extended(PRIVATE, false, &[5, 0]),
            None,
        ),
        (
            "unknown extension, critical",
            extended(PRIVATE, true, &[5, 0]),
            Some(|e| matches!(e, CrlError::UnknownCriticalExtension(_))),
        ),
        (
            "delta",
            extended(DELTA, true, &[2, 1, 1]),
            Some(|e| matches!(e, CrlError::Delta)),
        ),
        (
            "delta, not critical",
            extended(DELTA, false, &[2, 1, 1]),
            Some(|e| matches!(e, CrlError::Delta)),
        ),
        ("user certificates, no name", idp(0x81, &[0xFF]), None),
        ("CA certificates, no name", idp(0x82, &[0xFF]), None),
        (
            "some reasons",
            idp(0x83, &[6, 0x40]),
            Some(|e| matches!(e, CrlError::PartialReasons)),
        ),
        (
            "indirect",
            idp(0x84, &[0xFF]),
            Some(|e| matches!(e, CrlError::Indirect)),
        ),
        (
            "attribute certificates",
            idp(0x85, &[0xFF]),
            Some(|e| matches!(e, CrlError::AttributeCertificates)),
        ),
        (
            "unknown field",
            idp(0x87, &[0xFF]),
            Some(|e| matches!(e, CrlError::Malformed(_))),
        ),
        (
            "relative name",
            idp(0xA0, &tlv(0xA1, [])),
            Some(|e| {
                matches!(
                    e,
                    CrlError::RelativeDistributionPoint | CrlError::Malformed(_)
                )
            }),
        ),
        ("reason", entry_extended(REASON, false, &[10, 1, 1]), None),
        (
            "reason that is not assigned",
            entry_extended(REASON, false, &[10, 1, 7]),
            None,
        ),
        (
            "reason that is none",
            entry_extended(REASON, false, &[10, 2, 1, 1]),
            Some(|e| matches!(e, CrlError::Malformed(_))),
        ),
        (
            "critical reason",
            entry_extended(REASON, true, &[10, 1, 1]),
            Some(|e| matches!(e, CrlError::MarkedCritical(_))),
        ),
        (
            "critical number",
            extended(&[0x55, 0x1D, 20], true, &[2, 1, 1]),
            Some(|e| {
                matches!(
                    e,
                    CrlError::DuplicateExtension(_) | CrlError::MarkedCritical(_)
                )
            }),
        ),
        (
            "entry of another issuer",
            entry_extended(CERTIFICATE_ISSUER, true, &[0x30, 0]),
            Some(|e| matches!(e, CrlError::Indirect)),
        ),
        (
            "entry with unknown extension",
            entry_extended(PRIVATE, false, &[5, 0]),
            None,
        ),
        (
            "entry with unknown critical extension",
            entry_extended(PRIVATE, true, &[5, 0]),
            Some(|e| matches!(e, CrlError::UnknownCriticalExtension(_))),
        ),
        (
            "extension twice",
            extended(&[0x55, 0x1D, 20], false, &[2, 1, 1]),
            Some(|e| matches!(e, CrlError::DuplicateExtension(_))),
        ),
        (
            "version 3",
            renumbered(2),
            Some(|e| matches!(e, CrlError::Version)),
        ),
        (
            "no nextUpdate",
            endless,
            Some(|e| matches!(e, CrlError::NoNextUpdate)),
        ),
        (
            "a time with a fraction of a second",
            fractional,
            Some(|e| {
                e.to_string()
                    .contains("thisUpdate of the CRL is `20260101000000.5Z`")
            }),
        ),
        (
            "two signature algorithms",
            two_algorithms,
            Some(|e| matches!(e, CrlError::SignatureAlgorithmMismatch)),
        ),
        (
            "for CAs alone and for leaves alone",
            extended(IDP, true, &[0x30, 6, 0x81, 1, 0xFF, 0x82, 1, 0xFF]),
            Some(|e| matches!(e, CrlError::Contradiction)),
        ),
        (
            "a line break behind it",
            [base.as_slice(), b"\n"].concat(),
            None,
        ),
        (
            "another list behind it",
            base.repeat(2),
            Some(|e| matches!(e, CrlError::Malformed(_))),
        ),
        (
            "cut off",
            base[..base.len() - 1].to_vec(),
            Some(|e| matches!(e, CrlError::Malformed(_))),
        ),
    ];
    for (name, der, refused) in cases {
        match (load(&der), refused) {
            (Ok(_), None) => {}
            (
                Err(CrlLoadError::Unusable {
                    file: 0,
                    index: 0,
                    source,
                }),
                Some(check),
            ) => {
                assert!(check(&source), "{name}: {source:?}");
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn files_hold_at_least_one_crl() {
    let (a, b) = (root_ca("a"), root_ca("b"));
    let pem = |ca: &Ca| {
        crl_params(1, &[])
            .signed_by(&ca.issuer())
            .unwrap()
            .pem()
            .unwrap()
    };
    let both = pem(&a) + &pem(&b);
    let set = CrlSet::from_pem_or_der([both.as_bytes()]).unwrap();
    assert_eq!((set.len(), set.entries()), (2, 0));
    let leaf = b.sign(&client("alice"));
    let verifier = clients(anchors(&b))
        .revocation(Revocation::new(set))
        .build();
    assert_eq!(verdict(&verifier.verify(&leaf, &[], at(NOW))), "ok");

    let none: [&[u8]; 0] = [];
    let error = |files: &[&[u8]]| CrlSet::from_pem_or_der(files).unwrap_err();
    assert!(matches!(error(&none), CrlLoadError::Empty));
    assert!(matches!(error(&[b""]), CrlLoadError::NoCrl { file: 0, .. }));
    let page = error(&[b"<html>404</html>"]).to_string();
    assert!(page.contains("holds a web page"), "{page}");
    let certificate = a.pem();
    assert!(matches!(
        error(&[both.as_bytes(), certificate.as_bytes()]),
        CrlLoadError::NoCrl { file: 1, found } if found == "a certificate"
    ));
    assert!(matches!(
        error(&[a.der()]),
        CrlLoadError::Unusable {
            file: 0,
            index: 0,
            ..
        }
    ));
    let broken = both.replacen("-----END", "!\n-----END", 1);
    assert!(matches!(
        error(&[broken.as_bytes()]),
        CrlLoadError::Pem { file: 0, .. }
    ));
    let huge = vec![0x30; CrlSet::MAX_FILE_LEN + 1];
    assert!(matches!(
        error(&[&huge]),
        CrlLoadError::TooLarge { file: 0, .. }
    ));
    let largest = &huge[1..];
    assert!(matches!(
        error(&[largest]),
        CrlLoadError::Unusable { file: 0, .. }
    ));
}

#[test]
fn every_listed_serial_is_found_and_no_other_as_webpki_has_it() {
    let root = root_ca("root");
    let numbered = |serial: Vec<u8>| {
        with(client("alice"), |leaf| {
            leaf.serial_number = Some(SerialNumber::from(serial))
        })
    };
    let serial = |number: u32| [&[0x5A; 12][..], &number.to_be_bytes()].concat();
    let listed: Vec<_> = (0..2_000)
        .map(|number| numbered(serial(number * 2)))
        .collect();
    let list = crl_der(&root, &crl_params(1, &listed.iter().collect::<Vec<_>>()));
    let verifier = clients(anchors(&root)).revocation(crls(&[&list])).build();

    let theirs: webpki::CertRevocationList<'_> =
        webpki::BorrowedCertRevocationList::from_der(&list)
            .unwrap()
            .into();
    let theirs = [&theirs];
    let options = webpki::RevocationOptionsBuilder::new(&theirs)
        .unwrap()
        .build();
    let anchor = webpki::anchor_from_trusted_cert(root.der()).unwrap();

    let odd_ones = [vec![0x00, 0x80], vec![0xFF; 20], vec![0x01]];
    let serials = [0, 1, 2, 3, 1_999, 2_000, 3_997, 3_998, 3_999, 4_000].map(serial);
    for number in serials.into_iter().chain(odd_ones) {
        let leaf = root.sign(&numbered(number.clone()));
        let entity = webpki::EndEntityCert::try_from(&leaf).unwrap();
        let theirs = entity.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            std::slice::from_ref(&anchor),
            &[],
            at(NOW),
            webpki::KeyUsage::client_auth(),
            Some(options),
            None,
        );
        let expected = match theirs {
            Ok(_) => "ok",
            Err(webpki::Error::CertRevoked) => "revoked",
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(
            verdict(&verifier.verify(&leaf, &[], at(NOW))),
            expected,
            "{number:02X?}"
        );
    }
}

#[test]
fn serial_that_is_listed_a_hundred_thousand_times_is_one_entry() {
    let root = root_ca("root");
    let alice = client("alice");
    let once = crl_der(&root, &crl_params(1, &[&alice]));
    let list = root.rewrite(&once, |tbs| {
        let entry = content(&tbs[5]).to_vec();
        tbs[5] = tlv(0x30, entry.repeat(100_000));
    });
    let set = CrlSet::from_pem_or_der([&list]).unwrap();
    assert_eq!(set.entries(), 1);
    let verifier = clients(anchors(&root))
        .revocation(Revocation::new(set))
        .build();
    assert_eq!(
        verdict(&verifier.verify(&root.sign(&alice), &[], at(NOW))),
        "revoked"
    );
}

#[test]
fn sets_are_equal_that_hold_the_same_crls() {
    let (a, b, namesake) = (root_ca("a"), root_ca("b"), root_ca("a"));
    let crl = |ca: &Ca, number| crl_der(ca, &crl_params(number, &[]));
    let (a1, a2, b1, other) = (crl(&a, 1), crl(&a, 2), crl(&b, 1), crl(&namesake, 1));
    let set = |crls: &[&Vec<u8>]| CrlSet::from_pem_or_der(crls).unwrap();
    for (one, another, same) in [
        (&[&a1][..], &[&a1][..], true),
        (&[&a1], &[&a1, &a1], true),
        (&[&a1, &b1], &[&b1, &a1], true),
        (&[&a1, &a2], &[&a2, &a1], true),
        (&[&a1], &[&a2], false),
        (&[&a1], &[&b1], false),
        (&[&a1], &[&other], false),
        (&[&a1], &[&a1, &a2], false),
        (&[&a2], &[&a1, &a2], false),
        (&[&a1, &a2], &[&a1], false),
        (&[&a1, &a2], &[&a2], false),
        (&[&a1], &[&a1, &b1], false),
        (&[&a1, &b1], &[&a1], false),
    ] {
        assert_eq!(set(one) == set(another), same);
    }
    // The same one twice is one.
    assert_eq!(set(&[&a1, &a1]).len(), 1);
    assert_eq!(set(&[&a1, &a2, &b1]).len(), 3);
    assert!(!set(&[&a1]).is_empty());
}

#[test]
fn a_set_is_as_old_as_its_complete_crls() {
    let ca = root_ca("root");
    let crl = |number, hours| {
        let mut params = crl_params(number, &[]);
        params.next_update = NOW + time::Duration::hours(hours);
        crl_der(&ca, &params)
    };
    let delta = ca.rewrite(&crl(9, 1), |tbs| {
        let mut extensions = fields(content(content(&tbs.pop().unwrap())));
        extensions.push(extension(&[0x55, 0x1D, 27], true, &[2, 1, 1]));
        tbs.push(tlv(0xA0, tlv(0x30, extensions.concat())));
    });
    let set = CrlSet::from_pem_or_der([&crl(1, 2), &crl(2, 5), &delta]).unwrap();
    // That of the newest, and neither that of the one before it nor that of the delta.
    assert_eq!(set.next_update(), Some(NOW + time::Duration::hours(5)));
}
