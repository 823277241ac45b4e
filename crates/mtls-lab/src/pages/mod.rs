//! The pages for people: how to install the certificates on a phone, and the matrix.
//!
//! They are served over plain HTTP, since a phone that lacks the lab's CA has nothing to trust yet. Whoever
//! reaches the server can fetch the key bundles: bind it to loopback unless somebody asked for more.

mod download;
mod host;
mod view;

use std::path::PathBuf;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{from_fn, map_response};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use pki_core::Password;

use self::download::DOWNLOADS;
use self::view::{Matrix, Notice, Onboarding, PasswordHint};
use crate::Report;

/// What the pages are made of.
struct Site {
    lab: PathBuf,
    report: Report,
    password: PasswordHint,
}

/// Serves the onboarding page at `/`, `report` at `/matrix`, and `ca.crt`, `client.p12`, `client_ios.p12` and
/// `client.mobileconfig` out of the lab's `same-ca/`, read anew for each request.
///
/// `password` is that of the bundles. The page shows it only if it is [`LAB_PASSWORD`](crate::LAB_PASSWORD),
/// which everybody may know. Requests under a public DNS name get 421: a web page somewhere could otherwise
/// point its own name at this machine and read the bundles.
///
/// ```
/// use mtls_lab::{LAB_PASSWORD, Report, pages};
/// use pki_core::Password;
///
/// let app = pages::router("lab", Report::default(), &Password::new(LAB_PASSWORD));
/// # let _: axum::Router = app;
/// ```
pub fn router(lab: impl Into<PathBuf>, report: Report, password: &Password) -> Router {
    let site = Site {
        lab: lab.into(),
        report,
        password: PasswordHint::of(password),
    };
    let pages = Router::new()
        .route("/", get(onboarding))
        .route("/matrix", get(matrix));
    DOWNLOADS
        .iter()
        .fold(pages, |routes, download| {
            let answer =
                move |State(site): State<Arc<Site>>| async move { download.read(&site.lab).await };
            routes.route(&format!("/{}", download.name), get(answer))
        })
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(host::require_local_name))
        .layer(map_response(harden))
        .with_state(Arc::new(site))
}

/// The onboarding page as a file of the lab; its links point at the files beside it.
pub(crate) fn onboarding_html() -> Result<String, askama::Error> {
    Onboarding {
        files: "../same-ca/",
        served: false,
        password: PasswordHint::Either,
    }
    .render()
}

async fn onboarding(State(site): State<Arc<Site>>) -> Response {
    page(
        StatusCode::OK,
        &Onboarding {
            files: "/",
            served: true,
            password: site.password,
        },
    )
}

async fn matrix(State(site): State<Arc<Site>>) -> Response {
    page(StatusCode::OK, &Matrix::new(&site.report))
}

async fn unknown() -> Response {
    let sentence = "There is nothing at this address. It may have been mistyped, or the link is from another lab.";
    page(
        StatusCode::NOT_FOUND,
        &Notice {
            title: "No such page",
            sentence,
        },
    )
}

async fn wrong_method() -> Response {
    let sentence = "This page can only be read: nothing can be sent to it.";
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        &Notice {
            title: "Nothing to send here",
            sentence,
        },
    )
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the page could not be rendered\n",
            )
                .into_response()
        }
    }
}

/// Pages load nothing, run nothing and are kept nowhere; the one style sheet is named by its hash.
async fn harden(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(
        CONTENT_SECURITY_POLICY,
        view::CONTENT_SECURITY_POLICY.clone(),
    );
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
