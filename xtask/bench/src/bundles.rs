//! PKCS#12 bundles a second, by one core: a P-256 leaf under two CAs, 2,048 rounds.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12ImportPolicy,
    PrivateKey, PrivateKeyChain,
};
use pbe::{Digest, PasswordOctets, Purpose, Request, derive, pbkdf2_sha256_together};
use pkcs12_ios::{Archive, Bundle, Encoding, Limits, ReadError};
use pki_core::{
    AllowedSubject, Authority, CertificateParameters, KeyKind, KeyPair, Password, Profile,
    certificate_pem,
};
use suite::Peers;
use time::OffsetDateTime;

use super::hostile;
use super::report::{Aim, Better, Comparison, Contender, Report, Side};
use crate::measuring::clock::{Effort, finish, per_second};
use crate::measuring::versions;
use crate::recipe::set;

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let identity = Identity::new()?;
    let mut comparisons = Vec::new();
    for encoding in [Encoding::Compat, Encoding::Modern] {
        comparisons.push(write(peers, effort, &identity, encoding)?);
        comparisons.push(read(peers, effort, &identity, encoding)?);
    }
    comparisons.push(refused(effort, &identity)?);
    Ok(Report {
        versions: versions::of(peers, &["p12-keystore", "aws-lc-rs"], &["OpenSSL"])?,
        comparisons,
    })
}

fn write(
    peers: &Peers,
    effort: Effort,
    identity: &Identity,
    encoding: Encoding,
) -> Result<Comparison> {
    compare(
        format!("Written, {}", algorithms(encoding)),
        effort,
        vec![
            (
                Contender::new("ours, the chain not checked", Side::Ours),
                &mut || identity.by_ours(encoding, Checks::WithoutChain).map(drop),
            ),
            (
                Contender::new("ours, with all its checks", Side::Ours),
                &mut || identity.by_ours(encoding, Checks::All).map(drop),
            ),
            (Contender::new(FLOOR, Side::Bound), &mut || {
                derivations(encoding);
                Ok(())
            }),
            (Contender::new(P12_KEYSTORE, Side::Peer), &mut || {
                identity.by_p12_keystore(encoding).map(drop)
            }),
            (
                Contender::new("openssl pkcs12 -export, a process each", Side::Peer),
                &mut || identity.by_openssl(peers, encoding),
            ),
        ],
    )
}

fn read(
    peers: &Peers,
    effort: Effort,
    identity: &Identity,
    encoding: Encoding,
) -> Result<Comparison> {
    let bundle = identity.by_ours(encoding, Checks::All)?;
    fs::write(identity.files.path().join("in.p12"), &bundle)?;
    let password = Password::new(PASSWORD);
    let limits = Limits::default();
    compare(
        format!("Read, {}", algorithms(encoding)),
        effort,
        vec![
            (
                Contender::new("ours, everything in the file", Side::Ours),
                &mut || {
                    Archive::read(&bundle, &password, &limits)?;
                    Ok(())
                },
            ),
            (
                Contender::new("ours, the key with its chain checked", Side::Ours),
                &mut || {
                    Bundle::open(&bundle, &password, &limits)?;
                    Ok(())
                },
            ),
            (Contender::new(FLOOR, Side::Bound), &mut || {
                derivations(encoding);
                Ok(())
            }),
            (Contender::new(P12_KEYSTORE, Side::Peer), &mut || {
                let policy = Pkcs12ImportPolicy::Strict;
                KeyStore::from_pkcs12(&bundle, PASSWORD, policy)?;
                Ok(())
            }),
            (
                Contender::new("openssl pkcs12 -info, a process each", Side::Peer),
                &mut || identity.read_by_openssl(peers),
            ),
        ],
    )
}

/// How long it takes to refuse what would take a reader minutes.
fn refused(effort: Effort, identity: &Identity) -> Result<Comparison> {
    let password = Password::new(PASSWORD);
    let limits = Limits::default();
    let files = hostile::files(&identity.key, &identity.leaf, &password)?;
    let named = |(name, _): &(&'static str, Vec<u8>)| Contender::new(*name, Side::Ours);
    let mut contenders: Vec<Contender> = files.iter().map(named).collect();
    for _ in 0..effort.rounds(1, 11) {
        for (contender, (name, file)) in contenders.iter_mut().zip(&files) {
            let begin = Instant::now();
            let read = Archive::read(file, &password, &limits);
            let took = begin.elapsed();
            let is_limit = matches!(
                read,
                Err(ReadError::LimitExceeded { .. } | ReadError::IterationsOutOfRange { .. })
            );
            ensure!(is_limit, "no limit refuses it: {name}");
            contender.samples.push(took.as_secs_f64() * 1000.0);
        }
    }
    Ok(Comparison {
        title: "Refused".to_owned(),
        unit: "ms",
        better: Better::Lower,
        contenders,
        aim: Some(Aim::AtMost(50.0)),
    })
}

type Work<'a> = (Contender, &'a mut dyn FnMut() -> Result<()>);

fn compare(title: String, effort: Effort, mut work: Vec<Work<'_>>) -> Result<Comparison> {
    let span = effort.span(Duration::from_millis(500));
    // In turn, so that a noisy moment meets all of them.
    for _ in 0..effort.rounds(1, 11) {
        for (contender, once) in &mut work {
            contender.samples.push(per_second(span, &mut **once)?);
        }
    }
    let contenders = work.into_iter().map(|(contender, _)| contender);
    Ok(Comparison {
        title,
        unit: "bundles/s",
        better: Better::Higher,
        contenders: contenders.collect(),
        // At most a quarter more time than the derivations take.
        aim: Some(Aim::Times(0.8, FLOOR)),
    })
}

fn algorithms(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Compat => "Compat (3DES, HMAC-SHA-1)",
        _ => "Modern (AES-256, PBKDF2, HMAC-SHA-256)",
    }
}

/// All that is derived from the password for one file, and nothing else: in no less time can it be written or read.
fn derivations(encoding: Encoding) {
    let salts = [[7; 16], [8; 16], [9; 16]];
    let [certificates, key, mac] = &salts;
    let octets = PasswordOctets::new(PASSWORD);
    let request = |purpose, salt, len| Request {
        purpose,
        password: octets.utf16(),
        salt,
        iterations: ROUNDS,
        len,
    };
    let mac_key = |digest: Digest| request(Purpose::MacKey, mac, digest.output_len());
    match encoding {
        Encoding::Compat => {
            let requests = [
                request(Purpose::EncryptionKey, certificates, 24),
                request(Purpose::Iv, certificates, 8),
                request(Purpose::EncryptionKey, key, 24),
                request(Purpose::Iv, key, 8),
                mac_key(Digest::Sha1),
            ];
            black_box(derive(Digest::Sha1, &requests));
        }
        _ => {
            let salts = [certificates.as_slice(), key];
            black_box(pbkdf2_sha256_together(octets.utf8(), salts, ROUNDS));
            black_box(derive(Digest::Sha256, &[mac_key(Digest::Sha256)]));
        }
    }
}

/// What is checked before a bundle is written.
#[derive(Clone, Copy)]
enum Checks {
    All,
    WithoutChain,
}

/// What goes into each bundle, in memory and, for openssl, as files.
struct Identity {
    key: KeyPair,
    leaf: Vec<u8>,
    chain: Vec<Vec<u8>>,
    files: tempfile::TempDir,
}

impl Identity {
    fn new() -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let key = || KeyPair::generate(KeyKind::P256);
        let root_name = set::name("MyTestCA", None, "MyTestRootCA")?;
        let root = Authority::root(root_name, key()?, &Profile::root(), now)?;
        let issuing_key = key()?;
        let issuing_name = set::name("MyTestCA", None, "MyIssuingCA")?;
        let request = CertificateParameters::for_key(issuing_key.public_key_der(), issuing_name);
        let issued = root.issue(&request, &Profile::issuing_ca(), now)?;
        let chain = vec![issued.certificate().clone(), root.certificate().clone()];
        let issuing = Authority::new(chain, issuing_key)?;
        let key = key()?;
        let client = set::name("MyOrg", Some("Clients"), "client1")?;
        let request = CertificateParameters::for_key(key.public_key_der(), client);
        let leaf = issuing.issue(
            &request,
            &Profile::client().with_subject(AllowedSubject::any()),
            now,
        )?;

        let files = tempfile::tempdir()?;
        let chain_pem: String = issuing.chain().iter().map(certificate_pem).collect();
        fs::write(files.path().join("key.pem"), key.secret_pkcs8_pem())?;
        fs::write(files.path().join("leaf.pem"), leaf.pem())?;
        fs::write(files.path().join("chain.pem"), chain_pem)?;
        Ok(Self {
            leaf: leaf.certificate().der().to_vec(),
            chain: issuing.chain().iter().map(|ca| ca.der().to_vec()).collect(),
            key,
            files,
        })
    }

    fn by_ours(&self, encoding: Encoding, checks: Checks) -> Result<Vec<u8>> {
        let builder = Bundle::builder(&self.key, &self.leaf).chain(&self.chain);
        let mut builder = builder.friendly_name(NAME).encoding(encoding);
        if let Checks::WithoutChain = checks {
            builder = builder.allow_unverified_chain();
        }
        Ok(builder.iterations(ROUNDS).build(&Password::new(PASSWORD))?)
    }

    fn by_p12_keystore(&self, encoding: Encoding) -> Result<Vec<u8>> {
        let key = PrivateKey::from_der(self.key.secret_pkcs8_der())?;
        let certificates = std::iter::once(&self.leaf)
            .chain(&self.chain)
            .map(|der| Certificate::from_der(der))
            .collect::<Result<Vec<_>, _>>()?;
        let (encryption, mac) = match encoding {
            Encoding::Compat => (
                EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc,
                MacAlgorithm::HmacSha1,
            ),
            _ => (
                EncryptionAlgorithm::PbeWithHmacSha256AndAes256,
                MacAlgorithm::HmacSha256,
            ),
        };
        let mut store = KeyStore::new();
        let chain = PrivateKeyChain::new(NAME, key, certificates);
        store.add_entry(NAME, KeyStoreEntry::PrivateKeyChain(chain));
        let writer = store
            .writer(PASSWORD)
            .encryption_algorithm(encryption)
            .mac_algorithm(mac)
            .encryption_iterations(ROUNDS)
            .mac_iterations(ROUNDS);
        Ok(writer.write()?)
    }

    fn by_openssl(&self, peers: &Peers, encoding: Encoding) -> Result<()> {
        let mut command = peers.command("openssl");
        command.current_dir(self.files.path()).args([
            "pkcs12",
            "-export",
            "-out",
            "out.p12",
            "-inkey",
            "key.pem",
            "-in",
            "leaf.pem",
            "-certfile",
            "chain.pem",
            "-name",
            NAME,
        ]);
        command.arg("-passout").arg(format!("pass:{PASSWORD}"));
        command.arg("-iter").arg(ROUNDS.to_string());
        if encoding == Encoding::Compat {
            command.args(["-macalg", "sha1"]);
            command.args(["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"]);
        }
        finish(&mut command)
    }

    fn read_by_openssl(&self, peers: &Peers) -> Result<()> {
        let mut command = peers.command("openssl");
        command
            .current_dir(self.files.path())
            .args(["pkcs12", "-info", "-noout", "-in", "in.p12"])
            .arg("-passin")
            .arg(format!("pass:{PASSWORD}"));
        finish(&mut command)
    }
}

const FLOOR: &str = "the key derivation alone";
const P12_KEYSTORE: &str = "p12-keystore";
const NAME: &str = "client1";
const PASSWORD: &str = "MyP12Passw0rd";
const ROUNDS: u32 = 2048;
