//! Patterns over the names in certificates: one syntax, and one meaning wherever they are used.
//!
//! A certificate profile says which names may be issued, a rule says which clients a server accepts, and a
//! server's SNI map says which settings belong to a host name. All of them use these types, so that a pattern that was tried in
//! one place means the same in the others.
//!
//! | type | patterns |
//! | --- | --- |
//! | [`DnsPattern`] | `api.example.org`; `*.example.org`, exactly one label more; `.example.org`, one or more |
//! | [`MailboxPattern`] | `alice@example.org`; `@example.org`, every mailbox of that host |
//! | [`IpPattern`] | `192.0.2.7`; `192.0.2.0/24` |
//! | [`UriPattern`] | `https://example.org/a`; `*` within one segment, `**` for whole segments |
//! | [`SpiffePattern`] | the same for SPIFFE IDs of one trust domain |
//!
//! Patterns are read with [`FromStr`](std::str::FromStr); one that would match less or more than it seems to is a
//! [`PatternError`]. They print in the form that they are read in. Names are compared in their normal form, so that
//! another spelling of a name is the same name. One that is not well-formed, or can be read in more than one way,
//! matches nothing; [`is_host_name`], [`Mailbox::parse`] and [`NormalUri::parse`] tell such names apart for callers
//! that must not treat them as names that simply do not match.
//!
//! ```
//! use x509_identity::pattern::{DnsPattern, UriPattern};
//!
//! # fn main() -> Result<(), x509_identity::pattern::PatternError> {
//! let servers: DnsPattern = "*.example.org".parse()?;
//! assert!(servers.matches("API.example.org"));
//! assert!(!servers.matches("a.b.example.org"));
//!
//! let workloads: UriPattern = "spiffe://example.org/ns/*/web".parse()?;
//! assert!(workloads.matches("spiffe://example.org/ns/prod/web"));
//! assert!(!workloads.matches("spiffe://example.org/ns/prod/x/web"));
//! # Ok(())
//! # }
//! ```

mod dns;
mod error;
mod host_name;
mod ip;
mod mailbox;
mod normal_uri;
mod spiffe;
mod uri;

pub use dns::{DnsPattern, DnsScope};
pub use error::PatternError;
pub use host_name::{ends_in_a_number, is_host_name};
pub use ip::IpPattern;
pub use mailbox::{Mailbox, MailboxPattern};
pub use normal_uri::NormalUri;
pub use spiffe::SpiffePattern;
pub use uri::UriPattern;
