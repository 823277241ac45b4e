//! Inputs to begin with: good ones, made by the code that is fuzzed, and texts of documents.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use der::asn1::Any;
use der::oid::ObjectIdentifier;
use der::{Decode, Encode};
use pkcs12_ios::{Bundle, Encoding};
use pki_attest::apple::{ClientData, Environment, ManagedDevice};
use pki_attest::simulator::{
    AndroidSimulator, AppleSimulator, Factory, ManagedDeviceSimulator, SimulatedApp,
};
use pki_core::ocsp::{CertIdHash, Nonce, OcspRequest};
use pki_core::verify::RevocationReason;
use pki_core::{
    AllowedSubject, CertificateParameters, CrlBuilder, CrlScope, KeyKind, KeyPair, Password,
    Profile, certificate_pem,
};
use pki_store::{Actor, IssuerRole, NewIssuer, Store, StoreUrl};
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, SubjectAltName};

use self::world::name;
use super::acme;
use super::target::Target;
#[path = "../../../fuzz/world.rs"]
mod world;

/// Writes the seeds of `target` into `directory`, in place of those that are there.
pub(super) fn write(target: Target, directory: &Path) -> Result<()> {
    if directory.is_dir() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    let seeds = match target {
        Target::Acme => acme::requests()?,
        Target::AppAttest => attestations()?,
        Target::Checkpoint => checkpoints()?,
        Target::CrlIndex => revocation_lists()?,
        Target::Csr => requests()?,
        Target::Forwarded => headers(),
        Target::KeyDescription => key_descriptions()?,
        Target::OcspPath => ocsp_paths()?,
        Target::OcspRequest => ocsp_requests()?,
        Target::P12 => bundles()?,
        Target::ProxyProtocol => PROXY_HEADERS.iter().map(|header| header.to_vec()).collect(),
        Target::Rfc4514 => texts(NAMES),
        Target::X509Certificate => certificates()?,
    };
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(directory.join(number.to_string()), seed)?;
    }
    Ok(())
}

fn attestations() -> Result<Vec<Vec<u8>>> {
    let apple = AppleSimulator::new(OffsetDateTime::now_utc())?;
    let mut app = SimulatedApp::new("1234567890.com.example.app".parse()?)?;
    let data = ClientData::new(b"challenge");
    let devices = ManagedDeviceSimulator::new(OffsetDateTime::now_utc())?;
    let key = rcgen::KeyPair::generate()?;
    let device = ManagedDevice {
        serial_number: Some("F17D2X0Q1GHW".to_owned()),
        ..ManagedDevice::default()
    };
    Ok(vec![
        devices.attest(&key, b"token", &device, None)?,
        apple.attest(&app, data, Environment::Production, None)?,
        app.assert(data)?,
    ])
}

fn key_descriptions() -> Result<Vec<Vec<u8>>> {
    let device = AndroidSimulator::new(Factory::Remote, OffsetDateTime::now_utc())?;
    let key = rcgen::KeyPair::generate()?;
    let chain = device.attest(&key, &AndroidSimulator::description(b"challenge"), None)?;
    let extensions = chain.iter().flat_map(Certificate::extensions);
    let described = extensions.filter(|it| it.oid == KEY_DESCRIPTION);
    Ok(described.map(|it| it.value.to_vec()).collect())
}

/// The extension of an attested key.
const KEY_DESCRIPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// One of each form; see `fuzz/targets/forwarded.rs` for how they are laid out.
fn headers() -> Vec<Vec<u8>> {
    let root = world::root();
    let client = world::client(&root);
    let base64 = |certificate| -> String {
        let pem = certificate_pem(certificate);
        pem.lines().filter(|line| !line.starts_with('-')).collect()
    };
    let (leaf, ca) = (base64(client.certificate()), base64(root.certificate()));
    let escaped: String = certificate_pem(client.certificate())
        .chars()
        .map(|char| match char {
            'A'..='Z' | 'a'..='z' | '0'..='9' => char.to_string(),
            _ => format!("%{:02X}", u32::from(char)),
        })
        .collect();
    let hash: String = client
        .certificate()
        .fingerprint_sha256()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    [
        format!("\0:{leaf}:\n:{ca}:"),
        format!("\u{1}By=spiffe://example.org/proxy;Hash={hash};Cert=\"{escaped}\""),
        format!("\u{2}{escaped}"),
        format!("\u{3}{leaf},{ca}"),
    ]
    .map(String::into_bytes)
    .into()
}

fn certificates() -> Result<Vec<Vec<u8>>> {
    let root = world::root();
    let key = KeyPair::generate(KeyKind::Rsa2048)?;
    let subject = name("client1");
    let request = CertificateParameters::for_key(key.public_key_der(), subject).sans([
        SubjectAltName::Email("client1@example.local".to_owned()),
        SubjectAltName::Uri("spiffe://example.org/client1".to_owned()),
    ]);
    let leaf = root.issue(
        &request,
        &Profile::client().with_subject(AllowedSubject::any()),
        world::NOW,
    )?;
    let server = CertificateParameters::for_key(key.public_key_der(), name("api.example.local"));
    let server = server.sans([
        SubjectAltName::Dns("api.example.local".to_owned()),
        SubjectAltName::Ip([127, 0, 0, 1].into()),
    ]);
    let server = root.issue(
        &server,
        &Profile::server().with_subject(AllowedSubject::any()),
        world::NOW,
    )?;
    Ok(
        [root.certificate(), leaf.certificate(), server.certificate()]
            .map(|certificate| certificate.der().to_vec())
            .into(),
    )
}

fn revocation_lists() -> Result<Vec<Vec<u8>>> {
    let root = world::root();
    let other = world::client(&root);
    let empty = CrlBuilder::new(1, world::NOW, world::NOW + Duration::DAY);
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

/// Of a store without CRLs, and of one that has used a number; of each kind of key whose signatures are short.
fn checkpoints() -> Result<Vec<Vec<u8>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let directory = tempfile::tempdir()?;
        let store = Store::open(&StoreUrl::from(directory.path().join("store.db"))).await?;
        let mut seeds = Vec::new();
        for kind in [KeyKind::P256, KeyKind::Ed25519] {
            let signer = Arc::new(KeyPair::generate(kind)?);
            let signed = store.make_checkpoint(signer, None, world::NOW).await?;
            seeds.push(signed.to_json().into_bytes());
            let root = world::root();
            let issuer = NewIssuer::new("fuzz", IssuerRole::Root, root.chain().to_vec());
            let actor = Actor::new("fuzz");
            if store.issuers().await?.is_empty() {
                let issuer = store.add_issuer(issuer, &actor, world::NOW).await?;
                store.next_crl_number(issuer.id, 0).await?;
            }
        }
        Ok(seeds)
    })
}

/// As they are, and escaped.
fn ocsp_paths() -> Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for request in ocsp_requests()? {
        let base64 = BASE64.encode(request);
        seeds.push(format!("/ocsp/{base64}").into_bytes());
        let escaped = base64.replace('+', "%2B").replace('/', "%2f");
        let escaped = escaped.trim_end_matches('=');
        seeds.push(format!("/ocsp/{escaped}").into_bytes());
    }
    Ok(seeds)
}

/// Ours of each kind, and one about a certificate of another CA.
fn ocsp_requests() -> Result<Vec<Vec<u8>>> {
    let root = world::root();
    let client = world::client(&root);
    let plain = OcspRequest::for_certificate(client.certificate(), root.certificate());
    let with_nonce = plain.clone().nonce(Nonce::new([7; Nonce::LEN]));
    let by_sha256 = with_nonce.clone().hash(CertIdHash::Sha256);
    let of_another = OcspRequest::for_certificate(client.certificate(), client.certificate());
    let requests = [plain, with_nonce, by_sha256, of_another];
    let seeds = requests.iter().map(OcspRequest::to_der);
    Ok(seeds.collect::<Result<_, _>>()?)
}

/// One of each encoding, as it is and without its MAC.
fn bundles() -> Result<Vec<Vec<u8>>> {
    let root = world::root();
    let key = KeyPair::generate(KeyKind::P256)?;
    let request = CertificateParameters::for_key(key.public_key_der(), name("client1"));
    let leaf = root.issue(
        &request,
        &Profile::client().with_subject(AllowedSubject::any()),
        world::NOW,
    )?;
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

/// PROXY protocol headers with the beginning of a ClientHello behind them.
const PROXY_HEADERS: &[&[u8]] = &[
    b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n\x16\x03\x01",
    b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n\x16\x03\x01",
    b"PROXY UNKNOWN\r\n\x16\x03\x01",
    b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00\x16\x03\x01",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x10\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\x01\xbb\x04\x00\x01\x00\x16\x03\x01",
];
