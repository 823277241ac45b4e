//! A root whose key is in a token and stays there: it signs itself, a client, a CRL and a CSR. The key is made there, unless
//! the kind is `open`.
//!
//! cargo run -p pki-pkcs11 --example token_ca -- 'pkcs11:token=ca;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so' PIN_FILE p256 DIRECTORY

use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use pki_core::verify::RevocationReason;
use pki_core::{
    Authority, CertificateParameters, CertificateRequest, CrlBuilder, KeyKind, KeyPair, Password,
    Profile, certificate_pem,
};
use pki_pkcs11::{Module, TokenUri};
use time::{Duration, OffsetDateTime};
use x509_identity::DistinguishedName;

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [uri, pin, kind, directory] = arguments.as_slice() else {
        bail!("usage: token_ca URI PIN_FILE open|p256|p384|p521|rsa2048|ed25519 DIRECTORY");
    };
    let uri: TokenUri = uri.parse()?;
    let pin = Password::from_file(&fs::read(pin).context("reading the PIN")?)?;
    let new = match kind.as_str() {
        "open" => None,
        "p256" => Some(KeyKind::P256),
        "p384" => Some(KeyKind::P384),
        "p521" => Some(KeyKind::P521),
        "rsa2048" => Some(KeyKind::Rsa2048),
        "ed25519" => Some(KeyKind::Ed25519),
        other => bail!("{other} is not a kind of key"),
    };
    let directory = PathBuf::from(directory);
    let write = |file: &str, text: &str| fs::write(directory.join(file), text);
    let now = OffsetDateTime::now_utc();

    let module = Module::load(uri.module_path())?;
    let key = match new {
        Some(kind) => module.generate(&uri, &pin, kind)?,
        None => module.key(&uri, &pin)?,
    };
    let kind = key.kind();
    let request = CertificateRequest::build(&key, &name("Token root")?, &[])?;
    let profile = Profile::root().with_keys([kind]);
    let root = Authority::root(name("Token root")?, key, &profile, now)?;

    // As after a restart: the key is found again, and is the one of the certificate.
    let chain = certificate_pem(root.certificate());
    let root = Authority::from_pem(chain.as_bytes(), module.key(&uri, &pin)?)?;
    let client = KeyPair::generate(KeyKind::P256)?;
    let client = CertificateParameters::for_key(client.public_key_der(), name("client1")?);
    let client = root.issue(&client, &Profile::client(), now)?;
    let serial = client.certificate().serial().clone();
    let crl = CrlBuilder::new(1, now, now + Duration::DAY)
        .revoke(serial, now, RevocationReason::Superseded)
        .sign(&root)?;

    write("root.crt", &chain)?;
    write("root.csr", &request.pem())?;
    write("client.crt", &client.pem())?;
    write("root.crl", &crl.pem()?)?;
    println!("{} signed as {kind}", root.certificate().subject());
    Ok(())
}

fn name(common_name: &str) -> Result<DistinguishedName> {
    let name = DistinguishedName::builder().common_name(common_name);
    Ok(name.build()?)
}
