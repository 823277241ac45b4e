//! Revocation lists that somebody else sends, again or forged, and what of them is believed.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mtls_server::{
    crl::{CrlSource, CrlSourceError, CrlSources, LoadedCrls},
    verify::{Revocation, Scope},
};
use pki_core::verify::{ChainVerifier, CrlHistory, Purpose, TrustAnchors, unix_time};
use test_pki::{
    Crl,
    rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyIdMethod},
};
use x509_identity::Certificate;

use crate::support::{
    crls::{Shelf, client, now, passes},
    origin::{Origin, Reply},
    pki::{Ca, Leaf},
};

#[tokio::test]
async fn replayed_and_forged_crls_take_nothing_away() {
    let ca = Ca::root("root");
    let (alice, bob) = (client(&ca, 1), client(&ca, 2));
    let forger = Ca::root("root");
    let (shelf, origin) = Shelf::open(Reply::ok(ca.crl().number(5).revoke(1_u64).pem())).await;
    let sources = CrlSources::new([CrlSource::url(&origin.url("/")).unwrap()]);
    let load = async |reply| {
        shelf.put(reply);
        let loaded = sources.load(now()).await.unwrap();
        let verdicts = (passes(&loaded, &ca, &alice), passes(&loaded, &ca, &bob));
        (verdicts, loaded.problems.len())
    };
    let current = Reply::ok(ca.crl().number(5).revoke(1_u64).pem());
    assert_eq!(load(current).await, ((false, true), 0));
    // Signed, from before alice was revoked.
    assert_eq!(
        load(Reply::ok(ca.crl().number(4).pem())).await,
        ((false, true), 1)
    );
    // Of another CA, whose name nobody asks about.
    assert_eq!(
        load(Reply::ok(Ca::root("other").crl().pem())).await,
        ((false, true), 1)
    );
    // Newer than any, and not signed by the CA: nobody is let in, nobody shut out.
    assert_eq!(
        load(Reply::ok(forger.crl().number(900).revoke(2_u64).pem())).await,
        ((false, true), 0)
    );
    assert_eq!(
        load(Reply::ok(forger.crl().number(901).revoke(2_u64).pem())).await,
        ((false, true), 0)
    );
    // An old one is still an old one.
    assert_eq!(
        load(Reply::ok(ca.crl().number(4).pem())).await,
        ((false, true), 1)
    );
    // And the next true one comes through.
    assert_eq!(
        load(Reply::ok(
            ca.crl().number(6).revoke(1_u64).revoke(2_u64).pem()
        ))
        .await,
        ((false, false), 0)
    );
    assert_eq!(
        load(Reply::ok(ca.crl().number(7).revoke(1_u64).pem())).await,
        ((false, true), 0)
    );
}

/// An issuing CA below a root, and a URL of its CRLs.
struct Issuing {
    root: Ca,
    ca: Ca,
    alice: Leaf,
    bob: Leaf,
    shelf: Shelf,
    origin: Origin,
}

impl Issuing {
    /// Alice is on number 5.
    async fn new() -> Self {
        let root = Ca::root("root");
        let ca = root.issuing("issuing");
        let (alice, bob) = (client(&ca, 1), client(&ca, 2));
        let (shelf, origin) = Shelf::open(Reply::ok("")).await;
        Self {
            root,
            ca,
            alice,
            bob,
            shelf,
            origin,
        }
    }

    fn sources(&self) -> CrlSources {
        CrlSources::new([CrlSource::url(&self.origin.url("/")).unwrap()])
    }

    async fn load(&self, sources: &CrlSources, crl: &Crl) -> LoadedCrls {
        self.shelf.put(Reply::ok(crl.pem()));
        sources.load(now()).await.unwrap()
    }

    fn crl(&self, number: u64) -> Crl {
        self.ca.crl().number(number)
    }

    /// Of a CA of the same name, without any key of ours.
    fn forged(&self, number: u64) -> Crl {
        Ca::root("other")
            .issuing("issuing")
            .crl()
            .number(number)
            .revoke(2_u64)
    }

    /// The same, and it claims to be signed by our key.
    fn claimed(&self, number: u64) -> Crl {
        let id = KeyIdMethod::PreSpecified(self.ca.params().key_identifier(self.ca.key()));
        self.forged(number)
            .with(|params| params.key_identifier_method = id)
    }

    /// Alice and Bob.
    fn pass(&self, loaded: &LoadedCrls) -> (bool, bool) {
        let passes = |leaf: &Leaf| {
            let anchors = TrustAnchors::from_certs([self.root.der()]).unwrap();
            let revocation = Revocation::new(loaded.crls.clone()).scope(Scope::LeafOnly);
            let verifier = ChainVerifier::builder(anchors, Purpose::TlsClient)
                .revocation(revocation)
                .build();
            let chain = leaf.chain();
            verifier
                .verify(&chain[0], &chain[1..], unix_time(now()))
                .is_ok()
        };
        (passes(&self.alice), passes(&self.bob))
    }
}

#[tokio::test]
async fn what_nobody_could_verify_yet_is_not_taken_away_by_replays_and_forgeries() {
    let issuing = Issuing::new().await;
    let five = issuing.crl(5).revoke(1_u64);
    for (case, next, doubtful) in [
        ("replayed", issuing.crl(4), true),
        ("forged", issuing.forged(900), false),
        (
            "forged with the key identifier",
            issuing.claimed(900),
            false,
        ),
        ("forged and older", issuing.claimed(1), true),
        ("of somebody else", Ca::root("somebody").crl(), true),
    ] {
        let sources = issuing.sources();
        let loaded = issuing.load(&sources, &five).await;
        assert!(loaded.problems.is_empty(), "{case}");
        // No path is verified between the two.
        for _ in 0..2 {
            let loaded = issuing.load(&sources, &next).await;
            assert_eq!(loaded.problems.len(), usize::from(doubtful), "{case}");
        }
        let loaded = issuing.load(&sources, &next).await;
        assert_eq!(issuing.pass(&loaded), (false, true), "{case}");
    }
}

#[tokio::test]
async fn a_true_crl_is_not_kept_out_by_one_that_was_forged_before() {
    let issuing = Issuing::new().await;
    for forged in [issuing.forged(900), issuing.claimed(900)] {
        let sources = issuing.sources();
        issuing.load(&sources, &forged).await;
        let six = issuing.crl(6).revoke(1_u64);
        let loaded = issuing.load(&sources, &six).await;
        assert_eq!(issuing.pass(&loaded), (false, true));
        // A path was verified, so it is known which one was forged.
        let loaded = issuing.load(&sources, &six).await;
        assert!(loaded.problems.is_empty());
    }
}

#[tokio::test]
async fn the_key_of_one_crl_verifies_the_next_as_soon_as_it_arrives() {
    let issuing = Issuing::new().await;
    let sources = issuing.sources();
    let five = issuing.crl(5).revoke(1_u64);
    let loaded = issuing.load(&sources, &five).await;
    assert_eq!(issuing.pass(&loaded), (false, true));
    let six = issuing.crl(6).revoke(1_u64).revoke(2_u64);
    let loaded = issuing.load(&sources, &six).await;
    assert_eq!((loaded.problems.len(), loaded.crls.len()), (0, 1));
    // No path is verified in between.
    for (case, next, problems) in [
        ("replayed", &five, 1),
        ("forged", &issuing.claimed(900), 0),
        ("replayed again", &five, 1),
        ("the same", &six, 0),
        ("next", &issuing.crl(7).revoke(1_u64).revoke(2_u64), 0),
    ] {
        let loaded = issuing.load(&sources, next).await;
        assert_eq!(loaded.problems.len(), problems, "{case}");
        assert_eq!(issuing.pass(&loaded), (false, false), "{case}");
    }
}

#[tokio::test]
async fn a_crl_of_a_ca_that_is_named_is_verified_when_it_arrives() {
    let issuing = Issuing::new().await;
    let certificate = Certificate::from_der(issuing.ca.der()).unwrap();
    let sources = issuing.sources().issuers([certificate]);
    let five = issuing.crl(5).revoke(1_u64);
    issuing.load(&sources, &five).await;
    let six = issuing.crl(6).revoke(1_u64);
    issuing.load(&sources, &six).await;
    let loaded = issuing.load(&sources, &five).await;
    assert_eq!(loaded.problems.len(), 1);
    // Number 5 is not needed any more.
    assert_eq!(loaded.crls.len(), 1);
    assert_eq!(issuing.pass(&loaded), (false, true));
}

#[tokio::test]
async fn forged_crls_neither_fill_the_memory_nor_push_out_a_true_one() {
    let issuing = Issuing::new().await;
    let sources = issuing.sources();
    let five = issuing.crl(5).revoke(1_u64);
    issuing.load(&sources, &five).await;
    let most = CrlHistory::MAX_VERSIONS + 1;
    let mut last = None;
    for number in 0..50 {
        let loaded = issuing.load(&sources, &issuing.claimed(900 + number)).await;
        assert!(loaded.crls.len() <= most, "{}", loaded.crls.len());
        last = Some(loaded);
    }
    let last = last.unwrap();
    assert!(matches!(
        last.problems[..],
        [CrlSourceError::TooMany { .. }]
    ));
    assert_eq!(issuing.pass(&last), (false, true));
    // It is known now which are forged, so the next true one comes through.
    let six = issuing.crl(6).revoke(1_u64).revoke(2_u64);
    let loaded = issuing.load(&sources, &six).await;
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    assert_eq!(issuing.pass(&loaded), (false, false));
    for number in 0..50 {
        let loaded = issuing.load(&sources, &issuing.forged(900 + number)).await;
        assert!(loaded.crls.len() <= most + 1, "{}", loaded.crls.len());
        assert!(loaded.problems.is_empty());
        assert_eq!(issuing.pass(&loaded), (false, false));
    }
}

#[tokio::test]
async fn a_response_that_cannot_be_used_is_not_in_the_way_of_the_next() {
    let issuing = Issuing::new().await;
    let sources = issuing.sources();
    let five = issuing.crl(5).revoke(1_u64);
    issuing.load(&sources, &five).await;
    let unusable = not_understood(&Ca::root("somebody"));
    issuing
        .shelf
        .put(Reply::ok([five.pem(), unusable].concat()));
    let loaded = sources.load(now()).await.unwrap();
    assert!(matches!(
        loaded.problems[..],
        [CrlSourceError::Incomplete { .. }]
    ));
    assert_eq!(issuing.pass(&loaded), (false, true));
    let six = issuing.crl(6).revoke(2_u64);
    let loaded = issuing.load(&sources, &six).await;
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    assert_eq!(issuing.pass(&loaded), (true, false));
}

#[tokio::test]
async fn a_crl_that_was_taken_stays_whatever_happens_to_another_source() {
    let (issuing, somebody) = (Issuing::new().await, Ca::root("somebody"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("somebody.crl");
    fs::write(&path, somebody.crl().pem()).unwrap();
    let url = CrlSource::url(&issuing.origin.url("/")).unwrap();
    let sources = CrlSources::new([CrlSource::file(&path), url]);
    // Without the file it could not be used.
    let beside = not_understood(&somebody);
    for (crl, expected) in [
        (issuing.crl(5), (true, true)),
        (issuing.crl(6).revoke(1_u64), (false, true)),
    ] {
        let response = Reply::ok([crl.pem(), beside.clone()].concat());
        issuing.shelf.put(response);
        let loaded = sources.load(now()).await.unwrap();
        assert_eq!(issuing.pass(&loaded), expected);
    }
    fs::write(&path, Ca::root("other").crl().pem()).unwrap();
    for _ in 0..2 {
        let error = sources.load(now()).await.unwrap_err();
        assert!(
            matches!(error, CrlSourceError::Incomplete { .. }),
            "{error:?}"
        );
    }
    fs::write(&path, somebody.crl().pem()).unwrap();
    let gone = Reply::with("503 Service Unavailable", &[], "");
    issuing.shelf.put(gone);
    let loaded = sources.load(now()).await.unwrap();
    assert_eq!(loaded.problems.len(), 1);
    assert_eq!(issuing.pass(&loaded), (false, true));
}

#[tokio::test]
async fn an_older_version_goes_when_a_path_has_shown_whose_the_newer_one_is() {
    let issuing = Issuing::new().await;
    let sources = issuing.sources();
    let (five, six) = (issuing.crl(5).revoke(1_u64), issuing.crl(6).revoke(1_u64));
    issuing.load(&sources, &five).await;
    for _ in 0..2 {
        assert_eq!(issuing.load(&sources, &six).await.crls.len(), 2);
    }
    let loaded = issuing.load(&sources, &six).await;
    assert_eq!(issuing.pass(&loaded), (false, true));
    // The response is the one from before.
    let loaded = issuing.load(&sources, &six).await;
    assert_eq!(loaded.crls.len(), 1);
    assert_eq!(issuing.pass(&loaded), (false, true));
}

/// A CRL with an unknown critical extension, which is of use beside a complete one alone.
fn not_understood(ca: &Ca) -> String {
    let partial = ca.crl().with(|params| {
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint {
                uris: vec!["http://crl.test/".to_owned()],
            },
            scope: Some(CrlScope::UserCertsOnly),
        });
    });
    let mut der = partial.der().to_vec();
    // Instead of issuingDistributionPoint.
    let idp = der
        .windows(3)
        .position(|at| at == [0x55, 0x1d, 0x1c])
        .unwrap();
    der[idp + 2] = 0x7f;
    pem(&der)
}

fn pem(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    format!("-----BEGIN X509 CRL-----\n{base64}\n-----END X509 CRL-----\n")
}
