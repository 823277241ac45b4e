//! Which files make an identity, and what is said about the others.

use mtls_client::{ClientIdentity, Error, ErrorKind, IdentityError, Password, Pin};
use pkcs12_ios::{Bundle, Encoding};
use pki_core::KeyPair;
use tls_identity::Found;
use x509_identity::Certificate;

use crate::support::*;

fn verdict(identity: Result<ClientIdentity, IdentityError>) -> &'static str {
    match identity {
        Ok(_) => "accepted",
        Err(IdentityError::Certificate { .. }) => "certificate",
        Err(IdentityError::ChainOrder { position: 2 }) => "order",
        Err(IdentityError::Pem(_)) => "damaged",
        Err(IdentityError::Empty) => "empty",
        Err(IdentityError::Key(_)) => "key",
        Err(IdentityError::KeyMismatch { .. }) => "mismatch",
        Err(IdentityError::NoCertificate {
            found: Found::PrivateKey,
        }) => "swapped",
        Err(IdentityError::NoCertificate { .. }) => "none",
        Err(IdentityError::NotPkcs12 { .. } | IdentityError::Pkcs12(_)) => "p12",
        Err(_) => "other",
    }
}

#[test]
fn pem_files_make_an_identity_only_if_they_are_what_they_should_be() {
    let ca = Ca::root("root");
    let (client, other) = (ca.client("client1"), ca.client("client1"));
    let (cert, key) = (client.chain_pem(), client.key_pem());
    let der = client.der().to_vec();
    let both = format!("{key}{cert}");
    let reversed = format!("{}{cert}", ca.pem());
    let cut = cert[..cert.len() / 2].to_owned();
    let other_key = other.key_pem();
    for (case, chain, key, expected) in [
        ("good", cert.as_bytes(), key.as_bytes(), "accepted"),
        ("one file", both.as_bytes(), both.as_bytes(), "accepted"),
        ("swapped", key.as_bytes(), cert.as_bytes(), "swapped"),
        ("certificate twice", cert.as_bytes(), cert.as_bytes(), "key"),
        (
            "other key",
            cert.as_bytes(),
            other_key.as_bytes(),
            "mismatch",
        ),
        ("root first", reversed.as_bytes(), key.as_bytes(), "order"),
        ("DER", &der[..], key.as_bytes(), "accepted"),
        (
            "DER key",
            &der[..],
            &client.key().serialize_der(),
            "accepted",
        ),
        ("cut off", cut.as_bytes(), key.as_bytes(), "damaged"),
        ("empty", b" \n", key.as_bytes(), "empty"),
        ("text", b"hello", key.as_bytes(), "none"),
        ("empty key", cert.as_bytes(), b"", "key"),
    ] {
        assert_eq!(
            verdict(ClientIdentity::from_pem(chain, key)),
            expected,
            "{case}"
        );
    }
}

#[test]
fn an_encrypted_key_opens_with_its_password_only() {
    let client = Ca::root("root").client("client1");
    let right = Password::new("right");
    let key = KeyPair::from_pem(client.key_pem().as_bytes(), None).unwrap();
    let encrypted = key.secret_encrypted_pkcs8_pem(&right).unwrap();
    let cert = client.chain_pem();
    let (cert, key) = (cert.as_bytes(), encrypted.as_bytes());
    assert_eq!(
        verdict(ClientIdentity::from_pem_with_password(cert, key, &right)),
        "accepted"
    );
    let wrong = Password::new("wrong");
    assert_eq!(
        verdict(ClientIdentity::from_pem_with_password(cert, key, &wrong)),
        "key"
    );
    assert_eq!(verdict(ClientIdentity::from_pem(cert, key)), "key");
}

#[tokio::test]
async fn a_bundle_opens_with_its_password_only_and_its_identity_is_accepted() {
    let ca = Ca::root("root");
    let issuing = ca.issuing("issuing");
    let client = issuing.client("client1");
    let key = KeyPair::from_pem(client.key_pem().as_bytes(), None).unwrap();
    let password = Password::new("MyP12Passw0rd");
    let address = serve(&ca.server("localhost"), Clients::Required(&ca, Vec::new())).await;
    for encoding in [Encoding::Compat, Encoding::Modern] {
        let bundle = Bundle::builder(&key, client.der())
            .chain([issuing.der()])
            .encoding(encoding)
            .build(&password)
            .unwrap();
        let identity = ClientIdentity::from_pkcs12(&bundle, &password).unwrap();
        let connector = connector(&ca, identity).build().unwrap();
        let answer = request(Via::Hyper, &connector, &url(address), bytes::Bytes::new()).await;
        assert_eq!(answer.unwrap(), "hello");

        let wrong = Password::new("wrong");
        assert_eq!(verdict(ClientIdentity::from_pkcs12(&bundle, &wrong)), "p12");
        assert_eq!(
            verdict(ClientIdentity::from_pkcs12(&bundle[..100], &password)),
            "p12"
        );
    }
}

#[test]
fn an_identity_that_cannot_be_used_has_a_kind_and_shows_no_key() {
    let client = Ca::root("root").client("client1");
    let error: Error = ClientIdentity::from_pem(b"", b"").unwrap_err().into();
    assert_eq!(*error.kind(), ErrorKind::IdentityInvalid);
    let identity = identity_of(&client);
    let leaf = Certificate::from_der(client.der()).unwrap();
    assert_eq!(Pin::of(identity.certificate()), Pin::of(&leaf));
    assert!(!format!("{identity:?}").contains("PRIVATE"));
}
