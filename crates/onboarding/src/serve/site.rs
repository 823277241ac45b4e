//! The router: the first page, the CA, one-time links, and what else somebody adds.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use tokio::sync::Mutex;

use super::files::{CA_MEDIA_TYPE, Unavailable, attachment, read};
use super::headers::harden;
use super::host::{Hosts, require_local_name};
use super::keeper::Keeper;
use super::link;
use super::notice::notice;
use super::offer::Offer;
use super::operator::invitation;
use super::reader::{device_of, is_here};
use super::shared::{Ca, CurrentCa, Shared};
use super::taken::{Record, Taken};
use crate::page::{Delivery, Link, Names, Page, PasswordHint};
use crate::vault::Vault;

/// The onboarding page at `/`, the CA certificate at `/ca.crt`, and one-time links below `/get/`.
///
/// Requests under a public DNS name get 421, unless it is one that was [added](Self::host). Otherwise a
/// web page somewhere could point its own name at this machine and read what is for whoever sits at it.
///
/// Serve it with the addresses of peers (`into_make_service_with_connect_info::<SocketAddr>()`): without them nobody
/// is at this computer, and records do not say who has used a link.
pub struct Site {
    ca: Ca,
    documents: Router,
    hosts: Hosts,
    names: Names,
    offer: Option<Offer>,
    others: Vec<Link>,
    password: PasswordHint,
    record: Option<Record>,
    vault: Vault,
}

impl Site {
    /// Gives out the certificate `ca` (PEM or DER), and what is in `vault` to those who have a link.
    #[must_use]
    pub fn new(ca: impl Into<Vec<u8>>, names: Names, password: PasswordHint, vault: Vault) -> Self {
        Self {
            ca: Ca::Bytes(ca.into()),
            documents: Router::new(),
            hosts: Hosts::default(),
            names,
            offer: None,
            others: Vec::new(),
            password,
            record: None,
            vault,
        }
    }

    /// Asks `ca` for the certificate (PEM or DER) whenever somebody fetches it, so that it follows a CA that replaces its
    /// root. It may read files: it is asked on a thread for what blocks.
    #[must_use]
    pub fn current_ca<F>(mut self, ca: F) -> Self
    where
        F: Fn() -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    {
        self.ca = Ca::Current(Arc::new(ca));
        self
    }

    /// The same for a lab: the files `ca.crt`, `client.mobileconfig`, `client.p12` and `client_ios.p12` of the directory
    /// `files`, read when somebody needs them. Whoever sits at this computer sees a link to them, which is made anew
    /// whenever it is used up.
    #[must_use]
    pub fn of_directory(
        files: impl Into<PathBuf>,
        names: Names,
        password: PasswordHint,
        vault: Vault,
    ) -> Self {
        let files = files.into();
        let offer = Offer {
            files: files.clone(),
            page: None,
            address: None,
            server: None,
            current: Mutex::new(None),
        };
        Self {
            ca: Ca::File(files.join("ca.crt")),
            offer: Some(offer),
            ..Self::new(Vec::new(), names, password, vault)
        }
    }

    /// Says where this computer is on its network, and on which port the page is served there, if it is. The page that
    /// is for whoever sits at this computer then has the link with that address, and its QR code.
    #[must_use]
    pub fn on_network(mut self, address: Option<IpAddr>, page: Option<u16>) -> Self {
        if let Some(offer) = &mut self.offer {
            offer.address = address;
            offer.page = address.zip(page).map(SocketAddr::from);
        }
        self
    }

    /// Says what the certificate is for, such as `https://192.0.2.7:8443/`.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Self {
        if let Some(offer) = &mut self.offer {
            offer.server = Some(url.into());
        }
        self
    }

    /// Answers under this DNS name, too.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.hosts.add(name.into());
        self
    }

    /// Calls `record` for each file with a key that is given out, before it is. If that fails, the file is not given
    /// out, and the link is used up.
    #[must_use]
    pub fn record<F, R>(mut self, record: F) -> Self
    where
        F: Fn(Taken) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        self.record = Some(Box::new(move |taken| Box::pin(record(taken))));
        self
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

    /// The router of a server that has nothing else: what is not there is a page, too.
    pub fn router(self) -> Router {
        let hosts = Arc::new(self.hosts.clone());
        self.paths()
            .fallback(unknown)
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn_with_state(hosts, require_local_name))
            .layer(map_response(harden))
    }

    /// The routes alone, to be merged into the router of a server that has more.
    pub fn routes(self) -> Router {
        let hosts = Arc::new(self.hosts.clone());
        self.paths()
            .route_layer(from_fn_with_state(hosts, require_local_name))
            .route_layer(map_response(harden))
    }

    fn paths(self) -> Router {
        let shared = Shared {
            ca: self.ca,
            names: self.names,
            offer: self.offer,
            others: self.others,
            password: self.password,
            record: self.record,
            keeper: Keeper::new(self.vault),
        };
        Router::new()
            .route("/", get(first_page))
            .route("/ca.crt", get(ca))
            .route("/get/{token}", get(link::page))
            .route("/get/{token}/{file}", get(link::file))
            .with_state(Arc::new(shared))
            .merge(self.documents)
    }
}

async fn first_page(
    State(site): State<Arc<Shared>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let peer = peer.map(|Extension(ConnectInfo(peer))| peer);
    if let Some(offer) = &site.offer
        && is_here(peer, &headers)
    {
        return match invitation(offer, &site, &headers).await {
            Ok(html) => Html(html).into_response(),
            Err(notice) => notice,
        };
    }
    let page = Page {
        delivery: Delivery::Public,
        device: device_of(&headers),
        names: &site.names,
        others: &site.others,
        password: &site.password,
        server: site.server(),
    };
    Html(page.html()).into_response()
}

async fn ca(State(site): State<Arc<Shared>>) -> Response {
    let content = match &site.ca {
        Ca::Bytes(content) => Ok(content.clone()),
        Ca::Current(ask) => current(Arc::clone(ask)).await,
        Ca::File(path) => read(path).await,
    };
    match content {
        Ok(content) => attachment("ca.crt", CA_MEDIA_TYPE, content),
        Err(reason) => reason.notice("ca.crt"),
    }
}

async fn current(ask: Arc<CurrentCa>) -> Result<Vec<u8>, Unavailable> {
    let asked = tokio::task::spawn_blocking(move || ask()).await;
    let asked = asked.unwrap_or_else(|error| Err(error.into()));
    asked.map_err(|error| Unavailable::Unreadable(io::Error::other(error)))
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
