//! What `pki-core` makes read by pyca's cryptography, and the other way round.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use pki_core::ocsp::{IncomingRequest, OcspRequest, OcspResponder, OcspStatus, OcspValidity};
use pki_core::verify::is_signed_by;
use pki_core::{
    Authority, CertificateParameters, CertificateRequest, CrlBuilder, CsrError, KeyKind, KeyPair,
    Profile, certificate_pem, pem,
};
use suite::process;
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, DistinguishedName};

use crate::report::group::KEY_KINDS as GROUP;
use crate::report::{Report, Verdict};
use crate::workbench::Bench;

pub(super) fn check(bench: &Bench<'_>, report: &mut Report) {
    for kind in KINDS {
        let mut push = |subject, case: &str, expected, seen| {
            report.push(GROUP, subject, &format!("{kind}: {case}"), expected, seen);
        };
        let ours = directory(bench, "ours", kind).and_then(|directory| {
            write(&directory, kind)?;
            Ok(directory)
        });
        let read = |ca: Option<KeyKind>| {
            let ours = ours
                .as_ref()
                .map_err(|error| anyhow::anyhow!("{error:#}"))?;
            let Some(other) = ca else {
                return read_by_pyca(bench, ours);
            };
            let changed = directory(bench, "changed", kind)?;
            write(&changed, other)?;
            for file in ["leaf.crt", "leaf.key", "ca.crl", "leaf.ocsp"] {
                fs::copy(ours.join(file), changed.join(file))?;
            }
            read_by_pyca(bench, &changed)
        };
        push(
            PYCA,
            "certificates, CRL, OCSP, key",
            Verdict::Accepted,
            read(None),
        );
        push(
            PYCA,
            "another CA of the same name",
            Verdict::Refused,
            read(Some(kind)),
        );

        let theirs = directory(bench, "theirs", kind)
            .and_then(|directory| written_by_pyca(bench, &directory, kind));
        let theirs = || {
            theirs
                .as_ref()
                .map_err(|error| anyhow::anyhow!("{error:#}"))
        };
        let seen = theirs().and_then(|directory| read_theirs(directory, kind, None));
        push(OURS, "certificates, CSR, key", Verdict::Accepted, seen);
        let seen = theirs().and_then(|directory| {
            let ours = ours
                .as_ref()
                .map_err(|error| anyhow::anyhow!("{error:#}"))?;
            read_theirs(directory, kind, Some(ours))
        });
        push(OURS, "another CA, a changed CSR", Verdict::Refused, seen);
    }
}

/// A CA, a leaf, and what the CA says of it.
fn write(directory: &Path, kind: KeyKind) -> Result<()> {
    let now = OffsetDateTime::now_utc();
    let profile = Profile::root().with_keys([kind]);
    let root = Authority::root(name("ca")?, KeyPair::generate(kind)?, &profile, now)?;
    let key = KeyPair::generate(kind)?;
    let parameters = CertificateParameters::for_key(key.public_key_der(), name("leaf")?);
    let leaf = root.issue(&parameters, &Profile::client().with_keys([kind]), now)?;
    let leaf = leaf.certificate();
    let crl = CrlBuilder::new(1, now, now + Duration::DAY).sign(&root)?;
    let question = OcspRequest::for_certificate(leaf, root.certificate()).to_der()?;
    let validity = OcspValidity {
        this_update: now,
        next_update: None,
    };
    let answer = OcspResponder::authority(&root);
    let request = IncomingRequest::from_der(&question)?;
    let answer = answer.respond(&request, &[OcspStatus::Good], validity, now)?;
    let put = |file: &str, content: &[u8]| fs::write(directory.join(file), content);
    put("ca.crt", certificate_pem(root.certificate()).as_bytes())?;
    put("leaf.crt", certificate_pem(leaf).as_bytes())?;
    put("leaf.key", key.secret_pkcs8_pem().as_bytes())?;
    put("ca.crl", crl.pem()?.as_bytes())?;
    put("leaf.ocsp", &answer)?;
    Ok(())
}

fn read_by_pyca(bench: &Bench<'_>, directory: &Path) -> Result<(Verdict, String)> {
    let said = python(bench, "read", directory, None)?;
    ensure!(said.success(), "{}", said.reason());
    let verdict = if said.stdout.starts_with("verified") {
        Verdict::Accepted
    } else {
        Verdict::Refused
    };
    Ok((verdict, said.stdout))
}

fn written_by_pyca(bench: &Bench<'_>, directory: &Path, kind: KeyKind) -> Result<PathBuf> {
    let said = python(bench, "write", directory, Some(kind))?;
    ensure!(said.success(), "{}", said.reason());
    Ok(directory.to_owned())
}

/// Refused if the certificate and the request are; with the CA in `other` and a bit of the request changed, both
/// should be.
fn read_theirs(
    directory: &Path,
    kind: KeyKind,
    other: Option<&PathBuf>,
) -> Result<(Verdict, String)> {
    let file = |name: &str| fs::read(directory.join(name)).context("reading what pyca wrote");
    let certificate = |bytes: &[u8]| Certificate::from_pem(bytes);
    let leaf = certificate(&file("leaf.crt")?)?;
    let ca = match other {
        Some(directory) => fs::read(directory.join("ca.crt"))?,
        None => file("ca.crt")?,
    };
    let key = KeyPair::from_pem(&file("leaf.key")?, None)?;
    ensure!(
        (key.kind(), key.public_key_der()) == (kind, leaf.spki_der()),
        "another key was read"
    );
    let request = pem::read(&file("leaf.csr")?)?;
    let request = request.sections().next().context("there is no request")?;
    let mut request = request.der()?.to_vec();
    if let (Some(_), Some(last)) = (other, request.last_mut()) {
        *last ^= 1;
    }
    let is_signed = is_signed_by(&leaf, &certificate(&ca)?);
    match (is_signed, CertificateRequest::from_der(&request)) {
        (true, Ok(_)) => Ok((Verdict::Accepted, String::new())),
        (false, Err(CsrError::BadSignature)) => Ok((Verdict::Refused, String::new())),
        (signed, request) => anyhow::bail!("certificate {signed}, request {request:?}"),
    }
}

fn python(
    bench: &Bench<'_>,
    action: &str,
    directory: &Path,
    kind: Option<KeyKind>,
) -> Result<process::Finished> {
    let mut python = bench.peers.command("python");
    python.args(["-c", include_str!("pyca.py"), action]);
    python.arg(directory);
    python.args(kind.map(|kind| kind.to_string()));
    process::run(&mut python, None)
}

fn directory(bench: &Bench<'_>, whose: &str, kind: KeyKind) -> Result<PathBuf> {
    let directory = bench.scratch(&format!("kinds-{whose}-{kind}"));
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

fn name(common_name: &str) -> Result<DistinguishedName> {
    let name = DistinguishedName::builder().common_name(common_name);
    Ok(name.build()?)
}

const KINDS: [KeyKind; 4] = [
    KeyKind::P521,
    KeyKind::MlDsa44,
    KeyKind::MlDsa65,
    KeyKind::MlDsa87,
];

const PYCA: &str = "pyca cryptography reads ours";
const OURS: &str = "pki-core reads pyca's";
