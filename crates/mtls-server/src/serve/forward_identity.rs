//! From a gateway to its upstream: who is at the other end of this connection.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use futures_util::future::Either;
use tower::Layer;
use tower_service::Service;

use crate::{
    extract::client_cert,
    forwarded::{format::ForwardedFormat, names},
    peer::client_cert::ClientCert,
};

/// Tells an upstream who the client of this connection is: a layer before the handler of a gateway,
/// which forwards the request, headers and all.
///
/// First every header is removed that could tell of a client certificate, whoever wrote it, and its
/// mention in `Connection`. Then the connection's certificate is written. For an anonymous client
/// nothing is. The upstream must take these headers from the gateway alone, for instance because it
/// asks for the gateway's own client certificate.
///
/// Where the client is itself a proxy, it is the proxy that is told of: a
/// [`ForwardedClientCert`](crate::ForwardedClientCert) goes no further.
///
/// An upstream of this crate reads them with [`TrustForwarded`](crate::TrustForwarded).
///
/// ```
/// use axum::{Router, extract::Request, response::Response};
/// use mtls_server::ForwardIdentity;
///
/// async fn forward(request: Request) -> Response {
///     // Give `request` to an HTTP client.
///     # let _ = request;
///     # Response::default()
/// }
///
/// let gateway: Router = Router::new()
///     .fallback(forward)
///     .layer(ForwardIdentity::rfc9440().with_chain());
/// ```
#[derive(Clone, Debug)]
pub struct ForwardIdentity {
    formats: Vec<ForwardedFormat>,
    with_chain: bool,
}

impl ForwardIdentity {
    /// In this form.
    pub fn new(format: ForwardedFormat) -> Self {
        Self {
            formats: vec![format],
            with_chain: false,
        }
    }

    /// [`ForwardedFormat::rfc9440`].
    pub fn rfc9440() -> Self {
        Self::new(ForwardedFormat::rfc9440())
    }

    /// [`ForwardedFormat::envoy_xfcc`]: `Hash`, `Cert`, `Subject`, `URI` and `DNS`; one element.
    pub fn envoy_xfcc() -> Self {
        Self::new(ForwardedFormat::envoy_xfcc())
    }

    /// [`ForwardedFormat::nginx_escaped_pem`].
    pub fn nginx_escaped_pem() -> Self {
        Self::new(ForwardedFormat::nginx_escaped_pem())
    }

    /// [`ForwardedFormat::traefik`].
    pub fn traefik() -> Self {
        Self::new(ForwardedFormat::traefik())
    }

    /// In this form, too.
    #[must_use]
    pub fn and(mut self, format: ForwardedFormat) -> Self {
        self.formats.push(format);
        self
    }

    /// With the issuers between the certificate and the root, which are left out by default: some
    /// kilobytes in each request.
    #[must_use]
    pub fn with_chain(mut self) -> Self {
        self.with_chain = true;
        self
    }

    /// Removes and writes as the layer does, for a gateway that makes the upstream's request
    /// itself.
    pub fn apply(&self, client: Option<&ClientCert>, headers: &mut HeaderMap) {
        names::strip(headers, &self.formats);
        names::strip_connection_options(headers, &self.formats);
        let Some(client) = client else { return };
        for format in &self.formats {
            format.write(client, self.with_chain, headers);
        }
    }
}

impl<S> Layer<S> for ForwardIdentity {
    type Service = ForwardIdentityService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let identity = self.clone();
        ForwardIdentityService { identity, inner }
    }
}

/// The service of [`ForwardIdentity`].
#[derive(Clone, Debug)]
pub struct ForwardIdentityService<S> {
    identity: ForwardIdentity,
    inner: S,
}

impl<S> Service<Request> for ForwardIdentityService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // Without an acceptor nobody knows who the client is, which is not to say that it is nobody.
        let client = match client_cert::find(request.extensions()) {
            Ok(client) => client.cloned(),
            Err(rejection) => return Either::Left(ready(Ok(rejection.into_response()))),
        };
        self.identity.apply(client.as_ref(), request.headers_mut());
        Either::Right(self.inner.call(request))
    }
}
