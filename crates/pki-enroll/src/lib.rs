#![doc = include_str!("../README.md")]

mod acme;
mod attest;
mod enroll;
mod est;
mod expiry;
mod http;
mod observe;
mod ocsp;
mod publish;
mod text;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

pub use acme::routes::acme;
pub use acme::service::{Acme, NoRandomBytes};
pub use acme::settings::{AcmeSettings, ExternalAccount};
pub use attest::evidence::EvidenceKind;
pub use attest::policy::{AppleRules, AttestationPolicy, EvidenceCredential};
pub use attest::requirement::{
    AttestationPolicyError, AttestationRequirement, AttestationSources, StatusListSource,
};
pub use enroll::credential::{
    Checking, Credential, CredentialError, CredentialRequest, Grant, Tokens,
};
pub use enroll::limits::EnrollLimits;
pub use enroll::pruning::prune_ended;
pub use enroll::routes::enrollment;
pub use enroll::server::{EnrollmentServer, EnrollmentServerError, ServerNames};
pub use enroll::service::{EnrollProfile, Enrollment, EnrollmentCa};
pub use est::routes::est;
pub use expiry::announcer::{Announcer, AnnouncerError};
pub use expiry::exec::{Exec, ExecError};
pub use expiry::list::{expiring, expiring_first};
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
pub use publish::heartbeat::Heartbeat;
pub use publish::paths::PublicUrls;
pub use publish::publication::Publication;
pub use publish::publisher::Publisher;
pub use publish::routes::publication;
