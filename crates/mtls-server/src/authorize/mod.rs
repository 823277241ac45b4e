//! Who may do what: layers that apply a rule, or ask a policy decision point.
//!
//! [`RequireClientCert`](crate::RequireClientCert) applies a [`Rule`](crate::Rule). [`Authorize`] asks an
//! [`Authorizer`] about each request, for example an Open Policy Agent (`OpaAuthorizer`, with the feature `opa`).

pub(crate) mod authorizer;
pub(crate) mod decide;
#[cfg(feature = "opa")]
pub(crate) mod opa;
pub(crate) mod require;

pub use self::authorizer::{AuthorizationDecision, AuthorizationRequest, Authorize, Authorizer};
#[cfg(feature = "opa")]
pub use self::opa::{OpaAuthorizer, OpaError};
