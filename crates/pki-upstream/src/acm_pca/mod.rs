//! AWS Private CA, whose API is still called ACM PCA: a CA in AWS that is asked over HTTPS, and answers later.

mod api;
mod arn;
mod credentials;
mod error;
mod pca;
mod words;

pub use api::Api;
pub use arn::{CaArn, CaArnError};
pub use credentials::{
    AccessKeys, ContainerEndpoint, ContainerToken, CredentialSource, CredentialsError, ProfileFiles,
};
pub use error::ApiError;
pub use pca::AcmPca;
