//! Everything at once, for some time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use mtls_client::Connector;
use rustls::client::Resumption;
use rustls::version::{TLS12, TLS13};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::hostile::Crowd;
use super::limits::{AFTERWARDS, HOSTILE, PUMP};
use super::operator::Operator;
use super::pki::Pki;
use super::pump::{Http, Pump};
use super::server::Hello;
use super::verdict::Figures;

/// Runs the load for `span`, and waits until its traces are gone, or [`AFTERWARDS`] is over.
pub(super) async fn run(pki: &Pki, server: &Hello, span: Duration) -> Result<Figures> {
    let began = Instant::now();
    let over = Arc::new(AtomicBool::new(false));
    let identity = pki.client(PUMP);
    let (pumps, connectors) = pumps(pki)?;
    warm_up(&pumps, server).await;
    let mut figures = Figures {
        descriptors_before: settled(server).await?,
        ..Figures::default()
    };

    let mut running = JoinSet::new();
    for pump in pumps {
        running.spawn(pump.run(server.address(), began, Arc::clone(&over)));
    }
    let mut tls = pki.rustls(&identity, &TLS13, Http::One.alpn())?;
    tls.resumption = Resumption::disabled();
    let crowd = Arc::new(Crowd::new(server.address(), tls, Arc::clone(&over))?);
    let mut hostile = JoinSet::new();
    for number in 0..HOSTILE {
        hostile.spawn(Arc::clone(&crowd).pester(number));
    }

    let mut operator = Operator::new(pki, server, connectors, span);
    let sampled = async {
        let mut memory = Vec::new();
        let mut descriptors_most = 0;
        while began.elapsed() < span {
            sleep(SAMPLE).await;
            memory.push(server.memory()?);
            descriptors_most = descriptors_most.max(server.descriptors()?);
        }
        Ok::<_, anyhow::Error>((memory, descriptors_most))
    };
    let (operated, sampled) = tokio::join!(operator.run(), sampled);
    operated?;
    (figures.memory, figures.descriptors_most) = sampled?;
    figures.operated = operator.done;

    over.store(true, Ordering::Relaxed);
    while let Some(done) = running.join_next().await {
        let done = done?;
        figures.took.extend(done.took);
        figures.resumed.extend(done.resumed);
        figures.failed.extend(done.failed);
        if done.slowest > figures.slowest {
            figures.slowest = done.slowest;
        }
    }
    hostile.shutdown().await;
    figures.hostile_came = crowd.came.load(Ordering::Relaxed);
    figures.hostile_held = crowd.held.load(Ordering::Relaxed);
    let load_ended = Instant::now();
    loop {
        figures.descriptors_after = server.descriptors()?;
        figures.gone_after = load_ended.elapsed();
        if figures.descriptors_after <= figures.descriptors_before
            || figures.gone_after > AFTERWARDS
        {
            break;
        }
        sleep(SAMPLE).await;
    }
    Ok(figures)
}

/// Ten pumps, and the connectors of those whose identity is replaced.
fn pumps(pki: &Pki) -> Result<(Vec<Pump>, Vec<Connector>)> {
    let identity = pki.client(PUMP);
    let (mut pumps, mut connectors) = (Vec::new(), Vec::new());
    for http in Http::BOTH {
        let connector = || pki.connector(&identity, http.alpn());
        let [hyper, reqwest, fresh] = [connector()?, connector()?, connector()?];
        pumps.push(Pump::hyper(&hyper));
        pumps.push(Pump::reqwest(&reqwest)?);
        pumps.push(Pump::Fresh(fresh.clone(), http));
        connectors.extend([hyper, reqwest, fresh]);
        for version in [&TLS12, &TLS13] {
            let config = pki.rustls(&identity, version, http.alpn())?;
            pumps.push(Pump::Resuming(Arc::new(config), http));
        }
    }
    Ok((pumps, connectors))
}

/// What the server opens once and keeps, it opens now; the sockets of kept connections count, too, and are there at
/// the end no more.
async fn warm_up(pumps: &[Pump], server: &Hello) {
    for pump in pumps.iter().filter(|pump| !pump.keeps()) {
        // If this fails, so will what follows, where it is counted.
        let _ = pump.ask(server.address()).await;
    }
}

/// The number of descriptors when it has not changed for a while.
async fn settled(server: &Hello) -> Result<usize> {
    let mut before = server.descriptors()?;
    loop {
        sleep(SAMPLE).await;
        let now = server.descriptors()?;
        if now == before {
            return Ok(now);
        }
        before = now;
    }
}

const SAMPLE: Duration = Duration::from_millis(500);
