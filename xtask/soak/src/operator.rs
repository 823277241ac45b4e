//! Whoever runs the server: renews its certificate, lists the revoked, and gives clients new identities.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mtls_client::{Connector, ErrorKind};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use test_pki::rcgen::SerialNumber;
use tokio::net::TcpStream;
use tokio::time::{interval, sleep};
use tokio_rustls::TlsConnector;

use super::limits::PUMP;
use super::pki::{self, Pki};
use super::pump::{Http, Pump};
use super::server::Hello;

pub(super) struct Operator<'a> {
    pki: &'a Pki,
    server: &'a Hello,
    /// Of the clients that rotate.
    connectors: Vec<Connector>,
    ends: Instant,
    lists: u64,
    revoked: Vec<SerialNumber>,
    /// What was shown until some time ago.
    retired: Vec<(Instant, SerialNumber)>,
    shown: Option<SerialNumber>,
    pub(super) done: Operated,
}

/// What was done, and what of it did not show.
#[derive(Default)]
pub(super) struct Operated {
    pub(super) certificates: u64,
    pub(super) lists: u64,
    pub(super) rotations: u64,
    pub(super) failed: Vec<String>,
}

impl<'a> Operator<'a> {
    pub(super) fn new(
        pki: &'a Pki,
        server: &'a Hello,
        connectors: Vec<Connector>,
        span: Duration,
    ) -> Self {
        Self {
            pki,
            server,
            connectors,
            ends: Instant::now() + span,
            lists: 1,
            revoked: Vec::new(),
            retired: Vec::new(),
            shown: None,
            done: Operated::default(),
        }
    }

    /// A list, a certificate, a list, each five seconds; a rotation with each second of them.
    pub(super) async fn run(&mut self) -> Result<()> {
        let mut turns = interval(RELOAD);
        turns.tick().await; // at once
        for turn in 0.. {
            turns.tick().await;
            if Instant::now() + TAKEN > self.ends {
                return Ok(());
            }
            let (what, taken) = match turn % 2 {
                0 => ("revocation list", self.list().await?),
                _ => {
                    self.rotate()?;
                    ("server certificate", self.renew().await?)
                }
            };
            if !taken {
                let told = format!(
                    "a new {what} was not in force {} s after SIGHUP",
                    TAKEN.as_secs()
                );
                self.done.failed.push(told);
            }
        }
        Ok(())
    }

    /// Revokes a client that was accepted until now, and those identities that no pump presents any more.
    async fn list(&mut self) -> Result<bool> {
        let probe = self.pki.client(PUMP);
        let asks = Pump::Fresh(self.pki.connector(&probe, Http::One.alpn())?, Http::One);
        let address = self.server.address();
        asks.ask(address)
            .await
            .context("a client that is not revoked")?;
        self.lists += 1;
        self.revoked.push(SerialNumber::from(&probe));
        // A request that began with an older identity is over by then.
        let is_over = |(since, _): &mut (Instant, _)| since.elapsed() > RETIREMENT;
        let over = self.retired.extract_if(.., is_over);
        self.revoked.extend(over.map(|(_, serial)| serial));
        self.pki.revoke(self.lists, &self.revoked);
        self.server.reload()?;
        let taken = until(async || {
            let refused = asks.ask(address).await.err()?;
            let error = refused.downcast_ref::<mtls_client::Error>()?;
            matches!(error.kind(), ErrorKind::IdentityRejected { .. }).then_some(())
        })
        .await;
        self.done.lists += 1;
        Ok(taken)
    }

    async fn renew(&mut self) -> Result<bool> {
        let expected = self.pki.renew_server();
        self.server.reload()?;
        let client = self.pki.client(PUMP);
        let mut tls = self.pki.rustls(&client, &TLS13, Http::One.alpn())?;
        tls.resumption = Resumption::disabled();
        let tls = Arc::new(tls);
        let taken = until(async || {
            let shown = certificate(self.server, &tls).await.ok()?;
            (shown == expected.der().as_ref()).then_some(())
        })
        .await;
        self.done.certificates += 1;
        Ok(taken)
    }

    fn rotate(&mut self) -> Result<()> {
        let next = self.pki.client(PUMP);
        for connector in &self.connectors {
            connector.set_identity(pki::identity(&next)?);
        }
        if let Some(before) = self.shown.replace(SerialNumber::from(&next)) {
            self.retired.push((Instant::now(), before));
        }
        self.done.rotations += 1;
        Ok(())
    }
}

/// Asks again and again, for [`TAKEN`] at most; whether there was an answer.
async fn until(mut ask: impl AsyncFnMut() -> Option<()>) -> bool {
    let asked = async {
        while ask().await.is_none() {
            sleep(AGAIN).await;
        }
    };
    tokio::time::timeout(TAKEN, asked).await.is_ok()
}

/// The certificate that the server shows now.
async fn certificate(server: &Hello, tls: &Arc<ClientConfig>) -> Result<Vec<u8>> {
    let tcp = TcpStream::connect(server.address()).await?;
    let connector = TlsConnector::from(Arc::clone(tls));
    let stream = connector
        .connect(ServerName::try_from("localhost")?, tcp)
        .await?;
    let shown = stream.get_ref().1.peer_certificates();
    Ok(shown
        .and_then(<[_]>::first)
        .context("no certificate")?
        .to_vec())
}

const RELOAD: Duration = Duration::from_secs(5);
const RETIREMENT: Duration = Duration::from_secs(4);
const TAKEN: Duration = Duration::from_secs(4);
const AGAIN: Duration = Duration::from_millis(20);
