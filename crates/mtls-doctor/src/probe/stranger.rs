//! Client certificates that no server should accept.

use std::sync::Arc;

use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;
use tls_identity::Identity;
use x509_identity::DistinguishedName;

/// Makes a CA and a client certificate of it, in memory, good in all but being known; `None` if this machine cannot make
/// keys.
pub(super) fn stranger(now: OffsetDateTime) -> Option<Identity> {
    let key = || KeyPair::generate(KeyKind::P256).ok();
    let ca = named("mtls doctor: a CA that nobody trusts")?;
    let root = Authority::root(ca, key()?, &Profile::root(), now).ok()?;
    let key = key()?;
    let client = named("mtls doctor: a stranger")?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), client);
    let issued = root.issue(&parameters, &Profile::client(), now).ok()?;
    Identity::from_pem(
        issued.chain_pem().as_bytes(),
        key.secret_pkcs8_pem().as_bytes(),
    )
    .ok()
}

/// The identity with a certificate whose signature is wrong: its issuer's key did not make it.
pub(super) fn badly_signed(identity: &Identity) -> Option<Arc<CertifiedKey>> {
    let mut key = CertifiedKey::clone(identity.certified_key());
    let leaf = key.cert.first_mut()?;
    let mut der = leaf.to_vec();
    // The signature is what a certificate ends with (RFC 5280 section 4.1).
    *der.last_mut()? ^= 1;
    *leaf = CertificateDer::from(der);
    Some(Arc::new(key))
}

fn named(common_name: &str) -> Option<DistinguishedName> {
    let name = DistinguishedName::builder().common_name(common_name);
    name.build().ok()
}
