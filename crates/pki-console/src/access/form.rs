//! Forms and addresses: names with values, from outside.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::ticket::Nonce;
use crate::refusal::ConsoleRefusal;

/// Names with values, each name once.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    ///
    /// [`ConsoleRefusal::Field`] for a name that is there twice, too many names, or a value with a NUL in it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ConsoleRefusal> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if fields.len() == MAX_FIELDS || fields.iter().any(|(known, _)| *known == name) {
                return Err(ConsoleRefusal::field(
                    "form",
                    "it has a field twice, or too many",
                ));
            }
            if value.contains('\0') {
                return Err(ConsoleRefusal::field("form", "no field has a NUL in it"));
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// The value without spaces around it; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// The value, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`ConsoleRefusal::Field`] for a longer one.
    pub(crate) fn text(
        &self,
        name: &str,
        shown: &'static str,
        limit: usize,
    ) -> Result<&str, ConsoleRefusal> {
        match self.get(name) {
            value if value.len() <= limit => Ok(value),
            _ => Err(ConsoleRefusal::field(
                shown,
                format!("it has {limit} bytes at most"),
            )),
        }
    }

    /// From where a list goes on: a number, if there is one.
    ///
    /// # Errors
    ///
    /// [`ConsoleRefusal::Field`] for anything else.
    pub(crate) fn position(&self, name: &str) -> Result<Option<i64>, ConsoleRefusal> {
        let wrong = |_| ConsoleRefusal::field("address", "the place in the list is not a number");
        match self.get(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(wrong),
        }
    }
}

/// What the address of a page says behind its question mark, as an extractor.
pub(crate) struct Query(pub(crate) Fields);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ConsoleRefusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ConsoleRefusal> {
        let query = parts.uri.query().unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Err(ConsoleRefusal::field("address", "it is too long"));
        }
        Fields::parse(query.as_bytes()).map(Self)
    }
}

/// The fields of a form that an operator has sent, from a page that was made for him: an extractor.
#[derive(Clone)]
pub(crate) struct Form(Arc<(Fields, Nonce)>);

impl Form {
    /// The guard alone makes one.
    pub(super) fn new(fields: Fields, nonce: Nonce) -> Self {
        Self(Arc::new((fields, nonce)))
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.0.0
    }

    /// What tells this form from all others.
    pub(crate) fn nonce(&self) -> Nonce {
        self.0.1
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = ConsoleRefusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ConsoleRefusal> {
        let form = parts.extensions.get::<Self>();
        form.cloned().ok_or(ConsoleRefusal::NotWired)
    }
}

const MAX_FIELDS: usize = 32;
const MAX_QUERY: usize = 8192;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn fields_are_read_once_each() {
        let fields = Fields::parse(b"a=+x%20&b=%C3%BC&c").unwrap();
        assert_eq!((fields.get("a"), fields.get("b")), ("x", "\u{fc}"));
        assert_eq!((fields.get("c"), fields.get("d")), ("", ""));
        assert_eq!(fields.position("c").unwrap(), None);
        assert!(fields.position("a").is_err());
        assert!(fields.text("b", "b", 2).is_ok());
        assert!(fields.text("b", "b", 1).is_err());
        let many: String = (0..=MAX_FIELDS)
            .map(|number| format!("f{number}=&"))
            .collect();
        for wrong in ["a=1&a=2", "a=%00", many.as_str()] {
            assert!(Fields::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
