//! Apple configuration profiles (`.mobileconfig`): payloads, the profile around them, and its signature.

mod builder;
mod certificates;
mod configuration;
mod enrollment;
mod error;
mod payload;
mod signature;
mod subject;
mod text;

pub use builder::ProfileBuilder;
pub use configuration::Profile;
pub use enrollment::{AcmeEnrollment, AcmeKey, Curve, ScepEnrollment, ScepKeySize};
pub use error::{ProfileError, SignProfileError};
