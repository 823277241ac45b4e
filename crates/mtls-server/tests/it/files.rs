//! Each way of naming the wrong file gets one sentence with the file in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mtls_server::{ServerIdentity, files};

use crate::support::World;

struct Files {
    world: World,
    directory: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            world: World::new(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, contents).unwrap();
        path
    }
}

/// The message is one line that names `file` and says `what`.
#[track_caller]
fn says<T: std::fmt::Debug, E: std::error::Error>(result: Result<T, E>, file: &Path, what: &str) {
    let message = result.unwrap_err().to_string();
    assert!(message.contains(&file.display().to_string()), "{message}");
    assert!(message.contains(what), "{message}");
    assert!(!message.contains('\n'), "{message}");
}

#[test]
fn a_server_identity_is_read_as_pem_or_der() {
    let files = Files::new();
    let server = &files.world.server;
    for (certificate, key) in [
        (
            server.chain_pem().into_bytes(),
            server.key_pem().into_bytes(),
        ),
        (server.der().to_vec(), server.key().serialize_der()),
        (
            server.chain_pem().into_bytes(),
            server.key().serialize_der(),
        ),
    ] {
        let (certificate, key) = (files.path("crt", certificate), files.path("key", key));
        let identity = ServerIdentity::from_files(&certificate, &key).unwrap();
        assert_eq!(
            identity.certificate().subject().common_name(),
            Some("localhost")
        );
    }
}

#[test]
fn a_server_identity_from_wrong_files_says_what_to_do() {
    let files = Files::new();
    let server = &files.world.server;
    let certificate = files.path("server.crt", server.chain_pem());
    let key = files.path("server.key", server.key_pem());
    let missing = files.directory.path().join("missing");
    let directory = files.directory.path().to_owned();
    let empty = files.path("empty", "\n");
    let garbage = files.path("garbage", "not what you look for");
    let other_key = files.path("other.key", files.world.ca.client("x").key_pem());
    let encrypted = files.path(
        "encrypted.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let cut = files.path("cut.crt", &server.chain_pem()[..200]);
    let bad_der = files.path("bad.der", b"0\x03abc");

    for (bad, what) in [
        (&missing, "does not exist"),
        (&directory, "is a directory"),
        (&empty, "is empty"),
        (&garbage, "neither PEM nor DER"),
        (&key, "look swapped"),
        (&cut, "cut off"),
        (&bad_der, "cannot be read"),
    ] {
        let key = if bad == &key { &certificate } else { &key };
        says(ServerIdentity::from_files(bad, key), bad, what);
    }
    for (bad, what) in [
        (&missing, "does not exist"),
        (&directory, "is a directory"),
        (&empty, "is empty"),
        (&garbage, "text without a PEM section"),
        (&certificate, "swapped"),
        (&encrypted, "openssl pkey"),
        (&other_key, "does not belong"),
        (&bad_der, "malformed"),
    ] {
        says(ServerIdentity::from_files(&certificate, bad), bad, what);
    }
}

#[test]
fn client_roots_are_pem_with_any_number_or_der_and_never_none() {
    let files = Files::new();
    let ca = &files.world.ca;
    let second = crate::support::pki::Ca::root("Second");
    let both = files.path("both.pem", format!("{}{}", ca.pem(), second.pem()));
    assert_eq!(files::client_roots(&both).unwrap().certificates().len(), 2);
    let der = files.path("ca.der", ca.der());
    assert_eq!(files::client_roots(&der).unwrap().certificates().len(), 1);

    let key = files.path("server.key", files.world.server.key_pem());
    let missing = files.directory.path().join("missing");
    says(files::client_roots(&missing), &missing, "does not exist");
    says(
        files::client_roots(files.directory.path()),
        files.directory.path(),
        "is a directory",
    );
    says(files::client_roots(&key), &key, "holds a private key, not");
    let empty = files.path("empty", "");
    says(files::client_roots(&empty), &empty, "is empty");
}

#[test]
fn crls_are_pem_or_der_and_each_file_holds_one() {
    let files = Files::new();
    let list = files.world.ca.crl().revoke(1_u64).pem();
    let pem = files.path("ca.crl", &list);
    files::crls([&pem]).unwrap();
    files::crls([&pem, &files.path("again.crl", format!("{list}{list}"))]).unwrap();

    let certificate = files.path("server.crt", files.world.server.chain_pem());
    says(
        files::crls([&pem, &certificate]),
        &certificate,
        "holds a certificate, not",
    );
    let missing = files.directory.path().join("missing");
    says(files::crls([&pem, &missing]), &missing, "does not exist");
    let garbage = files.path("garbage", "garbage");
    says(files::crls([&garbage]), &garbage, "neither PEM nor DER");
}
