//! What is offered to the next device.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use axum::response::Response;
use tokio::sync::Mutex;

use super::files::{Unavailable, read};
use super::keeper::Keeper;
use super::notice::broken;
use crate::page::Names;
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
    /// The link that is open, or a new one.
    pub(super) async fn link(
        &self,
        keeper: &Keeper,
        names: &Names,
    ) -> Result<(LinkToken, SystemTime), Response> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.clone() {
            let looked_up = token.clone();
            let opened = keeper.run(move |vault, now| vault.look(&looked_up, now));
            if let Ok(opened) = opened.await {
                return Ok((token, opened.until));
            }
        }
        let package = self.package(names).await?;
        let made = keeper.run(move |vault, now| {
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
