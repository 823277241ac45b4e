//! The keys that requests are signed with, and where they come from.

mod answer;
mod container;
mod error;
mod keys;
mod process;
mod profile;

use std::fmt;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use self::answer::Temporary;
pub use self::container::{ContainerEndpoint, ContainerToken};
pub use self::error::CredentialsError;
pub use self::keys::AccessKeys;
pub use self::profile::ProfileFiles;

/// Where keys come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CredentialSource {
    /// An endpoint that Amazon ECS, EKS Pod Identity or another agent offers to a container. Its keys are used until five
    /// minutes before they expire.
    Container(ContainerEndpoint),
    /// At hand.
    Keys(AccessKeys),
    /// A profile in the files of AWS's tools, which are read for each request: whoever rotates keys may replace them at any
    /// time.
    Profile(ProfileFiles),
}

/// Gives keys for each request.
pub(super) struct Provider {
    source: CredentialSource,
    client: reqwest::Client,
    /// Temporary ones.
    kept: Mutex<Option<Temporary>>,
}

impl Provider {
    pub(super) fn new(source: CredentialSource, client: reqwest::Client) -> Self {
        Self {
            source,
            client,
            kept: Mutex::new(None),
        }
    }

    /// The keys of now.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] if there are none.
    pub(super) async fn keys(&self, now: SystemTime) -> Result<AccessKeys, CredentialsError> {
        match &self.source {
            CredentialSource::Keys(keys) => Ok(keys.clone()),
            CredentialSource::Profile(files) => match files.read()? {
                profile::Found::Keys(keys) => Ok(keys),
                profile::Found::Process(command) => {
                    self.temporary(now, process::ask(command)).await
                }
            },
            CredentialSource::Container(endpoint) => {
                self.temporary(now, endpoint.ask(&self.client)).await
            }
        }
    }

    /// Those that are kept, or new ones when these end soon. Whoever waits for the same ones does not ask again.
    async fn temporary(
        &self,
        now: SystemTime,
        asking: impl Future<Output = Result<Temporary, CredentialsError>>,
    ) -> Result<AccessKeys, CredentialsError> {
        let mut kept = self.kept.lock().await;
        if let Some(found) = kept.as_ref().filter(|it| it.lasts(now + EARLY)) {
            return Ok(found.keys.clone());
        }
        match asking.await {
            Ok(new) => Ok(kept.insert(new).keys.clone()),
            Err(error) => match kept.as_ref().filter(|it| it.lasts(now)) {
                Some(found) => Ok(found.keys.clone()),
                None => Err(error),
            },
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// How long before their end temporary keys are replaced.
const EARLY: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use pki_core::Password;

    use super::*;

    fn client() -> reqwest::Client {
        let base = crate::client::base_url("https://localhost").unwrap();
        crate::client::client(&base, Some(&[])).unwrap()
    }

    fn temporary(id: &str, expires: SystemTime) -> Temporary {
        let keys = AccessKeys {
            id: id.to_owned(),
            secret: Password::new("a secret"),
            session_token: Some(Password::new("a token")),
        };
        Temporary {
            keys,
            expires: Some(expires),
        }
    }

    #[tokio::test]
    async fn temporary_keys_are_replaced_before_they_end() {
        let source = CredentialSource::Keys(temporary("none", SystemTime::now()).keys);
        let provider = Provider::new(source, client());
        let start = SystemTime::now();
        let minutes = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let failing = || std::future::ready(Err(CredentialsError::NoKeys { name: "a".into() }));
        let giving = |id: &str, until| std::future::ready(Ok(temporary(id, until)));
        let first = provider.temporary(start, giving("first", minutes(60)));
        assert_eq!(first.await.unwrap().id, "first");
        let kept = provider.temporary(minutes(54), giving("second", minutes(120)));
        assert_eq!(kept.await.unwrap().id, "first");
        // Those that are left are better than none.
        let left = provider.temporary(minutes(56), failing());
        assert_eq!(left.await.unwrap().id, "first");
        let second = provider.temporary(minutes(57), giving("second", minutes(120)));
        assert_eq!(second.await.unwrap().id, "second");
        assert!(provider.temporary(minutes(121), failing()).await.is_err());
    }

    #[test]
    fn no_secret_is_printed() {
        let keys = temporary("AKIA", SystemTime::now()).keys;
        let source = CredentialSource::Keys(keys);
        let provider = Provider::new(source, client());
        let printed = format!("{provider:?}");
        assert!(printed.contains("AKIA") && !printed.contains("a secret"));
        assert!(!printed.contains("a token"), "{printed}");
    }
}
