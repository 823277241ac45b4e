//! What an EST client asks for, and of which profile.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::response::Plain;
use crate::enroll::refusal::Refusal;
use crate::enroll::service::Enrollment;

/// The label in the path (RFC 7030 section 3.2.2), which is the name of a profile.
pub(super) struct Label(pub(super) Option<String>);

impl Label {
    pub(super) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether this profile is the one that is asked for.
    pub(super) fn check(&self, profile: &str) -> Result<(), Refusal> {
        match &self.0 {
            Some(wanted) if wanted != profile => Err(Refusal::Profile(wanted.clone())),
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<Enrollment> for Label {
    type Rejection = Plain;

    async fn from_request_parts(parts: &mut Parts, service: &Enrollment) -> Result<Self, Plain> {
        let parameters = RawPathParams::from_request_parts(parts, service).await;
        let parameters = parameters.map_err(|_| Plain(Refusal::NotFound))?;
        let label = parameters.iter().find(|(name, _)| *name == "label");
        let Some((_, label)) = label else {
            return Ok(Self(None));
        };
        match service.ca().profile(label) {
            Ok(_) => Ok(Self(Some(label.to_owned()))),
            Err(_) => Err(Plain(Refusal::NotFound)),
        }
    }
}
