//! PKCS#12 bundles a second, by one core: a P-256 leaf under two CAs, 2,048 rounds.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};
use pkcs12_ios::{Bundle, Encoding};
use pki_core::{
    AllowedSubject, Authority, CertificateParameters, KeyKind, KeyPair, Password, Profile,
    certificate_pem,
};
use suite::Peers;
use time::OffsetDateTime;

use super::clock::{Effort, finish, per_second};
use super::report::{Aim, Better, Comparison, Contender, Report, Side};
use super::{set, versions};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    let identity = Identity::new()?;
    let comparisons = [Encoding::Compat, Encoding::Modern]
        .map(|encoding| compare(peers, effort, &identity, encoding));
    Ok(Report {
        versions: versions::of(peers, &["p12-keystore", "aws-lc-rs"], &["OpenSSL"])?,
        comparisons: comparisons.into_iter().collect::<Result<_>>()?,
    })
}

fn compare(
    peers: &Peers,
    effort: Effort,
    identity: &Identity,
    encoding: Encoding,
) -> Result<Comparison> {
    let mut contenders = [
        Contender::new("ours, with all its checks", Side::Ours),
        Contender::new(P12_KEYSTORE, Side::Peer),
        Contender::new("openssl pkcs12 -export, a process each", Side::Peer),
    ];
    let span = effort.span(Duration::from_millis(500));
    // In turn, so that a noisy moment meets all of them.
    for _ in 0..effort.rounds(1, 11) {
        let rates = [
            per_second(span, || identity.by_ours(encoding))?,
            per_second(span, || identity.by_p12_keystore(encoding))?,
            per_second(span, || identity.by_openssl(peers, encoding))?,
        ];
        for (contender, rate) in contenders.iter_mut().zip(rates) {
            contender.samples.push(rate);
        }
    }
    let algorithms = match encoding {
        Encoding::Compat => "Compat (3DES, HMAC-SHA-1)",
        _ => "Modern (AES-256, PBKDF2, HMAC-SHA-256)",
    };
    Ok(Comparison {
        title: format!("Bundles, {algorithms}"),
        unit: "bundles/s",
        better: Better::Higher,
        contenders: contenders.into(),
        aim: Some(Aim::Times(1.5, P12_KEYSTORE)),
    })
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

    fn by_ours(&self, encoding: Encoding) -> Result<Vec<u8>> {
        let builder = Bundle::builder(&self.key, &self.leaf).chain(&self.chain);
        let builder = builder.friendly_name(NAME).encoding(encoding);
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
}

const P12_KEYSTORE: &str = "p12-keystore";
const NAME: &str = "client1";
const PASSWORD: &str = "MyP12Passw0rd";
const ROUNDS: u32 = 2048;
