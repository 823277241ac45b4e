//! Roots and CRLs are replaced while they are in use, by hand or from files, and bad files change nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use mtls_client::{
    AnchorError, Connector, CrlLoadError, FileError, TrustFileError, TrustFiles, TrustWatch,
    platform_roots,
};
use tempfile::TempDir;

use crate::support::*;

const SERIAL: u64 = 4711;

fn numbered_server(ca: &Ca) -> Leaf {
    ca.server("localhost").serial(SERIAL)
}

/// What becomes of a request: the kind of its error.
async fn outcome(via: Via, connector: &Connector, address: std::net::SocketAddr) -> Option<String> {
    let got = request(via, connector, &url(address), Bytes::new()).await;
    got.err().map(|error| error.kind().as_str().to_owned())
}

#[tokio::test]
async fn replaced_roots_and_crls_count_from_the_next_handshake_on() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let server = numbered_server(&ca);
    let address = serve(&server, Clients::NotAsked).await;
    let untrusted = Some("untrusted-server");
    for via in BOTH {
        let connector = connector(&other, identity_of(&ca.client("client1")))
            .build()
            .unwrap();
        assert_eq!(
            outcome(via, &connector, address).await.as_deref(),
            untrusted
        );
        connector.set_roots(anchors(&other).and(&anchors(&ca)));
        assert_eq!(outcome(via, &connector, address).await, None, "{via:?}");
        connector.set_revocation(revocation(&ca, &[SERIAL]));
        let revoked = outcome(via, &connector, address).await;
        assert_eq!(revoked.as_deref(), Some("revoked"), "{via:?}");
        connector.set_revocation(revocation(&ca, &[SERIAL + 1]));
        assert_eq!(outcome(via, &connector, address).await, None, "{via:?}");
        connector.set_roots(anchors(&other));
        assert_eq!(
            outcome(via, &connector, address).await.as_deref(),
            untrusted
        );
    }
}

#[tokio::test]
async fn a_rotating_client_uses_no_connection_of_the_roots_and_crls_before() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let address = serve(&numbered_server(&ca), Clients::NotAsked).await;
    type Change<'a> = Box<dyn Fn(&Connector) + 'a>;
    let changes: [(Change<'_>, &str); 2] = [
        (
            Box::new(|connector| connector.set_roots(anchors(&other))),
            "untrusted-server",
        ),
        (
            Box::new(|connector| connector.set_revocation(revocation(&ca, &[SERIAL]))),
            "revoked",
        ),
    ];
    for (change, expected) in changes {
        let connector = connector(&ca, identity_of(&ca.client("client1")))
            .build()
            .unwrap();
        let client = connector
            .rotating(|connector| connector.reqwest().build())
            .unwrap();
        let get = || async { client.get().get(url(address)).send().await };
        assert!(get().await.is_ok());
        change(&connector);
        let error = mtls_client::Error::from_reqwest(get().await.unwrap_err());
        assert_eq!(error.kind().as_str(), expected);
    }
}

struct Files {
    directory: TempDir,
}

impl Files {
    fn new(roots: &str, crl: &[u8]) -> Self {
        let files = Self {
            directory: TempDir::new().unwrap(),
        };
        fs::write(files.roots(), roots).unwrap();
        fs::write(files.crl(), crl).unwrap();
        files
    }

    fn roots(&self) -> PathBuf {
        self.directory.path().join("ca.crt")
    }

    fn crl(&self) -> PathBuf {
        self.directory.path().join("ca.crl")
    }

    /// A watch that has done its own first reading, and from then on reads when it is asked to.
    async fn watch(&self, connector: &Connector) -> TrustWatch {
        let files = TrustFiles::roots(self.roots()).crl(self.crl());
        let watch = connector.watch_trust(files, Duration::from_secs(3600));
        // Checks take turns: whichever was first took what the files hold.
        for _ in 0..2 {
            watch.check().await.unwrap();
        }
        watch
    }
}

fn ends_with(path: &Path, name: &str) -> bool {
    path.ends_with(name)
}

#[tokio::test]
async fn what_the_files_hold_counts_and_bad_files_change_nothing() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let address = serve(&numbered_server(&ca), Clients::NotAsked).await;
    let files = Files::new(&other.pem(), other.crl().der());
    let connector = connector(&ca, identity_of(&ca.client("client1")))
        .build()
        .unwrap();
    let watch = files.watch(&connector).await;
    let asked = async || outcome(Via::Hyper, &connector, address).await;
    assert_eq!(asked().await.as_deref(), Some("untrusted-server"));

    fs::write(files.roots(), ca.pem()).unwrap();
    fs::write(files.crl(), ca.crl().der()).unwrap();
    assert!(watch.check().await.unwrap());
    assert!(!watch.check().await.unwrap(), "taken once");
    assert_eq!(asked().await, None);

    // A good file beside a bad one: nothing of it is taken.
    let revoking = ca.crl().revoke(SERIAL).der().clone();
    let too_long = vec![b'\n'; (1 << 20) + 1];
    type Bad<'a> = (&'a str, Box<dyn Fn() + 'a>, fn(&TrustFileError) -> bool);
    let bad: [Bad<'_>; 6] = [
        (
            "no roots in it",
            Box::new(|| fs::write(files.roots(), "garbage").unwrap()),
            |error| matches!(error, TrustFileError::UnusableRoots { path, source: AnchorError::Empty } if ends_with(path, "ca.crt")),
        ),
        (
            "empty roots",
            Box::new(|| fs::write(files.roots(), "").unwrap()),
            |error| matches!(error, TrustFileError::UnusableRoots { .. }),
        ),
        (
            "roots too long",
            Box::new(|| fs::write(files.roots(), &too_long).unwrap()),
            |error| matches!(error, TrustFileError::Unreadable { path, source: FileError::TooLarge { .. } } if ends_with(path, "ca.crt")),
        ),
        (
            "no roots file",
            Box::new(|| fs::remove_file(files.roots()).unwrap()),
            |error| matches!(error, TrustFileError::Unreadable { path, .. } if ends_with(path, "ca.crt")),
        ),
        (
            "garbled CRL beside other roots",
            Box::new(|| {
                fs::write(files.roots(), other.pem()).unwrap();
                fs::write(files.crl(), "garbage").unwrap();
            }),
            |error| matches!(error, TrustFileError::UnusableCrls { source } if !matches!(source, CrlLoadError::Unusable { .. })),
        ),
        (
            "no CRL file",
            Box::new(|| fs::remove_file(files.crl()).unwrap()),
            |error| matches!(error, TrustFileError::Unreadable { path, .. } if ends_with(path, "ca.crl")),
        ),
    ];
    for (case, spoil, expected) in bad {
        spoil();
        for _ in 0..2 {
            let error = watch.check().await.unwrap_err();
            assert!(expected(&error), "{case}: {error:?}");
        }
        assert_eq!(asked().await, None, "{case}");
    }

    fs::write(files.roots(), ca.pem()).unwrap();
    fs::write(files.crl(), revoking).unwrap();
    assert!(watch.check().await.unwrap());
    assert_eq!(asked().await.as_deref(), Some("revoked"));
}

#[tokio::test]
async fn how_strictly_crls_are_read_outlasts_a_reload() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let address = serve(&numbered_server(&ca), Clients::NotAsked).await;
    // A CRL of another CA says nothing about the server.
    let unknown = || revocation(&other, &[]);
    for (revocation, expected) in [
        (unknown(), Some("untrusted-server")),
        (unknown().unknown(mtls_client::UnknownStatus::Allow), None),
    ] {
        let files = Files::new(&ca.pem(), other.crl().revoke(1_u64).der());
        let connector = connector(&ca, identity_of(&ca.client("client1")))
            .revocation(revocation)
            .build()
            .unwrap();
        let _watch = files.watch(&connector).await;
        let got = outcome(Via::Hyper, &connector, address).await;
        assert_eq!(got.as_deref(), expected);
    }
}

#[tokio::test]
async fn roots_beside_the_bundle_stay_whatever_it_holds() {
    let (ca, other) = (Ca::root("root"), Ca::root("other"));
    let files = Files::new(&other.pem(), &[]);
    for (files, accepted) in [
        (TrustFiles::roots(files.roots()).beside(anchors(&ca)), true),
        (TrustFiles::roots(files.roots()), false),
    ] {
        let roots = files.read().unwrap().roots;
        let found = roots
            .certificates()
            .iter()
            .any(|root| root.der() == ca.der().as_ref());
        assert_eq!(found, accepted);
    }
}

/// The roots of the platform are those that `SSL_CERT_FILE` names, which only a process of its own can set.
#[tokio::test]
async fn roots_of_the_platform_count_only_where_they_are_asked_for() {
    const BUNDLE: &str = "MTLS_CLIENT_TEST_ROOTS_OF_THE_PLATFORM";
    if std::env::var_os(BUNDLE).is_some() {
        return asks_with_platform_roots().await;
    }
    let (platform, private) = (Ca::root("platform"), Ca::root("private"));
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    // What cannot be read is left out.
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    fs::write(at("platform.pem"), format!("{broken}{}", platform.pem())).unwrap();
    fs::write(at("empty.pem"), "").unwrap();
    fs::write(at("private.pem"), private.pem()).unwrap();
    let client = private.client("client1");
    fs::write(at("client.crt"), client.chain_pem()).unwrap();
    fs::write(at("client.key"), client.key_pem()).unwrap();
    for (bundle, roots, ca, expected) in [
        ("platform.pem", "platform", &platform, "accepted"),
        ("platform.pem", "platform", &private, "untrusted-server"),
        ("platform.pem", "private", &platform, "untrusted-server"),
        ("platform.pem", "private", &private, "accepted"),
        ("platform.pem", "both", &platform, "accepted"),
        ("platform.pem", "both", &private, "accepted"),
        ("empty.pem", "platform", &platform, "no roots"),
    ] {
        let address = serve(&ca.server("localhost"), Clients::NotAsked).await;
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args([
                "server::trust::roots_of_the_platform_count_only_where_they_are_asked_for",
                "--exact",
                "--nocapture",
            ])
            .env(BUNDLE, roots)
            .env("MTLS_CLIENT_TEST_URL", url(address))
            .env("MTLS_CLIENT_TEST_FILES", directory.path())
            .env("SSL_CERT_FILE", at(bundle))
            .env_remove("SSL_CERT_DIR");
        let output = tokio::task::spawn_blocking(move || child.output().unwrap())
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let verdict = format!("verdict: {expected}\n");
        assert!(said.contains(&verdict), "{bundle} {roots}: {said}");
    }
}

async fn asks_with_platform_roots() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let files = PathBuf::from(variable("MTLS_CLIENT_TEST_FILES"));
    let private = TrustFiles::roots(files.join("private.pem"))
        .read()
        .unwrap()
        .roots;
    let roots = match variable("MTLS_CLIENT_TEST_ROOTS_OF_THE_PLATFORM").as_str() {
        "private" => Ok(private),
        "platform" => platform_roots(),
        _ => platform_roots().map(|roots| private.and(&roots)),
    };
    let Ok(roots) = roots else {
        return println!("\nverdict: no roots");
    };
    let identity =
        mtls_client::IdentityFiles::pem(files.join("client.crt"), files.join("client.key"));
    let connector = Connector::builder(roots, identity.read().unwrap())
        .build()
        .unwrap();
    let url = variable("MTLS_CLIENT_TEST_URL");
    match request(Via::Hyper, &connector, &url, Bytes::new()).await {
        Ok(_) => println!("\nverdict: accepted"),
        Err(error) => println!("\nverdict: {}", error.kind()),
    }
}
