//! Keys that are not in files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mtls_client::{
    EnrollError, EnrolledFiles, Enroller, KeyKind, KeyPair, KeyStore, KeyStoreError, Password,
    RenewalAgent, TrustAnchors,
};
use pki_core::Signer;
use time::Duration;
use x509_identity::DistinguishedName;

use crate::support::enrollment::Enrolling;

/// Keys in memory, as a token would have them.
#[derive(Default)]
struct Keys(Mutex<BTreeMap<String, Arc<KeyPair>>>, Mutex<u32>);

impl Keys {
    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl KeyStore for Keys {
    fn new_name(&self) -> String {
        let mut last = self.1.lock().unwrap();
        *last += 1;
        format!("memory:{last}")
    }

    fn generate(&self, name: &str, kind: KeyKind) -> Result<Arc<dyn Signer>, KeyStoreError> {
        let key = Arc::new(KeyPair::generate(kind)?);
        self.0.lock().unwrap().insert(name.to_owned(), key.clone());
        Ok(key)
    }

    fn open(&self, name: &str) -> Result<Arc<dyn Signer>, KeyStoreError> {
        let key = self.0.lock().unwrap().get(name).cloned();
        Ok(key.ok_or_else(|| format!("there is no key {name}"))?)
    }

    fn remove(&self, name: &str) -> Result<(), KeyStoreError> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

fn content(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

async fn agent(enrolling: &Enrolling, files: &EnrolledFiles) -> RenewalAgent {
    let (_, token) = enrolling
        .new_token(1, "client", &["sensor-7"], 2, Duration::HOUR)
        .await;
    let root = enrolling.ca.root.authority().certificate();
    let roots = TrustAnchors::from_certs([root.der()]).unwrap();
    let enroller = Enroller::new(&enrolling.url(""), roots).unwrap();
    RenewalAgent::new(enroller, files.clone()).token(Password::new(&token))
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_stay_where_they_are_made_and_the_last_one_is_kept_until_the_next() {
    let enrolling = Enrolling::new().await;
    let keys = Arc::new(Keys::default());
    let directory = tempfile::tempdir().unwrap();
    let open = || EnrolledFiles::open_with_keys(directory.path(), keys.clone()).unwrap();
    let agent = agent(&enrolling, &open()).await;
    let none = DistinguishedName::default();
    agent.enroll_once(&none, &[]).await.unwrap();
    assert_eq!(content(directory.path(), "tls.key"), "memory:1\n");
    for (renewal, kept) in [(2, [1, 2]), (3, [2, 3]), (4, [3, 4])] {
        agent.renew().await.unwrap();
        assert_eq!(
            content(directory.path(), "tls.key"),
            format!("memory:{renewal}\n")
        );
        assert_eq!(keys.names(), kept.map(|number| format!("memory:{number}")));
        // As after a restart.
        assert!(open().identity().unwrap().is_some());
    }
    for entry in fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("PRIVATE KEY"), "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_leaves_no_key_behind() {
    let enrolling = Enrolling::new().await;
    let keys = Arc::new(Keys::default());
    let directory = tempfile::tempdir().unwrap();
    let files = EnrolledFiles::open_with_keys(directory.path(), keys.clone()).unwrap();
    let agent = agent(&enrolling, &files).await;
    let other = "CN=admin".parse().unwrap();
    let refused = agent.enroll_once(&other, &[]).await.unwrap_err();
    assert!(refused.is_final(), "{refused}");
    assert!(keys.names().is_empty());

    // It ends after the name was written, and then after the key was made.
    let next = directory.path().join("next.key");
    fs::write(&next, "memory:unmade\n").unwrap();
    let name = "CN=sensor-7".parse().unwrap();
    files.request(KeyKind::P256, &name, &[]).unwrap();
    let begun = keys.names();
    assert_eq!(begun, ["memory:2"]);
    fs::remove_file(directory.path().join("next.csr")).unwrap();
    files.request(KeyKind::P256, &name, &[]).unwrap();
    assert_eq!(keys.names(), ["memory:3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_their_keys_are_not_taken_for_broken_ones() {
    let enrolling = Enrolling::new().await;
    let keys = Arc::new(Keys::default());
    let directory = tempfile::tempdir().unwrap();
    let files = EnrolledFiles::open_with_keys(directory.path(), keys.clone()).unwrap();
    let agent = agent(&enrolling, &files).await;
    let none = DistinguishedName::default();
    agent.enroll_once(&none, &[]).await.unwrap();

    let without = EnrolledFiles::open(directory.path()).unwrap();
    let refused = without.identity().unwrap_err();
    assert!(matches!(refused, EnrollError::Key(_)), "{refused}");
    // The token is gone: nothing is thrown away.
    keys.remove("memory:1").unwrap();
    let certificate = content(directory.path(), "tls.crt");
    fs::write(directory.path().join("next.crt"), &certificate).unwrap();
    let refused = EnrolledFiles::open_with_keys(directory.path(), keys.clone());
    assert!(matches!(refused, Err(EnrollError::Key(_))), "{refused:?}");
    assert_eq!(content(directory.path(), "next.crt"), certificate);
}
