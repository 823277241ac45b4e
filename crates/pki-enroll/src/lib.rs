#![doc = include_str!("../README.md")]

mod expiry;
mod http;
mod publish;

pub use expiry::exec::{Exec, ExecError};
pub use expiry::notice::{Expiring, ExpiringKind};
pub use expiry::recipient::{AnnounceError, Recipient};
pub use expiry::thresholds::{ThresholdError, Thresholds};
pub use expiry::webhook::{Webhook, WebhookError};
pub use http::document::Document;
pub use http::server::{HttpLimits, HttpServer};
pub use publish::publication::Publication;
pub use publish::routes::publication;
