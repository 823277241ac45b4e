//! A request in, a certificate out: P-256, in memory, by one core, with policy and lint.

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use clap::Args;
use pki_core::{
    AllowedSubject, Authority, CertificateParameters, CertificateRequest, KeyKind, KeyPair,
    Profile, ValidityLimits,
};
use rcgen::{
    CertificateParams, CertificateSigningRequest, CertificateSigningRequestParams, DnType, Issuer,
    SanType,
};
use suite::Peers;
use time::OffsetDateTime;

use super::report::{Aim, Better, Comparison, Contender, Report, Side};
use crate::measuring::clock::{Effort, finish, per_second};
use crate::measuring::versions;
use crate::recipe::set;

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let ours = Ours::new()?;
    let raw = Raw::new()?;
    let openssl = OpenSsl::new(&ours)?;
    let issuer = rcgen::KeyPair::from_pem(&ours.key_pem).context("the CA's key, for rcgen")?;
    let issuer = Issuer::from_ca_cert_der(&ours.authority.certificate().der().into(), issuer)?;

    let mut contenders = [
        Contender::new("ours, with policy and lint", Side::Ours),
        Contender::new("rcgen, without either", Side::Peer),
        Contender::new("openssl x509 -req, a process each", Side::Peer),
        Contender::new(FLOOR, Side::Bound),
    ];
    let span = effort.span(Duration::from_millis(500));
    // In turn, so that a noisy moment meets all of them.
    for _ in 0..effort.rounds(1, 11) {
        let rates = [
            per_second(span, || ours.issue())?,
            per_second(span, || {
                let request = CertificateSigningRequestParams::from_der(ours.request.der())?;
                Ok(request.signed_by(&issuer)?)
            })?,
            per_second(span, || openssl.issue(peers))?,
            per_second(span, || raw.verify_and_sign())?,
        ];
        for (contender, rate) in contenders.iter_mut().zip(rates) {
            contender.samples.push(rate);
        }
    }
    Ok(Report {
        versions: versions::of(peers, &["aws-lc-rs", "rcgen"], &["OpenSSL"])?,
        comparisons: vec![Comparison {
            title: "Certificates from requests, P-256".to_owned(),
            unit: "certificates/s",
            better: Better::Higher,
            contenders: contenders.into(),
            aim: Some(Aim::Times(0.80, FLOOR)),
        }],
    })
}

/// Issue in memory, so many times, and end: what `bench issue-cost` counts, as a process.
#[derive(Args)]
pub(crate) struct IssueTimes {
    times: u64,
    /// Only verify and sign
    #[arg(long)]
    floor: bool,
}

impl IssueTimes {
    pub(crate) fn run(&self) -> Result<()> {
        // Both make the same, so that what is counted differs in what is done with it.
        let (ours, raw) = (Ours::new()?, Raw::new()?);
        for _ in 0..self.times {
            match self.floor {
                true => drop(black_box(raw.verify_and_sign()?)),
                false => drop(black_box(ours.issue()?)),
            }
        }
        Ok(())
    }
}

/// An authority, and the request that it is asked to certify.
struct Ours {
    authority: Authority,
    key_pem: String,
    profile: Profile,
    request: CertificateSigningRequest,
}

impl Ours {
    fn new() -> Result<Self> {
        let key = KeyPair::generate(KeyKind::P256)?;
        let key_pem = key.secret_pkcs8_pem().to_string();
        let name = set::name("MyTestCA", Some("Dev"), "MyTestRootCA")?;
        let authority = Authority::root(name, key, &Profile::root(), OffsetDateTime::now_utc())?;

        let mut wishes = CertificateParams::default();
        for (kind, value) in [
            (DnType::CountryName, "US"),
            (DnType::OrganizationName, "MyOrg"),
            (DnType::OrganizationalUnitName, "Clients"),
            (DnType::CommonName, "client1"),
        ] {
            wishes.distinguished_name.push(kind, value);
        }
        wishes.subject_alt_names = vec![SanType::Rfc822Name("client1@example.local".try_into()?)];
        let request = wishes.serialize_request(&rcgen::KeyPair::generate()?)?;
        Ok(Self {
            authority,
            key_pem,
            profile: Profile::client()
                .with_subject(AllowedSubject::any())
                .with_validity(ValidityLimits::exactly_days(365)),
            request,
        })
    }

    fn issue(&self) -> Result<Vec<u8>> {
        let request = CertificateRequest::from_der(self.request.der())?;
        let now = OffsetDateTime::now_utc();
        let issued = self.authority.issue(
            &CertificateParameters::from_csr(&request),
            &self.profile,
            now,
        )?;
        Ok(issued.certificate().der().to_vec())
    }
}

/// The same request and authority as files.
struct OpenSsl(tempfile::TempDir);

impl OpenSsl {
    fn new(ours: &Ours) -> Result<Self> {
        let files = tempfile::tempdir()?;
        let ca = pki_core::certificate_pem(ours.authority.certificate());
        for (name, text) in [
            ("ca.crt", ca.as_str()),
            ("ca.key", ours.key_pem.as_str()),
            ("client.csr", ours.request.pem()?.as_str()),
            (
                "client.cnf",
                "extendedKeyUsage = clientAuth\nsubjectAltName = email:client1@example.local\n",
            ),
        ] {
            fs::write(files.path().join(name), text)?;
        }
        Ok(Self(files))
    }

    fn issue(&self, peers: &Peers) -> Result<()> {
        let mut command = peers.command("openssl");
        command.current_dir(self.0.path());
        command.args(["x509", "-req", "-in", "client.csr", "-CA", "ca.crt"]);
        command.args(["-CAkey", "ca.key", "-CAcreateserial", "-out", "client.crt"]);
        command.args(["-days", "365", "-sha256", "-extfile", "client.cnf"]);
        finish(&mut command)
    }
}

/// The two operations that no issuer can leave out.
struct Raw {
    signer: EcdsaKeyPair,
    random: SystemRandom,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Raw {
    fn new() -> Result<Self> {
        let signer = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let random = SystemRandom::new();
        // About what a request and a certificate have to sign.
        let message = vec![0x30; 400];
        let signature = signer.sign(&random, &message)?.as_ref().to_vec();
        Ok(Self {
            signer,
            random,
            message,
            signature,
        })
    }

    fn verify_and_sign(&self) -> Result<impl Sized> {
        // Unparsed, as each request brings a key that nobody has seen before.
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.signer.public_key());
        key.verify(&self.message, &self.signature)?;
        Ok(self.signer.sign(&self.random, &self.message)?)
    }
}

pub(crate) const FLOOR: &str = "verify and sign alone (aws-lc-rs)";
