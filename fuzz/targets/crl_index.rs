//! Revocation lists in DER and PEM, and the lookup of a certificate in what was read.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pki_core::Crl;
use pki_core::verify::{
    ChainVerifier, CrlSet, Purpose, Revocation, TrustAnchors, UnknownStatus, VerifyErrorKind,
    unix_time,
};
use rustls_pki_types::CertificateDer;

#[path = "../world.rs"]
mod world;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(crl) = Crl::from_pem_or_der(bytes) {
        assert_eq!(crl.entries().count(), crl.len());
        let again = Crl::from_pem_or_der(crl.pem().as_bytes()).expect("it was read before");
        assert_eq!(again.der(), crl.der());
        let _ = (crl.issuer(), crl.number(), crl.distribution_point_urls());
    }
    let Ok(crls) = CrlSet::from_pem_or_der([bytes]) else {
        return;
    };
    assert!(!crls.is_empty());
    let _ = crls.entries();
    for unknown in [UnknownStatus::Deny, UnknownStatus::Allow] {
        let revocation = Revocation::new(crls.clone()).unknown(unknown);
        let verifier = ChainVerifier::builder(WORLD.anchors.clone(), Purpose::TlsClient);
        let verifier = verifier.revocation(revocation).build();
        // No list in the corpus revokes it, and nothing that is not signed may.
        if let Err(error) = verifier.verify(&WORLD.client, &[], unix_time(world::NOW)) {
            assert_ne!(error.kind(), VerifyErrorKind::Revoked, "{error}");
        }
    }
});

struct World {
    anchors: TrustAnchors,
    client: CertificateDer<'static>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let root = world::root();
    World {
        anchors: TrustAnchors::from_certs([root.certificate().der()]).expect("a root"),
        client: world::client(&root).certificate().der().to_vec().into(),
    }
});
