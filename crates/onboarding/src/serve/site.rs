//! The router: the page, the files that it links to, and what else somebody adds.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::{from_fn, map_response};
use axum::response::{Html, Response};
use axum::routing::get;

use super::download::DOWNLOADS;
use super::headers::harden;
use super::host::require_local_name;
use super::notice::notice;
use crate::page::{Link, Names, Page, PasswordHint};

/// The onboarding page at `/`, and `ca.crt`, `client.p12`, `client_ios.p12` and `client.mobileconfig` beside it.
///
/// The files are read again for each request. Requests under a public DNS name get 421. Otherwise a
/// web page somewhere could point its own name at this machine and read the bundles.
#[derive(Clone, Debug)]
pub struct Site {
    files: PathBuf,
    names: Names,
    password: PasswordHint,
    others: Vec<Link>,
    documents: Router,
}

impl Site {
    /// Serves the four files of the directory `files`, which install what `names` says.
    pub fn new(files: impl Into<PathBuf>, names: Names, password: PasswordHint) -> Self {
        Self {
            files: files.into(),
            names,
            password,
            others: Vec::new(),
            documents: Router::new(),
        }
    }

    /// One more page at `address`, such as `/matrix`, to which the first page links by `title`. `html` is a whole
    /// [`document`](crate::document()).
    ///
    /// # Panics
    ///
    /// If `address` is not the path of a route, or is that of another page.
    #[must_use]
    pub fn page(
        mut self,
        address: impl Into<String>,
        title: impl Into<String>,
        html: impl Into<String>,
    ) -> Self {
        let (address, html) = (address.into(), html.into());
        self.documents = self
            .documents
            .route(&address, get(async move || Html(html)));
        self.others.push(Link {
            address,
            title: title.into(),
        });
        self
    }

    /// The router.
    pub fn router(self) -> Router {
        let mut router = Router::new().route("/", get(onboarding));
        for download in &DOWNLOADS {
            let answer =
                async move |State(site): State<Arc<Self>>| download.read(&site.files).await;
            router = router.route(&format!("/{}", download.name), get(answer));
        }
        let documents = self.documents.clone();
        router
            .with_state(Arc::new(self))
            .merge(documents)
            .fallback(unknown)
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn(require_local_name))
            .layer(map_response(harden))
    }
}

async fn onboarding(State(site): State<Arc<Site>>) -> Html<String> {
    let page = Page {
        files: "/",
        names: &site.names,
        password: &site.password,
        served: true,
        others: &site.others,
    };
    Html(page.html())
}

async fn unknown() -> Response {
    notice(
        StatusCode::NOT_FOUND,
        "No such page",
        "There is nothing at this address. It may have been mistyped, or the link is from another lab.",
    )
}

async fn wrong_method() -> Response {
    notice(
        StatusCode::METHOD_NOT_ALLOWED,
        "Nothing to send here",
        "This page can only be read: nothing can be sent to it.",
    )
}
