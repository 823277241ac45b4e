//! Inputs to begin with: good ones, made by the code that is fuzzed, and texts of documents.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use der::asn1::Any;
use der::{Decode, Encode};
use pkcs12_ios::{Bundle, Encoding};
use pki_core::verify::RevocationReason;
use pki_core::{CrlScope, KeyKind, KeyPair, Password, Profile, Request, RevocationList};
use time::Duration;
use x509_identity::SubjectAltName;

use self::world::name;
use super::Target;
#[path = "../../../fuzz/world.rs"]
mod world;

/// Writes the seeds of `target` into `directory`, in place of those that are there.
pub(super) fn write(target: Target, directory: &Path) -> Result<()> {
    if directory.is_dir() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    let seeds = match target {
        Target::CrlIndex => revocation_lists()?,
        Target::Csr => requests()?,
        Target::P12 => bundles()?,
        Target::Rfc4514 => texts(NAMES),
        Target::X509Certificate => certificates()?,
    };
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(directory.join(number.to_string()), seed)?;
    }
    Ok(())
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn certificates() -> Result<Vec<Vec<u8>>> {
    let root = world::root();
    let key = KeyPair::generate(KeyKind::Rsa2048)?;
    let subject = name("client1");
    let request = Request::for_key(key.public_key_der(), subject).sans([
        SubjectAltName::Email("client1@example.local".to_owned()),
        SubjectAltName::Uri("spiffe://example.org/client1".to_owned()),
    ]);
    let leaf = root.issue(&request, &Profile::client(), world::NOW)?;
    let server = Request::for_key(key.public_key_der(), name("api.example.local"));
    let server = server.sans([
        SubjectAltName::Dns("api.example.local".to_owned()),
        SubjectAltName::Ip([127, 0, 0, 1].into()),
    ]);
    let server = root.issue(&server, &Profile::server(), world::NOW)?;
    Ok(
        [root.certificate(), leaf.certificate(), server.certificate()]
            .map(|certificate| certificate.der().to_vec())
            .into(),
    )
}

fn revocation_lists() -> Result<Vec<Vec<u8>>> {
    let root = world::root();
    let other = world::client(&root);
    let empty = RevocationList::new(1, world::NOW, world::NOW + Duration::DAY);
    let of_leaves = empty
        .clone()
        .distribution_point("http://crl.example.org/1.crl", CrlScope::LeafCertificates);
    let with_one = empty.clone().revoke(
        other.certificate().serial().clone(),
        world::NOW,
        RevocationReason::KeyCompromise,
    );
    let mut seeds = Vec::new();
    for list in [&empty, &of_leaves, &with_one] {
        seeds.push(list.sign(&root)?.der().to_vec());
    }
    let both = with_one.sign(&root)?.pem()? + &empty.sign(&root)?.pem()?;
    seeds.push(both.into_bytes());
    Ok(seeds)
}

fn requests() -> Result<Vec<Vec<u8>>> {
    let key = rcgen::KeyPair::generate()?;
    let names = ["api.example.local".to_owned(), "127.0.0.1".to_owned()];
    let mut wanted = rcgen::CertificateParams::new(names)?;
    wanted
        .distinguished_name
        .push(rcgen::DnType::CommonName, "client1");
    let request = wanted.serialize_request(&key)?;
    Ok(vec![request.der().to_vec(), request.pem()?.into_bytes()])
}

/// One of each encoding, as it is and without its MAC.
fn bundles() -> Result<Vec<Vec<u8>>> {
    let root = world::root();
    let key = KeyPair::generate(KeyKind::P256)?;
    let request = Request::for_key(key.public_key_der(), name("client1"));
    let leaf = root.issue(&request, &Profile::client(), world::NOW)?;
    let mut seeds = Vec::new();
    for encoding in [Encoding::Compat, Encoding::Modern] {
        let bundle = Bundle::builder(&key, leaf.certificate().der())
            .chain([root.certificate().der()])
            .encoding(encoding)
            .friendly_name("client1")
            .iterations(1000)
            .build(&Password::new("MyP12Passw0rd"))?;
        seeds.push(without_mac(&bundle)?);
        seeds.push(bundle);
    }
    Ok(seeds)
}

/// RFC 7292 section 4: the MAC is the third and last part of a PFX.
fn without_mac(pfx: &[u8]) -> Result<Vec<u8>> {
    let mut parts = Vec::<Any>::from_der(pfx).context("reading a bundle")?;
    parts.truncate(2);
    Ok(parts.to_der()?)
}

/// Of RFC 4514 section 4, and what escapes there are.
const NAMES: &[&str] = &[
    "UID=jsmith,DC=example,DC=net",
    "OU=Sales+CN=J.  Smith,DC=example,DC=net",
    r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
    r"CN=Before\0dAfter,DC=example,DC=net",
    "1.3.6.1.4.1.1466.0=#04024869",
    r"CN=Lu\C4\8Di\C4\87, emailAddress=a@example.org",
    r"CN=\#1\ \=\+\<\>\;\\,C=NO,SERIALNUMBER=12",
    "CN=Ådne \u{202e}x,O=#0c0141",
];
