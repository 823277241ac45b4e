//! The pages over HTTP.

mod download;
mod headers;
mod host;
mod notice;
mod site;

pub use site::Site;
