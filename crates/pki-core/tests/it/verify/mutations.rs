//! Bytes from outside: no panic, and no altered chain that passes.

use std::sync::LazyLock;

use pki_core::verify::{ChainVerifier, CrlSet, Revocation, TrustAnchors};
use proptest::prelude::*;
use proptest::sample::Index;
use rustls_pki_types::CertificateDer;

use crate::verify_kit::*;

struct Lab {
    verifier: ChainVerifier,
    anchors: TrustAnchors,
    root: CertificateDer<'static>,
    issuing: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    crls: [Vec<u8>; 2],
}

static LAB: LazyLock<Lab> = LazyLock::new(|| {
    let root = root_ca("root");
    let issuing = root.issuing("issuing");
    let bob = client("bob");
    let lists = [
        crl_der(&root, &crl_params(1, &[])),
        crl_der(&issuing, &crl_params(7, &[&bob])),
    ];
    Lab {
        verifier: clients(anchors(&root))
            .revocation(crls(&[&lists[0], &lists[1]]))
            .build(),
        anchors: anchors(&root),
        leaf: issuing.sign(&client("alice")),
        issuing: issuing.der().clone(),
        root: root.der().clone(),
        crls: lists,
    }
});

/// One byte replaced, removed or put in, or the end cut off.
fn mutate(original: &[u8], at_index: Index, byte: u8, how: u8) -> Vec<u8> {
    let mut bytes = original.to_vec();
    let position = at_index.index(bytes.len());
    match how % 4 {
        0 => bytes[position] = byte,
        1 => drop(bytes.remove(position)),
        2 => bytes.insert(position, byte),
        _ => bytes.truncate(position),
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn altered_leaf_never_passes(index: Index, byte: u8, how: u8) {
        let lab = &*LAB;
        let leaf = CertificateDer::from(mutate(&lab.leaf, index, byte, how));
        let result = lab.verifier.verify(&leaf, std::slice::from_ref(&lab.issuing), at(NOW));
        prop_assert_eq!(result.is_ok(), leaf == lab.leaf);
    }

    #[test]
    fn altered_intermediate_never_passes(index: Index, byte: u8, how: u8) {
        let lab = &*LAB;
        let issuing = CertificateDer::from(mutate(&lab.issuing, index, byte, how));
        let result = lab.verifier.verify(&lab.leaf, std::slice::from_ref(&issuing), at(NOW));
        prop_assert_eq!(result.is_ok(), issuing == lab.issuing);
    }

    #[test]
    fn altered_crl_never_counts(index: Index, byte: u8, how: u8) {
        let lab = &*LAB;
        let list = mutate(&lab.crls[1], index, byte, how);
        if let Ok(set) = CrlSet::from_pem_or_der([&lab.crls[0], &list]) {
            let verifier = clients(lab.anchors.clone()).revocation(Revocation::new(set)).build();
            let result = verifier.verify(&lab.leaf, std::slice::from_ref(&lab.issuing), at(NOW));
            prop_assert_eq!(result.is_ok(), list == lab.crls[1]);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, sequence: bool) {
        let bytes = if sequence { tlv(0x30, &bytes) } else { bytes };
        let der = CertificateDer::from(bytes.as_slice());
        prop_assert!(LAB.verifier.verify(&der, std::slice::from_ref(&der), at(NOW)).is_err());
        prop_assert!(TrustAnchors::from_pem(&bytes).is_err());
        prop_assert!(CrlSet::from_pem_or_der([&bytes]).is_err());
    }

    #[test]
    fn altered_root_is_read_or_refused(index: Index, byte: u8, how: u8) {
        let lab = &*LAB;
        let root = mutate(&lab.root, index, byte, how);
        if let Ok(anchors) = TrustAnchors::from_pem(&root) {
            let _ = clients(anchors).build().verify(&lab.leaf, std::slice::from_ref(&lab.issuing), at(NOW));
        }
    }
}
