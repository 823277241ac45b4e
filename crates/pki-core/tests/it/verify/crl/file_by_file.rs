//! CRLs that are kept file by file: which are confirmed, and what a set of them says.

use pki_core::verify::{CrlFile, CrlLoadError, CrlSet, Revocation};
use time::Duration;

use crate::verify_kit::*;

fn file(der: &[u8]) -> CrlFile {
    CrlFile::from_pem_or_der(der).unwrap()
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
