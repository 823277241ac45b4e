//! Whoever needs OCSP responses and CRLs all the time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pki_core::Crl;
use pki_core::ocsp::{OcspRequest, OcspStatus};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use x509_identity::Certificate;

use crate::http::Client;

/// Asks a process again and again, until it is told to stop.
pub(crate) struct Watch {
    stop: watch::Sender<bool>,
    task: JoinHandle<Seen>,
}

/// What was answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) answers: u32,
    pub(crate) failures: u32,
    /// The longest time without a good answer.
    pub(crate) longest: Duration,
    /// The last CRL number.
    pub(crate) crl: u64,
    /// Whether a CRL number was lower than one before it.
    pub(crate) went_back: bool,
}

impl Watch {
    /// Asks about a certificate that is good, if there is one, and for the CRL at this path.
    pub(crate) fn start(
        address: SocketAddr,
        crl: &'static str,
        asked: Option<(Certificate, Certificate)>,
    ) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut seen = Seen::default();
            let mut last = Instant::now();
            while !*stopped.borrow_and_update() {
                match ask(address, crl, asked.as_ref()).await {
                    Ok(number) => {
                        seen.answers += 1;
                        seen.went_back |= number < seen.crl;
                        seen.crl = number.max(seen.crl);
                        seen.longest = seen.longest.max(last.elapsed());
                        last = Instant::now();
                    }
                    Err(_) => seen.failures += 1,
                }
                let _ = tokio::time::timeout(EVERY, stopped.changed()).await;
            }
            seen.longest = seen.longest.max(last.elapsed());
            seen
        });
        Self { stop, task }
    }

    pub(crate) async fn stop(self) -> Result<Seen> {
        self.stop.send_replace(true);
        Ok(self.task.await?)
    }
}

/// Waits until a process answers, also about a certificate that it may not know yet.
pub(crate) async fn answers(
    address: SocketAddr,
    crl: &'static str,
    asked: &(Certificate, Certificate),
) -> Result<()> {
    let end = Instant::now() + READY;
    loop {
        let watch = Watch::start(address, crl, Some(asked.clone()));
        tokio::time::sleep(Duration::from_millis(500)).await;
        if watch.stop().await?.failures == 0 {
            return Ok(());
        }
        ensure!(Instant::now() < end, "a standby does not answer");
    }
}

/// The number of the CRL.
async fn ask(
    address: SocketAddr,
    crl: &str,
    asked: Option<&(Certificate, Certificate)>,
) -> Result<u64> {
    let mut client = Client::new(address);
    if let Some((certificate, issuer)) = asked {
        let request = OcspRequest::for_certificate(certificate, issuer);
        let body = request.to_der()?;
        let answer = client.send("POST", "/ocsp", body, LIMIT).await?;
        let answer = request.verify(&answer, OffsetDateTime::now_utc())?;
        ensure!(answer.status() == OcspStatus::Good, "not good");
    }
    let crl = client.send("GET", crl, Vec::new(), LIMIT).await?;
    let crl = Crl::from_der(&crl)?;
    Ok(crl.number().unwrap_or(0))
}

const EVERY: Duration = Duration::from_millis(100);
const LIMIT: Duration = Duration::from_secs(2);
const READY: Duration = Duration::from_secs(60);
