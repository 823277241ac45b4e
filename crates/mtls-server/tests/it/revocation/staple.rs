//! The OCSP answer that the server shows with its certificate.

use std::sync::{Arc, Mutex};

use mtls_server::{
    MtlsConfig, MtlsFiles, ServerIdentity, Serving, VirtualHostFiles,
    ocsp::{StapleError, Stapler},
    verify::TrustAnchors,
};
use pki_core::{
    CertificateParameters, KeyKind, KeyPair, Profile, certificate_pem, ocsp::OcspStatus,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use time::{Duration, OffsetDateTime};
use x509_identity::{Certificate, SubjectAltName};

use crate::support::{
    client,
    ocsp::{OcspWorld, Says, name},
};

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// The certificate of `localhost`, and its key.
fn server(world: &OcspWorld) -> (Certificate, KeyPair) {
    let mut profile = Profile::server();
    profile.ocsp = vec![world.origin.url("/ocsp")];
    let key = KeyPair::generate(KeyKind::P256).unwrap();
    let request = CertificateParameters::for_key(key.public_key_der(), name("localhost"))
        .sans([SubjectAltName::Dns("localhost".to_owned())]);
    (world.issue(&request, &profile), key)
}

fn stapler(world: &OcspWorld) -> Stapler {
    let (leaf, root) = (server(world).0, world.root.certificate());
    let chain = [leaf.der(), root.der()].map(CertificateDer::from);
    Stapler::new(&chain, None).unwrap()
}

#[tokio::test]
async fn only_a_good_answer_is_stapled() {
    let world = OcspWorld::new().await;
    let stapler = stapler(&world);
    let staple = stapler.fetch(now()).await.unwrap();
    assert!(staple.next_update().unwrap() > now());

    world.status(OcspStatus::Unknown);
    let error = stapler.fetch(now()).await.unwrap_err();
    assert!(
        matches!(error, StapleError::NotGood(OcspStatus::Unknown)),
        "{error:?}"
    );
    world.say(Says::Raw(crate::support::origin::Reply::ok("<html>")));
    let error = stapler.fetch(now()).await.unwrap_err();
    assert!(matches!(error, StapleError::Query(_)), "{error:?}");
}

#[tokio::test]
async fn the_issuer_is_in_the_chain_or_named() {
    let (world, other) = (OcspWorld::new().await, OcspWorld::new().await);
    let leaf = server(&world).0;
    let chain = [CertificateDer::from(leaf.der())];
    let root = CertificateDer::from(world.root.certificate().der());
    let of_that_name = CertificateDer::from(other.root.certificate().der());
    assert!(Stapler::new(&chain, Some(&root)).is_ok());
    for (chain, issuer) in [
        (&chain[..], None),
        (&chain, Some(&of_that_name)),
        (&[], Some(&root)),
    ] {
        let result = Stapler::new(chain, issuer);
        assert!(matches!(result, Err(StapleError::NoIssuer)), "{result:?}");
    }
}

#[tokio::test]
async fn a_staple_is_renewed_at_half_of_its_life() {
    let world = OcspWorld::new().await;
    let stapler = stapler(&world);
    for (life, half_hours, end_hours) in [(Some(Duration::hours(10)), 5, 10), (None, 0, 1)] {
        world.say(Says::Status(OcspStatus::Good, life));
        let now = now();
        let staple = stapler.fetch(now).await.unwrap();
        let wait = Duration::try_from(staple.refresh_in(now)).unwrap();
        let half = if half_hours == 0 {
            Duration::minutes(30)
        } else {
            Duration::hours(half_hours)
        };
        assert!((wait - half).abs() < Duration::minutes(1), "{wait}");
        let end = now + Duration::hours(end_hours);
        assert!(!staple.has_expired(end - Duration::minutes(1)));
        assert!(staple.has_expired(end + Duration::minutes(1)));
        // Never in a tight loop.
        assert_eq!(staple.refresh_in(end).as_secs(), 60);
    }
}

#[tokio::test]
async fn a_fresh_staple_is_published() {
    let world = OcspWorld::new().await;
    let (send, mut published) = tokio::sync::mpsc::unbounded_channel();
    let task = tokio::spawn(stapler(&world).keep_fresh(now, move |staple| {
        let _ = send.send(staple);
    }));
    assert!(published.recv().await.unwrap().is_some());
    task.abort();
    assert_eq!(world.asked(), 1);
}

/// Keeps what was stapled.
#[derive(Debug)]
struct Look {
    inner: Arc<WebPkiServerVerifier>,
    seen: Mutex<Vec<u8>>,
}

impl ServerCertVerifier for Look {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap() = ocsp_response.to_vec();
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[tokio::test]
async fn clients_get_the_staple_in_the_handshake() {
    let world = OcspWorld::new().await;
    let (leaf, key) = server(&world);
    let root = CertificateDer::from(world.root.certificate().der()).into_owned();
    let chain = [CertificateDer::from(leaf.der())];
    let staple = Stapler::new(&chain, Some(&root))
        .unwrap()
        .fetch(now())
        .await
        .unwrap();
    let identity = || {
        let key = key.secret_pkcs8_pem();
        ServerIdentity::from_pem(certificate_pem(&leaf).as_bytes(), key.as_bytes()).unwrap()
    };
    for (identity, expected) in [
        (identity(), &[][..]),
        (identity().stapled(staple.der()), staple.der()),
    ] {
        let anchors = TrustAnchors::from_certs([&root]).unwrap();
        let config =
            MtlsConfig::builder(identity, anchors).client_auth(mtls_server::ClientAuth::Optional);
        let serving = crate::support::start(config).await;
        for version in client::VERSIONS {
            let mut roots = RootCertStore::empty();
            roots.add(root.clone()).unwrap();
            let provider = Arc::new(aws_lc_rs::default_provider());
            let inner =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            let look = Arc::new(Look {
                inner: inner.build().unwrap(),
                seen: Mutex::default(),
            });
            let config = ClientConfig::builder_with_provider(provider)
                .with_protocol_versions(&[version])
                .unwrap()
                .dangerous()
                .with_custom_certificate_verifier(look.clone())
                .with_no_client_auth();
            client::get(serving.local_addr(), config, "/")
                .await
                .unwrap();
            assert_eq!(*look.seen.lock().unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn files_are_stapled_with_a_good_answer_and_with_the_last_one_until_it_expires() {
    let world = OcspWorld::new().await;
    let (leaf, key) = server(&world);
    let root = CertificateDer::from(world.root.certificate().der()).into_owned();
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let files = |stapled: bool| {
        let files = VirtualHostFiles::new(
            write("server.crt", &certificate_pem(&leaf)),
            write("server.key", &key.secret_pkcs8_pem()),
            write("ca.crt", &certificate_pem(world.root.certificate())),
        );
        let files = files.client_auth(mtls_server::ClientAuth::Optional);
        if stapled { files.stapled() } else { files }
    };
    let serve = async |stapled| {
        let config = MtlsFiles::new(files(stapled)).load().await.unwrap();
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        mtls_server::serve(tcp, crate::support::router(), config).unwrap()
    };
    let plain = serve(false).await;
    assert_eq!(seen(&plain, &root).await, Vec::<u8>::new());
    assert_eq!(world.asked(), 0);

    let serving = serve(true).await;
    let first = seen(&serving, &root).await;
    assert!(!first.is_empty());
    // It is good for a day, so nobody is asked again.
    serving.handle().reload().await.unwrap();
    assert_eq!(world.asked(), 1);
    assert_eq!(seen(&serving, &root).await, first);
    // Another certificate needs another one, and has none if there is none.
    let (renewed, key) = server(&world);
    world.status(OcspStatus::Unknown);
    write("server.crt", &certificate_pem(&renewed));
    write("server.key", &key.secret_pkcs8_pem());
    serving.handle().reload().await.unwrap();
    assert_eq!(seen(&serving, &root).await, Vec::<u8>::new());
    assert!(serving.handle().status().degraded.is_some());
    world.status(OcspStatus::Good);
    serving.handle().reload().await.unwrap();
    let second = seen(&serving, &root).await;
    assert!(!second.is_empty() && second != first);
    assert!(serving.handle().status().degraded.is_none());
}

#[tokio::test]
async fn the_issuer_of_a_staple_is_found_among_all_client_roots() {
    let (world, other) = (OcspWorld::new().await, OcspWorld::new().await);
    let (leaf, key) = server(&world);
    let root = CertificateDer::from(world.root.certificate().der()).into_owned();
    let [own, of_that_name] = [&world, &other].map(|it| certificate_pem(it.root.certificate()));
    for (roots, is_stapled) in [
        (own.clone() + &of_that_name, true),
        (of_that_name.clone() + &own, true),
        (of_that_name, false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let files = VirtualHostFiles::new(
            write("server.crt", &certificate_pem(&leaf)),
            write("server.key", &key.secret_pkcs8_pem()),
            write("ca.crt", &roots),
        );
        let files = files.client_auth(mtls_server::ClientAuth::Optional);
        let config = MtlsFiles::new(files.stapled()).load().await.unwrap();
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = mtls_server::serve(tcp, crate::support::router(), config).unwrap();
        assert_eq!(!seen(&serving, &root).await.is_empty(), is_stapled);
    }
}

#[tokio::test]
async fn a_staple_that_is_due_is_renewed_and_one_that_has_expired_is_not_presented() {
    let world = OcspWorld::new().await;
    let (leaf, key) = server(&world);
    let root = CertificateDer::from(world.root.certificate().der()).into_owned();
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let files = VirtualHostFiles::new(
        write("server.crt", &certificate_pem(&leaf)),
        write("server.key", &key.secret_pkcs8_pem()),
        write("ca.crt", &certificate_pem(world.root.certificate())),
    );
    let files = files.client_auth(mtls_server::ClientAuth::Optional);
    world.say(Says::Status(OcspStatus::Good, Some(Duration::seconds(3))));
    let config = MtlsFiles::new(files.stapled()).load().await.unwrap();
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let serving = mtls_server::serve(tcp, crate::support::router(), config).unwrap();
    assert!(!seen(&serving, &root).await.is_empty());
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    // The responder is gone: the last one was good until now.
    world.status(OcspStatus::Unknown);
    serving.handle().reload().await.unwrap();
    assert_eq!(seen(&serving, &root).await, Vec::<u8>::new());
    assert!(serving.handle().status().degraded.is_some());
}

/// What a client is shown with the certificate.
async fn seen(serving: &Serving, root: &CertificateDer<'static>) -> Vec<u8> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let look = Arc::new(Look {
        inner: inner.build().unwrap(),
        seen: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(look.clone())
        .with_no_client_auth();
    client::get(serving.local_addr(), config, "/")
        .await
        .unwrap();
    let seen = look.seen.lock().unwrap();
    seen.clone()
}
