//! Keys as an endpoint or a program gives them.

use std::time::SystemTime;

use pki_core::Password;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::CredentialsError;
use super::keys::AccessKeys;

/// Keys that end, mostly.
pub(super) struct Temporary {
    pub(super) keys: AccessKeys,
    /// `None` for those that do not end.
    pub(super) expires: Option<SystemTime>,
}

/// As the endpoint of a container and `credential_process` give them: the one with `Token`, the other with
/// `SessionToken`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default = "first")]
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    #[serde(alias = "Token")]
    session_token: Option<String>,
    expiration: Option<String>,
}

impl Temporary {
    /// # Errors
    ///
    /// [`CredentialsError::Answer`] if these are not keys.
    pub(super) fn read(from: &str, json: &[u8]) -> Result<Self, CredentialsError> {
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| CredentialsError::Answer {
            from: from.to_owned(),
            source,
        };
        let answer: Answer = serde_json::from_slice(json).map_err(|error| wrong(error.into()))?;
        let keys = AccessKeys {
            id: answer.access_key_id,
            secret: Password::new(answer.secret_access_key),
            session_token: answer.session_token.map(Password::new),
        };
        if answer.version != first() {
            return Err(wrong(format!("version {}", answer.version).into()));
        }
        if keys.id.is_empty() || keys.secret.secret_str().is_empty() {
            return Err(wrong("a key is empty".into()));
        }
        let read = |text: String| OffsetDateTime::parse(&text, &Rfc3339);
        let expires = answer.expiration.map(read).transpose();
        let expires = expires.map_err(|error| wrong(error.into()))?;
        Ok(Self {
            keys,
            expires: expires.map(SystemTime::from),
        })
    }

    /// Whether they can still be used at this time.
    pub(super) fn lasts(&self, until: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires > until)
    }
}

fn first() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn both_forms_are_read_and_others_are_refused() {
        let of_process = r#"{"Version":1,"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","Expiration":"2030-01-01T00:00:00Z"}"#;
        let of_container = r#"{"RoleArn":"arn:aws:iam::1:role/a","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T00:00:00Z"}"#;
        for text in [of_process, of_container] {
            let read = Temporary::read("it", text.as_bytes()).unwrap();
            assert_eq!(read.keys.session_token.unwrap().secret_str(), "t");
            assert!(read.expires.is_some());
        }
        // Those without an end are asked for each time.
        let lasting = br#"{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s"}"#;
        let read = Temporary::read("it", lasting).unwrap();
        assert!(!read.lasts(SystemTime::now()));
        for bad in [
            "",
            "{}",
            &of_process.replace("\"Version\":1", "\"Version\":2"),
            &of_process.replace("2030-01-01", "yesterday "),
            &of_process.replace("ASIA", ""),
            r#"{"code":"EntityNotFound","message":"no role"}"#,
        ] {
            assert!(Temporary::read("it", bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
