//! Lists that are kept one by one: which is older, which is confirmed, and what a set of them says.

#![allow(clippy::unwrap_used, reason = "tests")]

mod verify_kit;

use pki_core::verify::{CrlFile, CrlLoadError, CrlSet, Revocation};
use rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint};
use time::Duration;
use verify_kit::*;

fn file(der: &[u8]) -> CrlFile {
    CrlFile::from_pem_or_der(der).unwrap()
}

/// A list of the shard that is named.
fn shard(issuer: &Ca, number: u64, name: &str) -> Vec<u8> {
    let mut params = crl_params(number, &[]);
    params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint {
            uris: vec![format!("http://crl.test/{name}")],
        },
        scope: None,
    });
    crl_der(issuer, &params)
}

#[test]
fn a_file_is_older_if_any_of_its_crls_is_older_or_missing() {
    let (a, b) = (root_ca("a"), root_ca("b"));
    let one = crl_der(&a, &crl_params(1, &[]));
    let two = crl_der(&a, &crl_params(2, &[]));
    let mut params = crl_params(2, &[]);
    params.this_update += Duration::minutes(1);
    let two_later = crl_der(&a, &params);
    let of_b = crl_der(&b, &crl_params(9, &[]));
    let (left, right) = (shard(&a, 5, "1"), shard(&a, 6, "2"));
    let pem = |lists: &[&Vec<u8>]| {
        let text: String = lists.iter().map(|der| pem(der)).collect();
        file(text.as_bytes())
    };
    for (case, new, old, older) in [
        ("the same", pem(&[&one]), pem(&[&one]), false),
        ("a higher number", pem(&[&two]), pem(&[&one]), false),
        ("a lower number", pem(&[&one]), pem(&[&two]), true),
        (
            "later, same number",
            pem(&[&two_later]),
            pem(&[&two]),
            false,
        ),
        (
            "earlier, same number",
            pem(&[&two]),
            pem(&[&two_later]),
            true,
        ),
        ("another issuer", pem(&[&of_b]), pem(&[&one]), true),
        (
            "another issuer as well",
            pem(&[&of_b, &one]),
            pem(&[&one]),
            false,
        ),
        ("another shard", pem(&[&right]), pem(&[&left]), true),
        ("both shards", pem(&[&right, &left]), pem(&[&left]), false),
        ("no shards", pem(&[&two]), pem(&[&left]), true),
        ("one of two", pem(&[&two]), pem(&[&two, &of_b]), true),
    ] {
        assert_eq!(new.is_older_than(&old, NOW), older, "{case}");
    }

    // What has expired (in a day) may be taken away, and is not made good by what came before it.
    for (now, missed) in [
        (NOW + Duration::DAY, true),
        (NOW + 2 * Duration::DAY, false),
    ] {
        assert_eq!(file(&of_b).is_older_than(&file(&two), now), missed);
        assert!(file(&one).is_older_than(&file(&two), now));
    }
}

#[test]
fn a_file_is_confirmed_by_the_key_of_its_issuer() {
    let ca = root_ca("root");
    let good = file(&crl_der(&ca, &crl_params(1, &[])));
    let forged = file(&crl_der(&root_ca("root"), &crl_params(2, &[])));
    let set = CrlSet::from_files([good.clone(), forged.clone()]).unwrap();
    assert!(!good.is_confirmed());
    let verifier = clients(anchors(&ca))
        .revocation(Revocation::new(set))
        .build();
    assert!(good.is_confirmed());
    assert!(!forged.is_confirmed());

    // A forged list with a higher number takes nothing from the good one beside it.
    let leaf = ca.sign(&client("alice"));
    verifier.verify(&leaf, &[], at(NOW)).unwrap();
}

#[test]
fn files_put_together_are_as_files_read_together() {
    let ca = root_ca("root");
    let alice = client("alice");
    let clean = file(&crl_der(&ca, &crl_params(1, &[])));
    let listing = file(&crl_der(&ca, &crl_params(2, &[&alice])));
    let leaf = ca.sign(&alice);
    let judge = |files: &[&CrlFile]| {
        let set = CrlSet::from_files(files.iter().map(|file| (*file).clone())).unwrap();
        let verifier = clients(anchors(&ca))
            .revocation(Revocation::new(set))
            .build();
        verdict(&verifier.verify(&leaf, &[], at(NOW)))
    };
    assert_eq!(judge(&[&clean]), "ok");
    assert_eq!(judge(&[&clean, &listing]), "revoked");
    assert_eq!(judge(&[&listing, &clean]), "revoked");
    assert!(matches!(CrlSet::from_files([]), Err(CrlLoadError::Empty)));
    let empty = CrlFile::from_pem_or_der(b"").unwrap_err();
    assert_eq!(empty.file(), Some(0));
}

#[test]
fn a_set_tells_when_it_ends_and_what_it_takes() {
    let (a, b) = (root_ca("a"), root_ca("b"));
    let list = |ca: &Ca, number, begins: i64, ends: i64| {
        let mut params = crl_params(number, &[&client("alice"), &client("bob")]);
        params.this_update = NOW + Duration::hours(begins);
        params.next_update = NOW + Duration::hours(ends);
        crl_der(ca, &params)
    };
    let files = [list(&a, 1, -9, 1), list(&a, 2, -3, 30), list(&b, 1, -5, 20)];
    let set = CrlSet::from_pem_or_der(&files).unwrap();
    // The first was replaced by the second.
    assert_eq!(set.next_update(), Some(NOW + Duration::hours(20)));
    assert_eq!(set.this_update(), Some(NOW - Duration::hours(5)));
    assert_eq!((set.len(), set.entries()), (3, 6));
    let der: usize = files.iter().map(Vec::len).sum();
    assert!(
        (der..der + 3000).contains(&set.memory()),
        "{}",
        set.memory()
    );
}

fn pem(der: &[u8]) -> String {
    der::pem::encode_string("X509 CRL", der::pem::LineEnding::LF, der).unwrap()
}
