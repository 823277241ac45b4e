//! Enrolments over HTTPS: a token and a CSR in, a certificate out that is stored and in the audit log. Beside it OpenBao's
//! `pki/sign` over TLS.
//!
//! Each server has one core, and whoever asks has the others.

mod load;
mod material;
mod openbao;
mod peer;
mod server;

use std::time::Duration;

use anyhow::{Context, Result};
use suite::Peers;
use suite::postgres::Cluster;

use self::load::cpu_seconds;
use self::peer::Peer;
use crate::ca::load::{latencies, percentile, rate};
use crate::measuring::clock::{Effort, Samples};
use crate::measuring::versions;
use crate::report::{Aim, Better, Comparison, Contender, Report};

pub(crate) use self::load::Connections;
pub(crate) use self::material::Material;
pub(crate) use self::server::{EnrollServer, ours_by};

pub(crate) fn measure(peers: &Peers, effort: Effort) -> Result<Report> {
    peers.install_cas()?;
    let directory = tempfile::tempdir()?;
    let material = Material::make(directory.path())?;
    let store = format!("sqlite:{}", directory.path().join("store.db").display());
    let mut all = vec![server::ours("ours, SQLite", &store, &material)?];
    let cluster = Cluster::start().and_then(|cluster| Ok((cluster.database("enroll")?, cluster)));
    match &cluster {
        Ok((url, _)) => all.push(server::ours("ours, PostgreSQL 15", url, &material)?),
        Err(error) => eprintln!("warning: PostgreSQL is left out: {error:#}"),
    }
    match openbao::start(peers, &material) {
        Ok(peer) => all.push(peer),
        Err(error) => eprintln!("warning: OpenBao is left out: {error:#}"),
    }
    let mut comparisons = Vec::new();
    for (connections, title) in [
        (Connections::Kept, "on kept connections"),
        (Connections::New, "on a connection each"),
    ] {
        comparisons.extend(compare(&all, connections, title, effort)?);
    }
    Ok(Report {
        versions: versions::of(peers, &["axum", "aws-lc-rs", "rusqlite"], &["OpenBao"])?,
        comparisons,
    })
}

fn compare(
    all: &[Peer],
    connections: Connections,
    title: &str,
    effort: Effort,
) -> Result<[Comparison; 2]> {
    let span = effort.span(Duration::from_secs(3));
    let contender = |peer: &Peer| Contender::new(peer.name, peer.side);
    let mut rates: Vec<_> = all.iter().map(contender).collect();
    let mut costs = vec![Samples::default(); all.len()];
    for peer in all {
        rate(peer.target.requester(connections), WARM_UP).context(peer.name)?;
    }
    for _ in 0..effort.rounds(1, 5) {
        for ((peer, contender), costs) in all.iter().zip(&mut rates).zip(&mut costs) {
            let before = cpu_seconds(peer.server.id())?;
            let done = rate(peer.target.requester(connections), span).context(peer.name)?;
            let used = cpu_seconds(peer.server.id())? - before;
            contender.samples.push(done.per_second());
            costs.push(used * 1e3 / done.operations());
        }
    }
    let mut waits: Vec<_> = all.iter().map(contender).collect();
    for ((peer, contender), fastest) in all.iter().zip(&mut waits).zip(&rates) {
        let half = fastest.samples.median() / 2.0;
        let waited = latencies(peer.target.requester(connections), half, span * 2);
        let mut waited = waited.context(peer.name)?;
        contender.samples.push(percentile(&mut waited, 99));
        let median = Samples::one(percentile(&mut waited, 50));
        contender.besides = Some(("p50 ms", median));
    }
    for (contender, costs) in rates.iter_mut().zip(costs) {
        contender.besides = Some(("ms of the server's CPU", costs));
    }
    Ok([
        Comparison {
            title: format!("Enrolments {title}, one core for the server"),
            unit: "enrolments/s",
            better: Better::Higher,
            contenders: rates,
            aim: Some(Aim::TimesBestPeer(1.0)),
        },
        Comparison {
            title: format!("The wait for one at half of that rate {title}, 99th percentile"),
            unit: "ms",
            better: Better::Lower,
            contenders: waits,
            aim: Some(Aim::AtMost(20.0)),
        },
    ])
}

/// Caches, pools and connections of all are there after this.
const WARM_UP: Duration = Duration::from_millis(500);
