//! Credentials: by what somebody without a certificate may ask for one.

use std::pin::Pin;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use pki_core::CertificateRequest;
use pki_store::{Actor, NamePattern, Store, StoreError, TokenId, TokenSecret};
use time::OffsetDateTime;

use super::basic::Basic;

/// What a credential entitles to.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Who asks, for the audit log and the limits: `token:7`. The same text for the same credential.
    pub requester: Actor,
    /// The name of the profile that the certificate is issued within.
    pub profile: String,
    /// The names that may be asked for. None leaves them to the profile.
    pub names: Vec<NamePattern>,
    /// The token that one certificate uses up once.
    pub token: Option<TokenId>,
}

/// What a credential is looked for in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CredentialRequest<'a> {
    /// The name of the CA.
    pub ca: &'a str,
    /// The headers of the request.
    pub headers: &'a HeaderMap,
    /// What it asks for; `None` where it asks what became of an earlier request.
    pub csr: Option<&'a CertificateRequest>,
    /// The time of the request.
    pub now: OffsetDateTime,
}

/// Why a credential is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// It is not good. The text is for whoever presents it.
    #[error("{0}")]
    Refused(String),

    /// It cannot be said at the moment.
    #[error("the credential cannot be checked")]
    Unavailable(#[source] StoreError),
}

/// A kind of credential, such as [`Tokens`].
pub trait Credential: Send + Sync {
    /// What the credential of a request entitles to. `None` if the request has none of this kind.
    fn check<'a>(&'a self, request: CredentialRequest<'a>) -> Checking<'a>;
}

/// What [`Credential::check`] returns.
pub type Checking<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Grant>, CredentialError>> + Send + 'a>>;

/// The tokens of a store, in `Authorization: Bearer`, or as the password of HTTP Basic with any user name.
///
/// Whether a token has expired, or was used, is decided when it is used up, in one transaction with the certificate. So a
/// request whose answer was lost can be repeated.
#[derive(Clone, Debug)]
pub struct Tokens(Store);

impl Tokens {
    /// Those of this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(store)
    }

    async fn grant(
        &self,
        request: CredentialRequest<'_>,
    ) -> Result<Option<Grant>, CredentialError> {
        let basic;
        let text = if let Some(text) = bearer(request.headers) {
            text
        } else if let Some(given) = Basic::of(request.headers) {
            basic = given;
            basic.secret_password()
        } else {
            return Ok(None);
        };
        let unknown = || CredentialError::Refused("the CA does not know this token".into());
        let secret: TokenSecret = text.parse().map_err(|_| unknown())?;
        let token = self.0.token_of(request.ca, &secret).await;
        let token = token.map_err(CredentialError::Unavailable)?;
        let token = token.ok_or_else(unknown)?;
        Ok(Some(Grant {
            requester: token.id.requester(),
            profile: token.profile,
            names: token.names,
            token: Some(token.id),
        }))
    }
}

impl Credential for Tokens {
    fn check<'a>(&'a self, request: CredentialRequest<'a>) -> Checking<'a> {
        Box::pin(self.grant(request))
    }
}

/// The token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case_and_no_other_scheme_is() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearerabc", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(bearer(&headers), token, "{value:?}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
