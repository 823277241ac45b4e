//! HTTP Basic authentication (RFC 7617).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The credentials of `Authorization: Basic`.
pub(crate) struct Basic {
    text: Zeroizing<String>,
    /// Where the colon is.
    user: usize,
}

impl Basic {
    /// Those of a request. `None` where it has none, or they cannot be read.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_matches(' ')).ok()?);
        let text = Zeroizing::new(str::from_utf8(&decoded).ok()?.to_owned());
        let user = text.find(':')?;
        Some(Self { text, user })
    }

    pub(crate) fn user(&self) -> &str {
        self.text.get(..self.user).unwrap_or_default()
    }

    pub(crate) fn secret_password(&self) -> &str {
        self.text.get(self.user + 1..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_password_is_what_follows_the_first_colon() {
        let of = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
            Basic::of(&headers).map(|it| (it.user().to_owned(), it.secret_password().to_owned()))
        };
        let some = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (text, expected) in [
            ("router-1:secret", some("router-1", "secret")),
            (":a:b", some("", "a:b")),
            ("router-1:", some("router-1", "")),
            ("router-1", None),
            ("", None),
        ] {
            let encoded = STANDARD.encode(text);
            assert_eq!(of(&format!("Basic {encoded}")), expected, "{text}");
            assert_eq!(of(&format!("basic  {encoded} ")), expected, "{text}");
            assert_eq!(of(&format!("Bearer {encoded}")), None, "{text}");
        }
        assert_eq!(of("Basic"), None);
        assert_eq!(of("Basic ***"), None);
        assert_eq!(
            of(&format!("Basic {}", STANDARD.encode([b':', 0xff]))),
            None
        );
        assert!(Basic::of(&HeaderMap::new()).is_none());
    }
}
