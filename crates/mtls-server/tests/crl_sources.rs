//! Where revocation lists come from, and what of it is believed.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mtls_server::{
    crl::{CrlSource, CrlSourceError, CrlSources, LoadedCrls},
    plain_http::HttpError,
    verify::{Revocation, Scope},
};
use pki_core::verify::{ChainVerifier, CrlHistory, Purpose, TrustAnchors, unix_time};
use support::{
    origin::{Origin, Reply},
    pki::{Ca, Leaf},
};
use test_pki::{
    Crl,
    rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyIdMethod},
};
use time::OffsetDateTime;
use x509_identity::Certificate;

/// Whether `leaf` passes with these lists; the roots' signatures on lists are verified as a server does.
fn passes(loaded: &LoadedCrls, ca: &Ca, leaf: &Leaf) -> bool {
    let anchors = TrustAnchors::from_certs([ca.der()]).unwrap();
    let verifier = ChainVerifier::builder(anchors, Purpose::TlsClient)
        .revocation(Revocation::new(loaded.crls.clone()))
        .build();
    let chain = leaf.chain();
    verifier
        .verify(&chain[0], &chain[1..], unix_time(now()))
        .is_ok()
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn client(ca: &Ca, serial: u64) -> Leaf {
    ca.client("client").serial(serial)
}

/// Answers with whatever is in it at the moment.
#[derive(Clone)]
struct Shelf(Arc<Mutex<Reply>>);

impl Shelf {
    async fn open(reply: Reply) -> (Self, Origin) {
        let shelf = Self(Arc::new(Mutex::new(reply)));
        let shown = shelf.clone();
        let origin = Origin::start(move |_| shown.0.lock().unwrap().clone()).await;
        (shelf, origin)
    }

    fn put(&self, reply: Reply) {
        *self.0.lock().unwrap() = reply;
    }
}

async fn first_load(reply: Reply) -> Result<LoadedCrls, CrlSourceError> {
    let (_shelf, origin) = Shelf::open(reply).await;
    let source = CrlSource::url(&origin.url("/ca.crl")).unwrap();
    CrlSources::new([source.timeout(Duration::from_millis(300))])
        .load(now())
        .await
}

#[tokio::test]
async fn files_directories_and_urls_are_one_set() {
    let (a, b, c) = (Ca::root("a"), Ca::root("b"), Ca::root("c"));
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("a.pem"), a.crl().revoke(1_u64).pem()).unwrap();
    fs::create_dir(path("more")).unwrap();
    fs::write(path("more/b.crl"), b.crl().pem()).unwrap();
    let (_shelf, origin) = Shelf::open(Reply::ok(c.crl().pem())).await;

    let sources = CrlSources::new([
        CrlSource::file(path("a.pem")),
        CrlSource::directory(path("more")),
        CrlSource::url(&origin.url("/c.crl?full")).unwrap(),
    ]);
    let loaded = sources.load(now()).await.unwrap();
    assert!(loaded.problems.is_empty());
    assert_eq!(loaded.crls.len(), 3);
    for (ca, serial, good) in [(&a, 1, false), (&a, 2, true), (&b, 1, true), (&c, 1, true)] {
        assert_eq!(passes(&loaded, ca, &client(ca, serial)), good);
    }
    let request = &origin.requests()[0];
    assert!(request.head.starts_with("GET /c.crl?full HTTP/1.1\r\n"));
    assert_eq!(
        request.field("host"),
        Some(origin.address.to_string().as_str())
    );
}

#[tokio::test]
async fn the_fingerprint_changes_with_the_content_alone() {
    let ca = Ca::root("root");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.crl");
    let sources = CrlSources::new([CrlSource::file(&path)]);
    let list = ca.crl().pem();
    fs::write(&path, &list).unwrap();
    let first = sources.load(now()).await.unwrap().fingerprint;
    fs::write(&path, &list).unwrap();
    assert_eq!(sources.load(now()).await.unwrap().fingerprint, first);
    fs::write(&path, ca.crl().revoke(1_u64).pem()).unwrap();
    let changed = sources.load(now()).await.unwrap();
    assert_ne!(changed.fingerprint, first);
    assert!(!passes(&changed, &ca, &client(&ca, 1)));
}

#[tokio::test]
async fn a_directory_is_read_by_names_and_one_bad_file_spoils_it() {
    let ca = Ca::root("root");
    let list = ca.crl().revoke(1_u64).pem();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let sources = CrlSources::new([CrlSource::directory(directory.path())]);

    let empty = sources.load(now()).await.unwrap_err();
    assert!(empty.to_string().contains("no file in"), "{empty}");
    fs::write(path("1a2b3c4d.r0"), &list).unwrap();
    fs::write(path("ca.crl"), &list).unwrap();
    fs::write(path("ca.pem"), ca.pem()).unwrap();
    fs::write(path("README"), "nothing to see").unwrap();
    fs::write(path(".ca.crl.swp"), "half a li").unwrap();
    fs::create_dir(path("old.crl")).unwrap();
    assert_eq!(sources.load(now()).await.unwrap().crls.len(), 1);

    for (name, content, says) in [
        ("bad.crl", "half a li", "neither PEM nor DER"),
        ("bad.crl", "", "is empty"),
        ("bad.r1", ca.pem().as_str(), "holds a certificate"),
        ("bad.pem", "half a li", "neither PEM nor DER"),
        ("bad.der", &list[..300], "bad.der"),
    ] {
        fs::write(path(name), content).unwrap();
        let error = sources.load(now()).await.unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(name) && message.contains(says),
            "{message}"
        );
        fs::remove_file(path(name)).unwrap();
    }
    sources.load(now()).await.unwrap();

    for (missing, says) in [("nowhere", "does not exist"), ("ca.crl", "is no directory")] {
        let error = CrlSources::new([CrlSource::directory(path(missing))])
            .load(now())
            .await;
        let message = error.unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
    let none = CrlSources::new([]).load(now()).await.unwrap_err();
    assert!(matches!(none, CrlSourceError::NoSource));
}

#[tokio::test]
async fn a_url_that_gives_no_crl_says_why() {
    type Wanted = fn(&HttpError) -> bool;
    let elsewhere = ("Location", "http://127.0.0.1:1/other.crl");
    let cases: [(&str, Reply, Wanted); 6] = [
        (
            "404",
            Reply::with("404 Not Found", &[], "no"),
            |e| matches!(e, HttpError::Status(s) if *s == 404),
        ),
        (
            "redirect",
            Reply::with("302 Found", &[elsewhere], ""),
            |e| matches!(e, HttpError::Redirect { status: 302, location } if location.ends_with("/other.crl")),
        ),
        (
            "announced too large",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n").hanging(),
            |e| matches!(e, HttpError::TooLarge { .. }),
        ),
        (
            "slow",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n-----BEGIN").hanging(),
            |e| matches!(e, HttpError::Timeout(_)),
        ),
        (
            "cut",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n-----BEGIN"),
            |e| matches!(e, HttpError::Exchange(_)),
        ),
        ("not HTTP", Reply::raw("SSH-2.0-OpenSSH_9.2\r\n"), |e| {
            matches!(e, HttpError::Exchange(_))
        }),
    ];
    for (case, reply, wanted) in cases {
        match first_load(reply).await.unwrap_err() {
            CrlSourceError::Download { source, .. } => {
                assert!(wanted(&source), "{case}: {source:?}")
            }
            error => panic!("{case}: {error:?}"),
        }
    }
    for (case, body, says) in [
        ("HTML", "<html>sign in</html>", "neither PEM nor DER"),
        ("nothing", "", "nothing"),
        (
            "a certificate",
            &Ca::root("root").pem(),
            "holds a certificate",
        ),
    ] {
        let error = first_load(Reply::ok(body)).await.unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, CrlSourceError::Downloaded(_)), "{case}");
        assert!(
            message.contains("http://127.0.0.1") && message.contains(says),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_body_without_length_is_read_up_to_the_limit() {
    let ca = Ca::root("root");
    let list = ca.crl().pem();
    let chunked = |body: &[u8]| {
        let mut reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        reply.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
        reply.extend_from_slice(body);
        reply.extend_from_slice(b"\r\n0\r\n\r\n");
        reply
    };
    tokio::spawn(first_load(Reply::raw(chunked(list.as_bytes()))))
        .await
        .unwrap()
        .unwrap();

    let endless = chunked(&vec![b'\n'; (64 << 20) + 1]);
    let (_shelf, origin) = Shelf::open(Reply::raw(endless)).await;
    let source = CrlSource::url(&origin.url("/")).unwrap();
    let error = CrlSources::new([source]).load(now()).await.unwrap_err();
    assert!(
        matches!(
            error,
            CrlSourceError::Download {
                source: HttpError::TooLarge { .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_unchanged_url_is_not_sent_again() {
    let ca = Ca::root("root");
    let list = ca.crl().revoke(1_u64).pem();
    let origin = Origin::start(move |request| {
        if request.field("if-none-match") == Some("\"v1\"") {
            Reply::with("304 Not Modified", &[], "")
        } else {
            let fields = [
                ("ETag", "\"v1\""),
                ("Last-Modified", "Sat, 01 Nov 2025 10:00:00 GMT"),
            ];
            Reply::with("200 OK", &fields, &list)
        }
    })
    .await;
    let sources = CrlSources::new([CrlSource::url(&origin.url("/")).unwrap()]);
    let first = sources.load(now()).await.unwrap();
    let second = sources.load(now()).await.unwrap();
    assert_eq!(first.fingerprint, second.fingerprint);
    assert!(second.problems.is_empty());
    assert!(!passes(&second, &ca, &client(&ca, 1)));
    let requests = origin.requests();
    assert_eq!(requests[0].field("if-none-match"), None);
    assert_eq!(requests[1].field("if-none-match"), Some("\"v1\""));
    assert_eq!(
        requests[1].field("if-modified-since"),
        Some("Sat, 01 Nov 2025 10:00:00 GMT")
    );
}

#[tokio::test]
async fn a_url_that_fails_later_leaves_the_last_crls() {
    let ca = Ca::root("root");
    let revoked = client(&ca, 1);
    let (shelf, origin) = Shelf::open(Reply::ok(ca.crl().revoke(1_u64).pem())).await;
    let source = CrlSource::url(&origin.url("/")).unwrap();
    let sources = CrlSources::new([source.timeout(Duration::from_millis(300))]);
    let first = sources.load(now()).await.unwrap();
    for bad in [
        Reply::with("503 Service Unavailable", &[], ""),
        Reply::ok("<html>"),
        Reply::raw("").hanging(),
    ] {
        shelf.put(bad);
        let later = sources.load(now()).await.unwrap();
        assert_eq!(later.problems.len(), 1);
        assert_eq!(later.fingerprint, first.fingerprint);
        assert!(!passes(&later, &ca, &revoked));
    }
    shelf.put(Reply::ok(ca.crl().number(2).pem()));
    let healed = sources.load(now()).await.unwrap();
    assert!(healed.problems.is_empty());
}

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
    let partial = Ca::root("somebody").crl().with(|params| {
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint {
                uris: vec!["http://crl.test/".to_owned()],
            },
            scope: Some(CrlScope::UserCertsOnly),
        });
    });
    let mut delta = partial.der().to_vec();
    // An unknown critical extension instead of issuingDistributionPoint.
    let idp = delta
        .windows(3)
        .position(|at| at == [0x55, 0x1d, 0x1c])
        .unwrap();
    delta[idp + 2] = 0x7f;
    issuing
        .shelf
        .put(Reply::ok([five.pem(), pem(&delta)].concat()));
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

fn pem(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    format!("-----BEGIN X509 CRL-----\n{base64}\n-----END X509 CRL-----\n")
}

#[tokio::test]
async fn only_plain_http_urls_are_sources() {
    assert!(CrlSource::url("http://ca.test/root.crl").is_ok());
    for url in ["https://ca.test/root.crl", "ldap://ca.test/", "ca.crl", ""] {
        assert!(CrlSource::url(url).is_err(), "{url}");
    }
}
