//! A root and an issuing CA with a store, and what is published of them.

use axum::Router;
use pki_core::verify::RevocationReason;
use pki_core::{Authority, CertificateParameters, KeyKind, KeyPair, Profile};
use pki_enroll::{Health, HttpLimits, HttpServer, PublicUrls, Publication, Publisher, Responder};
use pki_store::{
    Actor, CertificateAuthority, IssuedRecord, IssuerRole, NewIssuer, Order, Selection, Selector,
    Store, StoreUrl,
};
use time::OffsetDateTime;
use x509_identity::{Certificate, DistinguishedName, SerialNumber};

use super::http;

/// Where certificates say that everything is.
pub const BASE: &str = "http://ca.example";

pub struct Ca {
    pub directory: tempfile::TempDir,
    pub store: Store,
    pub root: CertificateAuthority,
    pub issuing: CertificateAuthority,
    issuing_key: String,
    /// The moment at which both were made.
    pub since: OffsetDateTime,
}

impl Ca {
    pub async fn new() -> Self {
        Self::with_partitions(1, OffsetDateTime::now_utc()).await
    }

    pub async fn with_partitions(partitions: u32, now: OffsetDateTime) -> Self {
        Self::with_keys(KeyKind::P256, partitions, now).await
    }

    pub async fn with_keys(kind: KeyKind, partitions: u32, now: OffsetDateTime) -> Self {
        let key = || KeyPair::generate(kind).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory).await;
        let urls = PublicUrls::new(BASE);
        let add = async |name: &str, authority: Authority, role, partitions| {
            let mut chain = vec![authority.certificate().clone()];
            chain.extend(authority.chain().iter().skip(1).cloned());
            let mut issuer = NewIssuer::new("default", role, chain);
            issuer.partitions = partitions;
            issuer.crl_url = Some(urls.crl(name));
            store.add_issuer(issuer, &actor(), now).await.unwrap();
            CertificateAuthority::new(authority, store.clone())
                .await
                .unwrap()
        };
        let root = Authority::root(name("root"), key(), &Profile::root(), now).unwrap();
        let root = add("default-root", root, IssuerRole::Root, 1).await;
        let issuing_key = key();
        let issuing_pem = issuing_key.secret_pkcs8_pem().to_string();
        let parameters =
            CertificateParameters::for_key(issuing_key.public_key_der(), name("issuing"));
        let mut profile = Profile::issuing_ca();
        profile.crl_distribution_points = vec![urls.crl("default-root")];
        let order = Order::new(parameters, &profile, "issuing-ca", actor());
        let issued = root.issue(order, now).await.unwrap();
        let chain = [vec![issued.certificate], issued.issuers.to_vec()].concat();
        let issuing = Authority::new(chain, issuing_key).unwrap();
        let issuing = add("default-issuing", issuing, IssuerRole::Issuing, partitions).await;
        Self {
            directory,
            store,
            root,
            issuing,
            issuing_key: issuing_pem,
            since: now,
        }
    }

    /// An issuing CA that takes the place of the first one, as after a rotation: its CRL is elsewhere.
    pub async fn next_issuing(&self) -> CertificateAuthority {
        let (urls, now) = (PublicUrls::new(BASE), OffsetDateTime::now_utc());
        let key = key();
        let subject = name("issuing 2");
        let parameters = CertificateParameters::for_key(key.public_key_der(), subject);
        let mut profile = Profile::issuing_ca();
        profile.crl_distribution_points = vec![urls.crl("default-root")];
        let order = Order::new(parameters, &profile, "issuing-ca", actor());
        let issued = self.root.issue(order, now).await.unwrap();
        let chain = [vec![issued.certificate], issued.issuers.to_vec()].concat();
        let mut issuer = NewIssuer::new("default", IssuerRole::Issuing, chain.clone());
        issuer.crl_url = Some(urls.crl("default-issuing-2"));
        let added = self.store.add_issuer(issuer, &actor(), now).await;
        added.unwrap();
        let authority = Authority::new(chain, key).unwrap();
        let next = CertificateAuthority::new(authority, self.store.clone());
        next.await.unwrap()
    }

    /// The same store, as another process has it.
    pub async fn reopened(&self) -> Store {
        open(&self.directory).await
    }

    pub async fn client(&self, common_name: &str) -> IssuedRecord {
        let now = OffsetDateTime::now_utc();
        self.issue(common_name, &Profile::client(), None, now).await
    }

    pub async fn issue(
        &self,
        common_name: &str,
        profile: &Profile,
        replaces: Option<SerialNumber>,
        now: OffsetDateTime,
    ) -> IssuedRecord {
        let parameters = CertificateParameters::for_key(key().public_key_der(), name(common_name));
        let mut profile = profile.clone();
        let urls = PublicUrls::new(BASE);
        profile.crl_distribution_points = vec![urls.crl("default-issuing")];
        profile.ocsp = vec![urls.ocsp()];
        let mut order = Order::new(parameters, &profile, "client", actor());
        order.replaces = replaces;
        self.issuing.issue(order, now).await.unwrap()
    }

    /// The issuing CA, as another process has it.
    pub fn copy_of_issuing(&self) -> Authority {
        let key = KeyPair::from_pem(self.issuing_key.as_bytes(), None).unwrap();
        Authority::new(self.issuing.authority().chain().to_vec(), key).unwrap()
    }

    /// Signed with the CA's key, and not in the store.
    pub fn unknown(&self) -> Certificate {
        let parameters = CertificateParameters::for_key(key().public_key_der(), name("unknown"));
        let now = OffsetDateTime::now_utc();
        let issued = self
            .issuing
            .authority()
            .issue(&parameters, &Profile::client(), now);
        issued.unwrap().certificate().clone()
    }

    pub async fn revoke(&self, certificate: &Certificate) {
        revoke(&self.store, certificate).await;
    }

    /// What keeps everything fresh, with both keys.
    pub fn publisher(&self) -> (Publisher, Published) {
        published(&self.store, [self.root.clone(), self.issuing.clone()])
    }
}

/// What a publisher publishes.
pub struct Published {
    pub publication: Publication,
    pub responder: Responder,
    pub health: Health,
}

pub fn published(
    store: &Store,
    authorities: impl IntoIterator<Item = CertificateAuthority>,
) -> (Publisher, Published) {
    let published = Published {
        publication: Publication::new(),
        responder: Responder::new(store.clone()),
        health: Health::default(),
    };
    let (publication, responder) = (published.publication.clone(), published.responder.clone());
    let publisher = Publisher::new(store.clone(), publication, responder)
        .authorities(authorities)
        .health(published.health.clone());
    (publisher, published)
}

impl Published {
    pub fn router(&self) -> Router {
        pki_enroll::publication(self.publication.clone())
            .merge(pki_enroll::ocsp(self.responder.clone()))
            .merge(pki_enroll::health(self.health.clone()))
    }

    pub async fn serve(&self) -> HttpServer {
        http::serve(self.router(), HttpLimits::default()).await
    }
}

pub async fn revoke(store: &Store, certificate: &Certificate) {
    let selection = Selection::of("default", Selector::Serial(certificate.serial().clone()));
    let reason = RevocationReason::Superseded;
    let now = OffsetDateTime::now_utc();
    let revoked = store.revoke(&selection, reason, &actor(), now).await;
    assert_eq!(revoked.unwrap().len(), 1);
}

async fn open(directory: &tempfile::TempDir) -> Store {
    let url = StoreUrl::Sqlite(directory.path().join("store.db"));
    Store::open(&url).await.unwrap()
}

pub fn key() -> KeyPair {
    KeyPair::generate(KeyKind::P256).unwrap()
}

pub fn name(common_name: &str) -> DistinguishedName {
    let name = DistinguishedName::builder().organization("Example");
    match common_name {
        "root" | "issuing" => name.common_name(common_name).build().unwrap(),
        leaf => DistinguishedName::builder()
            .common_name(leaf)
            .build()
            .unwrap(),
    }
}

pub fn actor() -> Actor {
    Actor::new("test")
}
