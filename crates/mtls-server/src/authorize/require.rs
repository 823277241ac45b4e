//! A rule before a router or a route.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use futures_util::future::Either;
use tower::Layer;
use tower_service::Service;

use crate::{
    authorize::decide::decide,
    extract::{
        client_cert::{self, ClientCertRejection},
        problem::Form,
    },
    observe::audit::AboutRequest,
    rules::rule::Rule,
};

/// A layer for a router or a route that allows only requests whose client certificate matches a
/// rule.
///
/// A request without a certificate is answered 403, `client_certificate_required`. If the rule
/// denies the certificate, the answer is 403, `client_certificate_denied`. If the router is not
/// served by this crate, it is 500. A request of gRPC (`content-type: application/grpc`) is
/// answered in the form of gRPC: `UNAUTHENTICATED`, `PERMISSION_DENIED`, `INTERNAL`. Each decision
/// is an audit event that names the rule. No response says anything about the certificate.
///
/// Like every layer of axum, it covers the routes that were added before it.
///
/// ```
/// use axum::{Router, routing::{get, post}};
/// use mtls_server::{RequireClientCert, Rule};
///
/// # async fn read() {}
/// # async fn write() {}
/// # fn router() -> Result<Router, mtls_server::RuleError> {
/// let writers = Rule::spiffe("spiffe://example.org/ns/prod/sa/writer")?.named("writers");
/// let members = Rule::organizational_unit("Members").named("members");
/// let router = Router::new()
///     .route("/entries", post(write).layer(RequireClientCert::new(writers)))
///     .route("/entries", get(read))
///     .layer(RequireClientCert::new(members)); // for all of the above
/// # Ok(router)
/// # }
/// # router().map(|_| ()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct RequireClientCert(Rule);

impl RequireClientCert {
    /// Requires `rule`.
    pub fn new(rule: Rule) -> Self {
        Self(rule)
    }

    /// Requires a verified client certificate of any client. Use it for routes behind
    /// [`ClientAuth::Optional`](crate::ClientAuth). Everywhere else each client has a certificate.
    pub fn any() -> Self {
        Self(Rule::custom("any verified client", |_| true))
    }
}

impl<S> Layer<S> for RequireClientCert {
    type Service = RequireClientCertService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let rule = self.0.clone();
        RequireClientCertService { rule, inner }
    }
}

/// The service of [`RequireClientCert`].
#[derive(Clone, Debug)]
pub struct RequireClientCertService<S> {
    rule: Rule,
    inner: S,
}

impl<S> Service<Request> for RequireClientCertService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let decided = client_cert::caller(request.extensions()).and_then(|caller| {
            let about = AboutRequest::new(request.method(), request.uri(), request.extensions());
            decide(&self.rule, Some(about), caller.client, caller.peer)
                .map_err(ClientCertRejection::from)
        });
        match decided {
            Ok(()) => Either::Right(self.inner.call(request)),
            Err(rejection) => {
                let response = rejection.response(Form::of(request.headers()));
                Either::Left(ready(Ok(response)))
            }
        }
    }
}
