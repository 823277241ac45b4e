//! A root whose key is known and a client of it: targets and their seeds speak of the same two.

use pki_core::{
    AllowedSubject, Authority, CertificateParameters, Issued, KeyKind, KeyPair, Profile,
};
use time::OffsetDateTime;
use time::macros::datetime;
use x509_identity::DistinguishedName;

/// When everything here happens.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 UTC);

pub(crate) fn root() -> Authority {
    let key = include_bytes!("fixtures/root.key");
    let key = KeyPair::from_pem(key, None).expect("the fixture is a key");
    Authority::root(name("Fuzz root"), key, &Profile::root(), NOW).expect("a root can be made")
}

pub(crate) fn client(root: &Authority) -> Issued {
    let key = KeyPair::generate(KeyKind::P256).expect("a key can be made");
    let request = CertificateParameters::for_key(key.public_key_der(), name("client1"));
    let issued = root.issue(
        &request,
        &Profile::client().with_subject(AllowedSubject::any()),
        NOW,
    );
    issued.expect("a client's certificate can be issued")
}

pub(crate) fn name(common_name: &str) -> DistinguishedName {
    let name = DistinguishedName::builder()
        .organization("Évil, Ltd")
        .common_name(common_name);
    name.build().expect("a name")
}
