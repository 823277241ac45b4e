//! What a CA writes besides certificates, and its key, with OpenSSL on the other side.

mod crls;
mod keys;
mod requests;
mod roll_over;
mod tokens;

use anyhow::Result;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use suite::process::{self, Finished};
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName};

use crate::Bench;
use crate::report::{Report, Verdict};

pub(crate) fn check(bench: &Bench<'_>, report: &mut Report) {
    requests::check(bench, report);
    keys::check(bench, report);
    crls::check(bench, report);
    roll_over::check(bench, report);
    tokens::check(bench, report);
}

/// Those that OpenSSL 3.0 knows.
const KINDS: [KeyKind; 6] = [
    KeyKind::P256,
    KeyKind::P384,
    KeyKind::P521,
    KeyKind::Rsa2048,
    KeyKind::Rsa4096,
    KeyKind::Ed25519,
];

/// A root and the CA below it.
struct Ca {
    root: Authority,
    issuing: Authority,
}

impl Ca {
    fn make(common_name: &str, now: OffsetDateTime) -> Result<Self> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let root = Authority::root(name(common_name)?, key, &Profile::root(), now)?;
        let key = KeyPair::generate(KeyKind::P256)?;
        let below = name(&format!("{common_name} issuing"))?;
        let parameters = CertificateParameters::for_key(key.public_key_der(), below);
        let issued = root.issue(&parameters, &Profile::issuing_ca(), now)?;
        let chain = vec![issued.certificate().clone(), root.certificate().clone()];
        let issuing = Authority::new(chain, key)?;
        Ok(Self { root, issuing })
    }

    fn client(&self, profile: &Profile, now: OffsetDateTime) -> Result<Certificate> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let subject = DistinguishedName::builder()
            .common_name("client1")
            .build()?;
        let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
        let issued = self.issuing.issue(&parameters, profile, now)?;
        Ok(issued.certificate().clone())
    }
}

fn openssl(bench: &Bench<'_>, arguments: &[&str]) -> Result<Finished> {
    process::run(bench.peers.command("openssl").args(arguments), None)
}

/// Accepted if `said` has the words `good` in it, refused if it has `bad`, and neither if it says something else.
fn verdict(said: &Finished, good: &str, bad: &str) -> (Verdict, String) {
    let text = format!("{}{}", said.stdout, said.stderr);
    let verdict = match (text.contains(good), text.contains(bad)) {
        (true, false) => Verdict::Accepted,
        (false, true) => Verdict::Refused,
        _ => Verdict::NotRun,
    };
    (verdict, said.reason())
}

fn name(common_name: &str) -> Result<DistinguishedName> {
    let name = DistinguishedName::builder()
        .organization("Évil, Ltd")
        .common_name(common_name);
    Ok(name.build()?)
}

const GROUP: &str = "authority";
