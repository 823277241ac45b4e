//! A number in the path of a page.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::refusal::ConsoleRefusal;

/// The number in the path of a page, as an extractor.
pub(crate) struct Id(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ConsoleRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ConsoleRefusal> {
        let path = Path::<i64>::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| ConsoleRefusal::NotFound { what: "page" })?;
        Ok(Self(id))
    }
}
