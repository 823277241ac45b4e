//! The files of an identity are followed; what is bad in them changes nothing.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtls_client::{
    Connector, FileError, IdentityError, IdentityFileError, IdentityFiles, IdentityWatch, Password,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use x509_identity::Certificate;

use crate::support::*;

/// A server that notes which certificates were presented.
struct Noting {
    url: String,
    presented: Arc<Mutex<Vec<String>>>,
}

impl Noting {
    async fn new(ca: &Ca) -> Self {
        let config = server_config(
            &ca.server("localhost"),
            &Clients::Required(ca, Vec::new()),
            HTTP1,
        );
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = url(listener.local_addr().unwrap());
        let presented: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&presented);
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                // A test that waits no longer leaves in the middle of a handshake.
                let Ok(stream) = acceptor.accept(tcp).await else {
                    continue;
                };
                let leaf = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
                let leaf = Certificate::from_der(&leaf).unwrap();
                noted.lock().unwrap().push(leaf.serial().to_string());
            }
        });
        Self { url, presented }
    }

    /// The serial number that a new connection of `connector` presents.
    async fn presented_by(&self, connector: &Connector) -> String {
        let before = self.presented.lock().unwrap().len();
        let _stream = connector.connect(&self.url.parse().unwrap()).await.unwrap();
        loop {
            if let Some(serial) = self.presented.lock().unwrap().get(before) {
                return serial.clone();
            }
            tokio::task::yield_now().await;
        }
    }
}

fn write(directory: &Path, leaf: &Leaf) {
    leaf.write_to(directory, "tls");
}

fn files(directory: &Path) -> IdentityFiles {
    IdentityFiles::pem(directory.join("tls.crt"), directory.join("tls.key"))
}

/// A watch that has done its own first reading, and from then on reads when it is asked to.
async fn watch(connector: &Connector, directory: &Path) -> IdentityWatch {
    let watch = connector.watch(files(directory), Duration::from_secs(3600));
    // Checks take turns: the watch's own stands in the queue while the first of these is under way.
    for _ in 0..2 {
        assert!(!watch.check().await.unwrap(), "nothing has changed");
    }
    watch
}

#[tokio::test]
async fn what_the_files_hold_is_presented_and_bad_files_change_nothing() {
    let ca = Ca::root("root");
    let server = Noting::new(&ca).await;
    let directory = TempDir::new().unwrap();
    let (chain, key) = (
        directory.path().join("tls.crt"),
        directory.path().join("tls.key"),
    );
    write(directory.path(), &client_with_serial(&ca, 1));
    let identity = files(directory.path()).read().unwrap();
    let connector = connector(&ca, identity).build().unwrap();
    let watch = watch(&connector, directory.path()).await;
    assert_eq!(server.presented_by(&connector).await, "01");

    let second = client_with_serial(&ca, 2);
    write(directory.path(), &second);
    assert!(watch.check().await.unwrap());
    assert!(!watch.check().await.unwrap(), "taken once");
    assert_eq!(server.presented_by(&connector).await, "02");

    let third = client_with_serial(&ca, 3);
    let too_long = vec![b'\n'; (1 << 20) + 1];
    type Bad<'a> = (&'a str, Box<dyn Fn() + 'a>, fn(&IdentityFileError) -> bool);
    let bad: [Bad<'_>; 6] = [
        (
            "only the certificate is new",
            Box::new(|| fs::write(&chain, third.chain_pem()).unwrap()),
            |error| matches!(error, IdentityFileError::Unusable { source: IdentityError::KeyMismatch { .. }, path } if path.ends_with("tls.key")),
        ),
        (
            "garbage",
            Box::new(|| fs::write(&chain, "garbage").unwrap()),
            |error| matches!(error, IdentityFileError::Unusable { path, .. } if path.ends_with("tls.crt")),
        ),
        (
            "empty",
            Box::new(|| fs::write(&chain, "").unwrap()),
            |error| {
                matches!(
                    error,
                    IdentityFileError::Unusable {
                        source: IdentityError::Empty,
                        ..
                    }
                )
            },
        ),
        (
            "too long",
            Box::new(|| fs::write(&chain, &too_long).unwrap()),
            |error| {
                matches!(
                    error,
                    IdentityFileError::Unreadable {
                        source: FileError::TooLarge { .. },
                        ..
                    }
                )
            },
        ),
        (
            "no certificate file",
            Box::new(|| fs::remove_file(&chain).unwrap()),
            |error| matches!(error, IdentityFileError::Unreadable { path, .. } if path.ends_with("tls.crt")),
        ),
        (
            "no key file",
            Box::new(|| {
                write(directory.path(), &third);
                fs::remove_file(&key).unwrap();
            }),
            |error| matches!(error, IdentityFileError::Unreadable { path, .. } if path.ends_with("tls.key")),
        ),
    ];
    for (case, spoil, expected) in bad {
        spoil();
        for _ in 0..2 {
            let error = watch.check().await.unwrap_err();
            assert!(expected(&error), "{case}: {error:?}");
        }
        assert_eq!(server.presented_by(&connector).await, "02", "{case}");
    }
    write(directory.path(), &third);
    assert!(watch.check().await.unwrap());
    assert_eq!(server.presented_by(&connector).await, "03");
}

#[cfg(unix)]
#[tokio::test]
async fn a_swapped_symlink_is_followed() {
    let ca = Ca::root("root");
    let server = Noting::new(&ca).await;
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    for (name, serial) in [("..1", 1), ("..2", 2)] {
        fs::create_dir(at(name)).unwrap();
        write(&at(name), &client_with_serial(&ca, serial));
    }
    std::os::unix::fs::symlink("..1", at("..data")).unwrap();
    let identity = files(&at("..data")).read().unwrap();
    let connector = connector(&ca, identity).build().unwrap();
    let watch = watch(&connector, &at("..data")).await;
    std::os::unix::fs::symlink("..2", at("..new")).unwrap();
    fs::rename(at("..new"), at("..data")).unwrap();
    assert!(watch.check().await.unwrap());
    assert_eq!(server.presented_by(&connector).await, "02");
}

#[tokio::test]
async fn files_are_read_by_themselves_as_long_as_the_watch_is_kept() {
    let ca = Ca::root("root");
    let server = Noting::new(&ca).await;
    let directory = TempDir::new().unwrap();
    for (kept, expected) in [(true, "02"), (false, "01")] {
        write(directory.path(), &client_with_serial(&ca, 1));
        let identity = files(directory.path()).read().unwrap();
        let connector = connector(&ca, identity).build().unwrap();
        let watch = connector.watch(files(directory.path()), Duration::ZERO);
        assert!(!watch.check().await.unwrap());
        write(directory.path(), &client_with_serial(&ca, 2));
        let watch = kept.then_some(watch);
        let replaced = async {
            while server.presented_by(&connector).await != "02" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let limit = Duration::from_secs(if kept { 20 } else { 3 });
        let replaced = tokio::time::timeout(limit, replaced).await;
        assert_eq!(replaced.is_ok(), kept);
        assert_eq!(server.presented_by(&connector).await, expected);
        drop(watch);
    }
}

#[tokio::test]
async fn a_bundle_and_an_encrypted_key_are_read_with_their_password_only() {
    let ca = Ca::root("root");
    let leaf = client_with_serial(&ca, 1);
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    let key = pki_core::KeyPair::from_pem(leaf.key_pem().as_bytes(), None).unwrap();
    let password = || Password::new("right");
    let encrypted = key.secret_encrypted_pkcs8_pem(&password()).unwrap();
    fs::write(at("tls.crt"), leaf.chain_pem()).unwrap();
    fs::write(at("tls.key"), encrypted.as_bytes()).unwrap();
    let bundle = pkcs12_ios::Bundle::builder(&key, leaf.der())
        .build(&password())
        .unwrap();
    fs::write(at("client.p12"), bundle).unwrap();
    for (word, expected) in [("right", true), ("wrong", false)] {
        let files = [
            IdentityFiles::pkcs12(at("client.p12"), Password::new(word)),
            IdentityFiles::pem_with_password(at("tls.crt"), at("tls.key"), Password::new(word)),
        ];
        for files in files {
            assert_eq!(files.read().is_ok(), expected, "{files:?}");
        }
    }
}
