//! axum over mutual TLS, with the client certificate as an extractor
