//! The part `renewal`: agents that renew short-lived certificates, while a service and its clients use them.
//!
//! The CA is `mtls serve`, killed once for some time, just when all certificates are due. Four `mtls agent` have a
//! certificate each: one for the server, which is the example `hello`, and three for clients, two of whose clocks are
//! wrong. Whoever uses the certificates follows the files.

mod ca;
mod device;
mod plan;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use mtls_client::Connector;
use suite::process::Server;
use suite::{Hello, Peers, ServerFiles};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use self::ca::RenewalCa;
use self::device::Device;
use self::plan::Plan;
use self::verdict::Seen;
use super::pump::{Http, Pump};
use super::verdict::Point;

/// Runs it for `span`.
pub(super) fn run(peers: &Peers, span: Duration) -> Result<Vec<Point>> {
    let plan = Plan::within(span);
    println!(
        "renewing certificates of {} s for {} s, without a CA from {} s on for {} s",
        plan.life.as_secs(),
        span.as_secs(),
        plan.outage_from.as_secs(),
        plan.outage_for.as_secs()
    );
    let runtime = tokio::runtime::Runtime::new()?;
    let seen = runtime.block_on(rotate(peers, &plan))?;
    Ok(verdict::points(&seen, &plan))
}

async fn rotate(peers: &Peers, plan: &Plan) -> Result<Seen> {
    // Built before anything is counted.
    let hello = Hello::build()?;
    let ca = RenewalCa::make(plan.life)?;
    let serving = ca.serve()?;
    let began = Instant::now();
    let devices = Device::all(&ca, peers, plan.skew)?;
    for device in &devices {
        device.wait_for_certificate().await?;
    }
    let [of_server, of_clients @ ..] = devices.as_slice() else {
        anyhow::bail!("there is a server");
    };
    let server = serve(&hello, of_server)?;
    let address = ([127, 0, 0, 1], server.port()).into();
    let over = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    let mut watches = Vec::new();
    for device in of_clients {
        let (connector, watch) = device.connector()?;
        watches.push(watch);
        for pump in pumps(&connector)? {
            load.spawn(pump.run(address, began, Arc::clone(&over)));
        }
    }

    sleep_until((began + plan.outage_from).into()).await;
    serving.kill()?;
    sleep(plan.outage_for).await;
    let _serving = ca.serve()?;
    sleep_until((began + plan.span).into()).await;

    over.store(true, Ordering::Relaxed);
    let mut done = Vec::new();
    while let Some(pump) = load.join_next().await {
        done.push(pump?);
    }
    drop(watches);
    let devices: Vec<_> = devices
        .into_iter()
        .map(Device::end)
        .collect::<Result<_>>()?;
    let issued = ca.issued_to_devices()?;
    Ok(Seen::new(done, devices, issued))
}

/// Connections that are kept, and new ones.
fn pumps(connector: &Connector) -> Result<[Pump; 3]> {
    Ok([
        Pump::hyper(connector),
        Pump::reqwest(connector)?,
        Pump::Fresh(connector.clone(), Http::One),
    ])
}

/// The example `hello`, which follows the files of a device.
fn serve(hello: &Hello, device: &Device) -> Result<Server> {
    let [cert, key, client_ca] = device.files();
    let files = ServerFiles {
        cert,
        key,
        client_ca,
        crl: None,
    };
    hello.serve_with(&files, &["--watch", "1"])
}
