#![doc = include_str!("../README.md")]

mod http;
mod publish;

pub use http::document::Document;
pub use http::server::{HttpLimits, HttpServer};
pub use publish::publication::Publication;
pub use publish::routes::publication;
