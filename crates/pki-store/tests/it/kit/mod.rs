//! A store in a directory of its own, and a CA in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use pki_store::{
    Actor, CertificateAuthority, IssueError, IssuedRecord, IssuerRole, NewIssuer, Order, Selection,
    Selector, Store, StoreOptions, StoreUrl,
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

pub(crate) type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Arguments that have this test program run its ignored test `child` alone, whose output is not kept back, with the
/// directory of its store.
pub(crate) fn as_child<'c>(
    command: &'c mut Command,
    child: &str,
    directory: &Path,
) -> &'c mut Command {
    command
        .args([
            "--exact",
            child,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("STORE_TEST_DIRECTORY", directory)
}

/// A CA `test`, with a root and an issuing CA.
pub(crate) struct Kit {
    pub(crate) directory: TempDir,
    pub(crate) store: Store,
    pub(crate) root: CertificateAuthority,
    pub(crate) ca: CertificateAuthority,
}

/// What a CA has before there is a store.
pub(crate) struct Authorities {
    pub(crate) root: (Authority, KeyPair),
    pub(crate) issuing: (Authority, KeyPair),
}

impl Authorities {
    pub(crate) fn new() -> Self {
        let root_key = KeyPair::generate(KeyKind::P256).expect("a key");
        let root = Authority::root(
            "CN=Test Root".parse().expect("a name"),
            copy(&root_key),
            &Profile::root(),
            now() - Duration::days(10),
        );
        let root = root.expect("a root");
        let key = KeyPair::generate(KeyKind::P256).expect("a key");
        let name = "CN=Test Issuing CA".parse().expect("a name");
        let parameters = CertificateParameters::for_key(key.public_key_der(), name);
        let issued = root
            .issue(
                &parameters,
                &Profile::issuing_ca(),
                now() - Duration::days(10),
            )
            .expect("an issuing CA");
        let chain = vec![issued.certificate().clone(), root.certificate().clone()];
        let issuing = Authority::new(chain, copy(&key)).expect("an authority");
        Self {
            root: (root, root_key),
            issuing: (issuing, key),
        }
    }

    /// Writes both into a directory, for another process.
    pub(crate) fn write(&self, directory: &Path) -> std::io::Result<()> {
        for (name, (authority, key)) in [("root", &self.root), ("issuing", &self.issuing)] {
            let chain = authority.chain().iter().map(pki_core::certificate_pem);
            std::fs::write(
                directory.join(name).with_extension("crt"),
                chain.collect::<String>(),
            )?;
            let key = key.secret_pkcs8_pem();
            std::fs::write(directory.join(name).with_extension("key"), key.as_bytes())?;
        }
        Ok(())
    }

    /// Reads what another process has written.
    pub(crate) fn read(directory: &Path) -> std::io::Result<Self> {
        let read = |name: &str| {
            let key = std::fs::read(directory.join(name).with_extension("key"))?;
            let key = KeyPair::from_pem(&key, None).expect("a key");
            let chain = std::fs::read(directory.join(name).with_extension("crt"))?;
            let authority = Authority::from_pem(&chain, copy(&key)).expect("an authority");
            Ok::<_, std::io::Error>((authority, key))
        };
        Ok(Self {
            root: read("root")?,
            issuing: read("issuing")?,
        })
    }

    /// The same two in another store, or another process.
    pub(crate) fn again(&self) -> Self {
        let authority = |(authority, key): &(Authority, KeyPair)| {
            let again = Authority::new(authority.chain().to_vec(), copy(key));
            (again.expect("an authority"), copy(key))
        };
        Self {
            root: authority(&self.root),
            issuing: authority(&self.issuing),
        }
    }

    /// Adds both to the store.
    pub(crate) async fn in_store(
        self,
        store: &Store,
        partitions: u32,
    ) -> [CertificateAuthority; 2] {
        let mut cas = Vec::new();
        for (authority, role) in [
            (self.root.0, IssuerRole::Root),
            (self.issuing.0, IssuerRole::Issuing),
        ] {
            let mut issuer = NewIssuer::new("test", role, authority.chain().to_vec());
            if role == IssuerRole::Issuing {
                issuer.partitions = partitions;
                issuer.crl_url = Some(CRL_URL.into());
            }
            let added = store.add_issuer(issuer, &actor(), now()).await;
            added.expect("an issuer");
            let ca = CertificateAuthority::new(authority, store.clone()).await;
            cas.push(ca.expect("a CA"));
        }
        cas.try_into().expect("two")
    }
}

impl Kit {
    pub(crate) async fn new() -> Self {
        Self::with(1, |options| options).await
    }

    pub(crate) async fn with(
        partitions: u32,
        options: impl FnOnce(StoreOptions) -> StoreOptions,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let url = StoreUrl::from(directory.path().join("store.db"));
        let store = options(StoreOptions::new(url))
            .open()
            .await
            .expect("a store");
        let [root, ca] = Authorities::new().in_store(&store, partitions).await;
        Self {
            directory,
            store,
            root,
            ca,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("store.db")
    }

    pub(crate) async fn issue(&self, name: &str) -> Result<IssuedRecord, IssueError> {
        self.ca
            .issue(order(name, &new_key(), &client()), now())
            .await
    }
}

pub(crate) fn order<'a>(name: &str, key: &KeyPair, profile: &'a Profile) -> Order<'a> {
    let name = format!("CN={name}").parse().expect("a name");
    let parameters = CertificateParameters::for_key(key.public_key_der(), name);
    Order::new(parameters, profile, "client", actor())
}

/// A client's profile with the CRL of the issuing CA.
pub(crate) fn client() -> Profile {
    let mut profile = Profile::client();
    profile.crl_distribution_points = vec![CRL_URL.into()];
    profile
}

pub(crate) fn new_key() -> KeyPair {
    KeyPair::generate(KeyKind::P256).expect("a key")
}

pub(crate) fn copy(key: &KeyPair) -> KeyPair {
    let der = key.secret_pkcs8_pem();
    KeyPair::from_pem(der.as_bytes(), None).expect("the same key")
}

pub(crate) fn actor() -> Actor {
    Actor::new("test")
}

pub(crate) fn of(selector: Selector) -> Selection {
    Selection::of("test", selector)
}

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a time")
}

pub(crate) const CRL_URL: &str = "http://ca.example/crl/issuing-{partition}.crl";
