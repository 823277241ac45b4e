//! The service that hyper calls.

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, service::Service};
use tower_service::Service as _;

use crate::serve::service::{MtlsService, ResponseFuture};

/// The requests of a connection, for its service. A router is always ready.
#[derive(Clone)]
pub(super) struct Requests(MtlsService<Router>);

impl Requests {
    pub(super) fn new(service: MtlsService<Router>) -> Self {
        Self(service)
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = ResponseFuture<<Router as tower_service::Service<Request<Body>>>::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.0.clone().call(request)
    }
}
