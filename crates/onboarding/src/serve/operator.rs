//! The invitation for another device, which whoever sits at this computer sees.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use axum::response::Response;
use tokio::sync::Mutex;

use super::files::{Unavailable, read};
use super::keeper::minutes;
use super::notice::broken;
use super::reader::device_of;
use super::shared::Shared;
use crate::page::{Delivery, Invitation, Names, Page};
use crate::qr;
use crate::vault::{KeyFile, LinkToken, Package};

/// Files of a directory for the next device, by a link that is made anew whenever it is used up.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) files: PathBuf,
    /// Where the page is reached from the network: the port of the address, if it is served there at all.
    pub(super) page: Option<SocketAddr>,
    pub(super) address: Option<IpAddr>,
    pub(super) server: Option<String>,
    pub(super) current: Mutex<Option<LinkToken>>,
}

/// How long a link of the lab is good for.
const VALID_FOR: Duration = Duration::from_secs(30 * 60);

impl Offer {
    /// The first page, with an invitation.
    pub(super) async fn page(
        &self,
        site: &Shared,
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
                link: on_network.as_deref().zip(code.as_deref()),
                minutes: minutes(left),
            }),
            device: device_of(headers),
            names: &site.names,
            others: &site.others,
            password: &site.password,
            server: self.server.as_deref(),
        };
        Ok(page.html())
    }

    /// The link that is open, or a new one.
    async fn link(&self, site: &Shared) -> Result<(LinkToken, SystemTime), Response> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.clone() {
            let looked_up = token.clone();
            let opened = site
                .keeper
                .run(move |vault, now| vault.look(&looked_up, now));
            if let Ok(opened) = opened.await {
                return Ok((token, opened.until));
            }
        }
        let package = self.package(&site.names).await?;
        let made = site.keeper.run(move |vault, now| {
            let token = vault.put(&package, VALID_FOR, now)?;
            Ok::<_, crate::vault::VaultError>((token, now + VALID_FOR))
        });
        let (token, until) = made.await.map_err(|error| broken(&error))?;
        *current = Some(token.clone());
        Ok((token, until))
    }

    /// The files as they are now.
    async fn package(&self, names: &Names) -> Result<Package, Response> {
        let mut package = Package::new(names.clone());
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
