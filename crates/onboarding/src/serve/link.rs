//! What a one-time link answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Extension;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use zeroize::Zeroizing;

use super::files::attachment;
use super::keeper::minutes;
use super::notice::notice;
use super::reader::device_of;
use super::shared::Shared;
use super::taken::Taken;
use crate::page::{Delivery, Page};
use crate::vault::{KeyFile, LinkError, LinkToken, Opened, Package, Vault};

/// The page of a link: whoever looks has used nothing up, as previews of links in messengers look, too.
pub(super) async fn page(
    State(site): State<Arc<Shared>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let opened = match open(&site, &token).await {
        Ok(opened) => opened,
        Err(error) => return leads_nowhere(&site, &headers, &error),
    };
    let left = opened.until.duration_since(SystemTime::now());
    let page = Page {
        delivery: Delivery::Link {
            files: &format!("/get/{token}/"),
            minutes: minutes(left.unwrap_or_default()),
        },
        device: device_of(&headers),
        names: &opened.package.names,
        others: &[],
        password: &site.password,
        server: opened.package.server.as_deref(),
    };
    Html(page.html()).into_response()
}

/// A file of a link, once.
pub(super) async fn file(
    State(site): State<Arc<Shared>>,
    Path((token, name)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
) -> Response {
    let Some(file) = KeyFile::by_name(&name) else {
        return leads_nowhere(&site, &headers, &LinkError::NoSuchFile);
    };
    // Who asks for the headers alone has not got the file.
    if method == Method::HEAD {
        return match open(&site, &token).await {
            Ok(opened) if opened.package.secret_file(file).is_some() => {
                attachment(file.name(), file.media_type(), "")
            }
            Ok(_) => leads_nowhere(&site, &headers, &LinkError::NoSuchFile),
            Err(error) => leads_nowhere(&site, &headers, &error),
        };
    }
    let (package, content) = match take(&site, &token, file).await {
        Ok(taken) => taken,
        Err(error) => return leads_nowhere(&site, &headers, &error),
    };
    let peer = peer.map(|Extension(ConnectInfo(peer))| peer);
    let taken = Taken::new(package.names.client, file, peer, package.reference);
    tracing::info!(client = taken.client, file = file.name(), peer = ?taken.peer, "a link was used");
    if let Some(record) = &site.record
        && let Err(error) = record(taken).await
    {
        tracing::error!(%error, "the use of a link could not be recorded");
        return notice(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Nothing was given out",
            "That the link was used could not be written down. The log of the server says why. Ask for a new link.",
        );
    }
    attachment(file.name(), file.media_type(), content.to_vec())
}

async fn open(site: &Shared, token: &str) -> Result<Opened, LinkError> {
    let token: LinkToken = token.parse()?;
    let look = move |vault: &Vault, now| vault.look(&token, now);
    site.keeper.run(look).await
}

async fn take(
    site: &Shared,
    token: &str,
    file: KeyFile,
) -> Result<(Package, Zeroizing<Vec<u8>>), LinkError> {
    let token: LinkToken = token.parse()?;
    let take = move |vault: &Vault, now| vault.take(&token, file, now);
    site.keeper.run(take).await
}

/// The steps are still there: it was most likely the reader who has used the link.
fn leads_nowhere(site: &Shared, headers: &HeaderMap, error: &LinkError) -> Response {
    if let LinkError::Taken { at } = error {
        let ago = SystemTime::now().duration_since(*at).unwrap_or_default();
        let page = Page {
            delivery: Delivery::Used {
                minutes: minutes(ago),
            },
            device: device_of(headers),
            names: &site.names,
            others: &[],
            password: &site.password,
            server: site.server(),
        };
        return (StatusCode::GONE, Html(page.html())).into_response();
    }
    let ask = "Ask whoever sent it for a new one.";
    let (status, title, sentence) = match error {
        LinkError::Expired => (
            StatusCode::GONE,
            "This link has expired",
            format!("A link is good for a short time only. {ask}"),
        ),
        LinkError::NoSuchFile | LinkError::Unknown => (
            StatusCode::NOT_FOUND,
            "No such link",
            format!(
                "There is nothing at this address. It may have been cut short or mistyped. {ask}"
            ),
        ),
        _ => {
            tracing::error!(error = %crate::serve::chain(error), "a link could not be opened");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "This link cannot be opened",
                format!("The log of the server says why. {ask}"),
            )
        }
    };
    notice(status, title, &sentence)
}
