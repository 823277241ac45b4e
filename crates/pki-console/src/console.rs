//! The console: its settings, and its router.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use mtls_server::Rule;
use pki_store::Store;
use tokio::sync::Semaphore;

use crate::access::guard::guard;
use crate::access::operator::authenticate;
use crate::access::ticket::Tickets;
use crate::pages::finish::finish;
use crate::pages::{
    assets, audit, authorities, certificate, certificates, expiring, request, requests, revoke,
    tokens, verification,
};
use crate::refusal::ConsoleRefusal;
use crate::shared::{Profiles, Shared};

/// What the operators of one CA see and do.
#[must_use = "console() makes the router"]
pub struct Console {
    store: Store,
    ca: String,
    operators: Rule,
    profiles: Profiles,
    own_profiles: Vec<String>,
    base: String,
    routes: Router,
}

impl Console {
    /// A console for the CA of this name in `store`. Whoever's certificate was issued by this CA, is valid, and matches
    /// `operators`, is an operator; nobody else sees anything.
    pub fn new(store: Store, ca: impl Into<String>, operators: Rule) -> Self {
        Self {
            store,
            ca: ca.into(),
            operators,
            profiles: Box::new(Vec::new),
            own_profiles: Vec::new(),
            base: String::new(),
            routes: Router::new(),
        }
    }

    /// The profiles that tokens can be made for. None by default; then no token can be made.
    pub fn profiles<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.profiles_by(move || names.clone())
    }

    /// The same where they may change: asked for each page.
    pub fn profiles_by(mut self, names: impl Fn() -> Vec<String> + Send + Sync + 'static) -> Self {
        self.profiles = Box::new(names);
        self
    }

    /// The names under which the store has what the CA issues to its own servers. Lists leave these certificates out until
    /// they are asked for, as they do with those of CAs and OCSP responders. None by default.
    pub fn own_profiles<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.own_profiles = names.into_iter().map(Into::into).collect();
        self
    }

    /// The path at which the router is nested, such as `/console`. The root by default.
    pub fn nested_at(mut self, path: &str) -> Self {
        self.base = path.trim_end_matches('/').to_owned();
        self
    }

    /// More routes for operators. Their handlers take an [`Operator`](crate::Operator). Of what they change, the application
    /// has to make sure by itself that the operator meant it.
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }
}

/// The router of a console, to be served by `mtls_server`: alone, or [nested](Console::nested_at).
///
/// # Errors
///
/// If the system gives no random bytes for the key of its forms.
pub fn console(settings: Console) -> Result<Router, Unspecified> {
    let shared = Arc::new(Shared {
        store: settings.store,
        ca: settings.ca,
        operators: settings.operators,
        profiles: settings.profiles,
        own_profiles: settings.own_profiles,
        base: settings.base,
        tickets: Tickets::new()?,
        heavy: Semaphore::new(1),
    });
    let own = Router::new()
        .route("/", get(certificates::first))
        .route("/certificates", get(certificates::list))
        .route("/certificates/{id}", get(certificate::page))
        .route("/certificates/{id}/chain.pem", get(certificate::chain))
        .route("/revoke", get(revoke::dry_run).post(revoke::revoke))
        .route("/requests", get(requests::list))
        .route("/requests/{id}", get(request::page))
        .route("/requests/{id}/approve", post(request::approve))
        .route("/requests/{id}/deny", post(request::deny))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}/revoke", post(tokens::revoke))
        .route("/expiring", get(expiring::list))
        .route("/audit", get(audit::list))
        .route("/audit/verification", get(verification::page))
        .route("/cas", get(authorities::list))
        .layer(from_fn_with_state(shared.clone(), guard))
        .with_state(shared.clone());
    let for_operators = own
        .merge(settings.routes)
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(shared.clone(), authenticate));
    // Whoever is refused gets a page, too, which has the same look.
    Ok(assets::routes()
        .merge(for_operators)
        .layer(from_fn_with_state(shared, finish)))
}

async fn unknown() -> Response {
    ConsoleRefusal::NotFound { what: "page" }.into_response()
}

async fn wrong_method() -> Response {
    ConsoleRefusal::Method.into_response()
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("ca", &self.ca)
            .field("operators", &self.operators)
            .finish_non_exhaustive()
    }
}
