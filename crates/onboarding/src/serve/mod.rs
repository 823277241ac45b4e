//! The pages over HTTP.

mod download;
mod host;

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

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
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use self::download::DOWNLOADS;
use crate::document::STYLE;
use crate::{Page, PasswordHint, RenderError};

/// The onboarding page at `/`, and `ca.crt`, `client.p12`, `client_ios.p12` and `client.mobileconfig` beside it.
///
/// The files are read anew for each request. Requests under a public DNS name get 421: a web page somewhere could
/// otherwise point its own name at this machine and read the bundles.
#[derive(Clone, Debug)]
pub struct Site {
    files: PathBuf,
    password: PasswordHint,
    others: Vec<(String, String)>,
    pages: Vec<String>,
}

impl Site {
    /// Serves the four files of this directory.
    pub fn new(files: impl Into<PathBuf>, password: PasswordHint) -> Self {
        Self {
            files: files.into(),
            password,
            others: Vec::new(),
            pages: Vec::new(),
        }
    }

    /// One more page at `address`, such as `/matrix`, to which the first page links by `title`. `html` is a whole
    /// [`document`](crate::document()).
    #[must_use]
    pub fn page(
        mut self,
        address: impl Into<String>,
        title: impl Into<String>,
        html: impl Into<String>,
    ) -> Self {
        self.others.push((address.into(), title.into()));
        self.pages.push(html.into());
        self
    }

    /// The router.
    pub fn router(self) -> Router {
        let mut router = Router::new().route("/", get(onboarding));
        for ((address, _), html) in self.others.iter().zip(self.pages.clone()) {
            router = router.route(address, get(async move || Html(html)));
        }
        for download in &DOWNLOADS {
            let answer = move |State(site): State<Arc<Self>>| async move {
                download.read(&site.files).await
            };
            router = router.route(&format!("/{}", download.name), get(answer));
        }
        router
            .fallback(unknown)
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn(host::require_local_name))
            .layer(map_response(harden))
            .with_state(Arc::new(self))
    }
}

/// One sentence instead of what was asked for.
#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    title: &'a str,
    sentence: &'a str,
}

/// Nothing but the one style sheet is allowed, by its hash.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("a Base64 hash is visible ASCII")
});

async fn onboarding(State(site): State<Arc<Site>>) -> Response {
    let page = Page {
        files: "/",
        password: &site.password,
        served: true,
        others: &site.others,
    };
    answer(StatusCode::OK, page.html())
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
    answer(status, template.render())
}

fn answer(status: StatusCode, html: Result<String, RenderError>) -> Response {
    match html {
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
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
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
