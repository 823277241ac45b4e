#![doc = include_str!("../README.md")]

mod enroll;
mod expiry;
mod http;
mod observe;
mod ocsp;
mod publish;
mod text;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

pub use enroll::credential::{
    Checking, Credential, CredentialError, CredentialRequest, Grant, Tokens,
};
pub use enroll::limits::EnrollLimits;
pub use enroll::routes::enrollment;
pub use enroll::server::{EnrollmentServer, EnrollmentServerError, ServerNames};
pub use enroll::service::{EnrollProfile, Enrollment, EnrollmentCa};
pub use expiry::announcer::{Announcer, AnnouncerError};
pub use expiry::exec::{Exec, ExecError};
pub use expiry::list::expiring;
pub use expiry::notice::{Expiring, ExpiringKind};
pub use expiry::recipient::{AnnounceError, Recipient};
pub use expiry::thresholds::{ThresholdError, Thresholds};
pub use expiry::webhook::{Webhook, WebhookError};
pub use http::document::Document;
pub use http::server::{HttpLimits, HttpServer};
pub use observe::health::{Health, health};
pub use ocsp::responder::Responder;
pub use ocsp::routes::ocsp;
pub use publish::crls::CrlSchedule;
pub use publish::error::PublishError;
pub use publish::paths::PublicUrls;
pub use publish::publication::Publication;
pub use publish::publisher::Publisher;
pub use publish::routes::publication;
