//! What a place on a network can take away from the CRLs that it gave before, and what it cannot.

use pki_core::verify::{CrlFile, CrlHistory, CrlResponseError, CrlSet, Revocation};
use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, KeyIdMethod,
};
use time::{Duration, OffsetDateTime};
use x509_identity::Certificate;

use crate::verify_kit::*;

type Taken = Result<(), CrlResponseError>;

const OLDER: Taken = Err(CrlResponseError::Older);
const TOO_MANY: Taken = Err(CrlResponseError::TooMany);

fn certificates(cas: &[&Ca]) -> Vec<Certificate> {
    let read = |ca: &&Ca| Certificate::from_der(ca.der()).unwrap();
    cas.iter().map(read).collect()
}

/// Nobody's CRLs yet, and these CAs are known.
fn knowing(cas: &[&Ca]) -> CrlHistory {
    let mut history = CrlHistory::default();
    history.name_issuers(certificates(cas));
    history
}

fn number(ca: &Ca, number: u64) -> Vec<u8> {
    crl_der(ca, &crl_params(number, &[]))
}

fn ending(ca: &Ca, number: u64, next_update: OffsetDateTime) -> Vec<u8> {
    let mut params = crl_params(number, &[]);
    params.this_update = NOW - Duration::days(2);
    params.next_update = next_update;
    crl_der(ca, &params)
}

/// Says nothing of the key that signed it.
fn without_key_id(ca: &Ca, crl: &[u8]) -> Vec<u8> {
    ca.rewrite(crl, |tbs| {
        let mut extensions = fields(content(content(&tbs.pop().unwrap())));
        extensions.retain(|it| !it.windows(3).any(|oid| oid == [0x55, 0x1D, 0x23]));
        tbs.push(tlv(0xA0, tlv(0x30, extensions.concat())));
    })
}

fn take(history: &mut CrlHistory, crls: &[&[u8]]) -> Taken {
    let pem: String = crls.iter().map(|der| pem(der)).collect();
    history.take(CrlFile::from_pem_or_der(pem.as_bytes()).unwrap(), NOW)
}

fn pem(der: &[u8]) -> String {
    use base64ct::Encoding as _;
    let base64 = base64ct::Base64::encode_string(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n",
        lines.join("\n")
    )
}

/// How many are in use, each as often as it is.
fn held(history: &CrlHistory) -> usize {
    format!("{:?}", history.to_file())
        .matches("IndexedCrl")
        .count()
}

#[test]
fn a_verified_crl_is_replaced_by_a_newer_one_alone() {
    let ca = root_ca("root");
    let mut history = knowing(&[&ca]);
    let (four, five, six) = (number(&ca, 4), number(&ca, 5), number(&ca, 6));
    let other = number(&root_ca("other"), 1);
    for (response, expected, then) in [
        (&[&*five][..], Ok(()), 1),
        (&[&five], Ok(()), 1),
        (&[&four], OLDER, 1),
        (&[&other], OLDER, 1),
        (&[&five, &other], Ok(()), 2),
        (&[&six], Ok(()), 2), // nobody has verified the other
        (&[&five], OLDER, 2),
    ] {
        assert_eq!(take(&mut history, response), expected);
        assert_eq!(held(&history), then);
    }
}

#[test]
fn a_crl_that_is_missing_counts_until_it_expires() {
    let ca = root_ca("root");
    let other = number(&root_ca("other"), 1);
    for (next_update, verified, unverified) in [
        (NOW + Duration::SECOND, OLDER, 2),
        (NOW, OLDER, 2),
        (NOW - Duration::SECOND, Ok(()), 1),
    ] {
        let crl = ending(&ca, 5, next_update);
        let mut history = knowing(&[&ca]);
        take(&mut history, &[&crl]).unwrap();
        assert_eq!(take(&mut history, &[&other]), verified, "{next_update}");
        // Of a CA that nobody knows it stays beside the other.
        let mut history = CrlHistory::default();
        take(&mut history, &[&crl]).unwrap();
        take(&mut history, &[&other]).unwrap();
        assert_eq!(held(&history), unverified, "{next_update}");
        // As it does beside another version, expired or not.
        let mut history = CrlHistory::default();
        take(&mut history, &[&crl]).unwrap();
        take(&mut history, &[&number(&ca, 4)]).unwrap();
        assert_eq!(held(&history), 2, "{next_update}");
    }
}

#[test]
fn what_nobody_could_verify_is_doubtful_and_decided_when_its_ca_is_known() {
    let ca = root_ca("root");
    let mut history = CrlHistory::default();
    assert_eq!(take(&mut history, &[&number(&ca, 5)]), Ok(()));
    assert!(!history.is_doubtful(NOW));
    assert_eq!(take(&mut history, &[&number(&ca, 4)]), Ok(()));
    assert!(history.is_doubtful(NOW));
    history.name_issuers(certificates(&[&ca]));
    history.settle(NOW);
    // Now it is known to be a replay.
    assert!(history.is_doubtful(NOW));
    assert_eq!(take(&mut history, &[&number(&ca, 4)]), OLDER);
    assert_eq!(take(&mut history, &[&number(&ca, 6)]), Ok(()));
    assert!(!history.is_doubtful(NOW));
    assert_eq!(held(&history), 1);
}

#[test]
fn a_newer_crl_replaces_those_of_its_own_key_and_point_once_it_has_begun() {
    let (old, new) = (root_ca("root"), root_ca("root"));
    let at_point = |uri: &str, number| {
        let distribution_point = CrlDistributionPoint {
            uris: vec![uri.to_owned()],
        };
        let params = CertificateRevocationListParams {
            issuing_distribution_point: Some(CrlIssuingDistributionPoint {
                distribution_point,
                scope: None,
            }),
            ..crl_params(number, &[])
        };
        crl_der(&old, &params)
    };
    let from = |number, this_update| {
        let mut params = crl_params(number, &[]);
        params.this_update = this_update;
        crl_der(&old, &params)
    };
    let five = number(&old, 5);
    for (case, before, after, then) in [
        ("newer", &five, number(&old, 9), 1),
        ("of another key", &five, number(&new, 9), 2),
        (
            "of another point",
            &at_point("http://x/a", 5),
            at_point("http://x/b", 9),
            2,
        ),
        (
            "of this point",
            &at_point("http://x/a", 5),
            at_point("http://x/a", 9),
            1,
        ),
        ("from now on", &five, from(9, NOW), 1),
        ("from later on", &five, from(9, NOW + Duration::SECOND), 2),
    ] {
        let mut history = CrlHistory::default();
        take(&mut history, &[before]).unwrap();
        history.name_issuers(certificates(&[&old, &new]));
        assert_eq!(take(&mut history, &[&after]), Ok(()), "{case}");
        assert_eq!(held(&history), then, "{case}");
    }
    // A delta is no newer version of a complete one.
    let delta = old.rewrite(&number(&old, 9), |tbs| {
        let mut extensions = fields(content(content(&tbs.pop().unwrap())));
        extensions.push(extension(&[0x55, 0x1D, 27], true, &[2, 1, 1]));
        tbs.push(tlv(0xA0, tlv(0x30, extensions.concat())));
    });
    let mut history = knowing(&[&old]);
    take(&mut history, &[&five]).unwrap();
    assert_eq!(take(&mut history, &[&delta]), OLDER);
    assert_eq!(take(&mut history, &[&five, &delta]), Ok(()));
}

#[test]
fn each_of_several_keys_of_a_name_is_tried() {
    let (old, new) = (root_ca("root"), root_ca("root"));
    for cas in [[&old, &new], [&new, &old]] {
        let mut history = knowing(&cas);
        let crl = |ca: &Ca, it| without_key_id(ca, &number(ca, it));
        assert_eq!(take(&mut history, &[&crl(&old, 5)]), Ok(()));
        assert_eq!(take(&mut history, &[&crl(&old, 4)]), OLDER);
        // The other key counts for itself, and nothing but the signature says which it is.
        assert_eq!(take(&mut history, &[&crl(&new, 4)]), Ok(()));
        assert_eq!(take(&mut history, &[&crl(&new, 3)]), OLDER);
        assert_eq!(held(&history), 2);
    }
    // A key says nothing about CRLs of another name.
    let namesake = root_ca("another").with_key(rcgen::KeyPair::generate().unwrap());
    let shared = rcgen::KeyPair::from_pem(&namesake.key().serialize_pem()).unwrap();
    let of_that_key = root_ca("third").with_key(shared);
    let mut history = knowing(&[&namesake]);
    let both = [number(&namesake, 1), number(&of_that_key, 5)];
    assert_eq!(take(&mut history, &[&both[0], &both[1]]), Ok(()));
    assert_eq!(
        take(&mut history, &[&both[0], &number(&of_that_key, 4)]),
        Ok(())
    );
}

#[test]
fn a_crl_that_names_another_key_is_not_of_this_one() {
    let ca = root_ca("root");
    let mut params = crl_params(5, &[]);
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![7; 20]);
    let misnamed = crl_der(&ca, &params);
    let mut history = knowing(&[&ca]);
    assert_eq!(take(&mut history, &[&misnamed]), Ok(()));
    assert_eq!(take(&mut history, &[&number(&ca, 4)]), Ok(()));
    assert_eq!(take(&mut history, &[&number(&ca, 3)]), OLDER);
}

/// Forged, and it claims to be signed by the key of the CA.
fn claimed(ca: &Ca, number: u64) -> Vec<u8> {
    let mut params = crl_params(number, &[]);
    let id = ca.params().key_identifier(ca.key());
    params.key_identifier_method = KeyIdMethod::PreSpecified(id);
    crl_der(&root_ca("root"), &params)
}

#[test]
fn the_key_that_signed_one_crl_verifies_the_next_and_no_forged_one() {
    let ca = root_ca("root");
    let leaf = ca.sign(&client("alice"));
    let mut history = CrlHistory::default();
    take(&mut history, &[&number(&ca, 5)]).unwrap();
    // A path below the CA says whose key it is.
    let set = CrlSet::from_files([history.to_file()]).unwrap();
    let verifier = clients(anchors(&ca))
        .revocation(Revocation::new(set))
        .build();
    assert_eq!(verdict(&verifier.verify(&leaf, &[], at(NOW))), "ok");
    history.settle(NOW);
    assert_eq!(take(&mut history, &[&claimed(&ca, 900)]), Ok(()));
    assert_eq!(take(&mut history, &[&number(&ca, 6)]), Ok(()));
    assert_eq!(take(&mut history, &[&number(&ca, 5)]), OLDER);
}

#[test]
fn what_nobody_could_verify_has_its_room() {
    let ca = root_ca("root");
    // One version is the last response, the others are beside it.
    let most = CrlHistory::MAX_VERSIONS as u64 + 1;
    let last = number(&ca, most + 1);
    for (first, expected) in [
        (number(&ca, 1), TOO_MANY),
        (ending(&ca, 1, NOW), TOO_MANY),
        (ending(&ca, 1, NOW - Duration::SECOND), Ok(())),
    ] {
        let mut history = CrlHistory::default();
        take(&mut history, &[&first]).unwrap();
        for it in 2..=most {
            assert_eq!(take(&mut history, &[&number(&ca, it)]), Ok(()), "{it}");
        }
        assert_eq!(held(&history), most as usize);
        assert_eq!(take(&mut history, &[&last]), expected);
        // One has made room, or nothing has changed.
        assert_eq!(held(&history), most as usize);
    }
    // Those that are known to be forged make room, and no sooner than there is need.
    let mut history = knowing(&[&ca]);
    for it in 1..=most + 5 {
        assert_eq!(take(&mut history, &[&claimed(&ca, it)]), Ok(()), "{it}");
        assert_eq!(held(&history) as u64, it.min(most));
    }
    // Those that are known to be the CA's take none of it. These have not begun, so that all are in use.
    let mut history = knowing(&[&ca]);
    for it in 1..=most + 5 {
        let mut params = crl_params(it, &[]);
        params.this_update = NOW + Duration::SECOND;
        let crl = crl_der(&ca, &params);
        assert_eq!(take(&mut history, &[&crl]), Ok(()), "{it}");
        assert_eq!(held(&history) as u64, it);
    }
}

#[test]
fn what_nobody_could_verify_has_so_many_bytes() {
    let ca = root_ca("root");
    // Nobody looks at the signature, so it may be that of the CRL before it was filled.
    let filled = |crl: &[u8], filling: usize| {
        let mut outer = fields(content(crl));
        let mut signed = fields(content(&outer[0]));
        let mut extensions = fields(content(content(&signed.pop().unwrap())));
        extensions.push(extension(&[0x2A, 3, 4], false, &vec![0; filling]));
        signed.push(tlv(0xA0, tlv(0x30, extensions.concat())));
        outer[0] = tlv(0x30, signed.concat());
        tlv(0x30, outer.concat())
    };
    let half = CrlSet::MAX_FILE_LEN / 2;
    let large = |it, next_update, len: usize| {
        let crl = ending(&ca, it, next_update);
        // Lengths from here on take as many octets.
        let least = 1 << 24;
        let der = filled(&crl, least + len - filled(&crl, least).len());
        assert_eq!(der.len(), len);
        CrlFile::from_pem_or_der(&der).unwrap()
    };
    let later = NOW + Duration::DAY;
    let first = large(1, later, half);
    let first_over = large(1, NOW - Duration::SECOND, half);
    let second = large(2, later, half);
    let second_longer = large(2, later, half + 1);
    let last = CrlFile::from_pem_or_der(&number(&ca, 3)).unwrap();
    for (first, second, expected) in [
        (&first, &second, Ok(())),
        (&first, &second_longer, TOO_MANY),
        (&first_over, &second_longer, Ok(())),
    ] {
        let mut history = CrlHistory::default();
        history.take(first.clone(), NOW).unwrap();
        history.take(second.clone(), NOW).unwrap();
        assert_eq!(history.take(last.clone(), NOW), expected);
    }
}

/// Unsigned, and of so many issuers that nobody knows.
fn of_strangers(many: usize) -> Vec<Vec<u8>> {
    let crl = number(&root_ca("stranger 0000"), 1);
    let digits = crl.windows(4).position(|it| it == b"0000").unwrap();
    let named = |it| {
        let mut crl = crl.clone();
        crl[digits..digits + 4].copy_from_slice(format!("{it:04}").as_bytes());
        crl
    };
    (0..many).map(named).collect()
}

#[test]
fn so_many_are_kept_that_nobody_could_verify() {
    let ca = root_ca("root");
    let strangers = of_strangers(CrlHistory::MAX_CRLS + 3);
    let (most, more) = strangers.split_at(CrlHistory::MAX_CRLS);
    let all = |crls: &[Vec<u8>]| -> Vec<u8> {
        let pem: String = crls.iter().map(|der| pem(der)).collect();
        pem.into_bytes()
    };
    // What is known to be forged makes room, once.
    let forged = [claimed(&ca, 900)];
    let one_forged = [&forged, &most[1..]].concat();
    for (crls, verdicts) in [
        (most, [Ok(()), TOO_MANY, TOO_MANY]),
        (&one_forged, [Ok(()), Ok(()), TOO_MANY]),
    ] {
        let mut history = knowing(&[&ca]);
        let first = CrlFile::from_pem_or_der(&all(crls)).unwrap();
        history.take(first, NOW).unwrap();
        for (next, expected) in more.iter().zip(verdicts) {
            assert_eq!(take(&mut history, &[next]), expected);
        }
    }
}

#[test]
fn a_response_has_so_many_crls() {
    let one = pem(&number(&root_ca("root"), 1));
    for (more, expected) in [(0, Ok(())), (1, TOO_MANY)] {
        let all = one.repeat(CrlHistory::MAX_CRLS + more);
        let response = CrlFile::from_pem_or_der(all.as_bytes()).unwrap();
        assert_eq!(CrlHistory::default().take(response, NOW), expected);
    }
}
