//! The invitation for another device, which whoever sits at this computer sees.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::Response;
use tokio::sync::Mutex;

use super::files::{Unavailable, read};
use super::host::is_loopback;
use super::link::minutes;
use super::notice::broken;
use super::site::Shared;
use crate::page::{Delivery, Invitation, Names, Page};
use crate::qr;
use crate::vault::{KeyFile, LinkToken, Package};

/// Files of a directory for the next device, by a link that is made anew whenever it is used up.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) files: PathBuf,
    pub(super) names: Names,
    /// Where the page is reached from the network: the port of the address, if it is served there at all.
    pub(super) page: Option<SocketAddr>,
    pub(super) address: Option<IpAddr>,
    pub(super) server: Option<String>,
    pub(super) current: Mutex<Option<LinkToken>>,
}

/// How long a link of the lab is good for.
const VALID_FOR: Duration = Duration::from_secs(30 * 60);

/// Whoever sits at this computer: by connection and by name, so that a proxy on this computer does not let the network
/// in as if it were here.
pub(super) fn is_here(peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok());
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && named.is_some_and(is_loopback)
}

impl Offer {
    /// The first page, with an invitation.
    pub(super) async fn page(
        &self,
        site: &Arc<Shared>,
        headers: &HeaderMap,
    ) -> Result<String, Response> {
        let (token, until) = self.link(site).await?;
        let here = format!("/get/{}", token.secret_str());
        let on_network = self.page.map(|page| format!("http://{page}{here}"));
        let code = on_network.as_deref().and_then(qr::svg);
        let address = self.address.map(|address| address.to_string());
        let left = until.duration_since(SystemTime::now()).unwrap_or_default();
        let page = Page {
            delivery: Delivery::Operator(Invitation {
                address: address.as_deref(),
                here: &here,
                is_on_network: self.page.is_some(),
                link: on_network.as_deref().zip(code.as_deref()),
                minutes: minutes(left),
            }),
            device: super::site::device_of(headers),
            names: &self.names,
            others: &site.others,
            password: &site.password,
            server: self.server.as_deref(),
        };
        Ok(page.html())
    }

    /// The link that is open, or a new one.
    async fn link(&self, site: &Arc<Shared>) -> Result<(LinkToken, SystemTime), Response> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.clone() {
            let looked_up = token.clone();
            let opened = site.in_vault(move |vault, now| vault.look(&looked_up, now));
            if let Ok(opened) = opened.await {
                return Ok((token, opened.until));
            }
        }
        let package = self.package().await?;
        let made = site.in_vault(move |vault, now| {
            let token = vault.put(&package, VALID_FOR, now)?;
            Ok::<_, crate::vault::VaultError>((token, now + VALID_FOR))
        });
        let (token, until) = made.await.map_err(|error| broken(&error))?;
        *current = Some(token.clone());
        Ok((token, until))
    }

    /// The files as they are now.
    async fn package(&self) -> Result<Package, Response> {
        let mut package = Package::new(self.names.clone());
        if let Some(server) = &self.server {
            package = package.server(server);
        }
        for file in KeyFile::ALL {
            let content = read(&self.files.join(file.name())).await;
            let content = content.map_err(|reason: Unavailable| reason.notice(file.name()))?;
            package = package.file(file, content);
        }
        Ok(package)
    }
}
