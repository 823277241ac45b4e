//! Decisions of a policy decision point, such as a policy service.

use std::{
    borrow::Cow,
    convert::Infallible,
    error::Error,
    mem,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{extract::Request, http::request::Parts, response::Response};
use tokio::time::timeout;
use tower::Layer;
use tower_service::Service;

use crate::{
    extract::{
        client_cert::{self, Caller, ClientCertRejection},
        problem::Form,
    },
    observe::{
        audit::{self, AboutRequest, Outcome},
        text::sentence,
    },
    peer::client_cert::ClientCert,
};

/// A policy decision point, for [`Authorize`].
///
/// Where the certificate alone decides, use a [`Rule`](crate::Rule).
pub trait Authorizer: Send + Sync + 'static {
    /// Why there is no decision.
    type Error: Error + Send + Sync + 'static;

    /// Decides.
    ///
    /// # Errors
    ///
    /// If there is no decision. The request is answered 503 and does not reach the handler.
    fn authorize(
        &self,
        request: AuthorizationRequest<'_>,
    ) -> impl Future<Output = Result<AuthorizationDecision, Self::Error>> + Send;
}

/// What an [`Authorizer`] decides about: a client, and its request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuthorizationRequest<'a> {
    /// The verified certificate.
    pub client: &'a ClientCert,
    /// Method, URI and headers of the HTTP request. The headers are whatever the client has sent.
    pub parts: &'a Parts,
}

/// What an [`Authorizer`] decided, and by which rule, for the audit event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AuthorizationDecision {
    /// The request may pass.
    Allow {
        /// The rule that allows it.
        rule: Cow<'static, str>,
    },
    /// The request may not pass.
    Deny {
        /// The rule that forbids it, or that was not met.
        rule: Cow<'static, str>,
    },
}

/// A layer for a router or a route that asks an [`Authorizer`] about each request.
///
/// Responses and audit events are those of [`RequireClientCert`](crate::RequireClientCert). If the
/// authorizer fails, or does not decide within the [timeout](Self::timeout), the request is
/// answered 503, `authorization_unavailable`.
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use axum::{Router, http::Method, routing::get};
/// use mtls_server::authorize::{AuthorizationDecision, AuthorizationRequest, Authorize, Authorizer};
///
/// struct ReadOnly;
///
/// impl Authorizer for ReadOnly {
///     type Error = Infallible;
///
///     async fn authorize(&self, request: AuthorizationRequest<'_>) -> Result<AuthorizationDecision, Infallible> {
///         let rule = "read-only".into();
///         Ok(match request.parts.method {
///             Method::GET => AuthorizationDecision::Allow { rule },
///             _ => AuthorizationDecision::Deny { rule },
///         })
///     }
/// }
///
/// let router: Router = Router::new()
///     .route("/", get(async || "hello"))
///     .layer(Authorize::new(ReadOnly).timeout(Duration::from_millis(500)));
/// ```
#[derive(Debug)]
pub struct Authorize<A> {
    authorizer: Arc<A>,
    timeout: Duration,
}

impl<A: Authorizer> Authorize<A> {
    /// Asks `authorizer`.
    pub fn new(authorizer: A) -> Self {
        Self {
            authorizer: Arc::new(authorizer),
            timeout: Duration::from_secs(2),
        }
    }

    /// How long a decision may take; 2 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn decide(&self, request: &Parts) -> Result<(), ClientCertRejection> {
        let Caller { client, peer } = client_cert::caller(&request.extensions)?;
        let about = AboutRequest::new(&request.method, &request.uri, &request.extensions);
        let about = Some(about);
        let Some(client) = client else {
            let rule = &"authorizer";
            audit::decided(about, peer, None, rule, Outcome::Denied, &"no-certificate");
            return Err(ClientCertRejection::Missing);
        };
        let asked = AuthorizationRequest {
            client,
            parts: request,
        };
        let decision = timeout(self.timeout, self.authorizer.authorize(asked)).await;
        let (outcome, rule, reason) = match decision {
            Ok(Ok(AuthorizationDecision::Allow { rule })) => {
                (Outcome::Allowed, rule, Cow::Borrowed("matched"))
            }
            Ok(Ok(AuthorizationDecision::Deny { rule })) => {
                (Outcome::Denied, rule, "not-matched".into())
            }
            Ok(Err(error)) => {
                let reason = sentence(&error);
                tracing::error!(target: "mtls_server", reason, "no decision");
                return Err(undecided(about, peer, client, "authorizer-failed"));
            }
            Err(_) => return Err(undecided(about, peer, client, "authorizer-timeout")),
        };
        audit::decided(about, peer, Some(client), &rule, outcome, &reason);
        match outcome {
            Outcome::Allowed => Ok(()),
            Outcome::Denied => Err(ClientCertRejection::Denied),
        }
    }
}

impl<A> Clone for Authorize<A> {
    fn clone(&self) -> Self {
        Self {
            authorizer: Arc::clone(&self.authorizer),
            timeout: self.timeout,
        }
    }
}

fn undecided(
    about: Option<AboutRequest<'_>>,
    peer: SocketAddr,
    client: &ClientCert,
    reason: &'static str,
) -> ClientCertRejection {
    let rule = &"authorizer";
    audit::decided(about, peer, Some(client), rule, Outcome::Denied, &reason);
    ClientCertRejection::Undecided
}

impl<A: Authorizer, S> Layer<S> for Authorize<A> {
    type Service = AuthorizeService<A, S>;

    fn layer(&self, inner: S) -> Self::Service {
        let authorize = self.clone();
        AuthorizeService { authorize, inner }
    }
}

/// The service of [`Authorize`].
#[derive(Debug)]
pub struct AuthorizeService<A, S> {
    authorize: Authorize<A>,
    inner: S,
}

impl<A, S: Clone> Clone for AuthorizeService<A, S> {
    fn clone(&self) -> Self {
        Self {
            authorize: self.authorize.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<A, S> Service<Request> for AuthorizeService<A, S>
where
    A: Authorizer,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let authorize = self.authorize.clone();
        // The one that was made ready is the one to call.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            match authorize.decide(&parts).await {
                Ok(()) => inner.call(Request::from_parts(parts, body)).await,
                Err(rejection) => Ok(rejection.response(Form::of(&parts.headers))),
            }
        })
    }
}
