//! Bundles of each key type, encoding and length of chain, opened by every program that may have to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use pkcs12_ios::{Bundle, Encoding};
use pki_core::{
    AllowedSubject, Authority, CertificateParameters, KeyKind, KeyPair, Password, Profile,
};
use suite::process::Finished;
use suite::{peers, workspace};
use test_pki::Ca;
use time::OffsetDateTime;
use x509_identity::DistinguishedName;

use super::bundles;
use crate::report::group::BUNDLES_OF_EACH_KIND as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

/// A bundle in a file, and what has to be found in it.
struct Made {
    case: String,
    file: String,
    password: String,
    is_rsa: bool,
    /// Certificates from the leaf on.
    chain: usize,
    above: Above,
}

/// The CAs that are put into a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Above {
    /// This many of two.
    Some(usize),
    /// Both, and they are called the same.
    OfOneName,
}

impl Above {
    const ALL: [Self; 4] = [Self::Some(0), Self::Some(1), Self::Some(2), Self::OfOneName];

    fn count(self) -> usize {
        match self {
            Self::Some(count) => count,
            Self::OfOneName => 2,
        }
    }

    fn said(self) -> String {
        match self {
            Self::Some(count) => format!("{count} CAs"),
            Self::OfOneName => "2 CAs of one name".to_owned(),
        }
    }
}

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    for kind in [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384] {
        for (encoding, name) in [(Encoding::Compat, "compat"), (Encoding::Modern, "modern")] {
            // A CA of ours is never called as the one above it, so that these come from elsewhere, with one kind of key.
            let all = Above::ALL.into_iter();
            for above in all.filter(|it| *it != Above::OfOneName || kind == KeyKind::P256) {
                let case = format!("{kind} {name}, {}", above.said());
                match make(bench, kind, encoding, above, case.clone()) {
                    Ok(made) => judge(bench, report, &made),
                    Err(error) => {
                        report.push(GROUP, "our writer", &case, Verdict::Accepted, Err(error));
                    }
                }
            }
        }
    }
}

fn judge(bench: &Bench<'_>, report: &mut Report, made: &Made) {
    let accepted = Verdict::Accepted;
    for reader in bundles::READERS {
        let seen = bundles::open(bench, reader, &made.file, &made.password);
        report.push(GROUP, reader.name, &made.case, accepted, seen);
    }
    let seen = by_openssl(bench, made);
    report.push(GROUP, "OpenSSL, certificates", &made.case, accepted, seen);
    let all = [
        ("Java, chain", Some("SunJSSE")),
        ("BouncyCastle, chain", None),
    ];
    // Both look for an issuer by its name, and find the first of two.
    let by_key = all.iter().filter(|_| made.above != Above::OfOneName);
    for &(name, provider) in by_key {
        let seen = by_java(bench, made, provider);
        report.push(GROUP, name, &made.case, accepted, seen);
    }
    let seen = by_nss(bench, made);
    report.push(GROUP, "NSS, importing", &made.case, accepted, seen);
    // It parses no other keys.
    if made.is_rsa {
        let seen = by_forge(bench, made);
        report.push(GROUP, "node-forge", &made.case, accepted, seen);
    }
}

fn make(
    bench: &Bench<'_>,
    kind: KeyKind,
    encoding: Encoding,
    above: Above,
    case: String,
) -> Result<Made> {
    let (key, leaf, chain) = match above {
        Above::Some(authorities) => ours(kind, authorities)?,
        Above::OfOneName => of_one_name()?,
    };
    let password = generated(&key);
    let bundle = Bundle::builder(&key, &leaf)
        .chain(&chain)
        .encoding(encoding)
        .build(&Password::new(password.clone()))?;
    let file = format!("matrix-{}.p12", case.replace([' ', ','], "-"));
    Ok(Made {
        case,
        file: bench.write(&file, bundle)?,
        password,
        is_rsa: kind.is_rsa(),
        chain: 1 + above.count(),
        above,
    })
}

/// A key, its certificate, and the CAs above it.
type Identity = (KeyPair, Vec<u8>, Vec<Vec<u8>>);

/// By our CA, with this many of its two certificates.
fn ours(kind: KeyKind, authorities: usize) -> Result<Identity> {
    let now = OffsetDateTime::now_utc();
    let name = |text: &str| DistinguishedName::builder().common_name(text).build();
    // Of the same kind throughout: node-forge knows no other keys than RSA.
    let root_key = KeyPair::generate(kind)?;
    let profile = Profile::root().with_keys([kind]);
    let root = Authority::root(name("Matrix CA")?, root_key, &profile, now)?;
    let issuing_key = KeyPair::generate(kind)?;
    let subject = name("Matrix Issuing CA")?;
    let request = CertificateParameters::for_key(issuing_key.public_key_der(), subject);
    let issued = root.issue(&request, &Profile::issuing_ca().with_keys([kind]), now)?;
    let chain = vec![issued.certificate().clone(), root.certificate().clone()];
    let issuing = Authority::new(chain, issuing_key)?;

    let key = KeyPair::generate(kind)?;
    let request = CertificateParameters::for_key(key.public_key_der(), name("client1")?);
    let profile = Profile::client().with_subject(AllowedSubject::any());
    let issuer = if authorities == 1 { &root } else { &issuing };
    let leaf = issuer.issue(&request, &profile, now)?;
    let chain = issuer.chain().iter().take(authorities);
    let chain = chain.map(|ca| ca.der().to_vec()).collect();
    Ok((key, leaf.certificate().der().to_vec(), chain))
}

/// By a CA that is called as the one above it.
fn of_one_name() -> Result<Identity> {
    let root = Ca::root("Matrix CA");
    let issuing = root.issuing("Matrix CA");
    let leaf = issuing.client("client1");
    let key = KeyPair::from_pem(leaf.key_pem().as_bytes(), None)?;
    let chain = [issuing, root].map(|ca| ca.as_leaf().der().to_vec());
    Ok((key, leaf.der().to_vec(), chain.to_vec()))
}

/// Another password for each bundle: twenty characters of Crockford's alphabet, out of a public key that is as random.
fn generated(key: &KeyPair) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let octets = key.public_key_der();
    let random = octets.iter().rev().skip(5).take(20);
    random
        .map(|octet| char::from(ALPHABET[usize::from(octet & 31)]))
        .collect()
}

/// All certificates, each once.
fn by_openssl(bench: &Bench<'_>, made: &Made) -> Result<(Verdict, String)> {
    let password = format!("pass:{}", made.password);
    let said = bench.peers.run(
        "openssl",
        &["pkcs12", "-nokeys", "-in", &made.file, "-passin", &password],
    )?;
    let certificates: BTreeSet<&str> = said.stdout.split("-----BEGIN ").skip(1).collect();
    let sections = said.stdout.matches("-----BEGIN CERTIFICATE").count();
    let complete = certificates.len() == made.chain && sections == made.chain;
    Ok(verdict(&said, complete))
}

/// The key with its whole chain, and no entry beside it.
fn by_java(bench: &Bench<'_>, made: &Made, provider: Option<&str>) -> Result<(Verdict, String)> {
    let source = workspace().join("xtask/interop/src/issued/P12Entries.java");
    let source = source.to_string_lossy();
    let mut arguments = vec![
        "-cp",
        peers::BOUNCY_CASTLE,
        &source,
        &made.file,
        &made.password,
    ];
    arguments.extend(provider);
    let said = bench.peers.run("java", &arguments)?;
    let expected = format!("keys=1 certs=0 match=true chain={}", made.chain);
    Ok(verdict(&said, said.stdout.trim() == expected))
}

/// Into a database of its own, which has one key then.
fn by_nss(bench: &Bench<'_>, made: &Made) -> Result<(Verdict, String)> {
    let directory = tempfile::tempdir()?;
    let database = format!("sql:{}", path(directory.path())?);
    let run = |program: &str, arguments: &[&str]| {
        bench
            .peers
            .run(program, &[&["-d", &database][..], arguments].concat())
    };
    ensure!(
        run("certutil", &["-N", "--empty-password"])?.success(),
        "certutil made no database"
    );
    let said = run("pk12util", &["-i", &made.file, "-W", &made.password])?;
    if !said.success() {
        return Ok(verdict(&said, false));
    }
    let keys = run("certutil", &["-K"])?;
    let count = keys.stdout.lines().filter(|it| it.starts_with('<')).count();
    Ok(verdict(&keys, count == 1))
}

fn by_forge(bench: &Bench<'_>, made: &Made) -> Result<(Verdict, String)> {
    const SCRIPT: &str = "const [forge, file, password] = process.argv.slice(1); \
        const { asn1, pkcs12, pki } = require(forge); \
        const der = require('fs').readFileSync(file).toString('binary'); \
        const p12 = pkcs12.pkcs12FromAsn1(asn1.fromDer(der), true, password); \
        const bags = type => p12.getBags({ bagType: type })[type]; \
        const [key] = bags(pki.oids.pkcs8ShroudedKeyBag); \
        const certificates = bags(pki.oids.certBag); \
        const match = key.key.n.equals(certificates[0].cert.publicKey.n); \
        console.log(`match=${match}`);";
    let forge = bench.peers.node_forge();
    ensure!(fs::exists(&forge)?, "node-forge is not installed");
    let said = bench.peers.run(
        "node",
        &["-e", SCRIPT, path(&forge)?, &made.file, &made.password],
    )?;
    Ok(verdict(&said, said.stdout.trim() == "match=true"))
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is not text")
}

fn verdict(said: &Finished, complete: bool) -> (Verdict, String) {
    let verdict = match (said.success(), complete) {
        (true, true) => Verdict::Accepted,
        (true, false) => Verdict::NotRun,
        (false, _) => Verdict::Refused,
    };
    (verdict, said.reason() + " " + said.stdout.trim())
}
